#include "copy/operations.h"

#include <gtest/gtest.h>

namespace kc::copy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Polls of an operation that takes so long, and how late its end is seen at worst.
struct Cost {
  int polls = 0;
  world::Duration late{};
};
Cost CostOf(world::Duration takes) {
  Cost cost;
  world::Duration now{};
  world::Duration delay = milliseconds(10);
  while (now < takes) {
    now += delay;
    ++cost.polls;
    cost.late = delay;
    delay = NextPoll(now, delay);
  }
  return cost;
}

TEST(NextPoll, FastOperationsAreSeenSoon) {
  for (const auto takes : {milliseconds(20), milliseconds(100), milliseconds(800)}) {
    EXPECT_LE(CostOf(takes).late, takes / 3 + milliseconds(10)) << takes.count();
  }
  for (auto takes = milliseconds(100); takes < seconds(5); takes += milliseconds(100)) {
    EXPECT_LE(CostOf(takes).late, milliseconds(200)) << takes.count();
  }
}

TEST(NextPoll, SlowOperationsAreAskedForSeldom) {
  EXPECT_LE(CostOf(seconds(30)).polls, 75);
  EXPECT_LE(CostOf(hours(1)).polls, 800);
  EXPECT_LE(CostOf(hours(1)).late, seconds(5));
}

}  // namespace
}  // namespace kc::copy
