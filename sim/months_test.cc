// A continuous copy of a source where nothing happens for a month (KC_SIM_DAYS): nothing is
// created, nothing is left, nothing grows.
#include <gtest/gtest.h>
#include <malloc.h>

#include "base/log.h"
#include "base/ticks.h"
#include "parallel.h"
#include "world.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

int64_t CheckpointBytes(const World& world) {
  int64_t bytes = 0;
  for (const auto& [name, object] : world.objects.objects) {
    bytes += static_cast<int64_t>(object.bytes.size());
  }
  return bytes;
}

TEST(Months, AnIdleSourceCostsNothingAndNothingGrows) {
  SetLogLevel(LogLevel::kOff);
  const auto days = static_cast<int>(Setting("KC_SIM_DAYS", 30));
  World world(11);
  for (const char* name : {"A", "B", "C"}) {
    world.AddTable(SimpleShape(name));
    world.AddRows(name, 20, hours(24), hours(24));
  }
  ProcessOptions options = world.Defaults();
  options.copy.continuous = true;
  options.copy.rpo_ticks = 2 * kTicksPerMinute;
  Process& process = world.Start(options);
  // The first iteration, and whatever an hour brings (sweeps).
  world.Settle(hours(3));
  ASSERT_EQ(world.Difference(), "");
  int64_t effects = 0;
  int64_t renewed = 0;  // KC_Status() gets an address of its file that is good for another day
  world.source.on_effect = world.destination.on_effect = [&](const Effect& effect) {
    ++(effect.table == "KC_Status" ? renewed : effects);
  };
  const int calls = world.calls();
  const size_t objects = world.objects.objects.size();
  const int64_t bytes = CheckpointBytes(world);
  const auto memory = static_cast<int64_t>(mallinfo2().uordblks);
  for (int day = 0; day < days; ++day) world.Settle(hours(24));
  const auto grown = static_cast<int64_t>(mallinfo2().uordblks) - memory;
  ASSERT_TRUE(process.running());
  EXPECT_EQ(effects, 0);
  EXPECT_LE(renewed, 4 * days);
  EXPECT_EQ(world.objects.objects.size(), objects);
  EXPECT_LT(CheckpointBytes(world), bytes + 1000);
  EXPECT_LT(grown, 256 * 1024);
  EXPECT_EQ(world.LeftBehind(), "");
  std::printf("%d idle days: %d requests an hour, memory %+ld bytes, checkpoint %+ld bytes\n", days,
              (world.calls() - calls) / (24 * days), grown, CheckpointBytes(world) - bytes);
  // Still awake.
  world.AddRows("A", 7);
  world.Settle(minutes(10));
  EXPECT_EQ(world.Difference(), "");
  process.Interrupt();
  ASSERT_TRUE(world.Run(process));
  EXPECT_EQ(process.life(), Life::kEnded);
}

}  // namespace
}  // namespace kc::sim
