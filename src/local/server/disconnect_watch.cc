#include "local/server/disconnect_watch.h"

#include <chrono>
#include <utility>

namespace kc::local {
namespace {
// Often enough that nobody waits for a query of a client that is gone; seldom enough to cost
// nothing.
constexpr auto kInterval = std::chrono::milliseconds(250);
}  // namespace

DisconnectWatch::DisconnectWatch(world::Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

DisconnectWatch::~DisconnectWatch() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

DisconnectWatch::Watched::Watched(DisconnectWatch& owner, http::ResponseWriter& writer,
                                  std::shared_ptr<world::CancelToken> cancel)
    : owner_(owner), writer_(writer), cancel_(std::move(cancel)) {
  std::lock_guard lock(owner_.mutex_);
  owner_.watched_.emplace(this, false);
}

DisconnectWatch::Watched::~Watched() {
  std::lock_guard lock(owner_.mutex_);
  owner_.watched_.erase(this);
}

void DisconnectWatch::Watched::SetDeadline(world::Duration at) {
  std::lock_guard lock(owner_.mutex_);
  deadline_ = at;
}

void DisconnectWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, kInterval);
    const world::Duration now = clock_.Monotonic();
    for (auto& [watched, gone] : watched_) {
      if (watched->deadline_ && now >= *watched->deadline_ && !watched->late_) {
        watched->late_ = true;
        watched->cancel_->Cancel();
      }
      // A request that writes at this moment finds out by itself.
      std::unique_lock writing(watched->mutex_, std::try_to_lock);
      if (gone || !writing || !watched->writer_.ClientGone()) continue;
      gone = true;
      watched->cancel_->Cancel();
    }
  }
}

}  // namespace kc::local
