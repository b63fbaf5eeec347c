#include "local/catalog/extent_scan.h"

#include <gtest/gtest.h>

#include "local/testing/table_fixture.h"

namespace kc::local {
namespace {

using ExtentScanTest = TableFixture;
using Strings = std::vector<std::string>;

TEST_F(ExtentScanTest, OlderExtentsLackNewerColumns) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  Add("T", "SELECT 1::BIGINT AS c0");
  TableMeta meta = Meta("T");
  meta.AddColumn("text", ScalarType::kString);
  meta.AddColumn("number", ScalarType::kInt);
  meta.AddColumn("id", ScalarType::kGuid);
  Put(meta);
  Add("T", "SELECT 2::BIGINT AS c0, 'x' AS c1, 3::INTEGER AS c2, NULL::UUID AS c3");
  EXPECT_EQ(Rows(Scan("T", {0, 1, 2, 3}), "c0, '<' || c1 || '>', coalesce(c2::VARCHAR, 'null')"),
            (Strings{"1|<>|null", "2|<x>|3"}));
  EXPECT_EQ(Rows(Scan("T", {}), "count(*)"), (Strings{"2"}));
}

TEST_F(ExtentScanTest, ColumnsComeByIdNotByName) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}, {"b", ScalarType::kLong}}));
  Add("T", "SELECT 1::BIGINT AS c0, 2::BIGINT AS c1");
  TableMeta meta = Meta("T");
  std::swap(meta.columns[0], meta.columns[1]);
  meta.columns.erase(meta.columns.begin());  // drops b
  meta.AddColumn("b", ScalarType::kLong);    // another b
  Put(meta);
  EXPECT_EQ(Rows(Scan("T", {0, 1}), "c0, coalesce(c1::VARCHAR, 'null')"), (Strings{"1|null"}));
}

TEST_F(ExtentScanTest, AColumnOfAnotherTypeBeginsAsNull) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kString}, {"b", ScalarType::kLong}}));
  Add("T", "SELECT 'text' AS c0, 1::BIGINT AS c1");
  TableMeta meta = Meta("T");
  meta.columns[0].type = ScalarType::kLong;
  Put(meta);
  EXPECT_EQ(Meta("T").columns[0].id, 2);
  EXPECT_EQ(Rows(Scan("T", {0, 1}), "coalesce(c0::VARCHAR, 'null'), c1"), (Strings{"null|1"}));
}

TEST_F(ExtentScanTest, HiddenColumns) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  std::string first = "00000000-0000-0000-0000-00000000000a";
  std::string second = "00000000-0000-0000-0000-00000000000b";
  int64_t time1 = Add("T", "SELECT i AS c0 FROM range(2) t(i)", {"x", "quote\"'"}, first);
  int64_t time2 = Add("T", "SELECT 10::BIGINT AS c0", {}, second);
  engine::TableScan scan = Scan("T", {0});
  scan.need_ingestion_time = scan.need_cursor = scan.need_extent_id = scan.need_extent_tags = true;
  std::string t1 = std::to_string(time1);
  std::string t2 = std::to_string(time2);
  std::string tags = "|[\"x\",\"quote\\\"'\"]";
  EXPECT_EQ(
      Rows(scan, "c0, c_it, c_cur, c_xid, c_tag"),
      (Strings{"0|" + t1 + "|" + t1 + "|" + first + tags, "1|" + t1 + "|" + t1 + "|" + first + tags,
               "10|" + t2 + "|" + t2 + "|" + second + "|[]"}));
  scan.columns.clear();
  scan.need_ingestion_time = scan.need_cursor = scan.need_extent_tags = false;
  EXPECT_EQ(Rows(scan, "c_xid"), (Strings{first, first, second}));
}

TEST_F(ExtentScanTest, MovedExtentsFindTheirColumns) {
  Put(NewTable("t1", "S", {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}));
  Put(NewTable(
      "t2", "D",
      {{"b", ScalarType::kString}, {"more", ScalarType::kReal}, {"a", ScalarType::kLong}}));
  int64_t old_time = Add("S", "SELECT 1::BIGINT AS c0, 'one' AS c1", {}, "e1");
  Add("D", "SELECT 'two' AS c0, 2.5::DOUBLE AS c1, 2::BIGINT AS c2");
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.MoveExtents("t1", "t2", {{"e1", random().Guid()}}, false);
  }));
  engine::TableScan scan = Scan("D", {0, 1, 2});
  scan.need_ingestion_time = true;
  EXPECT_EQ(Rows(scan, "c0, coalesce(c1::VARCHAR, 'null'), c2, c_it = " + std::to_string(old_time)),
            (Strings{"two|2.5|2|false", "one|null|1|true"}));
  EXPECT_EQ(Rows(Scan("S", {0}), "c0"), Strings());
}

