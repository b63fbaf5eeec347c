// Random worlds: KC_SIM_SEEDS of them from KC_SIM_FIRST on (ctest sim.seeds: 10,000; make chaos:
// 1,000,000); KC_SIM_SEED replays one with a log.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "parallel.h"
#include "seed_run.h"

namespace kc::sim {
namespace {

TEST(Seeds, LoseDoubleAndLeaveNothing) {
  const int64_t one = Setting("KC_SIM_SEED", -1);
  if (one >= 0) {
    const SeedOutcome outcome = RunSeed(static_cast<uint64_t>(one), true);
    EXPECT_EQ(outcome.wrong, "");
    return;
  }
  const int64_t first = Setting("KC_SIM_FIRST", 1);
  const auto count = static_cast<int>(Setting("KC_SIM_SEEDS", 100));
  std::atomic<int64_t> calls{0}, faults{0}, kills{0}, pauses{0}, takeovers{0}, starts{0}, blocks{0};
  std::atomic<int64_t> worst{0};  // thousandths of the fault-free time
  std::atomic<int64_t> beyond{0};
  const auto failures = RunMany(count, [&](int i) -> std::string {
    const auto seed = static_cast<uint64_t>(first + i);
    const SeedOutcome outcome = RunSeed(seed);
    calls += outcome.calls;
    faults += outcome.faults;
    kills += outcome.kills;
    pauses += outcome.pauses;
    takeovers += outcome.takeovers;
    starts += outcome.starts;
    blocks += outcome.blocks;
    const int64_t ratio =
        outcome.healed.count() / std::max<int64_t>(1, outcome.free.count() / 1000);
    for (int64_t seen = worst; ratio > seen && !worst.compare_exchange_weak(seen, ratio);) {
    }
    beyond += outcome.healed > kHealFactor * outcome.free;
    if (outcome.wrong.empty()) return "";
    return fmt::format("seed {}: {}\n  again, with a log: make chaos SEED={}\n", seed,
                       outcome.wrong, seed);
  });
  std::string text;
  for (const auto& failure : failures) text += failure;
  EXPECT_TRUE(failures.empty()) << text;
  std::printf(
      "%d seeds: %ld calls, %ld faults, %ld kills, %ld pauses (%ld taken over), %ld starts, %ld "
      "exports; after healing %ld took more than %d times the fault-free time, at most %.2f "
      "times\n",
      count, calls.load(), faults.load(), kills.load(), pauses.load(), takeovers.load(),
      starts.load(), blocks.load(), beyond.load(), kHealFactor,
      static_cast<double>(worst.load()) / 1000);
}

}  // namespace
}  // namespace kc::sim
