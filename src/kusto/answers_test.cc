#include "kusto/answers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/ticks.h"
#include "kusto/client.h"

namespace kc::kusto {
namespace {

constexpr const char* kHeader =
    R"({"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"})";
constexpr const char* kDone =
    R"({"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false})";

std::string V2(const std::string& frames, const std::string& end = kDone) {
  return "[" + std::string(kHeader) + ",\n" + frames + "\n," + end + "]";
}

std::string Primary(const std::string& columns, const std::string& rows) {
  return R"({"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult",)"
         R"("TableName":"R","Columns":[)" +
         columns + R"(],"Rows":[)" + rows + "]}";
}

std::string Column(const std::string& name, const std::string& type) {
  return R"({"ColumnName":")" + name + R"(","ColumnType":")" + type + "\"}";
}

// One cell of one type.
Result<Value> Cell(const std::string& type, const std::string& json) {
  auto answer = DecodeV2(V2(Primary(Column("x", type), "[" + json + "]")));
  if (!answer) return Fail(answer.error());
  return answer->table().rows.at(0).at(0);
}

TEST(DecodeV2, NumbersAreExact) {
  EXPECT_EQ(*Cell("long", "9223372036854775807"), Value(INT64_MAX));
  EXPECT_EQ(*Cell("long", "-9223372036854775808"), Value(INT64_MIN));
  EXPECT_EQ(*Cell("long", "9007199254740993"), Value(int64_t{9007199254740993}));
  EXPECT_EQ(*Cell("int", "-2147483648"), Value(int64_t{-2147483648}));
  EXPECT_EQ(*Cell("real", "0.1"), Value(0.1));
  EXPECT_EQ(*Cell("real", "5e-324"), Value(5e-324));
  EXPECT_EQ(*Cell("decimal", R"("1.234567890123456789012345678901234")"),
            Value(std::string("1.234567890123456789012345678901234")));
  EXPECT_EQ(*Cell("decimal", "1.23456789012345678901"),
            Value(std::string("1.23456789012345678901")));
  EXPECT_FALSE(Cell("long", "9223372036854775808")) << "does not fit: never rounded";
  EXPECT_FALSE(Cell("long", "1.5"));
}

TEST(DecodeV2, RealsThatAreNoNumbers) {
  EXPECT_TRUE(std::isnan(std::get<double>(*Cell("real", R"("NaN")"))));
  EXPECT_EQ(*Cell("real", R"("Infinity")"), Value(INFINITY));
  EXPECT_EQ(*Cell("real", R"("-Infinity")"), Value(-INFINITY));
  EXPECT_TRUE(std::signbit(std::get<double>(*Cell("real", "-0.0"))));
}

TEST(DecodeV2, TimesToTheTick) {
  EXPECT_EQ(*Cell("datetime", R"("2016-01-01T01:01:01.0000001Z")"),
            Value(*ParseDateTime("2016-01-01T01:01:01.0000001Z")));
  EXPECT_EQ(*Cell("datetime", R"("9999-12-31T23:59:59.9999999Z")"), Value(kMaxDateTimeTicks));
  EXPECT_EQ(*Cell("timespan", R"("-2.00:00:02.0020002")"),
            Value(-(2 * kTicksPerDay + 2 * kTicksPerSecond + 20002)));
  EXPECT_EQ(*Cell("date", R"("2007-01-01T00:00:00Z")"), Value(*ParseDateTime("2007-01-01")));
  EXPECT_FALSE(Cell("datetime", R"("yesterday")"));
}

