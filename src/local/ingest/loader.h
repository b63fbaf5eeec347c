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

// One file or blob. Kusto's errors: "BadRequest_NoRecordsOrWrongFormat" for text without a record,
// "BadRequest_InvalidBlob", "Stream_…", "Download_…".
Result<std::vector<ExtentFilePtr>> LoadFrom(Cluster& cluster, const LoadRequest& request,
                                            const azure::StorageUrl& url);
// Text of any format but Parquet that is already at hand (inline data, a streaming request).
// `location`: what the transformation SourceLocation gives.
Result<std::vector<ExtentFilePtr>> LoadBytes(Cluster& cluster, const LoadRequest& request,
                                             std::unique_ptr<ByteSource> source,
                                             const std::string& location);
// Rows that are values already; column i goes to the target's column i.
Result<std::vector<ExtentFilePtr>> LoadTable(Cluster& cluster, const IngestTarget& target,
                                             const ValueTable& table);

}  // namespace kc::local
