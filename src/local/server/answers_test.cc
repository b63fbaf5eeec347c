#include "local/server/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class FakeWriter final : public http::ResponseWriter {
 public:
  void Send(int code, std::string_view, std::string_view text) override {
    status = code;
    body = text;
  }
  void Begin(int code, std::string_view) override {
    status = code;
    streamed = true;
  }
  bool Write(std::string_view bytes) override {
    body += bytes;
    return !gone;
  }
  void AddHeader(std::string_view, std::string_view) override {}
  bool ClientGone() override { return gone; }
  int status = 0;
  std::string body;
  bool streamed = false;
  bool gone = false;
};

// `batches` rows of one column, then an error if there is one.
class FakeRows final : public RowSource {
 public:
  FakeRows(int batches, std::optional<Error> error) : left_(batches), error_(std::move(error)) {
    name = "PrimaryResult";
    columns = {{"x", ScalarType::kLong}};
  }
  Result<int64_t> Next(std::string& out) override {
    if (left_ == 0) {
      if (error_) return Fail(*error_);
      return 0;
    }
    --left_;
    out += "[1],[2]";
    return 2;
  }

 private:
  int left_;
  std::optional<Error> error_;
};

class AnswersTest : public ::testing::Test {
 protected:
  Json V2(int batches, std::optional<Error> error) {
    return Write(batches, std::move(error), [](auto&... args) { return WriteV2(args...); });
  }
  Json V1(int batches, std::optional<Error> error) {
    return Write(batches, std::move(error),
                 [](RowSources& rows, auto&... args) { return WriteV1(rows, true, args...); });
  }
  template <typename Write2>
  Json Write(int batches, std::optional<Error> error, Write2 write) {
    RowSources sources;
    sources.push_back(std::make_unique<FakeRows>(batches, std::move(error)));
    AnswerSink sink(writer_);
    const AnswerContext context{.request = request_, .clock = clock_, .cursor = cursor_};
    failure_.reset();
    const Status status = write(sources, context, sink, failure_);
    if (!status) return Json("error: " + status.error().message);
    sink.Finish();
    auto json = ParseJson(writer_.body);
    EXPECT_TRUE(json.has_value()) << writer_.body;
    return json.value_or(Json());
  }
  static Error TooLarge() {
    return {ErrorCode::kStop, "too large", "E_QUERY_RESULT_SET_TOO_LARGE"};
  }

  RequestOptions request_;
  ManualClock clock_;
  FakeWriter writer_;
  std::optional<Error> failure_;
  std::string cursor_;
};

TEST_F(AnswersTest, V2HasItsFramesInOrder) {
  cursor_ = "12345";
  const Json frames = V2(2, std::nullopt);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(frames[0]["FrameType"], "DataSetHeader");
  EXPECT_EQ(frames[0]["Version"], "v2.0");
  EXPECT_EQ(frames[1]["TableKind"], "QueryProperties");
  EXPECT_EQ(frames[1]["Rows"][1], Json::parse(R"([1,"Cursor","12345"])"));
  EXPECT_EQ(frames[2]["TableKind"], "PrimaryResult");
  EXPECT_EQ(frames[2]["Rows"], Json::parse("[[1],[2],[1],[2]]"));
  EXPECT_EQ(frames[3]["TableKind"], "QueryCompletionInformation");
  bool strong = false;
  for (const Json& row : frames[3]["Rows"]) {
    strong |= row[10] == "EffectiveRequestOptions" &&
              row[11].get<std::string>().find("strongconsistency") != std::string::npos;
  }
  EXPECT_TRUE(strong);
  EXPECT_EQ(frames[4]["HasErrors"], false);
}

TEST_F(AnswersTest, V2WithoutRows) {
  const Json frames = V2(0, std::nullopt);
  EXPECT_EQ(frames[2]["Rows"], Json::array());
}

TEST_F(AnswersTest, AFailureBeforeTheFirstRowIsNoAnswer) {
  const Error other{ErrorCode::kStop, "broken", "SEM0100"};
  EXPECT_EQ(V2(0, other), "error: broken");
  EXPECT_EQ(V1(0, other), "error: broken");
  EXPECT_EQ(writer_.status, 0);
}

TEST_F(AnswersTest, ALimitIsToldInsideTheAnswerEvenWithoutRows) {
  EXPECT_EQ(V2(0, TooLarge())[4]["HasErrors"], true);
  EXPECT_EQ(writer_.status, 200);
  EXPECT_EQ(V1(0, TooLarge())["Exceptions"].size(), 1u);
}

