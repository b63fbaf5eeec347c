#include "copy/protocol/planner.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/ticks.h"

namespace kc::copy {
namespace {

constexpr int64_t kNow = 640'000 * int64_t{1'000'000'000'000};

PlanLimits Limits(int64_t rows) {
  PlanLimits limits;
  limits.max_rows = rows;
  limits.now = kNow;
  return limits;
}

TEST(PlanBand, PutsNeighboursIntoOneRange) {
  const auto blocks =
      PlanBand({{10, 10, 5, 0, kNow}, {20, 20, 5, 0, kNow}, {30, 30, 5, 0, kNow}}, Limits(10));
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].ranges, (std::vector<TimeRange>{{10, 20}}));
  EXPECT_EQ(blocks[0].rows, 10);
  EXPECT_EQ(blocks[1].ranges, (std::vector<TimeRange>{{30, 30}}));
}

TEST(PlanBand, SplitsAnInstantTooBigByHash) {
  const auto blocks = PlanBand({{10, 10, 25, 0, kNow}}, Limits(10));
  ASSERT_EQ(blocks.size(), 3u);
  int64_t rows = 0;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(blocks[i].residue->modulus, 3);
    EXPECT_EQ(blocks[i].residue->remainder, static_cast<int64_t>(i));
    rows += blocks[i].rows;
  }
  EXPECT_EQ(rows, 25);
}

TEST(PlanBand, KeepsCreationTimesApart) {
  const int64_t old = kNow - 400 * kTicksPerDay;
  // Alternating old and new extents: two blocks with many ranges, not six.
  std::vector<Instant> instants;
  for (int i = 0; i < 6; ++i) instants.push_back({i, i, 1, 0, i % 2 ? kNow : old});
  const auto blocks = PlanBand(instants, Limits(100));
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].created, old);
  EXPECT_EQ(blocks[0].ranges.size(), 3u);
  EXPECT_EQ(blocks[1].created, kNow);
}

TEST(PlanBand, NeverStretchesABlockStepByStep) {
  std::vector<Instant> instants;
  for (int i = 0; i < 100; ++i) {
    instants.push_back({i, i, 1, 0, kNow - (100 - i) * kTicksPerMinute * 7});
  }
  for (const auto& block : PlanBand(instants, Limits(1000))) {
    const int64_t oldest = kNow - (100 - block.ranges.front().first) * kTicksPerMinute * 7;
    EXPECT_LE(block.created - oldest, CreationTolerance(block.created, kNow));
  }
}

// Whatever the histogram: every instant in exactly one block (or split), bounds kept, sums kept.
TEST(PlanBand, PropertiesHoldOnRandomHistograms) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    PlanLimits limits = Limits(1 + static_cast<int64_t>(random() % 50));
    limits.max_bytes = 1 + static_cast<int64_t>(random() % 5000);
    limits.max_ranges = 1 + static_cast<int>(random() % 5);
    std::vector<Instant> instants;
    int64_t at = 0;
    int64_t total = 0;
    for (size_t i = 0; i < random() % 60; ++i) {
      at += 1 + static_cast<int64_t>(random() % 9);
      const int64_t last = at + static_cast<int64_t>(random() % 3);
      const auto rows = static_cast<int64_t>(random() % 40);
      instants.push_back(
          {at, last, rows, rows * 100, kNow - static_cast<int64_t>(random() % 900) * kTicksPerDay});
      at = last;
      total += rows;
    }
    int64_t sum = 0;
    std::map<int64_t, int> covered;    // instant → blocks without residue that hold it
    std::map<int64_t, int64_t> split;  // instant → remainders seen
    for (const auto& block : PlanBand(instants, limits)) {
      sum += block.rows;
      ASSERT_LE(static_cast<int>(block.ranges.size()), limits.max_ranges);
      int64_t newest = 0;
      for (const auto& instant : instants) {
        for (const auto& range : block.ranges) {
          if (instant.rows == 0 || instant.last < range.first || instant.first > range.last) {
            continue;
          }
          // Ties never straddle: an instant is inside or outside.
          ASSERT_TRUE(range.first <= instant.first && instant.last <= range.last);
          newest = std::max(newest, instant.created);
          if (block.residue) {
            ++split[instant.first];
          } else {
            ++covered[instant.first];
          }
        }
      }
      ASSERT_EQ(block.created, newest);
      if (!block.residue) {
        ASSERT_LE(block.rows, limits.max_rows);
        ASSERT_LE(block.bytes, limits.max_bytes);
      }
    }
    ASSERT_EQ(sum, total);
    for (const auto& instant : instants) {
      if (instant.rows == 0) continue;
      ASSERT_EQ(covered[instant.first] + (split[instant.first] > 0 ? 1 : 0), 1);
    }
  }
}

TEST(ReadHistogram, LeavesTheLastInstantOutWhenTruncated) {
  ValueTable table;
  table.columns = {{"Instant", ScalarType::kDateTime},
                   {"ExtentId", ScalarType::kGuid},
                   {"N", ScalarType::kLong}};
  table.rows = {{int64_t{10}, std::string("a"), int64_t{3}},
                {int64_t{10}, std::string("b"), int64_t{4}},
                {int64_t{20}, std::string("a"), int64_t{5}}};
  const std::map<std::string, ExtentFacts> extents = {{"a", {100, 2.0}}, {"b", {200, 4.0}}};
  const auto all = ReadHistogram(table, 10, extents);
  ASSERT_EQ(all.instants.size(), 2u);
  EXPECT_EQ(all.instants[0], (Instant{10, 10, 7, 22, 200}));
  EXPECT_FALSE(all.truncated);
  const auto cut = ReadHistogram(table, 3, extents);
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.instants.size(), 1u);
}

}  // namespace
}  // namespace kc::copy
