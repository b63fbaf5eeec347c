// Time. Real code gets SystemClock(); the simulation gives a clock of its own. All members are safe
// from any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "world/cancel.h"

namespace kc::world {

using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  // UTC wall clock in Kusto ticks (base/ticks.h). May jump: for showing and recording, never for
  // deciding how long something took.
  virtual int64_t NowTicks() const = 0;
  // Time since the machine started, suspended time included (CLOCK_BOOTTIME). Never goes back.
  // Leases and timeouts are measured with it.
  virtual Duration Monotonic() const = 0;
  // Waits; returns early, with false, when the token is cancelled (may be null).
  virtual bool Sleep(Duration duration, CancelToken* cancel) = 0;
};

Clock& SystemClock();

}  // namespace kc::world
