#include "local/commands/command.h"

#include <gtest/gtest.h>

#include "local/commands/scanner.h"

namespace kc::local {
namespace {

class CommandTest : public ::testing::Test {
 protected:
  void Add(const std::string& kind, const std::string& pattern) {
    registry_.Add({kind, pattern, CommandEffect::kReads,
                   [](const Command&, CommandContext&) -> Result<CommandResult> { return {}; }});
  }
  Command Parse(std::string_view text) {
    auto found = registry_.Find(text);
    if (!found) {
      ADD_FAILURE() << text << ": " << found.error().message;
      return {};
    }
    return found->command;
  }
  std::string ErrorOf(std::string_view text) {
    auto found = registry_.Find(text);
    return found ? "no error" : found.error().message;
  }
  CommandRegistry registry_;
};

TEST_F(CommandTest, NamesInEveryForm) {
  Add("Drop", ".drop table <T:table> [ifexists]");
  for (const char* text :
       {".drop table a_b1", ".DROP Table ['a_b1']", ".drop table [\"a_b1\"]", ".drop table 'a_b1'",
        "  .drop // comment\n table a_b1;", ".drop table [ 'a_b1' ] "}) {
    EXPECT_EQ(Parse(text).Text("T"), "a_b1") << text;
  }
  EXPECT_EQ(Parse(".drop table ['a \\'b\\' \\u00e9 .']").Text("T"), "a 'b' é .");
  EXPECT_EQ(Parse(".drop table 2020data").Text("T"), "2020data");
  const Command qualified = Parse(".drop table ['my db'].T ifexists");
  EXPECT_EQ(qualified.Database("T"), "my db");
  EXPECT_EQ(qualified.Text("T"), "T");
  EXPECT_TRUE(qualified.Has("ifexists"));
  EXPECT_EQ(Parse(".drop table database('d.x').['T']").Database("T"), "d.x");
  // Keywords are names too where a name stands.
  EXPECT_EQ(Parse(".drop table table").Text("T"), "table");
}

TEST_F(CommandTest, LongestKeywordIsNotSplit) {
  Add("Create", ".create table <T:name> <c:columns>");
  Add("CreateMerge", ".create-merge table <T:name> <c:columns>");
  EXPECT_EQ(Parse(".create-merge table T (a:int)").kind, "CreateMerge");
  EXPECT_EQ(Parse(".create table T (a:int)").kind, "Create");
}

TEST_F(CommandTest, Columns) {
  Add("Create", ".create table <T:name> <c:columns> [<with:with>]");
  const Command command = Parse(
      ".create table T (a:string, ['b c'] : long, d:System.Double) with (folder='x', "
      "docstring=\"y)\")");
  ASSERT_EQ(command.Columns("c").size(), 3u);
  EXPECT_EQ(command.Columns("c")[1], (ColumnSchema{"b c", ScalarType::kLong}));
  EXPECT_EQ(command.Columns("c")[2].type, ScalarType::kReal);
  EXPECT_EQ(command.Property("Folder"), "x");
  EXPECT_EQ(command.Property("docstring"), "y)");
  EXPECT_NE(ErrorOf(".create table T (a:strung)").find("'strung'"), std::string::npos);
  EXPECT_NE(ErrorOf(".create table T (a string)").find("':'"), std::string::npos);
}

TEST_F(CommandTest, PropertiesOfEveryKind) {
  Add("Ingest", ".ingest [async] into table <T:table> (<uris:strings>) [<with:with>]");
  const Command command = Parse(
      ".ingest async into table T ('a' h'b', @\"c\\d\") with (creationTime=datetime(2020-01-01), "
      "tags='[\"x\"]', persist=true, n=5, empty='', format=csv)");
  EXPECT_TRUE(command.Has("async"));
  EXPECT_EQ(command.List("uris"), (std::vector<std::string>{"ab", "c\\d"}));
  EXPECT_EQ(command.Property("creationtime"), "2020-01-01");
  EXPECT_EQ(command.Property("tags"), "[\"x\"]");
  EXPECT_TRUE(*command.BoolProperty("persist", false));
  EXPECT_FALSE(command.BoolProperty("n", false).has_value());
  EXPECT_EQ(command.Property("empty", "other"), "");
  EXPECT_FALSE(command.RefuseOtherProperties({"tags"}).has_value());
}

TEST_F(CommandTest, ChoicesAndOptionals) {
  Add("Kind", ".alter {level=database|table|materialized-view} <N:name> policy {x=hot cold|hot}");
  EXPECT_EQ(Parse(".alter materialized-view V policy hot").Text("level"), "materialized-view");
  EXPECT_EQ(Parse(".alter table V policy hot cold").Text("x"), "hot cold");
  EXPECT_NE(ErrorOf(".alter table V policy warm").find("'hot'"), std::string::npos);
}

TEST_F(CommandTest, GuidsTimesAndLists) {
  Add("Extents", ".move extents to table <T:name> (<ids:guids>) [hot = <span:timespan>]");
  const Command command = Parse(
      ".move extents to table T (6B29FC40-CA47-1067-B31D-00DD010662DA, "
      "\"6b29fc40ca471067b31d00dd010662da\") hot=1.5d");
  EXPECT_EQ(command.List("ids"),
            (std::vector<std::string>{"6b29fc40-ca47-1067-b31d-00dd010662da",
                                      "6b29fc40-ca47-1067-b31d-00dd010662da"}));
  EXPECT_EQ(command.Integer("span"), 36LL * 36'000'000'000);
}

TEST_F(CommandTest, RestAndBodies) {
  Add("Set", ".set-or-append [async] <T:table> [<with:with>] <| <q:rest>");
  Add("Function", ".create-or-alter function <F:name> <p:group> <b:body>");
  EXPECT_EQ(Parse(".set-or-append async X <| .show tables | where a == ')'").Text("q"),
            ".show tables | where a == ')'");
  // "async" may also be the table's name.
  EXPECT_EQ(Parse(".set-or-append async <| print 1").Text("T"), "async");
  const Command function =
      Parse(".create-or-alter function F(a:string='}', T:(x:long)) { T | where a == \"}\" /**/ }");
  EXPECT_EQ(function.Text("p"), "(a:string='}', T:(x:long))");
  EXPECT_EQ(function.Text("b"), "{ T | where a == \"}\" /**/ }");
}

TEST_F(CommandTest, WildcardsPairsDocs) {
  Add("Tables", ".show tables (<n:wildcards>)");
  Add("Rename", ".rename tables <p:pairs>");
  Add("Docs", ".alter table <T:name> column-docstrings <d:docs>");
  EXPECT_EQ(Parse(".show tables (A*, *b*, ['c d'])").List("n"),
            (std::vector<std::string>{"A*", "*b*", "c d"}));
  EXPECT_EQ(Parse(".rename tables A=B, ['c d'] = A").List("p"),
            (std::vector<std::string>{"A", "B", "c d", "A"}));
  EXPECT_EQ(Parse(".alter table T column-docstrings (a:'x', b:\"y\")").List("d"),
            (std::vector<std::string>{"a", "x", "b", "y"}));
}

TEST_F(CommandTest, UnknownCommands) {
  Add("Tables", ".show tables");
  EXPECT_NE(ErrorOf(".dance").find("not known"), std::string::npos);
  EXPECT_NE(ErrorOf(".show tables bogus").find("'bogus'"), std::string::npos);
  EXPECT_EQ(registry_.Find(".show tables bogus").error().code, ErrorCode::kStop);
}

TEST(SplitPipedCommand, FindsTheFirstPipeOfTheCommandItself) {
  EXPECT_EQ(SplitPipedCommand(".show tables | where a == '|' | count").command, ".show tables");
  EXPECT_EQ(SplitPipedCommand(".show tables | where a == '|' | count").query,
            "where a == '|' | count");
  EXPECT_EQ(SplitPipedCommand(".create function F() { T | count }").query, "");
  EXPECT_EQ(SplitPipedCommand(".append T <| X | count").query, "");
  EXPECT_EQ(SplitPipedCommand(".show table ['a|b'] extents // it's | no\n | count").query, "count");
}

TEST(Scanner, Strings) {
  EXPECT_EQ(*Scanner(R"("a\tb\"\x41\u0041" 'c')").String(), "a\tb\"AAc");
  EXPECT_EQ(*Scanner(R"(@"a\""b")").String(), R"(a\"b)");
  EXPECT_EQ(*Scanner("```{\n\"a\":'1'}```").String(), "{\n\"a\":'1'}");
  EXPECT_EQ(*Scanner("\"\\ud83d\\ude00\"").String(), "😀");
  EXPECT_FALSE(Scanner("\"open").String().has_value());
  EXPECT_FALSE(Scanner("\"bad \\q\"").String().has_value());
  bool obfuscated = false;
  EXPECT_EQ(*Scanner("h@'x'").String(&obfuscated), "x");
  EXPECT_TRUE(obfuscated);
}

}  // namespace
}  // namespace kc::local
