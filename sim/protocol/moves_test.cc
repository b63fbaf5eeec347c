// Protocol F1-F10: moves whose answers are lost, late duplicates, tags that vanish.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "kusto/commands/queries.h"
#include "sim/scene.h"
#include "sim/trials.h"
#include "sim/wrappers.h"

namespace kc::sim {
namespace {

constexpr uint64_t kSeeds = 4;

// A trial whose power is shown by a seeded bug (sim/mutants_main.cc).
void Holds(const char* trial) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_EQ(TrialOf(trial)(seed).Text(), "") << trial << ", seed " << seed;
  }
}

bool Published(const Scene& scene, const Effect& effect) {
  return effect.kind == EffectKind::kMove && scene.world.source.Find(effect.to) != nullptr;
}

TEST(Protocol, F01_ALateDuplicateInStagingIsNeverMoved) {
  Holds("LateDuplicatesAfterTheMove");
  Holds("LateDuplicatesAndTags");
}

// Retention eats the published extents at once; that they were moved isn't recorded.
TEST(Protocol, F02_AbsentEverywhereMeansMovedAndIsNotDoneAgain) {
  Scene scene;
  scene.Fill();
  Tables eaten;
  int published = 0;
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&](const Effect& effect) {
    tell(effect);
    if (!Published(scene, effect) || ++published != 3) return;
    Table& table = scene.world.destination.tables.at(effect.to);
    const RowSet before = RowsOf(scene.world.destination.Contents(effect.to));
    for (const auto& id : effect.extents) table.extents.erase(id);
    const RowSet after = RowsOf(scene.world.destination.Contents(effect.to));
    for (const auto& [row, count] : before) {
      if (!after.contains(row)) eaten[effect.to][row] = count;
    }
  };
  scene.Inject(".move", Fault::kKillBeforeAnswer, 3);
  ASSERT_EQ(scene.Run().life(), Life::kKilled);
  const Process& process = scene.Run();
  EXPECT_TRUE(Done(process)) << Describe(process);
  int64_t gone = 0;
  for (const auto& [name, rows] : eaten) gone += static_cast<int64_t>(rows.size());
  EXPECT_GT(gone, 0);
  const Report truth = CompareTables(scene.Source(), scene.Destination());
  EXPECT_EQ(truth.Count(Flaw::kLost), gone) << truth.Text();  // eaten, not brought back
  EXPECT_FALSE(truth.Has(Flaw::kDoubled));
  EXPECT_EQ(published, 9);
  EXPECT_EQ(scene.checker.repeated_recorded(), 0);
}

// A policy names tags by a prefix that ends in a colon: no token has one.
TEST(Protocol, F03_NoTagPolicyCanNameATokenAndTagsThatVanishChangeNothing) {
  Holds("TagsEaten");
  Scene scene;
  scene.Fill();
  (void)scene.Run();
  int tokens = 0;
  for (const auto& effect : scene.effects) {
    if (effect.kind != EffectKind::kIngest) continue;
    EXPECT_EQ(effect.tag.find(':'), std::string::npos);
    ++tokens;
  }
  EXPECT_GE(tokens, 9);
}

TEST(Protocol, F04_StagingIsReadBeforeTheDestination) {
  Holds("MovesBetweenLooks");
}

TEST(Protocol, F05_WeakAnswersAreRefused) {
  Holds("WeakReads");
  for (const bool source : {true, false}) {
    Scene scene;
    scene.Fill();
    (source ? scene.world.source : scene.world.destination).consistency = "weakconsistency";
    const Process& process = scene.Run();
    ASSERT_TRUE(process.outcomes().has_value());
    const auto& status = process.outcomes()->front().status;
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().reason, "Consistency") << status.error().message;
    EXPECT_EQ(scene.Count(EffectKind::kMove), 0);
  }
}

TEST(Protocol, F06_AMoveThatCommitsLateFindsNothing) {
  Holds("LostMoves");
  Holds("AnOwnerThatDiesWithALateMove");
}

TEST(Protocol, F07_TheIdsAreThoseThatWereFingerprinted) {
  // One statement tells both.
  const std::string text =
      kusto::commands::StagedFingerprint("S", {"t"}, {{"n", ScalarType::kLong}});
  EXPECT_NE(text.find("N = count()"), std::string::npos);
  EXPECT_NE(text.find("by ExtentId"), std::string::npos);
  Holds("LateDuplicatesBeforeTheMove");
}

TEST(Protocol, F08_WhatCameAfterTheVerificationIsNotMoved) {
  Holds("LateDuplicatesBeforeTheMove");
  Holds("FailedMovesWithStatus200");
}

// The destination merges what was published while moves are settled and tags are dropped.
TEST(Protocol, F09_MergesInTheDestinationChangeNothingAndNothingIsDroppedFromIt) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Scene scene(seed);
    scene.Fill();
    scene.world.destination.weather.merges = 0.2;
    scene.Inject(".move", Fault::kAnswerLost, 2);
    scene.Inject(".move", Fault::kKillBeforeAnswer, 5);
    (void)scene.Run();
    const Process& process = scene.Run();
    EXPECT_EQ(scene.Judge(process).Text(), "");
    EXPECT_GT(scene.Count(EffectKind::kMerge), 0);
    for (const auto& effect : scene.effects) {
      EXPECT_EQ(effect.text.find(".drop extents"), std::string::npos) << effect.text;
    }
  }
}

// "Cannot move extents … currently processing", said to be permanent.
TEST(Protocol, F10_WhatAMaterializedViewHasInHandIsWaitedFor) {
  Scene scene;
  scene.Fill();
  auto hooks = std::make_shared<ClientHooks>();
  auto moves = std::make_shared<std::map<std::string, int>>();
  auto drops = std::make_shared<int>(0);
  hooks->instead = [=](const std::string& text) -> std::optional<Result<kusto::Answer>> {
    const bool move = text.starts_with(".move") && ++(*moves)[text] <= 5;
    const bool drop = text.find(" extent tags (") != std::string::npos && ++*drops <= 4;
    if (!move && !drop) return std::nullopt;
    return Stop("Cannot move extents, some of which a materialized view is currently processing",
                "BadRequest");
  };
  ProcessOptions options = scene.Defaults();
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const Process& process = scene.Run(options);
  EXPECT_EQ(scene.Judge(process).Text(), "");
  EXPECT_EQ(moves->size(), 9u);
  for (const auto& [text, sends] : *moves) EXPECT_EQ(sends, 6) << text;
  EXPECT_GT(*drops, 4);
}

TEST(Protocol, F11_AnAnswerThatIsLostNeverMakesTwoSends) {
  Holds("LostIngestions");
  Holds("LostExports");
  // Every send acts once, whatever gets lost.
  Scene scene;
  scene.Fill();
  scene.weather = [&scene](const Call& call) {
    const bool lose =
        call.mutates && call.party != Party::kLake && scene.world.random.Below(6) == 0;
    return lose ? Fault::kAnswerLost : Fault::kNone;
  };
  (void)scene.Run();
  std::set<std::string> seen;
  for (const auto& effect : scene.effects) {
    if (effect.kind != EffectKind::kExport && effect.kind != EffectKind::kIngest) continue;
    const std::string name = effect.kind == EffectKind::kExport ? effect.text : effect.tag;
    EXPECT_TRUE(seen.insert(name).second) << "acted twice: " << effect.text;
  }
}

}  // namespace
}  // namespace kc::sim
