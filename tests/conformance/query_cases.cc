// Cursors, counts, plans and fingerprints.
#include <algorithm>
#include <map>
#include <set>

#include "subject.h"

namespace kc::conformance {
namespace {

namespace commands = kusto::commands;

class Queries : public Conformance {
 protected:
  int64_t CountOf(const commands::Rows& rows) {
    const auto table = Query(commands::CountRows(rows));
    EXPECT_EQ(table.rows.size(), 1U);
    return table.rows.empty() ? -1 : kusto::GetInt(table, 0, "N");
  }
  struct Instant {
    int64_t ticks = 0;
    std::string extent;
    int64_t rows = 0;
  };
  std::vector<Instant> Plan(const commands::Rows& rows, std::optional<int64_t> beyond, int limit) {
    const auto table = Query(commands::PlanInstants(rows, beyond, limit));
    std::vector<Instant> plan;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      plan.push_back({kusto::GetInt(table, i, "Instant"), kusto::GetText(table, i, "ExtentId"),
                      kusto::GetInt(table, i, "N")});
    }
    return plan;
  }
  // Three appends at three times.
  commands::Rows Fill(const std::string& table) {
    Create(table);
    for (int i = 0; i < 3; ++i) {
      subject_->Append(table, i * 4, 4);
      (void)All(table);
      subject_->Wait(std::chrono::milliseconds(20));
    }
    return All(table);
  }
};

TEST_F(Queries, ACursorHoldsWhatCameBeforeIt) {
  Create("Flow", 4);
  const commands::Rows first = All("Flow");
  EXPECT_EQ(CountOf(first), 4);
  subject_->Append("Flow", 4, 3);
  const commands::Rows both = All("Flow");
  EXPECT_NE(first.upto, both.upto);
  EXPECT_EQ(CountOf(both), 7);
  EXPECT_EQ(CountOf(first), 4);
  commands::Rows second = both;
  second.after = first.upto;
  EXPECT_EQ(CountOf(second), 3);
  second.after = both.upto;
  EXPECT_EQ(CountOf(second), 0);
}

TEST_F(Queries, SeveralTablesAreCountedAtOnce) {
  Create("CountA", 3);
  Create("CountB", 5);
  Create("CountC");
  const auto table = Query(commands::CountTables({All("CountA"), All("CountB"), All("CountC")}));
  std::map<std::string, int64_t> counts;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    counts[kusto::GetText(table, i, "Table")] = kusto::GetInt(table, i, "N");
  }
  EXPECT_EQ(counts, (std::map<std::string, int64_t>{{"CountA", 3}, {"CountB", 5}}));
}

TEST_F(Queries, RowsWithAnIngestionTimeArentUndated) {
  Create("Dated", 3);
  (void)All("Dated");
  const auto table = Query(commands::CountUndated("Dated"));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(kusto::GetInt(table, 0, "Undated"), 0);
  EXPECT_EQ(kusto::GetInt(table, 0, "Total"), 3);
}

TEST_F(Queries, APlanIsAscendingAndWhole) {
  const commands::Rows rows = Fill("Planned");
  const auto plan = Plan(rows, {}, 1000);
  ASSERT_GE(plan.size(), 3U);
  int64_t sum = 0;
  std::set<std::string> extents;
  for (size_t i = 0; i < plan.size(); ++i) {
    sum += plan[i].rows;
    extents.insert(plan[i].extent);
    EXPECT_GE(plan[i].ticks, plan[i == 0 ? 0 : i - 1].ticks);
  }
  EXPECT_EQ(sum, 12);
  const auto ids = Ids("Planned");
  for (const auto& id : extents) EXPECT_NE(std::find(ids.begin(), ids.end(), id), ids.end()) << id;
  // Page by page.
  EXPECT_EQ(Plan(rows, {}, 1).size(), 1U);
  int64_t beyond = 0;
  for (const auto& instant : Plan(rows, plan[0].ticks, 1000)) {
    EXPECT_GT(instant.ticks, plan[0].ticks);
    beyond += instant.rows;
  }
  int64_t first = 0;
  for (const auto& instant : plan) first += instant.ticks == plan[0].ticks ? instant.rows : 0;
  EXPECT_EQ(first + beyond, 12);
}

TEST_F(Queries, RangesAndTheHorizonHoldTheirEnds) {
  commands::Rows rows = Fill("Ranges");
  const auto plan = Plan(rows, {}, 1000);
  const int64_t first = plan.front().ticks;
  const int64_t last = plan.back().ticks;
  ASSERT_LT(first, last);
  int64_t with_first = 0;
  int64_t with_last = 0;
  for (const auto& instant : plan) {
    with_first += instant.ticks == first ? instant.rows : 0;
    with_last += instant.ticks == last ? instant.rows : 0;
  }
  rows.ranges = {{first, first}};
  EXPECT_EQ(CountOf(rows), with_first);
  rows.ranges = {{first, first}, {last, last}};
  EXPECT_EQ(CountOf(rows), with_first + with_last);
  rows.ranges = {{first, last}};
  EXPECT_EQ(CountOf(rows), 12);
  rows.ranges = {{first + 1, last}};
  EXPECT_EQ(CountOf(rows), 12 - with_first);
  rows.ranges.clear();
  rows.not_before = first + 1;
  EXPECT_EQ(CountOf(rows), 12 - with_first);
  rows.not_before = first;
  EXPECT_EQ(CountOf(rows), 12);
}

