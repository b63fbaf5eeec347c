// .show operations, .show operation details, .cancel operation, .show capacity, .show ingestion
// failures.
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "local/catalog/cluster.h"
#include "local/commands/activities.h"
#include "local/extents/selection.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

// A guid cell; null where there is none.
Value Guid(const std::string& id) {
  return id.empty() ? Value() : Value(id);
}

CommandResult OperationsResult(const std::vector<OperationRow>& operations, int64_t epoch) {
  std::vector<std::vector<Value>> rows;
  for (const OperationRow& row : operations) {
    rows.push_back({row.id, row.kind, std::string(), row.started_ticks, row.updated_ticks,
                    row.updated_ticks - row.started_ticks, std::string(StateName(row.state)),
                    row.status, row.root_activity_id, row.should_retry, row.database, row.principal,
                    row.user, epoch, std::string()});
  }
  return OneTable({{"OperationId", ScalarType::kGuid},
                   {"Operation", ScalarType::kString},
                   {"NodeId", ScalarType::kString},
                   {"StartedOn", ScalarType::kDateTime},
                   {"LastUpdatedOn", ScalarType::kDateTime},
                   {"Duration", ScalarType::kTimeSpan},
                   {"State", ScalarType::kString},
                   {"Status", ScalarType::kString},
                   {"RootActivityId", ScalarType::kGuid},
                   {"ShouldRetry", ScalarType::kBool},
                   {"Database", ScalarType::kString},
                   {"Principal", ScalarType::kString},
                   {"User", ScalarType::kString},
                   {"AdminEpochStartTime", ScalarType::kDateTime},
                   {"VirtualCluster", ScalarType::kString}},
                  std::move(rows));
}

Result<CommandResult> ShowOperations(const Command& command, CommandContext& context) {
  std::vector<std::string> ids = command.List("ids");
  if (command.Has("id")) ids.push_back(command.Text("id"));
  int64_t epoch = context.cluster.started_ticks();
  if (ids.empty()) return OperationsResult(context.operations->Log(), epoch);
  return OperationsResult(context.operations->Latest(ids), epoch);
}

Result<CommandResult> ShowDetails(const Command& command, CommandContext& context) {
  KC_ASSIGN(ValueTable details, context.operations->Details(command.Text("id")));
  CommandResult result;
  result.tables.push_back(std::move(details));
  return result;
}

Result<CommandResult> CancelOperation(const Command& command, CommandContext& context) {
  KC_ASSIGN(OperationRow row,
            context.operations->Cancel(command.Text("id"), command.Property("reason")));
  return OneTable({{"OperationId", ScalarType::kGuid},
                   {"Operation", ScalarType::kString},
                   {"StartedOn", ScalarType::kDateTime},
                   {"CancellationState", ScalarType::kString},
                   {"ReasonPhrase", ScalarType::kString}},
                  {{row.id, row.kind, row.started_ticks, std::string("Cancelled successfully"),
                    command.Property("reason")}});
}

// "data-export" and "DataExport" are the same to us.
std::string Plain(std::string_view text) {
  return ReplaceAll(ReplaceAll(ToLowerAscii(text), "-", ""), "_", "");
}

Result<CommandResult> ShowCapacity(const Command& command, CommandContext& context) {
  std::vector<std::vector<Value>> rows;
  for (Resource resource : {Resource::kIngestions, Resource::kExtentsMerge, Resource::kDataExport,
                            Resource::kQueries}) {
    Capacity::Usage usage = context.operations->capacity().usage(resource);
    // Queries are counted where they run, not here.
    if (resource == Resource::kQueries && context.activities != nullptr) {
      usage.used = context.activities->running_queries();
    }
    if (command.Has("resource") && Plain(command.Text("resource")) != Plain(usage.name)) continue;
    rows.push_back({std::string(usage.name), usage.total, usage.used, usage.total - usage.used,
                    std::string(usage.origin)});
  }
  if (rows.empty()) {
    return Stop("Unknown capacity '" + command.Text("resource") + "'", "BadRequest_SyntaxError");
  }
  return OneTable({{"Resource", ScalarType::kString},
                   {"Total", ScalarType::kLong},
                   {"Consumed", ScalarType::kLong},
                   {"Remaining", ScalarType::kLong},
                   {"Origin", ScalarType::kString}},
                  std::move(rows));
}

Result<CommandResult> ShowIngestionFailures(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"OperationId"}));
  std::string wanted = command.Property("OperationId");
  if (!wanted.empty()) {
    auto id = NormalizeGuid(Trim(wanted));
    if (!id) return Stop("OperationId is no GUID: '" + wanted + "'", "BadRequest_SyntaxError");
    wanted = *id;
  }
  std::vector<std::vector<Value>> rows;
  for (const IngestionFailure& f : context.operations->Failures()) {
    if (!wanted.empty() && f.operation_id != wanted) continue;
    rows.push_back({Guid(f.operation_id), f.database, f.table, f.failed_ticks, f.source_path,
                    f.details, std::string(f.permanent ? "Permanent" : "Transient"),
                    Guid(f.root_activity_id), f.operation_kind, f.from_update_policy, f.error_code,
                    f.principal, !f.permanent, f.user, f.properties});
  }
  return OneTable({{"OperationId", ScalarType::kGuid},
                   {"Database", ScalarType::kString},
                   {"Table", ScalarType::kString},
                   {"FailedOn", ScalarType::kDateTime},
                   {"IngestionSourcePath", ScalarType::kString},
                   {"Details", ScalarType::kString},
                   {"FailureKind", ScalarType::kString},
                   {"RootActivityId", ScalarType::kGuid},
                   {"OperationKind", ScalarType::kString},
                   {"OriginatesFromUpdatePolicy", ScalarType::kBool},
                   {"ErrorCode", ScalarType::kString},
                   {"Principal", ScalarType::kString},
                   {"ShouldRetry", ScalarType::kBool},
                   {"User", ScalarType::kString},
                   {"IngestionProperties", ScalarType::kString}},
                  std::move(rows));
}

}  // namespace

void RegisterOperationCommands(CommandRegistry& registry) {
  const auto reads = CommandEffect::kReads;
  registry.Add({"ShowOperations", ".show operations", reads, ShowOperations});
  registry.Add({"ShowOperations", ".show operations ( <ids:guids> )", reads, ShowOperations});
  registry.Add(
      {"ShowOperations", ".show {word=operations|operation} <id:guid>", reads, ShowOperations});
  registry.Add({"ShowOperationDetails", ".show operation <id:guid> details", reads, ShowDetails});
  registry.Add({"CancelOperation", ".cancel operation <id:guid> [<with:with>]",
                CommandEffect::kWritesCluster, CancelOperation});
  registry.Add({"ShowCapacity", ".show capacity [<with:with>]", reads, ShowCapacity});
  registry.Add(
      {"ShowCapacity", ".show capacity <resource:literal> [<with:with>]", reads, ShowCapacity});
  registry.Add({"ShowIngestionFailures", ".show ingestion failures [<with:with>]", reads,
                ShowIngestionFailures});
}

}  // namespace kc::local
