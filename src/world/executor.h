// The event loop's door to the outside: I/O runs elsewhere, its outcome comes back on the one
// thread that runs the loop. The real executor is a small pool of threads; the simulation runs the
// same closures in virtual time, one after the other, in an order drawn from its seed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include "world/clock.h"
#include "world/task.h"

namespace kc::world {

class Executor {
 public:
  using Completion = std::function<void()>;
  virtual ~Executor() = default;
  // Runs `work` (one blocking request, no more) on some other thread; afterwards `done` on the
  // loop's thread. What `work` wrote is visible to `done`. `name` says what the request is
  // ("export", "journal.append"): for logs and for the simulation's choice of faults. Loop's thread
  // only.
  virtual void Submit(std::string name, std::function<void()> work, Completion done) = 0;
  // Calls `done` on the loop's thread after the time. Returns a number for Hurry. Loop's thread
  // only.
  virtual uint64_t After(Duration delay, Completion done) = 0;
  // Lets a timer end at once (on the next RunOne), if it hasn't yet. Loop's thread only.
  virtual void Hurry(uint64_t timer) = 0;
  // Calls `done` on the loop's thread soon. Any thread, signal handlers excepted.
  virtual void Post(Completion done) = 0;
  // Waits until something is done and runs its completion; false when nothing is under way.
  virtual bool RunOne() = 0;
};

// A pool of `threads`. Destroy it only when RunOne() has returned false.
std::unique_ptr<Executor> MakeThreadExecutor(Clock& clock, int threads);

// co_await Io<T>(executor, "name", work): the value of work(), run elsewhere.
template <typename T>
class [[nodiscard]] Io {
 public:
  Io(Executor& executor, std::string name, std::function<T()> work)
      : executor_(executor), name_(std::move(name)), work_(std::move(work)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    executor_.Submit(
        std::move(name_), [this] { result_.emplace(work_()); }, [handle] { handle.resume(); });
  }
  T await_resume() { return std::move(*result_); }

 private:
  Executor& executor_;
  std::string name_;
  std::function<T()> work_;
  std::optional<T> result_;
};

// Pauses that all end when Stop() is called: later ones don't wait at all. Must outlive its
// waiters.
class Sleeper {
 public:
  explicit Sleeper(Executor& executor) : executor_(executor) {}
  struct Awaiter {
    Sleeper* sleeper;
    Duration delay;
    bool await_ready() const noexcept { return sleeper->stopped_; }
    void await_suspend(std::coroutine_handle<> handle) {
      auto id = std::make_shared<uint64_t>(0);
      Sleeper* const owner = sleeper;
      *id = owner->executor_.After(delay, [owner, id, handle] {
        owner->timers_.erase(*id);
        handle.resume();
      });
      owner->timers_.insert(*id);
    }
    void await_resume() const noexcept {}
  };
  Awaiter Wait(Duration delay) { return Awaiter{this, delay}; }
  void Stop() {
    stopped_ = true;
    for (const uint64_t timer : timers_) executor_.Hurry(timer);
  }
  bool stopped() const { return stopped_; }

 private:
  Executor& executor_;
  std::set<uint64_t> timers_;
  bool stopped_ = false;
};

// Runs the loop until the task has ended and nothing is under way.
template <typename T>
T RunLoop(Executor& executor, Task<T> task) {
  struct Runner {
    static internal::Detached Run(Task<T> inner, std::optional<T>* out) {
      out->emplace(co_await inner);
    }
  };
  std::optional<T> result;
  Runner::Run(std::move(task), &result);
  while (executor.RunOne()) {
  }
  KC_ASSERT(result.has_value());  // else a task waits for something that nobody does
  return std::move(*result);
}

}  // namespace kc::world
