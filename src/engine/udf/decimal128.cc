#include "engine/udf/decimal128.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "engine/udf/decimal_text.h"
#include "engine/udf/real_text.h"

namespace kc::engine::udf {
namespace {

__extension__ typedef unsigned __int128 Coefficient;

constexpr int kDigits = 34;
constexpr int kBias = 6176;
constexpr int kMaxExponent = 6111;
constexpr int kMaxPlain = 40;       // digits on either side of the point in a text without exponent
constexpr int kKeyOffset = 10'000;  // makes the exponents of keys positive

struct Parts {
  bool negative = false;
  bool finite = true;
  Coefficient coefficient = 0;
  int exponent = 0;
};

// The "binary integer decimal" encoding that g++ uses on x86.
Parts Split(Decimal value) {
  Coefficient bits;
  std::memcpy(&bits, &value, sizeof(bits));
  Parts parts;
  parts.negative = (bits >> 127) != 0;
  const int combination = static_cast<int>(bits >> 122) & 31;
  if (combination >= 30) {
    parts.finite = false;
  } else if (combination >= 24) {
    parts.coefficient = 0;  // not a canonical coefficient: means zero
  } else {
    parts.exponent = (static_cast<int>(bits >> 113) & 0x3FFF) - kBias;
    parts.coefficient = bits & ((Coefficient{1} << 113) - 1);
  }
  return parts;
}

Decimal Assemble(const Parts& parts) {
  Coefficient bits = parts.coefficient;
  bits |= Coefficient(static_cast<unsigned>(parts.exponent + kBias)) << 113;
  if (parts.negative) bits |= Coefficient{1} << 127;
  Decimal value;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

Coefficient PowerOfTen(int exponent) {
  Coefficient power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

void StripZeros(Parts& parts) {
  if (parts.coefficient == 0) parts.exponent = 0;
  while (parts.coefficient != 0 && parts.coefficient % 10 == 0 && parts.exponent < kMaxExponent) {
    parts.coefficient /= 10;
    ++parts.exponent;
  }
}

std::string DigitsOf(Coefficient coefficient) {
  std::string digits;
  while (coefficient != 0) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(coefficient % 10)));
    coefficient /= 10;
  }
  std::reverse(digits.begin(), digits.end());
  return digits.empty() ? "0" : digits;
}

// Rounds half away from zero, so that no digit below 10^-digits is left.
Parts RoundParts(Parts parts, int digits) {
  const int drop = -digits - parts.exponent;
  if (drop <= 0 || parts.coefficient == 0) return parts;
  if (drop > kDigits) {
    parts.coefficient = 0;
  } else {
    const Coefficient power = PowerOfTen(drop);
    const Coefficient rest = parts.coefficient % power;
    parts.coefficient /= power;
    if (rest >= power - rest) ++parts.coefficient;
  }
  parts.exponent = -digits;
  return parts;
}

}  // namespace

std::optional<Decimal> ParseDecimal(std::string_view text) {
  Parts parts;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) parts.negative = text[at++] == '-';
  int digits = 0;
  bool any = false, point = false, sticky = false;
  int next = -1;  // the first digit that did not fit
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (digits < kDigits) {
      parts.coefficient = parts.coefficient * 10 + static_cast<unsigned>(c - '0');
      if (parts.coefficient != 0) ++digits;
      if (point) --parts.exponent;
    } else {
      if (next < 0) {
        next = c - '0';
      } else {
        sticky |= c != '0';
      }
      if (!point) ++parts.exponent;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int exponent = 0;
    const auto [stop, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error != std::errc()) return std::nullopt;
    at = static_cast<size_t>(stop - text.data());
    parts.exponent += std::clamp(exponent, -20'000, 20'000);
  }
  if (at != text.size()) return std::nullopt;
  if (next > 5 || (next == 5 && (sticky || parts.coefficient % 2 == 1))) ++parts.coefficient;
  if (parts.coefficient == PowerOfTen(kDigits)) {
    parts.coefficient /= 10;
    ++parts.exponent;
  }
  StripZeros(parts);
  if (parts.coefficient != 0 && (parts.exponent > kMaxExponent || parts.exponent < -kBias)) {
    return std::nullopt;
  }
  return Assemble(parts);
}

