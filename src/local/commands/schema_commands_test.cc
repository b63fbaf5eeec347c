// The handlers of schema commands on a real catalog, without a server or an engine.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "local/catalog/cluster.h"
#include "local/commands/activities.h"
#include "local/commands/runner.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class SchemaCommandsTest : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    RegisterSchemaCommands(registry_);
    Open();
  }
  void TearDown() override {
    cluster_.reset();
    StorageFixture::TearDown();
  }
  void Open() {
    ClusterOptions options;
    options.storage = scratch() + "/storage";
    options.endpoint = "http://127.0.0.1:1";
    auto cluster = Cluster::Open({&files(), &clock(), &random()}, nullptr, options);
    ASSERT_TRUE(cluster.has_value()) << cluster.error().message;
    cluster_ = std::move(*cluster);
    runner_ = std::make_unique<Runner>(Runner::Parts{
        .cluster = cluster_.get(), .registry = &registry_, .activities = &activities_});
  }

  Result<ValueTable> Try(const std::string& text) {
    return runner_->RunToTable(text, std::string(kDefaultDatabase), request_,
                               std::make_shared<world::CancelToken>());
  }
  // Rows as "a|b|c", one line each; or the error.
  std::string Run(const std::string& text) {
    auto table = Try(text);
    if (!table) return "error: " + table.error().message;
    std::string out;
    for (const auto& row : table->rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (i != 0) out += "|";
        if (const auto* value = std::get_if<std::string>(&row[i])) out += *value;
        if (const auto* value = std::get_if<int64_t>(&row[i])) out += std::to_string(*value);
        if (const auto* value = std::get_if<bool>(&row[i])) out += *value ? "true" : "false";
      }
      out += "\n";
    }
    return out;
  }
  std::string Cell(const std::string& text, const std::string& column) {
    auto table = Try(text);
    if (!table) return "error: " + table.error().message;
    const auto index = table->Find(column);
    if (!index || table->rows.empty()) return "nothing";
    return std::get<std::string>(table->rows[0][*index]);
  }
  std::string Schema(const std::string& table) {
    return Cell(".show table " + table + " cslschema", "Schema");
  }

  CommandRegistry registry_;
  Activities activities_{clock(), 10};
  RequestOptions request_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Runner> runner_;
};

TEST_F(SchemaCommandsTest, CreateTableKeepsOneThatIsThere) {
  Run(".create table T (a:string, b:long) with (folder='f', docstring='d')");
  Run(".create table T (x:int)");
  EXPECT_EQ(Schema("T"), "a:string, b:long");
  EXPECT_EQ(Run(".show tables"), "T|NetDefaultDB|f|d\n");
}

TEST_F(SchemaCommandsTest, CreateMergeAddsColumnsButChangesNoType) {
  Run(".create table T (a:string)");
  Run(".create-merge table T (b:long, a:string)");
  EXPECT_EQ(Schema("T"), "a:string, b:long");
  EXPECT_NE(Run(".create-merge table T (c:int, a:long)").find("error"), std::string::npos);
  EXPECT_EQ(Schema("T"), "a:string, b:long");
}

TEST_F(SchemaCommandsTest, AlterReplacesTheColumns) {
  Run(".create table T (a:string, b:long, c:int)");
  Run(".alter table T (c:int, d:real, a:string)");
  EXPECT_EQ(Schema("T"), "c:int, d:real, a:string");
  EXPECT_NE(Run(".alter table Missing (a:int)").find("not found"), std::string::npos);
}

TEST_F(SchemaCommandsTest, BasedOnTakesPoliciesButNoUpdatePolicy) {
  Run(".create table S (x:int)");
  Run(".create table T (x:int)");
  Run(".alter table T policy retention softdelete = 1d");
  Run(".alter table T policy update @'[{\"Source\":\"S\",\"Query\":\"S\"}]'");
  Run(".create table N based-on T with (folder='n')");
  EXPECT_EQ(Run(".show tables (N)"), "N|NetDefaultDB|n|Created based on T\n");
  EXPECT_NE(Cell(".show table N policy retention", "Policy").find("1.00:00:00"), std::string::npos);
  EXPECT_EQ(Cell(".show table N policy update", "Policy"), "null");
  EXPECT_NE(Run(".create table N based-on T").find("already exists"), std::string::npos);
  EXPECT_EQ(Run(".create table N based-on T ifnotexists").find("error"), std::string::npos);
}

