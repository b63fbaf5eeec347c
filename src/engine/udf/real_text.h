// Reals and integers as texts, and back, the way Kusto's tostring() and to…() do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc::engine::udf {

// The longest text of a finite real: 17 digits, a sign, a point, zeros up to 10^21 or 10^-6.
inline constexpr size_t kMaxRealLength = 32;
// The shortest digits that read back (the largest of those), as Kusto writes them: "1.0",
// "0.000001", "1e-7", "100000000000000000000.0", "1e21", "1.5e300". `value` must be finite. Gives
// the length.
size_t WriteReal(double value, char* out);
void AppendReal(std::string& out, double value);
// tostring(): as above, "NaN", "inf", "-inf".
void AppendRealText(std::string& out, double value);

// toint(), tolong(): blanks around are dropped, "+5" and "0x1F" are taken; all else is null.
std::optional<int64_t> TextToLong(std::string_view text);
std::optional<int32_t> TextToInt(std::string_view text);
// todouble(): "1e3", ".5", "5.", "NaN", "inf", "Infinity" with blanks around; nothing hexadecimal.
std::optional<double> TextToReal(std::string_view text);
// tobool(): true and false in any case, or an integer; no blanks.
std::optional<bool> TextToBool(std::string_view text);

// Towards zero; what doesn't fit becomes the nearest limit, NaN the smallest.
int64_t RealToLong(double value);
int32_t RealToInt(double value);

}  // namespace kc::engine::udf
