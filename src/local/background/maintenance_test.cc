#include "local/background/maintenance.h"

#include <gtest/gtest.h>

#include "base/ticks.h"
#include "local/background/merge.h"
#include "local/testing/table_fixture.h"

namespace kc::local {
namespace {

using Strings = std::vector<std::string>;

class MaintenanceTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    Put(NewTable("t1", "T", {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}));
  }
  void SetPolicy(const std::string& name, const std::string& json) {
    TableMeta meta = Meta("T");
    meta.policies[name] = json;
    Put(meta);
  }
  TablePtr Table() { return database_->state()->FindTable("T"); }
  int64_t Now() { return clock().NowTicks(); }
  int64_t AddRow(int value, std::vector<std::string> tags = {}, std::string id = "",
                 int64_t created = 0) {
    return Add("T", "SELECT " + std::to_string(value) + "::BIGINT AS c0, 'x' AS c1",
               std::move(tags), std::move(id), created);
  }
  int Merge() { return ApplyMerges(*duck_, *database_, Now(), nullptr); }
};

TEST_F(MaintenanceTest, SmallExtentsBecomeOneThatKeepsEverything) {
  std::vector<std::string> expected;
  int64_t first = 0;
  int64_t last = 0;
  for (int i = 0; i < 10; ++i) {
    clock().Advance(kTicksPerMinute);
    last = AddRow(i, {i % 2 == 0 ? "even" : "odd"});
    if (i == 0) first = last;
    expected.push_back(std::to_string(i) + "|x|" + std::to_string(last));
  }
  EXPECT_EQ(Merge(), 1);
  ASSERT_EQ(Table()->extents.size(), 1u);
  ExtentPtr merged = Table()->extents.begin()->second;
  EXPECT_EQ(merged->file->rows, 10);
  EXPECT_EQ(merged->min_created_ticks, first);
  EXPECT_EQ(merged->max_created_ticks, last);
  EXPECT_EQ(merged->min_ingested, first);
  EXPECT_EQ(merged->max_ingested, last);
  EXPECT_EQ(merged->tags, (Strings{"even", "odd"}));
  EXPECT_EQ(database_->state()->cursor_position, last) << "a merge is no new data";
  engine::TableScan scan = Scan("T", {0, 1});
  scan.need_ingestion_time = true;
  EXPECT_EQ(Rows(scan, "c0, c1, c_it"), expected);
  catalog_.reset();
  scan = {};
  cluster_->CollectGarbage();
  EXPECT_EQ(files().List(database_->extents().folder())->size(), 1u);
}

TEST_F(MaintenanceTest, MergedRowsMergeAgainWithTheirTimes) {
  std::vector<std::string> expected;
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 8; ++i) {
      clock().Advance(kTicksPerSecond);
      expected.push_back(std::to_string(round * 8 + i) + "|" +
                         std::to_string(AddRow(round * 8 + i)));
    }
    Merge();
  }
  Merge();
  EXPECT_LT(Table()->extents.size(), 9u);
  engine::TableScan scan = Scan("T", {0});
  scan.need_cursor = true;
  auto rows = Rows(scan, "lpad(c0::VARCHAR, 2, '0')");
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows.size(), 64u);
  auto times = Rows(scan, "c0, c_cur");
  std::sort(times.begin(), times.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(times, expected);
}

TEST_F(MaintenanceTest, ANewIngestionTimeReplacesTheRowsOwn) {
  for (int i = 0; i < 8; ++i) AddRow(i);
  ASSERT_EQ(Merge(), 1);
  Put(NewTable("t2", "D", {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}));
  std::string id = Table()->extents.begin()->second->id;
  clock().Advance(kTicksPerHour);
  auto moved = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.MoveExtents("t1", "t2", {{id, random().Guid()}}, true);
  });
  ASSERT_TRUE(moved);
  engine::TableScan scan = Scan("D", {});
  scan.need_ingestion_time = true;
  EXPECT_EQ(Rows(scan, "count(*), min(c_it), max(c_it)"),
            (Strings{"8|" + std::to_string(moved->ticks) + "|" + std::to_string(moved->ticks)}));
}

TEST_F(MaintenanceTest, UndatedAndDatedRowsMerge) {
  for (int i = 0; i < 5; ++i) AddRow(i);
  SetPolicy("ingestiontime", R"({"IsEnabled":false})");
  for (int i = 0; i < 5; ++i) AddRow(i);
  EXPECT_EQ(Merge(), 1);
  engine::TableScan scan = Scan("T", {});
  scan.need_ingestion_time = true;
  EXPECT_EQ(Rows(scan, "count(*), count(c_it)"), (Strings{"10|5"}));
}

TEST_F(MaintenanceTest, ThePolicyForbidsMerges) {
  for (int i = 0; i < 20; ++i) AddRow(i);
  SetPolicy("merge", R"({"AllowRebuild":false,"AllowMerge":false})");
  EXPECT_EQ(Merge(), 0);
  SetPolicy("merge", R"({"RowCountUpperBoundForMerge":10})");
  EXPECT_EQ(Merge(), 2);
  EXPECT_EQ(Table()->extents.size(), 2u);
}

