#include "fake_cluster.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::sim {
namespace {

using kusto::Answer;
using kusto::Request;
using Row = std::vector<Value>;
using enum ScalarType;

Answer Table(std::vector<ColumnSchema> columns, std::vector<Row> rows = {}) {
  Answer answer;
  answer.tables.push_back({"Table_0", std::move(columns), std::move(rows)});
  answer.consistency = "strongconsistency";
  return answer;
}

std::vector<std::string> Matches(const std::string& text, const char* pattern) {
  std::vector<std::string> found;
  // Patterns are literals: compiled once each.
  static std::map<const char*, std::regex> compiled;
  auto known = compiled.find(pattern);
  if (known == compiled.end()) known = compiled.emplace(pattern, std::regex(pattern)).first;
  const std::regex& regex = known->second;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.push_back((*it)[1].str());
  }
  return found;
}

std::string First(const std::string& text, const char* pattern) {
  const auto all = Matches(text, pattern);
  return all.empty() ? "" : all.front();
}

// A selection of a table's rows, read back from the text.
struct Selection {
  std::string table;
  int64_t after = 0, upto = 0;
  bool cursors = false, undated = false;
  int64_t beyond = -1;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  int64_t modulus = 1, remainder = 0;
  std::vector<std::string> tags;

  bool Takes(const FakeRow& row) const {
    if (undated) return row.ingested == 0;
    if (!cursors) return true;
    if (row.ingested == 0 || row.cursor <= after || row.cursor > upto) return false;
    if (row.ingested <= beyond) return false;
    if (static_cast<int64_t>(XxHash64(std::to_string(row.n)) % static_cast<uint64_t>(modulus)) !=
        remainder) {
      return false;
    }
    for (const auto& [first, last] : ranges) {
      if (row.ingested >= first && row.ingested <= last) return true;
    }
    return ranges.empty();
  }
};

int64_t Number(const std::string& text) {
  return ParseInt64(text).value_or(0);
}

