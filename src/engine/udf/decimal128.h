// Kusto's decimal: IEEE 754 decimal128, 34 digits. In tables and between functions it is canonical
// text (equal numbers have equal texts), so that DuckDB can compare and group it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc::engine::udf {

// g++'s decimal128, computed by libgcc.
__extension__ typedef float Decimal __attribute__((mode(TD)));

// "-12.50", "1e5", ".5", "5."; more than 34 digits are rounded half to even. Nothing for other
// texts (NaN and infinities too: Kusto's decimal has none).
std::optional<Decimal> ParseDecimal(std::string_view text);
// No exponent as long as the number has at most 40 digits before and 40 after the point; no
// superfluous zeros, no "-0". The empty string for NaN and infinities.
std::string FormatDecimal(Decimal value);
bool IsFinite(Decimal value);

// A text whose byte order is the numbers' order, and back.
std::string DecimalKey(Decimal value);
std::optional<Decimal> DecimalFromKey(std::string_view key);

double DecimalToReal(Decimal value);
std::optional<Decimal> DecimalFromReal(double value);
// Towards zero; nothing if it doesn't fit.
std::optional<int64_t> DecimalToLong(Decimal value);

// Half away from zero at `digits` after the point (negative: before it).
Decimal RoundDecimal(Decimal value, int64_t digits);
Decimal FloorDecimal(Decimal value);

}  // namespace kc::engine::udf
