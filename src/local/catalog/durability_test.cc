// Every step of the storage fails once: by error before and after it took effect, by kill -9 and by
// power failure. What was acknowledged must be there, what was refused must not, and nothing may be
// left behind.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/log.h"
#include "local/catalog/cluster.h"
#include "local/catalog/operations.h"
#include "local/testing/memory_files.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class SeededRandom final : public world::Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

const char* const kStorage = "/data/storage";

// A cluster over files in memory, started again and again.
class World0 {
 public:
  MemoryFiles files;
  SeededRandom random{11};
  ManualClock clock;
  std::unique_ptr<Cluster> cluster;

  Status Start() {
    cluster.reset();
    ClusterOptions options;
    options.storage = kStorage;
    KC_ASSIGN(cluster, Cluster::Open(World{&files, &clock, &random}, nullptr, options));
    return {};
  }
  DatabasePtr Database(const std::string& name) {
    if (cluster == nullptr) return nullptr;
    auto found = cluster->FindDatabase(name);
    return found ? *found : nullptr;
  }
  // All that a user can see, with the bytes of every extent; random keys are left out.
  std::string Fingerprint() {
    std::string out;
    std::map<std::string, std::string> all = files.All();
    for (const DatabasePtr& database : cluster->databases()) {
      StatePtr state = database->state();
      out += "database " + state->name() + " time " + std::to_string(state->last_ticks) +
             " cursor " + std::to_string(state->cursor_position) + "\n";
      for (const auto& [name, table] : state->tables) {
        out += "table " + name + " " + table->id() + " rows " + std::to_string(table->rows) +
               " columns " + std::to_string(table->meta->columns.size()) + "\n";
        for (const auto& [ordinal, extent] : table->extents) {
          auto bytes = all.find(database->extents().PathOf(extent->file->key));
          out += "extent " + extent->id + " " + std::to_string(extent->max_ingested) + " ";
          for (const std::string& tag : extent->tags) out += tag + ",";
          out += (bytes != all.end() ? bytes->second : "MISSING") + "\n";
        }
      }
      for (const auto& [name, function] : state->functions) out += "function " + name + "\n";
    }
    return out;
  }
  // Files of the databases that hold neither a journal nor a live extent.
  std::vector<std::string> Garbage() {
    std::set<std::string> live;
    for (const DatabasePtr& database : cluster->databases()) {
      StatePtr state = database->state();
      for (const auto& [name, table] : state->tables) {
        for (const auto& [ordinal, extent] : table->extents) {
          live.insert(database->extents().PathOf(extent->file->key));
        }
      }
    }
    std::vector<std::string> out;
    for (const auto& [path, bytes] : files.All()) {
      bool journal = path.find("/journal/") != std::string::npos ||
                     path.find("/snapshots/") != std::string::npos;
      bool plain = path == std::string(kStorage) + "/lock" ||
                   path == std::string(kStorage) + "/storage.json";
      if (path.find(".tmp-") != std::string::npos || (!journal && !plain && !live.count(path))) {
        out.push_back(path);
      }
    }
    return out;
  }
};

using Operation = std::function<Status(World0&)>;

Status CommitTo(World0& world, const std::string& database, const Database::Change& change) {
  DatabasePtr found = world.Database(database);
  if (found == nullptr) return Stop("no database");
  KC_TRY(found->Commit(change));
  return {};
}

Operation CreateTable(const std::string& name) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.PutTable(NewTable("id-" + name, name, {{"a", ScalarType::kLong}}));
    });
  };
}

// As an ingestion does it: the file first, durable, then the transaction.
Operation Ingest(const std::string& table, std::vector<std::string> ids) {
  return [=](World0& world) -> Status {
    DatabasePtr database = world.Database("NetDefaultDB");
    if (database == nullptr) return Stop("no database");
    std::vector<NewExtent> extents;
    for (const std::string& id : ids) {
      NewExtent extent;
      ExtentFile file;
      file.key = database->extents().NewKey();
      {
        KC_ASSIGN(auto out, world.files.OpenAppend(database->extents().PathOf(file.key)));
        Status written = out->Append("rows of " + id);
        if (written) {
          auto durable = database->extents().MakeDurable(file.key);
          if (!durable) written = Fail(durable.error());
        }
        if (!written) {
          database->extents().Discard(file.key);
          return written;
        }
      }
      file.rows = 3;
      file.column_ids = {0};
      extent.id = id;
      extent.file = database->extents().Register(std::move(file));
      extents.push_back(std::move(extent));
    }
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.AddExtents("id-" + table, extents);
    });
  };
}

