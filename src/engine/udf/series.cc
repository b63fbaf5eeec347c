// series_*: element by element, sums, and filling of gaps.
#include <algorithm>

#include "engine/udf/families.h"
#include "engine/udf/series_numbers.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

using Series = std::vector<SeriesValue>;

int64_t Wrapped(uint64_t bits) {
  return static_cast<int64_t>(bits);
}
uint64_t Bits(int64_t value) {
  return static_cast<uint64_t>(value);
}

// One of the two may be a single number, which then stands for every element.
template <typename F>
bool Pairwise(std::string& out, std::string_view a, std::string_view b, F f) {
  if (!IsSeries(a) && !IsSeries(b)) return false;
  const Series left = IsSeries(a) ? ReadSeries(a) : Series{ReadSeriesValue(a)};
  const Series right = IsSeries(b) ? ReadSeries(b) : Series{ReadSeriesValue(b)};
  const size_t length = std::max(IsSeries(a) ? left.size() : 0, IsSeries(b) ? right.size() : 0);
  JsonArrayWriter array(out);
  for (size_t i = 0; i < length; ++i) {
    const SeriesValue* x = IsSeries(a) ? (i < left.size() ? &left[i] : nullptr) : left.data();
    const SeriesValue* y = IsSeries(b) ? (i < right.size() ? &right[i] : nullptr) : right.data();
    std::string& element = array.Element();
    if (x == nullptr || y == nullptr || x->null || y->null) {
      element += "null";
    } else {
      f(element, *x, *y);
    }
  }
  array.Close();
  return true;
}

template <typename Integers, typename Reals>
void Arithmetic(std::string& out, const SeriesValue& x, const SeriesValue& y, Integers integers,
                Reals reals) {
  if (x.integer && y.integer) {
    AppendJsonInteger(out, Wrapped(integers(Bits(x.number), Bits(y.number))));
  } else {
    AppendJsonReal(out, reals(x.real, y.real));
  }
}

void AppendBool(std::string& out, bool value) {
  out += value ? "true" : "false";
}

// Less, equal, greater: -1, 0, 1; 2 if one is NaN.
int Order(const SeriesValue& x, const SeriesValue& y) {
  if (x.integer && y.integer) return x.number < y.number ? -1 : x.number > y.number ? 1 : 0;
  if (std::isnan(x.real) || std::isnan(y.real)) return 2;
  return x.real < y.real ? -1 : x.real > y.real ? 1 : 0;
}

template <typename F>
bool Each(std::string& out, std::string_view json, F f) {
  if (!IsSeries(json)) return false;
  JsonArrayWriter array(out);
  for (const SeriesValue& value : ReadSeries(json)) {
    std::string& element = array.Element();
    if (value.null) {
      element += "null";
    } else {
      f(element, value);
    }
  }
  array.Close();
  return true;
}

void AddArithmetic(Registrar& r) {
  r.Add("kql_series_add", [](DynOut& out, Dyn a, Dyn b) {
    return Pairwise(out, a.text, b.text, [](auto& o, const auto& x, const auto& y) {
      Arithmetic(o, x, y, std::plus<uint64_t>(), std::plus<double>());
    });
  });
  r.Add("kql_series_subtract", [](DynOut& out, Dyn a, Dyn b) {
    return Pairwise(out, a.text, b.text, [](auto& o, const auto& x, const auto& y) {
      Arithmetic(o, x, y, std::minus<uint64_t>(), std::minus<double>());
    });
  });
  r.Add("kql_series_multiply", [](DynOut& out, Dyn a, Dyn b) {
    return Pairwise(out, a.text, b.text, [](auto& o, const auto& x, const auto& y) {
      Arithmetic(o, x, y, std::multiplies<uint64_t>(), std::multiplies<double>());
    });
  });
  r.Add("kql_series_divide", [](DynOut& out, Dyn a, Dyn b) {
    return Pairwise(out, a.text, b.text, [](auto& o, const auto& x, const auto& y) {
      AppendJsonReal(o, x.real / y.real);
    });
  });
  r.Add("kql_series_pow", [](DynOut& out, Dyn a, Dyn b) {
    return Pairwise(out, a.text, b.text, [](auto& o, const auto& x, const auto& y) {
      AppendJsonReal(o, std::pow(x.real, y.real));
    });
  });
  // which: 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >=.
  r.Add("kql_series_compare", [](DynOut& out, Dyn a, Dyn b, int64_t which) {
    return Pairwise(out, a.text, b.text, [which](auto& o, const auto& x, const auto& y) {
      const int order = Order(x, y);
      const bool results[] = {order == 0,  order != 0,
                              order == -1, order == -1 || order == 0,
                              order == 1,  order == 1 || order == 0};
      AppendBool(o, results[which]);
    });
  });
}

