// .delete table … records: rows that a query finds go, the extents that held them are replaced.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "local/catalog/cluster.h"
#include "local/catalog/extent_scan.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"
#include "local/operations/operations.h"
#include "local/operations/queries.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

struct DeleteJob : QueryJob {
  using QueryJob::QueryJob;
  std::string table;
  bool pretend = false;
};

// An extent that holds rows to delete, and what stands in its place; no file: nothing is left.
struct Replaced {
  ExtentPtr extent;
  NewExtent rest;
  int64_t deleted = 0;
};

constexpr const char* kFound = "kc_found";  // temporary table of the rows to delete

// The rows that the query finds, with ingestion time ("t") and extent ("e") as their last columns.
Status FindRows(const TableMeta& table, PreparedQuery& query) {
  std::string columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    columns += fmt::format("o{} AS {}, ", i, FileColumnName(table.columns[i].id));
  }
  const size_t time = table.columns.size();
  if (query.select.columns.size() != time + 2) return Stop("The query isn't one of the table");
  return query.select.connection->Execute(
      fmt::format("CREATE TEMP TABLE {} AS SELECT {}o{} AS {}, CAST(o{} AS VARCHAR) AS e FROM ({})",
                  kFound, columns, time, kRowTimeColumn, time + 1, query.select.sql));
}

Result<Replaced> Rewrite(const TableMeta& table, const ExtentPtr& extent, Database& database,
                         engine::Connection& connection, bool pretend) {
  Replaced out;
  out.extent = extent;
  std::string columns;
  for (const Column& column : table.columns) columns += FileColumnName(column.id) + ", ";
  columns += kRowTimeColumn;
  const std::string here = fmt::format("FROM {} WHERE e = '{}'", kFound, extent->id);
  KC_ASSIGN(const Value count, connection.QueryValue("SELECT count(*) " + here));
  out.deleted = std::get<int64_t>(count);
  if (pretend) return out;
  ExtentWriteRequest write;
  // Rows that are equal in everything are found together or not at all.
  write.select = fmt::format("SELECT {0} FROM ({1}) EXCEPT ALL SELECT {0} {2}", columns,
                             MergeSql(table, {extent}, database.extents()), here);
  write.columns = table.columns;
  write.has_row_times = true;
  KC_ASSIGN(const auto files, WriteExtents(connection, database.extents(), write));
  const int64_t left = files.empty() ? 0 : files[0]->rows;
  if (left != extent->file->rows - out.deleted) {
    return Stop("Rows of extent '" + extent->id + "' can't be told apart: none was deleted",
                "General_InternalServerError");
  }
  if (files.empty()) return out;
  out.rest.id = database.NewGuid();
  out.rest.file = files[0];
  out.rest.created_ticks = extent->max_created_ticks;
  out.rest.min_created_ticks = extent->min_created_ticks;
  out.rest.tags = extent->tags;
  out.rest.keep_times = true;
  out.rest.row_times = extent->row_times;
  out.rest.min_ingested = extent->min_ingested;
  out.rest.max_ingested = extent->max_ingested;
  return out;
}

Status Replace(Database& database, const Table& table, const std::vector<Replaced>& replaced) {
  auto change = [&](const DatabaseState& state, TransactionBuilder& transaction) -> Status {
    const TablePtr now = state.FindTableById(table.id());
    if (now == nullptr || now->meta->columns != table.meta->columns) {
      return Fail(ErrorCode::kRedo, "the table has changed meanwhile: nothing was deleted");
    }
    std::vector<std::string> gone;
    std::vector<NewExtent> rest;
    for (const Replaced& one : replaced) {
      gone.push_back(one.extent->id);
      if (one.rest.file != nullptr) rest.push_back(one.rest);
    }
    KC_TRY(transaction.RemoveExtents(table.id(), gone));
    if (!rest.empty()) KC_TRY(transaction.AddExtents(table.id(), std::move(rest)));
    transaction.SetEvent("DELETE-RECORDS", table.name());
    return {};
  };
  auto done = database.Commit(change);
  if (!done) return Fail(std::move(done).error());
  return {};
}

CommandResult ResultOf(const std::vector<Replaced>& replaced) {
  std::vector<std::vector<Value>> rows;
  for (const Replaced& one : replaced) {
    const std::string id = one.rest.id.empty() ? std::string(kZeroGuid) : one.rest.id;
    rows.push_back({one.extent->id, id, one.deleted});
  }
  return OneTable({{"OriginalExtentId", ScalarType::kGuid},
                   {"ResultExtentId", ScalarType::kGuid},
                   {"RecordsMatchPredicate", ScalarType::kLong}},
                  std::move(rows));
}

Result<OperationOutcome> RunDelete(const DeleteJob& job, OperationContext& context) {
  KC_ASSIGN(const DatabasePtr database, job.cluster->FindDatabase(job.request.database));
  KC_ASSIGN(const TablePtr table, RequireTable(*database->state(), job.table));
  std::string text = job.query + "\n| project ";
  for (const Column& column : table->meta->columns) text += KqlName(column.name) + ", ";
  text += "kc_t = ingestion_time(), kc_e = extent_id()";
  KC_ASSIGN(PreparedQuery query, job.Prepare(text, context.cancel));
  InterruptOnCancel interrupt(context.cancel, *query.select.connection);
  KC_TRY(FindRows(*table->meta, query));
  engine::Connection& connection = *query.select.connection;
  std::vector<std::string> ids;
  {
    KC_ASSIGN(auto found, connection.Query(fmt::format("SELECT DISTINCT e FROM {}", kFound)));
    while (true) {
      KC_ASSIGN(const auto chunk, found.Next());
      if (!chunk) break;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        ids.emplace_back(chunk->column(0).Text(row));
      }
    }
  }
  std::vector<Replaced> replaced;
  for (const std::string& id : ids) {
    const ExtentPtr extent = table->FindExtent(id);
    if (extent == nullptr) {
      return Stop(
          "The query finds rows that are not (or not any more) of table '" + job.table + "'",
          "BadRequest_EntityNotFound");
    }
    KC_ASSIGN(Replaced one, Rewrite(*table->meta, extent, *database, connection, job.pretend));
    replaced.push_back(std::move(one));
  }
  if (!job.pretend && !replaced.empty()) KC_TRY(Replace(*database, *table, replaced));
  OperationOutcome outcome;
  outcome.result = ResultOf(replaced);
  return outcome;
}

Result<CommandResult> Delete(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"whatif"}));
  auto job = std::make_shared<DeleteJob>(command.kind, Resource::kExtentsMerge, command, context);
  job->table = command.Text("table");
  KC_ASSIGN(job->pretend, command.BoolProperty("whatif", false));
  if (ToLowerAscii(job->query).find("where") == std::string::npos) {
    return Stop("The predicate of .delete needs a 'where'", "BadRequest");
  }
  if (!command.Database("table").empty()) {
    return Stop("Name the table without its database", "BadRequest_SyntaxError");
  }
  KC_TRY(FindNamedTable(command, "table", context));
  job->request.persist_details = true;
  auto work = [job](OperationContext& running) { return RunDelete(*job, running); };
  return StartOrRun(command, context, job->request, work);
}

}  // namespace

void RegisterDeleteRecordsCommands(CommandRegistry& registry) {
  registry.Add({"TableDeleteRecords",
                ".delete [async] table <table:table> records [<with:with>] <| <query:rest>",
                CommandEffect::kWritesDatabase, Delete});
}

}  // namespace kc::local
