// .merge: several extents of a table become one.
#include <memory>
#include <utility>

#include "base/ticks.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "local/background/merge.h"
#include "local/catalog/cluster.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

struct MergeJob {
  DatabasePtr database;
  engine::Database* duck = nullptr;
  world::Clock* clock = nullptr;
  std::string table_id;
  std::vector<std::string> ids;
  OperationRequest request;
};

Result<OperationOutcome> RunMerge(const MergeJob& job, world::CancelToken& cancel) {
  const world::Duration started = job.clock->Monotonic();
  auto merged = MergeExtents(*job.duck, *job.database, job.table_id, job.ids, &cancel);
  if (!merged) {
    Error error = std::move(merged).error();
    if (error.reason == "ExtentNotFound") error.reason = "BadRequest_EntityNotFound";
    return Fail(std::move(error));
  }
  const int64_t duration = (job.clock->Monotonic() - started).count() / 100;
  std::vector<std::vector<Value>> rows;
  for (const std::string& id : job.ids) rows.push_back({id, (*merged)->id, duration});
  OperationOutcome outcome;
  outcome.result = OneTable({{"OriginalExtentId", ScalarType::kString},
                             {"ResultExtentId", ScalarType::kString},
                             {"Duration", ScalarType::kTimeSpan}},
                            std::move(rows));
  return outcome;
}

Result<CommandResult> Merge(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"rebuild"}));
  // Both kinds write the rows again here; the property is only checked.
  KC_TRY(command.BoolProperty("rebuild", false));
  auto job = std::make_shared<MergeJob>();
  KC_ASSIGN(NamedTable named, FindNamedTable(command, "table", context));
  job->database = named.database;
  job->duck = &context.cluster.engine()->database();
  job->clock = context.cluster.world().clock;
  job->table_id = named.table->id();
  job->ids = command.List("ids");
  job->request = MakeOperation(command.kind, Resource::kExtentsMerge, context);
  job->request.persist_details = true;
  auto work = [job](OperationContext& running) { return RunMerge(*job, running.cancel); };
  return StartOrRun(command, context, job->request, work);
}

}  // namespace

void RegisterMergeExtentsCommands(CommandRegistry& registry) {
  registry.Add({"ExtentsMerge", ".merge [async] <table:table> ( <ids:guids> ) [<with:with>]",
                CommandEffect::kWritesDatabase, Merge});
}

}  // namespace kc::local