TEST_F(Queries, EqualRowsHaveEqualSumsHoweverTheyLie) {
  Create("OneExtent", 12);
  const commands::Rows several = Fill("ThreeExtents");
  const auto sums = Sums(All("OneExtent"));
  EXPECT_EQ(sums.rows, 12);
  EXPECT_EQ(sums.Text(), Sums(several).Text());
  Create("OtherRows");
  subject_->Append("OtherRows", 1, 12);
  EXPECT_EQ(Sums(All("OtherRows")).rows, 12);
  EXPECT_NE(sums.Text(), Sums(All("OtherRows")).Text());
  Create("Doubled", 12);
  subject_->Append("Doubled", 0, 12);
  EXPECT_NE(sums.Text(), Sums(All("Doubled")).Text());
  Create("Empty");
  const auto none = Sums(All("Empty"));
  EXPECT_EQ(none.rows, 0);
  kusto::Fingerprint nothing;
  nothing.slices.resize(1);
  EXPECT_EQ(none.Text(), nothing.Text());
}

TEST_F(Queries, ResiduesCutRowsIntoParts) {
  Create("Cut", 40);
  commands::Rows rows = All("Cut");
  const auto whole = Sums(rows);
  kusto::Fingerprint parts;
  int not_empty = 0;
  for (int i = 0; i < 4; ++i) {
    rows.residue = {4, i};
    const auto part = Sums(rows);
    not_empty += part.rows > 0;
    parts += part;
  }
  EXPECT_EQ(parts.Text(), whole.Text());
  EXPECT_GE(not_empty, 2);
}

TEST_F(Queries, StagedRowsAreSummedPerExtent) {
  Create("Source", 9);
  Create("Staging");
  const std::string one = Token();
  const std::string other = Token();
  Stage("Source", "Staging", one);
  Stage("Source", "Staging", other);
  const auto columns = Table("Staging").columns;
  const auto table = Query(commands::StagedFingerprint("Staging", {one}, columns));
  const auto tagged = commands::ReadExtents(Show(commands::ShowExtentsByTag({"Staging"}, one)));
  ASSERT_TRUE(tagged);
  ASSERT_EQ(table.rows.size(), tagged->size());
  std::set<std::string> ids;
  for (const auto& extent : *tagged) ids.insert(extent.id);
  kusto::Fingerprint sums;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    EXPECT_TRUE(ids.contains(kusto::GetText(table, i, "ExtentId")));
    ASSERT_TRUE(kusto::AddFingerprintRow(table, i, 0, 1, sums));
  }
  EXPECT_EQ(sums.Text(), Sums(All("Source")).Text());
  EXPECT_TRUE(Query(commands::StagedFingerprint("Staging", {Token()}, columns)).rows.empty());
  const auto both = Query(commands::StagedFingerprint("Staging", {one, other}, columns));
  int64_t rows = 0;
  for (size_t i = 0; i < both.rows.size(); ++i) rows += kusto::GetInt(both, i, "N");
  EXPECT_EQ(rows, 18);
}

TEST_F(Queries, ColumnSumsNameTheColumnThatDiffers) {
  Create("Source", 9);
  Create("Staging");
  const std::string token = Token();
  Stage("Source", "Staging", token);
  const auto columns = Table("Source").columns;
  const auto source = Query(commands::ColumnFingerprints(All("Source"), columns, 0, 3));
  const auto staged = Query(commands::StagedColumnFingerprints("Staging", {token}, columns, 0, 3));
  ASSERT_EQ(source.rows.size(), 1U);
  ASSERT_EQ(staged.rows.size(), 1U);
  for (const char* name : {"N", "C0", "C1", "C2"}) {
    EXPECT_EQ(source.rows[0][*source.Find(name)], staged.rows[0][*staged.Find(name)]) << name;
  }
}

TEST_F(Queries, KindsOfTimesAskForAFormat) {
  Create("Times", 9);
  const auto columns = Table("Times").columns;
  const auto table = Query(commands::KindsOfTimes(All("Times"), columns));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(kusto::GetInt(table, 0, "N"), 0);  // whole seconds of our days
}

TEST_F(Queries, TheSelfTestAgreesWithItself) {
  const auto table = Query(commands::SelfTest());
  const Status same = commands::CompareSelfTests(table, table);
  EXPECT_TRUE(same) << same.error().message;
}

TEST_F(Queries, DaysSumUpToTheWhole) {
  Create("Days", 20);
  const auto columns = Table("Days").columns;
  const auto days = Query(commands::VerifyByDay("Days", columns, "at"));
  kusto::Fingerprint sums;
  for (size_t i = 0; i < days.rows.size(); ++i) {
    ASSERT_TRUE(kusto::AddFingerprintRow(days, i, 0, 1, sums));
  }
  EXPECT_EQ(sums.Text(), Sums(All("Days")).Text());
  EXPECT_GE(days.rows.size(), 2U);  // one for the rows without a time
}

TEST_F(Queries, AColumnThatIsntThereFailsForGood) {
  Create("Narrow", 2);
  const Error error =
      QueryFails(commands::SourceFingerprint(All("Narrow"), {{"nix", ScalarType::kLong}}));
  EXPECT_EQ(error.code, ErrorCode::kStop);
  commands::Rows gone = All("Narrow");
  gone.table = "NoSuchTable";
  EXPECT_EQ(QueryFails(commands::CountRows(gone)).code, ErrorCode::kStop);
}

}  // namespace
}  // namespace kc::conformance
