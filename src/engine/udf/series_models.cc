// series_*: statistics, filters and fitted lines.
#include <algorithm>
#include <cmath>

#include "engine/udf/families.h"
#include "engine/udf/series_numbers.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

struct Stats {
  double min = 0, max = 0, sum = 0, average = 0, variance = 0;
  int64_t min_index = 0, max_index = 0;
  size_t length = 0;
};

// Nothing if the series is empty or has an element that is no number.
std::optional<Stats> StatsOf(std::string_view json) {
  if (!IsSeries(json)) return std::nullopt;
  Stats stats;
  const std::vector<SeriesValue> series = ReadSeries(json);
  if (series.empty()) return std::nullopt;
  for (const SeriesValue& x : series) {
    if (x.null || !std::isfinite(x.real)) return std::nullopt;
  }
  stats.length = series.size();
  stats.min = stats.max = series[0].real;
  for (size_t i = 0; i < series.size(); ++i) {
    const double x = series[i].real;
    if (x < stats.min) stats.min = x, stats.min_index = static_cast<int64_t>(i);
    if (x > stats.max) stats.max = x, stats.max_index = static_cast<int64_t>(i);
    stats.sum += x;
  }
  const auto n = static_cast<double>(stats.length);
  stats.average = stats.sum / n;
  for (const SeriesValue& x : series) {
    stats.variance += (x.real - stats.average) * (x.real - stats.average);
  }
  stats.variance = n > 1 ? stats.variance / (n - 1) : 0;
  return stats;
}

// [min, min_idx, max, max_idx, avg, stdev, variance, sum, len], or an object of them.
bool WriteStats(std::string& out, std::string_view json, bool object) {
  const auto stats = StatsOf(json);
  if (!stats) return false;
  static constexpr std::string_view kNames[] = {"min",   "min_idx",  "max", "max_idx", "avg",
                                                "stdev", "variance", "sum", "len"};
  const double values[] = {
      stats->min,      0,          stats->max, 0, stats->average, std::sqrt(stats->variance),
      stats->variance, stats->sum, 0};
  const int64_t integers[] = {
      0, stats->min_index, 0, stats->max_index, 0, 0, 0, 0, static_cast<int64_t>(stats->length)};
  out += object ? '{' : '[';
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (i > 0) out += ',';
    if (object) {
      AppendJsonQuoted(out, kNames[i]);
      out += ':';
    }
    if (i == 1 || i == 3 || i == 8) {
      AppendJsonInteger(out, integers[i]);
    } else {
      AppendJsonReal(out, values[i]);
    }
  }
  out += object ? '}' : ']';
  return true;
}

// A moving weighted sum; elements before the beginning count as zero.
bool Fir(std::string& out, std::string_view json, std::string_view filter_json,
         std::optional<bool> normalize, bool center) {
  if (!IsSeries(json) || !IsSeries(filter_json)) return false;
  const std::vector<double> x = ReadReals(json);
  std::vector<double> filter = ReadReals(filter_json);
  if (filter.empty()) return false;
  const bool negative = std::any_of(filter.begin(), filter.end(), [](double f) { return f < 0; });
  if (normalize.value_or(!negative)) {
    double sum = 0;
    for (const double f : filter) sum += f;
    if (sum == 0) return false;
    for (double& f : filter) f /= sum;
  }
  const auto shift = static_cast<int64_t>(center ? (filter.size() - 1) / 2 : 0);
  const auto length = static_cast<int64_t>(x.size());
  std::vector<double> y(x.size());
  for (int64_t i = 0; i < length; ++i) {
    double sum = 0;
    for (size_t k = 0; k < filter.size(); ++k) {
      const int64_t at = i + shift - static_cast<int64_t>(k);
      if (at >= 0 && at < length) sum += filter[k] * x[static_cast<size_t>(at)];
    }
    y[static_cast<size_t>(i)] = sum;
  }
  return WriteReals(out, y);
}

