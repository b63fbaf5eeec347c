// Protocol F20-F29: a source that changes while it is planned, fingerprinted and exported.
#include <gtest/gtest.h>

#include <set>

#include "base/ticks.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/transfer.h"
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

// Removes one extent of the table, as retention does; its rows.
RowSet Expire(Scene& scene, const std::string& name) {
  Table& table = scene.world.source.tables.at(name);
  const RowSet before = RowsOf(scene.world.source.Contents(name));
  table.extents.erase(table.extents.begin());
  const RowSet after = RowsOf(scene.world.source.Contents(name));
  RowSet gone;
  for (const auto& [row, count] : before) {
    if (!after.contains(row)) gone[row] = count;
  }
  scene.checker.Vanished(name, gone);
  return gone;
}

// Nothing that the source still has is missing, nothing came that it never had.
Report BetweenThen(const Tables& first, Scene& scene) {
  Report report;
  const Report now = CompareTables(scene.Source(), scene.Destination());
  if (now.Has(Flaw::kLost)) report.Add(Flaw::kLost, now.Text());
  const Report then = CompareTables(first, scene.Destination());
  if (then.Has(Flaw::kDoubled)) report.Add(Flaw::kDoubled, then.Text());
  if (then.Has(Flaw::kChanged)) report.Add(Flaw::kChanged, then.Text());
  return report;
}

// Rows age out between the plan, the export and the fingerprint.
TEST(Protocol, F20_RowsThatAgeOutUnderWayAreNeverHalfThere) {
  Holds("ForgetfulExports");
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Scene scene(seed);
    scene.Fill();
    const Tables first = scene.Source();
    int left = 3;
    scene.on_request = [&](const Call& call) {
      const bool reads =
          call.party == Party::kSource &&
          (call.text.starts_with(".export") || call.text.find("kc_h") != std::string_view::npos);
      if (reads && left > 0 && scene.world.random.Below(3) == 0) {
        --left;
        (void)Expire(scene, "A");
      }
    };
    const Process& process = scene.Run();
    EXPECT_TRUE(Done(process)) << Describe(process);
    EXPECT_EQ(BetweenThen(first, scene).Text(), "");
    EXPECT_TRUE(left == 3 || scene.Noticed(process, "left the source") ||
                CompareTables(first, scene.Destination()).clean())
        << "silent";
  }
}

// Rows that never stop leaving: export and fingerprint never see the same ones, until the files
// themselves carry the rows' hashes.
TEST(Protocol, F20_WhenTheSourceNeverRestsTheFilesCarryTheirHashes) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Scene scene(seed);
    scene.world.AddTable(SimpleShape("A"));
    scene.world.AddRows("A", 400, hours(24), hours(24));
    const Tables first = scene.Source();
    int hashed = 0;
    bool planned = false;
    scene.on_request = [&](const Call& call) {
      if (call.party != Party::kSource) return;
      hashed += call.text.starts_with("externaldata (kc_h");
      planned |= call.text.starts_with(".export ");
      auto& rows = scene.world.source.tables.at("A").extents.begin()->second.rows;
      if (planned && rows.size() > 20) {
        const RowSet before = RowsOf(scene.world.source.Contents("A"));
        rows.erase(rows.begin() + static_cast<long>(scene.world.random.Below(rows.size())));
        const RowSet after = RowsOf(scene.world.source.Contents("A"));
        RowSet gone;
        for (const auto& [row, count] : before) {
          if (!after.contains(row)) gone[row] = count;
        }
        scene.checker.Vanished("A", gone);
      }
    };
    auto options = scene.Defaults();
    options.copy.block_rows = 1000;
    const Process& process = scene.Run(options);
    EXPECT_TRUE(Done(process)) << Describe(process);
    EXPECT_GT(hashed, 0) << "the way wasn't taken";
    EXPECT_EQ(BetweenThen(first, scene).Text(), "");
    EXPECT_TRUE(scene.Noticed(process, "left the source")) << "silent";
  }
}

