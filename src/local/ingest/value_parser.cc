#include "local/ingest/value_parser.h"

#include <charconv>

#include "base/text.h"
#include "base/ticks.h"
#include "engine/udf/decimal_text.h"
#include "engine/udf/real_text.h"

namespace kc::local {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
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
  CivilTime t{Digits(p, 4),
              Digits(p + 5, 2),
              Digits(p + 8, 2),
              Digits(p + 11, 2),
              Digits(p + 14, 2),
              Digits(p + 17, 2),
              0};
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

}  // namespace

std::optional<int64_t> ParseLongText(std::string_view text) {
  return engine::udf::TextToLong(text);
}

std::optional<double> ParseRealText(std::string_view text) {
  text = Trim(text);
  double value = 0;
  const char* last = text.data() + text.size();
  if (!text.empty() && (IsDigit(text.front()) || text.front() == '-')) {
    auto [end, error] = std::from_chars(text.data(), last, value);
    if (end == last && error == std::errc()) return value;
  }
  return engine::udf::TextToReal(text);
}

std::optional<bool> ParseBoolText(std::string_view text) {
  return engine::udf::TextToBool(Trim(text));
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
  return engine::udf::CanonicalDecimal(Trim(text));
}

}  // namespace kc::local
