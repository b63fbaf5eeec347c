// The calendar.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/ticks.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

using Ticks = std::optional<int64_t>;

constexpr int64_t kTicksPerWeek = 7 * kTicksPerDay;

enum class Unit {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kDayOfYear,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond,
  kWeekOfYear,
};

std::optional<Unit> ParseUnit(std::string_view text) {
  static constexpr std::pair<std::string_view, Unit> kNames[] = {
      {"year", Unit::kYear},
      {"quarter", Unit::kQuarter},
      {"month", Unit::kMonth},
      {"week", Unit::kWeek},
      {"day", Unit::kDay},
      {"dayofyear", Unit::kDayOfYear},
      {"hour", Unit::kHour},
      {"minute", Unit::kMinute},
      {"second", Unit::kSecond},
      {"millisecond", Unit::kMillisecond},
      {"microsecond", Unit::kMicrosecond},
      {"nanosecond", Unit::kNanosecond},
      {"week_of_year", Unit::kWeekOfYear},
      {"weekofyear", Unit::kWeekOfYear},
  };
  for (const auto& [name, unit] : kNames) {
    if (EqualsIgnoreCase(text, name)) return unit;
  }
  return std::nullopt;
}

Unit UnitOrThrow(std::string_view text) {
  const auto unit = ParseUnit(text);
  if (!unit) throw UdfError("'" + std::string(text) + "' is not a part of a datetime");
  return *unit;
}

Ticks InRange(int64_t ticks) {
  if (ticks < 0 || ticks > kMaxDateTimeTicks) return std::nullopt;
  return ticks;
}

bool IsLeap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

int64_t DaysBeforeYear(int64_t year) {
  const int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}

int64_t DayOfYear(const CivilTime& civil) {
  int64_t day = civil.day;
  for (int month = 1; month < civil.month; ++month) day += DaysInMonth(civil.year, month);
  return day;
}

// (Not by its absolute value: the smallest number has none.)
bool IsBeyond(int64_t count, int64_t limit) {
  return count > limit || count < -limit;
}

// The first tick of a month counted from 0001-01 = 0; nothing outside of 0001 … 9999.
Ticks MonthStart(int64_t month) {
  if (month < 0 || month >= 9999 * 12) return std::nullopt;
  CivilTime civil;
  civil.year = static_cast<int>(month / 12) + 1;
  civil.month = static_cast<int>(month % 12) + 1;
  return FromCivil(civil);
}

int64_t MonthOf(const CivilTime& civil) {
  return (civil.year - 1) * 12 + civil.month - 1;
}

Ticks AddMonths(int64_t ticks, int64_t months) {
  if (IsBeyond(months, 9999 * 12)) return std::nullopt;
  const CivilTime civil = ToCivil(ticks);
  const Ticks start = MonthStart(MonthOf(civil) + months);
  if (!start) return std::nullopt;
  const CivilTime target = ToCivil(*start);
  const int day = std::min(civil.day, DaysInMonth(target.year, target.month));
  return *start + (day - 1) * kTicksPerDay + ticks % kTicksPerDay;
}

Ticks AddSpan(int64_t ticks, int64_t count, int64_t unit) {
  int64_t span = 0, sum = 0;
  if (__builtin_mul_overflow(count, unit, &span) || __builtin_add_overflow(ticks, span, &sum)) {
    return std::nullopt;
  }
  return InRange(sum);
}

int64_t UnitTicks(Unit unit) {
  switch (unit) {
    case Unit::kWeek:
      return kTicksPerWeek;
    case Unit::kDay:
      return kTicksPerDay;
    case Unit::kHour:
      return kTicksPerHour;
    case Unit::kMinute:
      return kTicksPerMinute;
    case Unit::kSecond:
      return kTicksPerSecond;
    case Unit::kMillisecond:
      return kTicksPerMillisecond;
    case Unit::kMicrosecond:
      return kTicksPerMicrosecond;
    default:
      return 1;
  }
}

