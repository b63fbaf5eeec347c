// Kusto's time: ticks of 100 ns. A datetime counts them from 0001-01-01T00:00:00Z, a timespan is a
// signed number of them. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc {

inline constexpr int64_t kTicksPerMicrosecond = 10;
inline constexpr int64_t kTicksPerMillisecond = 10'000;
inline constexpr int64_t kTicksPerSecond = 10'000'000;
inline constexpr int64_t kTicksPerMinute = 60 * kTicksPerSecond;
inline constexpr int64_t kTicksPerHour = 60 * kTicksPerMinute;
inline constexpr int64_t kTicksPerDay = 24 * kTicksPerHour;
inline constexpr int64_t kMaxDateTimeTicks =
    3'155'378'975'999'999'999;                                       // 9999-12-31 23:59:59.9999999
inline constexpr int64_t kUnixEpochTicks = 621'355'968'000'000'000;  // 1970-01-01

struct CivilTime {
  int year = 1, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  int ticks = 0;  // of the second, 0 … 9,999,999
};
CivilTime ToCivil(int64_t datetime_ticks);
// Nothing if a field is out of its range.
std::optional<int64_t> FromCivil(const CivilTime& civil);

// "2015-01-01T01:01:01.0000001Z": always seven digits.
std::string FormatDateTime(int64_t ticks);
// The same with trailing zeros of the fraction removed ("2018-07-01T00:00:00Z"): v1 and v2 rows.
std::string FormatDateTimeTrimmed(int64_t ticks);
// ISO 8601 and the forms that KQL's datetime() and todatetime() take: date only, T or blank, 0–7
// (or more, truncated) fraction digits, Z or an offset, "MM/dd/yyyy [HH:mm[:ss]]". Times without an
// offset are UTC.
std::optional<int64_t> ParseDateTime(std::string_view text);

// "[-][d.]hh:mm:ss[.fffffff]": the fraction is absent or has exactly seven digits.
std::string FormatTimeSpan(int64_t ticks);
// The form above with 1–7 fraction digits and one-digit fields, "hh:mm", a plain number of days
// ("2"), and KQL's literals ("1d", "1.5h", "90s", "10ms", "3microseconds", "5tick").
std::optional<int64_t> ParseTimeSpan(std::string_view text);

}  // namespace kc
