// Whole copies in the simulated world, without faults.
#include <gtest/gtest.h>

#include "base/log.h"
#include "world.h"

namespace kc::sim {
namespace {

using std::chrono::hours;

class CopySim : public testing::Test {
 protected:
  CopySim() {
    SetLogLevel(LogLevel::kOff);
    for (const char* name : {"A", "B", "C"}) world_.AddTable(SimpleShape(name));
    for (int i = 0; i < 5; ++i) world_.AddRows("A", 8, hours(24 - i), hours(24 * 30 * (i + 1)));
    world_.AddRows("B", 25, hours(24), hours(24));  // one instant, three blocks
    world_.AddRows("C", 3, hours(24), hours(24));
  }
  Process& Copy() { return world_.RunCopy(world_.Defaults()); }
  World world_{1};
};

TEST_F(CopySim, CopiesOnce) {
  Process& process = Copy();
  ASSERT_TRUE(Done(process)) << Describe(process);
  EXPECT_EQ(world_.Difference(), "");
  EXPECT_EQ(world_.LeftBehind(), "");
  EXPECT_EQ(process.outcomes()->front().rows, 68);
  std::printf("one copy of 3 tables: %d calls, %.1f s of virtual time\n", world_.calls(),
              static_cast<double>((process.ended_at() - process.began()).count()) * 1e-9);
}

TEST_F(CopySim, ASecondRunCopiesOnlyWhatIsNew) {
  ASSERT_TRUE(Done(Copy()));
  const int moves = world_.destination.moves;
  ASSERT_TRUE(Done(Copy()));
  EXPECT_EQ(world_.destination.moves, moves);
  world_.AddRows("A", 5);
  Process& third = Copy();
  ASSERT_TRUE(Done(third)) << Describe(third);
  EXPECT_EQ(world_.destination.moves, moves + 1);
  EXPECT_EQ(third.outcomes()->front().rows, 5);
  EXPECT_EQ(world_.Difference(), "");
}

TEST_F(CopySim, AnotherCopyIsRefused) {
  ASSERT_TRUE(Done(Copy()));
  world_.objects.objects.clear();  // the checkpoint is lost
  Process& process = Copy();
  ASSERT_EQ(process.life(), Life::kEnded);
  ASSERT_FALSE(process.outcomes()->front().status.has_value());
  EXPECT_EQ(process.outcomes()->front().status.error().reason, "OwnedByOther");
}

TEST_F(CopySim, AKilledProcessHasNoEffectWhenItIsUnwound) {
  for (const int at : {0, 5, 30, 60, 100, 150}) {
    World world(2);
    world.AddTable(SimpleShape("A"));
    world.AddRows("A", 30, hours(1), hours(1));
    world.faults = [at](const Call& call) {
      return call.number == at ? Fault::kKillBeforeAnswer : Fault::kNone;
    };
    Process& first = world.RunCopy(world.Defaults());
    ASSERT_EQ(first.life(), Life::kKilled);
    world.faults = nullptr;
    Process& second = world.RunCopy(world.Defaults());
    ASSERT_TRUE(Done(second)) << Describe(second);
    EXPECT_EQ(world.Difference(), "");
    EXPECT_EQ(world.LeftBehind(), "");
  }
}

}  // namespace
}  // namespace kc::sim
