#include "virtual_executor.h"

namespace kc::sim {
namespace {
using std::chrono::microseconds;
}  // namespace

void VirtualExecutor::Submit(std::string name, std::function<void()> work, Completion done) {
  // 0.5 to 20 ms: answers come in another order than requests went out.
  const auto delay = microseconds(500 + static_cast<int64_t>(random_() % 19'500));
  entries_.emplace(clock_.Monotonic() + delay,
                   Entry{std::move(name), std::move(work), std::move(done), 0, number_++});
}

uint64_t VirtualExecutor::After(world::Duration delay, Completion done) {
  const uint64_t id = ++next_timer_;
  entries_.emplace(clock_.Monotonic() + delay, Entry{"timer", nullptr, std::move(done), id, 0});
  return id;
}

void VirtualExecutor::Hurry(uint64_t timer) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.timer != timer) continue;
    Entry entry = std::move(it->second);
    entries_.erase(it);
    entries_.emplace(clock_.Monotonic(), std::move(entry));
    return;
  }
}

void VirtualExecutor::Post(Completion done) {
  entries_.emplace(clock_.Monotonic(), Entry{"post", nullptr, std::move(done), 0, 0});
}

bool VirtualExecutor::RunOne() {
  if (entries_.empty() || crashed_ || paused_) return false;
  auto first = entries_.begin();
  clock_.Set(first->first);
  Entry entry = std::move(first->second);
  entries_.erase(first);
  if (entry.work) {
    const Fate drawn = fate ? fate(entry.number, entry.name) : Fate::kRun;
    if (drawn == Fate::kCrashBefore) {
      crashed_ = true;
      return false;
    }
    if (drawn == Fate::kPause) {
      paused_ = true;
      entries_.emplace(clock_.Monotonic(), std::move(entry));
      return false;
    }
    entry.work();
    if (drawn == Fate::kCrashAfter) {
      crashed_ = true;
      return false;
    }
  }
  entry.done();
  return true;
}

}  // namespace kc::sim
