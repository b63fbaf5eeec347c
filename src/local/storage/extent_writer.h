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

}  // namespace kc::local
