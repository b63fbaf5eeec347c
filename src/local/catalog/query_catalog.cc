#include "local/catalog/query_catalog.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "local/catalog/extent_scan.h"
#include "local/catalog/staged_rows.h"

namespace kc::local {
namespace {

// A table of this cluster, pinned together with what it takes to read it.
struct StoredTable final : kql::TableInfo {
  DatabasePtr owner;
  local::TablePtr table;
  std::vector<ExtentPtr> extents;
};

struct RemoteTable final : kql::TableInfo {};

// "https://Host.net:443/" and "host.net" name the same cluster.
std::string NormalizeCluster(std::string_view name) {
  std::string out = ToLowerAscii(Trim(name));
  for (std::string_view scheme : {"https://", "http://"}) {
    if (out.starts_with(scheme)) out.erase(0, scheme.size());
  }
  out = out.substr(0, out.find_first_of("/;?"));
  if (out.starts_with("localhost")) out = "127.0.0.1" + out.substr(9);
  return out;
}

std::string RowLevelSecurity(const TableMeta& table) {
  auto it = table.policies.find("row_level_security");
  if (it == table.policies.end()) return "";
  auto json = ParseJson(it->second);
  if (!json || !json->is_object() || json->value("IsEnabled", false) == false) return "";
  return json->value("Query", "");
}

tl::unexpected<Error> Unresolved(std::string_view what) {
  return Stop(std::string(what) + " is not available here", "BadRequest_NotSupported");
}

}  // namespace

std::optional<ScannedExtents> ExtentsOf(const engine::TableScan& scan) {
  const auto* stored = dynamic_cast<const StoredTable*>(scan.table.get());
  if (stored == nullptr) return std::nullopt;
  return ScannedExtents{stored->owner, stored->table->meta,
                        PruneExtents(*stored->table, stored->extents, scan.filter)};
}

QueryCatalog::QueryCatalog(const Cluster& cluster, QueryScope scope)
    : cluster_(cluster), scope_(std::move(scope)) {}

Result<std::unique_ptr<QueryCatalog>> QueryCatalog::Create(const Cluster& cluster,
                                                           QueryScope scope) {
  std::unique_ptr<QueryCatalog> catalog(new QueryCatalog(cluster, std::move(scope)));
  KC_TRY(catalog->Load(catalog->scope_.database));
  return catalog;
}

Result<const QueryCatalog::Snapshot*> QueryCatalog::Load(std::string_view database) {
  std::string key = ToLowerAscii(database.empty() ? std::string_view(scope_.database) : database);
  auto it = snapshots_.find(key);
  if (it == snapshots_.end()) {
    KC_ASSIGN(DatabasePtr found, cluster_.FindDatabase(key));
    StatePtr state = found->state();
    it = snapshots_.emplace(key, Snapshot{std::move(state), std::move(found)}).first;
  }
  return &it->second;
}

Result<StatePtr> QueryCatalog::State(std::string_view database) {
  KC_ASSIGN(const Snapshot* snapshot, Load(database));
  return snapshot->state;
}

std::string QueryCatalog::CurrentCluster() const {
  return cluster_.options().endpoint;
}

std::string QueryCatalog::CurrentDatabase() const {
  auto it = snapshots_.find(ToLowerAscii(scope_.database));
  return it == snapshots_.end() ? scope_.database : it->second.state->name();
}

std::string QueryCatalog::CurrentPrincipal() const {
  return scope_.principal;
}

bool QueryCatalog::IsThisCluster(std::string_view name) const {
  return name.empty() || NormalizeCluster(name) == NormalizeCluster(cluster_.options().endpoint);
}

Result<StatePtr> QueryCatalog::LocalState(const kql::DatabaseRef& where) {
  if (!IsThisCluster(where.cluster)) {
    return Stop("'" + where.cluster + "' is another cluster: only its tables can be used here",
                "BadRequest_NotSupported");
  }
  return State(where.database);
}

Result<QueryServices*> QueryCatalog::Services(std::string_view what) const {
  if (scope_.services == nullptr) return Unresolved(what);
  return scope_.services;
}

Result<kql::TablePtr> QueryCatalog::FindTable(const kql::DatabaseRef& where, std::string_view name,
                                              kql::TableKind kind) {
  if (!IsThisCluster(where.cluster)) {
    if (kind != kql::TableKind::kTable) return kql::TablePtr();
    KC_ASSIGN(QueryServices * services, Services("another cluster"));
    auto table = std::make_shared<RemoteTable>();
    table->cluster = where.cluster;
    table->database = where.database.empty() ? CurrentDatabase() : where.database;
    table->name = name;
    table->has_hidden_columns = false;
    KC_ASSIGN(table->columns, services->RemoteSchema(where.cluster, table->database, table->name));
    return table;
  }
  KC_ASSIGN(const Snapshot* snapshot, Load(where.database));
  if (kind == kql::TableKind::kExternalTable) {
    if (scope_.services == nullptr) return kql::TablePtr();
    auto table = std::make_shared<kql::TableInfo>();
    table->kind = kind;
    table->database = snapshot->state->name();
    table->name = name;
    table->has_hidden_columns = false;
    KC_ASSIGN(table->columns, scope_.services->ExternalTableSchema(table->database, name));
    return table->columns.empty() ? kql::TablePtr() : table;
  }
  local::TablePtr stored = snapshot->state->FindTable(name);
  if (stored == nullptr || kind != kql::TableKind::kTable) return kql::TablePtr();
  auto table = std::make_shared<StoredTable>();
  table->database = snapshot->state->name();
  table->name = stored->name();
  for (const Column& column : stored->meta->columns) {
    table->columns.push_back({column.name, column.type});
  }
  if (scope_.without_row_security != "*" && scope_.without_row_security != table->name) {
    table->row_level_security = RowLevelSecurity(*stored->meta);
  }
  table->owner = snapshot->database;
  table->table = stored;
  auto only = scope_.only_extents.find(name);
  if (only != scope_.only_extents.end() && EqualsIgnoreCase(table->database, scope_.database)) {
    table->extents = only->second;
  } else {
    table->extents.reserve(stored->extents.size());
    for (const auto& [ordinal, extent] : stored->extents) table->extents.push_back(extent);
  }
  return table;
}

Result<kql::FunctionPtr> QueryCatalog::FindFunction(const kql::DatabaseRef& where,
                                                    std::string_view name) {
  // What another cluster calls by the name is asked for as a table: it knows which it is.
  if (!IsThisCluster(where.cluster)) return kql::FunctionPtr();
  KC_ASSIGN(StatePtr state, LocalState(where));
  local::FunctionPtr stored = state->FindFunction(name);
  if (stored == nullptr) return kql::FunctionPtr();
  auto function = std::make_shared<kql::FunctionInfo>();
  function->database = state->name();
  function->name = stored->name;
  function->parameters = stored->parameters;
  function->body = stored->body;
  return function;
}

Result<std::vector<std::string>> QueryCatalog::ListTables(const kql::DatabaseRef& where,
                                                          std::string_view pattern) {
  KC_ASSIGN(StatePtr state, LocalState(where));
  std::vector<std::string> names;
  for (const auto& [name, table] : state->tables) {
    if (MatchesWildcard(name, pattern)) names.push_back(name);
  }
  // A stored view is looked up by its name as a table is; one with parameters can't be called so.
  for (const auto& [name, function] : state->functions) {
    if (!function->view || function->parameters.find(':') != std::string::npos) continue;
    if (MatchesWildcard(name, pattern)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<std::vector<std::string>> QueryCatalog::ListDatabases(const std::string& cluster,
                                                             std::string_view pattern) {
  if (!IsThisCluster(cluster)) return Unresolved("a list of another cluster's databases");
  std::vector<std::string> names;
  for (const DatabasePtr& database : cluster_.databases()) {
    std::string name = database->name();
    if (MatchesWildcard(name, pattern, /*ignore_case=*/true)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> QueryCatalog::CursorCurrent(const kql::DatabaseRef& where) {
  KC_ASSIGN(StatePtr state, LocalState(where));
  return CursorText(*state->meta, state->cursor_position);
}

Result<int64_t> QueryCatalog::DecodeCursor(const kql::DatabaseRef& where, std::string_view cursor) {
  KC_ASSIGN(StatePtr state, LocalState(where));
  auto position = CursorPosition(*state->meta, cursor);
  if (!position) return Stop("'" + std::string(cursor) + "' is not a database cursor", "SEM0100");
  return *position;
}

Result<ValueTable> QueryCatalog::ExecuteShowCommand(std::string_view connection,
                                                    std::string_view command) {
  KC_ASSIGN(QueryServices * services, Services("execute_show_command"));
  return services->ExecuteShowCommand(connection, command);
}

Result<ValueTable> QueryCatalog::ReadExternalData(
    const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
    const std::vector<std::pair<std::string, std::string>>& properties) {
  KC_ASSIGN(QueryServices * services, Services("externaldata"));
  return services->ReadExternalData(columns, uris, properties);
}

Result<engine::ScanRelation> QueryCatalog::Open(const engine::TableScan& scan) {
  if (scan.table->kind == kql::TableKind::kExternalTable) {
    KC_ASSIGN(QueryServices * services, Services("an external table"));
    return services->OpenExternalTable(scan);
  }
  if (dynamic_cast<const RemoteTable*>(scan.table.get()) != nullptr) return OpenRemote(scan);
  std::optional<ScannedExtents> read = ExtentsOf(scan);
  KC_ASSERT(read);
  engine::ScanRelation relation;
  relation.sql = ScanSql(*read->table, read->extents, scan, read->owner->extents());
  relation.keep_alive = std::make_shared<ScannedExtents>(*std::move(read));
  return relation;
}

Result<engine::ScanRelation> QueryCatalog::OpenRemote(const engine::TableScan& scan) {
  KC_ASSIGN(QueryServices * services, Services("another cluster"));
  std::string query = KqlName(scan.table->name) + " | project ";
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (i > 0) query += ", ";
    query += KqlName(scan.table->columns[scan.columns[i]].name);
  }
  if (scan.columns.empty()) query += "KustoLocalRow=true";
  KC_ASSIGN(ValueTable rows, services->RemoteRows(scan.table->cluster, scan.table->database,
                                                  "set notruncation; " + query));
  return StageRows(cluster_.engine()->database(), *scan.table, scan.columns, rows);
}

}  // namespace kc::local
