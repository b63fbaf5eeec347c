// One ingestion of files, blobs or inline data: what .ingest and the streaming endpoint share.
#pragma once

#include <string>
#include <vector>

#include "azure/storage_url.h"
#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/ingest/properties.h"
#include "local/operations/operations.h"

namespace kc::local {

// A value; cluster and operations must outlive it.
struct IngestJob {
  Cluster* cluster = nullptr;
  Operations* operations = nullptr;
  OperationRequest request;
  std::string table;
  std::vector<azure::StorageUrl> sources;
  std::string inline_data;  // when there are no sources
  IngestProperties properties;
};

// Loads, derives, publishes; all or nothing. The result is that of .ingest.
Result<OperationOutcome> RunIngest(const IngestJob& job, OperationContext& context);

}  // namespace kc::local
