// Databases, tables, policies, functions, scripts.
#include <algorithm>

#include "subject.h"

namespace kc::conformance {
namespace {

namespace commands = kusto::commands;
using enum ScalarType;

constexpr const char* kNotFound = "BadRequest_EntityNotFound";

class Schema : public Conformance {
 protected:
  std::vector<commands::TableDetails> Details(const std::string& table) {
    auto read = commands::ReadTableDetails(Show(commands::ShowTableDetails(table)));
    EXPECT_TRUE(read);
    return read.value_or(std::vector<commands::TableDetails>());
  }
  std::vector<std::string> TableNames() {
    const auto table = Show(commands::ShowTables());
    std::vector<std::string> names;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      names.push_back(kusto::GetText(table, i, "TableName"));
    }
    return names;
  }
  bool Has(const std::string& name) {
    const auto names = TableNames();
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  std::vector<ColumnSchema> ColumnsOf(const std::string& name) {
    auto read = commands::ReadTableSchema(Show(commands::ShowTableSchema(name)));
    EXPECT_TRUE(read);
    return read ? read->columns : std::vector<ColumnSchema>();
  }
  std::string DocstringOf(const std::string& function) {
    const auto functions = commands::ReadFunctions(Show(commands::ShowFunctions()));
    EXPECT_TRUE(functions);
    for (const auto& one : *functions) {
      if (one.name == function) return one.docstring;
    }
    return "not there";
  }
};

TEST_F(Schema, TheClusterTellsItsVersionAndDatabases) {
  EXPECT_EQ(Show(commands::ShowVersion()).rows.size(), 1U);
  const auto all = commands::ReadDatabases(Show(commands::ShowDatabases()));
  ASSERT_TRUE(all);
  const auto mine = std::find_if(all->begin(), all->end(), [this](const auto& one) {
    return one.name == subject_->database();
  });
  ASSERT_NE(mine, all->end());
  EXPECT_FALSE(mine->id.empty());
}

TEST_F(Schema, RequestsToADatabaseThatIsntThereFail) {
  auto request = Ask(commands::ShowTables());
  request.database = "NoSuchDatabase";
  const auto shown = subject_->client().Show(request);
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().code, ErrorCode::kStop);
  request.text = "print x = 1";
  const auto asked = subject_->client().Query(request);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kStop);
  request.text = commands::CreateTable(Table("Nowhere"));
  const auto sent = subject_->client().Command(request);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kStop);
}

TEST_F(Schema, ATableIsAsItWasCreated) {
  commands::TableSchema schema{"Made",
                               {{"n", kLong},
                                {"odd 'name'", kString},
                                {"when", kDateTime},
                                {"bag", kDynamic},
                                {"d", kDecimal},
                                {"r", kReal},
                                {"g", kGuid},
                                {"b", kBool},
                                {"i", kInt},
                                {"s", kTimeSpan}},
                               "a/folder",
                               "says \"what\" it is"};
  Do(commands::DropTable("Made"));
  Do(commands::CreateTable(schema));
  EXPECT_TRUE(Has("Made"));
  const auto read = commands::ReadTableSchema(Show(commands::ShowTableSchema("Made")));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "Made");
  EXPECT_EQ(read->columns, schema.columns);
  const auto details = Details("Made");
  ASSERT_EQ(details.size(), 1U);
  EXPECT_EQ(details[0].name, "Made");
  EXPECT_EQ(details[0].folder, schema.folder);
  EXPECT_EQ(details[0].docstring, schema.docstring);
  EXPECT_EQ(details[0].table_id.size(), 36U);
  EXPECT_EQ(details[0].extents, 0);
  const auto all =
      commands::ReadDatabaseSchema(Show(commands::ShowDatabaseSchema(subject_->database())));
  ASSERT_TRUE(all);
  const auto mine = std::find_if(all->begin(), all->end(),
                                 [](const auto& table) { return table.name == "Made"; });
  ASSERT_NE(mine, all->end());
  EXPECT_EQ(mine->columns, schema.columns);
}

TEST_F(Schema, CreatingATableThatIsThereSucceedsAndChangesNothing) {
  Create("Twice", 3);
  const auto before = Details("Twice");
  Do(commands::CreateTable({"Twice", {{"other", kGuid}}, "", ""}));
  EXPECT_EQ(ColumnsOf("Twice"), Table("Twice").columns);
  EXPECT_EQ(Details("Twice").front().table_id, before.front().table_id);
  EXPECT_EQ(Count("Twice"), 3);
}

TEST_F(Schema, CreateMergeAddsColumnsAndKeepsRows) {
  Create("Wider", 3);
  auto wider = Table("Wider");
  wider.columns.push_back({"more", kReal});
  Do(commands::CreateMergeTable(wider));
  EXPECT_EQ(ColumnsOf("Wider"), wider.columns);
  EXPECT_EQ(Count("Wider"), 3);
  // Columns that aren't told stay.
  Do(commands::CreateMergeTable({"Wider", {{"n", kLong}}, "", ""}));
  EXPECT_EQ(ColumnsOf("Wider"), wider.columns);
}

TEST_F(Schema, ATableThatIsMadeAgainIsAnother) {
  Create("Again", 3);
  const std::string id = Details("Again").front().table_id;
  Do(commands::DropTable("Again"));
  EXPECT_FALSE(Has("Again"));
  Do(commands::DropTable("Again"));  // if exists
  Do(commands::CreateTable(Table("Again")));
  EXPECT_NE(Details("Again").front().table_id, id);
  EXPECT_EQ(Count("Again"), 0);
}

TEST_F(Schema, SeveralTablesAreDroppedAtOnce) {
  Create("First");
  Create("Second");
  Do(commands::DropTables({"First", "NeverThere", "Second"}));
  EXPECT_FALSE(Has("First"));
  EXPECT_FALSE(Has("Second"));
}

