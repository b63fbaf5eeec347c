// Virtual time: what will happen, in order. Nothing here waits; the time is that of the event that
// runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "world/clock.h"
#include "world/random.h"

namespace kc::sim {

class SeededRandom : public world::Random {
 public:
  // Mixed, so that neighbours have nothing in common.
  explicit SeededRandom(uint64_t seed) : state_(Mix(seed + 1)) {}
  uint64_t Next() override { return Mix(state_ += 0x9E3779B97F4A7C15u); }  // splitmix64
  // True with the probability.
  bool Chance(double probability) { return Unit() < probability; }
  world::Duration Between(world::Duration least, world::Duration most) {
    return least + world::Duration(
                       static_cast<int64_t>(Unit() * static_cast<double>((most - least).count())));
  }

 private:
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

class Process;

// Wall clock of the whole world, without any process's skew.
inline constexpr int64_t kEpochTicks = 639'000'000'000'000'000;  // in 2025

class Timeline {
 public:
  struct Event {
    world::Duration when{};
    uint64_t order = 0;
    Process* owner = nullptr;  // null: of the world, runs always
    bool in_flight = false;    // of a process, but happens though it is paused or dead
    bool cancelled = false;
    std::function<void()> run;
  };
  using Handle = std::shared_ptr<Event>;

  Timeline();
  world::Duration now() const { return now_; }
  int64_t NowTicks() const { return kEpochTicks + now_.count() / 100; }
  Handle At(world::Duration when, std::function<void()> run, Process* owner = nullptr,
            bool in_flight = false);
  Handle After(world::Duration delay, std::function<void()> run, Process* owner = nullptr,
               bool in_flight = false) {
    return At(now_ + delay, std::move(run), owner, in_flight);
  }
  // The earliest event; false when there is none.
  bool RunOne();
  // When the next event is due; now() if there is none.
  world::Duration next();
  bool empty() {
    (void)next();
    return heap_.empty();
  }
  // Moves the time on though nothing happens.
  void Skip(world::Duration to) {
    if (to > now_) now_ = to;
  }
  // Takes a process's events out.
  std::vector<Handle> Extract(const Process* owner);
  uint64_t events() const { return events_; }

 private:
  world::Duration now_ = std::chrono::hours(1);
  std::vector<Handle> heap_;
  uint64_t order_ = 0;
  uint64_t events_ = 0;
};

// The clock of a server: nobody sleeps with it.
class ServerClock final : public world::Clock {
 public:
  explicit ServerClock(const Timeline& timeline) : timeline_(timeline) {}
  int64_t NowTicks() const override { return timeline_.NowTicks(); }
  world::Duration Monotonic() const override { return timeline_.now(); }
  bool Sleep(world::Duration, world::CancelToken*) override { return false; }

 private:
  const Timeline& timeline_;
};

}  // namespace kc::sim
