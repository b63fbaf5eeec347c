// .move extents and .replace extents.
#include <set>
#include <utility>

#include "base/text.h"
#include "local/catalog/cluster.h"
#include "local/commands/scanner.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"
#include "local/ingest/update_policies.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

// Extents of one source table.
struct Source {
  std::string table_id;
  std::vector<ExtentMove> moves;
};

struct MoveJob {
  Cluster* cluster = nullptr;
  Operations* operations = nullptr;
  OperationRequest request;
  DatabasePtr database;
  std::string target_id;
  std::vector<Source> sources;
  std::vector<std::string> drops;  // of the target (.replace)
  bool new_ingestion_time = false;
  std::string event;
};

CommandResult MovedResult(const MoveJob& job) {
  std::vector<std::vector<Value>> rows;
  for (const std::string& id : job.drops) rows.push_back({id, std::string(), std::string()});
  for (const Source& source : job.sources) {
    for (const ExtentMove& move : source.moves) {
      rows.push_back({move.old_id, move.new_id, std::string()});
    }
  }
  return OneTable({{"OriginalExtentId", ScalarType::kString},
                   {"ResultExtentId", ScalarType::kString},
                   {"Details", ScalarType::kString}},
                  std::move(rows));
}

// Drops and moves, all or none.
Status Apply(const MoveJob& job, TransactionBuilder& transaction) {
  if (!job.drops.empty()) KC_TRY(transaction.RemoveExtents(job.target_id, job.drops));
  for (const Source& source : job.sources) {
    KC_TRY(transaction.MoveExtents(source.table_id, job.target_id, source.moves,
                                   job.new_ingestion_time));
  }
  return {};
}

// What update policies on the target make of the extents that come in.
Result<std::vector<DerivedData>> Derive(const MoveJob& job, OperationContext& context) {
  StatePtr state = job.database->state();
  TablePtr target = state->FindTableById(job.target_id);
  if (target == nullptr || DerivedTables(*state, target->name()).empty()) {
    return std::vector<DerivedData>{};
  }
  // The move is tried on a copy of the state to see the extents as the target will.
  TransactionBuilder trial(*state, job.database->NowTicks());
  KC_TRY(Apply(job, trial));
  std::vector<ExtentPtr> extents;
  TablePtr moved = trial.state().FindTableById(job.target_id);
  for (const Source& source : job.sources) {
    for (const ExtentMove& move : source.moves) extents.push_back(moved->FindExtent(move.new_id));
  }
  return DeriveFrom(*job.cluster, *job.operations, job.request, context, job.database,
                    job.target_id, extents);
}

Result<OperationOutcome> RunMove(const MoveJob& job, OperationContext& context) {
  KC_ASSIGN(std::vector<DerivedData> derived, Derive(job, context));
  auto change = [&](const DatabaseState& state, TransactionBuilder& transaction) -> Status {
    KC_TRY(Apply(job, transaction));
    for (const DerivedData& data : derived) {
      std::vector<NewExtent> extents;
      for (const ExtentFilePtr& file : data.files) {
        NewExtent extent;
        extent.id = job.database->NewGuid();
        extent.file = file;
        extents.push_back(std::move(extent));
      }
      KC_TRY(transaction.AddExtents(data.table_id, std::move(extents)));
    }
    TablePtr target = state.FindTableById(job.target_id);
    transaction.SetEvent(job.event, target != nullptr ? target->name() : "");
    return {};
  };
  KC_TRY(job.database->Commit(change));
  OperationOutcome outcome;
  outcome.result = MovedResult(job);
  return outcome;
}

Result<CommandResult> StartMove(std::shared_ptr<MoveJob> job, const Command& command,
                                CommandContext& context) {
  auto work = [job](OperationContext& operation) { return RunMove(*job, operation); };
  return StartOrRun(command, context, job->request, work);
}

Result<std::shared_ptr<MoveJob>> MakeJob(const std::string& kind, const std::string& event,
                                         const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties(
      {"setNewIngestionTime", "extentCreatedOnFrom", "extentCreatedOnTo"}));
  KC_ASSIGN(NamedTable target, FindNamedTable(command, "target", context));
  auto job = std::make_shared<MoveJob>();
  job->cluster = &context.cluster;
  job->operations = context.operations;
  job->request = MakeOperation(kind, Resource::kOther, context);
  job->request.persist_details = true;
  job->database = target.database;
  job->target_id = target.table->id();
  job->event = event;
  KC_ASSIGN(job->new_ingestion_time, command.BoolProperty("setNewIngestionTime", false));
  return job;
}

