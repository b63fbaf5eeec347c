// Streaming ingestion: rows in the body of a request.
// Source: learn.microsoft.com, "Streaming ingestion HTTP request".
#pragma once

#include <string>

#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/operations/operations.h"

namespace kc::local {

struct StreamRequest {
  std::string database;
  std::string table;
  std::string format;        // streamFormat; "" = csv
  std::string mapping_name;  // "" = none
  // sourceKind=uri: the body is {"sourceUri":"…"}, the address of a blob.
  bool from_uri = false;
  std::string body;
};
// Kusto's limit of one request.
inline constexpr size_t kMaxStreamBytes = size_t{4} << 20;

// Durable and visible when it returns. kStop, "BadRequest_StreamingIngestionPolicyNotEnabled",
// unless the table's or the database's policy streamingingestion is on.
Result<ValueTable> StreamIngest(Cluster& cluster, Operations& operations,
                                const RequestOptions& options, StreamRequest request);

}  // namespace kc::local