TEST(Protocol, F21_ThePlansSumLiesBetweenTwoCountsOrWhatMovedInIsTold) {
  Scene scene;
  scene.Fill();
  const Tables first = scene.Source();
  bool expired = false;
  scene.on_request = [&](const Call& call) {
    if (expired || call.text.find("by Instant") == std::string_view::npos) return;
    expired = true;
    (void)Expire(scene, "A");
  };
  const Process& process = scene.Run();
  EXPECT_TRUE(Done(process)) << Describe(process);
  EXPECT_EQ(BetweenThen(first, scene).Text(), "");
  EXPECT_TRUE(scene.Noticed(process, "left the source"));
  // Rows are moved in behind the part that is planned already.
  Scene moved;
  moved.Fill();
  int looks = 0;
  moved.on_request = [&](const Call& call) {
    const bool plan = call.text.find("by Instant") != std::string_view::npos &&
                      call.text.find("table(\"A\"") != std::string_view::npos;
    if (!plan || ++looks != 3) return;
    Table& table = moved.world.source.tables.at("A");
    Extent extra = table.extents.begin()->second;
    int64_t n = 1000;
    for (auto& row : extra.rows) {
      row.values[0] = n++;
      row.hash = HashRow(table.columns, row.values);
      row.ingested -= kTicksPerDay;
    }
    table.extents[moved.world.source.NewId()] = std::move(extra);
  };
  ProcessOptions options = moved.Defaults();
  options.copy.band_rows = 2;
  const Process* last = &moved.Run(options);
  EXPECT_GE(looks, 3);
  EXPECT_TRUE(Done(*last)) << Describe(*last);
  EXPECT_TRUE(moved.Noticed(*last, "behind the cursor"));
  // It goes on.
  moved.world.AddRows("A", 3);
  last = &moved.Run();
  EXPECT_TRUE(Done(*last)) << Describe(*last);
  const Report rest = CompareTables(moved.Source(), moved.Destination());
  EXPECT_EQ(rest.Count(Flaw::kLost), 8) << rest.Text();  // those that were told
}

TEST(Protocol, F22_RowsThatAreOnlyNotDatedYetAreNotCopiedTwice) {
  Holds("UndatedForAMoment");
  // Rows that really have no ingestion time are copied once, when they are quiet, and never again.
  Scene scene;
  scene.Fill();
  scene.world.source.AppendUndated("C",
                                   MakeRows(scene.world.shapes[2], 100, 4, scene.world.random));
  ProcessOptions options = scene.Defaults();
  options.copy.include_undated = true;
  const Process* process = &scene.Run(options);
  EXPECT_EQ(scene.Judge(*process).Text(), "");
  EXPECT_GE(process->ended_at() - process->began(), minutes(10));
  scene.world.AddRows("C", 2);
  options.seed = 2;
  process = &scene.Run(options);
  EXPECT_EQ(scene.Judge(*process).Text(), "");
}

TEST(Protocol, F23_WhatHappensBehindTheCursorIsTold) {
  Scene scene;
  scene.Fill();
  ASSERT_TRUE(Done(scene.Run()));
  // Rows are moved into the source without a new ingestion time, others are removed.
  Table& a = scene.world.source.tables.at("A");
  Extent extra = a.extents.begin()->second;
  for (auto& row : extra.rows) {
    row.values[0] = std::get<int64_t>(row.values[0]) + 5000;
    row.hash = HashRow(a.columns, row.values);
  }
  a.extents[scene.world.source.NewId()] = std::move(extra);
  Table& b = scene.world.source.tables.at("B");
  b.extents.begin()->second.rows.resize(20);
  scene.world.AddRows("A", 2);
  scene.world.AddRows("B", 2);
  const Process* process = &scene.Run();
  EXPECT_TRUE(scene.Noticed(*process, "A: 8 rows were inserted behind the cursor"));
  EXPECT_TRUE(scene.Noticed(*process, "B: 5 rows that were copied were removed"));
  // Another table under the same name: its rows aren't added to the old one's.
  const std::vector<ColumnSchema> columns = b.columns;
  scene.world.source.CreateTable("B", columns);
  scene.world.AddRows("B", 4);
  const RowSet before = RowsOf(scene.world.destination.Contents("B"));
  process = &scene.Run();
  EXPECT_FALSE(Done(*process));
  EXPECT_NE(Describe(*process).find("B: "), std::string::npos) << Describe(*process);
  EXPECT_EQ(RowsOf(scene.world.destination.Contents("B")), before);
}

