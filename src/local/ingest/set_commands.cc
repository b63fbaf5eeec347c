// .set, .append, .set-or-append and .set-or-replace: ingestion from a query.
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "local/commands/schema_access.h"
#include "local/ingest/commands.h"
#include "local/ingest/loader.h"
#include "local/ingest/publish.h"
#include "local/ingest/query_columns.h"
#include "local/ingest/table_loader.h"
#include "local/ingest/update_policies.h"
#include "local/operations/operations.h"
#include "local/operations/queries.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

enum class SetMode { kSet, kAppend, kSetOrAppend, kSetOrReplace };

struct SetJob : QueryJob {
  using QueryJob::QueryJob;
  SetMode mode = SetMode::kSet;
  std::string table;
  std::optional<ValueTable> rows;  // of a .show command, instead of a query
  IngestProperties properties;
};

tl::unexpected<Error> BadSchema(const std::vector<ColumnSchema>& query, const TableMeta& table) {
  std::vector<ColumnSchema> columns;
  for (const Column& column : table.columns) columns.push_back({column.name, column.type});
  return Stop("Query schema does not match table schema. QuerySchema=('" + SchemaText(query) +
                  "'), TableSchema=('" + SchemaText(columns) + "').",
              "BadRequest_QuerySchemaDoesNotMatchTableSchema");
}

Status CheckNames(const std::vector<ColumnSchema>& columns) {
  KC_TRY(CheckColumns(columns));
  for (const ColumnSchema& column : columns) {
    if (column.name.find('$') != std::string::npos) {
      return Stop("Column name '" + column.name + "' is not valid: it has a '$'",
                  "BadRequest_EntityNameIsNotValid");
    }
  }
  return {};
}

// What the table is to be, given the query's columns; `changed` if that differs from what it is.
Result<TableMeta> DecideTable(const SetJob& job, const IngestTarget& target,
                              const std::vector<ColumnSchema>& columns, bool* changed) {
  const IngestProperties& p = job.properties;
  if (columns.empty()) return Stop("The query gives no columns", "General_BadRequest");
  *changed = true;
  TableMeta meta;
  if (target.table == nullptr) {
    KC_TRY(CheckEntityName("Table", job.table));
    KC_TRY(CheckNames(columns));
    meta = NewTable(target.database->NewGuid(), job.table, columns);
    meta.folder = p.folder.value_or("");
    meta.docstring = p.docstring.value_or("");
    if (p.ingestion_time_policy && !*p.ingestion_time_policy) meta.policies.erase("ingestiontime");
    return meta;
  }
  meta = target.meta();
  const bool recreate = p.recreate_schema && job.mode == SetMode::kSetOrReplace;
  if (recreate) {
    KC_TRY(CheckNames(columns));
    meta.columns.clear();
    for (const ColumnSchema& column : columns) meta.AddColumn(column.name, column.type);
    return meta;
  }
  const bool extend = p.extend_schema && columns.size() > meta.columns.size();
  if (columns.size() != meta.columns.size() && !extend) return BadSchema(columns, meta);
  for (size_t i = 0; i < meta.columns.size(); ++i) {
    if (columns[i].type != meta.columns[i].type) return BadSchema(columns, meta);
  }
  KC_TRY(extend ? CheckNames(columns) : Status());
  for (size_t i = meta.columns.size(); i < columns.size(); ++i) {
    if (meta.FindColumn(columns[i].name) != nullptr) return BadSchema(columns, meta);
    meta.AddColumn(columns[i].name, columns[i].type);
  }
  *changed = extend;
  return meta;
}

Result<IngestTarget> OpenTarget(const SetJob& job) {
  IngestTarget target;
  KC_ASSIGN(target.database, job.cluster->FindDatabase(job.request.database));
  target.state = target.database->state();
  target.table = target.state->FindTable(job.table);
  if (target.table != nullptr && job.mode == SetMode::kSet) {
    return Stop("Entity ID '" + job.table + "' of kind 'Table' already exists.",
                "BadRequest_EntityAlreadyExists");
  }
  if (target.table == nullptr && job.mode == SetMode::kAppend) {
    return Stop("Entity ID '" + job.table + "' of kind 'Table' was not found.",
                "BadRequest_EntityNotFound");
  }
  return target;
}

CommandResult SetResult(const Publication& publication, const Published& published) {
  std::vector<std::vector<Value>> rows;
  for (size_t i = 0; i < published.extent_ids.size(); ++i) {
    const ExtentFile& file = *publication.files[i];
    rows.push_back({published.extent_ids[i], file.original_bytes, file.bytes,
                    file.bytes - file.index_bytes, file.index_bytes, file.rows});
  }
  if (rows.empty()) {
    const int64_t none = 0;
    rows.push_back({std::string(kZeroGuid), none, none, none, none, none});
  }
  return OneTable({{"ExtentId", ScalarType::kGuid},
                   {"OriginalSize", ScalarType::kLong},
                   {"ExtentSize", ScalarType::kLong},
                   {"CompressedSize", ScalarType::kLong},
                   {"IndexSize", ScalarType::kLong},
                   {"RowCount", ScalarType::kLong}},
                  std::move(rows));
}

