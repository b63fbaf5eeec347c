// The calendar.
#include "kql/functions_tables.h"

namespace kc::kql {
namespace {

constexpr ScalarFunction kRows[] = {
    {"startofday", "datetime", "datetime", "kql_startofday($1, 0)"},
    {"startofday", "datetime,long", "datetime", "kql_startofday($1, $2)"},
    {"startofweek", "datetime", "datetime", "kql_startofweek($1, 0)"},
    {"startofweek", "datetime,long", "datetime", "kql_startofweek($1, $2)"},
    {"startofmonth", "datetime", "datetime", "kql_startofmonth($1, 0)"},
    {"startofmonth", "datetime,long", "datetime", "kql_startofmonth($1, $2)"},
    {"startofyear", "datetime", "datetime", "kql_startofyear($1, 0)"},
    {"startofyear", "datetime,long", "datetime", "kql_startofyear($1, $2)"},
    {"endofday", "datetime", "datetime", "kql_endofday($1, 0)"},
    {"endofday", "datetime,long", "datetime", "kql_endofday($1, $2)"},
    {"endofweek", "datetime", "datetime", "kql_endofweek($1, 0)"},
    {"endofweek", "datetime,long", "datetime", "kql_endofweek($1, $2)"},
    {"endofmonth", "datetime", "datetime", "kql_endofmonth($1, 0)"},
    {"endofmonth", "datetime,long", "datetime", "kql_endofmonth($1, $2)"},
    {"endofyear", "datetime", "datetime", "kql_endofyear($1, 0)"},
    {"endofyear", "datetime,long", "datetime", "kql_endofyear($1, $2)"},
    {"datetime_add", "string,long,datetime", "datetime", "kql_datetime_add($1, $2, $3)"},
    {"datetime_diff", "string,datetime,datetime", "long", "kql_datetime_diff($1, $2, $3)"},
    {"datetime_part", "string,datetime", "long", "kql_datetime_part($1, $2)"},
    {"getyear", "datetime", "long", "CAST(kql_getyear($1) AS BIGINT)"},
    {"getmonth", "datetime", "long", "CAST(kql_getmonth($1) AS BIGINT)"},
    {"monthofyear", "datetime", "long", "CAST(kql_getmonth($1) AS BIGINT)"},
    {"dayofmonth", "datetime", "int", "kql_dayofmonth($1)"},
    {"dayofyear", "datetime", "int", "kql_dayofyear($1)"},
    {"week_of_year", "datetime", "int", "kql_week_of_year($1)"},
    {"weekofyear", "datetime", "int", "kql_week_of_year($1)"},
    {"dayofweek", "datetime", "timespan", "kql_dayofweek($1)"},
    {"hourofday", "datetime", "long", "(($1 // 36000000000) % 24)"},
    {"format_datetime", "datetime,string", "string", "kql_format_datetime($1, $2)"},
    {"format_timespan", "timespan,string", "string", "kql_format_timespan($1, $2)"},
    {"make_datetime", "long,long,long", "datetime", "kql_make_datetime($1, $2, $3, 0, 0, 0.0)"},
    {"make_datetime", "long,long,long,long,long", "datetime",
     "kql_make_datetime($1, $2, $3, $4, $5, 0.0)"},
    {"make_datetime", "long,long,long,long,long,real", "datetime",
     "kql_make_datetime($1, $2, $3, $4, $5, $6)"},
    {"make_datetime", "string", "datetime", "kql_todatetime_string($1)"},
    {"make_timespan", "long,long", "timespan", "kql_make_timespan(0, $1, $2, 0.0)"},
    {"make_timespan", "long,long,real", "timespan", "kql_make_timespan(0, $1, $2, $3)"},
    {"make_timespan", "long,long,long,real", "timespan", "kql_make_timespan($1, $2, $3, $4)"},
    {"unixtime_seconds_todatetime", "long", "datetime", "kql_unixtime_long($1, 10000000)"},
    {"unixtime_seconds_todatetime", "real", "datetime", "kql_unixtime($1, 10000000)"},
    {"unixtime_milliseconds_todatetime", "long", "datetime", "kql_unixtime_long($1, 10000)"},
    {"unixtime_milliseconds_todatetime", "real", "datetime", "kql_unixtime($1, 10000)"},
    {"unixtime_microseconds_todatetime", "long", "datetime", "kql_unixtime_long($1, 10)"},
    {"unixtime_microseconds_todatetime", "real", "datetime", "kql_unixtime($1, 10)"},
    {"unixtime_nanoseconds_todatetime", "long", "datetime", "kql_unixtime_long($1 // 100, 1)"},
    {"unixtime_nanoseconds_todatetime", "real", "datetime", "kql_unixtime($1 / 100, 1)"},
    {"datetime_local_to_utc", "datetime,string", "datetime",
     "(epoch_us(timezone($2, make_timestamp(($1 - 621355968000000000) // 10))) * 10 + "
     "621355968000000000 + $1 % 10)"},
    {"datetime_utc_to_local", "datetime,string", "datetime",
     "(epoch_us(timezone($2, CAST(make_timestamp(($1 - 621355968000000000) // 10) AS "
     "TIMESTAMPTZ))) * 10 + 621355968000000000 + $1 % 10)"},
};

}  // namespace

std::span<const ScalarFunction> DateTimeRows() {
  return kRows;
}

}  // namespace kc::kql
