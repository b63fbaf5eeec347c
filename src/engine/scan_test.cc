// What a query asks of a stored table: the columns that it needs, and what must hold for an extent.
#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/engine.h"

namespace kc::engine {
namespace {

using Kind = ScanFilter::Kind;

class OneTable : public kql::Catalog {
 public:
  OneTable() {
    auto table = std::make_shared<kql::TableInfo>();
    table->name = "T";
    table->database = "db";
    table->columns = {{"id", ScalarType::kLong},
                      {"when", ScalarType::kDateTime},
                      {"text", ScalarType::kString},
                      {"n", ScalarType::kInt}};
    table_ = std::move(table);
  }
  std::string CurrentCluster() const override { return "http://here"; }
  std::string CurrentDatabase() const override { return "db"; }
  Result<kql::TablePtr> FindTable(const kql::DatabaseRef&, std::string_view name,
                                  kql::TableKind) override {
    return name == "T" ? table_ : kql::TablePtr();
  }
  Result<kql::FunctionPtr> FindFunction(const kql::DatabaseRef&, std::string_view name) override {
    if (name != "Recent") return kql::FunctionPtr();
    auto function = std::make_shared<kql::FunctionInfo>();
    function->name = "Recent";
    function->parameters = "(from:long)";
    function->body = "{ T | where id >= from }";
    return function;
  }
  Result<std::vector<std::string>> ListTables(const kql::DatabaseRef&, std::string_view) override {
    return std::vector<std::string>{"T"};
  }
  Result<std::vector<std::string>> ListDatabases(const std::string&, std::string_view) override {
    return std::vector<std::string>{"db"};
  }
  Result<std::string> CursorCurrent(const kql::DatabaseRef&) override { return std::string("40"); }
  Result<int64_t> DecodeCursor(const kql::DatabaseRef&, std::string_view cursor) override {
    const auto position = ParseInt64(cursor);
    if (!position) return Stop("no cursor");
    return *position;
  }
  Result<ValueTable> ExecuteShowCommand(std::string_view, std::string_view) override {
    return Stop("no commands here");
  }
  Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>&, const std::vector<std::string>&,
      const std::vector<std::pair<std::string, std::string>>&) override {
    return Stop("no external data here");
  }

