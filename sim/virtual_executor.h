// An executor without threads or real time: runs one closure at a time, in an order drawn from a
// seed, and moves its clock instead of waiting.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "world/executor.h"
#include "world/random.h"

namespace kc::sim {

class VirtualClock : public world::Clock {
 public:
  int64_t NowTicks() const override {
    constexpr int64_t kStart = 639'000'000'000'000'000;  // in 2025
    return kStart + now_.count() / 100;
  }
  world::Duration Monotonic() const override { return now_; }
  bool Sleep(world::Duration duration, world::CancelToken* cancel) override {
    now_ += duration;
    return cancel == nullptr || !cancel->cancelled();
  }
  void Set(world::Duration now) {
    if (now > now_) now_ = now;
  }

 private:
  world::Duration now_ = std::chrono::hours(1);
};

class SeededRandom : public world::Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// What happens to one closure; drawn before it runs.
enum class Fate {
  kRun,
  kCrashBefore,  // the process dies before the request is sent
  kCrashAfter,   // the other side acted, the process dies before it knows
  kPause,        // the process stops for a while, the request goes out when it continues
};

class VirtualExecutor : public world::Executor {
 public:
  VirtualExecutor(VirtualClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}
  // Asked for every closure with its number (from 0) and name.
  std::function<Fate(int number, const std::string& name)> fate;

  void Submit(std::string name, std::function<void()> work, Completion done) override;
  uint64_t After(world::Duration delay, Completion done) override;
  void Hurry(uint64_t timer) override;
  void Post(Completion done) override;
  // False also when the process has crashed.
  bool RunOne() override;
  bool crashed() const { return crashed_; }
  bool paused() const { return paused_; }
  void Continue() {
    paused_ = false;
    fate = nullptr;
  }
  int submitted() const { return number_; }

 private:
  struct Entry {
    std::string name;
    std::function<void()> work;  // empty for timers
    Completion done;
    uint64_t timer = 0;
    int number = 0;
  };
  VirtualClock& clock_;
  std::mt19937_64 random_;
  std::multimap<world::Duration, Entry> entries_;
  uint64_t next_timer_ = 0;
  int number_ = 0;
  bool crashed_ = false;
  bool paused_ = false;
};

}  // namespace kc::sim
