// Reads sources of any format into files of rows.
#pragma once

#include <string>
#include <vector>

#include "azure/storage_url.h"
#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/ingest/target.h"
#include "world/cancel.h"

namespace kc::local {

struct LoadRequest {
  const IngestTarget* target = nullptr;
  const IngestProperties* properties = nullptr;
  DataFormat format = DataFormat::kCsv;
  world::CancelToken* cancel = nullptr;  // may be null
};

struct LoadedFiles {
  std::vector<ExtentFilePtr> files;
  int64_t rows = 0;
};

// One file or blob. Kusto's errors: "BadRequest_NoRecordsOrWrongFormat" for text without a record,
// "BadRequest_InvalidBlob", "Stream_…", "Download_…".
Result<LoadedFiles> LoadFrom(Cluster& cluster, const LoadRequest& request,
                             const azure::StorageUrl& url);
// Text of any format but Parquet that is already at hand (inline data, a streaming request).
// `location`: what the transformation SourceLocation gives.
Result<LoadedFiles> LoadBytes(Cluster& cluster, const LoadRequest& request,
                              std::unique_ptr<ByteSource> source, const std::string& location);
// Rows of a SELECT that runs on any connection of the engine; its column i goes to the table's
// column i. `select` names them `columns`.
Result<LoadedFiles> LoadTable(Cluster& cluster, const IngestTarget& target,
                              const ValueTable& table);

}  // namespace kc::local
