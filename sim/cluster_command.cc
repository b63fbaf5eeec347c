// Commands that change something and end at once.
#include <algorithm>

#include "base/text.h"
#include "base/ticks.h"
#include "cluster_answers.h"
#include "cluster_text.h"

namespace kc::sim {
namespace {

using enum ScalarType;

Answer Empty() {
  return MakeAnswer({{"Result", kString}});
}

// "['n']:long, ['s']:string)"
std::optional<std::vector<ColumnSchema>> ReadColumns(Scan& scan) {
  std::vector<ColumnSchema> columns;
  if (!scan.Take("(")) return std::nullopt;
  while (!scan.Take(")")) {
    (void)scan.Take(", ");
    auto name = scan.Name();
    if (!name || !scan.Take(":")) return std::nullopt;
    const auto type = ParseScalarType(scan.Until(",)"));
    if (!type) return std::nullopt;
    columns.push_back({std::move(*name), *type});
  }
  return columns;
}

std::string PropertyOf(std::string_view text, std::string_view name) {
  Scan scan(text);
  if (!scan.SkipPast(name)) return "";
  return scan.Text().value_or("");
}

// Adds columns that aren't there; existing rows have nulls in them.
void AddColumns(Table& table, const std::vector<ColumnSchema>& columns) {
  for (const auto& column : columns) {
    const auto same = [&column](const ColumnSchema& other) { return other.name == column.name; };
    if (std::any_of(table.columns.begin(), table.columns.end(), same)) continue;
    table.columns.push_back(column);
    for (auto& [id, extent] : table.extents) {
      for (auto& row : extent.rows) {
        row.values.push_back(column.type == kString ? Value(std::string()) : Value());
        row.hash = HashRow(table.columns, row.values);
      }
    }
  }
}

Result<Answer> CreateTable(Cluster& cluster, const ServerRequest& request, bool merge) {
  Scan scan(request.text);
  (void)(scan.Take(".create table ") || scan.Take(".create-merge table "));
  const auto name = scan.Name();
  if (!name || !scan.Take(" ")) return SyntaxError(request.text);
  auto columns = ReadColumns(scan);
  if (!columns) return SyntaxError(request.text);
  Table* table = cluster.Find(*name);
  if (table == nullptr) {
    Table& made = cluster.CreateTable(*name, std::move(*columns));
    made.docstring = PropertyOf(scan.rest(), "docstring=");
    made.folder = PropertyOf(scan.rest(), "folder=");
    Effect effect{EffectKind::kCreateTable, {}, request.text, request.request_id, *name};
    cluster.Tell(std::move(effect));
  } else if (merge) {
    AddColumns(*table, *columns);
  }
  // Else: succeeds with whatever is there (documented).
  return MakeAnswer({{"TableName", kString}}, {{*name}});
}

Result<Answer> DropTables(Cluster& cluster, const ServerRequest& request) {
  std::vector<Cells> rows;
  for (const auto& name : NamesIn(request.text)) {
    if (cluster.tables.erase(name) == 0) continue;
    cluster.Tell({EffectKind::kDropTable, {}, request.text, request.request_id, name});
    rows.push_back({name});
  }
  return MakeAnswer({{"TableName", kString}}, std::move(rows));
}

// Every extent that changes gets a new id.
Result<Answer> DropTags(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  const auto names = NamesIn(request.text);
  if (names.size() != 1) return SyntaxError(request.text);
  Table* table = Resolve(cluster, names[0], bound);
  if (table == nullptr) return NoTable(names[0]);
  const auto tags =
      TextsIn(std::string_view(request.text).substr(request.text.find("extent tags")));
  std::map<std::string, Extent> changed;
  std::vector<Cells> rows;
  for (auto it = table->extents.begin(); it != table->extents.end();) {
    auto& mine = it->second.tags;
    const auto size = mine.size();
    mine.erase(std::remove_if(mine.begin(), mine.end(),
                              [&tags](const std::string& tag) {
                                return std::find(tags.begin(), tags.end(), tag) != tags.end();
                              }),
               mine.end());
    if (mine.size() == size) {
      ++it;
      continue;
    }
    const std::string id = cluster.NewId();
    rows.push_back({it->first, id});
    changed[id] = std::move(it->second);
    it = table->extents.erase(it);
  }
  table->extents.merge(changed);
  cluster.Tell({EffectKind::kDropTags, {}, request.text, request.request_id, table->name});
  return MakeAnswer({{"OriginalExtentId", kString}, {"ResultExtentId", kString}}, std::move(rows));
}

Result<Answer> SetPolicy(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  Scan scan(request.text);
  if (!scan.SkipPast(" table ")) return SyntaxError(request.text);
  const auto name = scan.Name();
  if (!name || !scan.Take(" policy ")) return SyntaxError(request.text);
  Table* table = Resolve(cluster, *name, bound);
  if (table == nullptr) return NoTable(*name);
  const std::string policy(scan.Until(" "));
  (void)scan.Take(" ");
  std::string json = scan.Text().value_or("");
  if (policy == "ingestiontime") {
    json = scan.rest() == "true" ? R"({"IsEnabled":true})" : R"({"IsEnabled":false})";
  } else if (policy == "streamingingestion") {
    json = R"({"IsEnabled":false})";
  } else if (policy == "caching") {
    json = R"({"DataHotSpan":"00:00:00"})";
  }
  if (json.empty()) return SyntaxError(request.text);
  table->policies[policy] = json;
  cluster.Tell({EffectKind::kOther, {}, request.text, request.request_id, *name});
  return MakeAnswer({{"PolicyName", kString}}, {{policy}});
}

Result<Answer> SetFunction(Cluster& cluster, const ServerRequest& request) {
  const auto names = NamesIn(request.text);
  if (names.empty()) return SyntaxError(request.text);
  if (request.text.starts_with(".drop ")) {
    cluster.functions.erase(names[0]);
  } else {
    const bool create_only = request.text.starts_with(".create function");
    if (create_only && cluster.functions.contains(names[0])) {
      return Stop("Function '" + names[0] + "' already exists", "BadRequest_EntityAlreadyExists");
    }
    cluster.functions[names[0]] = PropertyOf(request.text, "docstring=");
  }
  cluster.Tell({EffectKind::kOther, {}, request.text, request.request_id, names[0]});
  return MakeAnswer({{"Name", kString}}, {{names[0]}});
}

// The values of a row in the order of another table's columns; none if that isn't possible.
std::optional<std::vector<size_t>> ColumnMap(const Table& from, const Table& to) {
  std::vector<size_t> map;
  for (const auto& column : from.columns) {
    const auto found = std::find(to.columns.begin(), to.columns.end(), column);
    if (found == to.columns.end()) return std::nullopt;
    map.push_back(static_cast<size_t>(found - to.columns.begin()));
  }
  return map;
}

void PlaceRows(Cluster& cluster, Extent& extent, const Table& from, const Table& to,
               const std::vector<size_t>& map, bool fresh) {
  const int64_t cursor = cluster.NextCursor();
  for (auto& row : extent.rows) {
    if (from.columns != to.columns) {
      std::vector<Value> values;
      for (const auto& column : to.columns) {
        values.push_back(column.type == kString ? Value(std::string()) : Value());
      }
      for (size_t i = 0; i < map.size(); ++i) values[map[i]] = std::move(row.values[i]);
      row.values = std::move(values);
      row.hash = HashRow(to.columns, row.values);
    }
    if (fresh) {
      row.ingested = cluster.timeline.NowTicks();
      row.cursor = cursor;
    }
  }
}

tl::unexpected<Error> MissingExtents(const Cluster& cluster, const std::string& id) {
  const auto& unknowns = cluster.unknowns;
  return Fail(unknowns.missing_extents_permanent ? ErrorCode::kStop : ErrorCode::kUnknownOutcome,
              unknowns.missing_extents_text + ": " + id, "BadRequest_EntityNotFound");
}

// All or nothing.
Result<Answer> MoveExtents(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  const auto names = NamesIn(request.text);
  if (names.size() != 2) return SyntaxError(request.text);
  const std::string_view text = request.text;
  const auto ids = GuidsIn(text.substr(text.rfind('(')));
  Table* from = Resolve(cluster, names[0], bound);
  Table* to = Resolve(cluster, names[1], bound);
  if (from == nullptr || to == nullptr) return NoTable(from == nullptr ? names[0] : names[1]);
  const auto map = ColumnMap(*from, *to);
  if (!map) {
    return Stop("The schema of the extents doesn't fit table '" + to->name + "'",
                "BadRequest_ExtentSchemaMismatch");
  }
  for (const auto& id : ids) {
    if (!from->extents.contains(id)) return MissingExtents(cluster, id);
  }
  if (ids.empty()) return MissingExtents(cluster, "()");
  const bool publish = text.find("setNewIngestionTime=true") != std::string_view::npos;
  const auto& unknowns = cluster.unknowns;
  Effect effect{EffectKind::kMove, {}, request.text, request.request_id, from->name, to->name};
  std::vector<Cells> rows;
  for (const auto& id : ids) {
    Extent extent = std::move(from->extents.at(id));
    from->extents.erase(id);
    if (publish ? !unknowns.tags_kept_on_publish : !unknowns.tags_kept_between_staging) {
      extent.tags.clear();
    }
    PlaceRows(cluster, extent, *from, *to, *map, publish);
    const std::string moved = !publish && unknowns.ids_kept_on_move ? id : cluster.NewId();
    effect.rows += static_cast<int64_t>(extent.rows.size());
    effect.tag = extent.tags.empty() ? "" : extent.tags.front();
    effect.extents.push_back(moved);
    to->extents[moved] = std::move(extent);
    rows.push_back({id, moved, std::string()});
  }
  ++cluster.moves;
  cluster.Tell(std::move(effect));
  return MakeAnswer(
      {{"OriginalExtentId", kString}, {"ResultExtentId", kString}, {"Details", kString}},
      std::move(rows));
}

Result<Answer> DropExtents(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  const auto names = NamesIn(request.text);
  if (names.size() != 1) return SyntaxError(request.text);
  Table* table = Resolve(cluster, names[0], bound);
  if (table == nullptr) return NoTable(names[0]);
  for (const auto& id : GuidsIn(request.text)) table->extents.erase(id);
  cluster.Tell({EffectKind::kOther, {}, request.text, request.request_id, names[0]});
  return Empty();
}

Result<Answer> RenameTable(Cluster& cluster, const ServerRequest& request) {
  const auto names = NamesIn(request.text);
  if (names.size() != 2) return SyntaxError(request.text);
  auto node = cluster.tables.extract(names[0]);
  if (node.empty()) return NoTable(names[0]);
  node.key() = node.mapped().name = names[1];
  cluster.tables.insert(std::move(node));
  cluster.Tell({EffectKind::kOther, {}, request.text, request.request_id, names[1]});
  return Empty();
}

// Ends at the first command that fails (ContinueOnErrors is off); the request itself succeeds.
Result<Answer> RunScript(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  std::vector<Cells> rows;
  for (const auto& line : Split(request.text, '\n')) {
    if (line.starts_with(".execute ")) continue;
    ServerRequest one = request;
    one.text = line;
    const auto answer = RunCommand(cluster, one, bound);
    rows.push_back({line, std::string(answer ? "Completed" : "Failed")});
    if (!answer) break;
  }
  return MakeAnswer({{"CommandText", kString}, {"Result", kString}}, std::move(rows));
}

}  // namespace

Table* Resolve(Cluster& cluster, const std::string& name, const Bound& bound) {
  const auto found = bound.find(name);
  if (found == bound.end()) return cluster.Find(name);
  return cluster.FindById(found->second);
}

Result<Answer> RunCommand(Cluster& cluster, const ServerRequest& request, const Bound& bound) {
  const std::string_view text = request.text;
  if (text.starts_with(".execute database script <|")) return RunScript(cluster, request, bound);
  if (text.starts_with(".create table ")) return CreateTable(cluster, request, false);
  if (text.starts_with(".create-merge table ")) return CreateTable(cluster, request, true);
  if (text.starts_with(".drop table ") && text.find(" extent tags (") != std::string_view::npos) {
    return DropTags(cluster, request, bound);
  }
  if (text.starts_with(".drop table ") || text.starts_with(".drop tables ")) {
    return DropTables(cluster, request);
  }
  if (text.starts_with(".create function") || text.starts_with(".create-or-alter function") ||
      text.starts_with(".drop function")) {
    return SetFunction(cluster, request);
  }
  if (text.starts_with(".move extents ")) {
    auto moved = MoveExtents(cluster, request, bound);
    cluster.past_moves.emplace_back(request.request_id, moved ? "Completed" : "Failed");
    return moved;
  }
  if (text.starts_with(".drop extents ")) return DropExtents(cluster, request, bound);
  if (text.starts_with(".rename table ")) return RenameTable(cluster, request);
  if (text.starts_with(".alter column ")) return Empty();
  if (text.starts_with(".alter table ") || text.starts_with(".alter-merge table ")) {
    return SetPolicy(cluster, request, bound);
  }
  if (text.starts_with(".create database ")) return Empty();
  return SyntaxError(text);
}

}  // namespace kc::sim
