#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/ticks.h"
#include "engine/encode_csv.h"
#include "engine/encode_json.h"
#include "engine/ticks_text.h"

namespace kc::engine {
namespace {

std::string DateTimeText(int64_t ticks, bool trimmed) {
  char buffer[kMaxTicksText];
  return {buffer, WriteDateTime(ticks, trimmed, buffer)};
}

std::string TimeSpanText(int64_t ticks) {
  char buffer[kMaxTicksText];
  return {buffer, WriteTimeSpan(ticks, buffer)};
}

TEST(TicksTextTest, AgreesWithTheSlowFormatter) {
  for (int64_t day = 0; day < 3652059; day += 97) {
    const int64_t ticks = day * kTicksPerDay + day * 7919 % kTicksPerDay;
    ASSERT_EQ(DateTimeText(ticks, false), FormatDateTime(ticks));
    ASSERT_EQ(DateTimeText(ticks, true), FormatDateTimeTrimmed(ticks));
  }
  EXPECT_EQ(DateTimeText(kMaxDateTimeTicks, false), "9999-12-31T23:59:59.9999999Z");
  EXPECT_EQ(DateTimeText(0, true), "0001-01-01T00:00:00Z");
  for (const int64_t ticks :
       {int64_t{0}, int64_t{-1}, int64_t{864000000000}, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(TimeSpanText(ticks), FormatTimeSpan(ticks));
  }
}

class EncodeTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = *Database::Open({.threads = 1});
    connection_.emplace(*database_->Connect());
  }
  Chunk Run(const std::string& sql) {
    auto result = connection_->Query(sql);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    auto chunk = result->Next();
    EXPECT_TRUE(chunk && *chunk);
    return std::move(**chunk);
  }
  const std::string kAllTypes =
      "values (true, 7::INTEGER, -9223372036854775808, 0.1::DOUBLE, '1.50', 637134336000000001, "
      "-864000000000, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::UUID, 'say \"hi\", ok', "
      "'{\"a\":[1,\"x\"]}' ), (null, null, null, 'nan'::DOUBLE, null, null, null, "
      "null, "
      "'', '\"1,5\"')";
  const std::vector<ScalarType> kTypes = {
      ScalarType::kBool,    ScalarType::kInt,      ScalarType::kLong,     ScalarType::kReal,
      ScalarType::kDecimal, ScalarType::kDateTime, ScalarType::kTimeSpan, ScalarType::kGuid,
      ScalarType::kString,  ScalarType::kDynamic};
  std::unique_ptr<Database> database_;
  std::optional<Connection> connection_;
};

TEST_F(EncodeTest, JsonRowsOfAllTypes) {
  const Chunk chunk = Run(kAllTypes);
  std::string out;
  AppendJsonRows(out, chunk, kTypes);
  EXPECT_EQ(out,
            "[true,7,-9223372036854775808,0.1,\"1.50\",\"2020-01-01T00:00:00.0000001Z\","
            "\"-1.00:00:00\",\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\",\"say \\\"hi\\\", ok\","
            "{\"a\":[1,\"x\"]}],"
            "[null,null,null,\"NaN\",null,null,null,null,\"\",\"1,5\"]");
}

TEST_F(EncodeTest, CsvRowsOfAllTypes) {
  const Chunk chunk = Run(kAllTypes);
  std::string out;
  AppendCsvRows(out, chunk, 0, 2, kTypes);
  EXPECT_EQ(out,
            "true,7,-9223372036854775808,0.1,1.50,2020-01-01T00:00:00.0000001Z,-1.00:00:00,"
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,\"say \"\"hi\"\", ok\","
            "\"{\"\"a\"\":[1,\"\"x\"\"]}\"\r\n"
            ",,,NaN,,,,,,\"1,5\"\r\n");
}

TEST_F(EncodeTest, QuotesOnlyWhereNeeded) {
  std::string out;
  AppendCsvText(out, "a,b", kTsv);
  out += '|';
  AppendCsvText(out, "a\tb", kTsv);
  out += '|';
  AppendCsvText(out, " a");
  out += '|';
  AppendCsvText(out, "line\nbreak\"\"");
  EXPECT_EQ(out, "a,b|\"a\tb\"|\" a\"|\"line\nbreak\"\"\"\"\"");
}

TEST_F(EncodeTest, JsonLines) {
  const Chunk chunk = Run("values (637134336000000000, 'x', '[1]'), (null, '', null)");
  std::string out;
  AppendJsonLines(out, chunk, 0, 2,
                  {{"when", ScalarType::kDateTime},
                   {"a\"b", ScalarType::kString},
                   {"d", ScalarType::kDynamic}});
  EXPECT_EQ(out,
            "{\"when\":\"2020-01-01T00:00:00.0000000Z\",\"a\\\"b\":\"x\",\"d\":[1]}\n"
            "{\"when\":null,\"a\\\"b\":\"\",\"d\":null}\n");
}

TEST_F(EncodeTest, CellsBecomeValues) {
  const Chunk chunk = Run(kAllTypes);
  EXPECT_TRUE(CellValue(chunk.column(2), 0, ScalarType::kLong) ==
              Value(std::numeric_limits<int64_t>::min()));
  EXPECT_TRUE(CellValue(chunk.column(7), 0, ScalarType::kGuid) ==
              Value(std::string("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")));
  EXPECT_TRUE(IsNull(CellValue(chunk.column(5), 1, ScalarType::kDateTime)));
  EXPECT_TRUE(CellValue(chunk.column(8), 1, ScalarType::kString) == Value(std::string()));
}

}  // namespace
}  // namespace kc::engine
