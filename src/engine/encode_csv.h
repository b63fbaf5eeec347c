// Result chunks as the files that .export writes: CSV and TSV by RFC 4180, JSON lines. Pure but for
// the buffer that is appended to; safe from many threads.
//
// CSV cells: bool true/false · real the shortest text that reads back ("1.0", "NaN", "inf", "-inf")
// · datetime with seven digits · timespan, guid, decimal as KQL writes them · dynamic as tostring()
// gives it: JSON text, but a dynamic string is its bare content · null and "" the empty cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/scalar.h"
#include "engine/duck.h"

namespace kc::engine {

// A cell's text without quotes; appends nothing for null.
void AppendPlainCell(std::string& out, const Column& column, size_t row, ScalarType type);

struct CsvFormat {
  char delimiter = ',';
  std::string_view line_end = "\r\n";
};
inline constexpr CsvFormat kCsv{};
inline constexpr CsvFormat kTsv{'\t'};

// In quotes where it holds the delimiter, a quote or a line break, or begins or ends with a blank.
void AppendCsvText(std::string& out, std::string_view text, const CsvFormat& format = kCsv);
void AppendCsvHeader(std::string& out, const std::vector<ColumnSchema>& columns,
                     const CsvFormat& format = kCsv);
// Rows [first, last), each with its line end.
void AppendCsvRows(std::string& out, const Chunk& chunk, size_t first, size_t last,
                   const std::vector<ScalarType>& types, const CsvFormat& format = kCsv);

// One object a line: {"Name":value,…}, cells as in encode_json.h but datetimes with seven digits.
void AppendJsonLines(std::string& out, const Chunk& chunk, size_t first, size_t last,
                     const std::vector<ColumnSchema>& columns);

}  // namespace kc::engine
