#include "engine/duck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace kc::engine {
namespace {

class DuckTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = Database::Open({.threads = 2});
    ASSERT_TRUE(database) << database.error().message;
    database_ = std::move(*database);
    auto connection = database_->Connect();
    ASSERT_TRUE(connection) << connection.error().message;
    connection_.emplace(std::move(*connection));
  }
  // The answer's only value as a text.
  std::string Ask(const std::string& sql, std::span<const Value> parameters = {}) {
    auto value = connection_->QueryValue("select (" + sql + ")::VARCHAR", parameters);
    if (!value) return "error: " + value.error().message;
    return IsNull(*value) ? "null" : std::get<std::string>(*value);
  }
  std::unique_ptr<Database> database_;
  std::optional<Connection> connection_;
};

TEST_F(DuckTest, StreamsTypedChunks) {
  auto result = connection_->Query(
      "select range::BIGINT, range % 2 = 0, (range * 0.5)::DOUBLE, 'a longer text than inline ' || "
      "range,"
      " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID, if(range = 1, null, 7)::INTEGER from "
      "range(5000)");
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->columns(), 6u);
  int64_t rows = 0;
  for (;;) {
    auto chunk = result->Next();
    ASSERT_TRUE(chunk) << chunk.error().message;
    if (!*chunk) break;
    for (size_t row = 0; row < (*chunk)->rows(); ++row, ++rows) {
      EXPECT_EQ((*chunk)->column(0).Long(row), rows);
      EXPECT_EQ((*chunk)->column(1).Bool(row), rows % 2 == 0);
      EXPECT_EQ((*chunk)->column(2).Real(row), static_cast<double>(rows) / 2);
      EXPECT_EQ((*chunk)->column(3).Text(row), "a longer text than inline " + std::to_string(rows));
      EXPECT_EQ(FormatUuid((*chunk)->column(4).Huge(row)), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
      EXPECT_EQ((*chunk)->column(5).IsNull(row), rows == 1);
    }
  }
  EXPECT_EQ(rows, 5000);
}

TEST_F(DuckTest, UuidsRoundTrip) {
  for (const char* text :
       {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "7fffffff-0123-4567-89ab-cdef01234567", "80000000-0000-0000-0000-000000000001"}) {
    const auto uuid = ParseUuid(text);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(FormatUuid(*uuid), text);
  }
  EXPECT_FALSE(ParseUuid("00000000-0000-0000-0000-00000000000"));
  EXPECT_FALSE(ParseUuid("0000000000000000-0000-0000-00000000000"));
}

TEST_F(DuckTest, ReportsErrorsOfTextAndOfRows) {
  EXPECT_FALSE(connection_->Query("select nonsense"));
  auto result = connection_->Query(
      "select if(range = 400000, error('row ' || range), range) from range(500000)");
  ASSERT_TRUE(result);
  auto chunk = result->Next();
  while (chunk && *chunk) chunk = result->Next();
  ASSERT_FALSE(chunk);
  EXPECT_THAT(chunk.error().message, testing::HasSubstr("row 400000"));
  EXPECT_FALSE(connection_->Execute("select 1; select nonsense"));
}

TEST_F(DuckTest, BindsParameters) {
  const std::vector<Value> parameters = {int64_t{40}, std::string("it's")};
  EXPECT_EQ(Ask("select $1 + 2", std::span(parameters).first(1)), "42");
  EXPECT_EQ(Ask("select $2 || $1", parameters), "it's40");
}

TEST_F(DuckTest, InterruptEndsAQuery) {
  // What comes before the query has begun is without effect, and nobody sees it begin.
  std::atomic<bool> ended = false;
  std::thread other([&] {
    while (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      connection_->Interrupt();
    }
  });
  const auto answer = connection_->QueryValue(
      "select sum(a.range * b.range) from range(1000000) a, range(1000000) b");
  ended = true;
  other.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kInterrupted);
}

TEST_F(DuckTest, AppendsChunksOfAllTypes) {
  ASSERT_TRUE(connection_->Execute(
      "create table t(a BOOLEAN, b INTEGER, c BIGINT, d DOUBLE, e UUID, f VARCHAR)"));
  {
    auto appender = Appender::Open(*connection_, "t");
    ASSERT_TRUE(appender);
    const DuckType types[] = {DuckType::kBool,   DuckType::kInt,  DuckType::kLong,
                              DuckType::kDouble, DuckType::kUuid, DuckType::kText};
    ChunkBuilder builder(types);
    for (int round = 0; round < 3; ++round) {
      const Value row[] = {true,
                           int64_t{-3},
                           int64_t{1} << 60,
                           0.25,
                           std::string("00000000-0000-0000-0000-00000000000") + char('1' + round),
                           std::string("some text that is not inline")};
      for (size_t column = 0; column < 6; ++column) {
        builder.SetValue(column, 0, row[column]);
        builder.SetValue(column, 1, Value());
      }
      ASSERT_TRUE(appender->Append(builder, 2));
      builder.Reset();
    }
    ASSERT_TRUE(appender->Close());
  }
  EXPECT_EQ(Ask("select count(*) from t where a and b = -3 and c = 1152921504606846976 and d = .25 "
                "and f = 'some text that is not inline'"),
            "3");
  EXPECT_EQ(Ask("select count(*) from t where a is null and e is null"), "3");
  EXPECT_EQ(Ask("select max(e) from t"), "00000000-0000-0000-0000-000000000003");
}

TEST_F(DuckTest, AdditionWrapsAndNullsPropagate) {
  EXPECT_EQ(Ask("select kql_add(9223372036854775807, 1)"), "-9223372036854775808");
  EXPECT_EQ(Ask("select count(*) from (select kql_add(if(range=2,null,range),1) c "
                "from range(4)) where c is null"),
            "1");
}

TEST(SqlText, ANulInALiteralSurvives) {
  auto database = Database::Open({});
  ASSERT_TRUE(database) << database.error().message;
  auto connection = (*database)->Connect();
  ASSERT_TRUE(connection);
  const std::string text("a\0'b\0", 5);
  auto value = connection->QueryValue("SELECT " + SqlString(text));
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(std::get<std::string>(*value), text);
}

}  // namespace
}  // namespace kc::engine