TEST(DecodeV2, TextsAndNulls) {
  EXPECT_EQ(*Cell("string", R"("a\u00e4\n\ud83d\ude00\u0000b")"),
            Value(std::string("a\xC3\xA4\n\xF0\x9F\x98\x80\0b", 10)));
  EXPECT_EQ(*Cell("string", "null"), Value(std::string())) << "strings have no null";
  for (const char* type :
       {"bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "dynamic"}) {
    EXPECT_TRUE(IsNull(*Cell(type, "null"))) << type;
  }
  EXPECT_EQ(*Cell("guid", R"("74BE27DE-1E4E-49D9-B579-FE0B331D3642")"),
            Value(std::string("74be27de-1e4e-49d9-b579-fe0b331d3642")));
  EXPECT_EQ(*Cell("bool", "1"), Value(true));
  EXPECT_EQ(*Cell("boolean", "false"), Value(false));
}

TEST(DecodeV2, DynamicsKeepTheirText) {
  EXPECT_EQ(*Cell("dynamic", R"({"b":1.0,"a":[1, 2],"b":9223372036854775807})"),
            Value(std::string(R"({"b":1.0,"a":[1, 2],"b":9223372036854775807})")));
  EXPECT_EQ(*Cell("dynamic", "123"), Value(std::string("123")));
  EXPECT_EQ(*Cell("a type of tomorrow", "[1]"), Value(std::string("[1]")));
  EXPECT_EQ(*Cell("dynamic", "true"), Value(std::string("true")));
  EXPECT_EQ(*Cell("dynamic", R"("te\"xt")"), Value(std::string(R"("te\"xt")")));
}

TEST(DecodeV2, MembersInAnyOrder) {
  auto answer = DecodeV2(R"([{"Version":"v2.0","FrameType":"DataSetHeader"},
    {"Rows":[[1,"x"]],"Columns":[{"ColumnType":"long","ColumnName":"a"},
    {"ColumnType":"string","ColumnName":"b"}],"TableName":"T",
    "TableKind":"PrimaryResult","TableId":5,
    "FrameType":"DataTable"},
    {"Cancelled":false,"HasErrors":false,"FrameType":"DataSetCompletion"}])");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(GetInt(answer->table(), 0, "a"), 1);
  EXPECT_EQ(GetText(answer->table(), 0, "b"), "x");
  EXPECT_EQ(answer->table().name, "T");
}

TEST(DecodeV2, FragmentsAndReplacements) {
  std::string frames = R"({"FrameType":"TableHeader","TableId":1,"TableKind":"PrimaryResult",)"
                       R"("TableName":"R","Columns":[)" +
                       Column("x", "long") + "]}," +
                       R"({"FrameType":"TableFragment","TableId":1,"TableFragmentType":"DataAppend",
          "Rows":[[1],[2]]},
         {"FrameType":"TableProgress","TableId":1,"TableProgress":50},
         {"FrameType":"TableFragment","TableId":1,"TableFragmentType":"DataReplace",
          "Rows":[[3]]},
         {"FrameType":"TableFragment","TableId":1,"TableFragmentType":"DataAppend",
          "Rows":[[4]]},
         {"FrameType":"TableCompletion","TableId":1,"RowCount":2})";
  auto answer = DecodeV2(V2(frames));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->table().rows.size(), 2u);
  EXPECT_EQ(GetInt(answer->table(), 0, "x"), 3);
  EXPECT_EQ(GetInt(answer->table(), 1, "x"), 4);
}

std::string Completion(const std::string& rows) {
  std::string columns;
  for (const char* name :
       {"Timestamp:datetime", "ClientRequestId:string", "ActivityId:guid", "Level:int",
        "StatusCodeName:string", "EventTypeName:string", "Payload:string"}) {
    std::string text(name);
    size_t colon = text.find(':');
    columns += (columns.empty() ? "" : ",") + Column(text.substr(0, colon), text.substr(colon + 1));
  }
  return R"({"FrameType":"DataTable","TableId":2,"TableKind":"QueryCompletionInformation",)"
         R"("TableName":"Q","Columns":[)" +
         columns + R"(],"Rows":[)" + rows + "]}";
}

constexpr const char* kStrong =
    R"x(["2026-01-01T00:00:00Z","me;1","123e27de-1e4e-49d9-b579-fe0b331d3642",4,"S_OK (0)",)x"
    R"x("EffectiveRequestOptions",)x"
    R"x("{\"Count\":1,\"Text\":\"{\\\"QueryConsistency\\\":\\\"strongconsistency\\\"}\"}"])x";

TEST(DecodeV2, TellsConsistencyCursorAndIds) {
  std::string properties =
      R"({"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties",)"
      R"("TableName":"@ExtendedProperties","Columns":[)" +
      Column("TableId", "int") + "," + Column("Key", "string") + "," + Column("Value", "dynamic") +
      R"(],"Rows":[[1,"Visualization","{\"a\":1}"],[1,"Cursor","637239957206013576"]]},)";
  auto answer =
      DecodeV2(V2(properties + Primary(Column("x", "long"), "") + "," + Completion(kStrong)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->consistency, "strongconsistency");
  EXPECT_EQ(answer->client_request_id, "me;1");
  EXPECT_EQ(answer->properties.at("Cursor"), "637239957206013576");
  EXPECT_TRUE(answer->table().rows.empty());
  EXPECT_EQ(answer->table().columns.size(), 1u);
  EXPECT_TRUE(RequireStrong(*answer));
  answer->consistency = "weakconsistency";
  EXPECT_EQ(RequireStrong(*answer).error().reason, "Consistency");
  answer->consistency = "";
  EXPECT_EQ(RequireStrong(*answer).error().reason, "Consistency");
}

// ---- every sign of a partial failure

constexpr const char* kOneApiError =
    R"({"error":{"code":"LimitsExceeded","message":"m","@message":"too many rows.",)"
    R"("@permanent":false}})";