Operation Move(const std::string& from, const std::string& to, std::vector<ExtentMove> moves) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.MoveExtents("id-" + from, "id-" + to, moves, true);
    });
  };
}

Operation Remove(const std::string& table, std::vector<std::string> ids) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.RemoveExtents("id-" + table, ids);
    });
  };
}

Operation Retag(const std::string& table, const ExtentMove& extent, const std::string& tag) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.RetagExtent("id-" + table, extent, {tag});
    });
  };
}

Operation SwapNames(const std::string& a, const std::string& b) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState& state, TransactionBuilder& tx) {
      TableMeta first = *state.FindTable(a)->meta;
      TableMeta second = *state.FindTable(b)->meta;
      std::swap(first.name, second.name);
      return tx.PutTables({first, second});
    });
  };
}

Operation DropTable(const std::string& name) {
  return [=](World0& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.DropTable("id-" + name);
    });
  };
}

// Changes nothing that anybody sees; may fail without harm.
Status Maintain(World0& world) {
  for (const DatabasePtr& database : world.cluster->databases()) {
    KC_TRY(database->SnapshotIfDue(true));
  }
  world.cluster->CollectGarbage();
  return {};
}

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
      [](World0& world) -> Status {
        if (world.cluster == nullptr) return Stop("not started");
        KC_TRY(world.cluster->CreateDatabase("Second"));
        return {};
      },
      Ingest("D", {"d5"}),
      DropTable("S"),
      [](World0& world) { return world.cluster->DropDatabase("Second"); },
      Maintain,
      Ingest("D", {"d6"}),
  };
}

// The fault-free run: what is to be seen after each operation (the first: before all).
std::vector<std::string> ExpectedStates(int& steps) {
  World0 world;
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

class Run {
 public:
  Run(const std::vector<std::string>& expected, Trial trial) : expected_(expected), trial_(trial) {}

  // Whether the fault came to pass.
  bool At(int step) {
    where_ = "step " + std::to_string(step);
    world_.files.FailAt(step, trial_.fault);
    if (!world_.Start()) Restart();
    if (::testing::Test::HasFailure()) return false;
    EXPECT_EQ(world_.Fingerprint(), expected_[0]) << where_;
    std::vector<Operation> scenario = Scenario();
    for (size_t i = 0; i < scenario.size() && !::testing::Test::HasFailure(); ++i) {
      world_.clock.Advance(1000);
      for (int attempt = 0; !Done(scenario[i], i); ++attempt) {
        if (attempt == 5) {
          ADD_FAILURE() << where_ << ": operation " << i << " never succeeds";
          return false;
        }
      }
    }
    world_.files.Restart(true);
    Status started = world_.Start();
    EXPECT_TRUE(started) << where_ << ": " << started.error().message;
    if (!started) return false;
    EXPECT_EQ(world_.Fingerprint(), expected_.back()) << where_;
    EXPECT_EQ(world_.Garbage(), std::vector<std::string>()) << where_;
    return fired_ || world_.files.fired();
  }

 private:
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
  World0 world_;
  std::string where_;
  bool fired_ = false;
};

void EveryStepFailsOnce(Trial trial) {
  SetLogLevel(LogLevel::kOff);  // thousands of warnings, all of them meant
  int steps = 0;
  std::vector<std::string> expected = ExpectedStates(steps);
  ASSERT_GE(steps, 150) << "the scenario has become shorter";
  int step = 0;
  while (!::testing::Test::HasFailure() && Run(expected, trial).At(step)) {
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

TEST(DurabilityTest, EveryDamagedByteIsFound) {
  World0 world;
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
  World0 world;
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
  World0 world;
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