Ticks Add(Unit unit, int64_t count, int64_t ticks) {
  switch (unit) {
    case Unit::kYear:
      return IsBeyond(count, 9999) ? std::nullopt : AddMonths(ticks, count * 12);
    case Unit::kQuarter:
      return IsBeyond(count, 9999 * 4) ? std::nullopt : AddMonths(ticks, count * 3);
    case Unit::kMonth:
      return AddMonths(ticks, count);
    case Unit::kNanosecond:
      return AddSpan(ticks, count / 100, 1);
    case Unit::kDayOfYear:
    case Unit::kWeekOfYear:
      throw UdfError("datetime_add() has no such part");
    default:
      return AddSpan(ticks, count, UnitTicks(unit));
  }
}

// Sunday is the first day of the week; 0001-01-01 was a Monday.
int64_t StartOfWeek(int64_t ticks) {
  const int64_t day = ticks / kTicksPerDay;
  return (day - (day + 1) % 7) * kTicksPerDay;
}

// How many boundaries of the unit lie between b and a.
int64_t Diff(Unit unit, int64_t a, int64_t b) {
  switch (unit) {
    case Unit::kYear:
      return ToCivil(a).year - ToCivil(b).year;
    case Unit::kQuarter:
      return MonthOf(ToCivil(a)) / 3 - MonthOf(ToCivil(b)) / 3;
    case Unit::kMonth:
      return MonthOf(ToCivil(a)) - MonthOf(ToCivil(b));
    case Unit::kWeek:
      return (StartOfWeek(a) - StartOfWeek(b)) / kTicksPerWeek;
    case Unit::kNanosecond:
      // Of more than three centuries it goes round, as a long does.
      return static_cast<int64_t>(static_cast<uint64_t>(a - b) * 100);
    case Unit::kDayOfYear:
    case Unit::kWeekOfYear:
      throw UdfError("datetime_diff() has no such part");
    default:
      return a / UnitTicks(unit) - b / UnitTicks(unit);
  }
}

// ISO 8601: weeks start on Monday, week 1 holds the year's first Thursday.
int64_t WeekOfYear(int64_t ticks) {
  const int64_t day = ticks / kTicksPerDay;
  const int64_t thursday = day - day % 7 + 3;  // day 0 was a Monday
  const int64_t clamped = std::min(thursday, kMaxDateTimeTicks / kTicksPerDay);
  const CivilTime civil = ToCivil(clamped * kTicksPerDay);
  return (thursday - DaysBeforeYear(civil.year)) / 7 + 1;
}

int64_t Part(Unit unit, int64_t ticks) {
  const CivilTime civil = ToCivil(ticks);
  switch (unit) {
    case Unit::kYear:
      return civil.year;
    case Unit::kQuarter:
      return (civil.month + 2) / 3;
    case Unit::kMonth:
      return civil.month;
    case Unit::kWeek:
    case Unit::kWeekOfYear:
      return WeekOfYear(ticks);
    case Unit::kDay:
      return civil.day;
    case Unit::kDayOfYear:
      return DayOfYear(civil);
    case Unit::kHour:
      return civil.hour;
    case Unit::kMinute:
      return civil.minute;
    case Unit::kSecond:
      return civil.second;
    case Unit::kMillisecond:
      return civil.ticks / kTicksPerMillisecond;
    case Unit::kMicrosecond:
      return civil.ticks / kTicksPerMicrosecond;
    case Unit::kNanosecond:
      return civil.ticks * int64_t{100};
  }
  return 0;
}

// Start of the unit that holds ticks, `offset` units later.
Ticks StartOf(Unit unit, int64_t ticks, int64_t offset) {
  if (IsBeyond(offset, 4'000'000)) return std::nullopt;
  switch (unit) {
    case Unit::kYear:
      return MonthStart((ToCivil(ticks).year - 1 + offset) * 12);
    case Unit::kMonth:
      return MonthStart(MonthOf(ToCivil(ticks)) + offset);
    case Unit::kWeek:
      return InRange(StartOfWeek(ticks) + offset * kTicksPerWeek);
    default:
      return InRange(ticks - ticks % kTicksPerDay + offset * kTicksPerDay);
  }
}

