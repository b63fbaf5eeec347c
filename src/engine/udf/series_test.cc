#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

class SeriesTest : public UdfTest {};

TEST_F(SeriesTest, ComputesElementByElement) {
  EXPECT_EQ(Ask("kql_series_add('[1,2.5,null]', '[10,1]')"), "[11,3.5,null]");
  EXPECT_EQ(Ask("kql_series_subtract('[5,7]', '2')"), "[3,5]");
  EXPECT_EQ(Ask("kql_series_divide('[1,3]', '[2,0]')"), "[0.5,\"Infinity\"]");
  EXPECT_EQ(Ask("kql_series_multiply('[3,\"x\"]', '[3,3]')"), "[9,null]");
  EXPECT_EQ(Ask("kql_series_compare('[1,5,3]', '[2,5,1]', 3)"), "[true,true,false]");
  EXPECT_EQ(Ask("kql_series_abs('[-4,2.5,-0.5]')"), "[4,2.5,0.5]");
  EXPECT_EQ(Ask("kql_series_sign('[-4,0,0.5]')"), "[-1,0,1]");
  EXPECT_EQ(Ask("kql_series_floor('[1.5,-1.5]')"), "[1.0,-2.0]");
  EXPECT_EQ(Ask("kql_series_add('{}', '{}')"), "null");
}

TEST_F(SeriesTest, ArraysTakeNumbersOfAnySize) {
  EXPECT_EQ(Ask("kql_array_index_of('[1,2]', '2', 1, 9223372036854775807, 1)"), "1");
  EXPECT_EQ(Ask("kql_array_index_of('[1,2]', '2', 3, 1, 1)"), "-1");
  EXPECT_EQ(Ask("kql_array_rotate_right('[1,2,3]', 1)"), "[3,1,2]");
  EXPECT_EQ(Ask("kql_array_rotate_left('[1,2,3]', -4)"), "[3,1,2]");
  EXPECT_EQ(Ask("kql_array_rotate_right('[1,2,3]', -9223372036854775808)"), "[3,1,2]");
  EXPECT_EQ(Ask("kql_array_shift_right('[1,2,3]', 1, NULL)"), "[null,1,2]");
  EXPECT_EQ(Ask("kql_array_shift_right('[1,2]', -9223372036854775808, '0')"), "[0,0]");
}

TEST_F(SeriesTest, Sums) {
  EXPECT_EQ(Ask("kql_series_sum('[1,2,3.5]')"), "6.5");
  EXPECT_EQ(Ask("kql_series_sum('[1,null]')"), "null");
  EXPECT_EQ(Ask("kql_series_dot_product('[1,2,3]', '[3,2,1]')"), "10.0");
  EXPECT_EQ(Ask("kql_series_dot_product('[1,2,3]', '2')"), "12.0");
  EXPECT_EQ(Ask("kql_series_magnitude('[3,4]')"), "5.0");
  EXPECT_EQ(Ask("kql_series_pearson('[1,2,3]', '[2,4,6]')"), "1.0");
}

TEST_F(SeriesTest, FillsGaps) {
  EXPECT_EQ(Ask("kql_series_fill_forward('[null,1,null,2,null]', NULL, false)"), "[null,1,1,2,2]");
  EXPECT_EQ(Ask("kql_series_fill_forward('[null,1,null,2,null]', NULL, true)"), "[1,1,2,2,null]");
  EXPECT_EQ(Ask("kql_series_fill_forward('[0,3,0]', '0', false)"), "[0,3,3]");
  EXPECT_EQ(Ask("kql_series_fill_const('[null,1]', '7', NULL)"), "[7,1]");
  EXPECT_EQ(Ask("kql_series_fill_linear('[null,1,null,4]', NULL, true, '0')"), "[1,1,2.5,4]");
  EXPECT_EQ(Ask("kql_series_fill_linear('[null,1,null,4]', NULL, false, '0')"), "[null,1,2.5,4]");
  EXPECT_EQ(Ask("kql_series_fill_linear('[null,null]', NULL, true, '9')"), "[9,9]");
}

TEST_F(SeriesTest, FiltersAndFits) {
  EXPECT_EQ(Ask("kql_series_fir('[2,4,6]', '[1,1]', NULL, false)"), "[1.0,3.0,5.0]");
  EXPECT_EQ(Ask("kql_series_fir('[2,4,6]', '[1,-1]', NULL, false)"), "[2.0,2.0,2.0]");
  EXPECT_EQ(Ask("kql_series_fir('[3,6,9]', '[1,1,1]', true, true)"), "[3.0,6.0,5.0]");
  EXPECT_EQ(Ask("kql_series_iir('[1,2,3]', '[1]', '[1,-1]')"), "[1.0,3.0,6.0]");
  EXPECT_EQ(Ask("kql_series_stats('[4,1,7]')"), "[1.0,1,7.0,2,4.0,3.0,9.0,12.0,3]");
  EXPECT_EQ(Ask("kql_series_stats('[]')"), "null");
  EXPECT_EQ(Ask("json_extract(kql_series_fit_line_dynamic('[1,3,5]'), '$.slope')"), "2.0");
  EXPECT_EQ(Ask("kql_series_seasonal('[1,5,2,5,9,6]', 2)"), "[2.0,5.0,2.0,5.0,2.0,5.0]");
  // What a period takes is bounded by the series.
  EXPECT_EQ(Ask("kql_series_seasonal('[1,5]', 1000000000000000000)"), "[1.0,5.0]");
}

TEST_F(SeriesTest, ReadsPairs) {
  const auto kv = [](const std::string& text, const std::string& key, const std::string& pair,
                     const std::string& rest = "'', ''") {
    return Ask("kql_parse_kv('" + text + "', '" + key + "', '" + pair + "', '=', " + rest + ")");
  };
  EXPECT_EQ(kv("a=1; b = two words ;c=", "b", ";"), "two words");
  EXPECT_EQ(kv("a=1; b = two words ;c=", "c", ";"), "");
  EXPECT_EQ(kv("a=1;b=2", "c", ";"), "null");
  EXPECT_EQ(kv("a=1;a=2", "a", ";"), "1");
  EXPECT_EQ(kv("x y=2 z", "y", " "), "2");
  EXPECT_EQ(kv("  k  =  v  w=1", "k", " "), "v");
  EXPECT_EQ(kv("a==b", "a", ";"), "=b");
  EXPECT_EQ(kv("a=\"x;y\\\"z\";b=1", "a", ";", "'\"', '\\'"), "x;y\"z");
  EXPECT_EQ(kv("a=\"x;y\";b=1", "b", ";", "'\"', ''"), "1");
}

}  // namespace
}  // namespace kc::engine::udf