TEST_F(Schema, ARenamedTableKeepsItsIdAndRows) {
  Create("Before", 4);
  Do(commands::DropTable("After"));
  const std::string id = Details("Before").front().table_id;
  Do(".rename table ['Before'] to ['After']");
  EXPECT_FALSE(Has("Before"));
  EXPECT_EQ(Details("After").front().table_id, id);
  EXPECT_EQ(Count("After"), 4);
  EXPECT_EQ(Fails(".rename table ['Before'] to ['Other']").code, ErrorCode::kStop);
}

TEST_F(Schema, WhatIsAboutATableThatIsntThereFailsForGood) {
  for (const auto& text :
       {commands::ShowTableDetails("Nope"), commands::ShowTableSchema("Nope"),
        commands::ShowExtents("Nope"), commands::ShowExtentsByTag({"Nope"}, "t"),
        commands::ShowExtentsByIds("Nope", {"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
        commands::ShowTablePolicy("Nope", "retention")}) {
    const Error error = ShowFails(text);
    EXPECT_EQ(error.code, ErrorCode::kStop) << text;
    EXPECT_EQ(error.reason, kNotFound) << text;
  }
  Create("Here");
  for (const auto& text :
       {std::string(
            R"(.alter table ['Nope'] policy retention '{"SoftDeletePeriod":"1.00:00:00"}')"),
        std::string(".alter table ['Nope'] policy ingestiontime true"),
        commands::DropExtentTags("Nope", {"t"}),
        commands::MoveExtents("Nope", "Here", {"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, true),
        commands::MoveExtents("Here", "Nope", {"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, true)}) {
    const Error error = Fails(text);
    EXPECT_EQ(error.code, ErrorCode::kStop) << text;
    EXPECT_EQ(error.reason, kNotFound) << text;
  }
}

TEST_F(Schema, WhatIsNoCommandFailsForGood) {
  EXPECT_EQ(ShowFails(".show nonsense").code, ErrorCode::kStop);
  EXPECT_EQ(Fails(".do something else").code, ErrorCode::kStop);
  EXPECT_EQ(Fails(".create table ['Half'] (['n']:lon").code, ErrorCode::kStop);
  EXPECT_EQ(QueryFails("['Here'] | | count").code, ErrorCode::kStop);
  EXPECT_FALSE(Has("Half"));
}

TEST_F(Schema, StagingPoliciesReadBackAsTheyWereSet) {
  Create("Staging");
  for (const auto& policy : commands::StagingPolicies("Staging")) {
    Do(policy.set);
    const auto shown = commands::ReadPolicy(Show(policy.show));
    ASSERT_TRUE(shown) << policy.policy;
    const Status same = commands::CheckStagingPolicy(policy, *shown);
    EXPECT_TRUE(same) << policy.policy << ": " << same.error().message;
  }
}

TEST_F(Schema, APolicyThatIsntSetReadsAsNone) {
  Create("Plain");
  for (const char* policy : {"update", "row_level_security", "partitioning", "auto_delete"}) {
    const auto shown = commands::ReadPolicy(Show(commands::ShowTablePolicy("Plain", policy)));
    ASSERT_TRUE(shown) << policy;
    EXPECT_EQ(*shown, "") << policy;
  }
  const auto all =
      commands::ReadTablePolicies(Show(commands::ShowAllTablesPolicy("row_level_security")));
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->contains("Plain"));
}

TEST_F(Schema, AScriptEndsAtTheFirstCommandThatFails) {
  Do(commands::DropTables({"Script1", "Script2"}));
  (void)Do(commands::ExecuteScript(
      {commands::CreateTable(Table("Script1")), commands::CreateTable(Table("Script2"))}));
  EXPECT_TRUE(Has("Script1"));
  EXPECT_TRUE(Has("Script2"));
  Do(commands::DropTables({"Script1", "Script2"}));
  (void)Do(commands::ExecuteScript({commands::CreateTable(Table("Script1")),
                                    ".alter table NoSuchTable policy ingestiontime true",
                                    commands::CreateTable(Table("Script2"))}));
  EXPECT_TRUE(Has("Script1"));
  EXPECT_FALSE(Has("Script2"));
}

TEST_F(Schema, OnlyOneCreatesTheStatusFunction) {
  commands::StatusFunction function;
  function.name = "Conformance_Status";
  function.copy_id = "first";
  const auto file =
      subject_->lake().Grant("conformance/status.csv", azure::Access::kRead, std::chrono::hours(1));
  ASSERT_TRUE(file);
  ASSERT_TRUE(subject_->lake().Put("conformance/status.csv", "\"a\"\n"));
  function.files = {*file};
  const std::vector<ColumnSchema> columns = {{"Level", kString}};
  Do(commands::DropFunction(function.name));
  function.create_only = true;
  Do(commands::CreateStatusFunction(function, columns, ""));
  EXPECT_NE(DocstringOf(function.name).find("first"), std::string::npos);
  function.copy_id = "second";
  const Error error = Fails(commands::CreateStatusFunction(function, columns, ""));
  EXPECT_EQ(error.code, ErrorCode::kStop);
  EXPECT_EQ(error.reason, "BadRequest_EntityAlreadyExists");
  EXPECT_NE(DocstringOf(function.name).find("first"), std::string::npos);
  function.create_only = false;
  Do(commands::CreateStatusFunction(function, columns, ""));
  EXPECT_NE(DocstringOf(function.name).find("second"), std::string::npos);
  Do(commands::DropFunction(function.name));
  EXPECT_EQ(DocstringOf(function.name), "not there");
}

}  // namespace
}  // namespace kc::conformance
