// Rows of an answer as JSON text, whatever they come from. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "engine/engine.h"

namespace kc::local {

class RowSource {
 public:
  virtual ~RowSource() = default;
  std::string name;
  std::vector<ColumnSchema> columns;
  // Appends rows "[…],[…]" to `out`, without a comma at either end, and returns their number; 0 at
  // the end.
  virtual Result<int64_t> Next(std::string& out) = 0;
};

// `table` must outlive the source.
std::unique_ptr<RowSource> RowsOf(const ValueTable& table);
std::unique_ptr<RowSource> RowsOf(engine::ResultTable& table);

}  // namespace kc::local
