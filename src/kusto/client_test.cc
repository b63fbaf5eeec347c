#include "kusto/client.h"

#include <gtest/gtest.h>

#include <deque>

#include "azure/test_clock.h"
#include "base/ticks.h"
#include "kusto/cluster_auth.h"

namespace kc::kusto {
namespace {

// Answers what the test wrote down, in order, and keeps what was asked.
class ScriptedTransport final : public world::Transport {
 public:
  Result<world::HttpResponse> Send(const world::HttpRequest& request) override {
    requests.push_back(request);
    if (script.empty()) return Stop("the script is over");
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  }
  void Answer(int status, std::string body, world::Headers headers = {}) {
    script.push_back(world::HttpResponse{status, std::move(headers), std::move(body)});
  }
  void Break(ErrorCode code) { script.push_back(Fail(code, "connection lost")); }

  std::deque<Result<world::HttpResponse>> script;
  std::vector<world::HttpRequest> requests;
};

constexpr const char* kV1 =
    R"({"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"BuildVersion",)"
    R"("ColumnType":"string"}],"Rows":[["1.0"]]}]})";
constexpr const char* kV2 =
    R"([{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"R",)"
    R"("Columns":[{"ColumnName":"x","ColumnType":"long"}],"Rows":[[1]]},)"
    R"({"FrameType":"DataSetCompletion","HasErrors":false}])";

class ClientTest : public testing::Test {
 protected:
  std::unique_ptr<Client> Make(const std::string& text = "http://127.0.0.1:8080/Db") {
    return MakeClient(*ParseConnectionString(text),
                      {&transport_, &clock_, &world::SystemRandom(), tokens_.get()});
  }
  double Elapsed() const { return std::chrono::duration<double>(clock_.Monotonic()).count(); }

