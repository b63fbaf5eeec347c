// .export [async] [compressed] to format (storage, …) with (…) <| query
#include <utility>

#include "local/export/commands.h"
#include "local/export/exporter.h"
#include "local/ingest/storage.h"
#include "local/operations/operations.h"

namespace kc::local {
namespace {

struct ExportJob : QueryJob {
  using QueryJob::QueryJob;
  ExportProperties properties;
  std::vector<azure::StorageUrl> roots;
};

CommandResult ArtifactsResult(const std::vector<Artifact>& artifacts) {
  std::vector<std::vector<Value>> rows;
  for (const Artifact& artifact : artifacts) {
    rows.push_back({artifact.path, artifact.rows, artifact.bytes});
  }
  return OneTable({{"Path", ScalarType::kString},
                   {"NumRecords", ScalarType::kLong},
                   {"SizeInBytes", ScalarType::kLong}},
                  std::move(rows));
}

Result<OperationOutcome> RunExport(const ExportJob& job, OperationContext& context) {
  KC_ASSIGN(PreparedQuery query, job.Prepare(context.cancel));
  ExportTask task{job.cluster, &job.properties, job.roots, &query, &context.cancel};
  KC_ASSIGN(auto artifacts, job.properties.format == ExportFormat::kParquet ? ExportParquet(task)
                                                                            : ExportText(task));
  OperationOutcome outcome;
  outcome.result = ArtifactsResult(artifacts);
  return outcome;
}

Result<CommandResult> Export(const Command& command, CommandContext& context) {
  auto job = std::make_shared<ExportJob>("DataExport", Resource::kDataExport, command, context);
  KC_ASSIGN(job->properties, ReadExportProperties(command));
  job->request.persist_details = job->properties.persist_details;
  for (const std::string& root : command.List("roots")) {
    KC_ASSIGN(auto url, ParseStorage(root));
    job->roots.push_back(std::move(url));
  }
  if (job->roots.empty()) return Stop("No storage is given", "BadRequest_SyntaxError");
  if (IsCommandText(job->query)) {
    return Stop("Only queries can be exported here, no commands", "BadRequest_SyntaxError");
  }
  auto work = [job](OperationContext& operation) { return RunExport(*job, operation); };
  return StartOrRun(command, context, job->request, work);
}

}  // namespace

void RegisterExportCommands(CommandRegistry& registry) {
  registry.Add({"DataExport",
                ".export [async] [compressed] to {format=csv|tsv|json|parquet} ( <roots:strings> ) "
                "[<with:with>] <| <query:rest>",
                CommandEffect::kReadsToStorage, Export});
}

}  // namespace kc::local