TEST(Protocol, F24_EveryTableHasItsOwnWatermark) {
  Holds("TablesThatComeLater");
}

TEST(Protocol, F25_TheHorizonIsStoredOnce) {
  Holds("AHorizon");
}

TEST(Protocol, F26_ABandAndItsBlocksAreOneRecord) {
  Holds("KillsAtRecords", 8);
}

TEST(Protocol, F27_TheBlocksOfOneInstantMakeItWhole) {
  Scene scene;
  scene.world.AddTable(SimpleShape("Big"));
  scene.world.AddRows("Big", 137, hours(5), hours(5));  // one instant, 14 blocks
  scene.Inject(".move", Fault::kKillBeforeAnswer, 4);
  (void)scene.Run();
  EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
  EXPECT_GE(scene.checker.exports(), 14);
}

// An export whose answer is lost may write its files long after; each send has its own folder.
TEST(Protocol, F28_OrphansOfLostExportsAreSweptEvenWhenTheyComeLate) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Scene scene(seed);
    scene.Fill();
    const auto is_export = [](const Call& call) {
      return call.party == Party::kSource && call.text.starts_with(".export");
    };
    scene.Inject(is_export, Fault::kAnswerLost, 2);
    scene.Inject(is_export, Fault::kLateAct, 4);
    scene.allowed_repeats = 2;
    (void)scene.Run();
    EXPECT_EQ(scene.happened(), 2);
    scene.world.Settle(hours(3));
    const Process& process = scene.Run();
    EXPECT_EQ(scene.Judge(process).Text(), "");
    std::set<std::string> folders;
    for (const auto& effect : scene.effects) {
      if (effect.kind != EffectKind::kExport) continue;
      EXPECT_TRUE(folders.insert(effect.folder).second) << effect.folder;
    }
  }
}

TEST(Protocol, F29_ColumnsAreNamedAndAChangeUnderWayIsSeen) {
  const std::string text = kusto::commands::ExportProjection(
      {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}, kusto::commands::ExportFormat::kCsv);
  EXPECT_NE(text.find("project c0 = ['a'], c1 = ['b']"), std::string::npos) << text;
  // A column is dropped at the source while the table is exported.
  Scene scene;
  scene.Fill();
  int exports = 0;
  scene.on_request = [&](const Call& call) {
    const bool is_export = call.party == Party::kSource && call.text.starts_with(".export") &&
                           call.text.find("table(\"A\"") != std::string_view::npos;
    if (!is_export || ++exports != 2) return;
    Table& table = scene.world.source.tables.at("A");
    table.columns.pop_back();
    for (auto& [id, extent] : table.extents) {
      for (auto& row : extent.rows) {
        row.values.pop_back();
        row.hash = HashRow(table.columns, row.values);
      }
    }
  };
  const Process& process = scene.Run();
  EXPECT_GE(exports, 2);
  const bool told = scene.Noticed(process, "'text' was dropped at the source") ||
                    Describe(process).find("'text' was dropped at the source") != std::string::npos;
  EXPECT_TRUE(told) << Describe(process);
  // No value of another column in its place, no row twice.
  std::map<int64_t, int> seen;
  for (const auto& [id, extent] : scene.world.destination.tables.at("A").extents) {
    for (const auto& row : extent.rows) EXPECT_EQ(++seen[std::get<int64_t>(row.values[0])], 1);
  }
}

TEST(Protocol, F30_AnExportThatForgetsItsFilesIsNoEmptyBlock) {
  Holds("ForgetfulExports");
}

// All tables of an iteration are those of one cursor, though others write all the time.
TEST(OneInstant, AllTablesAreCutAtOneCursor) {
  Holds("WritersAllTheTime", 10);
}

}  // namespace
}  // namespace kc::sim
