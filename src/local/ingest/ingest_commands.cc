// .ingest into and .ingest inline.
#include <utility>

#include "base/text.h"
#include "local/ingest/commands.h"
#include "local/ingest/ingest_job.h"
#include "local/ingest/storage.h"
#include "local/ingest/target.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

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
  return StartOrRun(command, context, job->request, work);
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
