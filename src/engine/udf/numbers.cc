// Arithmetic where DuckDB's own throws, saturates or rounds otherwise than Kusto.
#include <cmath>
#include <limits>

#include "base/ticks.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/log_gamma.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

constexpr int64_t kMinLong = std::numeric_limits<int64_t>::min();

int64_t Wrap(uint64_t bits) {
  return static_cast<int64_t>(bits);
}
uint64_t Bits(int64_t value) {
  return static_cast<uint64_t>(value);
}

std::optional<int64_t> Divide(int64_t a, int64_t b) {
  if (b == 0) return std::nullopt;
  if (b == -1) return Wrap(0 - Bits(a));  // the smallest long has no positive counterpart
  return a / b;
}

// Euclidean: never negative.
std::optional<int64_t> Modulo(int64_t a, int64_t b) {
  if (b == 0) return std::nullopt;
  if (b == -1) return 0;
  const int64_t rest = a % b;
  if (rest >= 0) return rest;
  return b < 0 ? rest - b : rest + b;
}

double ModuloReal(double a, double b) {
  const double rest = std::fmod(a, b);
  return rest < 0 ? rest + std::fabs(b) : rest;
}

std::optional<int64_t> DateTimeSum(int64_t ticks, int64_t span) {
  int64_t sum = 0;
  if (__builtin_add_overflow(ticks, span, &sum)) return std::nullopt;
  if (sum < 0 || sum > kMaxDateTimeTicks) return std::nullopt;
  return sum;
}

// The multiple of `step` at or below the value, counted from `origin`.
std::optional<int64_t> Bin(int64_t value, int64_t step, int64_t origin) {
  if (step <= 0) return std::nullopt;
  int64_t offset = 0;
  if (__builtin_sub_overflow(value, origin, &offset)) return std::nullopt;
  const int64_t rest = *Modulo(offset, step);
  int64_t result = 0;
  if (__builtin_sub_overflow(value, rest, &result)) return std::nullopt;
  return result;
}

std::optional<double> BinReal(double value, double step, double origin) {
  if (!(step > 0)) return std::nullopt;
  return origin + std::floor((value - origin) / step) * step;
}

void AddArithmetic(Registrar& r) {
  r.Add("kql_add", [](int64_t a, int64_t b) { return Wrap(Bits(a) + Bits(b)); });
  r.Add("kql_sub", [](int64_t a, int64_t b) { return Wrap(Bits(a) - Bits(b)); });
  r.Add("kql_mul", [](int64_t a, int64_t b) { return Wrap(Bits(a) * Bits(b)); });
  r.Add("kql_div", [](int64_t a, int64_t b) { return Divide(a, b); });
  r.Add("kql_mod", [](int64_t a, int64_t b) { return Modulo(a, b); });
  r.Add("kql_neg", [](int64_t a) { return Wrap(0 - Bits(a)); });
  r.Add("kql_neg_int",
        [](int32_t a) { return static_cast<int32_t>(0 - static_cast<uint32_t>(a)); });
  r.Add("kql_abs", [](int64_t a) { return a < 0 ? Wrap(0 - Bits(a)) : a; });
  r.Add("kql_mod_real", [](double a, double b) { return ModuloReal(a, b); });
  r.Add("kql_dt_add", [](int64_t ticks, int64_t span) { return DateTimeSum(ticks, span); });
  r.Add("kql_dt_sub", [](int64_t ticks, int64_t span) -> std::optional<int64_t> {
    if (span == kMinLong) return std::nullopt;
    return DateTimeSum(ticks, -span);
  });
  r.Add("kql_span_mul",
        [](int64_t span, double factor) { return RealToLong(static_cast<double>(span) * factor); });
  r.Add("kql_span_div", [](int64_t span, double divisor) -> std::optional<int64_t> {
    if (divisor == 0) return std::nullopt;
    return RealToLong(static_cast<double>(span) / divisor);
  });
  r.Add("kql_bin", [](int64_t value, int64_t step) { return Bin(value, step, 0); });
  r.Add("kql_bin_at",
        [](int64_t value, int64_t step, int64_t origin) { return Bin(value, step, origin); });
  r.Add("kql_bin_real", [](double value, double step) { return BinReal(value, step, 0); });
  r.Add("kql_bin_at_real",
        [](double value, double step, double origin) { return BinReal(value, step, origin); });
}