Selection Read(const std::string& text) {
  Selection s;
  s.table = First(text, R"((?:^|\n)\s*\(?\['([^']*)'\])");
  s.cursors = text.find("cursor_after(") != std::string::npos;
  s.after = Number(First(text, R"x(cursor_after\("(\d*)"\))x"));
  s.upto = Number(First(text, R"x(cursor_before_or_at\("(\d*)"\))x"));
  s.undated = text.find("where isnull(ingestion_time())") != std::string::npos;
  const auto firsts = Matches(text, R"x(between \(datetime\(([^)]*)\))x");
  const auto lasts = Matches(text, R"x(\.\. datetime\(([^)]*)\))x");
  for (size_t i = 0; i < firsts.size(); ++i) {
    s.ranges.emplace_back(*ParseDateTime(firsts[i]), *ParseDateTime(lasts[i]));
  }
  const auto beyond = First(text, R"x(ingestion_time\(\) > datetime\(([^)]*)\))x");
  if (!beyond.empty()) s.beyond = *ParseDateTime(beyond);
  const auto modulus = First(text, R"x(% (\d+) == \d+)x");
  if (!modulus.empty()) {
    s.modulus = Number(modulus);
    s.remainder = Number(First(text, R"x(% \d+ == (\d+))x"));
  }
  s.tags = Matches(text, R"x(has_cs "([^"]*)")x");
  return s;
}

struct Sums {
  int64_t n = 0, low = 0, high = 0;
  void Add(const FakeRow& row) {
    const uint64_t hash = XxHash64("row" + std::to_string(row.n));
    ++n;
    low += static_cast<int64_t>(hash & 0xFFFFFFFF);
    high += static_cast<int64_t>(hash >> 32);
  }
};

class FakeClient : public kusto::Client {
 public:
  FakeClient(FakeCluster& cluster, azure::ObjectStore& lake, world::Clock& clock,
             world::Random& random)
      : cluster_(cluster), lake_(lake), clock_(clock), random_(random) {
    connection_.cluster = cluster.address;
  }

  Result<Answer> Query(const Request& request) override {
    if (request.cancel != nullptr && request.cancel->cancelled()) return Cancelled();
    return RunQuery(request.text);
  }
  Result<Answer> Show(const Request& request) override {
    if (request.cancel != nullptr && request.cancel->cancelled()) return Cancelled();
    return RunShow(request.text);
  }
  Result<Answer> Command(const Request& request) override {
    if (request.cancel != nullptr && request.cancel->cancelled()) return Cancelled();
    auto answer = RunCommand(request.text);
    if (cluster_.lose && cluster_.lose(request.text)) {
      return Fail(ErrorCode::kUnknownOutcome, "the answer was lost");
    }
    return answer;
  }
  const std::string& cluster() const override { return cluster_.address; }
  const kusto::ConnectionString& connection() const override { return connection_; }

 private:
  static tl::unexpected<Error> Cancelled() { return Stop("cancelled", "Cancelled"); }
  static tl::unexpected<Error> NoTable(const std::string& name) {
    return Stop("no table " + name, "BadRequest_EntityNotFound");
  }

  Result<Answer> RunQuery(const std::string& text) {
    if (text.find("print Cursor") == 0) {
      // Rows that come later get a later cursor.
      return Table({{"Cursor", kString}, {"Now", kDateTime}},
                   {{std::to_string(cluster_.cursor++), clock_.NowTicks()}});
    }
    if (text.find("bool_null = ") != std::string::npos) return SelfTest(text);
    if (text.find("union") == 0) return CountTables(text);
    const Selection s = Read(text);
    const auto found = cluster_.tables.find(s.table);
    if (found == cluster_.tables.end()) return NoTable(s.table);
    if (text.find("Undated = countif") != std::string::npos) return Undated(found->second);
    if (text.find("by Instant") != std::string::npos) return Instants(found->second, s, text);
    if (text.find("by ExtentId") != std::string::npos) return ByExtent(found->second, s);
    Sums sums;
    for (const auto& [id, extent] : found->second.extents) {
      for (const auto& row : extent.rows) {
        if (s.Takes(row)) sums.Add(row);
      }
    }
    return Table({{"N", kLong}, {"L", kLong}, {"H", kLong}}, {{sums.n, sums.low, sums.high}});
  }

  Result<Answer> SelfTest(const std::string& text) {
    std::vector<ColumnSchema> columns;
    Row row;
    for (const auto& name : Matches(text, R"((?:print |\n  )([a-z]+_[a-z0-9_]+) = )")) {
      columns.push_back({name, kString});
      row.push_back(name);
    }
    return Table(std::move(columns), {row});
  }

  Result<Answer> CountTables(const std::string& text) {
    std::vector<Row> rows;
    std::string rest = text;
    for (size_t at = rest.find("(['"); at != std::string::npos; at = rest.find("(['")) {
      const size_t end = rest.find(", N)", at);
      const std::string one = rest.substr(at, end - at);
      rest = rest.substr(end);
      const Selection s = Read(one);
      const auto found = cluster_.tables.find(s.table);
      if (found == cluster_.tables.end()) return NoTable(s.table);
      int64_t n = 0;
      for (const auto& [id, extent] : found->second.extents) {
        for (const auto& row : extent.rows) n += s.Takes(row);
      }
      if (n > 0) rows.push_back({s.table, n});
    }
    return Table({{"Table", kString}, {"N", kLong}}, std::move(rows));
  }

  Result<Answer> Undated(const FakeTable& table) {
    int64_t undated = 0;
    int64_t total = 0;
    for (const auto& [id, extent] : table.extents) {
      for (const auto& row : extent.rows) {
        ++total;
        undated += row.ingested == 0;
      }
    }
    return Table({{"Undated", kLong}, {"Total", kLong}}, {{undated, total}});
  }

  Result<Answer> Instants(const FakeTable& table, const Selection& s, const std::string& text) {
    std::map<std::pair<int64_t, std::string>, int64_t> counts;
    for (const auto& [id, extent] : table.extents) {
      for (const auto& row : extent.rows) {
        if (s.Takes(row)) ++counts[{row.ingested, id}];
      }
    }
    std::vector<Row> rows;
    const auto limit = static_cast<size_t>(Number(First(text, R"(take (\d+))")));
    for (const auto& [key, n] : counts) {
      if (rows.size() < limit) rows.push_back({key.first, key.second, n});
    }
    return Table({{"Instant", kDateTime}, {"ExtentId", kGuid}, {"N", kLong}}, std::move(rows));
  }

  Result<Answer> ByExtent(const FakeTable& table, const Selection& s) {
    std::vector<Row> rows;
    for (const auto& [id, extent] : table.extents) {
      if (std::find(s.tags.begin(), s.tags.end(), extent.tags) == s.tags.end()) continue;
      Sums sums;
      for (const auto& row : extent.rows) sums.Add(row);
      rows.push_back({id, sums.n, sums.low, sums.high});
    }
    return Table({{"ExtentId", kGuid}, {"N", kLong}, {"L", kLong}, {"H", kLong}}, std::move(rows));
  }

  Answer Details(const std::vector<std::string>& names) {
    std::vector<Row> rows;
    for (const auto& name : names) {
      rows.push_back({name, std::string(), std::string(), cluster_.tables.at(name).id});
    }
    return Table(
        {{"TableName", kString}, {"Folder", kString}, {"DocString", kString}, {"TableId", kGuid}},
        std::move(rows));
  }

  Answer Extents(const std::vector<std::string>& names, const std::string& text) {
    const auto ids = Matches(text, R"(([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}))");
    const std::string tag = First(text, R"x(tags has "([^"]*)")x");
    std::vector<Row> rows;
    for (const auto& name : names) {
      for (const auto& [id, extent] : cluster_.tables.at(name).extents) {
        if (!ids.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
        if (!tag.empty() && extent.tags != tag) continue;
        rows.push_back({id, name, static_cast<int64_t>(extent.rows.size()), int64_t{0}, extent.tags,
                        extent.created, extent.created,
                        8.0 * static_cast<double>(extent.rows.size())});
      }
    }
    return Table({{"ExtentId", kGuid},
                  {"TableName", kString},
                  {"RowCount", kLong},
                  {"DeletedRowCount", kLong},
                  {"Tags", kString},
                  {"MinCreatedOn", kDateTime},
                  {"MaxCreatedOn", kDateTime},
                  {"OriginalSize", kReal}},
                 std::move(rows));
  }

  Result<Answer> RunShow(const std::string& text) {
    std::vector<std::string> all;
    for (const auto& [name, table] : cluster_.tables) all.push_back(name);
    const auto named = Matches(text, R"(\['([^']*)'\])");
    if (text.starts_with(".show version")) {
      return Table({{"BuildVersion", kString}}, {{std::string("1")}});
    }
    if (text.starts_with(".show databases")) {
      return Table({{"DatabaseName", kString}, {"PrettyName", kString}, {"DatabaseId", kGuid}},
                   {{std::string("Db"), std::string(), "id of " + cluster_.address}});
    }
    if (text.find("csl script") != std::string::npos) {
      return Table({{"DatabaseSchemaScript", kString}});
    }
    if (text.starts_with(".show database [") && text.find(" policy ") != std::string::npos) {
      return Table({{"PolicyName", kString}, {"EntityName", kString}, {"Policy", kString}},
                   {{std::string("RetentionPolicy"), std::string("Db"), std::string("null")}});
    }
    if (text.find("schema as json") != std::string::npos) return ShowSchema(text, named);
    if (text == ".show tables details") return Details(all);
    if (text == ".show tables") {
      std::vector<Row> rows;
      for (const auto& name : all) rows.push_back({name});
      return Table({{"TableName", kString}}, std::move(rows));
    }
    if (text == ".show functions") {
      std::vector<Row> rows;
      for (const auto& [name, docstring] : cluster_.functions) {
        rows.push_back({name, std::string(), std::string(), std::string(), docstring});
      }
      return Table({{"Name", kString},
                    {"Parameters", kString},
                    {"Body", kString},
                    {"Folder", kString},
                    {"DocString", kString}},
                   std::move(rows));
    }
    if (text.starts_with(".show operation")) return Operations(text);
    if (text.find(" policy ") != std::string::npos && named.empty()) {
      return Table({{"PolicyName", kString}, {"EntityName", kString}, {"Policy", kString}});
    }
    if (text.starts_with(".show materialized-views")) {
      return Table({{"Name", kString}, {"SourceTable", kString}});
    }
    for (const auto& name : named) {
      if (!cluster_.tables.contains(name)) return NoTable(name);
    }
    if (text.find(" details") != std::string::npos) return Details(named);
    if (text.find(" extents") != std::string::npos) return Extents(named, text);
    if (text.find(" policy ") != std::string::npos) {
      const std::string policy = First(text, R"(policy ([a-z_]+))");
      return Table({{"PolicyName", kString}, {"EntityName", kString}, {"Policy", kString}},
                   {{policy, named[0], cluster_.tables.at(named[0]).policies[policy]}});
    }
    return Stop("unknown command: " + text, "BadRequest_SyntaxError");
  }

  Result<Answer> ShowSchema(const std::string& text, const std::vector<std::string>& named) {
    const char* columns =
        R"("OrderedColumns":[{"Name":"n","Type":"System.Int64","CslType":"long"}])";
    if (text.starts_with(".show table ")) {
      if (!cluster_.tables.contains(named[0])) return NoTable(named[0]);
      return Table({{"TableName", kString}, {"Schema", kString}},
                   {{named[0], fmt::format("{{\"Name\":\"{}\",{}}}", named[0], columns)}});
    }
    std::string tables;
    for (const auto& [name, table] : cluster_.tables) {
      tables += fmt::format("{}\"{}\":{{\"Name\":\"{}\",{}}}", tables.empty() ? "" : ",", name,
                            name, columns);
    }
    return Table({{"DatabaseSchema", kString}},
                 {{"{\"Databases\":{\"Db\":{\"Name\":\"Db\",\"Tables\":{" + tables + "}}}}"}});
  }

  Result<Answer> Operations(const std::string& text) {
    const auto ids = Matches(text, R"(([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}))");
    if (text.find("details") != std::string::npos) {
      std::vector<Row> rows;
      for (const auto& [path, n] : cluster_.operations.at(ids.at(0)).artifacts) {
        rows.push_back({path, n, n * 8});
      }
      return Table({{"Path", kString}, {"NumRecords", kLong}, {"SizeInBytes", kLong}},
                   std::move(rows));
    }
    std::vector<Row> rows;
    for (const auto& id : ids) {
      const auto found = cluster_.operations.find(id);
      if (found != cluster_.operations.end()) rows.push_back({id, found->second.state});
    }
    return Table({{"OperationId", kGuid}, {"State", kString}}, std::move(rows));
  }

  Answer NewOperation(FakeOperation operation) {
    const std::string id = random_.Guid();
    cluster_.operations[id] = std::move(operation);
    return Table({{"OperationId", kGuid}}, {{id}});
  }

  Result<Answer> Export(const std::string& text) {
    ++cluster_.exports;
    const Selection s = Read(text.substr(text.find("<|") + 2));
    const auto found = cluster_.tables.find(s.table);
    if (found == cluster_.tables.end()) return NoTable(s.table);
    const std::string address = First(text, R"x(h@?"([^"]*)")x");
    KC_ASSIGN(const std::string folder, lake_.NameOf(address.substr(0, address.find('?'))));
    FakeOperation operation;
    std::vector<std::string> files(2);
    std::vector<int64_t> counts(2);
    int64_t at = 0;
    for (const auto& [id, extent] : found->second.extents) {
      for (const auto& row : extent.rows) {
        if (!s.Takes(row)) continue;
        files[static_cast<size_t>(at % 2)] += std::to_string(row.n) + "\n";
        ++counts[static_cast<size_t>(at++ % 2)];
      }
    }
    for (size_t i = 0; i < files.size(); ++i) {
      if (counts[i] == 0) continue;
      const std::string name = fmt::format("{}/part_{}.csv.gz", folder, i);
      KC_TRY(lake_.Put(name, files[i]));
      operation.artifacts.emplace_back(lake_.url().UrlOf(name), counts[i]);
    }
    return NewOperation(std::move(operation));
  }

  Result<Answer> Ingest(const std::string& text) {
    ++cluster_.ingests;
    const std::string table = First(text, R"(\['([^']*)'\])");
    const auto found = cluster_.tables.find(table);
    if (found == cluster_.tables.end()) return NoTable(table);
    FakeExtent extent;
    extent.tags = First(text, R"x(tags="\[\\"([^\\]*)\\"\]")x");
    extent.created = *ParseDateTime(First(text, R"x(creationTime="([^"]*)")x"));
    for (const auto& address : Matches(text, R"x(h@?"([^"]*)")x")) {
      KC_ASSIGN(const std::string name, lake_.NameOf(address.substr(0, address.find('?'))));
      const auto content = lake_.Get(name);
      if (!content) return NewOperation({"Failed", {}});
      for (const auto& line : Split(content->bytes, '\n')) {
        if (!line.empty())
          extent.rows.push_back({Number(line), clock_.NowTicks(), cluster_.cursor});
      }
    }
    found->second.extents[random_.Guid()] = std::move(extent);
    ++cluster_.cursor;
    return NewOperation({});
  }

  Result<Answer> Move(const std::string& text) {
    const auto names = Matches(text, R"(\['([^']*)'\])");
    const auto ids = Matches(text, R"(([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}))");
    const auto from = cluster_.tables.find(names.at(0));
    const auto to = cluster_.tables.find(names.at(1));
    if (from == cluster_.tables.end() || to == cluster_.tables.end()) return NoTable(names[0]);
    for (const auto& id : ids) {  // all or nothing
      if (!from->second.extents.contains(id)) return Stop("no extent " + id, "ExtentNotFound");
    }
    ++cluster_.moves;
    std::vector<Row> rows;
    for (const auto& id : ids) {
      const std::string moved = random_.Guid();
      to->second.extents[moved] = std::move(from->second.extents.at(id));
      from->second.extents.erase(id);
      rows.push_back({id, moved, std::string()});
    }
    return Table({{"OriginalExtentId", kString}, {"ResultExtentId", kString}, {"Details", kString}},
                 std::move(rows));
  }

  Result<Answer> RunCommand(const std::string& text) {
    if (text.starts_with(".execute database script")) {
      for (const auto& line : Split(text, '\n')) {
        if (line.starts_with(".execute")) continue;
        KC_TRY(RunCommand(line));
      }
      return Table({{"Result", kString}});
    }
    const std::string name = First(text, R"(\['([^']*)'\])");
    if (text.starts_with(".create table") || text.starts_with(".create-merge table")) {
      FakeTable& table = cluster_.tables[name];
      if (table.id.empty()) table.id = random_.Guid();
      return Table({{"TableName", kString}}, {{name}});
    }
    if (text.starts_with(".drop table") && text.find(" extent tags") == std::string::npos) {
      cluster_.tables.erase(name);
      return Table({{"TableName", kString}});
    }
    if (text.starts_with(".create function") || text.starts_with(".create-or-alter function")) {
      if (text.starts_with(".create function") && cluster_.functions.contains("KC_Status")) {
        return Stop("function exists", "BadRequest_EntityAlreadyExists");
      }
      cluster_.functions["KC_Status"] = First(text, R"x(docstring="([^"]*)")x");
      return Table({{"Name", kString}});
    }
    if (text.starts_with(".export")) return Export(text);
    if (text.starts_with(".ingest")) return Ingest(text);
    if (text.starts_with(".move")) return Move(text);
    const auto found = cluster_.tables.find(name);
    if (found == cluster_.tables.end()) return NoTable(name);
    if (text.starts_with(".drop table")) {
      for (auto& [id, extent] : found->second.extents) {
        if (text.find("\"" + extent.tags + "\"") != std::string::npos) extent.tags.clear();
      }
      return Table({{"OriginalExtentId", kString}});
    }
    if (text.find(" policy ") != std::string::npos) return SetPolicy(found->second, text);
    return Stop("unknown command: " + text, "BadRequest_SyntaxError");
  }

  static Result<Answer> SetPolicy(FakeTable& table, const std::string& text) {
    const std::string policy = First(text, R"(policy ([a-z_]+))");
    std::string json = First(text, R"x(policy [a-z_]+ "(.*)"$)x");
    json = ReplaceAll(json, "\\\"", "\"");
    if (policy == "ingestiontime") json = R"({"IsEnabled":true})";
    if (policy == "streamingingestion") json = R"({"IsEnabled":false})";
    if (policy == "caching") json = "{}";
    table.policies[policy] = json;
    return Table({{"PolicyName", kString}});
  }

  FakeCluster& cluster_;
  azure::ObjectStore& lake_;
  world::Clock& clock_;
  world::Random& random_;
  kusto::ConnectionString connection_;
};

}  // namespace

void FakeCluster::Add(const std::string& table, int64_t first, int64_t last, int64_t ingested,
                      int64_t created, world::Random& random) {
  FakeTable& target = tables[table];
  if (target.id.empty()) target.id = random.Guid();
  FakeExtent extent;
  extent.created = created;
  for (int64_t n = first; n <= last; ++n) extent.rows.push_back({n, ingested, cursor});
  target.extents[random.Guid()] = std::move(extent);
  ++cursor;
}

std::multimap<int64_t, int> FakeCluster::Contents(const std::string& table) const {
  std::multimap<int64_t, int> rows;
  const auto found = tables.find(table);
  if (found == tables.end()) return rows;
  for (const auto& [id, extent] : found->second.extents) {
    for (const auto& row : extent.rows) rows.emplace(row.n, 0);
  }
  return rows;
}

std::unique_ptr<kusto::Client> MakeFakeClient(FakeCluster& cluster, azure::ObjectStore& lake,
                                              world::Clock& clock, world::Random& random) {
  return std::make_unique<FakeClient>(cluster, lake, clock, random);
}

}  // namespace kc::sim
