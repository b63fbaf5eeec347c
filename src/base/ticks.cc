#include "base/ticks.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cmath>

#include "base/text.h"

namespace kc {
namespace {

constexpr int kDaysIn400Years = 146'097;
constexpr int kDaysFrom0000March = 306;  // from 0000-03-01 to 0001-01-01

bool IsLeap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Days since 0001-01-01 (Howard Hinnant's algorithm, years beginning in March).
int64_t DaysFromCivil(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysIn400Years + day_of_era - kDaysFrom0000March;
}

char* PutDigits(char* out, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

// Reads what a date or a time is made of; every member leaves `at` behind what it took.
struct Scanner {
  std::string_view text;
  size_t at = 0;

  bool Done() const { return at >= text.size(); }
  char Peek() const { return Done() ? '\0' : text[at]; }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at;
    return true;
  }
  // Between min and max digits.
  std::optional<int> Number(int min, int max) {
    int value = 0;
    int count = 0;
    while (count < max && std::isdigit(static_cast<unsigned char>(Peek()))) {
      value = value * 10 + (text[at++] - '0');
      ++count;
    }
    if (count < min) return std::nullopt;
    return value;
  }
  // After the point: any number of digits, those beyond the seventh are cut.
  std::optional<int> Fraction() {
    int value = 0;
    int count = 0;
    while (std::isdigit(static_cast<unsigned char>(Peek()))) {
      if (count < 7) value = value * 10 + (text[at] - '0');
      ++count;
      ++at;
    }
    if (count == 0) return std::nullopt;
    for (; count < 7; ++count) value *= 10;
    return value;
  }
};

bool ScanDate(Scanner& in, CivilTime& civil) {
  Scanner slash = in;
  auto month = slash.Number(1, 2);
  if (month && slash.Take('/')) {
    auto day = slash.Number(1, 2);
    if (!day || !slash.Take('/')) return false;
    auto year = slash.Number(4, 4);
    if (!year) return false;
    civil.year = *year, civil.month = *month, civil.day = *day;
    in = slash;
    return true;
  }
  auto year = in.Number(4, 4);
  if (!year) return false;
  civil.year = *year;
  if (in.Done()) return true;  // "2015"
  if (!in.Take('-')) return false;
  month = in.Number(1, 2);
  if (!month) return false;
  civil.month = *month;
  if (!in.Take('-')) return in.Done();  // "2015-12"
  auto day = in.Number(1, 2);
  if (!day) return false;
  civil.day = *day;
  return true;
}

bool ScanTime(Scanner& in, CivilTime& civil) {
  auto hour = in.Number(1, 2);
  if (!hour || !in.Take(':')) return false;
  auto minute = in.Number(1, 2);
  if (!minute) return false;
  civil.hour = *hour, civil.minute = *minute;
  if (in.Take(':')) {
    auto second = in.Number(1, 2);
    if (!second) return false;
    civil.second = *second;
    if (in.Take('.') || in.Take(',')) {
      auto fraction = in.Fraction();
      if (!fraction) return false;
      civil.ticks = *fraction;
    }
  }
  while (in.Take(' ')) {
  }
  bool pm = in.Peek() == 'P' || in.Peek() == 'p';
  if (pm || in.Peek() == 'A' || in.Peek() == 'a') {
    ++in.at;
    if (!in.Take('M') && !in.Take('m')) return false;
    if (civil.hour < 1 || civil.hour > 12) return false;
    civil.hour = civil.hour % 12 + (pm ? 12 : 0);
  }
  return true;
}

// "Z", "+01:00", "-0530", nothing; in ticks to subtract.
std::optional<int64_t> ScanOffset(Scanner& in) {
  if (in.Done() || in.Take('Z') || in.Take('z')) return 0;
  int sign = in.Take('+') ? 1 : in.Take('-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  auto hours = in.Number(1, 2);
  if (!hours || *hours > 14) return std::nullopt;
  in.Take(':');
  int minutes = in.Number(2, 2).value_or(0);
  return sign * (*hours * kTicksPerHour + minutes * kTicksPerMinute);
}

struct TimeUnit {
  std::string_view name;
  double ticks;
};
constexpr TimeUnit kTimeUnits[] = {
    {"d", 864e9},
    {"day", 864e9},
    {"days", 864e9},
    {"h", 36e9},
    {"hr", 36e9},
    {"hrs", 36e9},
    {"hour", 36e9},
    {"hours", 36e9},
    {"m", 6e8},
    {"min", 6e8},
    {"minute", 6e8},
    {"minutes", 6e8},
    {"s", 1e7},
    {"sec", 1e7},
    {"second", 1e7},
    {"seconds", 1e7},
    {"ms", 1e4},
    {"milli", 1e4},
    {"millis", 1e4},
    {"millisec", 1e4},
    {"millisecond", 1e4},
    {"milliseconds", 1e4},
    {"micro", 10},
    {"micros", 10},
    {"microsec", 10},
    {"microsecond", 10},
    {"microseconds", 10},
    {"nanosecond", 0.01},
    {"nanoseconds", 0.01},
    {"tick", 1},
    {"ticks", 1},
};

std::optional<int64_t> ParseUnitSpan(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) ||
                               text[end] == '.' || (end == 0 && text[end] == '-'))) {
    ++end;
  }
  auto number = ParseDouble(text.substr(0, end));
  if (!number) return std::nullopt;
  std::string_view unit = Trim(text.substr(end));
  for (const TimeUnit& candidate : kTimeUnits) {
    if (unit != candidate.name) continue;
    double ticks = *number * candidate.ticks;
    if (std::abs(ticks) >= 9.2e18) return std::nullopt;
    return static_cast<int64_t>(std::round(ticks));
  }
  return std::nullopt;
}

}  // namespace

