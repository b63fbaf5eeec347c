// Commands on extents.
#include <gtest/gtest.h>

#include "local/testing/command_fixture.h"

namespace kc::local {
namespace {

using Lines = std::vector<std::string>;

class ExtentsTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    Run(".create table S (a:long, b:string)");
    Run(".create table D (b:string, a:long)");
    for (const char* row : {"1,x", "2,y", "3,z"}) {
      Run(std::string(".ingest inline into table S with (tags='[\"t") + row[0] + "\"]') <|\n" +
          row);
    }
  }
  Lines Ids(const std::string& table) {
    return Rows(".show table " + table + " extents | project tostring(ExtentId)");
  }
  static std::string List(const Lines& ids) {
    std::string out = "(";
    for (const std::string& id : ids) out += (out.size() > 1 ? "," : "") + id;
    return out + ")";
  }
};

TEST_F(ExtentsTest, ShowHasTheDocumentedColumns) {
  ValueTable table = Run(".show table S extents");
  Lines names;
  for (const auto& column : table.columns) names.push_back(column.name);
  EXPECT_EQ(names, (Lines{"ExtentId", "DatabaseName", "TableName", "MaxCreatedOn", "OriginalSize",
                          "ExtentSize", "CompressedSize", "IndexSize", "Blocks", "Segments",
                          "ExtentContainerId", "RowCount", "MinCreatedOn", "Tags", "Kind",
                          "DeletedRowCount"}));
  EXPECT_EQ(Rows(".show database extents | count"), Lines{"3"});
  EXPECT_EQ(Rows(".show cluster extents | count"), Lines{"3"});
  EXPECT_EQ(Rows(".show tables (S, D) extents | count"), Lines{"3"});
  Lines ids = Ids("S");
  EXPECT_EQ(Rows(".show table S extents (" + ids[1] + ") | project RowCount"), Lines{"1"});
}

TEST_F(ExtentsTest, TagFilters) {
  auto count = [&](const std::string& filter) {
    return Cell(".show table S extents where " + filter + " | count");
  };
  EXPECT_EQ(count("tags has 't1'"), "1");
  EXPECT_EQ(count("tags has 't'"), "0");
  EXPECT_EQ(count("tags contains 'T'"), "3");
  EXPECT_EQ(count("tags !has 't1'"), "2");
  EXPECT_EQ(count("tags contains 't' and tags !contains '2'"), "2");
  EXPECT_EQ(Fails(".show table S extents where rows has 't'"), "BadRequest_SyntaxError");
}

TEST_F(ExtentsTest, DeletedRecordsGoAndTheRestStaysAsItWas) {
  Run(".set-or-append S <| range i from 1 to 100 step 1 | project a=i, b=iff(i % 2 == 0, 'x', '')");
  Run(".append S <| datatable(a:long, b:string)[long(null), 'n', 7, 'twin', 7, 'twin']");
  const Lines before = Ids("S");
  const std::string rest =
      "S | where not(a > 90 and b == 'x') | extend t = ingestion_time() "
      "| order by t asc, a asc, b asc | project strcat(t, '|', a, '|', b)";
  const Lines wanted = Rows(rest);
  EXPECT_EQ(Run(".delete table S records with (whatif=true) <| S | where a > 90 and b == 'x'")
                .rows.size(),
            1u);
  EXPECT_EQ(Ids("S"), before);
  ValueTable deleted = Run(".delete table S records <| S | where a > 90 and b == 'x'");
  ASSERT_EQ(deleted.rows.size(), 1u);
  EXPECT_EQ(std::get<int64_t>(deleted.rows[0][2]), 5);
  EXPECT_EQ(Rows("S | where a > 90 and b == 'x' | count"), Lines{"0"});
  EXPECT_EQ(Rows(rest), wanted) << "their ingestion times, too";
  EXPECT_EQ(Ids("S").size(), before.size());
  // An extent of which nothing is left goes; equal rows go together; null isn't true.
  Run(".delete table S records <| S | where a == 1 and b == 'x'");
  EXPECT_EQ(Ids("S").size(), before.size() - 1);
  Run(".delete table S records <| S | where b == 'twin'");
  EXPECT_EQ(Rows("S | where b in ('twin', 'n') | project b"), Lines{"n"});
  EXPECT_EQ(Run(".delete table S records <| S | where a > 1000").rows.size(), 0u);
  EXPECT_EQ(Fails(".delete table S records <| S"), "BadRequest");
  EXPECT_EQ(Fails(".delete table None records <| None | where a > 0"), "BadRequest_EntityNotFound");
}

TEST_F(ExtentsTest, MoveByIdsIsAllOrNothing) {
  Lines ids = Ids("S");
  ValueTable moved = Run(".move extents from table S to table D with (setNewIngestionTime=true) " +
                         List({ids[0], ids[2]}));
  ASSERT_EQ(moved.rows.size(), 2u);
  EXPECT_EQ(Text(moved.rows[0][0]), ids[0]);
  EXPECT_NE(Text(moved.rows[0][1]), ids[0]);
  EXPECT_EQ(Rows("D | sort by a asc | project a, b"), (Lines{"1|x", "3|z"}));
  EXPECT_EQ(Rows(".show table D extents where tags has 't3' | count"), Lines{"1"});
  // One of them has gone: nothing happens.
  EXPECT_FALSE(Fails(".move extents from table S to table D " + List({ids[1], ids[0]})).empty());
  EXPECT_EQ(Rows("S | count"), Lines{"1"});
}

