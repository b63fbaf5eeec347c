// A Parquet file becomes an extent inside DuckDB: a SELECT over the file whose expressions convert
// by Kusto's table (learn.microsoft.com, "Parquet mapping": Parquet type conversions), and no
// better.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "local/catalog/model.h"
#include "local/ingest/mapping.h"
#include "local/ingest/row_builder.h"

namespace kc::local {

// What becomes of one column of the table.
struct ParquetCell {
  std::string sql;  // over the file's columns k0, k1 …
  // The file's column whose values these are if each of them keeps to `rule` (kql_cells_fit):
  // nothing is converted then. -1: none.
  int same_as = -1;
  std::string rule;
};

struct ParquetSelect {
  std::string sql;                 // columns c<id>, ready for WriteExtents
  std::vector<ParquetCell> cells;  // of the table's columns
  std::string from;                // the file
  int64_t rows = 0;
  // Of the columns' data, before compression, as the file's footer tells.
  int64_t original_bytes = 0;
};

// `columns`, `target` and `sources` are parallel. The file must stay where it is until the SELECT
// has run. kStop, "BadRequest_InvalidBlob", if it isn't Parquet.
Result<ParquetSelect> SelectParquet(engine::Engine& engine, const std::string& path,
                                    const std::vector<Column>& columns,
                                    const std::vector<TargetColumn>& target,
                                    const std::vector<CellSource>& sources);

// The expression that converts `value`, of DuckDB's type `type` ("BIGINT", "DECIMAL(18,3)",
// "INTEGER[]" …; decimals: kept as a fixed length byte array or not), to a column. "" if Kusto
// doesn't convert these types: the column is null then. Public for tests.
std::string ParquetConversion(const std::string& value, const std::string& type,
                              bool decimal_in_bytes, const TargetColumn& target);

// The rule that a value of DuckDB's type `type` must keep to, so that ParquetConversion leaves it
// as it is and it is written as it was read. "": there is none.
std::string KeptParquet(const std::string& type, const TargetColumn& target);

}  // namespace kc::local
