// Every step of the storage fails once: by error before and after it took effect, by kill -9 and by
// power failure. What was acknowledged must be there, what was refused must not, and nothing may be
// left behind.
#include <gtest/gtest.h>

#include <map>

#include "base/log.h"
#include "local/testing/storage_world.h"

namespace kc::local {
namespace {

std::vector<Operation> Scenario() {
  return {
      CreateTable("S"),
      CreateTable("D"),
      Ingest("S", {"s1"}),
      Ingest("S", {"s2", "s3"}),
      Maintain,
      Move("S", "D", {{"s1", "d1"}, {"s3", "d3"}}),
      Ingest("S", {"s4"}),
      Retag("D", {"d1", "d1b"}, "ingest-by:x"),
      Remove("S", {"s2"}),
      Maintain,
      SwapNames("S", "D"),
      [](StorageWorld& world) -> Status {
        if (world.cluster == nullptr) return Stop("not started");
        KC_TRY(world.cluster->CreateDatabase("Second"));
        return {};
      },
      Ingest("D", {"d5"}),
      DropTable("S"),
      [](StorageWorld& world) { return world.cluster->DropDatabase("Second"); },
      Maintain,
      Ingest("D", {"d6"}),
  };
}

// The fault-free run: what is to be seen after each operation (the first: before all).
std::vector<std::string> ExpectedStates(int& steps) {
  StorageWorld world;
  EXPECT_TRUE(world.Start());
  std::vector<std::string> out = {world.Fingerprint()};
  for (const Operation& operation : Scenario()) {
    world.clock.Advance(1000);
    Status done = operation(world);
    EXPECT_TRUE(done) << done.error().message;
    out.push_back(world.Fingerprint());
  }
  steps = world.files.steps();
  return out;
}

struct Trial {
  MemoryFiles::Fault fault;
  bool power_failure;
  int second_fault;  // steps after the restart; -1: none
};

class FaultRun {
 public:
  FaultRun(const std::vector<std::string>& expected, Trial trial)
      : expected_(expected), trial_(trial) {}

  // Whether the fault came to pass.
  bool At(int step) {
    where_ = "step " + std::to_string(step);
    world_.files.FailAt(step, trial_.fault);
    if (!world_.Start()) Restart();
    if (::testing::Test::HasFailure()) return false;
    EXPECT_EQ(world_.Fingerprint(), expected_[0]) << where_;
    std::vector<Operation> scenario = Scenario();
    for (size_t i = 0; i < scenario.size() && !::testing::Test::HasFailure(); ++i) {
      if (!Perform(scenario[i], i)) return false;
    }
    CheckEnd();
    return fired_ || world_.files.fired();
  }

  // Faults of all kinds come and go; returns how often the world had to start again.
  int Random(const std::vector<Operation>& operations, SeededRandom& random,
             const std::string& where) {
    where_ = where;
    EXPECT_TRUE(world_.Start());
    for (size_t i = 0; i < operations.size() && !::testing::Test::HasFailure(); ++i) {
      constexpr MemoryFiles::Fault kFaults[] = {MemoryFiles::Fault::kCrash,
                                                MemoryFiles::Fault::kErrorBefore,
                                                MemoryFiles::Fault::kErrorAfter};
      trial_.power_failure = random.Below(2) == 0;
      trial_.second_fault = random.Below(3) == 0 ? static_cast<int>(random.Below(30)) : -1;
      world_.files.FailAt(static_cast<int>(random.Below(25)), kFaults[random.Below(3)]);
      if (!Perform(operations[i], i)) return restarts_;
    }
    CheckEnd();
    return restarts_;
  }

 private:
  bool Perform(const Operation& operation, size_t i) {
    world_.clock.Advance(1000);
    for (int attempt = 0; attempt < 5; ++attempt) {
      if (Done(operation, i)) return true;
    }
    ADD_FAILURE() << where_ << ": operation " << i << " never succeeds";
    return false;
  }

  void CheckEnd() {
    world_.files.Restart(true);
    Status started = world_.Start();
    ASSERT_TRUE(started) << where_ << ": " << started.error().message;
    EXPECT_EQ(world_.Fingerprint(), expected_.back()) << where_;
    EXPECT_EQ(world_.Garbage(), std::vector<std::string>()) << where_;
  }

  // One attempt; true when operation i is done, as seen from outside.
  bool Done(const Operation& operation, size_t i) {
    Status done = operation(world_);
    fired_ = fired_ || world_.files.fired();
    if (done) {
      EXPECT_EQ(world_.Fingerprint(), expected_[i + 1]) << where_ << ", operation " << i;
      return true;
    }
    if (!world_.files.crashed() && done.error().code != ErrorCode::kUnknownOutcome) {
      // Refused: it must not have happened.
      EXPECT_EQ(world_.Fingerprint(), expected_[i])
          << where_ << ", operation " << i << ": " << done.error().message;
      return false;
    }
    Restart();
    std::string now = world_.Fingerprint();
    EXPECT_TRUE(now == expected_[i] || now == expected_[i + 1])
        << where_ << ", operation " << i << "\n"
        << now;
    return now == expected_[i + 1] && expected_[i] != expected_[i + 1];
  }

  void Restart() {
    ++restarts_;
    fired_ = true;
    world_.cluster.reset();
    world_.files.Restart(trial_.power_failure);
    if (trial_.second_fault >= 0) {
      world_.files.FailAt(trial_.second_fault, MemoryFiles::Fault::kCrash);
      (void)world_.Start();
      world_.cluster.reset();
      world_.files.Restart(trial_.power_failure);
    }
    Status started = world_.Start();
    ASSERT_TRUE(started) << where_ << ": " << started.error().message;
  }

