#include "local/ingest/ingest_job.h"

#include <utility>

#include "base/text.h"
#include "local/ingest/loader.h"
#include "local/ingest/publish.h"
#include "local/ingest/update_policies.h"

namespace kc::local {
namespace {

constexpr std::string_view kIngestedStatus =
    "Extent(s) created; metadata updated; cluster map updated";

// Failures of ingestion stay visible in `.show ingestion failures`.
void LogFailure(const IngestJob& job, const OperationContext& context, const std::string& path,
                const Error& error) {
  IngestionFailure failure = FailureOf(job.request, context.id, error);
  failure.table = job.table;
  failure.source_path = path;
  failure.operation_kind = job.request.kind;
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
  auto take = [&](const std::string& path, Result<std::vector<ExtentFilePtr>> loaded) -> Status {
    if (!loaded) {
      LogFailure(job, context, path, loaded.error());
      return Fail(std::move(loaded).error());
    }
    items->push_back({path, loaded->size()});
    for (ExtentFilePtr& file : *loaded) files.push_back(std::move(file));
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

}  // namespace

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

}  // namespace kc::local
