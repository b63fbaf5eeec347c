#include "base/ticks.h"

#include <gtest/gtest.h>

namespace kc {
namespace {

TEST(Ticks, EveryDayGoesToCivilAndBack) {
  int64_t last = kMaxDateTimeTicks / kTicksPerDay;
  EXPECT_EQ(last, 3'652'058);
  for (int64_t day = 0; day <= last; ++day) {
    CivilTime civil = ToCivil(day * kTicksPerDay);
    ASSERT_EQ(FromCivil(civil), day * kTicksPerDay) << day;
  }
}

TEST(Ticks, FormatsExtremes) {
  EXPECT_EQ(FormatDateTime(0), "0001-01-01T00:00:00.0000000Z");
  EXPECT_EQ(FormatDateTime(kMaxDateTimeTicks), "9999-12-31T23:59:59.9999999Z");
  EXPECT_EQ(FormatDateTime(kUnixEpochTicks + 1), "1970-01-01T00:00:00.0000001Z");
  EXPECT_EQ(FormatDateTimeTrimmed(kUnixEpochTicks), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatDateTimeTrimmed(kUnixEpochTicks + 4'000'000), "1970-01-01T00:00:00.4Z");
}

TEST(Ticks, ParsesTheDocumentedForms) {
  int64_t day = ParseDateTime("2014-05-25").value();
  EXPECT_EQ(FormatDateTimeTrimmed(day), "2014-05-25T00:00:00Z");
  EXPECT_EQ(ParseDateTime("05/25/2014"), day);
  EXPECT_EQ(ParseDateTime("2014-05-25T08:20:03.123456Z"),
            day + 8 * kTicksPerHour + 20 * kTicksPerMinute + 3 * kTicksPerSecond + 1'234'560);
  EXPECT_EQ(ParseDateTime("2014-05-25 08:20:03.12345678"),
            day + 8 * kTicksPerHour + 20 * kTicksPerMinute + 3 * kTicksPerSecond + 1'234'567);
  EXPECT_EQ(ParseDateTime("2014-05-25T08:20+02:00"),
            day + 6 * kTicksPerHour + 20 * kTicksPerMinute);
  EXPECT_EQ(ParseDateTime("05/25/2014 08:20 PM"), day + 20 * kTicksPerHour + 20 * kTicksPerMinute);
  EXPECT_EQ(ParseDateTime("2014"), ParseDateTime("2014-01-01"));
  for (const char* bad : {"", "2014-13-01", "2014-02-30", "2014-05-25T25:00",
                          "2014-05-25T08:20:03x", "0001-01-01T00:00+01:00", "hello"}) {
    EXPECT_FALSE(ParseDateTime(bad)) << bad;
  }
}

TEST(Ticks, TimespansGoBothWays) {
  for (int64_t ticks : {int64_t{0}, int64_t{1}, int64_t{-1}, INT64_MAX, INT64_MIN, kTicksPerDay,
                        -kTicksPerDay - 1, 25 * kTicksPerHour + 5}) {
    EXPECT_EQ(ParseTimeSpan(FormatTimeSpan(ticks)), ticks) << FormatTimeSpan(ticks);
  }
  EXPECT_EQ(FormatTimeSpan(kTicksPerDay + 10'010'001), "1.00:00:01.0010001");
  EXPECT_EQ(FormatTimeSpan(INT64_MIN), "-10675199.02:48:05.4775808");
}

TEST(Ticks, ParsesLiteralSpans) {
  EXPECT_EQ(ParseTimeSpan("1d"), kTicksPerDay);
  EXPECT_EQ(ParseTimeSpan("1.5h"), 90 * kTicksPerMinute);
  EXPECT_EQ(ParseTimeSpan("10 ms"), 10 * kTicksPerMillisecond);
  EXPECT_EQ(ParseTimeSpan("5tick"), 5);
  EXPECT_EQ(ParseTimeSpan("2"), 2 * kTicksPerDay);
  EXPECT_EQ(ParseTimeSpan("1:00:00"), kTicksPerHour);
  EXPECT_EQ(ParseTimeSpan("01:02:03.004"),
            kTicksPerHour + 2 * kTicksPerMinute + 3 * kTicksPerSecond + 40'000);
  for (const char* bad : {"", "1.5", "x", "24:00:00", "00:60:00", "1d2h", "99999999999d"}) {
    EXPECT_FALSE(ParseTimeSpan(bad)) << bad;
  }
}

}  // namespace
}  // namespace kc
