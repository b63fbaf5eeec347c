// Notices that clients have gone, or that a request's time is over, while it is still computed,
// and cancels it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "http/server.h"
#include "world/cancel.h"
#include "world/clock.h"

namespace kc::local {

// Safe from any thread; ends its thread when destroyed.
class DisconnectWatch {
 public:
  explicit DisconnectWatch(world::Clock& clock);
  ~DisconnectWatch();
  DisconnectWatch(const DisconnectWatch&) = delete;
  DisconnectWatch& operator=(const DisconnectWatch&) = delete;

  // While it lives the writer's connection is looked at now and then, holding `mutex`: whoever
  // writes holds it too.
  class Watched {
   public:
    Watched(DisconnectWatch& owner, http::ResponseWriter& writer,
            std::shared_ptr<world::CancelToken> cancel);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    std::mutex& mutex() { return mutex_; }
    // The request is cancelled when the clock's Monotonic() passes this, to a quarter of a second.
    void SetDeadline(world::Duration at);
    bool late() const { return late_; }

   private:
    friend class DisconnectWatch;
    DisconnectWatch& owner_;
    http::ResponseWriter& writer_;
    std::shared_ptr<world::CancelToken> cancel_;
    std::mutex mutex_;
    std::optional<world::Duration> deadline_;  // guarded by the owner's mutex
    std::atomic<bool> late_ = false;
  };

 private:
  void Run();

  world::Clock& clock_;
  std::mutex mutex_;  // guards all below; taken before a Watched's own
  std::condition_variable wake_;
  bool ending_ = false;
  std::map<Watched*, bool> watched_;
  std::thread thread_;
};

}  // namespace kc::local