TEST(DecodeV2, AnErrorAmongTheRows) {
  auto answer = DecodeV2(V2(
      Primary(Column("x", "long"), "[1],{\"OneApiErrors\":[" + std::string(kOneApiError) + "]}")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "too many rows");
  EXPECT_EQ(answer.error().reason, "LimitsExceeded");
  EXPECT_EQ(answer.error().code, ErrorCode::kRetry);
}

TEST(DecodeV2, HasErrors) {
  std::string rows = Primary(Column("x", "long"), "[1]");
  auto with = DecodeV2(V2(rows, R"({"FrameType":"DataSetCompletion","HasErrors":true,
    "Cancelled":false,"OneApiErrors":[)" +
                                    std::string(kOneApiError) + "]}"));
  ASSERT_FALSE(with);
  EXPECT_EQ(with.error().reason, "LimitsExceeded");
  EXPECT_FALSE(DecodeV2(V2(rows, R"({"FrameType":"DataSetCompletion","HasErrors":true})")));
  EXPECT_FALSE(DecodeV2(V2(rows, R"({"FrameType":"DataSetCompletion","Cancelled":true})")));
}

TEST(DecodeV2, ACompletionOfLevelError) {
  std::string row = R"x(["2026-01-01T00:00:00Z","me;1","123e27de-1e4e-49d9-b579-fe0b331d3642",2,)x"
                    R"x("E_RUNAWAY","QueryLimitsExceeded","{\"Count\":1,\"Text\":\"ran away\"}"])x";
  auto answer = DecodeV2(V2(Primary(Column("x", "long"), "[1]") + "," + Completion(row)));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("ran away"), std::string::npos);
  EXPECT_EQ(answer.error().reason, "QueryLimitsExceeded");
}

TEST(DecodeV2, ATableThatEndsInErrors) {
  std::string frames = R"({"FrameType":"TableHeader","TableId":1,"TableKind":"PrimaryResult",)"
                       R"("TableName":"R","Columns":[)" +
                       Column("x", "long") +
                       R"(]},{"FrameType":"TableCompletion","TableId":1,"RowCount":0,)" +
                       R"("OneApiErrors":[)" + kOneApiError + "]}";
  EXPECT_EQ(DecodeV2(V2(frames)).error().reason, "LimitsExceeded");
}

TEST(DecodeV2, WhatIsNoAnswerIsRefused) {
  std::string good = V2(Primary(Column("x", "long"), "[1],[2]"));
  ASSERT_TRUE(DecodeV2(good));
  // Cut anywhere it is never taken for whole.
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(DecodeV2(good.substr(0, length))) << length;
  }
  EXPECT_FALSE(DecodeV2(good + "]"));
  EXPECT_FALSE(DecodeV2(V2(Primary(Column("x", "long"), "[1,2]"))));
  EXPECT_FALSE(DecodeV2(V2(Primary(Column("x", "long"), "[]"))));
  EXPECT_FALSE(DecodeV2("[]"));
  EXPECT_FALSE(DecodeV2(V2("{}"))) << "no result";
  auto text = DecodeV2("Bad request: Control commands are not for this address");
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find("Control commands"), std::string::npos);
}

// ---- v1

TEST(DecodeV1, OneTable) {
  auto answer = DecodeV1(
      R"({"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"a","DataType":"Int64"},
      {"ColumnName":"b","DataType":"SByte","ColumnType":"bool"},
      {"ColumnName":"c","DataType":"SqlDecimal"}],
      "Rows":[[9223372036854775807,0,"1.50"],[null,true,null]]}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(GetInt(answer->table(), 0, "a"), INT64_MAX);
  EXPECT_EQ(answer->table().rows[0][1], Value(false));
  EXPECT_EQ(GetText(answer->table(), 0, "c"), "1.50");
  EXPECT_TRUE(IsNull(answer->table().rows[1][0]));
}

constexpr const char* kV1Status =
    R"({"TableName":"Table_1","Columns":[{"ColumnName":"Severity","DataType":"Int32"},
    {"ColumnName":"StatusCode","DataType":"Int32"},
    {"ColumnName":"StatusDescription","DataType":"String"}],"Rows":)";
constexpr const char* kV1Contents =
    R"({"TableName":"Table_2","Columns":[{"ColumnName":"Ordinal","DataType":"Int64"},
    {"ColumnName":"Kind","DataType":"String"},{"ColumnName":"Name","DataType":"String"}],
    "Rows":[[0,"QueryResult","PrimaryResult"],[1,"QueryStatus","QueryStatus"]]})";
constexpr const char* kV1Result =
    R"({"TableName":"Table_0","Columns":[{"ColumnName":"a","DataType":"Int64"}],"Rows":[[7]]})";

