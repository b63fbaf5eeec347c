// Protocol F36-F43: owners that stop, die and come back; clean-up.
#include <gtest/gtest.h>

#include <set>

#include "base/ticks.h"
#include "sim/scene.h"
#include "sim/trials.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

void Holds(const char* trial, uint64_t seeds = 4) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    EXPECT_EQ(TrialOf(trial)(seed).Text(), "") << trial << ", seed " << seed;
  }
}

TEST(Protocol, F31_RollingUnderKillsLosesNoRecord) {
  Holds("KillsInSmallSteps", 6);
}

TEST(Protocol, F33_AppendsThatArriveTwiceAndLateChangeNothing) {
  Holds("LateAppends");
  Holds("SlowRecords");
}

TEST(Protocol, F36_AMoveThatIsBoundToTheTablesIdFindsNoExtents) {
  Holds("AnOwnerThatDiesWithALateMove", 8);
}

// A stopped owner continues where it creates its staging table, which was dropped meanwhile.
TEST(Protocol, F37_AZombieBringsNothingIntoAStagingTableThatItMakesAgain) {
  for (int nth = 1; nth <= 3; ++nth) {
    Scene scene(static_cast<uint64_t>(nth));
    scene.Fill();
    scene.world.on_pause = [](Process&) {};
    scene.Inject(
        [](const Call& call) {
          return call.party == Party::kDestination && call.mutates &&
                 call.text.find(".create table ['KcStaging_") != std::string_view::npos;
        },
        Fault::kPauseBeforeSend, nth);
    Process& zombie = scene.Start(scene.Defaults());
    (void)scene.world.RunUntil([&] { return zombie.life() != Life::kRunning; });
    ASSERT_EQ(zombie.life(), Life::kPaused);
    EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
    const int64_t ingests = scene.Count(EffectKind::kIngest);
    const int64_t moves = scene.Count(EffectKind::kMove);
    zombie.Continue();
    (void)scene.world.Run(zombie);
    ASSERT_TRUE(zombie.outcomes().has_value());
    EXPECT_EQ(zombie.outcomes()->front().status.error().reason, "LeaseLost") << Describe(zombie);
    scene.world.Settle(minutes(10));
    EXPECT_EQ(scene.Count(EffectKind::kIngest), ingests);
    EXPECT_EQ(scene.Count(EffectKind::kMove), moves);
    EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");  // its empty table is swept
  }
}

// The second owner dies in the middle of its take-over, the third one too.
TEST(Protocol, F38_EveryOwnerFencesAllOwnersBeforeIt) {
  for (int nth = 1; nth <= 4; ++nth) {
    Scene scene(static_cast<uint64_t>(nth));
    scene.Fill();
    // The first's move may still commit, minutes later, wherever its table's id goes.
    scene.world.destination.unknowns.bound_to_id = nth % 2 == 0;
    scene.on_request = [&scene](const Call& call) {
      const bool first = scene.world.processes().size() == 1 && call.text.starts_with(".move");
      scene.world.destination.pace.slow_command = first ? 1 : 0;
    };
    scene.Inject(".move", Fault::kKillInFlight, nth);
    ASSERT_EQ(scene.Run().life(), Life::kKilled);
    scene.Inject(".move", Fault::kKillBeforeAnswer, 1);
    (void)scene.Run();
    scene.Inject(".move", Fault::kKillBeforeSend, 1);
    (void)scene.Run();
    (void)scene.Run();
    scene.world.Settle(minutes(10));
    EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
  }
}

TEST(Protocol, F39_AZombiesCleanUpTouchesOnlyWhatIsItsOwn) {
  Holds("APausedOwner", 8);
  Scene scene;
  scene.Fill();
  scene.Inject(".move", Fault::kKillBeforeAnswer, 3);
  (void)scene.Run();
  (void)scene.Run();
  // The owner's generation is in every path: nobody's clean-up names another's folder by chance.
  std::set<std::string> folders;
  for (const auto& effect : scene.effects) {
    if (effect.kind != EffectKind::kExport) continue;
    EXPECT_TRUE(effect.folder.starts_with("Db/data/g1/") ||
                effect.folder.starts_with("Db/data/g2/"))
        << effect.folder;
    EXPECT_TRUE(folders.insert(effect.folder).second);
  }
}

