// Arrays.
#include <algorithm>
#include <cmath>

#include "base/ticks.h"
#include "engine/udf/families.h"
#include "engine/udf/json_path.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

using Elements = std::vector<std::string_view>;

// What range() may make: Kusto's limit of 1,048,576 values.
constexpr int64_t kMaxRangeValues = 1'048'576;

bool IsArray(std::string_view json) {
  return KindOf(json) == JsonKind::kArray;
}

bool WriteArray(std::string& out, const Elements& elements) {
  JsonArrayWriter array(out);
  for (const std::string_view element : elements) array.Raw(element);
  array.Close();
  return true;
}

bool Concat(const Call& call, idx_t row, std::string& out) {
  JsonArrayWriter array(out);
  bool any = false;
  for (const Input& input : call.inputs) {
    if (!input.Valid(row)) continue;
    const std::string_view json = input.Get<Dyn>(row).text;
    if (!IsArray(json)) return false;
    any = true;
    JsonItems items(json);
    while (items.Next()) array.Raw(items.value());
  }
  array.Close();
  return any;
}

bool Zip(const Call& call, idx_t row, std::string& out) {
  std::vector<Elements> columns;
  size_t length = 0;
  for (const Input& input : call.inputs) {
    if (!input.Valid(row) || !IsArray(input.Get<Dyn>(row).text)) return false;
    columns.push_back(JsonElements(input.Get<Dyn>(row).text));
    length = std::max(length, columns.back().size());
  }
  JsonArrayWriter rows(out);
  for (size_t i = 0; i < length; ++i) {
    JsonArrayWriter tuple(rows.Element());
    for (const Elements& column : columns) tuple.Raw(i < column.size() ? column[i] : "");
    tuple.Close();
  }
  rows.Close();
  return true;
}

template <typename F>
void WriteRows(const Call& call, Output& output, F f) {
  std::string buffer;
  for (idx_t row = 0; row < call.rows; ++row) {
    buffer.clear();
    f(call, row, buffer) ? output.SetText(row, buffer) : output.SetNull(row);
  }
}

bool Slice(std::string& out, std::string_view json, int64_t start, int64_t end) {
  if (!IsArray(json)) return false;
  const Elements elements = JsonElements(json);
  const auto count = static_cast<int64_t>(elements.size());
  if (start < 0) start = std::max<int64_t>(0, start + count);
  if (end < 0) end += count;
  end = std::min(end, count - 1);
  Elements part;
  if (start <= end) part.assign(elements.begin() + start, elements.begin() + end + 1);
  return WriteArray(out, part);
}

bool Split(std::string& out, std::string_view json, std::string_view where) {
  if (!IsArray(json)) return false;
  const Elements elements = JsonElements(json);
  const auto count = static_cast<int64_t>(elements.size());
  Elements indices = IsArray(where) ? JsonElements(where) : Elements{where};
  JsonArrayWriter parts(out);
  int64_t from = 0;
  for (size_t i = 0; i <= indices.size(); ++i) {
    int64_t to = count;
    if (i < indices.size()) {
      const auto index = JsonToInteger(indices[i]);
      if (!index) return false;
      to = *index < 0 ? std::max<int64_t>(0, *index + count) : std::min(*index, count);
    }
    to = std::max(to, from);
    WriteArray(parts.Element(), Elements(elements.begin() + from, elements.begin() + to));
    from = to;
  }
  parts.Close();
  return true;
}

bool Rotate(std::string& out, std::string_view json, int64_t by, bool right) {
  if (!IsArray(json)) return false;
  Elements elements = JsonElements(json);
  if (!elements.empty()) {
    const auto count = static_cast<int64_t>(elements.size());
    const int64_t rest = by % count;
    const int64_t left = ((right ? -rest : rest) + count) % count;
    std::rotate(elements.begin(), elements.begin() + left, elements.end());
  }
  return WriteArray(out, elements);
}

bool Shift(std::string& out, std::string_view json, int64_t by, bool right, std::string_view fill) {
  if (!IsArray(json)) return false;
  const Elements elements = JsonElements(json);
  const auto count = static_cast<int64_t>(elements.size());
  by = std::clamp(by, -count, count);
  const int64_t left = right ? -by : by;
  Elements result;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t from = i + left;
    result.push_back(from >= 0 && from < count ? elements[static_cast<size_t>(from)] : fill);
  }
  return WriteArray(out, result);
}