std::string FormatDecimal(Decimal value) {
  Parts parts = Split(value);
  if (!parts.finite) return "";
  StripZeros(parts);
  if (parts.coefficient == 0) return "0";
  const std::string digits = DigitsOf(parts.coefficient);
  const int count = static_cast<int>(digits.size());
  const int point = count + parts.exponent;  // digits before the point
  std::string out = parts.negative ? "-" : "";
  if (point > kMaxPlain || -parts.exponent > kMaxPlain) {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    return out.append("e").append(std::to_string(point - 1));
  }
  if (parts.exponent >= 0) {
    return out.append(digits).append(static_cast<size_t>(parts.exponent), '0');
  }
  if (point <= 0) {
    return out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  }
  return out.append(digits, 0, static_cast<size_t>(point))
      .append(".")
      .append(digits, static_cast<size_t>(point));
}

bool IsFinite(Decimal value) {
  return Split(value).finite;
}

std::string DecimalKey(Decimal value) {
  Parts parts = Split(value);
  if (!parts.finite || parts.coefficient == 0) return "1";
  std::string digits = DigitsOf(parts.coefficient);
  const int magnitude = static_cast<int>(digits.size()) + parts.exponent;
  digits.resize(kDigits, '0');
  std::string key = std::to_string(kKeyOffset * 2 + magnitude) + digits;
  if (parts.negative) {
    for (char& c : key) c = static_cast<char>('0' + '9' - c);
  }
  return (parts.negative ? "0" : "2") + key;
}

std::optional<Decimal> DecimalFromKey(std::string_view key) {
  if (key == "1") return Assemble({});
  if (key.size() != 6 + kDigits) return std::nullopt;
  std::string body(key.substr(1));
  Parts parts;
  parts.negative = key[0] == '0';
  if (parts.negative) {
    for (char& c : body) c = static_cast<char>('0' + '9' - c);
  }
  for (size_t i = 5; i < body.size(); ++i) {
    parts.coefficient = parts.coefficient * 10 + static_cast<unsigned>(body[i] - '0');
  }
  parts.exponent = std::stoi(body.substr(0, 5)) - kKeyOffset * 2 - kDigits;
  StripZeros(parts);
  return Assemble(parts);
}

double DecimalToReal(Decimal value) {
  const std::string text = FormatDecimal(value);
  return text.empty() ? std::nan("") : std::strtod(text.c_str(), nullptr);
}

std::optional<Decimal> DecimalFromReal(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  char buffer[kMaxRealLength];
  return ParseDecimal({buffer, WriteReal(value, buffer)});
}

std::optional<int64_t> DecimalToLong(Decimal value) {
  Parts parts = Split(value);
  if (!parts.finite) return std::nullopt;
  StripZeros(parts);
  if (parts.exponent < 0) {
    parts.coefficient =
        -parts.exponent > kDigits ? 0 : parts.coefficient / PowerOfTen(-parts.exponent);
  } else if (parts.exponent > 19) {
    return std::nullopt;
  } else {
    if (DigitsOf(parts.coefficient).size() + static_cast<size_t>(parts.exponent) > 19) {
      return std::nullopt;
    }
    parts.coefficient *= PowerOfTen(parts.exponent);
  }
  const Coefficient limit = (Coefficient{1} << 63) - (parts.negative ? 0 : 1);
  if (parts.coefficient > limit) return std::nullopt;
  const auto magnitude = static_cast<uint64_t>(parts.coefficient);
  return static_cast<int64_t>(parts.negative ? 0 - magnitude : magnitude);
}

Decimal RoundDecimal(Decimal value, int64_t digits) {
  const Parts parts = Split(value);
  if (!parts.finite) return value;
  return Assemble(RoundParts(parts, static_cast<int>(std::clamp<int64_t>(digits, -6000, 6000))));
}

Decimal FloorDecimal(Decimal value) {
  Parts parts = Split(value);
  if (!parts.finite || parts.exponent >= 0 || parts.coefficient == 0) return value;
  const int drop = -parts.exponent;
  const Coefficient power = drop > kDigits ? 0 : PowerOfTen(drop);
  const bool whole = power != 0 && parts.coefficient % power == 0;
  parts.coefficient = power == 0 ? 0 : parts.coefficient / power;
  if (parts.negative && !whole) ++parts.coefficient;
  parts.exponent = 0;
  return Assemble(parts);
}

std::optional<std::string> CanonicalDecimal(std::string_view text) {
  const auto value = ParseDecimal(text);
  if (!value) return std::nullopt;
  return FormatDecimal(*value);
}

}  // namespace kc::engine::udf
