#include "kusto/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "azure/object_names.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/cluster_auth.h"

namespace kc::kusto {
namespace {

// What a server takes when it isn't told otherwise, and what it may be told at most.
constexpr auto kQueryTimeout = std::chrono::minutes(4);
constexpr auto kCommandTimeout = std::chrono::minutes(10);
constexpr auto kLongestTimeout = std::chrono::hours(1);
// Network and queueing on top of the server's time.
constexpr auto kTimeoutMargin = std::chrono::seconds(30);
constexpr int kOk = 200;
constexpr int kUnauthorized = 401;

enum class Kind { kQuery, kShow, kCommand };

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kQuery:
      return "query";
    case Kind::kShow:
      return "show";
    case Kind::kCommand:
      return "command";
  }
  return "";
}

// An answer that can't be read, or that broke off with an error without saying how lasting that is,
// is worth another look as well, though not for ever.
bool MayPass(const Error& error) {
  return error.code == ErrorCode::kRetry ||
         (error.http_status == kOk &&
          (error.reason == "BadAnswer" || error.reason == "Exceptions"));
}

class ClientImpl final : public Client {
 public:
  ClientImpl(ConnectionString connection, const ClientWorld& world)
      : connection_(std::move(connection)), world_(world), auth_(connection_, world) {}

  Result<Answer> Query(const Request& request) override { return Repeat(Kind::kQuery, request); }
  Result<Answer> Show(const Request& request) override { return Repeat(Kind::kShow, request); }
  Result<Answer> Command(const Request& request) override { return Send(Kind::kCommand, request); }

  const std::string& cluster() const override { return connection_.cluster; }
  const ConnectionString& connection() const override { return connection_; }

 private:
  Result<Answer> Repeat(Kind kind, const Request& request) {
    const auto began = world_.clock->Monotonic();
    for (int attempt = 1;; ++attempt) {
      auto answer = Send(kind, OneAttempt(request, world_.clock->Monotonic() - began));
      if (answer || !MayPass(answer.error()) || attempt >= request.attempts) return answer;
      LogDebug("{}: attempt {} of a {} failed: {}", cluster(), attempt, NameOf(kind),
               answer.error().message);
      world::Duration pause = azure::PauseBefore(attempt, answer.error());
      const auto passed = world_.clock->Monotonic() - began;
      if (request.patience.count() > 0 && passed + pause > request.patience) return answer;
      if (!world_.clock->Sleep(pause, request.cancel)) {
        return Stop("cancelled while waiting for " + cluster(), "Cancelled");
      }
    }
  }

  // No attempt may outlast the caller's patience.
  static Request OneAttempt(Request request, world::Duration passed) {
    if (request.patience.count() > 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(request.patience - passed);
      request.timeout = std::max(std::chrono::milliseconds(1), left);
    }
    return request;
  }

  Result<Answer> Send(Kind kind, const Request& request) {
    std::string id = request.client_request_id;
    if (id.empty()) id = fmt::format("KustoCopy.{};{}", NameOf(kind), world_.random->Guid());
    std::string token;
    KC_ASSIGN(world::HttpRequest http, Build(kind, request, id, token));
    auto sent = world_.transport->Send(http);
    // Refused before anything was done; once, with a fresh token.
    if (sent && sent->status == kUnauthorized && auth_.Refused(token)) {
      KC_ASSIGN(http, Build(kind, request, id, token));
      sent = world_.transport->Send(http);
    }
    if (!sent) {
      return Fail(std::move(sent).error().Within("cluster '" + connection_.cluster + "'"));
    }
    bool mutates = kind == Kind::kCommand;
    if (sent->status != kOk) {
      Error error =
          DecodeHttpError(sent->status, sent->body, world::FindHeader(sent->headers, "Retry-After"),
                          world_.clock->NowTicks(), mutates);
      return Fail(std::move(error).Within("cluster '" + connection_.cluster + "'"));
    }
    auto answer = kind == Kind::kQuery ? DecodeV2(sent->body) : DecodeV1(sent->body);
    if (!answer) {
      Error error = std::move(answer).error();
      error.http_status = kOk;
      // What a command did before it failed is not known.
      if (mutates) error.code = ErrorCode::kUnknownOutcome;
      return Fail(std::move(error).Within("cluster '" + connection_.cluster + "'"));
    }
    if (answer->client_request_id.empty()) answer->client_request_id = id;
    if (answer->activity_id.empty()) {
      answer->activity_id = world::FindHeader(sent->headers, "x-ms-activity-id");
    }
    return answer;
  }