CivilTime ToCivil(int64_t datetime_ticks) {
  CivilTime civil;
  int64_t days = datetime_ticks / kTicksPerDay;
  int64_t rest = datetime_ticks % kTicksPerDay;
  if (rest < 0) rest += kTicksPerDay, --days;
  int64_t shifted = days + kDaysFrom0000March;
  int64_t era = (shifted >= 0 ? shifted : shifted - (kDaysIn400Years - 1)) / kDaysIn400Years;
  int64_t day_of_era = shifted - era * kDaysIn400Years;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_index = (5 * day_of_year + 2) / 153;
  civil.day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  civil.month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.hour = static_cast<int>(rest / kTicksPerHour);
  civil.minute = static_cast<int>(rest / kTicksPerMinute % 60);
  civil.second = static_cast<int>(rest / kTicksPerSecond % 60);
  civil.ticks = static_cast<int>(rest % kTicksPerSecond);
  return civil;
}

std::optional<int64_t> FromCivil(const CivilTime& civil) {
  if (civil.year < 1 || civil.year > 9999 || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > DaysInMonth(civil.year, civil.month) || civil.hour < 0 || civil.hour > 23 ||
      civil.minute < 0 || civil.minute > 59 || civil.second < 0 || civil.second > 59 ||
      civil.ticks < 0 || civil.ticks >= kTicksPerSecond) {
    return std::nullopt;
  }
  return DaysFromCivil(civil.year, civil.month, civil.day) * kTicksPerDay +
         civil.hour * kTicksPerHour + civil.minute * kTicksPerMinute +
         civil.second * kTicksPerSecond + civil.ticks;
}

