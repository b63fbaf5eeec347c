// Result chunks as the rows of Kusto's JSON answers, by the Kusto types of their columns. Pure but
// for the buffer that is appended to; an encoder may be used by many threads.
//
// bool true/false · int, long numbers · real number, or "NaN", "Infinity", "-Infinity" · decimal,
// guid strings · datetime "2015-01-01T01:01:01.01Z" (zeros at the end of the fraction dropped) ·
// timespan "1.02:03:04.0000005" · dynamic as JSON · null null (a string is never null).
#pragma once

#include <string>
#include <vector>

#include "base/scalar.h"
#include "engine/duck.h"

namespace kc::engine {

// One cell.
void AppendJsonCell(std::string& out, const Column& column, size_t row, ScalarType type);
void AppendJsonCell(std::string& out, const Value& value, ScalarType type);

// Rows [first, last) as "[…],[…]", without a comma after the last. `types` has one entry per column
// of the chunk.
void AppendJsonRows(std::string& out, const Chunk& chunk, size_t first, size_t last,
                    const std::vector<ScalarType>& types);
inline void AppendJsonRows(std::string& out, const Chunk& chunk,
                           const std::vector<ScalarType>& types) {
  AppendJsonRows(out, chunk, 0, chunk.rows(), types);
}

std::vector<ScalarType> TypesOf(const std::vector<ColumnSchema>& columns);

}  // namespace kc::engine
