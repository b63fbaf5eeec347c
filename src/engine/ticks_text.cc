#include "engine/ticks_text.h"

#include <charconv>

#include "base/ticks.h"

namespace kc::engine {
namespace {

char* Two(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

char* Seven(char* out, unsigned value) {
  Two(out, value / 100'000);
  Two(out + 2, value / 1'000 % 100);
  Two(out + 4, value / 10 % 100);
  out[6] = static_cast<char>('0' + value % 10);
  return out + 7;
}

char* TimeOfDay(char* out, unsigned seconds) {
  out = Two(out, seconds / 3600);
  *out++ = ':';
  out = Two(out, seconds / 60 % 60);
  *out++ = ':';
  return Two(out, seconds % 60);
}

// Howard Hinnant's civil_from_days, with days counted from 0000-03-01.
char* Date(char* out, unsigned days_since_year_one) {
  const unsigned days = days_since_year_one + 306;
  const unsigned era = days / 146097;
  const unsigned day_of_era = days % 146097;
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * shifted + 2) / 5 + 1;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  const unsigned year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  out = Two(out, year / 100);
  out = Two(out, year % 100);
  *out++ = '-';
  out = Two(out, month);
  *out++ = '-';
  return Two(out, day);
}

}  // namespace

size_t WriteDateTime(int64_t ticks, bool trimmed, char* out) {
  char* const start = out;
  const auto bits = static_cast<uint64_t>(ticks);
  const uint64_t seconds = bits / static_cast<uint64_t>(kTicksPerSecond);
  const auto fraction = static_cast<unsigned>(bits % static_cast<uint64_t>(kTicksPerSecond));
  out = Date(out, static_cast<unsigned>(seconds / 86400));
  *out++ = 'T';
  out = TimeOfDay(out, static_cast<unsigned>(seconds % 86400));
  if (!trimmed || fraction != 0) {
    *out++ = '.';
    out = Seven(out, fraction);
    while (trimmed && out[-1] == '0') --out;
  }
  *out++ = 'Z';
  return static_cast<size_t>(out - start);
}

size_t WriteTimeSpan(int64_t ticks, char* out) {
  char* const start = out;
  auto magnitude = static_cast<uint64_t>(ticks);
  if (ticks < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  const uint64_t seconds = magnitude / static_cast<uint64_t>(kTicksPerSecond);
  const auto fraction = static_cast<unsigned>(magnitude % static_cast<uint64_t>(kTicksPerSecond));
  if (seconds >= 86400) {
    out = std::to_chars(out, out + 10, seconds / 86400).ptr;
    *out++ = '.';
  }
  out = TimeOfDay(out, static_cast<unsigned>(seconds % 86400));
  if (fraction != 0) {
    *out++ = '.';
    out = Seven(out, fraction);
  }
  return static_cast<size_t>(out - start);
}

}  // namespace kc::engine
