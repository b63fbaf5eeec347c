#include "world/cancel.h"

namespace kc::world {

void CancelToken::Cancel() {
  std::lock_guard lock(mutex_);
  if (cancelled_.exchange(true)) return;
  for (auto& [id, callback] : callbacks_) callback();
}

int CancelToken::Subscribe(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  if (cancelled_) {
    callback();
    return 0;
  }
  callbacks_[next_] = std::move(callback);
  return next_++;
}

void CancelToken::Unsubscribe(int subscription) {
  std::lock_guard lock(mutex_);
  callbacks_.erase(subscription);
}

}  // namespace kc::world
