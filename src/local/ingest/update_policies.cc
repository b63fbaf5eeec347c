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

// The state in which the source table holds the new rows and nothing else: what a policy's query sees.
Result<StatePtr> StateWithOnly(Database& database, const DatabaseState& base,
                               const std::string& table_id, const std::optional<TableMeta>& meta,
                               const std::vector<ExtentFilePtr>& files) {
  TransactionBuilder builder(base, database.NowTicks());
  if (meta) KC_TRY(builder.PutTable(*meta));
  std::vector<std::string> present;
  if (TablePtr table = builder.state().FindTableById(table_id)) {
    for (const auto& [ordinal, extent] : table->extents) present.push_back(extent->id);
  }
  if (!present.empty()) KC_TRY(builder.RemoveExtents(table_id, present));
  std::vector<NewExtent> extents;
  for (const ExtentFilePtr& file : files) {
    NewExtent extent;
    extent.id = database.NewGuid();
    extent.file = file;
    extents.push_back(std::move(extent));
  }
  KC_TRY(builder.AddExtents(table_id, std::move(extents)));
  return std::make_shared<const DatabaseState>(builder.TakeState());
}

class Cascade {
 public:
  Cascade(Cluster& cluster, Operations& operations, const OperationRequest& request,
          const OperationContext& context, DatabasePtr database)
      : cluster_(cluster), operations_(operations), request_(request), context_(context),
        database_(std::move(database)) {}

  Status Derive(const StatePtr& base, const std::string& table_id,
                const std::optional<TableMeta>& meta, const std::vector<ExtentFilePtr>& files,
                int depth, std::vector<DerivedData>* out) {
    TablePtr table = base->FindTableById(table_id);
    std::string source = meta ? meta->name : table != nullptr ? table->name() : "";
    std::vector<UpdatePolicy> policies = PoliciesOn(*base, source);
    if (policies.empty() || files.empty()) return {};
    if (depth >= kMaxCascade) {
      return Stop("Update policies form a cycle at table '" + source + "'",
                  "UpdatePolicy_Cyclic_Update_Not_Allowed");
    }
    KC_ASSIGN(StatePtr view, StateWithOnly(*database_, *base, table_id, meta, files));
    for (const UpdatePolicy& policy : policies) {
      auto derived = Run(view, policy);
      if (!derived) {
        LogFailure(source, policy, derived.error());
        if (!policy.transactional) continue;
        Error error = std::move(derived).error().Within("Update policy failed");
        error.reason = "UpdatePolicy_FailedDescendantTransaction";
        return Fail(std::move(error));
      }
      if (derived->empty()) continue;
      KC_TRY(Derive(base, policy.table_id, std::nullopt, *derived, depth + 1, out));
      out->push_back({policy.table_id, *std::move(derived), policy.propagate});
    }
    return {};
  }

 private:
  Result<std::vector<ExtentFilePtr>> Run(const StatePtr& view, const UpdatePolicy& policy) {
    TablePtr derived = view->FindTableById(policy.table_id);
    KC_ASSERT(derived != nullptr);
    RequestOptions options;
    options.principal = request_.principal;
    KC_ASSIGN(QuerySession session, operations_.OpenSessionOn(database_, view, options));
    KC_ASSIGN(PreparedQuery query,
              PrepareIn(cluster_, std::move(session), options, policy.query, context_.cancel));
    IngestTarget target;
    target.database = database_;
    target.state = view;
    target.table = derived;
    std::vector<ColumnSchema> schema = target.Schema();
    bool fits = schema.size() == query.select.columns.size();
    for (size_t i = 0; fits && i < schema.size(); ++i) {
      fits = schema[i].type == query.select.columns[i].type;
    }
    if (!fits) {
      return Stop("The query of the update policy of table '" + derived->name() + "' gives (" +
                      query.SchemaText() + "), the table is (" + SchemaText(schema) + ")",
                  "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema");
    }
    ExtentWriteRequest write;
    write.columns = target.meta().columns;
    write.select = SelectForTable(query.select.sql, write.columns, target.Columns());
    write.max_rows_per_file = kMaxExtentRows;
    InterruptOnCancel interrupt(context_.cancel, *query.select.connection);
    return WriteExtents(*query.select.connection, database_->extents(), write);
  }

  void LogFailure(const std::string& source, const UpdatePolicy& policy, const Error& error) {
    IngestionFailure failure;
    failure.operation_id = context_.id;
    failure.database = request_.database;
    TablePtr table = database_->state()->FindTableById(policy.table_id);
    failure.table = table != nullptr ? table->name() : "";
    failure.source_path = source;
    failure.details = error.message;
    failure.permanent = error.code == ErrorCode::kStop;
    failure.root_activity_id = request_.activity_id;
    failure.operation_kind = "UpdatePolicy";
    failure.from_update_policy = true;
    failure.error_code =
        error.reason.starts_with("UpdatePolicy_") ? error.reason : "UpdatePolicy_UnknownError";
    failure.principal = request_.principal;
    failure.user = request_.user;
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
  std::vector<DerivedData> derived;
  Cascade cascade(cluster, operations, request, context, publication.database);
  KC_TRY(cascade.Derive(publication.database->state(), publication.table_id, publication.put_table,
                        publication.files, 0, &derived));
  return derived;
}

std::vector<std::string> DerivedTables(const DatabaseState& state,
                                       const std::string& source_table) {
  std::vector<std::string> ids;
  for (const UpdatePolicy& policy : PoliciesOn(state, source_table)) ids.push_back(policy.table_id);
  return ids;
}

}  // namespace kc::local
