#include "local/server/row_source.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "engine/duck.h"

namespace kc::local {
namespace {

// Rows that are encoded at a time.
constexpr size_t kBatchRows = 2048;

class ValueRows final : public RowSource {
 public:
  explicit ValueRows(const ValueTable& table) : table_(table) {
    name = table.name;
    columns = table.columns;
  }
  Result<int64_t> Next(std::string& out) override {
    const size_t end = std::min(next_ + kBatchRows, table_.rows.size());
    const size_t begin = next_;
    for (; next_ < end; ++next_) {
      const std::vector<Value>& row = table_.rows[next_];
      KC_ASSERT(row.size() == columns.size());
      out += next_ == begin ? "[" : ",[";
      for (size_t i = 0; i < row.size(); ++i) {
        if (i != 0) out += ',';
        AppendCell(out, row[i], columns[i].type);
      }
      out += ']';
    }
    return static_cast<int64_t>(end - begin);
  }

 private:
  const ValueTable& table_;
  size_t next_ = 0;
};

class EngineRows final : public RowSource {
 public:
  explicit EngineRows(engine::ResultTable& table) : table_(table) {
    name = table.name;
    columns = table.columns;
  }
  Result<int64_t> Next(std::string& out) override {
    KC_ASSIGN(const std::optional<engine::Chunk> chunk, table_.Next());
    if (!chunk) return 0;
    for (size_t row = 0; row < chunk->rows(); ++row) {
      out += row == 0 ? "[" : ",[";
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i != 0) out += ',';
        AppendCell(out, engine::CellValue(chunk->column(i), row, columns[i].type), columns[i].type);
      }
      out += ']';
    }
    return static_cast<int64_t>(chunk->rows());
  }

 private:
  engine::ResultTable& table_;
};

void AppendReal(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    out += FormatDouble(value);
  }
}

}  // namespace

void AppendCell(std::string& out, const Value& value, ScalarType type) {
  if (IsNull(value)) {
    out += type == ScalarType::kString ? "\"\"" : "null";
    return;
  }
  switch (type) {
    case ScalarType::kBool:
      out += std::get<bool>(value) ? "true" : "false";
      return;
    case ScalarType::kInt:
    case ScalarType::kLong:
      fmt::format_to(std::back_inserter(out), "{}", std::get<int64_t>(value));
      return;
    case ScalarType::kReal:
      AppendReal(out, std::get<double>(value));
      return;
    case ScalarType::kDateTime:
      out += '"' + FormatDateTimeTrimmed(std::get<int64_t>(value)) + '"';
      return;
    case ScalarType::kTimeSpan:
      out += '"' + FormatTimeSpan(std::get<int64_t>(value)) + '"';
      return;
    case ScalarType::kDynamic:
      out += std::get<std::string>(value);
      return;
    case ScalarType::kDecimal:
    case ScalarType::kGuid:
    case ScalarType::kString:
      AppendJsonString(out, std::get<std::string>(value));
      return;
  }
}

std::unique_ptr<RowSource> RowsOf(const ValueTable& table) {
  return std::make_unique<ValueRows>(table);
}
std::unique_ptr<RowSource> RowsOf(engine::ResultTable& table) {
  return std::make_unique<EngineRows>(table);
}

}  // namespace kc::local