TEST_F(SchemaCommandsTest, RenamesSwapInOneTransaction) {
  Run(".create table A (a:int)");
  Run(".create table B (b:int)");
  Run(".rename tables A=B, B=A");
  EXPECT_EQ(Schema("A"), "b:int");
  EXPECT_EQ(Schema("B"), "a:int");
  EXPECT_NE(Run(".rename table A to B").find("already exists"), std::string::npos);
  EXPECT_NE(Run(".rename tables C=A, C=B").find("error"), std::string::npos);
  EXPECT_NE(Run(".rename tables C=Missing").find("not found"), std::string::npos);
  EXPECT_EQ(Run(".rename tables C=Missing ifexists").find("error"), std::string::npos);
}

TEST_F(SchemaCommandsTest, ColumnsRenameSwapDropAndChangeType) {
  Run(".create table T (a:string, ['b c']:long, d:int)");
  Run(".rename columns ['b c']=T.a, a=T.['b c']");
  EXPECT_EQ(Schema("T"), "['b c']:string, a:long, d:int");
  EXPECT_NE(Run(".rename column T.a to d").find("twice"), std::string::npos);
  Run(".alter column T.d type=string");
  Run(".drop column T.['b c']");
  EXPECT_EQ(Schema("T"), "a:long, d:string");
  EXPECT_NE(Run(".drop table T columns (a, d)").find("at least one"), std::string::npos);
}

TEST_F(SchemaCommandsTest, DropTellsWhatIsLeft) {
  Run(".create tables A (a:int), B (b:int), C (c:int)");
  EXPECT_EQ(Run(".drop tables (A, Missing) ifexists"), "B|NetDefaultDB\nC|NetDefaultDB\n");
  EXPECT_NE(Run(".drop tables (B, Missing)").find("not found"), std::string::npos);
  EXPECT_EQ(Run(".show tables").find("B|"), 0u) << "a command that fails changes nothing";
}

TEST_F(SchemaCommandsTest, FunctionsKeepWhatIsNotSaid) {
  Run(".create function with (folder='f', skipvalidation=true) F(a:long = 1) { print a }");
  EXPECT_NE(Run(".create function F() { print 1 }").find("already exists"), std::string::npos);
  Run(".create-or-alter function with (skipvalidation=true) F(b:long = 2) { print b }");
  EXPECT_EQ(Run(".show function F"), "F|(b:long = 2)|{ print b }|f|\n");
  EXPECT_NE(Run(".alter function G() { print 1 }").find("not found"), std::string::npos);
  EXPECT_NE(Run(".create function G() { where | }").find("error"), std::string::npos);
  EXPECT_EQ(Run(".drop function F"), "F\n");
  EXPECT_EQ(Run(".show functions"), "");
}

TEST_F(SchemaCommandsTest, MappingsByKindAndName) {
  Run(".create table T (a:string)");
  const std::string json = "[{\"Column\":\"a\",\"Properties\":{\"Ordinal\":0}}]";
  Run(".create table T ingestion csv mapping 'M' '" + json + "'");
  EXPECT_NE(Run(".create table T ingestion csv mapping 'M' '" + json + "'").find("already exists"),
            std::string::npos);
  Run(".create table T ingestion json mapping 'M' '[{\"Column\":\"a\"}]'");
  EXPECT_EQ(Cell(".show table T ingestion csv mapping 'M'", "Mapping"), json);
  EXPECT_NE(Run(".create table T ingestion csv mapping 'X' '{}'").find("array"), std::string::npos);
  Run(".drop table T ingestion csv mapping 'M'");
  EXPECT_NE(Run(".show table T ingestion csv mapping 'M'").find("not found"), std::string::npos);
  EXPECT_EQ(Cell(".show table T ingestion mappings", "Kind"), "Json");
}

