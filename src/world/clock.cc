#include "world/clock.h"

#include <time.h>

#include <condition_variable>

#include "base/ticks.h"

namespace kc::world {
namespace {

class PosixClock final : public Clock {
 public:
  int64_t NowTicks() const override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return kUnixEpochTicks + now.tv_sec * kTicksPerSecond + now.tv_nsec / 100;
  }

  Duration Monotonic() const override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

  bool Sleep(Duration duration, CancelToken* cancel) override {
    // Shared with the callback, which may run while this returns.
    struct Waiter {
      std::mutex mutex;
      std::condition_variable woken;
      bool cancelled = false;
    };
    auto waiter = std::make_shared<Waiter>();
    int subscription = 0;
    if (cancel != nullptr) {
      subscription = cancel->Subscribe([waiter] {
        std::lock_guard lock(waiter->mutex);
        waiter->cancelled = true;
        waiter->woken.notify_all();
      });
    }
    bool cancelled = false;
    {
      std::unique_lock lock(waiter->mutex);
      cancelled = waiter->woken.wait_for(lock, duration, [&] { return waiter->cancelled; });
    }
    if (cancel != nullptr) cancel->Unsubscribe(subscription);
    return !cancelled;
  }
};

}  // namespace

Clock& SystemClock() {
  static PosixClock clock;
  return clock;
}

}  // namespace kc::world
