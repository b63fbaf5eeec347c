// The real driver, state machine, planner and checkpoint against clusters and a lake in memory:
// every I/O of a copy is a point at which the process dies, before it or right after the other side
// acted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "azure/memory_store.h"
#include "base/log.h"
#include "copy/copy.h"
#include "fake_cluster.h"
#include "virtual_executor.h"

namespace kc::sim {
namespace {

class Silent : public copy::Observer {
 public:
  void OnNotice(const copy::Notice& notice) override { notices.push_back(notice.text); }
  void OnSession(copy::Session*, bool) override {}
  std::vector<std::string> notices;
};

struct World {
  explicit World(uint64_t seed) : random(seed) {
    source.address = "http://source";
    destination.address = "http://destination";
    store = azure::MakeMemoryStore(lake, clock);
    source_client = MakeFakeClient(source, *store, clock, random);
    destination_client = MakeFakeClient(destination, *store, clock, random);
    options.databases = {{"Db", "Db"}};
    options.block_rows = 10;
    options.holder = "sim";
  }

  void Fill() {
    const int64_t now = clock.NowTicks();
    constexpr int64_t kDay = 864'000'000'000;
    for (int i = 0; i < 5; ++i) {
      source.Add("A", i * 8, i * 8 + 7, now - kDay + i, now - (i + 1) * 30 * kDay, random);
    }
    source.Add("B", 100, 124, now - kDay, now - kDay, random);  // one instant, three blocks
    source.Add("C", 200, 202, now - kDay, now - kDay, random);
  }

  struct Ended {
    bool crashed = false;
    std::vector<copy::DatabaseOutcome> outcomes;
    int requests = 0;
  };
  // What a process holds.
  struct Process {
    Process(World& world, uint64_t seed)
        : executor(world.clock, seed),
          environment{executor,
                      world.clock,
                      world.random,
                      *world.source_client,
                      *world.destination_client,
                      *world.store,
                      cancel,
                      world.observer,
                      world.options},
          slots(2, 2, 2) {
      Start(copy::RunCopy(environment, slots), &outcomes);
    }
    VirtualExecutor executor;
    world::CancelToken cancel;
    copy::Environment environment;
    copy::SlotPools slots;
    std::optional<std::vector<copy::DatabaseOutcome>> outcomes;

    Ended Go() {
      int steps = 0;
      while (executor.RunOne()) {
        if (++steps > 200'000) break;
      }
      Ended ended;
      ended.crashed = executor.crashed();
      ended.requests = executor.submitted();
      if (outcomes) ended.outcomes = *outcomes;
      if (!ended.crashed && !executor.paused() && !outcomes.has_value()) {
        ADD_FAILURE() << "the copy hangs after " << steps << " steps";
      }
      return ended;
    }
  };
  // One process from start to end. The crash leaves its coroutines as they were, as kill -9 does:
  // what the dead process held stays allocated.
  Ended Run(std::function<Fate(int, const std::string&)> fate, uint64_t seed) {
    auto* process = new Process(*this, seed);
    process->executor.fate = std::move(fate);
    Ended ended = process->Go();
    if (!ended.crashed) delete process;
    return ended;
  }

  static world::internal::Detached Start(world::Task<std::vector<copy::DatabaseOutcome>> task,
                                         std::optional<std::vector<copy::DatabaseOutcome>>* out) {
    out->emplace(co_await task);
  }

  // Nothing lost, doubled, changed or left behind.
  std::string Check() const {
    for (const char* table : {"A", "B", "C"}) {
      if (source.Contents(table) != destination.Contents(table)) {
        return fmt::format("table {}: {} rows at the source, {} at the destination", table,
                           source.Contents(table).size(), destination.Contents(table).size());
      }
    }
    for (const auto& [name, table] : destination.tables) {
      if (name.size() > 1) return "left behind: table " + name;
      for (const auto& [id, extent] : table.extents) {
        if (!extent.tags.empty()) return "left behind: tag in " + name;
      }
    }
    for (const auto& [name, object] : lake.objects) {
      if (name.find(".gz") != std::string::npos) return "left behind: " + name;
    }
    return "";
  }

