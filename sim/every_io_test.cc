// Every request of a copy fails once: for i = 0, 1, 2 … the i-th call of the scenario gets a fault,
// in each of its four phases, once, for a while, and as the death of the process; then again with a
// second fault while the copy recovers. Nothing may be lost, doubled, changed or left behind.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "faults.h"
#include "parallel.h"
#include "scene.h"

namespace kc::sim {
namespace {

using std::chrono::hours;

// 3 tables, 12 blocks, 2 iterations; each iteration's process is started again until it is done.
class Scenario {
 public:
  explicit Scenario(uint64_t seed) : scene_(seed) {
    World& world = scene_.world;
    for (const char* name : {"A", "B", "C"}) world.AddTable(SimpleShape(name));
    for (int i = 0; i < 4; ++i) world.AddRows("A", 8, hours(24 - i), hours(24 * 30 * (i + 1)));
    world.AddRows("B", 25, hours(24), hours(24));  // one instant, three blocks
    world.AddRows("C", 3, hours(24), hours(24));
  }

  // "" or what went wrong.
  std::string Play() {
    std::string wrong = Iterate("first");
    if (!wrong.empty()) return wrong;
    World& world = scene_.world;
    world.AddRows("A", 12, hours(2), hours(2));
    world.AddRows("A", 4, hours(1), hours(1));
    world.AddRows("C", 9);
    world.Settle(std::chrono::minutes(1));
    wrong = Iterate("second");
    if (!wrong.empty()) return wrong;
    calls_ = world.calls();
    // Late requests arrive, orphans appear; what they leave is swept by the next start.
    world.Settle();
    if (heal_) heal_();
    Process& last = scene_.Run();
    if (!Done(last)) return "after the end: " + Describe(last);
    return scene_.Judge(last).Text();
  }

  Scene& scene() { return scene_; }
  int calls() const { return calls_; }
  int64_t blocks() const { return scene_.Count(EffectKind::kExport); }
  int starts() const { return static_cast<int>(scene_.world.processes().size()); }
  // Called when the world is repaired, after the fourth start of an iteration.
  void OnHeal(std::function<void()> heal) { heal_ = std::move(heal); }

 private:
  std::string Iterate(const char* which) {
    constexpr int kMostStarts = 8;
    constexpr int kHealedAt = 4;
    std::string all;
    for (int start = 0; start < kMostStarts; ++start) {
      if (start == kHealedAt && heal_) heal_();
      Process& process = scene_.Run();
      if (process.life() == Life::kRunning) return fmt::format("the {} iteration hangs", which);
      if (Done(process)) return "";
      all += "\n    " + Describe(process);
    }
    return fmt::format("the {} iteration isn't done after {} starts:{}", which, kMostStarts, all);
  }

  Scene scene_;
  int calls_ = 0;
  std::function<void()> heal_;
};

int CallsWithoutFaults() {
  Scenario scenario(1);
  const std::string wrong = scenario.Play();
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(scenario.blocks(), 12);
  EXPECT_EQ(scenario.starts(), 3);
  return scenario.calls();
}

struct Plan {
  Phase phase = Phase::kNotSent;
  Mode mode = Mode::kTransient;
  int at = 0;
  int then = -1;  // calls after the first fault until the second; -1: none
  Phase then_phase = Phase::kNotSent;
  Mode then_mode = Mode::kTransient;
};

struct Played {
  std::string wrong;
  bool fired = false, then_fired = false;
  int starts = 0;
};

Played Play(const Plan& plan) {
  Scenario scenario(1);
  OneFault first(scenario.scene().world, plan.at, plan.phase, plan.mode);
  OneFault second(scenario.scene().world, plan.at + plan.then, plan.then_phase, plan.then_mode);
  scenario.scene().weather = [&](const Call& call) {
    Fault fault = first(call);
    if (fault == Fault::kNone && plan.then >= 0) fault = second(call);
    // An export whose answer is lost is sent again.
    if (fault != Fault::kNone && call.text.starts_with(".export ")) {
      ++scenario.scene().allowed_repeats;
    }
    return fault;
  };
  scenario.OnHeal([&] {
    first.Heal();
    second.Heal();
  });
  Played played;
  played.wrong = scenario.Play();
  played.fired = first.fired();
  played.then_fired = plan.then >= 0 && second.fired();
  played.starts = scenario.starts();
  if (!played.wrong.empty()) {
    std::string text = fmt::format("call {} ({}): {}, {}", plan.at, first.where(), Name(plan.phase),
                                   Name(plan.mode));
    if (plan.then >= 0) {
      text += fmt::format("; then call {} ({}): {}, {}", plan.at + plan.then, second.where(),
                          Name(plan.then_phase), Name(plan.then_mode));
    }
    played.wrong = text + ": " + played.wrong;
  }
  return played;
}

constexpr Phase kPhases[] = {Phase::kNotSent, Phase::kNotActed, Phase::kAnswerLost,
                             Phase::kAnswered};
constexpr Mode kModes[] = {Mode::kTransient, Mode::kPersistent, Mode::kCrash};

std::string Joined(const std::vector<std::string>& failures) {
  std::string text;
  for (const auto& failure : failures) text += failure + "\n";
  return text;
}

TEST(EveryIo, FailsOnceInEachPhase) {
  const int calls = CallsWithoutFaults();
  EXPECT_GE(calls, 150);
  std::atomic<int> fired{0};
  std::atomic<int> restarts{0};
  const int kinds = static_cast<int>(std::size(kPhases) * std::size(kModes));
  // The unit tests take every so manieth request, ctest sim.every_io all of them.
  const auto stride = static_cast<int>(Setting("KC_SIM_STRIDE", 37));
  const int steps = (calls + stride - 1) / stride;
  const auto failures = RunMany(steps * kinds, [&](int i) {
    Plan plan;
    plan.at = i / kinds * stride;
    plan.phase = kPhases[i % 4];
    plan.mode = kModes[i % kinds / 4];
    const Played played = Play(plan);
    fired += played.fired;
    restarts += played.starts - 3;
    return played.wrong;
  });
  EXPECT_TRUE(failures.empty()) << Joined(failures);
  std::printf("every request fails: %d of %d requests, %d faults, %d restarts\n", steps, calls,
              fired.load(), restarts.load());
  EXPECT_EQ(fired, steps * kinds);
}

// The second fault comes while the first one is being dealt with: 1 … 120 calls later.
TEST(EveryIo, FailsAgainWhileTheCopyRecovers) {
  const int calls = CallsWithoutFaults();
  const auto pairs = static_cast<int>(Setting("KC_SIM_PAIRS", 50));
  std::atomic<int> fired{0};
  const auto failures = RunMany(pairs, [&](int i) {
    SeededRandom random(static_cast<uint64_t>(i) + 77);
    Plan plan;
    plan.at = static_cast<int>(random.Below(static_cast<uint64_t>(calls)));
    plan.phase = kPhases[random.Below(4)];
    plan.mode = kModes[random.Below(3)];
    plan.then = 1 + static_cast<int>(random.Below(120));
    plan.then_phase = kPhases[random.Below(4)];
    plan.then_mode = kModes[random.Below(3)];
    const Played played = Play(plan);
    fired += played.fired && played.then_fired;
    return played.wrong;
  });
  EXPECT_TRUE(failures.empty()) << Joined(failures);
  std::printf("two faults: %d pairs, %d of which both happened\n", pairs, fired.load());
}

}  // namespace
}  // namespace kc::sim