TEST_F(AnswersTest, V2TellsALateFailureInThreePlaces) {
  const Json frames = V2(1, TooLarge());
  ASSERT_TRUE(failure_.has_value());
  EXPECT_EQ(frames[2]["Rows"].size(), 3u);
  EXPECT_EQ(frames[2]["Rows"][2]["OneApiErrors"][0]["error"]["code"], "LimitsExceeded");
  EXPECT_EQ(frames[3]["Rows"][0][5], 2);
  EXPECT_EQ(frames[3]["Rows"][0][7], -2133196797);
  EXPECT_EQ(frames[4]["HasErrors"], true);
  EXPECT_EQ(frames[4]["OneApiErrors"].size(), 1u);
}

TEST_F(AnswersTest, V2DefersFailuresWhenAsked) {
  request_.options["deferpartialqueryfailures"] = "true";
  const Json frames = V2(1, TooLarge());
  EXPECT_EQ(frames[2]["Rows"].size(), 2u);
  EXPECT_EQ(frames[3]["Rows"][0][5], 2);
  EXPECT_EQ(frames[4]["HasErrors"], false);
}

TEST_F(AnswersTest, V2FragmentsForTheGoClient) {
  request_.options["results_v2_fragment_primary_tables"] = "true";
  request_.options["results_v2_newlines_between_frames"] = "true";
  request_.options["results_error_reporting_placement"] = "end_of_table";
  const Json frames = V2(2, TooLarge());
  EXPECT_EQ(writer_.body.find(R"([{"FrameType":"DataSetHeader","IsProgressive":false,)"
                              R"("Version":"v2.0","IsFragmented":true,)"
                              R"("ErrorReportingPlacement":"EndOfTable"})"
                              "\n,{"),
            0u);
  EXPECT_EQ(frames[2]["FrameType"], "TableHeader");
  EXPECT_EQ(frames[3]["Rows"].size(), 2u);
  EXPECT_EQ(frames[5]["FrameType"], "TableCompletion");
  EXPECT_EQ(frames[5]["RowCount"], 4);
  EXPECT_EQ(frames[5]["OneApiErrors"].size(), 1u);
  EXPECT_TRUE(writer_.body.ends_with("\n]"));
}

TEST_F(AnswersTest, V1HasAResultPropertiesStatusAndContents) {
  const Json answer = V1(2, std::nullopt);
  ASSERT_EQ(answer["Tables"].size(), 4u);
  EXPECT_EQ(answer["Tables"][0]["TableName"], "Table_0");
  EXPECT_EQ(answer["Tables"][0]["Columns"][0],
            Json::parse(R"({"ColumnName":"x","DataType":"Int64","ColumnType":"long"})"));
  EXPECT_EQ(answer["Tables"][0]["Rows"].size(), 4u);
  EXPECT_EQ(answer["Tables"][3]["Rows"][0][1], "QueryResult");
  EXPECT_EQ(answer["Tables"][3]["Rows"][2][1], "QueryStatus");
}

TEST_F(AnswersTest, V1TellsALateFailureInTheRowsAndAtTheEnd) {
  const Json answer = V1(1, TooLarge());
  EXPECT_EQ(answer["Tables"][0]["Rows"].size(), 3u);
  EXPECT_TRUE(answer["Tables"][0]["Rows"][2].contains("Exceptions"));
  EXPECT_EQ(answer["Exceptions"].size(), 1u);
}

TEST_F(AnswersTest, LongAnswersAreStreamedAndStopWhenNobodyListens) {
  V2(100'000, std::nullopt);
  EXPECT_TRUE(writer_.streamed);
  writer_ = {};
  writer_.gone = true;
  RowSources sources;
  sources.push_back(std::make_unique<FakeRows>(100'000, std::nullopt));
  AnswerSink sink(writer_);
  const AnswerContext context{.request = request_, .clock = clock_};
  ASSERT_TRUE(WriteV2(sources, context, sink, failure_).has_value());
  EXPECT_LT(writer_.body.size(), 600'000u);
}

TEST(ApiErrors, StatusAndBody) {
  const Error semantic{ErrorCode::kStop, "Failed to resolve x", "SEM0100"};
  EXPECT_EQ(HttpStatus(semantic), 400);
  const Json body = Json::parse(OneApiError(semantic, {}));
  EXPECT_EQ(body["error"]["innererror"]["code"], "SEM0100");
  EXPECT_EQ(body["error"]["@permanent"], true);
  const Error throttled{ErrorCode::kRetry, "later", "ControlCommandThrottledException"};
  EXPECT_EQ(HttpStatus(throttled), 429);
  EXPECT_EQ(Json::parse(OneApiError(throttled, {}))["error"]["@permanent"], false);
  EXPECT_EQ(HttpStatus({ErrorCode::kUnknownOutcome, "?"}), 504);
}

}  // namespace
}  // namespace kc::local
