// Collects the cells of rows and passes them on, a chunk at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "engine/duck.h"

namespace kc::local {

class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  // Rows 0 … rows-1 of the chunk; copied.
  virtual Status Append(const engine::ChunkBuilder& chunk, size_t rows) = 0;
};

// A column of the table that rows are built for.
struct TargetColumn {
  ColumnSchema schema;
  size_t max_value_bytes;  // of strings and dynamics: engine/ingest_cells.h
};

// One thread at a time. Cells of a row may be set in any order and again; those not set are null
// (strings: "").
class RowBuilder {
 public:
  RowBuilder(std::vector<TargetColumn> columns, ChunkSink& sink);

  const std::vector<TargetColumn>& columns() const { return columns_; }
  // From the text of a CSV field and the like, by Kusto's rules (value_parser.h).
  void SetText(size_t column, std::string_view text);
  void SetLong(size_t column, int64_t value);  // int, long (checked), datetime, timespan: ticks
  void SetReal(size_t column, double value);
  void SetBool(size_t column, bool value);
  // Of dynamic columns: text that is JSON already, without needless blanks.
  void SetDynamic(size_t column, std::string_view json);
  void SetNull(size_t column);
  Status EndRow();
  // Passes on what is left. Rows are only certain to have arrived after it.
  Status Finish();
  // All that ended (the fuzzer compares them with what arrived).
  int64_t rows() const { return rows_; }
  // About the size of the rows as text: Kusto's "original size".
  int64_t original_bytes() const { return original_bytes_; }

 private:
  void Mark(size_t column, size_t bytes);

  std::vector<TargetColumn> columns_;
  ChunkSink& sink_;
  engine::ChunkBuilder chunk_;
  size_t row_ = 0;  // in the chunk
  int64_t rows_ = 0;
  int64_t original_bytes_ = 0;
  std::vector<bool> set_;
  size_t set_count_ = 0;
  std::string scratch_;
};

}  // namespace kc::local
