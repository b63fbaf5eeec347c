// A continuous copy that is told to end (SIGTERM) at any request: it ends at once, says that it was
// interrupted, whatever it was at, and the next start goes on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/ticks.h"
#include "parallel.h"
#include "scene.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// From the signal to the end; requests that can't be cancelled are waited for.
constexpr auto kEndLimit = seconds(10);

ProcessOptions Continuous(const Scene& scene) {
  ProcessOptions options = scene.Defaults();
  options.copy.continuous = true;
  options.copy.rpo_ticks = 2 * kTicksPerMinute;
  return options;
}

void Fill(World& world) {
  for (const char* name : {"A", "B"}) world.AddTable(SimpleShape(name));
  for (int i = 0; i < 2; ++i) world.AddRows("A", 8, hours(24 - i), hours(24 * 30 * (i + 1)));
  world.AddRows("B", 12, hours(24), hours(24));
}

// Interrupted when so much time has passed since call `at` was sent. "" or what went wrong.
std::string InterruptAt(int at, world::Duration later) {
  Scene scene(7);
  World& world = scene.world;
  Fill(world);
  Process* process = nullptr;
  world::Duration asked{-1};
  scene.on_request = [&](const Call& call) {
    if (call.number != at) return;
    world.timeline.At(world.timeline.now() + later, [&] {
      asked = world.timeline.now();
      process->Interrupt();
    });
  };
  process = &scene.Start(Continuous(scene));
  if (!world.Run(*process)) return "it goes on and on";
  if (asked < world::Duration::zero()) return "it ended before it was asked";
  const auto& outcome = process->outcomes()->front();
  if (outcome.status || outcome.status.error().reason != "Cancelled") {
    return "it says that it ended with: " + Describe(*process);
  }
  if (process->ended_at() - asked > kEndLimit) return "it took too long";
  Process& next = scene.Run();
  if (!Done(next)) return "the next: " + Describe(next);
  return scene.Judge(next).Text();
}

TEST(Interrupt, AContinuousCopySaysSoWheneverItComes) {
  int calls = 0;
  {
    Scene scene(7);
    Fill(scene.world);
    Process& process = scene.Start(Continuous(scene));
    scene.world.Settle(std::chrono::minutes(5));  // the first iteration, and an idle one
    calls = scene.world.calls();
    process.Interrupt();
    ASSERT_TRUE(scene.world.Run(process));
  }
  // Soon after it was sent, and when its answer has come as well.
  const world::Duration moments[] = {milliseconds(1), milliseconds(60)};
  const int count = static_cast<int>(std::size(moments));
  const auto stride = static_cast<int>(Setting("KC_SIM_STRIDE", 3));
  const int steps = (calls + stride - 1) / stride;
  const auto failures = RunMany(steps * count, [&](int i) {
    const int at = i / count * stride;
    const std::string wrong = InterruptAt(at, moments[i % count]);
    return wrong.empty() ? "" : fmt::format("at call {}, moment {}: {}\n", at, i % count, wrong);
  });
  std::string text;
  for (const auto& failure : failures) text += failure;
  EXPECT_TRUE(failures.empty()) << text;
  std::printf("interrupted %d times: each time it said so\n", steps * count);
}

// Between one iteration and the next no request is under way that could tell.
TEST(Interrupt, AContinuousCopySaysSoBetweenIterationsToo) {
  for (int iteration = 1; iteration <= 3; ++iteration) {
    Scene scene(7);
    Fill(scene.world);
    Process& process = scene.Start(Continuous(scene));
    int ended = 0;
    process.on_iteration = [&] {
      if (++ended == iteration) process.Interrupt();
    };
    ASSERT_TRUE(scene.world.Run(process));
    EXPECT_EQ(ended, iteration);
    const auto& outcome = process.outcomes()->front();
    ASSERT_FALSE(outcome.status) << "it says that it was done";
    EXPECT_EQ(outcome.status.error().reason, "Cancelled");
  }
}

}  // namespace
}  // namespace kc::sim
