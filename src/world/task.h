// Coroutines for a single-threaded event loop (world/executor.h): a Task is work that waits for I/O
// without holding a thread. All members are for the loop's thread only; nothing here locks.
//
// Rules that keep g++ 12 and lifetimes safe: coroutines are functions or members, never lambdas
// with captures; parameters are taken by value or refer to what outlives the task; an awaited
// object has a name (the macros below see to it).
#pragma once

#include <coroutine>
#include <cstdlib>
#include <deque>
#include <optional>
#include <utility>

#include "base/error.h"

namespace kc::world {

template <typename T>
class Task;

namespace internal {

struct TaskPromiseBase {
  std::coroutine_handle<> continuation;
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
      auto next = handle.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  // Errors are values here; an exception means a defect.
  [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void Take() {}
};

}  // namespace internal

// Starts when it is awaited (or given to TaskGroup::Start); awaited at most once.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle_.promise().continuation = waiter;
    return handle_;
  }
  T await_resume() { return handle_.promise().Take(); }

 private:
  Handle handle_;
};

namespace internal {
template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

// A coroutine that owns itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
  };
};
}  // namespace internal

// Waiters that Notify() lets go on, one after the other, in the order they came.
class WaitList {
 public:
  struct Awaiter {
    WaitList* list;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { list->waiters_.push_back(handle); }
    void await_resume() const noexcept {}
  };
  Awaiter Wait() { return Awaiter{this}; }
  // Each of those that wait now goes on once; they may wait again at once.
  void NotifyAll() {
    std::deque<std::coroutine_handle<>> now;
    now.swap(waiters_);
    for (auto handle : now) handle.resume();
  }
  bool empty() const { return waiters_.empty(); }

 private:
  std::deque<std::coroutine_handle<>> waiters_;
};

// A number of slots, given in the order they are asked for.
class Slots {
 public:
  explicit Slots(int count) : free_(count), total_(count) {}
  struct Awaiter {
    Slots* slots;
    bool await_ready() noexcept {
      if (slots->free_ <= 0 || !slots->waiters_.empty()) return false;
      --slots->free_;
      return true;
    }
    void await_suspend(std::coroutine_handle<> handle) { slots->waiters_.push_back(handle); }
    void await_resume() const noexcept {}
  };
  // One slot; give it back with Release(). See SlotLease for the safe form.
  Awaiter Acquire() { return Awaiter{this}; }
  void Release() {
    if (waiters_.empty()) {
      ++free_;
      return;
    }
    auto next = waiters_.front();
    waiters_.pop_front();
    next.resume();  // the slot goes straight to it
  }
  int in_use() const { return total_ - free_; }
  int total() const { return total_; }
  size_t waiting() const { return waiters_.size(); }

 private:
  int free_;
  int total_;
  std::deque<std::coroutine_handle<>> waiters_;
};

// Gives an acquired slot back at the end of its scope.
class SlotLease {
 public:
  explicit SlotLease(Slots* slots) : slots_(slots) {}
  SlotLease(const SlotLease&) = delete;
  SlotLease& operator=(const SlotLease&) = delete;
  ~SlotLease() { Reset(); }
  void Reset() {
    if (auto* slots = std::exchange(slots_, nullptr)) slots->Release();
  }

 private:
  Slots* slots_;
};

// Tasks that run side by side; the group must outlive them: await Join() before it goes.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { KC_ASSERT(running_ == 0); }

  void Start(Task<void> task) {
    ++running_;
    Run(this, std::move(task));
  }
  int running() const { return running_; }
  Task<void> Join() {
    while (running_ > 0) {
      auto wait = done_.Wait();
      co_await wait;
    }
  }
  // Goes on when one more task has ended (or none runs).
  Task<void> JoinOne() {
    if (running_ > 0) {
      auto wait = done_.Wait();
      co_await wait;
    }
  }

 private:
  static internal::Detached Run(TaskGroup* group, Task<void> task) {
    co_await task;
    --group->running_;
    group->done_.NotifyAll();
  }
  int running_ = 0;
  WaitList done_;
};

}  // namespace kc::world

// KC_TRY and KC_ASSIGN for coroutines that return Task<Result<…>> or Task<Status>.
#define KC_CO_TRY(expression)                                           \
  do {                                                                  \
    auto kc_task = (expression);                                        \
    auto kc_status = co_await kc_task;                                  \
    if (!kc_status) co_return ::kc::Fail(std::move(kc_status).error()); \
  } while (false)

#define KC_CO_ASSIGN(declaration, expression)                                                     \
  KC_CO_ASSIGN_INNER(KC_CONCAT(kc_task_, __LINE__), KC_CONCAT(kc_result_, __LINE__), declaration, \
                     expression)
#define KC_CO_ASSIGN_INNER(task, result, declaration, expression) \
  auto task = (expression);                                       \
  auto result = co_await task;                                    \
  if (!result) co_return ::kc::Fail(std::move(result).error());   \
  declaration = std::move(result).value()
// The same for plain Results inside a coroutine.
#define KC_CO_CHECK(expression)                                         \
  do {                                                                  \
    auto kc_status = (expression);                                      \
    if (!kc_status) co_return ::kc::Fail(std::move(kc_status).error()); \
  } while (false)
#define KC_CO_TAKE(declaration, expression) \
  KC_CO_TAKE_INNER(KC_CONCAT(kc_result_, __LINE__), declaration, expression)
#define KC_CO_TAKE_INNER(result, declaration, expression)       \
  auto result = (expression);                                   \
  if (!result) co_return ::kc::Fail(std::move(result).error()); \
  declaration = std::move(result).value()