template <double (*F)(double)>
bool Map(DynOut& out, Dyn series) {
  return Each(out, series.text,
              [](auto& o, const SeriesValue& x) { AppendJsonReal(o, F(x.real)); });
}

void AddMaps(Registrar& r) {
  r.Add("kql_series_ceiling", [](DynOut& o, Dyn s) { return Map<std::ceil>(o, s); });
  r.Add("kql_series_floor", [](DynOut& o, Dyn s) { return Map<std::floor>(o, s); });
  r.Add("kql_series_exp", [](DynOut& o, Dyn s) { return Map<std::exp>(o, s); });
  r.Add("kql_series_log", [](DynOut& o, Dyn s) { return Map<std::log>(o, s); });
  r.Add("kql_series_sin", [](DynOut& o, Dyn s) { return Map<std::sin>(o, s); });
  r.Add("kql_series_cos", [](DynOut& o, Dyn s) { return Map<std::cos>(o, s); });
  r.Add("kql_series_tan", [](DynOut& o, Dyn s) { return Map<std::tan>(o, s); });
  r.Add("kql_series_asin", [](DynOut& o, Dyn s) { return Map<std::asin>(o, s); });
  r.Add("kql_series_acos", [](DynOut& o, Dyn s) { return Map<std::acos>(o, s); });
  r.Add("kql_series_atan", [](DynOut& o, Dyn s) { return Map<std::atan>(o, s); });
  r.Add("kql_series_abs", [](DynOut& out, Dyn s) {
    return Each(out, s.text, [](auto& o, const SeriesValue& x) {
      if (x.integer) {
        AppendJsonInteger(o, x.number < 0 ? Wrapped(0 - Bits(x.number)) : x.number);
      } else {
        AppendJsonReal(o, std::fabs(x.real));
      }
    });
  });
  r.Add("kql_series_sign", [](DynOut& out, Dyn s) {
    return Each(out, s.text, [](auto& o, const SeriesValue& x) {
      AppendJsonInteger(o, x.real > 0 ? 1 : x.real < 0 ? -1 : 0);
    });
  });
}

std::optional<double> Dot(std::string_view a, std::string_view b) {
  if (!IsSeries(a) && !IsSeries(b)) return std::nullopt;
  const Series left = IsSeries(a) ? ReadSeries(a) : Series{ReadSeriesValue(a)};
  const Series right = IsSeries(b) ? ReadSeries(b) : Series{ReadSeriesValue(b)};
  const size_t length = IsSeries(a) && IsSeries(b) ? std::min(left.size(), right.size())
                                                   : std::max(left.size(), right.size());
  double sum = 0;
  for (size_t i = 0; i < length; ++i) {
    const SeriesValue& x = left[IsSeries(a) ? i : 0];
    const SeriesValue& y = right[IsSeries(b) ? i : 0];
    if (x.null || y.null) return std::nullopt;
    sum += x.real * y.real;
  }
  return sum;
}

std::optional<double> Pearson(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() != y.size() || x.empty()) return std::nullopt;
  const auto n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) mean_x += x[i] / n, mean_y += y[i] / n;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  const double result = xy / std::sqrt(xx * yy);
  if (std::isnan(result)) return std::nullopt;
  return result;
}