  azure::TestClock clock_;
  ScriptedTransport transport_;
  std::unique_ptr<azure::TokenProvider> tokens_;
};

TEST_F(ClientTest, AQuerySaysWhatItNeeds) {
  transport_.Answer(200, kV2);
  auto answer = Make()->Query({.text = "T | count",
                               .client_request_id = "me;7",
                               .server_timeout = std::chrono::hours(1),
                               .no_truncation = true,
                               .options = {{"request_readonly", "true"}},
                               .parameters = {{"p", "long(1)"}}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(GetInt(answer->table(), 0, "x"), 1);
  EXPECT_EQ(answer->client_request_id, "me;7");
  const world::HttpRequest& sent = transport_.requests.at(0);
  EXPECT_EQ(sent.url, "http://127.0.0.1:8080/v2/rest/query");
  EXPECT_EQ(sent.method, "POST");
  EXPECT_FALSE(sent.mutates);
  EXPECT_EQ(world::FindHeader(sent.headers, "x-ms-client-request-id"), "me;7");
  EXPECT_EQ(world::FindHeader(sent.headers, "Authorization"), "");
  EXPECT_EQ(sent.body,
            R"({"csl":"T | count","db":"Db","properties":{"Options":{"notruncation":true,)"
            R"("queryconsistency":"strongconsistency","request_readonly":true,)"
            R"x("servertimeout":"01:00:00"},"Parameters":{"p":"long(1)"}}})x");
  EXPECT_GT(sent.timeout, std::chrono::hours(1));
}

TEST_F(ClientTest, ReadsAreRepeated) {
  transport_.Break(ErrorCode::kRetry);
  transport_.Answer(503, "");
  transport_.Answer(429, "", {{"Retry-After", "7"}});
  transport_.Answer(200, kV2);
  ASSERT_TRUE(Make()->Query({.text = "T"}));
  EXPECT_EQ(transport_.requests.size(), 4u);
  EXPECT_GE(Elapsed(), 7);
  EXPECT_LT(Elapsed(), 9);
}

TEST_F(ClientTest, ReadsAreNotRepeatedForEver) {
  for (int i = 0; i < 10; ++i) transport_.Answer(503, "");
  auto answer = Make()->Show({.text = ".show tables", .attempts = 3});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRetry);
  EXPECT_EQ(transport_.requests.size(), 3u);
}

TEST_F(ClientTest, AnAbsurdRetryAfterIsCapped) {
  transport_.Answer(429, "", {{"Retry-After", "86400"}});
  transport_.Answer(200, kV2);
  ASSERT_TRUE(Make()->Query({.text = "T"}));
  EXPECT_LE(Elapsed(), 60);
}

TEST_F(ClientTest, PermanentErrorsAreNotRepeated) {
  transport_.Answer(
      400, R"({"error":{"code":"BadRequest_SyntaxError","@message":"no","@permanent":true}})");
  auto answer = Make()->Query({.text = "T"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "BadRequest_SyntaxError");
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(ClientTest, CommandsAreSentOnce) {
  struct Row {
    Result<world::HttpResponse> answer;
    ErrorCode code;
  };
  const Row rows[] = {
      {Fail(ErrorCode::kRetry, "refused"), ErrorCode::kRetry},
      {Fail(ErrorCode::kUnknownOutcome, "lost"), ErrorCode::kUnknownOutcome},
      {world::HttpResponse{503, {}, ""}, ErrorCode::kUnknownOutcome},
      {world::HttpResponse{429, {}, ""}, ErrorCode::kRetry},
      {world::HttpResponse{200, {}, "{\"Tabl"}, ErrorCode::kUnknownOutcome},
      {world::HttpResponse{403, {}, ""}, ErrorCode::kStop},
  };
  for (const Row& row : rows) {
    transport_.script.clear();
    transport_.requests.clear();
    transport_.script.push_back(row.answer);
    auto answer = Make()->Command({.text = ".drop table T", .attempts = 5});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, row.code) << answer.error().message;
    ASSERT_EQ(transport_.requests.size(), 1u);
    EXPECT_TRUE(transport_.requests[0].mutates);
    EXPECT_EQ(transport_.requests[0].url, "http://127.0.0.1:8080/v1/rest/mgmt");
  }
}

TEST_F(ClientTest, CancellingEndsThePause) {
  world::CancelToken cancel;
  cancel.Cancel();
  for (int i = 0; i < 5; ++i) transport_.Answer(503, "");
  auto answer = Make()->Query({.text = "T", .cancel = &cancel});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "Cancelled");
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(ClientTest, TokensGoToClustersOnly) {
  transport_.Answer(200, kV1);
  ASSERT_TRUE(Make("https://a.westeurope.kusto.windows.net;UserToken=secret")
                  ->Show({.text = ".show version"}));
  EXPECT_EQ(world::FindHeader(transport_.requests[0].headers, "Authorization"), "Bearer secret");
  auto refused = Make("https://evil.example.com;UserToken=secret")->Show({.text = ".show version"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "UntrustedHost");
  EXPECT_EQ(transport_.requests.size(), 1u);
  EXPECT_FALSE(IsTrustedHost("https://kusto.windows.net.evil.com"));
  EXPECT_FALSE(IsTrustedHost("https://evilkusto.windows.net"));
  EXPECT_TRUE(IsTrustedHost("http://localhost:8080"));
}

TEST_F(ClientTest, TheDefaultChainAsksForTheClustersResource) {
  class Recording final : public azure::TokenProvider {
   public:
    Result<std::string> Token(const std::string& resource) override { return "for " + resource; }
  };
  tokens_ = std::make_unique<Recording>();
  transport_.Answer(200, R"({"AzureAD":{"KustoServiceResourceId":"https://kusto.special"}})");
  transport_.Answer(200, kV1);
  transport_.Answer(200, kV1);
  auto client = Make("https://a.b.kusto.windows.net");
  ASSERT_TRUE(client->Show({.text = ".show version"}));
  ASSERT_TRUE(client->Show({.text = ".show version"}));
  ASSERT_EQ(transport_.requests.size(), 3u) << "the metadata are asked for once";
  EXPECT_EQ(world::FindHeader(transport_.requests[2].headers, "Authorization"),
            "Bearer for https://kusto.special");
}

TEST_F(ClientTest, ARefusedTokenIsReplacedOnce) {
  class Counting final : public azure::TokenProvider {
   public:
    Result<std::string> Token(const std::string&) override { return std::to_string(number); }
    bool Refused(const std::string&, const std::string& token) override {
      if (token == std::to_string(number)) ++number;
      return true;
    }
    int number = 1;
  };
  tokens_ = std::make_unique<Counting>();
  transport_.Answer(404, "");  // metadata
  transport_.Answer(401, "");
  transport_.Answer(200, kV1);
  auto client = Make("https://a.b.kusto.windows.net");
  ASSERT_TRUE(client->Command({.text = ".drop table T"}));
  ASSERT_EQ(transport_.requests.size(), 3u);
  EXPECT_EQ(world::FindHeader(transport_.requests[1].headers, "Authorization"), "Bearer 1");
  EXPECT_EQ(world::FindHeader(transport_.requests[2].headers, "Authorization"), "Bearer 2");
  transport_.Answer(401, "");
  transport_.Answer(401, "");
  EXPECT_EQ(client->Command({.text = ".drop table T"}).error().code, ErrorCode::kStop);
  EXPECT_EQ(transport_.requests.size(), 5u) << "not for ever";
}

TEST_F(ClientTest, ProbeExplains) {
  // One broken connection is no reason to refuse, a few are.
  transport_.Break(ErrorCode::kRetry);
  transport_.Answer(200, kV1);
  EXPECT_EQ(*Probe(*Make()), "1.0");
  transport_.requests.clear();
  for (int i = 0; i < 4; ++i) transport_.Break(ErrorCode::kRetry);
  auto away = Probe(*Make());
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().reason, "Unreachable");
  EXPECT_NE(away.error().message.find("http://127.0.0.1:8080"), std::string::npos);
  EXPECT_EQ(away.error().message.find('\n'), std::string::npos);
  EXPECT_EQ(transport_.requests.size(), 4u);
  EXPECT_LT(transport_.requests[0].timeout, std::chrono::seconds(2));
  EXPECT_LT(transport_.requests[2].timeout, transport_.requests[0].timeout);
  // Who is busy for longer than a user waits is told so.
  const double before = Elapsed();
  transport_.Answer(503, "", {{"Retry-After", "20"}});
  EXPECT_FALSE(Probe(*Make()));
  EXPECT_LT(Elapsed() - before, 2);
  for (int i = 0; i < 4; ++i) transport_.Answer(200, "<html>");
  EXPECT_EQ(Probe(*Make()).error().reason, "NotKusto");
  transport_.Answer(404, "nothing here");
  EXPECT_EQ(Probe(*Make()).error().reason, "NotKusto");
  transport_.Answer(400, "");
  EXPECT_EQ(Probe(*Make()).error().reason, "NotKusto");
  transport_.Answer(401, "");
  EXPECT_EQ(Probe(*Make()).error().reason, "Forbidden");
  transport_.Answer(200, kV1);
  EXPECT_EQ(*Probe(*Make()), "1.0");
}

TEST_F(ClientTest, AReadThatBreaksOffInsideIsRepeatedAFewTimes) {
  transport_.Answer(200, R"({"Tables":[],"Exceptions":["out of memory"]})");
  transport_.Answer(200, std::string(kV1).substr(0, 40));
  transport_.Answer(200, kV1);
  EXPECT_TRUE(Make()->Show({.text = ".show version"}));
  for (int i = 0; i < 5; ++i) transport_.Answer(200, R"({"Tables":[],"Exceptions":["no"]})");
  EXPECT_EQ(Make()->Show({.text = ".show version"}).error().code, ErrorCode::kStop);
  transport_.requests.clear();
  transport_.Answer(200, R"({"Tables":[],"Exceptions":["no"]})");
  EXPECT_EQ(Make()->Command({.text = ".drop table T"}).error().code, ErrorCode::kUnknownOutcome);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(ClientTest, AClusterThatIsStartingIsNoWrongAddress) {
  for (int i = 0; i < 4; ++i) transport_.Answer(503, "");
  const auto probed = Probe(*Make());
  ASSERT_FALSE(probed);
  EXPECT_NE(probed.error().message.find("HTTP 503"), std::string::npos) << probed.error().message;
  EXPECT_EQ(probed.error().message.find("check the address"), std::string::npos);
}

TEST_F(ClientTest, AClusterThatIsColdIsNoWrongAddress) {
  const auto silent = Fail(ErrorCode::kRetry, "no answer", "Timeout");
  for (int i = 0; i < 4; ++i) transport_.script.push_back(silent);
  transport_.Answer(200, kV1);
  EXPECT_TRUE(Probe(*Make()));
  EXPECT_LT(transport_.requests[3].timeout, std::chrono::seconds(2));
  EXPECT_GT(transport_.requests[4].timeout, std::chrono::seconds(20));
  for (int i = 0; i < 8; ++i) transport_.script.push_back(silent);
  const auto probed = Probe(*Make());
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().reason, "Unreachable");
  EXPECT_NE(probed.error().message.find("takes the connection"), std::string::npos);
  // Nobody there: told at once.
  transport_.script.clear();
  transport_.requests.clear();
  for (int i = 0; i < 8; ++i) {
    transport_.script.push_back(Fail(ErrorCode::kRetry, "no connection", "ConnectTimeout"));
  }
  EXPECT_FALSE(Probe(*Make()));
  EXPECT_LE(transport_.requests.size(), 4u);
  EXPECT_LT(transport_.requests.back().timeout, std::chrono::seconds(2));
}

TEST_F(ClientTest, RequireDatabaseNamesWhatThereIs) {
  const char* databases =
      R"({"Tables":[{"TableName":"Table_0","Columns":[
      {"ColumnName":"DatabaseName","ColumnType":"string"},
      {"ColumnName":"PrettyName","ColumnType":"string"}],
      "Rows":[["Db1",""],["db2","Pretty"]]}]})";
  for (int i = 0; i < 4; ++i) transport_.Answer(200, databases);
  EXPECT_EQ(*RequireDatabase(*Make(), "Db1"), "Db1");
  EXPECT_EQ(*RequireDatabase(*Make(), "DB2"), "db2");
  EXPECT_EQ(*RequireDatabase(*Make(), "Pretty"), "db2");
  auto missing = RequireDatabase(*Make(), "Nowhere");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "DatabaseNotFound");
  EXPECT_NE(missing.error().message.find("'Nowhere'"), std::string::npos);
  EXPECT_NE(missing.error().message.find("'Db1', 'db2'"), std::string::npos);
}

}  // namespace
}  // namespace kc::kusto
