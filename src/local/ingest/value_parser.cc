#include "local/ingest/value_parser.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/ingest/scan.h"

namespace kc::local {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeSign(std::string_view text, bool* negative) {
  *negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

// "2015-01-01T01:01:01.0000001Z" and "2015-01-01 01:01:01", by far the commonest forms. Negative if
// the text has another form.
int Digits(const char* p, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    if (!IsDigit(p[i])) return -1;
    value = value * 10 + (p[i] - '0');
  }
  return value;
}

std::optional<int64_t> FastDateTime(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  if (text[10] != 'T' && text[10] != ' ') return std::nullopt;
  const char* p = text.data();
  CivilTime t{Digits(p, 4),      Digits(p + 5, 2),  Digits(p + 8, 2), Digits(p + 11, 2),
              Digits(p + 14, 2), Digits(p + 17, 2), 0};
  if (t.year < 0 || t.month < 0 || t.day < 0 || t.hour < 0 || t.minute < 0 || t.second < 0) {
    return std::nullopt;
  }
  size_t i = 19;
  if (i < text.size() && text[i] == '.') {
    int digits = 0;
    for (++i; i < text.size() && IsDigit(text[i]) && digits < 7; ++i, ++digits) {
      t.ticks = t.ticks * 10 + (text[i] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 7; ++digits) t.ticks *= 10;
  }
  if (i < text.size() && text[i] == 'Z') ++i;
  if (i != text.size()) return std::nullopt;
  return FromCivil(t);
}

size_t CutBetweenCodePoints(std::string_view text, size_t limit) {
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return limit;
}

// Digits, a point and an exponent as one decimal number; the exponent is worked off.
struct DecimalParts {
  std::string digits;  // without the point
  int64_t point = 0;   // place of the point in digits; may lie outside
};

std::optional<DecimalParts> SplitDecimal(std::string_view text) {
  DecimalParts parts;
  size_t i = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) parts.digits += text[i];
  parts.point = static_cast<int64_t>(parts.digits.size());
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && IsDigit(text[i]); ++i) parts.digits += text[i];
  }
  if (parts.digits.empty()) return std::nullopt;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    auto exponent = ParseInt64(text.substr(i + 1));
    if (!exponent || *exponent > 6144 || *exponent < -6176) return std::nullopt;
    parts.point += *exponent;
    i = text.size();
  }
  if (i != text.size()) return std::nullopt;
  return parts;
}

// simdjson needs its parser's memory again and again: one per thread.
simdjson::dom::parser& Parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

bool IsJson(const simdjson::padded_string& padded) {
  auto error = Parser().parse(padded).error();
  if (error == simdjson::SUCCESS) return true;
  // Integers beyond 64 bits are JSON all the same.
  if (error != simdjson::NUMBER_ERROR) return false;
  return ParseJson(std::string_view(padded)).has_value();
}

}  // namespace

std::optional<int64_t> ParseLongText(std::string_view text) {
  bool negative = false;
  text = TakeSign(Trim(text), &negative);
  bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hex) text.remove_prefix(2);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  if (!hex && value > (negative ? kLimit : kLimit - 1)) return std::nullopt;
  return static_cast<int64_t>(negative ? ~value + 1 : value);
}

std::optional<int32_t> ParseIntText(std::string_view text) {
  auto value = ParseLongText(text);
  if (!value || *value < std::numeric_limits<int32_t>::min() ||
      *value > std::numeric_limits<int32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(*value);
}

std::optional<double> ParseRealText(std::string_view text) {
  bool negative = false;
  text = TakeSign(Trim(text), &negative);
  if (text.empty()) return std::nullopt;
  double value = 0;
  if (!IsDigit(text.front()) && text.front() != '.') {
    if (text == "NaN" || text == "nan") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (EqualsIgnoreCase(text, "infinity") || text == "inf" || text == "Inf") {
      value = std::numeric_limits<double>::infinity();
    } else {
      return std::nullopt;
    }
    return negative && !std::isnan(value) ? -value : value;
  }
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    auto slow = ParseDouble(text);
    if (!slow) return std::nullopt;
    value = *slow;
  }
  return negative ? -value : value;
}

std::optional<bool> ParseBoolText(std::string_view text) {
  text = Trim(text);
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  auto number = ParseLongText(text);
  if (!number) return std::nullopt;
  return *number != 0;
}

std::optional<int64_t> ParseDateTimeText(std::string_view text) {
  text = Trim(text);
  if (auto ticks = FastDateTime(text)) return ticks;
  if (text.size() < 8) return std::nullopt;  // "2015", "12": numbers are no datetimes
  return ParseDateTime(text);
}

std::optional<int64_t> ParseTimeSpanText(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  return ParseTimeSpan(text);
}

std::optional<std::string> ParseDecimalText(std::string_view text) {
  constexpr size_t kMaxDigits = 34;  // IEEE decimal128
  bool negative = false;
  auto parts = SplitDecimal(TakeSign(Trim(text), &negative));
  if (!parts) return std::nullopt;
  std::string digits = std::move(parts->digits);
  int64_t point = parts->point;
  while (point > static_cast<int64_t>(digits.size())) digits += '0';
  while (point < 0) digits.insert(0, "0"), ++point;
  std::string whole = digits.substr(0, static_cast<size_t>(point));
  std::string fraction = digits.substr(static_cast<size_t>(point));
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.size() > kMaxDigits) return std::nullopt;
  size_t leading = whole.empty() ? std::min(fraction.find_first_not_of('0'), fraction.size()) : 0;
  if (fraction.size() - leading > kMaxDigits - whole.size()) {
    fraction.resize(leading + kMaxDigits - whole.size());
  }
  bool zero = whole.empty() && fraction.find_first_not_of('0') == std::string::npos;
  std::string out = negative && !zero ? "-" : "";
  out += whole.empty() ? "0" : whole;
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

std::string_view StringCell(std::string_view text, size_t limit, std::string& scratch) {
  if (!IsAscii(text.data(), text.data() + text.size()) && !IsValidUtf8(text)) {
    scratch = SanitizeUtf8(std::string(text));
    text = scratch;
  }
  if (text.size() <= limit) return text;
  return text.substr(0, CutBetweenCodePoints(text, limit));
}

std::optional<std::string_view> DynamicCell(std::string_view text, size_t limit,
                                            std::string& scratch) {
  std::string_view inner = Trim(text);
  if (inner.empty() || inner == "null") return std::nullopt;
  if (inner.size() > kMaxBigValueBytes * 2) return std::nullopt;
  simdjson::padded_string padded(inner);
  if (IsJson(padded)) {
    scratch.resize(inner.size() + simdjson::SIMDJSON_PADDING);
    size_t length = 0;
    auto error = simdjson::minify(padded.data(), padded.size(), scratch.data(), length);
    KC_ASSERT(error == simdjson::SUCCESS);
    scratch.resize(length);
  } else {
    scratch.clear();
    AppendJsonString(scratch, SanitizeUtf8(std::string(text)));
  }
  if (scratch.size() > limit) return std::nullopt;
  return scratch;
}

}  // namespace kc::local
