// Notices that clients have gone while their requests are still computed, and cancels those.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "http/server.h"
#include "world/cancel.h"

namespace kc::local {

// Safe from any thread; ends its thread when destroyed.
class DisconnectWatch {
 public:
  DisconnectWatch();
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

   private:
    friend class DisconnectWatch;
    DisconnectWatch& owner_;
    http::ResponseWriter& writer_;
    std::shared_ptr<world::CancelToken> cancel_;
    std::mutex mutex_;
  };

 private:
  void Run();

  std::mutex mutex_;  // guards all below; taken before a Watched's own
  std::condition_variable wake_;
  bool ending_ = false;
  std::map<Watched*, bool> watched_;
  std::thread thread_;
};

}  // namespace kc::local
