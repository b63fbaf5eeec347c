#include "base/ticks.h"
#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

class DateTimesTest : public UdfTest {
 protected:
  // A KQL datetime as ticks, for use in SQL.
  static std::string D(std::string_view text) { return std::to_string(*ParseDateTime(text)); }
  // A datetime's text.
  static std::string AskDate(const std::string& expression) {
    return Ask("kql_tostring_datetime(" + expression + ")");
  }
};

TEST_F(DateTimesTest, StartsAndEnds) {
  EXPECT_EQ(AskDate("kql_startofweek(" + D("2024-02-29 10:00") + ", 0)"),
            "2024-02-25T00:00:00.0000000Z");
  EXPECT_EQ(AskDate("kql_endofweek(" + D("2024-02-25") + ", 1)"), "2024-03-09T23:59:59.9999999Z");
  EXPECT_EQ(AskDate("kql_endofmonth(" + D("2024-01-31") + ", 1)"), "2024-02-29T23:59:59.9999999Z");
  EXPECT_EQ(AskDate("kql_startofyear(" + D("2024-06-01") + ", -1)"),
            "2023-01-01T00:00:00.0000000Z");
  EXPECT_EQ(AskDate("kql_endofyear(" + D("9999-06-01") + ", 0)"), "9999-12-31T23:59:59.9999999Z");
  EXPECT_EQ(Ask("kql_startofmonth(" + D("9999-12-01") + ", 1)"), "null");
  EXPECT_EQ(Ask("kql_startofday(null::BIGINT, 0)"), "null");
}

TEST_F(DateTimesTest, AddsClampAndOverflowIsNull) {
  EXPECT_EQ(AskDate("kql_datetime_add('month', 1, " + D("2023-01-31") + ")"),
            "2023-02-28T00:00:00.0000000Z");
  EXPECT_EQ(AskDate("kql_datetime_add('Year', 4, " + D("2020-02-29 01:00") + ")"),
            "2024-02-29T01:00:00.0000000Z");
  EXPECT_EQ(Ask("kql_datetime_add('day', 1, " + D("9999-12-31") + ")"), "null");
  EXPECT_EQ(Ask("kql_dt_add(" + D("0001-01-01") + ", -1)"), "null");
  EXPECT_THAT(Ask("kql_datetime_add('eon', 1, 0)"), testing::HasSubstr("eon"));
}

TEST_F(DateTimesTest, CountsThatNoCalendarHasAreNull) {
  const std::string t = D("2023-01-31");
  const std::string least = "-9223372036854775808";
  for (const char* part : {"year", "quarter", "month", "day"}) {
    EXPECT_EQ(Ask(std::string("kql_datetime_add('") + part + "', " + least + ", " + t + ")"),
              "null");
  }
  EXPECT_EQ(Ask("kql_startofday(" + t + ", " + least + ")"), "null");
  EXPECT_EQ(Ask("kql_endofmonth(" + t + ", " + least + ")"), "null");
  EXPECT_EQ(Ask("kql_make_timespan(1, 2, 3, 4.5)"), "937845000000");
  EXPECT_EQ(Ask("kql_make_timespan(20000000, 0, 0, 0.0)"), "null");
  EXPECT_EQ(Ask("kql_make_timespan(0, 0, 0, 1e13)"), "null");
}

TEST_F(DateTimesTest, DiffsCountBoundaries) {
  EXPECT_EQ(
      Ask("kql_datetime_diff('year', " + D("2024-01-01") + ", " + D("2023-12-31 23:59") + ")"),
      "1");
  EXPECT_EQ(
      Ask("kql_datetime_diff('hour', " + D("2024-01-01") + ", " + D("2024-01-01 02:01") + ")"),
      "-2");
  EXPECT_EQ(Ask("kql_datetime_diff('quarter', " + D("2024-04-01") + ", " + D("2024-03-31") + ")"),
            "1");
}

TEST_F(DateTimesTest, Weeks) {
  EXPECT_EQ(Ask("kql_week_of_year(" + D("2016-01-01") + ")"), "53");
  EXPECT_EQ(Ask("kql_week_of_year(" + D("2020-12-31") + ")"), "53");
  EXPECT_EQ(Ask("kql_week_of_year(" + D("2018-12-31") + ")"), "1");
  EXPECT_EQ(Ask("kql_dayofweek(" + D("2024-03-02 12:00") + ") // 864000000000"), "6");
}

TEST_F(DateTimesTest, Formats) {
  const std::string t = D("2020-06-05 13:04:09.0120000");
  EXPECT_EQ(Ask("kql_format_datetime(" + t + ", 'yyyy-MM-dd HH:mm:ss.fffffff')"),
            "2020-06-05 13:04:09.0120000");
  EXPECT_EQ(Ask("kql_format_datetime(" + t + ", 'yy/M/d h:m:s tt FFFFFFF')"),
            "20/6/5 1:4:9 PM 012");
  EXPECT_EQ(Ask("kql_format_datetime(" + t + ", 'dddd MMM')"), "0505 066");
  EXPECT_EQ(Ask("kql_format_timespan(-937840000000, 'd.hh:mm:ss.fff')"), "-1.02:03:04.000");
  EXPECT_EQ(Ask("kql_format_timespan(864000000000, 'dddd')"), "0001");
}

TEST_F(DateTimesTest, BinsGoDown) {
  EXPECT_EQ(Ask("kql_bin(-7, 4)"), "-8");
  EXPECT_EQ(Ask("kql_bin(7, 0)"), "null");
  EXPECT_EQ(Ask("kql_bin_at_real(6.5, 2.5, 7)"), "4.5");
  EXPECT_EQ(AskDate("kql_bin_at(" + D("2023-03-12 07:30") + ", 864000000000, " +
                    D("1970-01-01 12:00") + ")"),
            "2023-03-11T12:00:00.0000000Z");
}

TEST_F(DateTimesTest, Numbers) {
  EXPECT_EQ(Ask("kql_mod(-7, 2)"), "1");
  EXPECT_EQ(Ask("kql_mod(7, -2)"), "1");
  EXPECT_EQ(Ask("kql_mod(7, 0)"), "null");
  EXPECT_EQ(Ask("kql_div(-7, 2)"), "-3");
  EXPECT_EQ(Ask("kql_div(-9223372036854775808, -1)"), "-9223372036854775808");
  EXPECT_EQ(Ask("kql_mod_real(-7.5, 2)"), "0.5");
  EXPECT_EQ(Ask("kql_log(-1)"), "null");
  EXPECT_EQ(Ask("kql_log(0)"), "-inf");
  EXPECT_EQ(Ask("kql_sqrt(-1) is not null and isnan(kql_sqrt(-1))"), "true");
  EXPECT_EQ(Ask("isnan(kql_min_of_real(1, 'nan'::DOUBLE, null))"), "true");
  EXPECT_EQ(Ask("kql_tohex(-256, 0)"), "ffffffffffffff00");
  EXPECT_EQ(Ask("kql_tohex_int(-256, 10)"), "00ffffff00");
  EXPECT_EQ(Ask("kql_round(2.345, 2)"), "2.35");
  EXPECT_EQ(Ask("kql_shift_left(1, 65)"), "2");
  EXPECT_EQ(Ask("kql_shift_left(1, -1)"), "null");
}

}  // namespace
}  // namespace kc::engine::udf
