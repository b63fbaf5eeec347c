// From extents to SQL: the relation that DuckDB scans for a table.
#pragma once

#include <string>
#include <vector>

#include "engine/table_provider.h"
#include "local/catalog/model.h"
#include "local/storage/extent_store.h"

namespace kc::local {

// The extents that the scan's filter can't rule out, in order.
std::vector<ExtentPtr> PruneExtents(const Table& table, const std::vector<ExtentPtr>& extents,
                                    const engine::ScanFilter& filter);

// SQL over the extents with the columns that the scan asks for (engine/table_provider.h): one
// read_parquet per way in which the extents' files map to the table's columns, however many there
// are.
std::string ScanSql(const TableMeta& table, const std::vector<ExtentPtr>& extents,
                    const engine::TableScan& scan, const ExtentStore& store);

// A SELECT of all rows of the extents, as WriteExtents takes it: columns c<id>, and kRowTimeColumn
// with each row's ingestion time. For merges.
std::string MergeSql(const TableMeta& table, const std::vector<ExtentPtr>& extents,
                     const ExtentStore& store);

}  // namespace kc::local
