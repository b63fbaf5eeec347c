#include "kql/lexer_literals.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/ticks.h"
#include "base/utf8.h"
#include "kql/lexer.h"

namespace kc::kql {
namespace {

char At(std::string_view text, size_t i) {
  return i < text.size() ? text[i] : '\0';
}

struct Suffix {
  std::string_view name;
  int64_t hundredths_of_ticks;  // so that nanoseconds are whole
};
constexpr int64_t kH = 100;
constexpr std::array<Suffix, 34> kSuffixes = {{
    {"d", kTicksPerDay* kH},
    {"day", kTicksPerDay* kH},
    {"days", kTicksPerDay* kH},
    {"h", kTicksPerHour* kH},
    {"hr", kTicksPerHour* kH},
    {"hrs", kTicksPerHour* kH},
    {"hour", kTicksPerHour* kH},
    {"hours", kTicksPerHour* kH},
    {"m", kTicksPerMinute* kH},
    {"min", kTicksPerMinute* kH},
    {"minute", kTicksPerMinute* kH},
    {"minutes", kTicksPerMinute* kH},
    {"s", kTicksPerSecond* kH},
    {"sec", kTicksPerSecond* kH},
    {"second", kTicksPerSecond* kH},
    {"seconds", kTicksPerSecond* kH},
    {"ms", kTicksPerMillisecond* kH},
    {"milli", kTicksPerMillisecond* kH},
    {"millis", kTicksPerMillisecond* kH},
    {"millisec", kTicksPerMillisecond* kH},
    {"millisecond", kTicksPerMillisecond* kH},
    {"milliseconds", kTicksPerMillisecond* kH},
    {"micro", kTicksPerMicrosecond* kH},
    {"micros", kTicksPerMicrosecond* kH},
    {"microsec", kTicksPerMicrosecond* kH},
    {"microsecond", kTicksPerMicrosecond* kH},
    {"microseconds", kTicksPerMicrosecond* kH},
    {"nano", 1},
    {"nanos", 1},
    {"nanosec", 1},
    {"nanosecond", 1},
    {"nanoseconds", 1},
    {"tick", kH},
    {"ticks", kH},
}};

__extension__ typedef __int128 Int128;

int64_t HundredthsOf(std::string_view suffix) {
  for (const Suffix& candidate : kSuffixes) {
    if (candidate.name == suffix) return candidate.hundredths_of_ticks;
  }
  return 0;
}

}  // namespace

std::optional<int64_t> TimeSpanLiteral(std::string_view digits, std::string_view suffix) {
  const int64_t hundredths = HundredthsOf(suffix);
  if (hundredths == 0) return std::nullopt;
  // Whole and fraction apart, in integers: 0.1d must be exact.
  const size_t dot = digits.find('.');
  const std::string_view whole = digits.substr(0, dot);
  std::string_view fraction = dot == std::string_view::npos ? "" : digits.substr(dot + 1);
  Int128 total = 0;
  for (char c : whole) {
    total = total * 10 + (c - '0');
    if (total > std::numeric_limits<int64_t>::max()) return std::nullopt;
  }
  total *= hundredths;
  Int128 scale = 1;
  Int128 part = 0;
  for (char c : fraction.substr(0, 15)) {
    part = part * 10 + (c - '0');
    scale *= 10;
  }
  total += part * hundredths / scale;
  total /= kH;
  if (total > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return static_cast<int64_t>(total);
}

namespace {

tl::unexpected<Error> NotClosed(std::string_view text, size_t i) {
  return Fail(SyntaxError(text, i, "A string literal isn't closed."));
}

Result<StringLiteral> ReadRaw(std::string_view text, size_t i, std::string_view quote) {
  const size_t begin = i + quote.size();
  const size_t end = text.find(quote, begin);
  if (end == std::string_view::npos) return NotClosed(text, i);
  return StringLiteral{std::string(text.substr(begin, end - begin)), end + quote.size()};
}

// Decodes the escape at i (a backslash), appends it; the number of bytes used, 0 if it is wrong.
size_t ReadEscape(std::string_view text, size_t i, std::string* out) {
  static constexpr std::string_view kNames = "\\'\"/abfnrtv";
  static constexpr std::string_view kValues = "\\'\"/\a\b\f\n\r\t\v";
  const char c = At(text, i + 1);
  if (const size_t known = kNames.find(c); c != '\0' && known != std::string_view::npos) {
    out->push_back(kValues[known]);
    return 2;
  }
  size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : c == 'x' ? 2 : 0;
  size_t begin = i + 2;
  int base = 16;
  if (c >= '0' && c <= '7') {  // octal, up to three digits
    begin = i + 1;
    base = 8;
    while (digits < 3 && At(text, begin + digits) >= '0' && At(text, begin + digits) <= '7')
      ++digits;
  }
  if (digits == 0 || begin + digits > text.size()) return 0;
  uint32_t code = 0;
  const char* first = text.data() + begin;
  const auto parsed = std::from_chars(first, first + digits, code, base);
  if (parsed.ec != std::errc() || parsed.ptr != first + digits || code > 0x10FFFF) return 0;
  size_t used = begin + digits - i;
  if (code >= 0xD800 && code < 0xDC00 && c == 'u') {  // the first half of a surrogate pair
    uint32_t low = 0;
    const size_t next = i + used;
    if (text.substr(std::min(next, text.size())).starts_with("\\u") && next + 6 <= text.size()) {
      const char* second = text.data() + next + 2;
      const auto half = std::from_chars(second, second + 4, low, 16);
      if (half.ptr == second + 4 && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        used += 6;
      }
    }
  }
  AppendUtf8(*out, code);
  return used;
}

Result<StringLiteral> ReadQuoted(std::string_view text, size_t i, bool verbatim) {
  const size_t begin = i;
  const char quote = At(text, i);
  StringLiteral literal;
  for (++i; i < text.size();) {
    const char c = text[i];
    if (c == quote) {
      if (!verbatim || At(text, i + 1) != quote) {
        literal.end = i + 1;
        return literal;
      }
      literal.value.push_back(quote);
      i += 2;
      continue;
    }
    if ((c == '\n' || c == '\r') && !verbatim) break;
    if (c != '\\' || verbatim) {
      literal.value.push_back(c);
      ++i;
      continue;
    }
    const size_t used = ReadEscape(text, i, &literal.value);
    if (used == 0) {
      return Fail(SyntaxError(text, i, "Unknown escape sequence in a string literal."));
    }
    i += used;
  }
  return NotClosed(text, begin);
}

}  // namespace

Result<StringLiteral> ReadStringLiteral(std::string_view text, size_t i) {
  if (text.substr(i).starts_with("```")) return ReadRaw(text, i, "```");
  if (text.substr(i).starts_with("~~~")) return ReadRaw(text, i, "~~~");
  const bool verbatim = At(text, i) == '@';
  return ReadQuoted(text, verbatim ? i + 1 : i, verbatim);
}

}  // namespace kc::kql