TEST(DecodeV1, ContentsAndStatus) {
  std::string good = std::string("{\"Tables\":[") + kV1Result + "," + kV1Status +
                     R"([[4,0,"fine"]]},)" + kV1Contents + "]}";
  auto answer = DecodeV1(good);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->tables.size(), 1u);
  EXPECT_EQ(GetInt(answer->table(), 0, "a"), 7);
  auto failed = DecodeV1(std::string("{\"Tables\":[") + kV1Result + "," + kV1Status +
                         R"([[2,-1,"it broke"]]},)" + kV1Contents + "]}");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("it broke"), std::string::npos);
}

TEST(DecodeV1, Exceptions) {
  auto inside = DecodeV1(
      R"({"Tables":[{"TableName":"T","Columns":[{"ColumnName":"a","DataType":"Int64"}],
      "Rows":[[1],{"Exceptions":["limits exceeded"]}]}]})");
  ASSERT_FALSE(inside);
  auto outside =
      DecodeV1(std::string("{\"Tables\":[") + kV1Result + R"(],"Exceptions":["bad thing"]})");
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().message, "bad thing");
  EXPECT_TRUE(DecodeV1(std::string("{\"Tables\":[") + kV1Result + R"(],"Exceptions":[]})"));
  EXPECT_FALSE(DecodeV1(R"({"Tables":[]})"));
  EXPECT_FALSE(DecodeV1(R"({})"));
  EXPECT_FALSE(DecodeV1("General_BadRequest: no"));
  EXPECT_EQ(DecodeV1("General_BadRequest: no").error().reason, "General_BadRequest");
}

// ---- HTTP errors

constexpr const char* kPermanent =
    R"({"error":{"code":"General_BadRequest","message":"Request is invalid","@type":"X",
    "@message":"Entity 'T' was not found","@permanent":true,
    "innererror":{"code":"SEM0100","@message":"inner"}}})";
constexpr const char* kTransient =
    R"({"error":{"code":"E","message":"m","@message":"try later","@permanent":false}})";

TEST(DecodeHttpError, StatusDecides) {
  struct Row {
    int status;
    const char* body;
    bool mutates;
    ErrorCode code;
  };
  const Row rows[] = {
      {400, kPermanent, false, ErrorCode::kStop},
      {400, kPermanent, true, ErrorCode::kStop},
      {400, kTransient, false, ErrorCode::kRetry},
      {400, kTransient, true, ErrorCode::kUnknownOutcome},
      {401, "", false, ErrorCode::kStop},
      {403, kTransient, false, ErrorCode::kStop},
      {404, "", true, ErrorCode::kStop},
      {429, "", true, ErrorCode::kRetry},
      {429, kPermanent, false, ErrorCode::kRetry},
      {500, "", false, ErrorCode::kRetry},
      {503, "", true, ErrorCode::kUnknownOutcome},
      {503, "", false, ErrorCode::kRetry},
      {504, kTransient, true, ErrorCode::kUnknownOutcome},
      {520, "", true, ErrorCode::kUnknownOutcome},
  };
  for (const Row& row : rows) {
    Error error = DecodeHttpError(row.status, row.body, "", 0, row.mutates);
    EXPECT_EQ(error.code, row.code) << row.status << " " << row.body;
    EXPECT_EQ(error.http_status, row.status);
    EXPECT_FALSE(error.message.empty());
    EXPECT_FALSE(error.reason.empty());
  }
}

TEST(DecodeHttpError, TellsTheMessage) {
  Error error = DecodeHttpError(400, kPermanent, "", 0, false);
  EXPECT_EQ(error.message, "Entity 'T' was not found (SEM0100)");
  EXPECT_EQ(error.reason, "General_BadRequest");
  EXPECT_EQ(DecodeHttpError(400, "plain text.\r\nmore", "", 0, false).message, "plain text. more");
}

TEST(DecodeHttpError, RetryAfterInBothForms) {
  int64_t now = *ParseDateTime("2026-11-22T06:30:00Z");
  EXPECT_EQ(DecodeHttpError(429, "", "17", now, false).retry_after_s, 17);
  EXPECT_EQ(DecodeHttpError(429, "", "Sun, 22 Nov 2026 06:30:45 GMT", now, false).retry_after_s,
            45);
  EXPECT_EQ(DecodeHttpError(429, "", "Sun, 22 Nov 2026 06:00:00 GMT", now, false).retry_after_s, 0);
  EXPECT_FALSE(DecodeHttpError(429, "", "soon", now, false).retry_after_s);
  EXPECT_FALSE(DecodeHttpError(429, "", "", now, false).retry_after_s);
}

}  // namespace
}  // namespace kc::kusto
