#include "cluster_state.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::sim {
namespace {

constexpr size_t kColumnsPerGroup = 30;  // as kusto/commands/row_hash.cc

std::string AsLong(uint64_t hash) {
  return std::to_string(static_cast<int64_t>(hash));
}

std::string DateTimeText(int64_t ticks) {
  std::string text = FormatDateTime(ticks);  // 2026-01-02T03:04:05.1234567Z
  text[10] = ' ';
  text.pop_back();
  return text;
}

std::string RealText(double value) {
  return fmt::format("{:.17g}", value);
}

// What kusto/commands/row_hash.cc hashes of a value. Exact for all types but real, decimal and
// dynamic, whose texts are the engine's own.
std::string HashedText(ScalarType type, const Value& value) {
  if (IsNull(value)) return "";
  switch (type) {
    case ScalarType::kBool:
      return std::get<bool>(value) ? "t" : "f";
    case ScalarType::kInt:
    case ScalarType::kLong:
      return std::to_string(std::get<int64_t>(value));
    case ScalarType::kTimeSpan:
      return FormatTimeSpan(std::get<int64_t>(value));
    case ScalarType::kDateTime:
      return DateTimeText(std::get<int64_t>(value));
    case ScalarType::kReal:
      return RealText(std::get<double>(value));
    case ScalarType::kString: {
      const auto& text = std::get<std::string>(value);
      return text.empty() ? "" : AsLong(XxHash64(text));
    }
    case ScalarType::kDynamic:
      return "dyn:" + AsLong(XxHash64("j" + std::get<std::string>(value)));
    case ScalarType::kGuid:
    case ScalarType::kDecimal:
      break;
  }
  return std::get<std::string>(value);
}

}  // namespace

int64_t Table::rows() const {
  int64_t count = 0;
  for (const auto& [extent_id, extent] : extents) count += static_cast<int64_t>(extent.rows.size());
  return count;
}

uint64_t HashRow(const std::vector<ColumnSchema>& columns, const std::vector<Value>& values) {
  std::string row = "r";
  size_t group = 0;
  for (size_t first = 0; first == 0 || first < columns.size(); first += kColumnsPerGroup) {
    std::string text = std::to_string(group++);
    for (size_t i = first; i < columns.size() && i < first + kColumnsPerGroup; ++i) {
      text += '|';
      text += HashedText(columns[i].type, values[i]);
    }
    row += '|' + AsLong(XxHash64(text));
  }
  return XxHash64(row);
}

std::string CellText(ScalarType type, const Value& value, bool parquet) {
  if (IsNull(value)) return "\\N";
  switch (type) {
    case ScalarType::kBool:
      return std::get<bool>(value) ? "true" : "false";
    case ScalarType::kInt:
    case ScalarType::kLong:
      return std::to_string(std::get<int64_t>(value));
    case ScalarType::kTimeSpan:
      return FormatTimeSpan(std::get<int64_t>(value));
    case ScalarType::kDateTime: {
      int64_t ticks = std::get<int64_t>(value);
      if (parquet) ticks -= ticks % kTicksPerMicrosecond;
      return FormatDateTime(ticks);
    }
    case ScalarType::kReal:
      return RealText(std::get<double>(value));
    case ScalarType::kDynamic: {
      // Parquet carries what looks like a number as one (protocol F19).
      const auto& json = std::get<std::string>(value);
      const bool quoted = json.size() > 2 && json.front() == '"';
      if (parquet && quoted && ParseInt64(json.substr(1, json.size() - 2))) {
        return json.substr(1, json.size() - 2);
      }
      return json;
    }
    default:
      break;
  }
  return std::get<std::string>(value);
}

Value ReadCell(ScalarType type, const std::string& text) {
  if (text == "\\N") return {};
  switch (type) {
    case ScalarType::kBool:
      return text == "true";
    case ScalarType::kInt:
    case ScalarType::kLong:
      if (const auto number = ParseInt64(text)) return *number;
      return {};
    case ScalarType::kTimeSpan:
      if (const auto ticks = ParseTimeSpan(text)) return *ticks;
      return {};
    case ScalarType::kDateTime:
      if (const auto ticks = ParseDateTime(text)) return *ticks;
      return {};
    case ScalarType::kReal:
      if (const auto number = ParseDouble(text)) return *number;
      return {};
    case ScalarType::kGuid:
      if (auto guid = NormalizeGuid(text)) return std::move(*guid);
      return {};
    default:
      break;
  }
  return text;
}

}  // namespace kc::sim