// Values of different kinds sort by kind, nulls apart.
int CompareElements(std::string_view a, std::string_view b) {
  const JsonKind x = KindOf(a), y = KindOf(b);
  if (x != y) return x < y ? -1 : 1;
  if (x == JsonKind::kNumber) {
    const auto i = JsonToInteger(a), j = JsonToInteger(b);
    if (i && j) return *i < *j ? -1 : *i > *j ? 1 : 0;
    const double u = JsonToDouble(a), v = JsonToDouble(b);
    return u < v ? -1 : u > v ? 1 : 0;
  }
  if (x == JsonKind::kString) return JsonUnquote(a).compare(JsonUnquote(b));
  return a.compare(b);
}

// The order in which the elements come when sorted; nulls last or first.
std::vector<size_t> SortOrder(const Elements& elements, bool descending, bool nulls_last) {
  std::vector<size_t> order(elements.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const bool x = IsJsonNull(elements[a]), y = IsJsonNull(elements[b]);
    if (x || y) return x != y && (nulls_last ? y : x);
    const int compared = CompareElements(elements[a], elements[b]);
    return descending ? compared > 0 : compared < 0;
  });
  return order;
}

// `values` in the order that sorts `keys`; null if the lengths differ.
bool SortBy(std::string& out, std::string_view keys, std::string_view values, bool descending,
            bool nulls_last) {
  if (!IsArray(keys) || !IsArray(values)) return false;
  const Elements key_elements = JsonElements(keys), elements = JsonElements(values);
  if (key_elements.size() != elements.size()) return false;
  Elements sorted;
  for (const size_t i : SortOrder(key_elements, descending, nulls_last)) {
    sorted.push_back(elements[i]);
  }
  return WriteArray(out, sorted);
}

