// series_*: functions over arrays of numbers. Those with several results (series_stats,
// series_fit_line …) are the binder's own, over the rows named "series:…" here.
#include "kql/functions_tables.h"

namespace kc::kql {
namespace {

constexpr ScalarFunction kRows[] = {
    {"series_add", "packed,packed", "dynamic", "kql_series_add($1, $2)"},
    {"series_subtract", "packed,packed", "dynamic", "kql_series_subtract($1, $2)"},
    {"series_multiply", "packed,packed", "dynamic", "kql_series_multiply($1, $2)"},
    {"series_divide", "packed,packed", "dynamic", "kql_series_divide($1, $2)"},
    {"series_pow", "packed,packed", "dynamic", "kql_series_pow($1, $2)"},
    {"series_equals", "packed,packed", "dynamic", "kql_series_compare($1, $2, 0)"},
    {"series_not_equals", "packed,packed", "dynamic", "kql_series_compare($1, $2, 1)"},
    {"series_less", "packed,packed", "dynamic", "kql_series_compare($1, $2, 2)"},
    {"series_less_equals", "packed,packed", "dynamic", "kql_series_compare($1, $2, 3)"},
    {"series_greater", "packed,packed", "dynamic", "kql_series_compare($1, $2, 4)"},
    {"series_greater_equals", "packed,packed", "dynamic", "kql_series_compare($1, $2, 5)"},
    {"series_abs", "dynamic", "dynamic", "kql_series_abs($1)"},
    {"series_acos", "dynamic", "dynamic", "kql_series_acos($1)"},
    {"series_asin", "dynamic", "dynamic", "kql_series_asin($1)"},
    {"series_atan", "dynamic", "dynamic", "kql_series_atan($1)"},
    {"series_ceiling", "dynamic", "dynamic", "kql_series_ceiling($1)"},
    {"series_cos", "dynamic", "dynamic", "kql_series_cos($1)"},
    {"series_exp", "dynamic", "dynamic", "kql_series_exp($1)"},
    {"series_floor", "dynamic", "dynamic", "kql_series_floor($1)"},
    {"series_log", "dynamic", "dynamic", "kql_series_log($1)"},
    {"series_sign", "dynamic", "dynamic", "kql_series_sign($1)"},
    {"series_sin", "dynamic", "dynamic", "kql_series_sin($1)"},
    {"series_tan", "dynamic", "dynamic", "kql_series_tan($1)"},
    {"series_sum", "dynamic", "real", "kql_series_sum($1)"},
    {"series_product", "dynamic", "real", "kql_series_product($1)"},
    {"series_magnitude", "dynamic", "real", "kql_series_magnitude($1)"},
    {"series_dot_product", "packed,packed", "real", "kql_series_dot_product($1, $2)"},
    {"series_cosine_similarity", "dynamic,dynamic", "real", "kql_series_cosine_similarity($1, $2)"},
    {"series_pearson_correlation", "dynamic,dynamic", "real", "kql_series_pearson($1, $2)"},
    {"series_fill_forward", "dynamic", "dynamic", "kql_series_fill_forward($1, NULL, false)"},
    {"series_fill_forward", "dynamic,packed", "dynamic", "kql_series_fill_forward($1, $2, false)"},
    {"series_fill_backward", "dynamic", "dynamic", "kql_series_fill_forward($1, NULL, true)"},
    {"series_fill_backward", "dynamic,packed", "dynamic", "kql_series_fill_forward($1, $2, true)"},
    {"series_fill_const", "dynamic,packed", "dynamic", "kql_series_fill_const($1, $2, NULL)"},
    {"series_fill_const", "dynamic,packed,packed", "dynamic", "kql_series_fill_const($1, $2, $3)"},
    {"series_fill_linear", "dynamic", "dynamic", "kql_series_fill_linear($1, NULL, true, '0')"},
    {"series_fill_linear", "dynamic,packed", "dynamic",
     "kql_series_fill_linear($1, $2, true, '0')"},
    {"series_fill_linear", "dynamic,packed,bool", "dynamic",
     "kql_series_fill_linear($1, $2, $3, '0')"},
    {"series_fill_linear", "dynamic,packed,bool,packed", "dynamic",
     "kql_series_fill_linear($1, $2, $3, $4)"},
    {"series_fir", "dynamic,dynamic", "dynamic", "kql_series_fir($1, $2, NULL, false)"},
    {"series_fir", "dynamic,dynamic,bool", "dynamic", "kql_series_fir($1, $2, $3, false)"},
    {"series_fir", "dynamic,dynamic,bool,bool", "dynamic", "kql_series_fir($1, $2, $3, $4)"},
    {"series_iir", "dynamic,dynamic,dynamic", "dynamic", "kql_series_iir($1, $2, $3)"},
    {"series_stats_dynamic", "dynamic", "dynamic", "kql_series_stats_dynamic($1)"},
    {"series_fit_line_dynamic", "dynamic", "dynamic", "kql_series_fit_line_dynamic($1)"},
    {"series_seasonal", "dynamic,long", "dynamic", "kql_series_seasonal($1, $2)"},
    {"series:stats", "dynamic", "dynamic", "kql_series_stats($1)"},
    {"series:fit_line", "dynamic", "dynamic", "kql_series_fit_line($1)"},
};

}  // namespace

std::span<const ScalarFunction> SeriesRows() {
  return kRows;
}

}  // namespace kc::kql
