#include "checker.h"

#include <gtest/gtest.h>

namespace kc::sim {
namespace {

TEST(Checker, EqualTablesAreClean) {
  const Tables tables = {{"A", {{"1", 1}, {"2", 2}}}, {"B", {}}};
  EXPECT_TRUE(CompareTables(tables, tables).clean());
  EXPECT_EQ(CompareTables(tables, tables).Text(), "");
}

TEST(Checker, TellsLostDoubledAndChanged) {
  const Tables source = {{"A", {{"1", 1}, {"2", 2}, {"3", 1}}}};
  EXPECT_EQ(CompareTables(source, {}).Count(Flaw::kLost), 4);
  Report report = CompareTables(source, {{"A", {{"1", 3}, {"2", 1}, {"3", 1}}}});
  EXPECT_EQ(report.Count(Flaw::kDoubled), 2);
  EXPECT_EQ(report.Count(Flaw::kLost), 1);
  EXPECT_FALSE(report.Has(Flaw::kChanged));
  report = CompareTables(source, {{"A", {{"1", 1}, {"2", 2}, {"4", 1}}}});
  EXPECT_EQ(report.Count(Flaw::kChanged), 1);
  EXPECT_FALSE(report.Has(Flaw::kLost));
}

TEST(Checker, RowsOfOthersDontCount) {
  const Tables source = {{"A", {{"1", 1}}}};
  EXPECT_TRUE(
      CompareTables(source, {{"A", {{"1", 2}, {"x", 1}}}}, {{"A", {{"1", 1}, {"x", 1}}}}).clean());
}

TEST(Checker, TellsWhatLiesAround) {
  Leftovers left;
  left.destination_tables = {"A"};
  left.functions = {"KC_Status"};
  left.objects = {"lake/Db/checkpoint/manifest.json", "lake/Db/checkpoint/g1.csv"};
  EXPECT_TRUE(FindGarbage(left, {"A"}).clean());
  left.destination_tables.push_back("KcStaging_1");
  left.tags = {"A: kc1"};
  left.functions.push_back("Mine");
  left.objects.push_back("lake/Db/checkpoint/g2.csv");
  left.objects.push_back("lake/Db/data/g1/i1-t1-b1-e1-x/part_1.parquet");
  left.objects.push_back("lake/Db/checkpoint/beat.json");
  left.leases = {"lake/Db/checkpoint/manifest.json"};
  EXPECT_EQ(FindGarbage(left, {"A"}).Count(Flaw::kGarbage), 7);
}

TEST(Checker, TellsLies) {
  Report lost;
  lost.Add(Flaw::kLost, "A");
  EXPECT_TRUE(CompareTold({true, true, 5, "done", {}}, {}, 5).clean());
  EXPECT_TRUE(CompareTold({true, true, 5, "done", {}}, lost, 5).Has(Flaw::kLie));
  EXPECT_TRUE(CompareTold({true, true, 4, "done", {}}, {}, 5).Has(Flaw::kLie));
  EXPECT_TRUE(CompareTold({true, true, 5, "done", {"A: no"}}, {}, 5).Has(Flaw::kLie));
  EXPECT_TRUE(CompareTold({true, false, 5, "", {}}, {}, 5).Has(Flaw::kLie));
  EXPECT_TRUE(CompareTold({true, false, 2, "no rights", {}}, lost, 2).clean());
  EXPECT_TRUE(CompareTold({}, lost, 2).clean());  // who was killed says nothing
}

TEST(Checker, TellsTornInstants) {
  const std::map<int64_t, Tables> states = {
      {3, {{"A", {{"1", 1}}}, {"B", {{"1", 1}}}}},
      {5, {{"A", {{"1", 1}, {"2", 1}}}, {"B", {{"1", 1}, {"2", 1}}}}}};
  EXPECT_TRUE(FindInstant(states, states.at(3)).clean());
  EXPECT_TRUE(FindInstant(states, states.at(5)).clean());
  const Tables torn = {{"A", states.at(3).at("A")}, {"B", states.at(5).at("B")}};
  EXPECT_TRUE(FindInstant(states, torn).Has(Flaw::kTorn));
}

TEST(Checker, TellsPartsOfBlocks) {
  Checker checker;
  checker.Exported("A", "Db/data/g1/i1-t1-b1-e1-x", {{"1", 1}, {"2", 1}});
  checker.Look({});
  checker.Look({{"A", {{"1", 1}, {"2", 1}}}});
  EXPECT_TRUE(checker.Judge(0).clean());
  checker.Look({{"A", {{"1", 1}}}});
  EXPECT_EQ(checker.Judge(0).Count(Flaw::kPartial), 1);
  EXPECT_EQ(checker.looks(), 3);
}

TEST(Checker, RowsThatLeftTheSourceAreNoPart) {
  Checker checker;
  checker.Exported("A", "Db/data/g1/i1-t1-b1-e1-x", {{"1", 1}, {"2", 1}});
  checker.Vanished("A", {{"2", 1}});
  checker.Look({{"A", {{"1", 1}}}});
  EXPECT_TRUE(checker.Judge(0).clean());
}

TEST(Checker, TellsWorkThatIsRepeated) {
  Checker checker;
  checker.Exported("A", "Db/data/g1/i1-t1-b1-e1-x", {{"1", 1}});
  checker.Exported("A", "Db/data/g1/i1-t1-b2-e1-y", {{"2", 1}});
  checker.Recorded({"Db/data/g1/i1-t1-b1-e1-x"});
  checker.Exported("A", "Db/data/g2/i1-t1-b2-e2-z", {{"2", 1}});
  EXPECT_EQ(checker.repeated_recorded(), 0);
  EXPECT_TRUE(checker.Judge(1).clean());
  EXPECT_TRUE(checker.Judge(0).Has(Flaw::kRedo));
  checker.Exported("A", "Db/data/g2/i1-t1-b1-e2-z", {{"1", 1}});
  EXPECT_EQ(checker.repeated_recorded(), 1);
  EXPECT_TRUE(checker.Judge(100).Has(Flaw::kRedo));
}

TEST(Checker, AnEarlierSendThatArrivesLateIsNoRepeat) {
  Checker checker;
  checker.Exported("A", "Db/data/g2/i1-t1-b1-e2-y", {{"1", 1}});
  checker.Recorded({"Db/data/g2/i1-t1-b1-e2-y"});
  checker.Exported("A", "Db/data/g1/i1-t1-b1-e1-x", {{"1", 1}});
  EXPECT_EQ(checker.repeated_recorded(), 0);
  EXPECT_TRUE(checker.Judge(1).clean());
  EXPECT_TRUE(checker.Judge(0).Has(Flaw::kRedo));
}

TEST(Checker, TellsLateChanges) {
  Checker checker;
  checker.Sent(".move", 0);
  EXPECT_TRUE(checker.Judge(0).clean());
  checker.Sent(".move", 7);
  EXPECT_TRUE(checker.Judge(0).Has(Flaw::kLate));
}

}  // namespace
}  // namespace kc::sim
