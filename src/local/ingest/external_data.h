// externaldata(): documents in storage read as rows of a query.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "local/catalog/cluster.h"

namespace kc::local {

// All rows of all documents, converted like ingested ones, held in memory. `properties`: format
// (else by the name), ignoreFirstRecord, ingestionMapping. kStop when there are more than
// kMaxExternalRows.
Result<ValueTable> ReadExternalDocuments(
    Cluster& cluster, const std::vector<ColumnSchema>& columns,
    const std::vector<std::string>& uris,
    const std::vector<std::pair<std::string, std::string>>& properties);

inline constexpr int64_t kMaxExternalRows = 5'000'000;

}  // namespace kc::local
