#include "scene.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kc::sim {
namespace {

TEST(Scene, ACopyWithoutFaultsIsClean) {
  Scene scene;
  scene.Fill();
  const Process& process = scene.Run();
  EXPECT_EQ(scene.Judge(process).Text(), "");
  EXPECT_EQ(scene.checker.exports(), 9);
  EXPECT_GE(scene.checker.looks(), 9);
  EXPECT_EQ(scene.checker.repeated(), 0);
  EXPECT_EQ(scene.PublishedBy(process), 68);
}

// The files of an ingestion may become an extent each, all of them at once.
TEST(Scene, AnExtentOfEachFileIsAsGood) {
  Scene scene;
  scene.world.destination.unknowns.ingest_atomic = true;
  scene.world.destination.unknowns.one_extent_per_file = true;
  scene.Fill();
  const Process& process = scene.Run();
  EXPECT_EQ(scene.Judge(process).Text(), "");
  EXPECT_TRUE(std::any_of(scene.effects.begin(), scene.effects.end(), [](const Effect& effect) {
    return effect.kind == EffectKind::kIngest && effect.extents.size() > 1;
  }));
}

// The checker is told of everything that matters: what is spoilt behind the program's back is seen.
TEST(Scene, WhatIsSpoiltIsSeen) {
  Scene scene;
  scene.Fill();
  const Process& process = scene.Run();
  auto& extents = scene.world.destination.tables.at("A").extents;
  Extent& extent = extents.begin()->second;
  const Row row = extent.rows.back();
  extent.rows.pop_back();
  EXPECT_TRUE(scene.Judge(process).Has(Flaw::kLost));
  EXPECT_TRUE(scene.Judge(process).Has(Flaw::kLie));
  extent.rows.push_back(row);
  extent.rows.push_back(row);
  EXPECT_TRUE(scene.Judge(process).Has(Flaw::kDoubled));
  extent.rows.pop_back();
  extent.rows.back().values[1] = std::string("other");
  EXPECT_TRUE(scene.Judge(process).Has(Flaw::kChanged));
  extent.rows.back() = row;
  EXPECT_EQ(scene.Judge(process).Text(), "");
  extent.tags.emplace_back("kc");
  EXPECT_TRUE(scene.Judge(process).Has(Flaw::kGarbage));
}

TEST(Scene, AKilledCopyGoesOnWithoutRepeatingWhatIsRecorded) {
  for (int nth = 1; nth <= 6; ++nth) {
    Scene scene(static_cast<uint64_t>(nth));
    scene.Fill();
    scene.Inject(".move", Fault::kKillBeforeAnswer, nth);
    ASSERT_EQ(scene.Run().life(), Life::kKilled);
    EXPECT_EQ(scene.happened(), 1);
    const Process& second = scene.Run();
    EXPECT_EQ(scene.Judge(second).Text(), "");
    EXPECT_EQ(scene.checker.repeated_recorded(), 0);
  }
}

}  // namespace
}  // namespace kc::sim