TEST_F(SchemaCommandsTest, PoliciesFillInDefaultsAndAreDeleted) {
  Run(".create tables T (a:int), U (a:int)");
  EXPECT_EQ(
      Cell(".alter table T policy retention softdelete = 7d recoverability = disabled", "Policy"),
      R"({"SoftDeletePeriod":"7.00:00:00","Recoverability":"Disabled"})");
  EXPECT_EQ(Cell(".alter-merge table T policy retention softdelete = 8d", "Policy"),
            R"({"SoftDeletePeriod":"8.00:00:00","Recoverability":"Disabled"})");
  EXPECT_EQ(
      Cell(".alter table T policy ingestionbatching '{\"MaximumNumberOfItems\":7}'", "Policy"),
      R"({"MaximumBatchingTimeSpan":"00:05:00","MaximumNumberOfItems":7,)"
      R"("MaximumRawDataSizeMB":1024})");
  EXPECT_EQ(Run(".show table * policy retention"),
            "RetentionPolicy|[NetDefaultDB].[T]|{\"SoftDeletePeriod\":\"8.00:00:00\","
            "\"Recoverability\":\"Disabled\"}|[]|Table\n"
            "RetentionPolicy|[NetDefaultDB].[U]|null|[]|Table\n");
  EXPECT_EQ(Cell(".delete table T policy retention", "Policy"), "null");
  EXPECT_NE(Run(".alter table T policy retention '{\"Other\":1}'").find("Other"),
            std::string::npos);
  EXPECT_NE(Run(".alter table T policy merge '{\"AllowMerge\":3}'").find("AllowMerge"),
            std::string::npos);
  EXPECT_NE(Run(".alter database NetDefaultDB policy update '[]'").find("no update policy"),
            std::string::npos);
}

TEST_F(SchemaCommandsTest, TablesInheritThePoliciesOfTheirDatabase) {
  Run(".create table T (a:int)");
  Run(".alter database NetDefaultDB policy caching hot = 3d");
  const std::string shown = Cell(".show table T details", "CachingPolicy");
  EXPECT_NE(shown.find("3.00:00:00"), std::string::npos) << shown;
  EXPECT_EQ(Cell(".show table T policy caching", "Policy"), "null");
}

TEST_F(SchemaCommandsTest, TheScriptOfADatabaseMakesItAgain) {
  Run(".create table ['my table'] (['a b']:string, b:dynamic) with (folder='f\\\\x', "
      "docstring=\"q'\")");
  Run(".alter table ['my table'] column-docstrings (b:'doc')");
  Run(".alter table ['my table'] policy caching hot = 3d");
  Run(".alter table ['my table'] policy ingestiontime false");
  Run(".alter table ['my table'] policy roworder (b desc, ['a b'] asc)");
  Run(".alter column ['my table'].b policy encoding type='BigObject'");
  Run(".create table ['my table'] ingestion csv mapping 'm' '[{\"Column\":\"b\"}]'");
  Run(".create function with (skipvalidation=true, view=true) F() { ['my table'] }");
  Run(".add table ['my table'] admins ('aaduser=a;t') 'note'");
  const auto script = Try(".show database schema as csl script");
  ASSERT_TRUE(script.has_value());
  Run(".create database Copy");
  for (const auto& row : script->rows) {
    const std::string text = ReplaceAll(std::get<std::string>(row[0]), "NetDefaultDB", "Copy");
    const auto done = runner_->RunToTable(text, "Copy", request_, nullptr);
    EXPECT_TRUE(done.has_value()) << text << "\n" << done.error().message;
  }
  const auto again =
      runner_->RunToTable(".show database schema as csl script", "Copy", request_, nullptr);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->rows, script->rows);
}

TEST_F(SchemaCommandsTest, ScriptsStopOrGoOnAfterAnError) {
  const std::string script =
      "<|\n.create table A (a:int)\n.drop table Missing\n"
      ".show tables\n.create-or-alter function F() {\n  A\n}\n";
  auto table = Try(".execute database script " + script);
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(std::get<std::string>(table->rows[1][3]), "Failed");
  table = Try(".execute database script with (ContinueOnErrors=true) " + script);
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 4u);
  EXPECT_EQ(std::get<std::string>(table->rows[2][3]), "Skipped");
  EXPECT_FALSE(Try(".execute database script with (ThrowOnErrors=true) " + script).has_value());
}

TEST_F(SchemaCommandsTest, DatabasesAreMadeShownAndDropped) {
  EXPECT_EQ(Run(".create database ['d x'] persist (@'/a', @'/b')").find("error"),
            std::string::npos);
  EXPECT_NE(Run(".create database ['D X']").find("exists"), std::string::npos);
  EXPECT_EQ(Run(".create database ['d x'] volatile ifnotexists").find("error"), std::string::npos);
  EXPECT_EQ(Cell(".alter database ['d x'] prettyname 'Pretty'", "PrettyName"), "Pretty");
  EXPECT_EQ(Cell(".show database ['D x']", "DatabaseName"), "d x");
  Run(".create table ['d x'].T (a:int)");
  EXPECT_EQ(Cell(".show table database('d x').T cslschema", "Schema"), "a:int");
  Run(".drop database ['d x']");
  EXPECT_NE(Run(".show database ['d x'] details").find("error"), std::string::npos);
}

