// An owner that is stopped (SIGSTOP) at any request for longer than its lease, is taken over, and
// continues: it has no effect, and says so.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "parallel.h"
#include "scene.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

void Fill(World& world) {
  for (const char* name : {"A", "B"}) world.AddTable(SimpleShape(name));
  for (int i = 0; i < 3; ++i) world.AddRows("A", 8, hours(24 - i), hours(24 * 30 * (i + 1)));
  world.AddRows("B", 12, hours(24), hours(24));
}

struct Ends {
  std::atomic<int> lease_lost{0}, done{0}, refused{0}, paused{0};
};

// Stopped at call `at`, before it is sent or after it acted. "" or what went wrong.
std::string PauseAt(int at, Fault fault, Ends& ends) {
  Scene scene(7);
  World& world = scene.world;
  Fill(world);
  Process* owner = nullptr;
  scene.weather = [&](const Call& call) {
    return call.number == at && call.process == owner ? fault : Fault::kNone;
  };
  world.on_pause = [](Process&) {};  // continued below
  owner = &scene.Start(scene.Defaults());
  (void)world.RunUntil([&] { return owner->life() != Life::kRunning; });
  if (owner->life() != Life::kPaused) return "";
  ++ends.paused;
  Process& second = scene.Run();
  if (!Done(second)) return "the second: " + Describe(second);
  const auto rows = scene.Destination();
  const auto effects = scene.effects.size();
  owner->Continue();
  if (!world.Run(*owner)) return "the one that continues hangs";
  world.Settle(seconds(100));
  // Whatever it still sends changes nothing that counts.
  for (size_t i = effects; i < scene.effects.size(); ++i) {
    const Effect& effect = scene.effects[i];
    if (effect.kind == EffectKind::kMove && world.source.Find(effect.to) != nullptr) {
      return "it published " + std::to_string(effect.rows) + " rows after it had been taken over";
    }
  }
  if (scene.Destination() != rows) return "the destination's rows changed";
  const auto& outcome = owner->outcomes()->front();
  const std::string reason = outcome.status ? "" : outcome.status.error().reason;
  if (reason == "LeaseLost") {
    ++ends.lease_lost;
  } else if (outcome.refused) {
    ++ends.refused;  // it didn't own the copy yet, and changed nothing
  } else if (Done(*owner)) {
    ++ends.done;
  } else {
    return "it ended with: " + Describe(*owner);
  }
  Process& last = scene.Run();
  if (!Done(last)) return "the last: " + Describe(last);
  return scene.Judge(last).Text();
}

TEST(Pause, AnOwnerThatContinuesHasNoEffectAndSaysSo) {
  int calls = 0;
  {
    Scene scene(7);
    Fill(scene.world);
    ASSERT_TRUE(Done(scene.Run()));
    calls = scene.world.calls();
  }
  Ends ends;
  const auto stride = static_cast<int>(Setting("KC_SIM_STRIDE", 37));
  const int steps = (calls + stride - 1) / stride;
  const auto failures = RunMany(steps * 2, [&](int i) {
    const Fault fault = i % 2 == 0 ? Fault::kPauseBeforeSend : Fault::kPauseBeforeAnswer;
    const int at = i / 2 * stride;
    const std::string wrong = PauseAt(at, fault, ends);
    return wrong.empty() ? "" : fmt::format("{} at call {}: {}\n", Name(fault), at, wrong);
  });
  std::string text;
  for (const auto& failure : failures) text += failure;
  EXPECT_TRUE(failures.empty()) << text;
  std::printf(
      "paused owners: %d; %d ended with 'lease lost', %d were refused (they did not own the copy "
      "yet), %d were done\n",
      ends.paused.load(), ends.lease_lost.load(), ends.refused.load(), ends.done.load());
  EXPECT_EQ(ends.paused, steps * 2);
  EXPECT_GT(ends.lease_lost, ends.paused / 2);
}

}  // namespace
}  // namespace kc::sim
