// What a simulated cluster holds. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/scalar.h"
#include "timeline.h"

namespace kc::sim {

struct Row {
  std::vector<Value> values;  // of all columns, in their order
  uint64_t hash = 0;          // the fingerprint's, of all columns
  int64_t ingested = 0;       // ingestion_time(), ticks; 0: none
  int64_t cursor = 0;         // 0: none
};

struct Extent {
  std::vector<std::string> tags;
  int64_t created = 0;  // ticks
  std::vector<Row> rows;
  int64_t deleted = 0;  // rows that were soft-deleted: not in `rows` any more
};

struct Table {
  std::string name, id;
  std::string folder, docstring;
  std::vector<ColumnSchema> columns;
  std::map<std::string, Extent> extents;  // by id
  std::map<std::string, std::string> policies;

  int64_t rows() const;
};

struct Artifact {
  std::string path;  // full address
  int64_t rows = 0;
};

struct Operation {
  std::string id, kind, state = "InProgress", status;
  bool should_retry = false;
  int64_t started = 0, updated = 0;  // ticks
  std::vector<Artifact> artifacts;
};

// The hash that commands::SourceFingerprint computes for a row of these columns.
uint64_t HashRow(const std::vector<ColumnSchema>& columns, const std::vector<Value>& values);
// The text of a value in an exported file and back; what Parquet doesn't carry is lost as the
// service loses it (datetimes below microseconds).
std::string CellText(ScalarType type, const Value& value, bool parquet);
Value ReadCell(ScalarType type, const std::string& text);

}  // namespace kc::sim
