#include "local/ingest/streaming.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "local/ingest/ingest_job.h"
#include "local/ingest/storage.h"
#include "local/ingest/target.h"

namespace kc::local {
namespace {

bool PolicyEnabled(const IngestTarget& target) {
  auto text = EffectivePolicy(*target.state, target.meta(), "streamingingestion");
  if (!text) return false;
  auto policy = ParseJson(*text);
  if (!policy || !policy->is_object()) return false;
  auto enabled = policy->find("IsEnabled");
  return enabled != policy->end() && enabled->is_boolean() && enabled->get<bool>();
}

Result<azure::StorageUrl> SourceUri(const std::string& body) {
  auto json = ParseJson(body);
  auto bad = [] {
    return Stop("The body must be {\"sourceUri\":\"…\"}", "BadRequest_InvalidBody");
  };
  if (!json || !json->is_object()) return bad();
  for (const char* name : {"sourceUri", "SourceUri"}) {
    auto uri = json->find(name);
    if (uri != json->end() && uri->is_string()) return ParseStorage(uri->get<std::string>());
  }
  return bad();
}

Result<IngestJob> MakeJob(Cluster& cluster, Operations& operations, const RequestOptions& options,
                          StreamRequest request) {
  IngestJob job;
  job.cluster = &cluster;
  job.operations = &operations;
  job.request.kind = "StreamingIngest";
  job.request.database = std::move(request.database);
  job.request.principal = options.principal;
  job.request.user = options.user;
  job.request.activity_id = options.activity_id;
  job.table = std::move(request.table);
  job.properties.mapping_reference = std::move(request.mapping_name);
  std::string format = request.format.empty() ? "csv" : request.format;
  job.properties.format = ParseDataFormat(format);
  if (!job.properties.format) {
    return Stop("Format '" + format + "' is not supported", "BadRequest_FormatNotSupported");
  }
  if (request.from_uri) {
    KC_ASSIGN(auto url, SourceUri(request.body));
    job.sources.push_back(std::move(url));
  } else {
    job.inline_data = std::move(request.body);
  }
  return job;
}

}  // namespace

Result<ValueTable> StreamIngest(Cluster& cluster, Operations& operations,
                                const RequestOptions& options, StreamRequest request) {
  if (request.body.size() > kMaxStreamBytes) {
    Error error{ErrorCode::kStop, "A streaming request may not exceed 4 MB",
                "BadRequest_StreamingPayloadTooLarge"};
    error.http_status = 413;
    return Fail(std::move(error));
  }
  KC_ASSIGN(IngestTarget target, FindTarget(cluster, request.database, request.table));
  if (!PolicyEnabled(target)) {
    return Stop("Streaming ingestion policy is not enabled for table '" + request.table + "'",
                "BadRequest_StreamingIngestionPolicyNotEnabled");
  }
  KC_ASSIGN(IngestJob job, MakeJob(cluster, operations, options, std::move(request)));
  int64_t rows_before = target.table->rows;
  auto work = [&job](OperationContext& context) { return RunIngest(job, context); };
  KC_TRY(operations.Run(job.request, work, nullptr));
  // Others may have added rows meanwhile: the number only tells that something arrived.
  TablePtr after = target.database->state()->FindTable(job.table);
  int64_t consumed = after != nullptr ? std::max<int64_t>(0, after->rows - rows_before) : 0;
  ValueTable table;
  table.columns = {{"ConsumedRecordsCount", ScalarType::kLong},
                   {"UpdatePolicyStatus", ScalarType::kString},
                   {"UpdatePolicyFailureCode", ScalarType::kString},
                   {"UpdatePolicyFailureReason", ScalarType::kString}};
  table.rows.push_back({consumed, std::string("Inactive"), std::string(), std::string()});
  return table;
}

}  // namespace kc::local
