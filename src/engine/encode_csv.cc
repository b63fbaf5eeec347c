#include "engine/encode_csv.h"

#include <charconv>

#include "base/json.h"
#include "engine/encode_json.h"
#include "engine/ticks_text.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"

namespace kc::engine {
namespace {

void AppendLong(std::string& out, int64_t value, ScalarType type) {
  char buffer[kMaxTicksText];
  size_t length = 0;
  if (type == ScalarType::kDateTime) {
    length = WriteDateTime(value, false, buffer);
  } else if (type == ScalarType::kTimeSpan) {
    length = WriteTimeSpan(value, buffer);
  } else {
    length =
        static_cast<size_t>(std::to_chars(buffer, buffer + sizeof(buffer), value).ptr - buffer);
  }
  out.append(buffer, length);
}

// Texts may hold anything; the other types never need quotes.
bool NeverQuoted(DuckType type) {
  return type != DuckType::kText;
}

}  // namespace

void AppendPlainCell(std::string& out, const Column& column, size_t row, ScalarType type) {
  if (column.IsNull(row)) return;
  switch (column.type()) {
    case DuckType::kBool:
      out.append(column.Bool(row) ? "true" : "false");
      return;
    case DuckType::kInt:
      return AppendLong(out, column.Int(row), ScalarType::kLong);
    case DuckType::kLong:
      return AppendLong(out, column.Long(row), type);
    case DuckType::kHugeInt:
      return AppendLong(out, static_cast<int64_t>(column.Huge(row).lower), type);
    case DuckType::kDouble:
      return udf::AppendRealText(out, column.Real(row));
    case DuckType::kUuid: {
      char buffer[36];
      FormatUuid(column.Huge(row), buffer);
      out.append(buffer, sizeof(buffer));
      return;
    }
    case DuckType::kText: {
      const std::string_view text = column.Text(row);
      if (type == ScalarType::kDynamic && udf::KindOf(text) == udf::JsonKind::kString) {
        udf::AppendJsonUnquoted(out, text);
      } else {
        out.append(text);
      }
      return;
    }
    case DuckType::kOther:
      return;
  }
}

void AppendCsvText(std::string& out, std::string_view text, const CsvFormat& format) {
  bool quote = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  for (const char c : text) {
    quote |= c == format.delimiter || c == '"' || c == '\n' || c == '\r';
  }
  if (!quote) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (size_t from = 0; from <= text.size();) {
    const size_t at = text.find('"', from);
    if (at == std::string_view::npos) {
      out.append(text, from);
      break;
    }
    out.append(text, from, at + 1 - from).push_back('"');
    from = at + 1;
  }
  out.push_back('"');
}

void AppendCsvHeader(std::string& out, const std::vector<ColumnSchema>& columns,
                     const CsvFormat& format) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.push_back(format.delimiter);
    AppendCsvText(out, columns[i].name, format);
  }
  out.append(format.line_end);
}

void AppendCsvRows(std::string& out, const Chunk& chunk, size_t first, size_t last,
                   const std::vector<ScalarType>& types, const CsvFormat& format) {
  KC_ASSERT(types.size() == chunk.columns());
  std::string cell;
  for (size_t row = first; row < last; ++row) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (i > 0) out.push_back(format.delimiter);
      const Column& column = chunk.column(i);
      if (NeverQuoted(column.type())) {
        AppendPlainCell(out, column, row, types[i]);
      } else if (types[i] == ScalarType::kString && !column.IsNull(row)) {
        AppendCsvText(out, column.Text(row), format);
      } else {
        cell.clear();
        AppendPlainCell(cell, column, row, types[i]);
        AppendCsvText(out, cell, format);
      }
    }
    out.append(format.line_end);
  }
}

void AppendJsonLines(std::string& out, const Chunk& chunk, size_t first, size_t last,
                     const std::vector<ColumnSchema>& columns) {
  KC_ASSERT(columns.size() == chunk.columns());
  std::vector<std::string> keys;
  for (const ColumnSchema& column : columns) {
    keys.push_back((keys.empty() ? "{" : ",") + JsonString(column.name) + ":");
  }
  for (size_t row = first; row < last; ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      out.append(keys[i]);
      const Column& column = chunk.column(i);
      if (columns[i].type == ScalarType::kDateTime && !column.IsNull(row)) {
        out.push_back('"');
        AppendPlainCell(out, column, row, columns[i].type);
        out.push_back('"');
      } else {
        AppendJsonCell(out, column, row, columns[i].type);
      }
    }
    out.append(columns.empty() ? "{}\n" : "}\n");
  }
}

}  // namespace kc::engine
