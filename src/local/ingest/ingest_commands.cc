// .ingest into and .ingest inline.
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "local/ingest/commands.h"
#include "local/ingest/loader.h"
#include "local/ingest/publish.h"
#include "local/ingest/storage.h"
#include "local/ingest/update_policies.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

constexpr std::string_view kIngestedStatus =
    "Extent(s) created; metadata updated; cluster map updated";

struct IngestJob {
  Cluster* cluster = nullptr;
  Operations* operations = nullptr;
  OperationRequest request;
  std::string table;
  std::vector<azure::StorageUrl> sources;
  std::string inline_data;  // when there are no sources
  IngestProperties properties;
};

// Failures of ingestion stay visible in `.show ingestion failures`.
void LogFailure(const IngestJob& job, const OperationContext& context, const std::string& path,
                const Error& error) {
  IngestionFailure failure;
  failure.operation_id = context.id;
  failure.database = job.request.database;
  failure.table = job.table;
  failure.source_path = path;
  failure.details = error.message;
  failure.permanent = error.code == ErrorCode::kStop;
  failure.root_activity_id = job.request.activity_id;
  failure.operation_kind = job.request.kind;
  failure.error_code = error.reason;
  failure.principal = job.request.principal;
  failure.user = job.request.user;
  job.operations->AddFailure(std::move(failure));
}

struct LoadedItem {
  std::string path;
  size_t files = 0;
};

// All sources or none: what was written before an error is let go of.
Result<std::vector<ExtentFilePtr>> LoadAll(const IngestJob& job, const IngestTarget& target,
                                           OperationContext& context,
                                           std::vector<LoadedItem>* items) {
  LoadRequest request;
  request.target = &target;
  request.properties = &job.properties;
  request.cancel = &context.cancel;
  std::vector<ExtentFilePtr> files;
  auto take = [&](const std::string& path, Result<LoadedFiles> loaded) -> Status {
    if (!loaded) {
      LogFailure(job, context, path, loaded.error());
      return Fail(std::move(loaded).error());
    }
    items->push_back({path, loaded->files.size()});
    for (ExtentFilePtr& file : loaded->files) files.push_back(std::move(file));
    return {};
  };
  for (const azure::StorageUrl& url : job.sources) {
    if (context.cancel.cancelled()) return Stop("The operation was cancelled", "Cancelled");
    request.format = job.properties.format.value_or(FormatOfPath(url.path));
    KC_TRY(take(url.UrlOf(""), LoadFrom(*job.cluster, request, url)));
  }
  if (job.sources.empty()) {
    request.format = job.properties.format.value_or(DataFormat::kCsv);
    if (request.format == DataFormat::kParquet) {
      return Stop("Parquet cannot be given inline", "BadRequest_FormatNotSupported");
    }
    KC_TRY(
        take("inline", LoadBytes(*job.cluster, request, MemoryBytes(job.inline_data), "inline")));
  }
  return files;
}

CommandResult IngestResult(const std::vector<LoadedItem>& items, const Published& published,
                           const std::string& operation_id, int64_t duration_ticks) {
  std::vector<std::vector<Value>> rows;
  size_t next = 0;
  for (const LoadedItem& item : items) {
    for (size_t i = 0; i < item.files && next < published.extent_ids.size(); ++i) {
      rows.push_back(
          {published.extent_ids[next++], item.path, duration_ticks, false, operation_id});
    }
  }
  if (rows.empty()) {
    rows.push_back({std::string(kZeroGuid), items.empty() ? "" : items.front().path, duration_ticks,
                    false, operation_id});
  }
  return OneTable({{"ExtentId", ScalarType::kGuid},
                   {"ItemLoaded", ScalarType::kString},
                   {"Duration", ScalarType::kTimeSpan},
                   {"HasErrors", ScalarType::kBool},
                   {"OperationId", ScalarType::kGuid}},
                  std::move(rows));
}

Result<OperationOutcome> RunIngest(const IngestJob& job, OperationContext& context) {
  int64_t started = job.operations->clock().NowTicks();
  KC_ASSIGN(IngestTarget target, FindTarget(*job.cluster, job.request.database, job.table));
  KC_TRY(CheckCreationTime(*target.state, target.meta(), job.properties.creation_ticks, started));
  Publication publication;
  publication.database = target.database;
  publication.table_id = target.table->id();
  publication.tags = job.properties.tags;
  publication.creation_ticks = job.properties.creation_ticks;
  publication.ingest_if_not_exists = job.properties.ingest_if_not_exists;
  std::vector<LoadedItem> items;
  Published published;
  if (AlreadyIngested(*target.table, publication.ingest_if_not_exists)) {
    published.skipped = true;
  } else {
    KC_ASSIGN(publication.files, LoadAll(job, target, context, &items));
    KC_ASSIGN(publication.derived,
              DeriveRows(*job.cluster, *job.operations, job.request, context, publication));
    KC_ASSIGN(published, Publish(publication));
  }
  OperationOutcome outcome;
  int64_t duration = job.operations->clock().NowTicks() - started;
  outcome.result = IngestResult(items, published, context.id, duration);
  outcome.state = published.skipped ? OperationState::kSkipped : OperationState::kCompleted;
  outcome.status = published.skipped ? "An extent tagged by ingestIfNotExists is there already"
                                     : std::string(kIngestedStatus);
  return outcome;
}

