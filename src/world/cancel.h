// A request to stop, given once and seen by any number of waiters. Safe from any thread; Cancel()
// may not be called from a signal handler (see Processes::OnTermination).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

namespace kc::world {

class CancelToken {
 public:
  CancelToken() = default;
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void Cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  // Calls `callback` once when Cancel() is called, at once if it was already; the callback must be
  // short and must not touch the token. Returns a number for Unsubscribe, which waits for a
  // callback that is running.
  int Subscribe(std::function<void()> callback);
  void Unsubscribe(int subscription);

 private:
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  int next_ = 1;
  std::map<int, std::function<void()>> callbacks_;
};

}  // namespace kc::world