  VirtualClock clock;
  SeededRandom random;
  azure::MemoryLake lake;
  FakeCluster source, destination;
  std::unique_ptr<azure::ObjectStore> store;
  std::unique_ptr<kusto::Client> source_client, destination_client;
  copy::Options options;
  Silent observer;
};

std::string Describe(const World::Ended& ended) {
  if (ended.outcomes.empty()) return "no outcome";
  const auto& outcome = ended.outcomes.front();
  std::string text = outcome.status ? "ok" : outcome.status.error().message;
  for (const auto& stopped : outcome.stopped) text += "; " + stopped;
  return text;
}

bool Done(const World::Ended& ended) {
  return !ended.crashed && !ended.outcomes.empty() && ended.outcomes.front().status.has_value() &&
         ended.outcomes.front().stopped.empty();
}

TEST(CopySim, CopiesOnce) {
  World world(1);
  world.Fill();
  const auto ended = world.Run(nullptr, 1);
  ASSERT_TRUE(Done(ended)) << Describe(ended);
  EXPECT_EQ(world.Check(), "");
  EXPECT_EQ(ended.outcomes.front().rows, 68);
  std::printf("one copy of 3 tables: %d requests\n", ended.requests);
}

TEST(CopySim, ASecondRunCopiesOnlyWhatIsNew) {
  World world(2);
  world.Fill();
  ASSERT_TRUE(Done(world.Run(nullptr, 1)));
  const int moves = world.destination.moves;
  ASSERT_TRUE(Done(world.Run(nullptr, 2)));
  EXPECT_EQ(world.destination.moves, moves);
  world.source.Add("A", 1000, 1004, world.clock.NowTicks(), world.clock.NowTicks(), world.random);
  const auto third = world.Run(nullptr, 3);
  ASSERT_TRUE(Done(third)) << Describe(third);
  EXPECT_EQ(world.destination.moves, moves + 1);
  EXPECT_EQ(third.outcomes.front().rows, 5);
  EXPECT_EQ(world.Check(), "");
}

// Dies at I/O number i, then runs again to the end.
void CrashAt(int at, Fate how, int& fired) {
  World world(static_cast<uint64_t>(at) + 10);
  world.Fill();
  const auto first =
      world.Run([&](int number, const std::string&) { return number == at ? how : Fate::kRun; }, 1);
  fired += first.crashed;
  const auto second = world.Run(nullptr, 2);
  ASSERT_TRUE(Done(second)) << "after a crash at " << at << ": " << Describe(second);
  ASSERT_EQ(world.Check(), "") << "after a crash at " << at;
}

TEST(CopySim, ACrashAtEveryRequestLosesAndDoublesNothing) {
  SetLogLevel(LogLevel::kOff);
  for (const Fate how : {Fate::kCrashBefore, Fate::kCrashAfter}) {
    int fired = 0;
    int at = 0;
    for (; fired == at; ++at) {
      CrashAt(at, how, fired);
      if (testing::Test::HasFatalFailure()) return;
    }
    std::printf("crashes: %d, 0 lost, 0 doubled, 0 left behind\n", fired);
    EXPECT_GE(fired, 150);
  }
}

TEST(CopySim, CrashesAtRandomAgainAndAgain) {
  SetLogLevel(LogLevel::kOff);
  int crashes = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    World world(seed + 1000);
    world.Fill();
    SeededRandom dice(seed);
    World::Ended ended;
    for (int start = 0; start < 30; ++start) {
      const bool calm = start >= 8;
      ended = world.Run(
          [&](int, const std::string&) {
            if (calm || dice.Below(40) != 0) return Fate::kRun;
            return dice.Below(2) == 0 ? Fate::kCrashBefore : Fate::kCrashAfter;
          },
          seed * 100 + static_cast<uint64_t>(start));
      crashes += ended.crashed;
      if (Done(ended)) break;
      ASSERT_TRUE(ended.crashed) << "seed " << seed << ": " << Describe(ended);
    }
    ASSERT_TRUE(Done(ended)) << "seed " << seed;
    ASSERT_EQ(world.Check(), "") << "seed " << seed;
  }
  std::printf("random crashes: %d\n", crashes);
}

TEST(CopySim, LostAnswersLoseAndDoubleNothing) {
  SetLogLevel(LogLevel::kOff);
  int lost = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    World world(seed + 5000);
    world.Fill();
    SeededRandom dice(seed);
    const auto lose = [&](const std::string&) {
      const bool now = dice.Below(6) == 0;
      lost += now;
      return now;
    };
    world.source.lose = world.destination.lose = lose;
    World::Ended ended = world.Run(nullptr, seed);
    world.source.lose = world.destination.lose = nullptr;
    if (!Done(ended)) ended = world.Run(nullptr, seed + 1);
    ASSERT_TRUE(Done(ended)) << "seed " << seed << ": " << Describe(ended);
    ASSERT_EQ(world.Check(), "") << "seed " << seed;
  }
  std::printf("lost answers: %d\n", lost);
}

// Stopped at any request for longer than the lease, taken over, then continued: what it still sends
// changes nothing.
TEST(CopySim, APausedOwnerThatContinuesHasNoEffect) {
  SetLogLevel(LogLevel::kOff);
  int paused = 0;
  int lost = 0;
  for (int at = 0;; at += 3) {
    World world(static_cast<uint64_t>(at) + 9000);
    world.Fill();
    auto first = std::make_unique<World::Process>(world, 1);
    first->executor.fate = [at](int number, const std::string&) {
      return number == at ? Fate::kPause : Fate::kRun;
    };
    (void)first->Go();
    if (!first->executor.paused()) break;
    ++paused;
    const auto second = world.Run(nullptr, 2);
    ASSERT_TRUE(Done(second)) << "paused at " << at << ": " << Describe(second);
    ASSERT_EQ(world.Check(), "") << "paused at " << at << ", before it continues";
    first->executor.Continue();
    const auto ended = first->Go();
    ASSERT_FALSE(ended.outcomes.empty());
    if (!ended.outcomes[0].status) lost += ended.outcomes[0].status.error().reason == "LeaseLost";
    // A table created by a request that was under way is swept by the next start.
    ASSERT_TRUE(Done(world.Run(nullptr, 3)));
    ASSERT_EQ(world.Check(), "") << "paused at " << at;
  }
  std::printf("paused owners: %d, of which %d ended with 'lease lost'\n", paused, lost);
  EXPECT_GT(paused, 50);
}

TEST(CopySim, AnotherCopyIsRefused) {
  World world(3);
  world.Fill();
  ASSERT_TRUE(Done(world.Run(nullptr, 1)));
  world.lake.objects.clear();  // the checkpoint is lost
  const auto ended = world.Run(nullptr, 2);
  ASSERT_FALSE(ended.outcomes.empty());
  ASSERT_FALSE(ended.outcomes.front().status.has_value());
  EXPECT_EQ(ended.outcomes.front().status.error().reason, "OwnedByOther");
}

}  // namespace
}  // namespace kc::sim