TEST_F(MaintenanceTest, DropByTagsAndCreationTimesKeepExtentsApart) {
  int64_t day = kTicksPerDay;
  for (int i = 0; i < 8; ++i) AddRow(i, {"drop-by:a"});
  for (int i = 0; i < 7; ++i) AddRow(i, {"drop-by:b"});
  for (int i = 0; i < 16; ++i) AddRow(i, {}, "", Now() - (i < 8 ? 0 : 3 * day));
  for (int i = 0; i < 8; ++i) AddRow(i, {}, "", Now() - 100 * day);
  EXPECT_EQ(Merge(), 3);
  EXPECT_EQ(Table()->extents.size(), 1u + 7 + 2 + 8) << "too few, and too old, stay";
}

TEST_F(MaintenanceTest, AMergeThatComesTooLateChangesNothing) {
  AddRow(1, {}, "e1");
  AddRow(2, {}, "e2");
  auto merged = MergeExtents(*duck_, *database_, "t1", {"e1", "gone"}, nullptr);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().reason, "ExtentNotFound");
  EXPECT_EQ(merged.error().code, ErrorCode::kRedo);
  EXPECT_EQ(Table()->extents.size(), 2u);
  ASSERT_TRUE(MergeExtents(*duck_, *database_, "t1", {"e1", "e2"}, nullptr));
  EXPECT_EQ(Table()->rows, 2);
}

TEST_F(MaintenanceTest, RetentionTakesOldExtents) {
  AddRow(1, {}, "old", Now() - 10 * kTicksPerDay);
  AddRow(2, {}, "new", Now() - 2 * kTicksPerDay);
  EXPECT_EQ(ApplyRetention(*database_, Now()), 0);
  SetPolicy("retention", R"({"SoftDeletePeriod":"3.00:00:00","Recoverability":"Enabled"})");
  EXPECT_EQ(ApplyRetention(*database_, Now()), 1);
  EXPECT_EQ(Table()->FindExtent("old"), nullptr);
  EXPECT_NE(Table()->FindExtent("new"), nullptr);
}

TEST_F(MaintenanceTest, RetentionOfTheDatabaseHoldsForTablesWithoutOne) {
  AddRow(1, {}, "old", Now() - 10 * kTicksPerDay);
  ASSERT_TRUE(database_->Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
    DatabaseMeta meta = *state.meta;
    meta.policies["retention"] = R"({"SoftDeletePeriod":"3.00:00:00"})";
    transaction.PutDatabase(meta);
    return Status();
  }));
  SetPolicy("retention", R"({"SoftDeletePeriod":"100.00:00:00"})");
  EXPECT_EQ(ApplyRetention(*database_, Now()), 0);
  SetPolicy("retention", "null");
  EXPECT_EQ(ApplyRetention(*database_, Now()), 1);
}

TEST_F(MaintenanceTest, TagsExpire) {
  AddRow(1, {"drop-by:a", "other"}, "old", Now() - 10 * kTicksPerDay);
  AddRow(2, {"drop-by:a", "other"}, "new");
  SetPolicy("extent_tags_retention",
            R"([{"TagPrefix":"drop-by:","RetentionPeriod":"3.00:00:00"}])");
  EXPECT_EQ(ApplyTagRetention(*database_, Now()), 1);
  EXPECT_EQ(Table()->FindExtent("old"), nullptr) << "other tags, other id";
  EXPECT_NE(Table()->FindExtent("new"), nullptr);
  std::vector<Strings> tags;
  for (const auto& [ordinal, extent] : Table()->extents) tags.push_back(extent->tags);
  EXPECT_EQ(tags, (std::vector<Strings>{{"drop-by:a", "other"}, {"other"}}));
  EXPECT_EQ(ApplyTagRetention(*database_, Now()), 0);
}

TEST_F(MaintenanceTest, TablesDeleteThemselves) {
  AddRow(1);
  std::string expiry = FormatDateTime(Now() - 1);
  SetPolicy("auto_delete", R"({"ExpiryDate":")" + expiry + R"(","DeleteIfNotEmpty":false})");
  EXPECT_EQ(ApplyAutoDelete(*database_, Now()), 0);
  SetPolicy("auto_delete", R"({"ExpiryDate":")" + expiry + R"(","DeleteIfNotEmpty":true})");
  EXPECT_EQ(ApplyAutoDelete(*database_, Now()), 1);
  EXPECT_EQ(Table(), nullptr);
}

TEST_F(MaintenanceTest, TheThreadEndsPromptly) {
  MaintenanceOptions options;
  options.interval_s = 3600;
  World real{&files(), &world::SystemClock(), &random()};
  ClusterOptions cluster_options;
  cluster_options.storage = scratch() + "/other";
  auto cluster = Cluster::Open(real, nullptr, cluster_options);
  ASSERT_TRUE(cluster) << cluster.error().message;
  Maintenance maintenance(**cluster, duck_.get(), options);
  maintenance.RunOnce();
}

}  // namespace
}  // namespace kc::local