  const std::vector<std::string>& expected_;
  Trial trial_;
  StorageWorld world_;
  std::string where_;
  bool fired_ = false;
  int restarts_ = 0;
};

void EveryStepFailsOnce(Trial trial) {
  SetLogLevel(LogLevel::kOff);  // thousands of warnings, all of them meant
  int steps = 0;
  std::vector<std::string> expected = ExpectedStates(steps);
  ASSERT_GE(steps, 150) << "the scenario has become shorter";
  int step = 0;
  while (!::testing::Test::HasFailure() && FaultRun(expected, trial).At(step)) {
    ++step;
    if (trial.second_fault >= 0) trial.second_fault = step % 40;
  }
  EXPECT_GE(step, 150);
  ::testing::Test::RecordProperty("steps", step);
  SetLogLevel(LogLevel::kInfo);
}

TEST(DurabilityTest, EveryStepFailsByAnError) {
  EveryStepFailsOnce({MemoryFiles::Fault::kErrorBefore, false, -1});
}
TEST(DurabilityTest, EveryStepFailsAfterItTookEffect) {
  EveryStepFailsOnce({MemoryFiles::Fault::kErrorAfter, false, -1});
}
TEST(DurabilityTest, KilledAtEveryStep) {
  EveryStepFailsOnce({MemoryFiles::Fault::kCrash, false, -1});
}
TEST(DurabilityTest, PowerFailsAtEveryStep) {
  EveryStepFailsOnce({MemoryFiles::Fault::kCrash, true, -1});
}
TEST(DurabilityTest, KilledAgainDuringRecovery) {
  EveryStepFailsOnce({MemoryFiles::Fault::kCrash, false, 0});
}
TEST(DurabilityTest, PowerFailsAgainDuringRecovery) {
  EveryStepFailsOnce({MemoryFiles::Fault::kCrash, true, 0});
}

TEST(DurabilityTest, RandomOperationsWithRandomFaults) {
  constexpr int kSeeds = 60;
  constexpr int kOperations = 60;
  SetLogLevel(LogLevel::kOff);
  int restarts = 0;
  for (int seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SeededRandom random(static_cast<uint64_t>(seed));
    StorageWorld twin;  // nothing fails here
    ASSERT_TRUE(twin.Start());
    std::vector<std::string> expected = {twin.Fingerprint()};
    std::vector<Operation> operations;
    for (int i = 0; i < kOperations; ++i) {
      operations.push_back(RandomOperation(random, twin, i));
      twin.clock.Advance(1000);
      Status done = operations.back()(twin);
      ASSERT_TRUE(done) << "seed " << seed << ": " << done.error().message;
      expected.push_back(twin.Fingerprint());
    }
    FaultRun run(expected, {MemoryFiles::Fault::kCrash, false, -1});
    restarts += run.Random(operations, random, "seed " + std::to_string(seed));
  }
  SetLogLevel(LogLevel::kInfo);
  EXPECT_GT(restarts, kSeeds * 5);
  ::testing::Test::RecordProperty("restarts", restarts);
}

TEST(DurabilityTest, EveryDamagedByteIsFound) {
  StorageWorld world;
  ASSERT_TRUE(world.Start());
  ASSERT_TRUE(CreateTable("S")(world));
  ASSERT_TRUE(Ingest("S", {"s1"})(world));
  world.cluster.reset();
  std::map<std::string, std::string> files = world.files.All();
  int checked = 0;
  for (const auto& [path, bytes] : files) {
    if (path.find("/journal/") == std::string::npos) continue;
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (bool cut : {false, true}) {
        std::string damaged = cut ? bytes.substr(0, i) : bytes;
        if (!cut) damaged[i] = static_cast<char>(damaged[i] ^ 1);
        world.files.Corrupt(path, damaged);
        Status started = world.Start();
        ASSERT_FALSE(started) << path << " byte " << i;
        EXPECT_NE(started.error().message.find(path), std::string::npos) << started.error().message;
        ++checked;
      }
    }
    world.files.Corrupt(path, bytes);
  }
  EXPECT_GT(checked, 1000);
  EXPECT_TRUE(world.Start());
}

TEST(DurabilityTest, AMissingJournalObjectIsFound) {
  StorageWorld world;
  ASSERT_TRUE(world.Start());
  ASSERT_TRUE(CreateTable("S")(world));
  ASSERT_TRUE(CreateTable("D")(world));
  std::string second =
      world.Database("NetDefaultDB")->folder() + "/journal/" + "00000000000000000002.jsonl";
  world.cluster.reset();
  ASSERT_TRUE(world.files.Exists(second));
  ASSERT_TRUE(world.files.Remove(second));
  Status started = world.Start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find(second), std::string::npos) << started.error().message;
}

TEST(DurabilityTest, TwoWritersCannotForkTheJournal) {
  StorageWorld world;
  ASSERT_TRUE(world.Start());
  DatabasePtr first = world.Database("NetDefaultDB");
  auto second = Database::Open(world.files, world.clock, world.random, first->folder(), {});
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_TRUE(CreateTable("S")(world));
  auto forked = (*second)->Commit([&](const DatabaseState&, TransactionBuilder& tx) {
    return tx.PutTable(NewTable("other", "Other", {{"a", ScalarType::kLong}}));
  });
  ASSERT_FALSE(forked);
  EXPECT_EQ(forked.error().reason, "Exists");
}

}  // namespace
}  // namespace kc::local
