// A clock for tests that stands still until it is told to go. Not for programs.
#pragma once

#include <atomic>

#include "base/ticks.h"
#include "world/clock.h"

namespace kc::azure {

class TestClock final : public world::Clock {
 public:
  int64_t NowTicks() const override {
    constexpr int64_t kStart = 639'000'000'000'000'000;  // in 2025
    return kStart + elapsed_.load() / 100;
  }
  world::Duration Monotonic() const override { return world::Duration(elapsed_.load()); }
  bool Sleep(world::Duration duration, world::CancelToken* cancel) override {
    Advance(duration);
    return cancel == nullptr || !cancel->cancelled();
  }
  void Advance(world::Duration duration) { elapsed_ += duration.count(); }

 private:
  std::atomic<int64_t> elapsed_{0};
};

}  // namespace kc::azure
