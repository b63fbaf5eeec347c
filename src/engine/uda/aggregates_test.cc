#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

using AggregatesTest = UdfTest;

TEST_F(AggregatesTest, SumsDecimalsExactly) {
  EXPECT_EQ(Ask("(select kql_dec_sum(x) from (values ('0.1'), ('0.2'), (null), ('-0.3')) t(x))"),
            "0");
  EXPECT_EQ(Ask("(select kql_dec_sum(x) from (select '1' x where false))"), "null");
  EXPECT_EQ(Ask("(select kql_dec_sum('0.1') from range(100000))"), "10000");
}

TEST_F(AggregatesTest, BagsKeepTheFirstValue) {
  EXPECT_EQ(
      Ask("(select kql_make_bag(x) from (values ('{\"a\":1}'), (null), ('{\"a\":2,\"b\":[3]}'), "
          "('[1]')) t(x))"),
      "{\"a\":1,\"b\":[3]}");
  EXPECT_EQ(Ask("(select kql_make_bag(x) from (select '{}' x where false))"), "{}");
  EXPECT_EQ(
      Ask("(select string_agg(b, ' ' order by g) from (select x % 2 g, kql_make_bag('{\"k' || x "
          "|| '\":' || x || '}') filter (x > 1) b from range(5) t(x) group by g))"),
      "{\"k2\":2,\"k4\":4} {\"k3\":3}");
}

TEST_F(AggregatesTest, WeightedPercentiles) {
  EXPECT_EQ(Ask("(select kql_percentilew(v, w, 50) from (values (1, 10), (2, 1), (3, 9), (4, 0)) "
                "t(v, w))"),
            "1");
  EXPECT_EQ(Ask("(select kql_percentilew_real(v, w, 75) from (values (1.5::double, 1), (2.5, 3)) "
                "t(v, w))"),
            "2.5");
}

TEST_F(AggregatesTest, Schemas) {
  EXPECT_EQ(Ask("(select kql_buildschema(x) from (values ('{\"x\":1,\"y\":3.5}'), "
                "('{\"x\":\"s\",\"z\":[5,{}]}')) t(x))"),
            "{\"x\":[\"long\",\"string\"],\"y\":\"double\",\"z\":{\"`indexer`\":\"long\"}}");
}

TEST_F(AggregatesTest, SketchesOfDistinctValues) {
  EXPECT_EQ(Ask("kql_dcount_hll((select kql_hll(kql_hash_long(x % 500)) from range(20000) t(x)))"),
            "500");
  const double estimate =
      std::stod(Ask("kql_dcount_hll((select kql_hll(kql_hash_long(x)) from range(100000) t(x)))"));
  EXPECT_NEAR(estimate, 100000, 3000);
  EXPECT_EQ(Ask("kql_dcount_hll(kql_hll_merge_of((select kql_hll(kql_hash_long(x)) from range(10) "
                "t(x)), (select kql_hll(kql_hash_long(x)) from range(5, 20) t(x))))"),
            "20");
  EXPECT_EQ(Ask("kql_dcount_hll('[1]')"), "null");
}

TEST_F(AggregatesTest, SketchesOfQuantiles) {
  EXPECT_EQ(Ask("kql_rank_tdigest((select kql_tdigest(x, 1) from range(1, 1001) t(x)), 685)"),
            "685.0");
  EXPECT_EQ(
      Ask("kql_percentile_tdigest(kql_tdigest_merge_of((select kql_tdigest(x, 1) from range(10) "
          "t(x)), (select kql_tdigest(x, 2) from range(10, 20) t(x))), 100)"),
      "19.0");
  const double median =
      std::stod(Ask("kql_percentile_tdigest((select kql_tdigest(hash(x) % 100000, 1) from "
                    "range(200000) t(x)), 50)"));
  EXPECT_NEAR(median, 50000, 1000);
}

}  // namespace
}  // namespace kc::engine::udf
