#include "azure/token_provider.h"

#include <gtest/gtest.h>

#include <deque>

#include "azure/test_clock.h"
#include "base/json.h"

namespace kc::azure {
namespace {

class ScriptedTransport final : public world::Transport {
 public:
  Result<world::HttpResponse> Send(const world::HttpRequest& request) override {
    requests.push_back(request);
    if (script.empty()) return Fail(ErrorCode::kRetry, "nobody listens");
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  }
  void Answer(int status, std::string body) {
    script.push_back(world::HttpResponse{status, {}, std::move(body)});
  }
  std::deque<Result<world::HttpResponse>> script;
  std::vector<world::HttpRequest> requests;
};

TEST(Tokens, AServicePrincipalsAreKeptUntilShortlyBeforeTheirEnd) {
  TestClock clock;
  ScriptedTransport transport;
  auto tokens = MakeServicePrincipalTokens({"tenant", "me", "s&cret"}, transport, clock);
  transport.Answer(200, R"({"access_token":"one","expires_in":3600})");
  transport.Answer(200, R"({"access_token":"two","expires_in":"3600"})");
  EXPECT_EQ(*tokens->Token("https://storage.azure.com"), "one");
  EXPECT_EQ(*tokens->Token("https://storage.azure.com"), "one");
  clock.Advance(std::chrono::minutes(54));
  EXPECT_EQ(*tokens->Token("https://storage.azure.com"), "one");
  clock.Advance(std::chrono::minutes(2));
  EXPECT_EQ(*tokens->Token("https://storage.azure.com"), "two");
  ASSERT_EQ(transport.requests.size(), 2u);
  EXPECT_EQ(transport.requests[0].url,
            "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  EXPECT_EQ(transport.requests[0].body,
            "grant_type=client_credentials&client_id=me&client_secret=s%26cret&scope="
            "https%3A%2F%2Fstorage.azure.com%2F.default");
}

// A copy runs for days: who gives tokens may be away for a moment, and a token may be revoked.
TEST(Tokens, AreFetchedAnewWhenTheyAreRefusedAndKeptWhenTheirSourceIsAway) {
  TestClock clock;
  ScriptedTransport transport;
  auto tokens = MakeServicePrincipalTokens({"tenant", "me", "secret"}, transport, clock);
  transport.Answer(503, "busy");
  EXPECT_EQ(tokens->Token("r").error().code, ErrorCode::kRetry);
  transport.Answer(200, R"({"access_token":"one","expires_in":3600})");
  EXPECT_EQ(*tokens->Token("r"), "one");
  EXPECT_TRUE(tokens->Refused("r", "one"));
  transport.Answer(200, R"({"access_token":"two","expires_in":3600})");
  EXPECT_EQ(*tokens->Token("r"), "two");
  EXPECT_TRUE(tokens->Refused("r", "one")) << "of another thread, late";
  EXPECT_EQ(*tokens->Token("r"), "two");
  clock.Advance(std::chrono::minutes(57));
  EXPECT_EQ(*tokens->Token("r"), "two") << "nobody gives another one, but it is still good";
  clock.Advance(std::chrono::minutes(5));
  EXPECT_EQ(tokens->Token("r").error().code, ErrorCode::kRetry);
}

TEST(Tokens, RefusalsAreExplained) {
  TestClock clock;
  ScriptedTransport transport;
  auto tokens = MakeServicePrincipalTokens({"tenant", "me", "secret"}, transport, clock);
  transport.Answer(401, R"({"error":"invalid_client","error_description":"AADSTS7000215: no"})");
  auto refused = tokens->Token("r");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kStop);
  EXPECT_NE(refused.error().message.find("AADSTS7000215"), std::string::npos);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  transport.Answer(200, "not json");
  EXPECT_FALSE(tokens->Token("r"));
}

TEST(Tokens, AManagedIdentitysComeFromTheMachine) {
  TestClock clock;
  ScriptedTransport transport;
  transport.Answer(200, R"({"access_token":"mi","expires_in":"86399"})");
  auto tokens = MakeManagedIdentityTokens("client-id", transport, clock);
  EXPECT_EQ(*tokens->Token("https://r"), "mi");
  EXPECT_NE(transport.requests[0].url.find("resource=https%3A%2F%2Fr"), std::string::npos);
  EXPECT_NE(transport.requests[0].url.find("client_id=client-id"), std::string::npos);
}

TEST(Tokens, TheChainSaysWhatItTried) {
  TestClock clock;
  ScriptedTransport transport;
  auto tokens = MakeDefaultTokens(transport, clock);
  auto none = tokens->Token("https://r");
  if (none) GTEST_SKIP() << "this machine is signed in to Azure";
  EXPECT_EQ(none.error().reason, "Unauthorized");
  for (const char* way : {"environment", "managed identity", "shared token cache", "Visual Studio",
                          "Visual Studio Code", "Azure CLI", "interactive browser"}) {
    EXPECT_NE(none.error().message.find(way), std::string::npos) << way;
  }
}

}  // namespace
}  // namespace kc::azure
