#include "kusto/fingerprint.h"

#include <gtest/gtest.h>

#include "kusto/commands/queries.h"

namespace kc::kusto {
namespace {

ValueTable Row(int64_t n, Value low, Value high) {
  return {"R",
          {{"N", ScalarType::kLong}, {"L", ScalarType::kLong}, {"H", ScalarType::kLong}},
          {{Value(n), std::move(low), std::move(high)}}};
}

TEST(Fingerprint, SumsCarryInto128Bits) {
  Sum128 sum;
  for (int i = 0; i < 4; ++i) sum += uint64_t{1} << 63;
  EXPECT_EQ(sum.high, 2u);
  EXPECT_EQ(sum.low, 0u);
  Sum128 other = sum;
  other += UINT64_MAX;
  other += sum;
  EXPECT_EQ(other.Hex(), "0000000000000004ffffffffffffffff");
  EXPECT_EQ(*Sum128::FromHex(other.Hex()), other);
  EXPECT_FALSE(Sum128::FromHex("12"));
  EXPECT_FALSE(Sum128::FromHex("000000000000000gffffffffffffffff"));
}

TEST(Fingerprint, RowsAreAdded) {
  Fingerprint sums;
  ASSERT_TRUE(AddFingerprintRow(Row(2, int64_t{5}, INT64_MAX), 0, 0, 1, sums));
  ASSERT_TRUE(AddFingerprintRow(Row(3, int64_t{6}, INT64_MAX), 0, 0, 1, sums));
  EXPECT_EQ(sums.rows, 5);
  EXPECT_EQ(sums.slices[0].low.low, 11u);
  EXPECT_EQ(*Fingerprint::FromText(sums.Text()), sums);
  EXPECT_FALSE(AddFingerprintRow(Row(1, int64_t{-1}, int64_t{0}), 0, 0, 1, sums));
  EXPECT_FALSE(AddFingerprintRow(ValueTable{"R", {{"N", ScalarType::kLong}}, {{Value(int64_t{1})}}},
                                 0, 0, 1, sums));
}

TEST(Fingerprint, NoRowsAreEqualHoweverTold) {
  Fingerprint nulls;
  ASSERT_TRUE(AddFingerprintRow(Row(0, Value(), Value()), 0, 0, 1, nulls));
  EXPECT_EQ(nulls, Fingerprint());
  Fingerprint one;
  ASSERT_TRUE(AddFingerprintRow(Row(1, int64_t{1}, int64_t{1}), 0, 0, 1, one));
  EXPECT_FALSE(nulls == one);
  Fingerprint sum = nulls;
  sum += one;
  EXPECT_EQ(sum, one);
}

TEST(Fingerprint, TextsThatAreNone) {
  for (const char* text : {"", "x", "-1", "1:2", "5:00", "1:0:0"}) {
    EXPECT_FALSE(Fingerprint::FromText(text)) << text;
  }
  EXPECT_EQ(Fingerprint::FromText("7")->rows, 7);
}

TEST(Fingerprint, WideTablesAreSliced) {
  EXPECT_EQ(FingerprintSlices(0).size(), 1u);
  EXPECT_EQ(FingerprintSlices(1000).size(), 1u);
  auto slices = FingerprintSlices(1001);
  std::vector<int> times(1001);
  for (const auto& slice : slices) {
    EXPECT_LE(slice.size(), static_cast<size_t>(kSliceColumns));
    for (int i = 0; i < kSpineColumns; ++i) EXPECT_EQ(slice[static_cast<size_t>(i)], i);
    for (int column : slice) ++times[static_cast<size_t>(column)];
  }
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i], i < kSpineColumns ? static_cast<int>(slices.size()) : 1) << i;
  }
}

TEST(Fingerprint, TheSelfTestFindsDifferences) {
  // As if each case's text were its own name: all different, equal on both sides.
  std::string text = commands::SelfTest();
  ValueTable good{"R", {}, {{}}};
  for (size_t at = text.find("print ") + 6; at != std::string::npos;) {
    size_t equals = text.find(" = ", at);
    std::string name = text.substr(at, equals - at);
    good.columns.push_back({name, ScalarType::kString});
    good.rows[0].push_back(name);
    size_t next = text.find(",\n  ", equals);
    at = next == std::string::npos ? next : next + 4;
  }
  ASSERT_GT(good.columns.size(), 50u);
  EXPECT_TRUE(commands::CompareSelfTests(good, good));
  ValueTable other = good;
  size_t tick = *good.Find("datetime_tick");
  other.rows[0][tick] = std::string("2026-01-02 03:04:05.123456");
  auto differ = commands::CompareSelfTests(good, other);
  ASSERT_FALSE(differ);
  EXPECT_NE(differ.error().message.find("datetime"), std::string::npos);
  ValueTable blind = good;
  blind.rows[0][tick] = std::string("datetime_tick_next");
  auto alike = commands::CompareSelfTests(blind, blind);
  ASSERT_FALSE(alike);
  EXPECT_EQ(alike.error().reason, "SelfTest");
  other.columns.pop_back();
  EXPECT_FALSE(commands::CompareSelfTests(good, other));
}

}  // namespace
}  // namespace kc::kusto
