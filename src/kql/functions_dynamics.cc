// Arrays, sets and property bags.
#include "kql/functions_tables.h"

namespace kc::kql {
namespace {

constexpr ScalarFunction kRows[] = {
    {"pack_array", "packed...", "dynamic", "kql_array_make($*)"},
    {"bag_pack", "packed...", "dynamic", "kql_bag_pack($*)"},
    {"pack", "packed...", "dynamic", "kql_bag_pack($*)"},
    {"pack_dictionary", "packed...", "dynamic", "kql_bag_pack($*)"},
    {"array_length", "dynamic", "long", "kql_array_length($1)"},
    {"arraylength", "dynamic", "long", "kql_array_length($1)"},
    {"array_concat", "dynamic...", "dynamic", "kql_array_concat($*)"},
    {"zip", "dynamic...", "dynamic", "kql_zip($*)"},
    {"array_slice", "dynamic,long,long", "dynamic", "kql_array_slice($1, $2, $3)"},
    {"array_split", "dynamic,packed", "dynamic", "kql_array_split($1, $2)"},
    {"array_sum", "dynamic", "real", "kql_array_sum($1)"},
    {"array_reverse", "dynamic", "dynamic", "kql_array_reverse($1)"},
    {"array_rotate_left", "dynamic,long", "dynamic", "kql_array_rotate_left($1, $2)"},
    {"array_rotate_right", "dynamic,long", "dynamic", "kql_array_rotate_right($1, $2)"},
    {"array_shift_left", "dynamic,long", "dynamic", "kql_array_shift_left($1, $2, NULL)"},
    {"array_shift_left", "dynamic,long,packed", "dynamic", "kql_array_shift_left($1, $2, $3)"},
    {"array_shift_right", "dynamic,long", "dynamic", "kql_array_shift_right($1, $2, NULL)"},
    {"array_shift_right", "dynamic,long,packed", "dynamic", "kql_array_shift_right($1, $2, $3)"},
    {"array_sort_asc", "dynamic", "dynamic", "kql_array_sort($1, false, true)"},
    {"array_sort_asc", "dynamic,bool", "dynamic", "kql_array_sort($1, false, $2)"},
    {"array_sort_desc", "dynamic", "dynamic", "kql_array_sort($1, true, true)"},
    {"array_sort_desc", "dynamic,bool", "dynamic", "kql_array_sort($1, true, $2)"},
    {"array_sort_asc:by", "dynamic,dynamic", "dynamic", "kql_array_sort_by($1, $2, false, true)"},
    {"array_sort_desc:by", "dynamic,dynamic", "dynamic", "kql_array_sort_by($1, $2, true, true)"},
    {"array_index_of", "dynamic,packed", "long", "kql_array_index_of($1, $2, 0, -1, 1)"},
    {"array_index_of", "dynamic,packed,long", "long", "kql_array_index_of($1, $2, $3, -1, 1)"},
    {"array_index_of", "dynamic,packed,long,long", "long", "kql_array_index_of($1, $2, $3, $4, 1)"},
    {"array_index_of", "dynamic,packed,long,long,long", "long",
     "kql_array_index_of($1, $2, $3, $4, $5)"},
    {"array_iff", "dynamic,packed,packed", "dynamic", "kql_array_iff($1, $2, $3)"},
    {"array_iif", "dynamic,packed,packed", "dynamic", "kql_array_iff($1, $2, $3)"},
    {"repeat", "packed,long", "dynamic", "kql_array_repeat($1, $2)"},
    {"range", "long,long", "dynamic", "kql_range_long($1, $2, 1)"},
    {"range", "long,long,long", "dynamic", "kql_range_long($1, $2, $3)"},
    {"range", "real,real", "dynamic", "kql_range_real($1, $2, 1)"},
    {"range", "real,real,real", "dynamic", "kql_range_real($1, $2, $3)"},
    {"range", "datetime,datetime", "dynamic", "kql_range_datetime($1, $2, 36000000000)"},
    {"range", "datetime,datetime,timespan", "dynamic", "kql_range_datetime($1, $2, $3)"},
    {"range", "timespan,timespan", "dynamic", "kql_range_timespan($1, $2, 36000000000)"},
    {"range", "timespan,timespan,timespan", "dynamic", "kql_range_timespan($1, $2, $3)"},
    {"set_union", "dynamic,dynamic...", "dynamic", "kql_set_union($*)"},
    {"set_intersect", "dynamic,dynamic...", "dynamic", "kql_set_intersect($*)"},
    {"set_difference", "dynamic,dynamic...", "dynamic", "kql_set_difference($*)"},
    {"set_has_element", "dynamic,packed", "bool", "kql_set_has_element($1, $2)"},
    {"jaccard_index", "dynamic,dynamic", "real", "kql_jaccard($1, $2)"},
    {"dcount_hll", "dynamic", "long", "kql_dcount_hll($1)"},
    {"hll_merge", "dynamic,dynamic...", "dynamic", "kql_hll_merge_of($*)"},
    {"merge_tdigest", "dynamic,dynamic...", "dynamic", "kql_tdigest_merge_of($*)"},
    {"tdigest_merge", "dynamic,dynamic...", "dynamic", "kql_tdigest_merge_of($*)"},
    {"percentile_tdigest", "dynamic,real", "real", "kql_percentile_tdigest($1, $2)"},
    {"rank_tdigest", "dynamic,real", "real", "kql_rank_tdigest($1, $2)"},
    {"percentrank_tdigest", "dynamic,real", "real", "kql_percentrank_tdigest($1, $2)"},
    {"bag_keys", "dynamic", "dynamic", "kql_bag_keys($1)"},
    {"bag_merge", "dynamic,dynamic...", "dynamic", "kql_bag_merge($*)"},
    {"bag_has_key", "dynamic,string", "bool", "kql_bag_has_key($1, $2)"},
    {"bag_remove_keys", "dynamic,dynamic", "dynamic", "kql_bag_remove_keys($1, $2)"},
    {"bag_set_key", "dynamic,string,packed", "dynamic", "kql_bag_set_key($1, $2, $3)"},
    {"bag_zip", "dynamic,packed", "dynamic", "kql_bag_zip($1, $2)"},
};

}  // namespace

std::span<const ScalarFunction> DynamicRows() {
  return kRows;
}

}  // namespace kc::kql
