#include "fiber.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace kc::sim {
namespace {

TEST(Fiber, GoesOnWhereItSuspended) {
  std::string seen;
  Fiber* const fiber = Fiber::Start([&] {
    EXPECT_NE(Fiber::Current(), nullptr);
    seen += "a";
    Fiber::Suspend();
    seen += "c";
  });
  EXPECT_EQ(seen, "");
  EXPECT_FALSE(fiber->Resume());
  EXPECT_EQ(Fiber::Current(), nullptr);
  seen += "b";
  EXPECT_TRUE(fiber->Resume());
  EXPECT_EQ(seen, "abc");
}

TEST(Fiber, AnEndedOneIsReused) {
  Fiber* const first = Fiber::Start([] {});
  EXPECT_TRUE(first->Resume());
  bool ran = false;
  Fiber* const second = Fiber::Start([&] { ran = true; });
  EXPECT_EQ(second, first);
  EXPECT_TRUE(second->Resume());
  EXPECT_TRUE(ran);
}

#if defined(__SANITIZE_THREAD__)
// The proof that ThreadSanitizer looks into fibers: a count without a lock, from fibers of two
// threads that run at once.
[[noreturn]] void RaceInFibers() {
  int count = 0;
  const auto run = [&count] {
    for (int i = 0; i < 200; ++i) {
      Fiber* const fiber = Fiber::Start([&count] {
        Fiber::Suspend();
        ++count;
      });
      fiber->Resume();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      fiber->Resume();
    }
  };
  std::thread one(run);
  std::thread other(run);
  one.join();
  other.join();
  std::exit(0);  // the sanitizer ends it otherwise if it saw the race
}

TEST(FiberDeathTest, ARaceOfTwoThreadsInFibersIsSeen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr int kExitCodeOfTheSanitizer = 66;
  EXPECT_EXIT(RaceInFibers(), testing::ExitedWithCode(kExitCodeOfTheSanitizer), "data race");
}
#endif

}  // namespace
}  // namespace kc::sim