TEST(Protocol, F40_ASecondCheckpointForOneDestinationIsRefused) {
  Scene scene;
  scene.Fill();
  ASSERT_TRUE(Done(scene.Run()));
  const Tables before = scene.Destination();
  scene.world.objects.objects.clear();  // the checkpoint is lost
  const Process& process = scene.Run();
  ASSERT_TRUE(process.outcomes().has_value());
  ASSERT_FALSE(process.outcomes()->front().status.has_value());
  EXPECT_EQ(process.outcomes()->front().status.error().reason, "OwnedByOther");
  EXPECT_EQ(scene.Destination(), before);
  // Rows of others in the table: only with --append.
  for (const bool append : {false, true}) {
    Scene full;
    full.Fill();
    full.world.destination.CreateTable("A", full.world.source.tables.at("A").columns);
    full.world.destination.Append("A", {{int64_t{-1}, std::string("mine")}});
    Tables expected = full.Source();
    expected["A"]["-1|mine"] = 1;
    ProcessOptions options = full.Defaults();
    options.copy.append = append;
    const Process& second = full.Run(options);
    EXPECT_EQ(Done(second), append) << Describe(second);
    if (append) {
      EXPECT_EQ(CompareTables(expected, full.Destination()).Text(), "");
    } else {
      EXPECT_EQ(full.world.destination.Contents("A").size(), 1u);
    }
  }
  // The first claim fails if the function exists: the only test-and-set there is.
  bool only_created = false;
  for (const auto& effect : scene.effects) {
    only_created |= effect.text.starts_with(".create function");
  }
  EXPECT_TRUE(only_created);
}

TEST(Protocol, F41_NoChangeIsSentAfterTwoThirdsOfTheLease) {
  Holds("ClocksThatStepBack", 8);
}

// Files go after Moved is durable, staging when no open move names it.
TEST(Protocol, F42_EvidenceStaysUntilItIsNotNeeded) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Scene scene(seed);
    scene.Fill();
    scene.Inject(".move", Fault::kKillBeforeAnswer, 2);
    int drops = 0;
    scene.on_request = [&](const Call& call) {
      if (call.party == Party::kLake && call.name == "Delete" &&
          call.text.find("/data/") != std::string_view::npos) {
        for (const auto& block : scene.RecordedBlocks()) {
          const bool names =
              !block.folder.empty() && call.text.find(block.folder + "/") != std::string_view::npos;
          EXPECT_TRUE(!names || block.stage == copy::Stage::kMoved) << call.text;
          drops += names;
        }
      }
      if (call.party != Party::kDestination || !call.mutates) return;
      if (!call.text.starts_with(".drop table ['KcStaging_")) return;
      for (const auto& block : scene.RecordedBlocks()) {
        const bool names =
            block.move_open && call.text.find(block.staging.table) != std::string_view::npos;
        EXPECT_FALSE(names) << call.text;
      }
    };
    (void)scene.Run();
    EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
    EXPECT_GT(drops, 0);
  }
  Holds("KillsAtMoves");
  // What can't be cleaned up is a debt that a later start pays.
  Scene debt;
  debt.Fill();
  debt.weather = [](const Call& call) {
    return call.text.find(" extent tags (") != std::string_view::npos ? Fault::kKillBeforeSend
                                                                      : Fault::kNone;
  };
  (void)debt.Run();
  debt.weather = nullptr;
  EXPECT_EQ(debt.Judge(debt.Run()).Text(), "");
}

// The destination keeps rows for a shorter time than the source has them.
TEST(Protocol, F43_RowsThatTheDestinationWontKeepAreCountedAndTold) {
  Scene scene;
  scene.Fill();
  Table& table =
      scene.world.destination.CreateTable("A", scene.world.source.tables.at("A").columns);
  table.policies["retention"] = R"({"SoftDeletePeriod":"75.00:00:00","Recoverability":"Enabled"})";
  const Process& process = scene.Run();
  EXPECT_EQ(scene.Judge(process).Text(), "");
  // Extents of A are 30, 60, 90, 120 and 150 days old.
  EXPECT_TRUE(scene.Noticed(process, "A: 24 rows are older than the destination's retention"));
}

}  // namespace
}  // namespace kc::sim
