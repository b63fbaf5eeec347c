// Series (arrays of numbers) as the series_* functions read and write them. Included by series*.cc.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/udf/json_text.h"

namespace kc::engine::udf {

// An element of a series: null (anything that isn't a number), an integer or a real.
struct SeriesValue {
  bool null = true;
  bool integer = false;
  int64_t number = 0;  // integers
  double real = 0;     // always set

  static SeriesValue Null() { return {}; }
  static SeriesValue Real(double value) { return {false, false, 0, value}; }
  static SeriesValue Integer(int64_t value) {
    return {false, true, value, static_cast<double>(value)};
  }
};

inline SeriesValue ReadSeriesValue(std::string_view json) {
  if (KindOf(json) == JsonKind::kNumber) {
    if (const auto integer = JsonToInteger(json)) return SeriesValue::Integer(*integer);
    return SeriesValue::Real(JsonToDouble(json));
  }
  if (json == "\"NaN\"") return SeriesValue::Real(std::numeric_limits<double>::quiet_NaN());
  if (json == "\"Infinity\"") return SeriesValue::Real(std::numeric_limits<double>::infinity());
  if (json == "\"-Infinity\"") return SeriesValue::Real(-std::numeric_limits<double>::infinity());
  return SeriesValue::Null();
}

inline std::vector<SeriesValue> ReadSeries(std::string_view array) {
  std::vector<SeriesValue> series;
  JsonItems items(array);
  while (items.Next()) series.push_back(ReadSeriesValue(items.value()));
  return series;
}

inline void AppendSeriesValue(std::string& out, const SeriesValue& value) {
  if (value.null) {
    out += "null";
  } else if (value.integer) {
    AppendJsonInteger(out, value.number);
  } else {
    AppendJsonReal(out, value.real);
  }
}

inline bool WriteSeries(std::string& out, const std::vector<SeriesValue>& series) {
  JsonArrayWriter array(out);
  for (const SeriesValue& value : series) AppendSeriesValue(array.Element(), value);
  array.Close();
  return true;
}

inline bool IsSeries(std::string_view json) {
  return KindOf(json) == JsonKind::kArray;
}

// The elements as reals, nulls as NaN.
inline std::vector<double> ReadReals(std::string_view array) {
  std::vector<double> reals;
  for (const SeriesValue& value : ReadSeries(array)) {
    reals.push_back(value.null ? std::numeric_limits<double>::quiet_NaN() : value.real);
  }
  return reals;
}

inline bool WriteReals(std::string& out, const std::vector<double>& reals) {
  JsonArrayWriter array(out);
  for (const double real : reals) AppendJsonReal(array.Element(), real);
  array.Close();
  return true;
}

}  // namespace kc::engine::udf
