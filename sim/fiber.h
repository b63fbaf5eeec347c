// Stackful coroutines: the simulation's stand-in for the threads that block on requests. Code that
// waits inside (a request, a pause) suspends its fiber and the virtual time goes on.
#pragma once

#include <functional>

namespace kc::sim {

class Fiber {
 public:
  // `body` runs at the first Resume().
  static Fiber* Start(std::function<void()> body);
  // Runs the fiber until it suspends (false) or ends (true); from outside of fibers only. An ended
  // fiber is reused: forget it.
  bool Resume();
  // Inside a fiber: back to whoever resumed it.
  static void Suspend();
  // The fiber that runs now, null outside.
  static Fiber* Current();

 private:
  friend struct FiberImpl;
  Fiber() = default;
};

}  // namespace kc::sim