// Looks at what can be seen to be wrong before anything is started.
Status CheckEarly(const IngestJob& job) {
  KC_ASSIGN(IngestTarget target, FindTarget(*job.cluster, job.request.database, job.table));
  if (job.properties.extend_schema || job.properties.recreate_schema) {
    return Stop("extend_schema and recreate_schema are not supported with .ingest",
                "BadRequest_MalformedIngestionProperty");
  }
  DataFormat format = job.properties.format.value_or(
      job.sources.empty() ? DataFormat::kCsv : FormatOfPath(job.sources.front().path));
  KC_TRY(FindMapping(target, job.properties, format));
  return {};
}

Result<CommandResult> Ingest(const Command& command, CommandContext& context) {
  auto job = std::make_shared<IngestJob>();
  job->cluster = &context.cluster;
  job->operations = context.operations;
  job->request = MakeOperation("DataIngestPull", Resource::kIngestions, context);
  if (!command.Database("table").empty()) job->request.database = command.Database("table");
  job->table = command.Text("table");
  KC_ASSIGN(job->properties, ReadIngestProperties(command));
  job->request.persist_details = command.Has("async") || job->properties.persist_details;
  for (const std::string& source : command.List("sources")) {
    KC_ASSIGN(auto url, ParseStorage(source));
    job->sources.push_back(std::move(url));
  }
  if (job->sources.empty()) return Stop("No source is given", "BadRequest_SyntaxError");
  KC_TRY(CheckEarly(*job));
  auto work = [job](OperationContext& operation) { return RunIngest(*job, operation); };
  if (command.Has("async")) return context.operations->Start(job->request, work);
  return context.operations->Run(job->request, work, context.cancel.get());
}

// "[1,a][2,b]" without the first bracket → "1,a\n2,b".
Result<std::string> BracketRows(std::string_view text) {
  std::string rows;
  bool quoted = false;
  bool open = true;
  for (char c : text) {
    if (!open) {
      if (c == '[')
        open = true;
      else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        return Stop("Rows of inline data stand in brackets", "BadRequest_SyntaxError");
      }
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (c == ']' && !quoted) {
      rows += '\n';
      open = false;
    } else {
      rows += c;
    }
  }
  if (open) return Stop("A row of inline data is not closed by ']'", "BadRequest_SyntaxError");
  return rows;
}

Result<CommandResult> IngestInline(const Command& command, CommandContext& context) {
  IngestJob job;
  job.cluster = &context.cluster;
  job.operations = context.operations;
  job.request = MakeOperation("DataIngestInline", Resource::kIngestions, context);
  if (!command.Database("table").empty()) job.request.database = command.Database("table");
  job.table = command.Text("table");
  KC_ASSIGN(job.properties, ReadIngestProperties(command));
  job.inline_data = command.Text("data");
  if (command.Has("rows")) {
    KC_ASSIGN(job.inline_data, BracketRows(command.Text("rows")));
  }
  KC_TRY(CheckEarly(job));
  auto work = [&job](OperationContext& operation) { return RunIngest(job, operation); };
  KC_ASSIGN(auto result, context.operations->Run(job.request, work, context.cancel.get()));
  // Only the ids are shown.
  ValueTable& table = result.tables.front();
  table.columns.resize(1);
  for (auto& row : table.rows) row.resize(1);
  return result;
}

}  // namespace

void RegisterIngestCommands(CommandRegistry& registry) {
  const auto effect = CommandEffect::kWritesDatabase;
  registry.Add({"DataIngestInline",
                ".ingest inline into [table] <table:table> [<with:with>] <| "
                "<data:rest>",
                effect, IngestInline});
  registry.Add({"DataIngestInline",
                ".ingest inline into [table] <table:table> [<with:with>] \\[ "
                "<rows:rest>",
                effect, IngestInline});
  registry.Add({"DataIngestPull",
                ".ingest [async] into [table] <table:table> ( <sources:strings> ) "
                "[<with:with>]",
                effect, Ingest});
  registry.Add({"DataIngestPull",
                ".ingest [async] into [table] <table:table> <sources:strings> "
                "[<with:with>]",
                effect, Ingest});
}

}  // namespace kc::local