// The rows as files, and what the table must be for them.
Result<TableMeta> WriteRows(const SetJob& job, IngestTarget& target, OperationContext& context,
                            bool* changed, std::vector<ExtentFilePtr>* files) {
  auto as_target = [&](TableMeta meta) {
    auto table = std::make_shared<Table>();
    table->meta = std::make_shared<const TableMeta>(std::move(meta));
    IngestTarget shaped = target;
    shaped.table = table;
    return shaped;
  };
  if (job.rows) {
    KC_ASSIGN(TableMeta meta, DecideTable(job, target, job.rows->columns, changed));
    KC_ASSIGN(*files, LoadTable(*job.cluster, as_target(meta), *job.rows));
    return meta;
  }
  KC_ASSIGN(PreparedQuery query, job.Prepare(context.cancel));
  KC_ASSIGN(TableMeta meta, DecideTable(job, target, query.select.columns, changed));
  ExtentWriteRequest write;
  write.select = SelectForTable(query.select.sql, meta.columns, as_target(meta).Columns());
  write.columns = meta.columns;
  write.max_rows_per_file = kMaxExtentRows;
  InterruptOnCancel interrupt(context.cancel, *query.select.connection);
  KC_ASSIGN(*files, WriteExtents(*query.select.connection, target.database->extents(), write));
  return meta;
}

// Update policies read the table's committed columns: where there are any, a new or changed table
// is committed before its rows are.
Status PutTableFirst(const SetJob& job, Publication& publication) {
  if (!publication.put_table || DerivedTables(*publication.database->state(), job.table).empty()) {
    return {};
  }
  Publication table;
  table.database = publication.database;
  table.table_id = publication.table_id;
  table.must_not_exist = publication.must_not_exist;
  table.base_columns = publication.base_columns;
  table.put_table = std::exchange(publication.put_table, std::nullopt);
  table.event = "CREATE-TABLE";
  KC_TRY(Publish(table));
  publication.must_not_exist = false;
  return {};
}

Result<OperationOutcome> RunSet(const SetJob& job, OperationContext& context) {
  KC_ASSIGN(IngestTarget target, OpenTarget(job));
  Publication publication;
  publication.database = target.database;
  publication.tags = job.properties.tags;
  publication.creation_ticks = job.properties.creation_ticks;
  publication.ingest_if_not_exists = job.properties.ingest_if_not_exists;
  Published published;
  if (target.table != nullptr) {
    publication.base_columns = target.meta().columns;
    KC_TRY(CheckCreationTime(*target.state, target.meta(), publication.creation_ticks,
                             job.operations->clock().NowTicks()));
    published.skipped = AlreadyIngested(*target.table, publication.ingest_if_not_exists);
  }
  if (!published.skipped) {
    bool changed = false;
    KC_ASSIGN(TableMeta meta, WriteRows(job, target, context, &changed, &publication.files));
    publication.table_id = meta.id;
    publication.must_not_exist = job.mode == SetMode::kSet;
    publication.replace_all = job.mode == SetMode::kSetOrReplace;
    if (publication.replace_all) {
      publication.replaced_derived = DerivedTables(*target.state, job.table);
    }
    if (changed) publication.put_table = std::move(meta);
    KC_TRY(PutTableFirst(job, publication));
    KC_ASSIGN(publication.derived,
              DeriveRows(*job.cluster, *job.operations, job.request, context, publication));
    KC_ASSIGN(published, Publish(publication));
  }
  OperationOutcome outcome;
  outcome.result = SetResult(publication, published);
  outcome.state = published.skipped ? OperationState::kSkipped : OperationState::kCompleted;
  return outcome;
}

Result<CommandResult> Set(SetMode mode, std::string_view kind, const Command& command,
                          CommandContext& context) {
  auto job = std::make_shared<SetJob>(std::string(kind), Resource::kIngestions, command, context);
  job->mode = mode;
  job->table = command.Text("table");
  KC_ASSIGN(job->properties, ReadIngestProperties(command));
  job->request.cancellable = true;
  job->request.persist_details = job->properties.persist_details || command.Has("async");
  if (IsCommandText(job->query)) {
    KC_ASSIGN(job->rows, context.run(job->query));
  }
  KC_TRY(OpenTarget(*job));
  auto work = [job](OperationContext& operation) { return RunSet(*job, operation); };
  return StartOrRun(command, context, job->request, work);
}

}  // namespace

void RegisterIngestFromQueryCommands(CommandRegistry& registry) {
  struct Verb {
    SetMode mode;
    std::string kind;
    std::string word;
  };
  for (const Verb& verb :
       {Verb{SetMode::kSet, "TableSet", ".set"}, Verb{SetMode::kAppend, "TableAppend", ".append"},
        Verb{SetMode::kSetOrAppend, "TableSetOrAppend", ".set-or-append"},
        Verb{SetMode::kSetOrReplace, "TableSetOrReplace", ".set-or-replace"}}) {
    registry.Add(
        {verb.kind, verb.word + " [async] <table:name> [<with:with>] <| <query:rest>",
         CommandEffect::kWritesDatabase,
         [mode = verb.mode, kind = verb.kind](const Command& command, CommandContext& context) {
           return Set(mode, kind, command, context);
         }});
  }
}

}  // namespace kc::local
