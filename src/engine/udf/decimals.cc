// Functions of decimals. Their texts are parsed and written for each value: decimals are rare.
#include <cmath>

#include "base/text.h"
#include "engine/udf/decimal128.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

// False (null) for what is no number: overflow, division by zero.
bool Write(DynOut& out, Decimal value) {
  if (!IsFinite(value)) return false;
  out.append(FormatDecimal(value));
  return true;
}

template <typename F>
bool Apply(DynOut& out, Dec a, Dec b, F f) {
  const auto x = ParseDecimal(a.text), y = ParseDecimal(b.text);
  return x && y && Write(out, f(*x, *y));
}

template <typename F>
bool Apply(DynOut& out, Dec a, F f) {
  const auto x = ParseDecimal(a.text);
  return x && Write(out, f(*x));
}

// Euclidean: never negative.
Decimal Modulo(Decimal a, Decimal b) {
  if (b == 0) return a / b;
  if (b < 0) b = -b;
  Decimal result = a - b * FloorDecimal(a / b);
  if (result < 0) result += b;
  if (result >= b) result -= b;
  return result;
}

void AddArithmetic(Registrar& r) {
  r.Add("kql_dec_add", [](DynOut& out, Dec a, Dec b) {
    return Apply(out, a, b, [](Decimal x, Decimal y) -> Decimal { return x + y; });
  });
  r.Add("kql_dec_sub", [](DynOut& out, Dec a, Dec b) {
    return Apply(out, a, b, [](Decimal x, Decimal y) -> Decimal { return x - y; });
  });
  r.Add("kql_dec_mul", [](DynOut& out, Dec a, Dec b) {
    return Apply(out, a, b, [](Decimal x, Decimal y) -> Decimal { return x * y; });
  });
  r.Add("kql_dec_div", [](DynOut& out, Dec a, Dec b) {
    return Apply(out, a, b, [](Decimal x, Decimal y) -> Decimal { return x / y; });
  });
  r.Add("kql_dec_mod", [](DynOut& out, Dec a, Dec b) { return Apply(out, a, b, Modulo); });
  r.Add("kql_dec_neg",
        [](DynOut& out, Dec a) { return Apply(out, a, [](Decimal x) -> Decimal { return -x; }); });
  r.Add("kql_dec_abs", [](DynOut& out, Dec a) {
    return Apply(out, a, [](Decimal x) -> Decimal { return x < 0 ? -x : x; });
  });
  r.Add("kql_dec_floor", [](DynOut& out, Dec a) { return Apply(out, a, FloorDecimal); });
  r.Add("kql_dec_ceiling", [](DynOut& out, Dec a) {
    return Apply(out, a, [](Decimal x) -> Decimal { return -FloorDecimal(-x); });
  });
  r.Add("kql_dec_round", [](DynOut& out, Dec a, int64_t digits) {
    const auto x = ParseDecimal(a.text);
    return x && Write(out, RoundDecimal(*x, digits));
  });
  r.Add("kql_dec_bin", [](DynOut& out, Dec a, Dec step) {
    return Apply(out, a, step, [](Decimal x, Decimal s) -> Decimal {
      return s > 0 ? FloorDecimal(x / s) * s : x / Decimal{};
    });
  });
}

template <bool kGreatest>
void ExtremeOfRow(const Call& call, Output& output) {
  for (idx_t row = 0; row < call.rows; ++row) {
    std::optional<Decimal> best;
    for (const Input& input : call.inputs) {
      const auto x = input.Valid(row) ? ParseDecimal(input.Get<Text>(row)) : std::nullopt;
      if (x && (!best || (kGreatest ? *x > *best : *x < *best))) best = x;
    }
    best ? output.SetText(row, FormatDecimal(*best)) : output.SetNull(row);
  }
}

void AddComparison(Registrar& r) {
  r.Add("kql_dec_cmp", [](Dec a, Dec b) -> std::optional<int32_t> {
    const auto x = ParseDecimal(a.text), y = ParseDecimal(b.text);
    if (!x || !y) return std::nullopt;
    return *x < *y ? -1 : *x > *y ? 1 : 0;
  });
  r.Add("kql_dec_key", [](DynOut& out, Dec a) {
    const auto x = ParseDecimal(a.text);
    if (x) out.append(DecimalKey(*x));
    return x.has_value();
  });
  r.Add("kql_dec_from_key", [](DynOut& out, Dec key) {
    const auto x = DecimalFromKey(key.text);
    return x && Write(out, *x);
  });
  r.AddVariadic("kql_dec_max_of", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { ExtremeOfRow<true>(call, output); });
  r.AddVariadic("kql_dec_min_of", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { ExtremeOfRow<false>(call, output); });
  r.Add("kql_dec_sign", [](Dec a) -> std::optional<int64_t> {
    const auto x = ParseDecimal(a.text);
    if (!x) return std::nullopt;
    return *x < 0 ? -1 : *x > 0 ? 1 : 0;
  });
}

bool TextToDecimal(DynOut& out, std::string_view text) {
  const auto x = ParseDecimal(Trim(text));
  return x && Write(out, *x);
}

void AddConversion(Registrar& r) {
  r.Add("kql_todecimal_string", [](DynOut& out, Text v) { return TextToDecimal(out, v); });
  r.Add("kql_todecimal_real", [](DynOut& out, double v) {
    const auto x = DecimalFromReal(v);
    return x && Write(out, *x);
  });
  r.Add("kql_todecimal_dynamic", [](DynOut& out, Dyn v) {
    switch (KindOf(v.text)) {
      case JsonKind::kNumber:
        return TextToDecimal(out, v.text);
      case JsonKind::kString:
        return TextToDecimal(out, JsonUnquote(v.text));
      case JsonKind::kBool:
        out.append(v.text[0] == 't' ? "1" : "0");
        return true;
      default:
        return false;
    }
  });
  r.Add("kql_todouble_decimal", [](Dec v) -> std::optional<double> {
    const auto x = ParseDecimal(v.text);
    return x ? std::optional(DecimalToReal(*x)) : std::nullopt;
  });
  r.Add("kql_tolong_decimal", [](Dec v) -> std::optional<int64_t> {
    const auto x = ParseDecimal(v.text);
    return x ? DecimalToLong(*x) : std::nullopt;
  });
  r.Add("kql_toint_decimal", [](Dec v) -> std::optional<int32_t> {
    const auto x = ParseDecimal(v.text);
    return x ? std::optional(RealToInt(DecimalToReal(*x))) : std::nullopt;
  });
}

}  // namespace

void AddDecimals(Registrar& r) {
  AddArithmetic(r);
  AddComparison(r);
  AddConversion(r);
}

}  // namespace kc::engine::udf
