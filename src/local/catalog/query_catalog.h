// What one query sees of this cluster: a snapshot of each database that it names, as the engine's
// catalog of names and as its provider of rows.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/table_provider.h"
#include "kql/catalog.h"
#include "local/catalog/cluster.h"
#include "local/catalog/model.h"

namespace kc::local {

// Tables of other clusters, and what else a query may ask for that isn't stored here.
// Implementations are safe from any thread.
class QueryServices {
 public:
  virtual ~QueryServices() = default;
  // `cluster` is as the query names it, never this one.
  virtual Result<std::vector<ColumnSchema>> RemoteSchema(const std::string& cluster,
                                                         const std::string& database,
                                                         const std::string& table) = 0;
  virtual Result<ValueTable> RemoteRows(const std::string& cluster, const std::string& database,
                                        const std::string& query) = 0;
  // evaluate execute_show_command; an empty or own cluster's connection is executed here.
  virtual Result<ValueTable> ExecuteShowCommand(std::string_view connection,
                                                std::string_view command) = 0;
  virtual Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
      const std::vector<std::pair<std::string, std::string>>& properties) = 0;
  // Schema of an external table of a database here; null columns: there is none.
  virtual Result<std::vector<ColumnSchema>> ExternalTableSchema(const std::string& database,
                                                                std::string_view name) = 0;
  // Its rows, as a relation like ScanRelation's.
  virtual Result<engine::ScanRelation> OpenExternalTable(const engine::TableScan& scan) = 0;
};

struct QueryScope {
  std::string database;   // the current one
  std::string principal;  // current_principal()
  // May be null: what needs it is refused.
  QueryServices* services = nullptr;
  // Tables of the current database that are to hold just these extents instead of the committed
  // ones: an update policy's query over what is being ingested. By table name.
  std::map<std::string, std::vector<ExtentPtr>, std::less<>> only_extents;
  // Table name whose row level security does not apply in this query (its own policy's query), or
  // "*".
  std::string without_row_security;
};

// What a scan of a stored table reads: pinned as long as it is kept.
struct ScannedExtents {
  DatabasePtr owner;
  std::shared_ptr<const TableMeta> table;
  std::vector<ExtentPtr> extents;
};
// Nothing for tables of other clusters and external ones.
std::optional<ScannedExtents> ExtentsOf(const engine::TableScan& scan);

// One thread at a time. `cluster` must outlive it.
class QueryCatalog final : public kql::Catalog, public engine::TableProvider {
 public:
  // kStop, reason "BadRequest_DatabaseNotExist", if the scope's database isn't there.
  static Result<std::unique_ptr<QueryCatalog>> Create(const Cluster& cluster, QueryScope scope);

  // The snapshot that the query sees; loaded at the first use.
  Result<StatePtr> State(std::string_view database);

  std::string CurrentCluster() const override;
  std::string CurrentDatabase() const override;
  std::string CurrentPrincipal() const override;
  Result<kql::TablePtr> FindTable(const kql::DatabaseRef& where, std::string_view name,
                                  kql::TableKind kind) override;
  Result<kql::FunctionPtr> FindFunction(const kql::DatabaseRef& where,
                                        std::string_view name) override;
  Result<std::vector<std::string>> ListTables(const kql::DatabaseRef& where,
                                              std::string_view pattern) override;
  Result<std::vector<std::string>> ListDatabases(const std::string& cluster,
                                                 std::string_view pattern) override;
  Result<std::string> CursorCurrent(const kql::DatabaseRef& where) override;
  Result<int64_t> DecodeCursor(const kql::DatabaseRef& where, std::string_view cursor) override;
  Result<ValueTable> ExecuteShowCommand(std::string_view connection,
                                        std::string_view command) override;
  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
      const std::vector<std::pair<std::string, std::string>>& properties) override;
  Result<engine::ScanRelation> Open(const engine::TableScan& scan) override;

 private:
  QueryCatalog(const Cluster& cluster, QueryScope scope);
  bool IsThisCluster(std::string_view name) const;
  // The database's name here; kStop for another cluster.
  Result<StatePtr> LocalState(const kql::DatabaseRef& where);
  Result<QueryServices*> Services(std::string_view what) const;
  Result<engine::ScanRelation> OpenRemote(const engine::TableScan& scan);

  struct Snapshot {
    StatePtr state;
    DatabasePtr database;
  };
  Result<const Snapshot*> Load(std::string_view database);

  const Cluster& cluster_;
  QueryScope scope_;
  std::map<std::string, Snapshot> snapshots_;  // by lower-case name
};

}  // namespace kc::local