 private:
  kql::TablePtr table_;
};

// Ten rows: id 0 … 9, cursor 10 × id, one extent per two rows, tagged t0 … t4.
class TenRows : public TableProvider {
 public:
  Result<ScanRelation> Open(const TableScan& scan) override {
    scans.push_back(scan);
    return ScanRelation{
        "SELECT range::BIGINT AS c0, 630000000000000000 + range::BIGINT AS c1, 'x' || range AS c2, "
        "(range % 3)::INTEGER AS c3, 640000000000000000 + range::BIGINT AS c_it, range * "
        "10::BIGINT AS c_cur, ('00000000-0000-0000-0000-00000000000' || range // 2)::UUID AS "
        "c_xid, '[\"t' || range // 2 || '\"]' AS c_tag FROM range(10)",
        nullptr};
  }
  std::vector<TableScan> scans;
};

struct Answer {
  std::vector<std::vector<Value>> rows;
  std::string error;
  std::vector<TableScan> scans;
  std::string cursor;
};

Answer Ask(const std::string& text) {
  static Engine* const engine = Engine::Create({.threads = 2}).value().release();  // see engine.h
  OneTable catalog;
  TenRows provider;
  QueryRequest request;
  request.text = text;
  Answer answer;
  auto rows = engine->Collect(request, catalog, provider);
  if (rows) {
    answer.rows = rows->rows;
  } else {
    answer.error = rows.error().message;
  }
  answer.scans = provider.scans;
  return answer;
}

int64_t Count(const Answer& answer) {
  EXPECT_EQ(answer.error, "");
  if (answer.rows.size() != 1) return -1;
  return std::get<int64_t>(answer.rows[0][0]);
}

// The first filter of a kind below `filter`, or null.
const ScanFilter* Find(const ScanFilter& filter, Kind kind) {
  if (filter.kind == kind) return &filter;
  for (const ScanFilter& child : filter.children) {
    if (const ScanFilter* found = Find(child, kind)) return found;
  }
  return nullptr;
}

TEST(ScanTest, AsksOnlyForWhatIsRead) {
  const Answer answer = Ask("T | extend a = id + 1, b = text | where n == 0 | summarize sum(a)");
  EXPECT_EQ(Count(answer), 22);
  ASSERT_EQ(answer.scans.size(), 1u);
  EXPECT_EQ(answer.scans[0].columns, (std::vector<size_t>{0, 3}));
  EXPECT_FALSE(answer.scans[0].need_cursor);
  EXPECT_TRUE(Ask("T | count").scans[0].columns.empty());
}

TEST(ScanTest, WindowOfCursors) {
  const Answer answer = Ask("T | where cursor_after('20') and cursor_before_or_at('50') | count");
  EXPECT_EQ(Count(answer), 3);
  const ScanFilter& filter = answer.scans[0].filter;
  EXPECT_TRUE(answer.scans[0].need_cursor);
  ASSERT_EQ(filter.children.size(), 1u);
  ASSERT_EQ(filter.children[0].children.size(), 2u);
  EXPECT_EQ(filter.children[0].children[0].kind, Kind::kCursor);
  EXPECT_EQ(filter.children[0].children[0].minimum, 20);
  EXPECT_EQ(filter.children[0].children[1].maximum, 50);
}

TEST(ScanTest, RangesOfIngestionTime) {
  const Answer answer =
      Ask("T | where ingestion_time() between (datetime(2029-01-27T17:46:40.0000001) .. "
          "datetime(2029-01-27T17:46:40.0000002)) or ingestion_time() > "
          "datetime(2029-01-27T17:46:40.0000008) | count");
  EXPECT_EQ(answer.scans.size(), 1u) << answer.error;
  const ScanFilter* any = Find(answer.scans.at(0).filter, Kind::kAny);
  ASSERT_NE(any, nullptr);
  ASSERT_EQ(any->children.size(), 2u);
  EXPECT_EQ(any->children[1].kind, Kind::kIngestion);
}

TEST(ScanTest, ExtentsByIdAndTag) {
  const Answer by_tag =
      Ask("T | where extent_tags() has_cs 't3' and set_has_element(extent_tags(), 't3') "
          "| summarize count() by ExtentId = extent_id()");
  ASSERT_EQ(by_tag.rows.size(), 1u) << by_tag.error;
  EXPECT_EQ(std::get<std::string>(by_tag.rows[0][0]), "00000000-0000-0000-0000-000000000003");
  const ScanFilter* equals = Find(by_tag.scans[0].filter, Kind::kTagEquals);
  ASSERT_NE(equals, nullptr);
  EXPECT_EQ(equals->texts, (std::vector<std::string>{"t3"}));
  EXPECT_NE(Find(by_tag.scans[0].filter, Kind::kTagContains), nullptr);

  const Answer by_id =
      Ask("T | where extent_id() == guid(00000000-0000-0000-0000-000000000001) | count");
  EXPECT_EQ(Count(by_id), 2);
  const ScanFilter* id = Find(by_id.scans[0].filter, Kind::kExtentId);
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(id->texts[0], "00000000-0000-0000-0000-000000000001");
}

TEST(ScanTest, NeverStrongerThanTheQuery) {
  // A part of an `or` that says nothing about extents frees the whole of it.
  EXPECT_EQ(
      Find(Ask("T | where id > 5 or text == 'x1' | count").scans[0].filter, Kind::kColumnRange),
      nullptr);
  // Filters above a limit see other rows than the scan.
  EXPECT_TRUE(Ask("T | take 3 | where id > 5").scans[0].filter.children.empty());
  EXPECT_TRUE(Ask("T | serialize r = row_number() | where r > 5").scans[0].filter.children.empty());
  EXPECT_TRUE(Ask("T | where not(id > 5) | count").scans[0].filter.children.empty());
  const Answer range = Ask("T | extend x = id | where x >= 7 and n < 2 | count");
  EXPECT_EQ(Count(range), 2);
  const ScanFilter* id = Find(range.scans[0].filter, Kind::kColumnRange);
  ASSERT_NE(id, nullptr);
}

TEST(ScanTest, StoredFunctionsAndTablesTwice) {
  EXPECT_EQ(Count(Ask("Recent(7) | count")), 3);
  EXPECT_EQ(Count(Ask("T | join kind=inner (T | where id < 2) on id | count")), 2);
  EXPECT_EQ(Count(Ask("let W = T | where id < 4; union W, W | count")), 8);
  EXPECT_EQ(Count(Ask("let W = T | where id < 4; W | join kind=inner W on id | where "
                      "isnotempty(text1) | count")),
            4);
  EXPECT_EQ(Count(Ask("let W = T | where id < 4; let U = W; union (W | take 0), (U | where "
                      "cursor_after('10')) | count")),
            2);
}

TEST(ScanTest, HiddenColumnsOnlyWhereRowsAreTheTables) {
  EXPECT_NE(Ask("T | summarize count() by n | extend ingestion_time()").error, "");
  EXPECT_NE(Ask("print ingestion_time()").error, "");
}

}  // namespace
}  // namespace kc::engine
