#include "local/ingest/update_policies.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/duck.h"
#include "local/ingest/query_columns.h"
#include "local/ingest/table_loader.h"
#include "local/operations/queries.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

// Policies may feed each other; Kusto refuses cycles, a chain longer than this is taken for one.
constexpr int kMaxCascade = 10;

struct UpdatePolicy {
  std::string table_id;  // of the derived table
  std::string query;
  bool transactional = false;
  bool propagate = false;
};

bool Flag(const Json& policy, std::string_view name) {
  for (auto it = policy.begin(); it != policy.end(); ++it) {
    if (EqualsIgnoreCase(it.key(), name)) return it->is_boolean() && it->get<bool>();
  }
  return false;
}

std::string TextMember(const Json& policy, std::string_view name) {
  for (auto it = policy.begin(); it != policy.end(); ++it) {
    if (EqualsIgnoreCase(it.key(), name) && it->is_string()) return it->get<std::string>();
  }
  return "";
}

bool NamesSource(const Json& policy, const std::string& source) {
  std::string pattern = TextMember(policy, "Source");
  return Flag(policy, "SourceIsWildCard") ? MatchesWildcard(source, pattern) : pattern == source;
}

std::vector<UpdatePolicy> PoliciesOn(const DatabaseState& state, const std::string& source) {
  std::vector<UpdatePolicy> policies;
  for (const auto& [name, table] : state.tables) {
    auto text = table->meta->policies.find("update");
    if (text == table->meta->policies.end()) continue;
    auto json = ParseJson(text->second);
    if (!json || !json->is_array()) continue;
    for (const Json& policy : *json) {
      if (!policy.is_object() || !Flag(policy, "IsEnabled") || !NamesSource(policy, source)) {
        continue;
      }
      policies.push_back({table->id(), TextMember(policy, "Query"), Flag(policy, "IsTransactional"),
                          Flag(policy, "PropagateIngestionProperties")});
    }
  }
  return policies;
}

// The new rows as extents that no transaction knows yet.
std::vector<ExtentPtr> Uncommitted(Database& database, const std::vector<ExtentFilePtr>& files) {
  std::vector<ExtentPtr> extents;
  int64_t now = database.NowTicks();
  for (const ExtentFilePtr& file : files) {
    auto extent = std::make_shared<Extent>();
    extent->id = database.NewGuid();
    extent->file = file;
    extent->min_created_ticks = extent->max_created_ticks = now;
    extent->min_ingested = extent->max_ingested = now;
    extents.push_back(std::move(extent));
  }
  return extents;
}

class Cascade {
 public:
  Cascade(Cluster& cluster, Operations& operations, const OperationRequest& request,
          const OperationContext& context, DatabasePtr database)
      : cluster_(cluster),
        operations_(operations),
        request_(request),
        context_(context),
        database_(std::move(database)) {}

  Status Derive(const std::string& source, const std::vector<ExtentPtr>& extents, int depth,
                std::vector<DerivedData>* out) {
    StatePtr state = database_->state();
    std::vector<UpdatePolicy> policies = PoliciesOn(*state, source);
    if (policies.empty() || extents.empty()) return {};
    if (depth >= kMaxCascade) {
      return Stop("Update policies form a cycle at table '" + source + "'",
                  "UpdatePolicy_Cyclic_Update_Not_Allowed");
    }
    for (const UpdatePolicy& policy : policies) {
      TablePtr table = state->FindTableById(policy.table_id);
      auto derived = Run(source, extents, policy, table);
      if (!derived) {
        LogFailure(source, table->name(), derived.error());
        if (!policy.transactional) continue;
        Error error = std::move(derived).error().Within("Update policy failed");
        error.reason = "UpdatePolicy_FailedDescendantTransaction";
        return Fail(std::move(error));
      }
      if (derived->empty()) continue;
      KC_TRY(Derive(table->name(), Uncommitted(*database_, *derived), depth + 1, out));
      out->push_back({policy.table_id, *std::move(derived), policy.propagate});
    }
    return {};
  }

 private:
  Result<std::vector<ExtentFilePtr>> Run(const std::string& source,
                                         const std::vector<ExtentPtr>& extents,
                                         const UpdatePolicy& policy, const TablePtr& table) {
    QueryScope scope;
    scope.database = database_->name();
    scope.principal = request_.principal;
    scope.only_extents[source] = extents;
    scope.without_row_security = "*";
    QuerySession session;
    KC_ASSIGN(session.catalog, QueryCatalog::Create(cluster_, std::move(scope)));
    KC_ASSIGN(PreparedQuery query,
              PrepareIn(cluster_, std::move(session), {}, policy.query, context_.cancel));
    IngestTarget target;
    target.database = database_;
    target.table = table;
    std::vector<ColumnSchema> schema = target.Schema();
    const std::vector<ColumnSchema>& given = query.select.columns;
    if (!std::equal(schema.begin(), schema.end(), given.begin(), given.end(),
                    [](const auto& a, const auto& b) { return a.type == b.type; })) {
      return Stop("The query of the update policy of table '" + table->name() + "' gives (" +
                      SchemaText(given) + "), the table is (" + SchemaText(schema) + ")",
                  "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema");
    }
    ExtentWriteRequest write;
    write.columns = target.meta().columns;
    write.select = SelectForTable(query.select.sql, write.columns, target.Columns());
    write.max_rows_per_file = kMaxExtentRows;
    InterruptOnCancel interrupt(context_.cancel, *query.select.connection);
    return WriteExtents(*query.select.connection, database_->extents(), write);
  }

  void LogFailure(const std::string& source, const std::string& table, const Error& error) {
    IngestionFailure failure = FailureOf(request_, context_.id, error);
    failure.table = table;
    failure.source_path = source;
    failure.operation_kind = "UpdatePolicy";
    failure.from_update_policy = true;
    if (!error.reason.starts_with("UpdatePolicy_"))
      failure.error_code = "UpdatePolicy_UnknownError";
    operations_.AddFailure(std::move(failure));
    LogWarn("update policy from '{}': {}", source, error.message);
  }

  Cluster& cluster_;
  Operations& operations_;
  const OperationRequest& request_;
  const OperationContext& context_;
  DatabasePtr database_;
};

}  // namespace

Result<std::vector<DerivedData>> DeriveRows(Cluster& cluster, Operations& operations,
                                            const OperationRequest& request,
                                            const OperationContext& context,
                                            const Publication& publication) {
  return DeriveFrom(cluster, operations, request, context, publication.database,
                    publication.table_id, Uncommitted(*publication.database, publication.files));
}

Result<std::vector<DerivedData>> DeriveFrom(Cluster& cluster, Operations& operations,
                                            const OperationRequest& request,
                                            const OperationContext& context,
                                            const DatabasePtr& database,
                                            const std::string& table_id,
                                            const std::vector<ExtentPtr>& extents) {
  std::vector<DerivedData> derived;
  TablePtr table = database->state()->FindTableById(table_id);
  if (table == nullptr) return derived;
  Cascade cascade(cluster, operations, request, context, database);
  KC_TRY(cascade.Derive(table->name(), extents, 0, &derived));
  return derived;
}

std::vector<std::string> DerivedTables(const DatabaseState& state,
                                       const std::string& source_table) {
  std::vector<std::string> ids;
  for (const UpdatePolicy& policy : PoliciesOn(state, source_table)) ids.push_back(policy.table_id);
  return ids;
}

}  // namespace kc::local
