// The event loop's door to the outside: I/O runs elsewhere, its outcome comes back on the one
// thread that runs the loop. The real executor is a small pool of threads; the simulation runs the
// same closures in virtual time, one after the other, in an order drawn from its seed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  // Calls `done` on the loop's thread after the time. Loop's thread only.
  virtual void After(Duration delay, Completion done) = 0;
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

// co_await Pause(executor, duration).
class [[nodiscard]] Pause {
 public:
  Pause(Executor& executor, Duration delay) : executor_(executor), delay_(delay) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    executor_.After(delay_, [handle] { handle.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  Executor& executor_;
  Duration delay_;
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
