// Writes rows as extents' files (docs/formats/local-extent.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/model.h"
#include "local/storage/extent_store.h"

namespace kc::engine {
class Connection;
}

namespace kc::local {

struct ExtentWriteRequest {
  // A SELECT whose columns are named c<id> (FileColumnName), in DuckDB's types for ours (bool
  // BOOLEAN, int INTEGER, long/datetime/timespan BIGINT, real DOUBLE, guid UUID, the rest VARCHAR;
  // string never NULL), and kRowTimeColumn if has_row_times.
  std::string select;
  std::vector<Column> columns;
  bool has_row_times = false;
  // Size of the data as it came in; 0: estimated from the rows.
  int64_t original_bytes = 0;
  // Rows beyond it go to further files (sharding policy's MaxRowCount, rounded up to row groups);
  // 0: all in one file.
  int64_t max_rows_per_file = 0;
};

// Parquet field id of kRowTimeColumn; columns have their own id as field id.
inline constexpr int kRowTimeFieldId = 2'000'000'000;

// `select` runs on `connection`, so it may name its temporary tables. Durable when it returns; not
// yet part of any table: put the files into NewExtent and commit, or let go of them, then they are
// deleted. No rows: no files.
Result<std::vector<ExtentFilePtr>> WriteExtents(engine::Connection& connection, ExtentStore& store,
                                                const ExtentWriteRequest& request);

// The same columns (or some of them: request.columns) in one file at `path`, which is no extent's.
Status WriteExtentColumns(engine::Connection& connection, const ExtentWriteRequest& request,
                          const std::string& path);
// Makes extents' files of what stands in the draft: for those who wrote it themselves, in the form
// of docs/formats/local-extent.md. As WriteExtents; request.select doesn't matter.
Result<std::vector<ExtentFilePtr>> KeepExtents(engine::Connection& connection, ExtentStore& store,
                                               const ExtentWriteRequest& request,
                                               ExtentStore::Draft& draft);

}  // namespace kc::local
