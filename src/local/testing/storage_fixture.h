// For unit tests of src/local: a scratch folder, real files, the system's randomness and a clock
// that only moves when told.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "world/clock.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::local {

class ManualClock final : public world::Clock {
 public:
  int64_t NowTicks() const override { return ticks_; }
  world::Duration Monotonic() const override { return world::Duration((ticks_ - kStart) * 100); }
  bool Sleep(world::Duration, world::CancelToken* cancel) override {
    return cancel == nullptr || !cancel->cancelled();
  }
  void Set(int64_t ticks) { ticks_ = ticks; }
  void Advance(int64_t ticks) { ticks_ += ticks; }

 private:
  static constexpr int64_t kStart = 638'000'000'000'000'000;  // 2022-09-28
  std::atomic<int64_t> ticks_{kStart};
};

class StorageFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    scratch_ =
        (std::filesystem::temp_directory_path() / ("kc-local-" + random().Word(10))).string();
    std::filesystem::create_directories(scratch_);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  const std::string& scratch() const { return scratch_; }
  world::Files& files() { return world::PosixFiles(); }
  world::Random& random() { return world::SystemRandom(); }
  ManualClock& clock() { return clock_; }

 private:
  std::string scratch_;
  ManualClock clock_;
};

}  // namespace kc::local
