#include "world/executor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace kc::world {
namespace {

class SteadyClock : public Clock {
 public:
  int64_t NowTicks() const override { return 0; }
  Duration Monotonic() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  bool Sleep(Duration, CancelToken*) override { return true; }
};

Task<Result<int>> Half(Executor& executor, int number) {
  Io<int> io(executor, "half", [number] { return number / 2; });
  const int half = co_await io;
  if (half * 2 != number) co_return Stop("odd");
  co_return half;
}

Task<Result<int>> Quarter(Executor& executor, int number) {
  KC_CO_ASSIGN(const int half, Half(executor, number));
  KC_CO_ASSIGN(const int quarter, Half(executor, half));
  co_return quarter;
}

TEST(Executor, ReturnsValuesAndErrorsThroughTasks) {
  SteadyClock clock;
  auto executor = MakeThreadExecutor(clock, 4);
  EXPECT_EQ(RunLoop(*executor, Quarter(*executor, 12)).value(), 3);
  EXPECT_EQ(RunLoop(*executor, Quarter(*executor, 6)).error().message, "odd");
}

Task<void> Count(Executor& executor, Slots& slots, int& running, int& most) {
  auto acquire = slots.Acquire();
  co_await acquire;
  SlotLease lease(&slots);
  most = std::max(most, ++running);
  Io<int> io(executor, "sleep", [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return 0;
  });
  co_await io;
  --running;
}

Task<Result<int>> RunTwenty(Executor& executor) {
  Slots slots(3);
  int running = 0;
  int most = 0;
  TaskGroup group;
  for (int i = 0; i < 20; ++i) group.Start(Count(executor, slots, running, most));
  auto join = group.Join();
  co_await join;
  EXPECT_EQ(slots.in_use(), 0);
  co_return most;
}

TEST(Executor, SlotsBoundWhatRunsSideBySide) {
  SteadyClock clock;
  auto executor = MakeThreadExecutor(clock, 8);
  EXPECT_EQ(RunLoop(*executor, RunTwenty(*executor)).value(), 3);
}

Task<Result<int>> Timers(Executor& executor) {
  Sleeper sleeper(executor);
  auto wait = sleeper.Wait(std::chrono::milliseconds(5));
  co_await wait;
  co_return 1;
}

Task<void> SleepLong(Sleeper& sleeper) {
  auto wait = sleeper.Wait(std::chrono::hours(1));
  co_await wait;
}

Task<Result<int>> StopsSleepers(Executor& executor) {
  Sleeper sleeper(executor);
  TaskGroup group;
  group.Start(SleepLong(sleeper));
  group.Start(SleepLong(sleeper));
  std::thread other([&] { executor.Post([&] { sleeper.Stop(); }); });
  other.join();
  auto join = group.Join();
  co_await join;
  auto again = SleepLong(sleeper);
  co_await again;
  co_return 2;
}

TEST(Executor, StopEndsPausesAtOnce) {
  SteadyClock clock;
  auto executor = MakeThreadExecutor(clock, 1);
  EXPECT_EQ(RunLoop(*executor, StopsSleepers(*executor)).value(), 2);
}

TEST(Executor, PausesAtLeastTheTime) {
  SteadyClock clock;
  auto executor = MakeThreadExecutor(clock, 1);
  const Duration start = clock.Monotonic();
  EXPECT_EQ(RunLoop(*executor, Timers(*executor)).value(), 1);
  EXPECT_GE(clock.Monotonic() - start, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace kc::world