// NaN wins, null loses.
template <bool kGreatest>
void ExtremeOfRow(const Call& call, Output& output) {
  for (idx_t row = 0; row < call.rows; ++row) {
    std::optional<double> best;
    for (const Input& input : call.inputs) {
      if (!input.Valid(row)) continue;
      const double value = input.Get<double>(row);
      if (!best || std::isnan(value) || (kGreatest ? value > *best : value < *best)) {
        best = value;
      }
    }
    output.Set(row, best);
  }
}

void AddExtremes(Registrar& r) {
  r.AddVariadic("kql_max_of_real", {}, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_DOUBLE,
                [](const Call& call, Output& output) { ExtremeOfRow<true>(call, output); });
  r.AddVariadic("kql_min_of_real", {}, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_DOUBLE,
                [](const Call& call, Output& output) { ExtremeOfRow<false>(call, output); });
}

void AddBits(Registrar& r) {
  r.Add("kql_shift_left", [](int64_t a, int64_t by) -> std::optional<int64_t> {
    if (by < 0) return std::nullopt;
    return Wrap(Bits(a) << (by % 64));
  });
  r.Add("kql_shift_right", [](int64_t a, int64_t by) -> std::optional<int64_t> {
    if (by < 0) return std::nullopt;
    return a >> (by % 64);
  });
  r.Add("kql_count_ones",
        [](int64_t a) { return static_cast<int64_t>(__builtin_popcountll(Bits(a))); });
  r.Add("kql_tohex", [](StrOut& out, int64_t value, int64_t least) {
    char digits[17];
    const int length =
        std::snprintf(digits, sizeof(digits), "%llx", static_cast<unsigned long long>(Bits(value)));
    const int64_t width = std::min<int64_t>(least, 64);
    if (length < width) out.append(static_cast<size_t>(width - length), '0');
    out.append(digits, static_cast<size_t>(length));
  });
  r.Add("kql_tohex_int", [](StrOut& out, int32_t value, int64_t least) {
    char digits[17];
    const int length = std::snprintf(digits, sizeof(digits), "%x", static_cast<unsigned>(value));
    const int64_t width = std::min<int64_t>(least, 64);
    if (length < width) out.append(static_cast<size_t>(width - length), '0');
    out.append(digits, static_cast<size_t>(length));
  });
}

std::optional<double> NonNan(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

void AddAnalysis(Registrar& r) {
  r.Add("kql_sqrt", [](double x) { return std::sqrt(x); });
  r.Add("kql_exp", [](double x) { return std::exp(x); });
  r.Add("kql_exp2", [](double x) { return std::exp2(x); });
  r.Add("kql_exp10", [](double x) { return std::pow(10.0, x); });
  // The logarithm of a negative number is null, of zero minus infinity.
  r.Add("kql_log", [](double x) { return NonNan(std::log(x)); });
  r.Add("kql_log2", [](double x) { return NonNan(std::log2(x)); });
  r.Add("kql_log10", [](double x) { return NonNan(std::log10(x)); });
  r.Add("kql_pow", [](double x, double y) { return std::pow(x, y); });
  r.Add("kql_sin", [](double x) { return std::sin(x); });
  r.Add("kql_cos", [](double x) { return std::cos(x); });
  r.Add("kql_tan", [](double x) { return std::tan(x); });
  r.Add("kql_cot", [](double x) { return 1.0 / std::tan(x); });
  r.Add("kql_asin", [](double x) { return NonNan(std::asin(x)); });
  r.Add("kql_acos", [](double x) { return NonNan(std::acos(x)); });
  r.Add("kql_atan", [](double x) { return std::atan(x); });
  r.Add("kql_atan2", [](double y, double x) { return std::atan2(y, x); });
  r.Add("kql_gamma", [](double x) { return std::tgamma(x); });
  r.Add("kql_loggamma", [](double x) { return LogGamma(x); });
  r.Add("kql_erf", [](double x) { return std::erf(x); });
  r.Add("kql_erfc", [](double x) { return std::erfc(x); });
  r.Add("kql_sign", [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; });
  r.Add("kql_round", [](double x, int64_t digits) -> double {
    if (!std::isfinite(x) || digits > 300 || digits < -300) return x;
    const double scale = std::pow(10.0, static_cast<double>(std::llabs(digits)));
    const double scaled = digits >= 0 ? x * scale : x / scale;
    if (!std::isfinite(scaled)) return x;
    const double rounded = std::round(scaled);
    return digits >= 0 ? rounded / scale : rounded * scale;
  });
}

}  // namespace

void AddNumbers(Registrar& r) {
  AddArithmetic(r);
  AddExtremes(r);
  AddBits(r);
  AddAnalysis(r);
}

}  // namespace kc::engine::udf