void AddSums(Registrar& r) {
  r.Add("kql_series_sum", [](Dyn s) -> std::optional<double> {
    if (!IsSeries(s.text)) return std::nullopt;
    double sum = 0;
    for (const SeriesValue& x : ReadSeries(s.text)) {
      if (x.null) return std::nullopt;
      sum += x.real;
    }
    return sum;
  });
  r.Add("kql_series_product", [](Dyn s) -> std::optional<double> {
    if (!IsSeries(s.text)) return std::nullopt;
    double product = 1;
    for (const SeriesValue& x : ReadSeries(s.text)) {
      if (x.null) return std::nullopt;
      product *= x.real;
    }
    return product;
  });
  r.Add("kql_series_magnitude", [](Dyn s) -> std::optional<double> {
    const auto squares = Dot(s.text, s.text);
    if (!squares) return std::nullopt;
    return std::sqrt(*squares);
  });
  r.Add("kql_series_dot_product", [](Dyn a, Dyn b) { return Dot(a.text, b.text); });
  r.Add("kql_series_cosine_similarity", [](Dyn a, Dyn b) -> std::optional<double> {
    const auto ab = Dot(a.text, b.text), aa = Dot(a.text, a.text), bb = Dot(b.text, b.text);
    if (!IsSeries(a.text) || !IsSeries(b.text) || !ab || !aa || !bb) return std::nullopt;
    return *ab / (std::sqrt(*aa) * std::sqrt(*bb));
  });
  r.Add("kql_series_pearson", [](Dyn a, Dyn b) -> std::optional<double> {
    if (!IsSeries(a.text) || !IsSeries(b.text)) return std::nullopt;
    return Pearson(ReadReals(a.text), ReadReals(b.text));
  });
}

// Null, or equal to the value that stands for what is missing.
bool IsMissing(const SeriesValue& value, const SeriesValue& missing) {
  if (missing.null) return value.null;
  return !value.null && Order(value, missing) == 0;
}

bool FillForward(std::string& out, std::string_view json, std::string_view missing_json,
                 bool backward) {
  if (!IsSeries(json)) return false;
  Series series = ReadSeries(json);
  const SeriesValue missing = ReadSeriesValue(missing_json);
  if (backward) std::reverse(series.begin(), series.end());
  for (size_t i = 1; i < series.size(); ++i) {
    if (IsMissing(series[i], missing)) series[i] = series[i - 1];
  }
  if (backward) std::reverse(series.begin(), series.end());
  return WriteSeries(out, series);
}

bool FillConst(std::string& out, std::string_view json, std::string_view value,
               std::string_view missing_json) {
  if (!IsSeries(json)) return false;
  const SeriesValue missing = ReadSeriesValue(missing_json);
  JsonArrayWriter array(out);
  for (const SeriesValue& x : ReadSeries(json)) {
    if (IsMissing(x, missing)) {
      array.Raw(value);
    } else {
      AppendSeriesValue(array.Element(), x);
    }
  }
  array.Close();
  return true;
}

bool FillLinear(std::string& out, std::string_view json, std::string_view missing_json,
                bool fill_edges, std::string_view constant) {
  if (!IsSeries(json)) return false;
  Series series = ReadSeries(json);
  const SeriesValue missing = ReadSeriesValue(missing_json);
  std::vector<size_t> known;
  for (size_t i = 0; i < series.size(); ++i) {
    if (!IsMissing(series[i], missing)) known.push_back(i);
  }
  if (known.empty()) {
    for (SeriesValue& value : series) value = ReadSeriesValue(constant);
    return WriteSeries(out, series);
  }
  for (size_t k = 0; k + 1 < known.size(); ++k) {
    const size_t a = known[k], b = known[k + 1];
    const double step = (series[b].real - series[a].real) / static_cast<double>(b - a);
    for (size_t i = a + 1; i < b; ++i) {
      series[i] = SeriesValue::Real(series[a].real + step * static_cast<double>(i - a));
    }
  }
  if (fill_edges) {
    for (size_t i = 0; i < known.front(); ++i) series[i] = series[known.front()];
    for (size_t i = known.back() + 1; i < series.size(); ++i) series[i] = series[known.back()];
  }
  return WriteSeries(out, series);
}

void AddFills(Registrar& r) {
  using MaybeDyn = std::optional<Dyn>;
  r.Add("kql_series_fill_forward", [](DynOut& out, Dyn s, MaybeDyn missing, bool backward) {
    return FillForward(out, s.text, missing ? missing->text : "", backward);
  });
  r.Add("kql_series_fill_const", [](DynOut& out, Dyn s, MaybeDyn value, MaybeDyn missing) {
    return FillConst(out, s.text, value ? value->text : "", missing ? missing->text : "");
  });
  r.Add("kql_series_fill_linear",
        [](DynOut& out, Dyn s, MaybeDyn missing, bool edges, MaybeDyn constant) {
          return FillLinear(out, s.text, missing ? missing->text : "", edges,
                            constant ? constant->text : "0");
        });
}

}  // namespace

void AddSeries(Registrar& registrar) {
  AddArithmetic(registrar);
  AddMaps(registrar);
  AddSums(registrar);
  AddFills(registrar);
}

}  // namespace kc::engine::udf
