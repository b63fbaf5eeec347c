// KQL over stored tables: the engine, the adapter, real files.
#include "local/catalog/query_catalog.h"

#include <gtest/gtest.h>

#include "base/ticks.h"
#include "engine/engine.h"
#include "local/testing/table_fixture.h"

namespace kc::local {
namespace {

class QueryCatalogTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    engine_ = *engine::Engine::Create();
  }
  // "a|b" per row; an error is "error: …".
  std::vector<std::string> Ask(const std::string& text, QueryScope scope = {}) {
    scope.database = "NetDefaultDB";
    auto catalog = QueryCatalog::Create(*cluster_, std::move(scope));
    EXPECT_TRUE(catalog) << catalog.error().message;
    engine::QueryRequest request;
    request.text = text;
    auto answer = engine_->Collect(request, **catalog, **catalog);
    if (!answer) return {"error: " + answer.error().message};
    std::vector<std::string> out;
    for (const std::vector<Value>& row : answer->rows) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        if (i > 0) line += '|';
        line += Show(row[i], answer->columns[i].type);
      }
      out.push_back(std::move(line));
    }
    return out;
  }
  static std::string Show(const Value& value, ScalarType type) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const double* real = std::get_if<double>(&value)) return std::to_string(*real);
    if (const std::string* text = std::get_if<std::string>(&value)) return *text;
    if (const int64_t* number = std::get_if<int64_t>(&value)) {
      return type == ScalarType::kDateTime ? FormatDateTime(*number) : std::to_string(*number);
    }
    return "null";
  }
  void PutFunction(StoredFunction function) {
    ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      transaction.PutFunction(function);
      return Status();
    }));
  }

  std::unique_ptr<engine::Engine> engine_;
};

using Strings = std::vector<std::string>;

TEST_F(QueryCatalogTest, ColumnsOfSeveralExtents) {
  Put(NewTable("t1", "T", {{"Key", ScalarType::kLong}}));
  Add("T", "SELECT i AS c0 FROM range(5) t(i)");
  TableMeta meta = Meta("T");
  meta.AddColumn("key", ScalarType::kString);
  meta.AddColumn("d", ScalarType::kDynamic);
  Put(meta);
  Add("T", "SELECT 10::BIGINT AS c0, 'x' AS c1, '{\"a\":[1,2]}' AS c2");
  EXPECT_EQ(Ask("T | count"), (Strings{"6"}));
  EXPECT_EQ(Ask("T | where Key > 3 | project Key, key, d.a[1] | sort by Key asc"),
            (Strings{"4||null", "10|x|2"}));
  EXPECT_EQ(Ask("T | summarize n=count(), s=sum(Key) by empty=isempty(key) | sort by n asc"),
            (Strings{"false|1|10", "true|5|10"}));
}

TEST_F(QueryCatalogTest, CursorsSelectWhatCameBetween) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  std::string before = Ask("print cursor_current()")[0];
  Add("T", "SELECT 1::BIGINT AS c0");
  std::string between = Ask("print cursor_current()")[0];
  Add("T", "SELECT 2::BIGINT AS c0");
  EXPECT_NE(before, between);
  EXPECT_EQ(Ask("T | where cursor_after('" + before + "') | sort by a asc"), (Strings{"1", "2"}));
  EXPECT_EQ(Ask("T | where cursor_after('" + between + "')"), (Strings{"2"}));
  EXPECT_EQ(Ask("T | where cursor_before_or_at('" + between + "')"), (Strings{"1"}));
  EXPECT_EQ(Ask("T | where cursor_after('" + between + "') | where cursor_before_or_at('" +
                between + "')"),
            Strings());
  EXPECT_EQ(Ask("T | where cursor_after('') | count"), (Strings{"2"}));
}

TEST_F(QueryCatalogTest, IngestionTimesAndExtents) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  std::string id = "00000000-0000-0000-0000-00000000000a";
  int64_t time = Add("T", "SELECT i AS c0 FROM range(3) t(i)", {"drop-by:x", "y"}, id);
  clock().Advance(kTicksPerDay);
  Add("T", "SELECT 7::BIGINT AS c0");
  EXPECT_EQ(Ask("T | where a == 1 | project ingestion_time(), extent_id(), extent_tags()"),
            (Strings{FormatDateTime(time) + "|" + id + "|[\"drop-by:x\",\"y\"]"}));
  EXPECT_EQ(Ask("T | where ingestion_time() between (datetime(" + FormatDateTime(time) +
                ") .. 1h) | count"),
            (Strings{"3"}));
  EXPECT_EQ(Ask("T | summarize count() by extent_id() | sort by count_ desc | project count_"),
            (Strings{"3", "1"}));
  EXPECT_EQ(Ask("T | where extent_tags() has_cs 'drop-by:x' | count"), (Strings{"3"}));
  EXPECT_EQ(Ask("T | where extent_id() == guid(" + id + ") | count"), (Strings{"3"}));
}