TEST_F(SchemaCommandsTest, AllIsThereAfterARestart) {
  Run(".create table T (a:string) with (docstring='d')");
  Run(".alter table T policy retention softdelete = 7d");
  Run(".create function with (skipvalidation=true) F() { T }");
  const std::string before = Run(".show database schema as csl script");
  cluster_.reset();
  Open();
  EXPECT_EQ(Run(".show database schema as csl script"), before);
}

TEST_F(SchemaCommandsTest, ReadOnlyRequestsChangeNothing) {
  request_.read_only = true;
  EXPECT_NE(Run(".create table T (a:int)").find("read-only"), std::string::npos);
  EXPECT_EQ(Run(".show tables"), "");
}

TEST_F(SchemaCommandsTest, NoTextCrashesParserOrHandlers) {
  const std::vector<std::string> texts = {
      ".create-merge table ['a b'] (a:string, ['b c']:dynamic) with (folder='x', docstring=\"y\")",
      ".alter table T policy caching hot = 3d, hot_window = datetime(2020-01-01) .. datetime(2021)",
      ".alter table T policy roworder '[{\"ColumnName\":\"a\",\"Direction\":\"desc\"}]'",
      ".alter-merge table T policy retention softdelete = 7d recoverability = disabled",
      ".alter table T policy update @'[{\"Source\":\"S\",\"Query\":\"S | take 1\"}]'",
      ".alter column T.a policy encoding '{\"EncodingPolicyType\":\"BigObject\"}'",
      ".alter table T policy partitioning ```{\"PartitionKeys\":[{\"ColumnName\":\"a\","
      "\"Kind\":\"Hash\"}]}```",
      ".create-or-alter function with (view=true) F(a:long = 5, T:(x:string)) { T | where x == a }",
      ".create table T ingestion csv mapping \"m\" '[{\"Column\":\"a\"}]'",
      ".add database NetDefaultDB admins ('aaduser=a@b.c;t', \"aadapp=x\") 'notes'",
      ".execute database script with (ContinueOnErrors=true) <|\n.create table A (a:int)\n.drop "
      "table A",
      ".rename tables A=B, B=A ifexists",
      ".show database NetDefaultDB schema as csl script",
      ".show tables (T*, ['a b']) details",
      ".show databases (NetDefaultDB) schema as json"};
  Run(".create table T (a:string)");
  uint64_t seed = 12345;
  const auto next = [&](size_t below) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<size_t>(seed >> 33) % below;
  };
  static constexpr std::string_view kMarks =
      "()[]{}'\"`~@\\,.=|<*:;-_ \n\x01\xff"
      "aT19/";
  for (int round = 0; round < 3000; ++round) {
    std::string text = texts[next(texts.size())];
    for (size_t change = next(4) + 1; change > 0 && !text.empty(); --change) {
      const size_t at = next(text.size());
      switch (next(4)) {
        case 0:
          text.erase(at, next(8) + 1);
          break;
        case 1:
          text.insert(at, 1, kMarks[next(kMarks.size())]);
          break;
        case 2:
          text[at] = kMarks[next(kMarks.size())];
          break;
        default:
          text += texts[next(texts.size())].substr(next(20));
      }
    }
    Run(text);  // answers or refuses
  }
  EXPECT_EQ(Run(".show database schema as csl script").find("error"), std::string::npos);
}

TEST_F(SchemaCommandsTest, BadNamesAreRefused) {
  EXPECT_NE(Run(".create table [''] (a:int)").find("not valid"), std::string::npos);
  EXPECT_NE(Run(".create table ['a\\nb'] (a:int)").find("not valid"), std::string::npos);
  EXPECT_NE(Run(".create table T (a:int, a:long)").find("twice"), std::string::npos);
  EXPECT_NE(Run(".create table T ()").find("at least one"), std::string::npos);
  EXPECT_NE(Run(".create table ['" + std::string(1025, 'x') + "'] (a:int)").find("not valid"),
            std::string::npos);
}

}  // namespace
}  // namespace kc::local