Ticks EndOf(Unit unit, int64_t ticks, int64_t offset) {
  if (IsBeyond(offset, 4'000'000)) return std::nullopt;
  if (unit == Unit::kWeek || unit == Unit::kDay) {
    const int64_t length = UnitTicks(unit);
    const int64_t start = unit == Unit::kWeek ? StartOfWeek(ticks) : ticks - ticks % kTicksPerDay;
    return InRange(start + (offset + 1) * length - 1);
  }
  if (const Ticks next = StartOf(unit, ticks, offset + 1)) return *next - 1;
  // The end of the year 9999 has no successor.
  if (StartOf(unit, ticks, offset)) return kMaxDateTimeTicks;
  return std::nullopt;
}

template <Unit kUnit>
void AddStartAndEnd(Registrar& r, const char* start, const char* end) {
  r.Add(start, [](int64_t ticks, int64_t offset) { return StartOf(kUnit, ticks, offset); });
  r.Add(end, [](int64_t ticks, int64_t offset) { return EndOf(kUnit, ticks, offset); });
}

void AppendPadded(std::string& out, int64_t value, size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out.append(digits);
}

// "f…" keeps `width` digits of the fraction, "F…" drops zeros at its end.
void AppendFraction(std::string& out, int64_t ticks, size_t width, bool trim) {
  std::string digits;
  AppendPadded(digits, ticks, 7);
  digits.resize(std::min<size_t>(width, 7));
  while (trim && !digits.empty() && digits.back() == '0') digits.pop_back();
  out.append(digits);
}

size_t RunLength(std::string_view text, size_t at, size_t most) {
  size_t length = 1;
  while (length < most && at + length < text.size() && text[at + length] == text[at]) ++length;
  return length;
}

void FormatDate(std::string& out, int64_t ticks, std::string_view format) {
  const CivilTime civil = ToCivil(ticks);
  const int hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12;
  for (size_t at = 0; at < format.size();) {
    const char c = format[at];
    size_t run = RunLength(format, at, c == 'y' ? 4 : c == 'f' || c == 'F' ? 7 : 2);
    switch (c) {
      case 'y':
        if (run == 3) run = 2;
        run == 4 ? AppendPadded(out, civil.year, 4) : AppendPadded(out, civil.year % 100, run);
        break;
      case 'M':
        AppendPadded(out, civil.month, run);
        break;
      case 'd':
        AppendPadded(out, civil.day, run);
        break;
      case 'H':
        AppendPadded(out, civil.hour, run);
        break;
      case 'h':
        AppendPadded(out, hour12, run);
        break;
      case 'm':
        AppendPadded(out, civil.minute, run);
        break;
      case 's':
        AppendPadded(out, civil.second, run);
        break;
      case 'f':
      case 'F':
        AppendFraction(out, civil.ticks, run, c == 'F');
        break;
      case 't':
        out.append(civil.hour < 12 ? "AM" : "PM");
        break;
      default:
        out.push_back(c);
        run = 1;
    }
    at += run;
  }
}

void FormatSpan(std::string& out, int64_t span, std::string_view format) {
  uint64_t ticks = static_cast<uint64_t>(span);
  if (span < 0) {
    out.push_back('-');
    ticks = 0 - ticks;
  }
  const auto part = [&](int64_t unit, int64_t of) {
    return static_cast<int64_t>(ticks / static_cast<uint64_t>(unit) % static_cast<uint64_t>(of));
  };
  for (size_t at = 0; at < format.size();) {
    const char c = format[at];
    size_t run = RunLength(format, at, c == 'd' ? 8 : c == 'f' || c == 'F' ? 7 : 2);
    switch (c) {
      case 'd':
        AppendPadded(out, static_cast<int64_t>(ticks / static_cast<uint64_t>(kTicksPerDay)), run);
        break;
      case 'H':
      case 'h':
        AppendPadded(out, part(kTicksPerHour, 24), run);
        break;
      case 'm':
        AppendPadded(out, part(kTicksPerMinute, 60), run);
        break;
      case 's':
        AppendPadded(out, part(kTicksPerSecond, 60), run);
        break;
      case 'f':
      case 'F':
        AppendFraction(out, part(1, kTicksPerSecond), run, c == 'F');
        break;
      default:
        out.push_back(c);
        run = 1;
    }
    at += run;
  }
}

