#include "timeline.h"

#include <algorithm>

#include "process.h"

namespace kc::sim {
namespace {

struct Later {
  bool operator()(const Timeline::Handle& a, const Timeline::Handle& b) const {
    return a->when != b->when ? a->when > b->when : a->order > b->order;
  }
};

}  // namespace

Timeline::Timeline() = default;

Timeline::Handle Timeline::At(world::Duration when, std::function<void()> run, Process* owner,
                              bool in_flight) {
  auto event = std::make_shared<Event>();
  event->when = std::max(when, now_);
  event->order = order_++;
  event->owner = owner;
  event->in_flight = in_flight;
  event->run = std::move(run);
  heap_.push_back(event);
  std::push_heap(heap_.begin(), heap_.end(), Later());
  return event;
}

bool Timeline::RunOne() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    Handle event = std::move(heap_.back());
    heap_.pop_back();
    if (event->cancelled) continue;
    now_ = std::max(now_, event->when);
    ++events_;
    if (event->owner != nullptr && !event->owner->Admit(event)) return true;
    auto run = std::move(event->run);
    event->cancelled = true;  // it has happened
    run();
    return true;
  }
  return false;
}

world::Duration Timeline::next() {
  while (!heap_.empty() && heap_.front()->cancelled) {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    heap_.pop_back();
  }
  return heap_.empty() ? now_ : std::max(now_, heap_.front()->when);
}

std::vector<Timeline::Handle> Timeline::Extract(const Process* owner) {
  std::vector<Handle> taken;
  const auto theirs = [owner](const Handle& event) { return event->owner == owner; };
  std::copy_if(heap_.begin(), heap_.end(), std::back_inserter(taken), theirs);
  heap_.erase(std::remove_if(heap_.begin(), heap_.end(), theirs), heap_.end());
  std::make_heap(heap_.begin(), heap_.end(), Later());
  std::sort(taken.begin(), taken.end(),
            [](const Handle& a, const Handle& b) { return Later()(b, a); });
  return taken;
}

}  // namespace kc::sim