std::string FormatDateTime(int64_t ticks) {
  CivilTime civil = ToCivil(ticks);
  char buffer[28];
  char* out = PutDigits(buffer, civil.year, 4);
  *out++ = '-';
  out = PutDigits(out, civil.month, 2);
  *out++ = '-';
  out = PutDigits(out, civil.day, 2);
  *out++ = 'T';
  out = PutDigits(out, civil.hour, 2);
  *out++ = ':';
  out = PutDigits(out, civil.minute, 2);
  *out++ = ':';
  out = PutDigits(out, civil.second, 2);
  *out++ = '.';
  out = PutDigits(out, civil.ticks, 7);
  *out++ = 'Z';
  return std::string(buffer, static_cast<size_t>(out - buffer));
}

std::string FormatDateTimeTrimmed(int64_t ticks) {
  std::string text = FormatDateTime(ticks);
  text.pop_back();
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

std::optional<int64_t> ParseDateTime(std::string_view text) {
  Scanner in{Trim(text)};
  CivilTime civil;
  if (!ScanDate(in, civil)) return std::nullopt;
  int64_t offset = 0;
  if (!in.Done()) {
    if (in.Take('T') || in.Take('t') || in.Peek() == ' ') {
      while (in.Take(' ')) {
      }
      if (!ScanTime(in, civil)) return std::nullopt;
    }
    auto scanned = ScanOffset(in);
    if (!scanned || !in.Done()) return std::nullopt;
    offset = *scanned;
  }
  auto ticks = FromCivil(civil);
  if (!ticks) return std::nullopt;
  *ticks -= offset;
  if (*ticks < 0 || *ticks > kMaxDateTimeTicks) return std::nullopt;
  return ticks;
}

std::string FormatTimeSpan(int64_t ticks) {
  // The smallest value has no positive counterpart: unsigned arithmetic.
  uint64_t rest = ticks < 0 ? 0 - static_cast<uint64_t>(ticks) : static_cast<uint64_t>(ticks);
  uint64_t days = rest / kTicksPerDay;
  std::string out = ticks < 0 ? "-" : "";
  if (days > 0) out += fmt::format("{}.", days);
  out += fmt::format("{:02}:{:02}:{:02}", rest / kTicksPerHour % 24, rest / kTicksPerMinute % 60,
                     rest / kTicksPerSecond % 60);
  uint64_t fraction = rest % kTicksPerSecond;
  if (fraction > 0) out += fmt::format(".{:07}", fraction);
  return out;
}

std::optional<int64_t> ParseTimeSpan(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  if (text.find(':') == std::string_view::npos) {
    if (auto span = ParseUnitSpan(text)) return span;
    auto days = ParseInt64(text);
    if (!days || *days > 10'675'199 || *days < -10'675'199) return std::nullopt;
    return *days * kTicksPerDay;
  }
  Scanner in{text};
  bool negative = in.Take('-');
  auto first = in.Number(1, 8);
  if (!first) return std::nullopt;
  int64_t days = 0;
  if (in.Take('.')) {
    days = *first;
    first = in.Number(1, 2);
    if (!first) return std::nullopt;
  }
  if (!in.Take(':')) return std::nullopt;
  auto minutes = in.Number(1, 2);
  if (!minutes) return std::nullopt;
  int seconds = 0;
  int fraction = 0;
  if (in.Take(':')) {
    auto scanned = in.Number(1, 2);
    if (!scanned) return std::nullopt;
    seconds = *scanned;
    if (in.Take('.')) {
      auto digits = in.Fraction();
      if (!digits) return std::nullopt;
      fraction = *digits;
    }
  }
  if (!in.Done() || *first > 23 || *minutes > 59 || seconds > 59 || days > 10'675'199) {
    return std::nullopt;
  }
  // In 128 bits: the largest day count with a time of day reaches just beyond 64.
  __extension__ typedef __int128 Wide;
  Wide ticks = static_cast<Wide>(days) * kTicksPerDay + *first * kTicksPerHour +
               *minutes * kTicksPerMinute + seconds * kTicksPerSecond + fraction;
  if (negative) ticks = -ticks;
  if (ticks > INT64_MAX || ticks < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(ticks);
}

}  // namespace kc