TEST_F(ExtentScanTest, FiltersLeaveExtentsOut) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  int64_t time1 = Add("T", "SELECT i AS c0 FROM range(0, 10) t(i)", {"x"});
  Add("T", "SELECT i AS c0 FROM range(10, 20) t(i)", {"y"});
  using Kind = engine::ScanFilter::Kind;
  auto count = [&](engine::ScanFilter filter) {
    engine::TableScan scan = Scan("T", {0});
    scan.filter = std::move(filter);
    return Rows(scan, "c0").size();
  };
  engine::ScanFilter cursor{Kind::kCursor, {}, time1, INT64_MAX, {}, 0};
  EXPECT_EQ(count(cursor), 10u);
  EXPECT_EQ(count({Kind::kTagEquals, {}, 0, 0, {"x"}, 0}), 10u);
  EXPECT_EQ(count({Kind::kColumnRange, {}, 15, 100, {}, 0}), 10u);
  EXPECT_EQ(count({Kind::kColumnRange, {}, 5, 100, {}, 0}), 20u);
  EXPECT_EQ(count({Kind::kAny, {}, 0, 0, {}, 0}), 0u);
  EXPECT_EQ(count({Kind::kIngestion, {}, 0, time1, {}, 0}), 10u);
}

TEST_F(ExtentScanTest, UndatedRowsPassNoCursor) {
  TableMeta meta = NewTable("t1", "T", {{"a", ScalarType::kLong}});
  meta.policies.clear();
  Put(meta);
  EXPECT_GT(Add("T", "SELECT 1::BIGINT AS c0"), 0);
  engine::TableScan scan = Scan("T", {0});
  scan.need_ingestion_time = true;
  EXPECT_EQ(Rows(scan, "c0, coalesce(c_it::VARCHAR, 'null')"), (Strings{"1|null"}));
  scan.filter.kind = engine::ScanFilter::Kind::kCursor;
  EXPECT_EQ(Rows(scan, "c0"), Strings());
}

TEST_F(ExtentScanTest, ASnapshotStaysAsItWas) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  Add("T", "SELECT 1::BIGINT AS c0", {}, "e1");
  engine::TableScan scan = Scan("T", {0});
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.DropTable("t1");
  }));
  cluster_->CollectGarbage();
  EXPECT_EQ(Rows(scan, "c0"), (Strings{"1"}));
}

TEST_F(ExtentScanTest, TheCatalogAnswersForNames) {
  Put(NewTable("t1", "T1", {{"a", ScalarType::kLong}}));
  Put(NewTable("t2", "T2", {{"a", ScalarType::kLong}}));
  ASSERT_TRUE(cluster_->CreateDatabase("Other"));
  auto scan = Scan("T1", {});
  kql::Catalog& catalog = *catalog_;
  EXPECT_EQ(*catalog.ListTables({}, "T*"), (Strings{"T1", "T2"}));
  EXPECT_EQ(*catalog.ListDatabases("", "*"), (Strings{"NetDefaultDB", "Other"}));
  EXPECT_EQ(*catalog.FindTable({}, "t1", kql::TableKind::kTable), nullptr) << "case matters";
  EXPECT_NE(
      *catalog.FindTable({"http://localhost:8080", "netdefaultdb"}, "T1", kql::TableKind::kTable),
      nullptr);
  EXPECT_EQ(*catalog.FindTable({"", "Other"}, "T1", kql::TableKind::kTable), nullptr);
  EXPECT_FALSE(catalog.FindTable({"", "Missing"}, "T1", kql::TableKind::kTable));
  EXPECT_FALSE(catalog.FindTable({"help.kusto.windows.net", "X"}, "T1", kql::TableKind::kTable));
  EXPECT_EQ(catalog.DecodeCursor({}, *catalog.CursorCurrent({})),
            database_->state()->cursor_position);
}

}  // namespace
}  // namespace kc::local