TEST_F(QueryCatalogTest, FunctionsAndOtherDatabases) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  Add("T", "SELECT i AS c0 FROM range(5) t(i)");
  PutFunction({"Above", "(limit:long)", "{ T | where a > limit }", "", "", false, false});
  EXPECT_EQ(Ask("Above(2) | count"), (Strings{"2"}));
  ASSERT_TRUE(cluster_->CreateDatabase("Other"));
  EXPECT_EQ(Ask("database('NetDefaultDB').T | count"), (Strings{"5"}));
  EXPECT_TRUE(Ask("database('Other').T | count")[0].starts_with("error: "));
  EXPECT_TRUE(Ask("database('None').T | count")[0].starts_with("error: "));
  EXPECT_TRUE(Ask("Missing | count")[0].starts_with("error: "));
}

TEST_F(QueryCatalogTest, AnUpdatePolicySeesOnlyTheNewRows) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  Add("T", "SELECT i AS c0 FROM range(5) t(i)");
  Add("T", "SELECT 100::BIGINT AS c0", {}, "e2");
  QueryScope scope;
  scope.only_extents["T"] = {database_->state()->FindTable("T")->FindExtent("e2")};
  EXPECT_EQ(Ask("T | project a + 1", std::move(scope)), (Strings{"101"}));
}

TEST_F(QueryCatalogTest, RowLevelSecurityReplacesTheTable) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  Add("T", "SELECT i AS c0 FROM range(5) t(i)");
  TableMeta meta = Meta("T");
  meta.policies["row_level_security"] = R"({"IsEnabled":true,"Query":"T | where a < 2"})";
  Put(meta);
  EXPECT_EQ(Ask("T | count"), (Strings{"2"}));
  meta.policies["row_level_security"] = R"({"IsEnabled":false,"Query":"T | where a < 2"})";
  Put(meta);
  EXPECT_EQ(Ask("T | count"), (Strings{"5"}));
}

TEST_F(QueryCatalogTest, AllTypesComeBackAsTheyWere) {
  Put(NewTable("t1", "T",
               {{"b", ScalarType::kBool},
                {"i", ScalarType::kInt},
                {"l", ScalarType::kLong},
                {"r", ScalarType::kReal},
                {"d", ScalarType::kDecimal},
                {"t", ScalarType::kDateTime},
                {"s", ScalarType::kTimeSpan},
                {"g", ScalarType::kGuid},
                {"x", ScalarType::kString},
                {"j", ScalarType::kDynamic}}));
  Add("T",
      "SELECT true AS c0, (-2147483648)::INTEGER AS c1, 9223372036854775807 AS c2, "
      "'nan'::DOUBLE AS c3, '1.234567890123456789012345678901234' AS c4, "
      "3155378975999999999 AS c5, (-1)::BIGINT AS c6, "
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID AS c7, 'é€' AS c8, '[null]' AS c9");
  Add("T",
      "SELECT NULL::BOOLEAN AS c0, NULL::INTEGER AS c1, NULL::BIGINT AS c2, NULL::DOUBLE AS c3, "
      "NULL::VARCHAR AS c4, NULL::BIGINT AS c5, NULL::BIGINT AS c6, NULL::UUID AS c7, '' AS c8, "
      "NULL::VARCHAR AS c9");
  EXPECT_EQ(
      Ask("T | where isnotnull(b) | project b, i, l, isnan(r), d, t, s, g, x, j"),
      (Strings{"true|-2147483648|9223372036854775807|true|1.234567890123456789012345678901234|"
               "9999-12-31T23:59:59.9999999Z|-1|ffffffff-ffff-ffff-ffff-ffffffffffff|é€|"
               "[null]"}));
  EXPECT_EQ(Ask("T | where isnull(b)"), (Strings{"null|null|null|null|null|null|null|null||null"}));
}

TEST_F(QueryCatalogTest, ManyExtents) {
  Put(NewTable("t1", "T", {{"a", ScalarType::kLong}}));
  std::string first = random().Guid();
  Add("T", "SELECT i AS c0 FROM range(10) t(i)", {}, first);
  // The same file many times over: what counts is how the adapter and DuckDB bear the number.
  ExtentFilePtr file = database_->state()->FindTable("T")->FindExtent(first)->file;
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    std::vector<NewExtent> extents;
    for (int i = 0; i < 3000; ++i) {
      NewExtent extent;
      extent.id = random().Guid();
      extent.file = file;
      extents.push_back(std::move(extent));
    }
    return transaction.AddExtents("t1", std::move(extents));
  }));
  EXPECT_EQ(Ask("T | count"), (Strings{"30010"}));
  EXPECT_EQ(Ask("T | summarize sum(a)"), (Strings{std::to_string(3001 * 45)}));
  EXPECT_EQ(Ask("T | summarize dcount(extent_id()), dcount(ingestion_time())"),
            (Strings{"3001|2"}));
}

}  // namespace
}  // namespace kc::local
