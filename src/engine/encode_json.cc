#include "engine/encode_json.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "engine/ticks_text.h"
#include "engine/udf/real_text.h"

namespace kc::engine {
namespace {

void AppendInteger(std::string& out, int64_t value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

void AppendReal(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out.append(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  char buffer[udf::kMaxRealLength];
  out.append(buffer, udf::WriteReal(value, buffer));
}

void AppendTicks(std::string& out, int64_t ticks, ScalarType type) {
  char buffer[kMaxTicksText + 2];
  buffer[0] = '"';
  size_t length = type == ScalarType::kDateTime ? WriteDateTime(ticks, true, buffer + 1)
                                                : WriteTimeSpan(ticks, buffer + 1);
  buffer[++length] = '"';
  out.append(buffer, length + 1);
}

void AppendLong(std::string& out, int64_t value, ScalarType type) {
  if (type == ScalarType::kDateTime || type == ScalarType::kTimeSpan) {
    AppendTicks(out, value, type);
  } else {
    AppendInteger(out, value);
  }
}

// Guids, strings and decimals; a dynamic is JSON already.
void AppendText(std::string& out, std::string_view text, ScalarType type) {
  if (type != ScalarType::kDynamic) {
    AppendJsonString(out, text);
  } else if (text.empty()) {
    out.append("null");
  } else {
    out.append(text);
  }
}

void AppendNull(std::string& out, ScalarType type) {
  out.append(type == ScalarType::kString ? "\"\"" : "null");
}

}  // namespace

void AppendJsonCell(std::string& out, const Column& column, size_t row, ScalarType type) {
  if (column.IsNull(row)) return AppendNull(out, type);
  switch (column.type()) {
    case DuckType::kBool:
      out.append(column.Bool(row) ? "true" : "false");
      return;
    case DuckType::kInt:
      return AppendInteger(out, column.Int(row));
    case DuckType::kLong:
      return AppendLong(out, column.Long(row), type);
    case DuckType::kHugeInt:
      return AppendLong(out, static_cast<int64_t>(column.Huge(row).lower), type);
    case DuckType::kDouble:
      return AppendReal(out, column.Real(row));
    case DuckType::kUuid: {
      char buffer[38];
      buffer[0] = buffer[37] = '"';
      FormatUuid(column.Huge(row), buffer + 1);
      out.append(buffer, sizeof(buffer));
      return;
    }
    case DuckType::kText:
      return AppendText(out, column.Text(row), type);
    case DuckType::kOther:
      return AppendNull(out, type);
  }
}

void AppendJsonCell(std::string& out, const Value& value, ScalarType type) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    out.append(*flag ? "true" : "false");
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    AppendLong(out, *number, type);
  } else if (const auto* real = std::get_if<double>(&value)) {
    AppendReal(out, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    AppendText(out, *text, type);
  } else {
    AppendNull(out, type);
  }
}

void AppendJsonRows(std::string& out, const Chunk& chunk, size_t first, size_t last,
                    const std::vector<ScalarType>& types) {
  KC_ASSERT(types.size() == chunk.columns());
  for (size_t row = first; row < last; ++row) {
    if (row > first) out.push_back(',');
    out.push_back('[');
    for (size_t i = 0; i < types.size(); ++i) {
      if (i > 0) out.push_back(',');
      AppendJsonCell(out, chunk.column(i), row, types[i]);
    }
    out.push_back(']');
  }
}

std::vector<ScalarType> TypesOf(const std::vector<ColumnSchema>& columns) {
  std::vector<ScalarType> types;
  for (const ColumnSchema& column : columns) types.push_back(column.type);
  return types;
}

}  // namespace kc::engine