Ticks MakeDateTime(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                   double second) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
      day > DaysInMonth(year, static_cast<int>(month)) || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || !(second >= 0 && second < 60)) {
    return std::nullopt;
  }
  CivilTime civil;
  civil.year = static_cast<int>(year);
  civil.month = static_cast<int>(month);
  civil.day = static_cast<int>(day);
  civil.hour = static_cast<int>(hour);
  civil.minute = static_cast<int>(minute);
  const Ticks base = FromCivil(civil);
  if (!base) return std::nullopt;
  return InRange(*base + std::llround(second * static_cast<double>(kTicksPerSecond)));
}

// Null beyond the longest timespan.
Ticks MakeTimeSpan(int64_t days, int64_t hours, int64_t minutes, double seconds) {
  const double second_ticks = seconds * static_cast<double>(kTicksPerSecond);
  if (!(std::fabs(second_ticks) < 9e18)) return std::nullopt;
  int64_t sum = std::llround(second_ticks);
  const std::pair<int64_t, int64_t> parts[] = {
      {days, kTicksPerDay}, {hours, kTicksPerHour}, {minutes, kTicksPerMinute}};
  for (const auto& [count, unit] : parts) {
    int64_t span = 0;
    if (__builtin_mul_overflow(count, unit, &span) || __builtin_add_overflow(sum, span, &sum)) {
      return std::nullopt;
    }
  }
  return sum;
}

void AddParts(Registrar& r) {
  r.Add("kql_datetime_part", [](Text part, int64_t t) { return Part(UnitOrThrow(part), t); });
  r.Add("kql_getyear", [](int64_t t) { return ToCivil(t).year; });
  r.Add("kql_getmonth", [](int64_t t) { return ToCivil(t).month; });
  r.Add("kql_dayofmonth", [](int64_t t) { return ToCivil(t).day; });
  r.Add("kql_dayofyear", [](int64_t t) { return static_cast<int32_t>(DayOfYear(ToCivil(t))); });
  r.Add("kql_week_of_year", [](int64_t t) { return static_cast<int32_t>(WeekOfYear(t)); });
  // A timespan; null in the last week that there is, whose end is no datetime.
  r.Add("kql_dayofweek", [](int64_t t) -> Ticks {
    const int64_t start = StartOfWeek(t);
    if (start + kTicksPerWeek - 1 > kMaxDateTimeTicks) return std::nullopt;
    return t / kTicksPerDay * kTicksPerDay - start;
  });
}

}  // namespace

void AddDateTimes(Registrar& r) {
  AddStartAndEnd<Unit::kDay>(r, "kql_startofday", "kql_endofday");
  AddStartAndEnd<Unit::kWeek>(r, "kql_startofweek", "kql_endofweek");
  AddStartAndEnd<Unit::kMonth>(r, "kql_startofmonth", "kql_endofmonth");
  AddStartAndEnd<Unit::kYear>(r, "kql_startofyear", "kql_endofyear");
  AddParts(r);
  r.Add("kql_datetime_add",
        [](Text part, int64_t count, int64_t t) { return Add(UnitOrThrow(part), count, t); });
  r.Add("kql_datetime_diff",
        [](Text part, int64_t a, int64_t b) { return Diff(UnitOrThrow(part), a, b); });
  r.Add("kql_format_datetime",
        [](StrOut& out, int64_t t, Text format) { FormatDate(out, t, format); });
  r.Add("kql_format_timespan",
        [](StrOut& out, int64_t t, Text format) { FormatSpan(out, t, format); });
  r.Add("kql_make_datetime",
        [](int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, double second) {
          return MakeDateTime(year, month, day, hour, minute, second);
        });
  r.Add("kql_make_timespan", [](int64_t days, int64_t hours, int64_t minutes, double seconds) {
    return MakeTimeSpan(days, hours, minutes, seconds);
  });
  r.Add("kql_unixtime", [](double value, int64_t ticks_per_unit) -> Ticks {
    const double ticks = value * static_cast<double>(ticks_per_unit);
    if (!(std::fabs(ticks) < 9e18)) return std::nullopt;
    return AddSpan(kUnixEpochTicks, std::llround(ticks), 1);
  });
  r.Add("kql_unixtime_long", [](int64_t value, int64_t ticks_per_unit) -> Ticks {
    return AddSpan(kUnixEpochTicks, value, ticks_per_unit);
  });
}

}  // namespace kc::engine::udf