std::optional<double> Sum(std::string_view json) {
  if (!IsArray(json)) return std::nullopt;
  double sum = 0;
  bool any = false;
  JsonItems items(json);
  while (items.Next()) {
    const JsonKind kind = KindOf(items.value());
    if (kind == JsonKind::kNull) continue;
    if (kind == JsonKind::kBool) {
      sum += items.value()[0] == 't' ? 1 : 0;
    } else if (kind == JsonKind::kNumber) {
      sum += JsonToDouble(items.value());
    } else {
      return std::nullopt;
    }
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

// Where `value` stands in [start, start + length), the n-th time; -1 if nowhere.
std::optional<int64_t> IndexOf(std::string_view json, std::string_view value, int64_t start,
                               int64_t length, int64_t occurrence) {
  if (!IsArray(json)) return std::nullopt;
  const Elements elements = JsonElements(json);
  const auto count = static_cast<int64_t>(elements.size());
  if (start < 0) start = std::max<int64_t>(0, start + count);
  const int64_t end = length < 0 || length > count - start ? count : start + length;
  for (int64_t i = start; i < end; ++i) {
    if (elements[static_cast<size_t>(i)] == value && --occurrence <= 0) return i;
  }
  return -1;
}

bool Truthy(std::string_view json) {
  if (KindOf(json) == JsonKind::kBool) return json[0] == 't';
  return KindOf(json) == JsonKind::kNumber && JsonToDouble(json) != 0;
}

bool ChooseEach(std::string& out, std::string_view conditions, std::string_view if_true,
                std::string_view if_false) {
  if (!IsArray(conditions)) return false;
  const Elements yes = JsonElements(if_true), no = JsonElements(if_false);
  JsonArrayWriter array(out);
  size_t i = 0;
  const auto pick = [&](std::string_view whole, const Elements& elements) {
    if (!IsArray(whole)) return whole;
    return i < elements.size() ? elements[i] : std::string_view();
  };
  for (JsonItems items(conditions); items.Next(); ++i) {
    if (IsJsonNull(items.value())) {
      array.Raw("");
    } else {
      array.Raw(Truthy(items.value()) ? pick(if_true, yes) : pick(if_false, no));
    }
  }
  array.Close();
  return true;
}

template <typename T, typename Write>
bool Range(std::string& out, T from, T to, T step, Write write) {
  if (step == T{}) return false;
  JsonArrayWriter array(out);
  int64_t count = 0;
  for (T value = from; step > T{} ? value <= to : value >= to;) {
    if (++count > kMaxRangeValues) break;
    write(array.Element(), value);
    if constexpr (std::is_same_v<T, int64_t>) {
      if (__builtin_add_overflow(value, step, &value)) break;
    } else {
      value = from + static_cast<T>(count) * step;
    }
  }
  array.Close();
  return true;
}

void AddRanges(Registrar& r) {
  r.Add("kql_range_long", [](DynOut& out, int64_t from, int64_t to, int64_t step) {
    return Range(out, from, to, step,
                 [](std::string& text, int64_t v) { AppendJsonInteger(text, v); });
  });
  r.Add("kql_range_real", [](DynOut& out, double from, double to, double step) {
    return Range(out, from, to, step, [](std::string& text, double v) { AppendJsonReal(text, v); });
  });
  r.Add("kql_range_datetime", [](DynOut& out, int64_t from, int64_t to, int64_t step) {
    return Range(out, from, to, step,
                 [](std::string& text, int64_t v) { AppendJsonQuoted(text, FormatDateTime(v)); });
  });
  r.Add("kql_range_timespan", [](DynOut& out, int64_t from, int64_t to, int64_t step) {
    return Range(out, from, to, step,
                 [](std::string& text, int64_t v) { AppendJsonQuoted(text, FormatTimeSpan(v)); });
  });
}

void AddOrder(Registrar& r) {
  r.Add("kql_array_reverse", [](DynOut& out, Dyn json) {
    if (!IsArray(json.text)) return false;
    Elements elements = JsonElements(json.text);
    std::reverse(elements.begin(), elements.end());
    return WriteArray(out, elements);
  });
  r.Add("kql_array_rotate_left",
        [](DynOut& out, Dyn json, int64_t by) { return Rotate(out, json.text, by, false); });
  r.Add("kql_array_rotate_right",
        [](DynOut& out, Dyn json, int64_t by) { return Rotate(out, json.text, by, true); });
  r.Add("kql_array_shift_left", [](DynOut& out, Dyn json, int64_t by, std::optional<Dyn> fill) {
    return Shift(out, json.text, by, false, fill ? fill->text : "");
  });
  r.Add("kql_array_shift_right", [](DynOut& out, Dyn json, int64_t by, std::optional<Dyn> fill) {
    return Shift(out, json.text, by, true, fill ? fill->text : "");
  });
  r.Add("kql_array_sort", [](DynOut& out, Dyn json, bool descending, bool nulls_last) {
    return SortBy(out, json.text, json.text, descending, nulls_last);
  });
  r.Add("kql_array_sort_by",
        [](DynOut& out, Dyn keys, Dyn values, bool descending, bool nulls_last) {
          return SortBy(out, keys.text, values.text, descending, nulls_last);
        });
}

}  // namespace

void AddDynamics(Registrar& r) {
  AddRanges(r);
  AddOrder(r);
  r.AddVariadic("kql_array_make", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) {
                  WriteRows(call, output, [](const Call& c, idx_t row, std::string& out) {
                    JsonArrayWriter array(out);
                    for (const Input& input : c.inputs) {
                      array.Raw(input.Valid(row) ? input.Get<Dyn>(row).text : "");
                    }
                    array.Close();
                    return true;
                  });
                });
  r.AddVariadic("kql_array_concat", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { WriteRows(call, output, Concat); });
  r.AddVariadic("kql_zip", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { WriteRows(call, output, Zip); });
  r.Add("kql_array_repeat", [](DynOut& out, std::optional<Dyn> value, int64_t count) {
    if (count < 0 || count > kMaxRangeValues) return false;
    JsonArrayWriter array(out);
    for (int64_t i = 0; i < count; ++i) array.Raw(value ? value->text : "");
    array.Close();
    return true;
  });
  r.Add("kql_array_length", [](Dyn json) -> std::optional<int64_t> {
    if (!IsArray(json.text)) return std::nullopt;
    return JsonCount(json.text);
  });
  r.Add("kql_array_slice", [](DynOut& out, Dyn json, int64_t start, int64_t end) {
    return Slice(out, json.text, start, end);
  });
  r.Add("kql_array_split",
        [](DynOut& out, Dyn json, Dyn where) { return Split(out, json.text, where.text); });
  r.Add("kql_array_sum", [](Dyn json) { return Sum(json.text); });
  r.Add("kql_array_index_of",
        [](Dyn json, Dyn value, int64_t start, int64_t length, int64_t occurrence) {
          return IndexOf(json.text, value.text, start, length, occurrence);
        });
  r.Add("kql_array_iff",
        [](DynOut& out, Dyn conditions, std::optional<Dyn> yes, std::optional<Dyn> no) {
          return ChooseEach(out, conditions.text, yes ? yes->text : "", no ? no->text : "");
        });
  r.Add("kql_extract_json", [](DynOut& out, Text path, Text text) {
    // The text isn't normalised: blanks are skipped, broken parts give null.
    const auto steps = ParseJsonPath(path);
    if (!steps) return false;
    const auto found = JsonAtPath(text, *steps);
    return found && NormalizeJson(*found, out) && !IsJsonNull(out);
  });
}

}  // namespace kc::engine::udf