  Result<world::HttpRequest> Build(Kind kind, const Request& request, const std::string& id,
                                   std::string& token) {
    world::HttpRequest http;
    http.method = "POST";
    http.url = connection_.cluster + (kind == Kind::kQuery ? "/v2/rest/query" : "/v1/rest/mgmt");
    http.headers = {{"Accept", "application/json"},
                    {"Content-Type", "application/json; charset=utf-8"},
                    {"x-ms-client-request-id", id},
                    {"x-ms-client-version", "KustoCopy:{0.1}"},
                    {"x-ms-version", "2024-12-12"}};
    http.headers.emplace_back("x-ms-app", Traced(connection_.app_name, "KustoCopy"));
    if (!connection_.user_name.empty()) {
      http.headers.emplace_back("x-ms-user", Traced(connection_.user_name, ""));
    }
    KC_ASSIGN(token, auth_.Token(request.cancel));
    if (!token.empty()) http.headers.emplace_back("Authorization", "Bearer " + token);
    KC_ASSIGN(http.body, Body(kind, request));
    http.mutates = kind == Kind::kCommand;
    http.cancel = request.cancel;
    http.timeout = request.timeout;
    if (http.timeout.count() == 0) {
      std::chrono::seconds server = request.server_timeout;
      if (server.count() == 0) server = kind == Kind::kQuery ? kQueryTimeout : kCommandTimeout;
      http.timeout = std::min<std::chrono::seconds>(server, kLongestTimeout) + kTimeoutMargin;
    }
    return http;
  }

  // Header values are ASCII without controls.
  static std::string Traced(const std::string& text, const std::string& otherwise) {
    std::string out;
    for (char c : text) out += c >= ' ' && c < 0x7F ? c : '?';
    return out.empty() ? otherwise : out;
  }

  Result<std::string> Body(Kind kind, const Request& request) const {
    Json options = Json::object();
    if (request.server_timeout.count() > 0) {
      auto seconds = std::min<std::chrono::seconds>(request.server_timeout, kLongestTimeout);
      options["servertimeout"] = FormatTimeSpan(seconds.count() * kTicksPerSecond);
    }
    if (request.no_truncation) options["notruncation"] = true;
    if (kind == Kind::kQuery) {
      options["queryconsistency"] =
          connection_.weak_consistency ? "weakconsistency" : "strongconsistency";
    }
    for (const auto& [name, text] : request.options) {
      KC_ASSIGN(options[name], ParseJson(text));
    }
    Json parameters = Json::object();
    for (const auto& [name, literal] : request.parameters) parameters[name] = literal;
    std::string database = request.database.empty() ? connection_.database : request.database;
    if (database.empty()) database = "NetDefaultDB";
    return DumpJson(Json{{"db", database},
                         {"csl", request.text},
                         {"properties", {{"Options", options}, {"Parameters", parameters}}}});
  }

  const ConnectionString connection_;
  const ClientWorld world_;
  ClusterAuth auth_;
};

}  // namespace

std::unique_ptr<Client> MakeClient(ConnectionString connection, const ClientWorld& world) {
  KC_ASSERT(world.transport != nullptr && world.clock != nullptr && world.random != nullptr);
  return std::make_unique<ClientImpl>(std::move(connection), world);
}

Status RequireStrong(const Answer& answer) {
  if (answer.consistency == "strongconsistency") return {};
  if (answer.consistency.empty()) {
    return Stop(
        "the cluster doesn't say that the answer is strongly consistent, so that rows could be "
        "missed; a copy needs strongconsistency",
        "Consistency");
  }
  return Stop(
      "the cluster answered with " + answer.consistency +
          " where strongconsistency was asked for, so that rows could be missed: a workload "
          "group's policy enforces it; use another group for this principal",
      "Consistency");
}

}  // namespace kc::kusto
