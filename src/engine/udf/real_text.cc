#include "engine/udf/real_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"
#include "engine/udf/powers_of_ten.h"

namespace kc::engine::udf {
namespace {

// How many digits a number may have before its point, and zeros after it, in a plain form.
constexpr int kMaxIntegerDigits = 21;
constexpr int kMinPointPosition = -5;

__extension__ typedef unsigned __int128 Wide;

// A number as significand * 2^exponent.
struct Scaled {
  uint64_t significand;
  int exponent;
};

Scaled Normalized(Scaled x) {
  const int shift = __builtin_clzll(x.significand);
  return {x.significand << shift, x.exponent - shift};
}

// The upper half of the product, rounded.
Scaled Product(Scaled a, Scaled b) {
  const Wide product = Wide{a.significand} * b.significand;
  const auto high = static_cast<uint64_t>(product >> 64);
  return {high + (static_cast<uint64_t>(product) >> 63), a.exponent + b.exponent + 64};
}

struct Digits {
  char text[20];
  int count = 0;
  int exponent = 0;  // of the last digit
};

// The digit at a place of ten and what is left, dividing by constants: the place is known only at
// run time, and a division by a variable takes as long as all the rest.
uint32_t TakeDigit(uint32_t& value, int place) {
  uint32_t digit = 0;
  switch (place) {
#define KC_PLACE(N, POWER)   \
  case N:                    \
    digit = value / (POWER); \
    value %= (POWER);        \
    return digit
    KC_PLACE(9, 1'000'000'000);
    KC_PLACE(8, 100'000'000);
    KC_PLACE(7, 10'000'000);
    KC_PLACE(6, 1'000'000);
    KC_PLACE(5, 100'000);
    KC_PLACE(4, 10'000);
    KC_PLACE(3, 1'000);
    KC_PLACE(2, 100);
    KC_PLACE(1, 10);
#undef KC_PLACE
    default:
      return std::exchange(value, 0);
  }
}

int CountDigits(uint32_t value) {
  int count = 1;
  for (uint32_t limit = 10; value >= limit; limit *= 10) {
    if (++count == 10) break;
  }
  return count;
}

// Digits of the upper bound until the rest is within the interval that reads back as the number.
void CutDigits(Scaled upper, uint64_t delta, Digits& out) {
  const int shift = -upper.exponent;
  const uint64_t mask = (uint64_t{1} << shift) - 1;
  auto integer = static_cast<uint32_t>(upper.significand >> shift);
  uint64_t fraction = upper.significand & mask;
  int left = CountDigits(integer);
  while (left > 0) {
    const uint32_t digit = TakeDigit(integer, --left);
    if (digit != 0 || out.count > 0) out.text[out.count++] = static_cast<char>('0' + digit);
    if ((uint64_t{integer} << shift) + fraction <= delta) {
      out.exponent += left;
      return;
    }
  }
  do {
    fraction *= 10;
    delta *= 10;
    --left;
    const auto digit = static_cast<char>('0' + (fraction >> shift));
    if (digit != '0' || out.count > 0) out.text[out.count++] = digit;
    fraction &= mask;
  } while (fraction >= delta);
  out.exponent += left;
}

// Grisu2 (Florian Loitsch, "Printing floating-point numbers quickly and accurately with integers",
// 2010) without its last rounding: the shortest digits that read back as `value`, and of those the
// largest. So does Kusto: 0.1 + 0.2 is 0.30000000000000007 there. `value` must be positive.
Digits ShortestDigits(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  constexpr uint64_t kHidden = uint64_t{1} << 52;
  const int biased = static_cast<int>(bits >> 52);
  const uint64_t significand = (bits & (kHidden - 1)) | (biased != 0 ? kHidden : 0);
  const int exponent = (biased != 0 ? biased : 1) - 1075;
  const Scaled upper = Normalized({significand * 2 + 1, exponent - 1});
  Scaled lower = significand == kHidden ? Scaled{significand * 4 - 1, exponent - 2}
                                        : Scaled{significand * 2 - 1, exponent - 1};
  lower = {lower.significand << (lower.exponent - upper.exponent), upper.exponent};
  // The power of ten that brings the binary exponent near to -60.
  const double needed = (-61 - upper.exponent) * 0.30102999566398114 + 347;
  int decimal = static_cast<int>(needed);
  if (needed > decimal) ++decimal;
  const int index = decimal / kPowerStep + 1;
  const Scaled power = {kPowersOfTen[index].significand, kPowersOfTen[index].exponent};
  Scaled high = Product(upper, power);
  const Scaled low = Product(lower, power);
  --high.significand;
  Digits digits;
  digits.exponent = -(kFirstPower + index * kPowerStep);
  CutDigits(high, high.significand - (low.significand + 1), digits);
  return digits;
}

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
  char* start = out;
  if (std::signbit(value)) *out++ = '-';
  Digits shortest;
  if (value != 0) {
    shortest = ShortestDigits(std::fabs(value));
  } else {
    shortest.text[shortest.count++] = '0';
  }
  const char* digits = shortest.text;
  const int count = shortest.count;
  const int exponent = shortest.exponent + count - 1;
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
