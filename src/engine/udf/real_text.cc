#include "engine/udf/real_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace kc::engine::udf {
namespace {

// How many digits a number may have before its point, and zeros after it, in a plain form.
constexpr int kMaxIntegerDigits = 21;
constexpr int kMinPointPosition = -5;

// text must be blank-free; the whole of it must be the number.
template <typename T>
std::optional<T> ParseWhole(std::string_view text, int base) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string_view WithoutPlus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

bool IsHex(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

}  // namespace

size_t WriteReal(double value, char* out) {
  char buffer[40];
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  // "-d.ddde±xx" taken apart into digits and the position of the point.
  const char* at = buffer;
  char* start = out;
  if (*at == '-') *out++ = *at++;
  char digits[24];
  int count = 0;
  for (; at < result.ptr && *at != 'e'; ++at) {
    if (*at != '.') digits[count++] = *at;
  }
  int exponent = 0;
  std::from_chars(at[1] == '+' ? at + 2 : at + 1, result.ptr, exponent);
  const int point = exponent + 1;  // digits before the point
  if (point > kMaxIntegerDigits || point < kMinPointPosition) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      std::memcpy(out, digits + 1, static_cast<size_t>(count - 1));
      out += count - 1;
    }
    *out++ = 'e';
    out = std::to_chars(out, out + 8, exponent).ptr;
  } else if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (int i = point; i < 0; ++i) *out++ = '0';
    std::memcpy(out, digits, static_cast<size_t>(count));
    out += count;
  } else {
    for (int i = 0; i < point; ++i) *out++ = i < count ? digits[i] : '0';
    *out++ = '.';
    if (count <= point) *out++ = '0';
    for (int i = point; i < count; ++i) *out++ = digits[i];
  }
  return static_cast<size_t>(out - start);
}

void AppendReal(std::string& out, double value) {
  char buffer[kMaxRealLength];
  out.append(buffer, WriteReal(value, buffer));
}

void AppendRealText(std::string& out, double value) {
  if (std::isfinite(value)) {
    AppendReal(out, value);
  } else {
    out.append(std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf");
  }
}

std::optional<int64_t> TextToLong(std::string_view text) {
  text = WithoutPlus(Trim(text));
  if (IsHex(text)) {
    const auto bits = ParseWhole<uint64_t>(text.substr(2), 16);
    if (!bits) return std::nullopt;
    return static_cast<int64_t>(*bits);
  }
  return ParseWhole<int64_t>(text, 10);
}

std::optional<int32_t> TextToInt(std::string_view text) {
  text = WithoutPlus(Trim(text));
  if (IsHex(text)) {
    const auto bits = ParseWhole<uint32_t>(text.substr(2), 16);
    if (!bits) return std::nullopt;
    return static_cast<int32_t>(*bits);
  }
  return ParseWhole<int32_t>(text, 10);
}

std::optional<double> TextToReal(std::string_view text) {
  text = WithoutPlus(Trim(text));
  if (text.empty()) return std::nullopt;
  const bool negative = text[0] == '-';
  const std::string_view magnitude = negative ? text.substr(1) : text;
  if (magnitude.empty()) return std::nullopt;
  if ((magnitude[0] >= '0' && magnitude[0] <= '9') || magnitude[0] == '.') {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (stop != end) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      // from_chars leaves the value alone; strtod gives 0 or infinity as the text demands.
      return std::strtod(std::string(text).c_str(), nullptr);
    }
    return error == std::errc() ? std::optional(value) : std::nullopt;
  }
  if (EqualsIgnoreCase(magnitude, "nan")) return std::numeric_limits<double>::quiet_NaN();
  for (const std::string_view word : {"inf", "Inf", "infinity", "Infinity"}) {
    if (magnitude == word) {
      const double infinity = std::numeric_limits<double>::infinity();
      return negative ? -infinity : infinity;
    }
  }
  return std::nullopt;
}

std::optional<bool> TextToBool(std::string_view text) {
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  const auto number = ParseWhole<int64_t>(WithoutPlus(text), 10);
  if (!number) return std::nullopt;
  return *number != 0;
}

int64_t RealToLong(double value) {
  if (value >= 9223372036854775808.0) return std::numeric_limits<int64_t>::max();
  if (!(value >= -9223372036854775808.0)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int32_t RealToInt(double value) {
  if (value >= 2147483648.0) return std::numeric_limits<int32_t>::max();
  if (!(value > -2147483649.0)) return std::numeric_limits<int32_t>::min();
  return static_cast<int32_t>(value);
}

}  // namespace kc::engine::udf