bool Iir(std::string& out, std::string_view json, std::string_view numerators,
         std::string_view denominators) {
  if (!IsSeries(json) || !IsSeries(numerators) || !IsSeries(denominators)) return false;
  const std::vector<double> x = ReadReals(json), b = ReadReals(numerators),
                            a = ReadReals(denominators);
  if (a.empty() || a[0] == 0) return false;
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (size_t k = 0; k < b.size() && k <= i; ++k) sum += b[k] * x[i - k];
    for (size_t k = 1; k < a.size() && k <= i; ++k) sum -= a[k] * y[i - k];
    y[i] = sum / a[0];
  }
  return WriteReals(out, y);
}

struct Line {
  double r_square = 0, slope = 0, variance = 0, residual_variance = 0, interception = 0;
};

std::optional<Line> FitLine(const std::vector<double>& y) {
  if (y.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(y.size());
  double mean_y = 0;
  for (const double v : y) {
    if (!std::isfinite(v)) return std::nullopt;
    mean_y += v / n;
  }
  const double mean_x = (n - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double dx = static_cast<double>(i) - mean_x;
    xy += dx * (y[i] - mean_y);
    xx += dx * dx;
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  Line line;
  line.slope = xy / xx;
  line.interception = mean_y - line.slope * mean_x;
  double residual = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double fitted = line.interception + line.slope * static_cast<double>(i);
    residual += (y[i] - fitted) * (y[i] - fitted);
  }
  line.variance = yy / n;
  line.residual_variance = residual / n;
  line.r_square = yy == 0 ? 0 : 1 - residual / yy;
  return line;
}

// [rsquare, slope, variance, rvariance, interception, [line]], or an object of them.
bool WriteLine(std::string& out, std::string_view json, bool object) {
  if (!IsSeries(json)) return false;
  const std::vector<double> y = ReadReals(json);
  const auto line = FitLine(y);
  if (!line) return false;
  static constexpr std::string_view kNames[] = {"rsquare", "slope", "variance", "rvariance",
                                                "interception"};
  const double values[] = {line->r_square, line->slope, line->variance, line->residual_variance,
                           line->interception};
  out += object ? '{' : '[';
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (object) {
      AppendJsonQuoted(out, kNames[i]);
      out += ':';
    }
    AppendJsonReal(out, values[i]);
    out += ',';
  }
  if (object) out += "\"line_fit\":";
  std::vector<double> fitted(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    fitted[i] = line->interception + line->slope * static_cast<double>(i);
  }
  WriteReals(out, fitted);
  out += object ? '}' : ']';
  return true;
}

// The median of each phase of the period, repeated.
bool Seasonal(std::string& out, std::string_view json, int64_t period) {
  if (!IsSeries(json) || period <= 0) return false;
  const std::vector<double> x = ReadReals(json);
  // Of a longer period each phase has one value or none.
  const size_t step = std::min(static_cast<size_t>(period), std::max<size_t>(1, x.size()));
  std::vector<double> phases(step);
  for (size_t phase = 0; phase < step; ++phase) {
    std::vector<double> values;
    for (size_t i = phase; i < x.size(); i += step) values.push_back(x[i]);
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    phases[phase] =
        values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = phases[i % step];
  return WriteReals(out, y);
}

}  // namespace

void AddSeriesModels(Registrar& r) {
  r.Add("kql_series_stats", [](DynOut& out, Dyn s) { return WriteStats(out, s.text, false); });
  r.Add("kql_series_stats_dynamic",
        [](DynOut& out, Dyn s) { return WriteStats(out, s.text, true); });
  r.Add("kql_series_fir",
        [](DynOut& out, Dyn s, Dyn filter, std::optional<bool> normalize, bool center) {
          return Fir(out, s.text, filter.text, normalize, center);
        });
  r.Add("kql_series_iir", [](DynOut& out, Dyn s, Dyn numerators, Dyn denominators) {
    return Iir(out, s.text, numerators.text, denominators.text);
  });
  r.Add("kql_series_fit_line", [](DynOut& out, Dyn s) { return WriteLine(out, s.text, false); });
  r.Add("kql_series_fit_line_dynamic",
        [](DynOut& out, Dyn s) { return WriteLine(out, s.text, true); });
  r.Add("kql_series_seasonal",
        [](DynOut& out, Dyn s, int64_t period) { return Seasonal(out, s.text, period); });
}

}  // namespace kc::engine::udf