TEST_F(ExtentsTest, MoveAllAndByQueryAndAsync) {
  std::string operation = Cell(".move async extents from table S to table D " + List(Ids("S")));
  EXPECT_EQ(Await(operation), "Completed");
  EXPECT_EQ(Rows(".show operation " + operation + " details | count"), Lines{"3"});
  Run(".move extents all from table D to table S");
  EXPECT_EQ(Rows("S | count"), Lines{"3"});
  Run(".move extents to table D <| .show table S extents where tags has 't2'");
  EXPECT_EQ(Rows("D | project a"), Lines{"2"});
}

TEST_F(ExtentsTest, MoveChecksTheSchema) {
  Run(".create table Other (a:string, b:string)");
  EXPECT_FALSE(Fails(".move extents all from table S to table Other").empty());
  Run(".create table Wider (a:long, b:string, c:real)");
  Run(".move extents all from table S to table Wider");
  EXPECT_EQ(Rows("Wider | where isnull(c) | count"), Lines{"3"});
}

TEST_F(ExtentsTest, MoveFiresUpdatePolicies) {
  Run(".create table Derived (n:long)");
  Run(R"(.alter table Derived policy update @'[{"IsEnabled":true,"Source":"D",)"
      R"("Query":"D | project a + 100","IsTransactional":true}]')");
  Run(".move extents all from table S to table D");
  EXPECT_EQ(Rows("Derived | sort by n asc"), (Lines{"101", "102", "103"}));
}

TEST_F(ExtentsTest, Replace) {
  Run(".ingest inline into table D <|\nold,9");
  Run(".replace extents in table D <| { .show table D extents }, { .show table S extents }");
  EXPECT_EQ(Rows("D | sort by a asc | project a"), (Lines{"1", "2", "3"}));
  EXPECT_EQ(Rows("S | count"), Lines{"0"});
}

TEST_F(ExtentsTest, Drop) {
  Lines ids = Ids("S");
  EXPECT_EQ(Rows(".drop-pretend extents from S | count"), Lines{"3"});
  Run(".drop extents (" + ids[0] + ") from S");
  EXPECT_EQ(Rows("S | sort by a asc | project a"), (Lines{"2", "3"}));
  EXPECT_EQ(Fails(".drop extent " + ids[0]), "BadRequest_EntityNotFound");
  EXPECT_EQ(Run(".drop extents whatif <| .show table S extents").rows.size(), 2u);
  Run(".drop extents <| .show table S extents where tags has 't2'");
  EXPECT_EQ(Rows("S | project a"), Lines{"3"});
  EXPECT_EQ(Run(".drop extents older 1 days from all tables").rows.size(), 0u);
  Run(".drop extents from S");
  EXPECT_EQ(Rows("S | count"), Lines{"0"});
}

TEST_F(ExtentsTest, Tags) {
  Run(".alter-merge table S extent tags ('u') <| .show table S extents where tags has 't1'");
  EXPECT_EQ(Rows(".show table S extents where tags has 'u' and tags has 't1' | count"), Lines{"1"});
  Lines before = Ids("S");
  ValueTable dropped = Run(".drop table S extent tags ('u')");
  EXPECT_EQ(dropped.rows.size(), 1u);
  EXPECT_NE(Ids("S"), before);
  EXPECT_EQ(Rows(".show table S extents where tags has 'u' | count"), Lines{"0"});
  Run(".alter table S extent tags ('only') <| .show table S extents");
  EXPECT_EQ(Rows(".show table S extents | distinct Tags"), Lines{"only"});
  EXPECT_EQ(Rows("S | count"), Lines{"3"});
}

TEST_F(ExtentsTest, SurviveARestart) {
  Run(".move extents all from table S to table D");
  Close();
  Open();
  EXPECT_EQ(Rows("D | sort by a asc | project a, b"), (Lines{"1|x", "2|y", "3|z"}));
}

TEST_F(ExtentsTest, MergeByIds) {
  Lines ids = Ids("S");
  std::string times = "S | sort by a asc | project a, ingestion_time()";
  Lines before = Rows(times);
  ValueTable merged = Run(".merge S " + List(ids) + " with (rebuild=true)");
  ASSERT_EQ(merged.rows.size(), 3u);
  EXPECT_EQ(Text(merged.rows[0][0]), ids[0]);
  EXPECT_EQ(Ids("S"), Lines{Text(merged.rows[2][1])});
  EXPECT_EQ(Rows(times), before);
  EXPECT_EQ(Rows("S | where extent_tags() has_cs 't2' | count"), Lines{"3"});
  EXPECT_EQ(Fails(".merge S " + List(ids)), "BadRequest_EntityNotFound");
  Run(".ingest inline into table S <|\n4,w");
  std::string operation = Cell(".merge async S " + List(Ids("S")));
  EXPECT_EQ(Await(operation), "Completed");
  EXPECT_EQ(Rows("S | summarize count(), dcount(extent_id())"), Lines{"4|1"});
}

}  // namespace
}  // namespace kc::local