Status SameDatabase(const NamedTable& source, const MoveJob& job) {
  if (source.database == job.database) return {};
  return Stop("Extents can be moved only within a database", "BadRequest_EntityNotFound");
}

// Adds the extents that a query named to the sources, by table.
Status AddQueried(const std::vector<QueriedExtent>& queried, MoveJob* job) {
  StatePtr state = job->database->state();
  std::map<std::string, size_t> by_table;
  for (const QueriedExtent& extent : queried) {
    if (extent.table.empty()) {
      return Stop("The query must give the columns ExtentId and TableName",
                  "BadRequest_QuerySchema");
    }
    auto [it, fresh] = by_table.try_emplace(extent.table, job->sources.size());
    if (fresh) {
      KC_ASSIGN(TablePtr table, RequireTable(*state, extent.table));
      job->sources.push_back({table->id(), {}});
    }
    job->sources[it->second].moves.push_back({extent.id, job->database->NewGuid()});
  }
  return {};
}

Result<CommandResult> MoveFromTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(auto job, MakeJob("ExtentsMove", "MOVE-EXTENTS", command, context));
  KC_ASSIGN(NamedTable source, FindNamedTable(command, "source", context));
  KC_TRY(SameDatabase(source, *job));
  KC_ASSIGN(CreatedRange range, ReadCreatedRange(command));
  Source from{source.table->id(), {}};
  if (!command.Has("ids")) {
    for (const auto& [ordinal, extent] : source.table->extents) {
      if (range.Holds(*extent)) from.moves.push_back({extent->id, job->database->NewGuid()});
    }
  } else {
    std::set<std::string> seen;
    for (const std::string& id : command.List("ids")) {
      if (!seen.insert(id).second) continue;
      ExtentPtr extent = source.table->FindExtent(id);
      if (extent != nullptr && !range.Holds(*extent)) continue;
      from.moves.push_back({id, job->database->NewGuid()});
    }
  }
  if (!from.moves.empty()) job->sources.push_back(std::move(from));
  return StartMove(job, command, context);
}

Result<CommandResult> MoveByQuery(const Command& command, CommandContext& context) {
  KC_ASSIGN(auto job, MakeJob("ExtentsMove", "MOVE-EXTENTS", command, context));
  KC_ASSIGN(auto queried, QueryExtents(command.Text("query"), context));
  KC_TRY(AddQueried(queried, job.get()));
  return StartMove(job, command, context);
}

// "{…}" without its braces.
Result<std::string> Braced(Scanner& scanner) {
  auto text = scanner.Balanced('{', '}');
  if (!text) {
    return Stop(".replace extents needs two queries in braces: { … }, { … }",
                "BadRequest_SyntaxError");
  }
  return std::string(text->substr(1, text->size() - 2));
}

Result<CommandResult> Replace(const Command& command, CommandContext& context) {
  KC_ASSIGN(auto job, MakeJob("ExtentsReplace", "REPLACE-EXTENTS", command, context));
  Scanner scanner(command.Text("queries"));
  scanner.SkipBlank();
  KC_ASSIGN(std::string drop, Braced(scanner));
  scanner.SkipBlank();
  if (!scanner.Mark(",")) {
    return Stop("Expected a comma between the queries of .replace extents",
                "BadRequest_SyntaxError");
  }
  scanner.SkipBlank();
  KC_ASSIGN(std::string move, Braced(scanner));
  KC_ASSIGN(auto dropped, QueryExtents(drop, context));
  for (const QueriedExtent& extent : dropped) job->drops.push_back(extent.id);
  KC_ASSIGN(auto moved, QueryExtents(move, context));
  KC_TRY(AddQueried(moved, job.get()));
  return StartMove(job, command, context);
}

}  // namespace

void RegisterMoveExtentsCommands(CommandRegistry& registry) {
  const auto effect = CommandEffect::kWritesDatabase;
  const std::string tables = "from table <source:table> to table <target:table> ";
  registry.Add({"MoveExtentsFrom", ".move [async] extents all " + tables + "[<with:with>]", effect,
                MoveFromTable});
  registry.Add({"MoveExtentsFrom",
                ".move [async] extents " + tables + "[<with:with>] ( <ids:guids> )", effect,
                MoveFromTable});
  registry.Add({"MoveExtentsFrom",
                ".move [async] extents " + tables + "( <ids:guids> ) <with:with>", effect,
                MoveFromTable});
  registry.Add({"MoveExtentsQuery",
                ".move [async] extents to table <target:table> [<with:with>] <| <query:rest>",
                effect, MoveByQuery});
  registry.Add({"ReplaceExtents",
                ".replace [async] extents in table <target:table> [<with:with>] <| <queries:rest>",
                effect, Replace});
}

}  // namespace kc::local
