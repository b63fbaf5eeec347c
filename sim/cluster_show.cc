// `.show …`: what is there.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "cluster_answers.h"
#include "cluster_text.h"

namespace kc::sim {
namespace {

using enum ScalarType;

// What `.show operations` keeps, with ids and without.
constexpr int64_t kOperationsKept = 6 * kTicksPerHour;
constexpr int64_t kHistoryKept = 14 * kTicksPerDay;

std::string ShownId(const Cluster& cluster, std::string id) {
  if (!cluster.unknowns.guid_upper_case) return id;
  for (char& c : id) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return id;
}

Answer Details(const Cluster& cluster, const std::vector<std::string>& names) {
  std::vector<Cells> rows;
  for (const auto& name : names) {
    const Table& table = *cluster.Find(name);
    rows.push_back({name, cluster.database, table.folder, table.docstring, table.id, table.rows(),
                    static_cast<int64_t>(table.extents.size()),
                    8.0 * static_cast<double>(table.rows())});
  }
  return MakeAnswer({{"TableName", kString},
                     {"DatabaseName", kString},
                     {"Folder", kString},
                     {"DocString", kString},
                     {"TableId", kGuid},
                     {"TotalRowCount", kLong},
                     {"TotalExtents", kLong},
                     {"TotalOriginalSize", kReal}},
                    std::move(rows));
}

Answer Extents(const Cluster& cluster, const std::vector<std::string>& names,
               const std::vector<std::string>& ids, const std::string& tag) {
  std::vector<Cells> rows;
  for (const auto& name : names) {
    for (const auto& [id, extent] : cluster.Find(name)->extents) {
      if (!ids.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
      if (!tag.empty() &&
          std::find(extent.tags.begin(), extent.tags.end(), tag) == extent.tags.end()) {
        continue;
      }
      rows.push_back({ShownId(cluster, id), name, static_cast<int64_t>(extent.rows.size()),
                      extent.deleted, Join(extent.tags, "\r\n"), extent.created, extent.created,
                      8.0 * static_cast<double>(extent.rows.size())});
    }
  }
  return MakeAnswer({{"ExtentId", kGuid},
                     {"TableName", kString},
                     {"RowCount", kLong},
                     {"DeletedRowCount", kLong},
                     {"Tags", kString},
                     {"MinCreatedOn", kDateTime},
                     {"MaxCreatedOn", kDateTime},
                     {"OriginalSize", kReal}},
                    std::move(rows));
}

std::string SchemaJson(const Table& table) {
  std::string columns;
  for (const auto& column : table.columns) {
    columns += fmt::format("{}{{\"Name\":{},\"Type\":\"System.{}\",\"CslType\":\"{}\"}}",
                           columns.empty() ? "" : ",", JsonString(column.name),
                           DotNetName(column.type), KustoName(column.type));
  }
  return fmt::format("{{\"Name\":{},\"Folder\":{},\"DocString\":{},\"OrderedColumns\":[{}]}}",
                     JsonString(table.name), JsonString(table.folder), JsonString(table.docstring),
                     columns);
}

Answer DatabaseSchema(const Cluster& cluster) {
  std::string tables;
  for (const auto& [name, table] : cluster.tables) {
    tables += (tables.empty() ? "" : ",") + JsonString(name) + ":" + SchemaJson(table);
  }
  const std::string name = JsonString(cluster.database);
  return MakeAnswer(
      {{"DatabaseSchema", kString}},
      {{"{\"Databases\":{" + name + ":{\"Name\":" + name + ",\"Tables\":{" + tables + "}}}}"}});
}

Result<Answer> TableSchemaOf(const Cluster& cluster, const std::string& name) {
  const Table* table = cluster.Find(name);
  if (table == nullptr) return NoTable(name);
  return MakeAnswer(
      {{"TableName", kString},
       {"Schema", kString},
       {"DatabaseName", kString},
       {"Folder", kString},
       {"DocString", kString}},
      {{name, SchemaJson(*table), cluster.database, table->folder, table->docstring}});
}

Cells OperationRow(const Cluster& cluster, const Operation& operation) {
  return {ShownId(cluster, operation.id), operation.kind,    operation.state,  operation.status,
          operation.should_retry,         operation.started, operation.updated};
}

Result<Answer> Operations(const Cluster& cluster, std::string_view text) {
  const bool history = text.find(" | where ") != std::string_view::npos;
  const auto ids = GuidsIn(text);
  const int64_t now = cluster.timeline.NowTicks();
  const int64_t lag = cluster.unknowns.operations_lag.count() / 100;
  std::vector<Cells> rows;
  for (const auto& id : ids) {
    const auto found = cluster.operations.find(id);
    if (found == cluster.operations.end()) continue;
    const Operation& operation = found->second;
    const int64_t kept = history ? kHistoryKept : kOperationsKept;
    if (operation.started + lag > now || operation.updated + kept < now) continue;
    rows.push_back(OperationRow(cluster, operation));
  }
  return MakeAnswer({{"OperationId", kGuid},
                     {"Operation", kString},
                     {"State", kString},
                     {"Status", kString},
                     {"ShouldRetry", kBool},
                     {"StartedOn", kDateTime},
                     {"LastUpdatedOn", kDateTime}},
                    std::move(rows));
}

Result<Answer> Commands(const Cluster& cluster, std::string_view text) {
  const auto ids = TextsIn(text);
  if (ids.size() != 1) return SyntaxError(text);
  std::vector<Cells> rows;
  for (const auto& [id, state] : cluster.past_moves) {
    if (id.starts_with(ids[0])) rows.push_back({id, state});
  }
  return MakeAnswer({{"ClientActivityId", kString}, {"State", kString}}, std::move(rows));
}

Result<Answer> OperationDetails(const Cluster& cluster, std::string_view text) {
  const auto ids = GuidsIn(text);
  const auto found = ids.size() == 1 ? cluster.operations.find(ids[0]) : cluster.operations.end();
  const int64_t kept = cluster.unknowns.details_kept.count() / 100;
  if (found == cluster.operations.end() ||
      found->second.updated + kept < cluster.timeline.NowTicks()) {
    return Stop("Operation was not found", "BadRequest_EntityNotFound");
  }
  std::vector<Cells> rows;
  if (found->second.state == "Completed") {
    for (const auto& artifact : found->second.artifacts) {
      rows.push_back({artifact.path, artifact.rows, artifact.rows * 8});
    }
  }
  return MakeAnswer({{"Path", kString}, {"NumRecords", kLong}, {"SizeInBytes", kLong}},
                    std::move(rows));
}

Answer Functions(const Cluster& cluster) {
  std::vector<Cells> rows;
  for (const auto& [name, docstring] : cluster.functions) {
    rows.push_back({name, std::string("()"), std::string("{}"), std::string(), docstring});
  }
  return MakeAnswer({{"Name", kString},
                     {"Parameters", kString},
                     {"Body", kString},
                     {"Folder", kString},
                     {"DocString", kString}},
                    std::move(rows));
}

Answer Policies(std::vector<Cells> rows) {
  return MakeAnswer({{"PolicyName", kString}, {"EntityName", kString}, {"Policy", kString}},
                    std::move(rows));
}

Answer PolicyOfAll(const Cluster& cluster, const std::string& policy) {
  std::vector<Cells> rows;
  for (const auto& [name, table] : cluster.tables) {
    const auto found = table.policies.find(policy);
    rows.push_back({policy, "[" + cluster.database + "].[" + name + "]",
                    found == table.policies.end() ? std::string("null") : found->second});
  }
  return Policies(std::move(rows));
}

Result<Answer> PolicyOf(const Cluster& cluster, const std::string& name,
                        const std::string& policy) {
  const Table* table = cluster.Find(name);
  if (table == nullptr) return NoTable(name);
  const auto found = table->policies.find(policy);
  std::string json = found == table->policies.end() ? "null" : found->second;
  if (json == "[]" && cluster.unknowns.empty_policy_is_null) json = "null";
  return Policies({{policy, "[" + cluster.database + "].[" + name + "]", json}});
}

Result<Answer> ShowOfTables(const Cluster& cluster, std::string_view text) {
  Scan scan(text);
  const auto names = [&] {
    if (scan.Take(".show table ")) return NamesIn(scan.rest());
    (void)scan.Take(".show tables ");
    return NamesIn(scan.rest());
  }();
  for (const auto& name : names) {
    if (cluster.Find(name) == nullptr) return NoTable(name);
  }
  (void)scan.SkipPast(names.size() > 1 || text.starts_with(".show tables (") ? "]) " : "'] ");
  const std::string_view rest = scan.rest();
  if (rest == "details") return Details(cluster, names);
  if (rest == "schema as json") return TableSchemaOf(cluster, names.at(0));
  if (rest == "extents" || rest.starts_with("extents | project "))
    return Extents(cluster, names, {}, "");
  if (rest.starts_with("extents (")) {
    const auto ids = GuidsIn(rest);
    // An empty list selects nothing, not all.
    return Extents(cluster, ids.empty() ? std::vector<std::string>() : names, ids, "");
  }
  if (rest.starts_with("extents where tags has ")) {
    const auto tags = TextsIn(rest);
    if (tags.size() == 1) return Extents(cluster, names, {}, tags[0]);
  }
  if (rest.starts_with("policy ")) {
    return PolicyOf(cluster, names.at(0), std::string(rest.substr(7)));
  }
  return SyntaxError(text);
}

Result<Answer> ShowDatabase(const Cluster& cluster, std::string_view text) {
  const auto names = NamesIn(text);
  if (names.empty() || names[0] != cluster.database) {
    return Stop(
        "Entity ID '" + (names.empty() ? "" : names[0]) + "' of kind 'Database' was not found",
        "BadRequest_DatabaseNotExist");
  }
  if (text.ends_with(" schema as json")) return DatabaseSchema(cluster);
  if (text.find(" schema as csl script") != std::string_view::npos) {
    return MakeAnswer({{"DatabaseSchemaScript", kString}});
  }
  if (text.find(" policy ") != std::string_view::npos) {
    return Policies({{std::string("Policy"), cluster.database, std::string("null")}});
  }
  return SyntaxError(text);
}

}  // namespace

Result<Answer> RunShow(Cluster& cluster, std::string_view text) {
  if (text == ".show version") {
    return MakeAnswer({{"BuildVersion", kString}}, {{std::string("1.0")}});
  }
  if (text.starts_with(".show databases")) {
    return MakeAnswer({{"DatabaseName", kString}, {"PrettyName", kString}, {"DatabaseId", kGuid}},
                      {{cluster.database, std::string(), cluster.database_id}});
  }
  if (text.starts_with(".show database ")) return ShowDatabase(cluster, text);
  if (text == ".show tables" || text.starts_with(".show tables details")) {
    std::vector<std::string> all;
    std::vector<Cells> rows;
    for (const auto& [name, table] : cluster.tables) {
      all.push_back(name);
      rows.push_back({name, cluster.database});
    }
    if (text.starts_with(".show tables details")) return Details(cluster, all);
    return MakeAnswer({{"TableName", kString}, {"DatabaseName", kString}}, std::move(rows));
  }
  if (text == ".show functions") return Functions(cluster);
  if (text == ".show materialized-views") {
    return MakeAnswer({{"Name", kString}, {"SourceTable", kString}});
  }
  if (text == ".show capacity") {
    return MakeAnswer({{"Resource", kString}, {"Total", kLong}},
                      {{std::string("ingestions"), int64_t{cluster.weather.ingest_capacity}},
                       {std::string("data-export"), int64_t{cluster.weather.export_capacity}},
                       {std::string("queries"), int64_t{40}}});
  }
  if (text.starts_with(".show commands | where ClientActivityId startswith ")) {
    return Commands(cluster, text);
  }
  if (text.starts_with(".show operations ")) return Operations(cluster, text);
  if (text.starts_with(".show operation ")) return OperationDetails(cluster, text);
  if (text.starts_with(".show table * policy ")) {
    return PolicyOfAll(cluster, std::string(text.substr(21)));
  }
  if (text.starts_with(".show table ") || text.starts_with(".show tables ")) {
    return ShowOfTables(cluster, text);
  }
  return SyntaxError(text);
}

}  // namespace kc::sim
