// Pieces of an answer's JSON to values: cells, rows, columns, frames. Used by answers.cc only.
// Pure.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kusto {

tl::unexpected<Error> BadAnswer(const std::string& what);
tl::unexpected<Error> BadJson(simdjson::error_code code, const std::string& where);

#define KC_JSON(expression, where)                                      \
  do {                                                                  \
    simdjson::error_code kc_code = (expression);                        \
    if (kc_code != simdjson::SUCCESS) return BadJson(kc_code, (where)); \
  } while (false)

// [[…], …] with error objects among them, which fail the whole. `rows` lies inside a buffer that is
// readable for `room` more bytes.
Status DecodeRows(std::string_view rows, size_t room, ValueTable& table);
// [{"ColumnName", "ColumnType" or "DataType"}, …]
Status DecodeColumns(std::string_view text, std::vector<ColumnSchema>& out);

// The members of one frame of v2 or table of v1; views point into the answer.
struct Frame {
  std::string type, kind, name, fragment_type;
  std::string_view columns, rows, errors, exceptions;
  int64_t table_id = -1;
  bool has_errors = false;
  bool cancelled = false;
};
Result<Frame> ReadFrame(simdjson::ondemand::object object);

}  // namespace kc::kusto
