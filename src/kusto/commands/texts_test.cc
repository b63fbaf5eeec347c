// Every text that kusto-copy can send, for hard names. Written as JSON lines to KC_TEXTS_OUT when
// that is set: tests/e2e/test_command_texts.py gives them to Microsoft's parser.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "kusto/commands/names.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/schema.h"
#include "kusto/commands/transfer.h"
#include "world/files.h"
#include "world/processes.h"

namespace kc::kusto::commands {
namespace {

struct Sent {
  std::string what, text;
  std::string table;  // whose schema a query needs
};

const std::vector<std::string>& HardNames() {
  static const std::vector<std::string> kNames = {
      "Simple", "with blank", "it's", "say \"hi\"", "a.b-c", "datetime", "Größe", "extents", "1st"};
  return kNames;
}

std::vector<ColumnSchema> AllTypes(int count = kScalarTypeCount) {
  std::vector<ColumnSchema> out;
  for (int i = 0; i < count; ++i) {
    std::string name = i < static_cast<int>(HardNames().size())
                           ? "c " + HardNames()[static_cast<size_t>(i)]
                           : "c" + std::to_string(i);
    out.push_back({name, static_cast<ScalarType>(i % kScalarTypeCount)});
  }
  return out;
}

constexpr const char* kId = "74be27de-1e4e-49d9-b579-fe0b331d3642";
constexpr const char* kOther = "8d3b8d5c-7c43-4c0a-9b0e-0c5d3f8f6a11";
constexpr int64_t kDay = 639'000'000'123'456'789;

void AddSchemaTexts(const std::string& name, std::vector<Sent>& out) {
  TableSchema schema{name, AllTypes(), "fol\"der", "it's a \\ doc"};
  auto add = [&](const char* what, std::string text) {
    out.push_back({what, std::move(text), ""});
  };
  add("show version", ShowVersion());
  add("show databases", ShowDatabases());
  add("show database", ShowDatabase(name));
  add("show tables", ShowTables());
  add("show tables details", ShowTablesDetails());
  add("show table details", ShowTableDetails(name));
  add("show database schema", ShowDatabaseSchema(name));
  add("show table schema", ShowTableSchema(name));
  add("show capacity", ShowCapacity());
  add("show functions", ShowFunctions());
  add("show materialized views", ShowMaterializedViews());
  for (const char* policy :
       {"retention", "merge", "update", "caching", "ingestiontime", "restricted_view_access",
        "row_level_security", "extent_tags_retention", "encoding", "partitioning", "auto_delete",
        "streamingingestion"}) {
    add("show policy", ShowTablePolicy(name, policy));
  }
  for (const char* policy :
       {"retention", "update", "row_level_security", "restricted_view_access", "ingestiontime"}) {
    add("show policies", ShowAllTablesPolicy(policy));
  }
  add("show database policy", ShowDatabasePolicy(name, "retention"));
  add("script", ExecuteScript({DropTable(name), DropTables({name, "other"})}));
  add("show schema script", ShowSchemaScript(name));
  add("show failures", ShowIngestionFailures(kId));
  add("create database", CreateDatabase(name));
  add("create table", CreateTable(schema));
  add("create-merge table", CreateMergeTable(schema));
  add("create based-on", CreateTableBasedOn(name, "other"));
  add("drop table", DropTable(name));
  add("drop tables", DropTables({name, "other"}));
  add("alter column type", AlterColumnType(name, "c say \"hi\"", ScalarType::kString));
  add("drop column", DropColumn(name, "it's"));
  add("alter encoding", AlterColumnEncoding(name, "c say \"hi\"", "BigObject"));
  for (const StagingPolicy& policy : StagingPolicies(name)) {
    add("staging policy", policy.set);
    add("staging policy", policy.show);
  }
  StatusFunction function{"KC_Status", "id", {"https://a.blob/c/f?sig=a%2Bb", "file:///x y"}, true};
  add("create function", CreateStatusFunction(function, AllTypes(), "| where true"));
  function.create_only = false;
  add("create-or-alter function", CreateStatusFunction(function, {{"a", ScalarType::kLong}}, ""));
  add("drop function", DropFunction("KC_Status"));
}

void AddTransferTexts(const std::string& name, std::vector<Sent>& out) {
  auto add = [&](const char* what, std::string text) {
    out.push_back({what, std::move(text), ""});
  };
  for (ExportFormat format :
       {ExportFormat::kParquet, ExportFormat::kParquetNanos, ExportFormat::kCsv}) {
    Rows rows{.table = name, .after = "", .upto = "123"};
    Export e{{"https://a.blob.core.windows.net/c/f?sp=w&sig=a%2Bb", "https://b/c;key=="},
             "part",
             format,
             RowsText(rows) + ExportProjection(AllTypes(), format),
             1 << 30,
             "per_node"};
    add("export", ExportAsync(e));
    rows.residue = Residue{3, 1};
    e.query = HashPrelude() + RowsText(rows, AllTypes()) + ExportProjection(AllTypes(), format);
    e.size_limit_bytes = 0;
    e.distribution = "";
    add("export a residue", ExportAsync(e));
    Ingest ingest{name, {"https://a/b.csv.gz?sig=x", "file:///l/b"}, format, "kc1token",
                  kDay, IngestionMapping(AllTypes(), format)};
    add("ingest", IngestAsync(ingest));
    add("ingest", IngestAsync({name, {"https://a/b"}, format, "kc1token", {}, ""}));
  }
  add("show operations", ShowOperations({kId, kOther}));
  add("show operations", ShowOperations({kId}));
  add("operation details", ShowOperationDetails(kId));
  add("commands of a request", ShowCommandsOf("KustoCopy.move;" + std::string(kId)));
  {
    Rows rows{.table = name, .after = "", .upto = "123", .residue = Residue{3, 1}};
    Export e{{"https://a.blob.core.windows.net/c/f?sp=w&sig=a%2Bb"},
             "part",
             ExportFormat::kCsv,
             HashPrelude() + RowsText(rows, AllTypes()) + HashedExportProjection(AllTypes())};
    add("export with hashes", ExportAsync(e));
  }
  add("show extents", ShowExtents(name));
  add("show extent sizes", ShowExtentSizes(name));
  add("show extents by ids", ShowExtentsByIds(name, {kId, kOther}));
  add("show extents by tag", ShowExtentsByTag({name}, "kc1token"));
  add("show extents by tag", ShowExtentsByTag({name, "other"}, "kc1token"));
  add("move extents", MoveExtents(name, "to", {kId, kOther}, true));
  add("move extents async", MoveExtents(name, "to", {kId}, true, true));
  add("move extents back", MoveExtents("from", name, {kId}, false));
  add("drop extent tags", DropExtentTags(name, {"kc1token", "it's"}));
  add("drop extents", DropExtents(name, {kId, kOther}));
}

void AddQueries(const std::string& name, std::vector<Sent>& out) {
  std::vector<ColumnSchema> columns = AllTypes();
  auto add = [&](const char* what, std::string text) {
    out.push_back({what, std::move(text), name});
  };
  Rows rows{.table = name, .after = "", .upto = "637239957206013576"};
  Rows ranges = rows;
  ranges.ranges = {{kDay, kDay}, {kDay + 10, kDay + 20}};
  ranges.not_before = kDay;
  Rows undated{.table = name, .undated = true};
  Rows split = ranges;
  split.residue = Residue{4, 3};
  add("cursor", CursorQuery());
  add("count", CountRows(rows));
  add("count undated", CountUndated(name));
  add("kinds of times", KindsOfTimes(rows, columns));
  add("count tables", CountTables({rows, rows}));
  add("plan", PlanInstants(rows, kDay, 1000));
  add("plan from the start", PlanInstants(ranges, {}, 1000));
  add("fingerprint", SourceFingerprint(ranges, columns));
  add("fingerprint undated", SourceFingerprint(undated, columns));
  add("fingerprint a residue", SourceFingerprint(split, columns));
  add("fingerprint staged", StagedFingerprint(name, {"kc1token", "kc2token"}, columns));
  add("column sums", ColumnFingerprints(split, columns, 2, 5));
  add("column sums staged", StagedColumnFingerprints(name, {"kc1token"}, columns, 0, 10));
  add("verify", VerifyByDay(name, columns, ""));
  add("verify by day", VerifyByDay(name, columns, columns[5].name));
  add("self test", SelfTest());
  add("sum exported hashes",
      SumExportedHashes({"https://a.blob.core.windows.net/c/f.csv.gz?sig=a%2Bb"}, columns));
}

std::vector<Sent> AllTexts() {
  std::vector<Sent> out;
  // The parser takes a tenth of a second for a command, a hundredth of that for a query.
  for (const std::string& name : {std::string("it's \"a.b\" - Größe"), std::string("datetime")}) {
    AddSchemaTexts(name, out);
    AddTransferTexts(name, out);
  }
  for (const std::string& name : HardNames()) AddQueries(name, out);
  return out;
}

TEST(CommandTexts, AreWrittenForTheJudge) {
  std::vector<Sent> all = AllTexts();
  EXPECT_GT(all.size(), 250u);
  std::string lines;
  for (const Sent& sent : all) {
    Json line{{"what", sent.what}, {"text", sent.text}};
    if (!sent.table.empty()) {
      line["table"] = sent.table;
      line["columns"] = Columns(AllTypes());
    }
    lines += DumpJson(line) + "\n";
  }
  // A wide table: the widest text that is sent in one piece.
  Json wide{{"what", "fingerprint of 1000 columns"}, {"table", "Wide"}};
  wide["text"] = SourceFingerprint({.table = "Wide", .after = "", .upto = "1"}, AllTypes(1000));
  wide["columns"] = Columns(AllTypes(1000));
  lines += DumpJson(wide) + "\n";
  std::string path = world::Environment("KC_TEXTS_OUT");
  if (!path.empty()) {
    ASSERT_TRUE(world::PosixFiles().WriteAtomic(path, lines));
  }
}

TEST(CommandTexts, NamesAreEscaped) {
  EXPECT_EQ(Name("T"), "['T']");
  EXPECT_EQ(Name("it's"), R"(['it\'s'])");
  EXPECT_EQ(Name("a\"b"), R"(['a"b'])");
  EXPECT_EQ(Name("a\\b"), R"(['a\\b'])");
  EXPECT_EQ(Name("a\\\"b"), R"(['a\\"b'])");
  EXPECT_EQ(TableRows("a\"b"), R"(table("a\"b", "all"))");
  EXPECT_EQ(Secret("x?sig=\"y\""), R"(h"x?sig=\"y\"")");
  EXPECT_EQ(DateTime(0), "datetime(0001-01-01T00:00:00.0000000Z)");
}

TEST(CommandTexts, MovesNameTheirExtents) {
  EXPECT_EQ(MoveExtents("S", "D", {kId, kOther}, true),
            std::string(".move extents from table ['S'] to table ['D'] with "
                        "(setNewIngestionTime=true) (") +
                kId + ", " + kOther + ")");
  EXPECT_EQ(MoveExtents("S", "D", {kId}, false).find("setNew"), std::string::npos);
}

TEST(CommandTexts, RowsAreBoundByCursorAndTime) {
  Rows rows{.table = "T", .after = "c0", .upto = "c1", .ranges = {{0, 10'000'000}}};
  EXPECT_EQ(RowsText(rows),
            "table(\"T\", \"all\")\n| where cursor_after(\"c0\") and cursor_before_or_at(\"c1\")\n"
            "| where ingestion_time() between (datetime(0001-01-01T00:00:00.0000000Z) .. "
            "datetime(0001-01-01T00:00:01.0000000Z))");
}

TEST(CommandTexts, FilesHaveColumnsOfTheirOwn) {
  std::vector<ColumnSchema> columns = {{"a b", ScalarType::kLong}, {"d", ScalarType::kDynamic}};
  EXPECT_EQ(ExportProjection(columns, ExportFormat::kParquet),
            "\n| project c0 = ['a b'], c1 = ['d']");
  EXPECT_EQ(IngestionMapping(columns, ExportFormat::kParquet),
            R"([{"Column":"a b","Properties":{"Path":"$.c0"}},)"
            R"({"Column":"d","Properties":{"Path":"$.c1"}}])");
  EXPECT_EQ(IngestionMapping(columns, ExportFormat::kCsv),
            R"([{"Column":"a b","Properties":{"Ordinal":"0"}},)"
            R"({"Column":"d","Properties":{"Ordinal":"1"}}])");
  EXPECT_NE(
      ExportProjection(columns, ExportFormat::kCsv).find("dynamic_to_json(pack_array(['d']))"),
      std::string::npos);
  // A single column: an empty value must not make an empty line.
  EXPECT_NE(ExportProjection({columns[0]}, ExportFormat::kCsv).find(", kc_end = 1"),
            std::string::npos);
  EXPECT_EQ(FirstFormat(columns), ExportFormat::kParquet);
  EXPECT_EQ(FirstFormat({{"g", ScalarType::kGuid}}), ExportFormat::kCsv);
  EXPECT_EQ(FirstFormat({{"t", ScalarType::kTimeSpan}}), ExportFormat::kCsv);
}

TEST(CommandTexts, FineTimesGoAsNanoseconds) {
  const std::vector<ColumnSchema> columns = {{"at", ScalarType::kDateTime}};
  EXPECT_EQ(ExportProjection(columns, ExportFormat::kParquetNanos),
            "\n| project c0 = tolong(['at'] - datetime(1970-01-01)) * 100");
  EXPECT_EQ(IngestionMapping(columns, ExportFormat::kParquetNanos),
            R"([{"Column":"at","Properties":{"Path":"$.c0",)"
            R"("Transform":"DateTimeFromUnixNanoseconds"}}])");
  using enum ExportFormat;
  EXPECT_EQ(FormatForTimes(kParquet, 0), kParquet);
  EXPECT_EQ(FormatForTimes(kParquet, kFarTimes), kParquet);
  EXPECT_EQ(FormatForTimes(kParquet, kFineTimes), kParquetNanos);
  EXPECT_EQ(FormatForTimes(kParquet, kFineTimes | kFarTimes), kCsv);
  EXPECT_EQ(FormatForTimes(kCsv, kFineTimes), kCsv);
}

}  // namespace
}  // namespace kc::kusto::commands
