#include "azure/token_provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"
#include "world/processes.h"

namespace kc::azure {
namespace {

// A token that ends sooner is fetched anew.
constexpr auto kMargin = std::chrono::minutes(5);
constexpr auto kTokenTimeout = std::chrono::seconds(30);
// Without the identity service nothing listens at its address: don't wait long.
constexpr auto kImdsTimeout = std::chrono::milliseconds(1500);

struct Fetched {
  std::string token;
  world::Duration valid{};
};

// Keeps tokens until shortly before their end; derived classes fetch.
class CachingProvider : public TokenProvider {
 public:
  explicit CachingProvider(world::Clock& clock) : clock_(clock) {}

  Result<std::string> Token(const std::string& resource) override {
    std::lock_guard lock(mutex_);
    auto& kept = kept_[resource];
    if (!kept.token.empty() && clock_.Monotonic() < kept.valid - kMargin) return kept.token;
    auto fetched = Fetch(resource);
    // The old one is good for some minutes more.
    const bool good = !kept.token.empty() && clock_.Monotonic() < kept.valid;
    if (!fetched && good) return kept.token;
    if (!fetched) return Fail(std::move(fetched).error());
    kept = {fetched->token, clock_.Monotonic() + fetched->valid};
    return kept.token;
  }

  bool Refused(const std::string& resource, const std::string& token) override {
    std::lock_guard lock(mutex_);
    auto& kept = kept_[resource];
    // Else another thread has fetched a new one already.
    if (kept.token == token) kept = {};
    return true;
  }

 protected:
  virtual Result<Fetched> Fetch(const std::string& resource) = 0;
  world::Clock& clock_;

 private:
  std::mutex mutex_;
  std::map<std::string, Fetched> kept_;  // `valid`: until this monotonic time
};

Result<Fetched> ReadTokenAnswer(const world::HttpResponse& response, const std::string& who) {
  auto json = ParseJson(response.body);
  constexpr int kOk = 200;
  if (response.status != kOk) {
    std::string why = "HTTP " + std::to_string(response.status);
    if (json && json->is_object() && json->contains("error_description")) {
      std::string text = DumpJson((*json)["error_description"]);
      why += " " + text.substr(0, text.find("\\r"));
    }
    constexpr int kBusy = 429;
    constexpr int kFirstServerError = 500;
    const bool passes = response.status == kBusy || response.status >= kFirstServerError;
    return Fail(passes ? ErrorCode::kRetry : ErrorCode::kStop, who + " gives no token: " + why,
                "Unauthorized");
  }
  if (!json || !json->is_object() || !json->contains("access_token") ||
      !(*json)["access_token"].is_string()) {
    return Stop(who + " answers without a token", "Unauthorized");
  }
  // expires_in is a number or the text of one.
  constexpr int64_t kUsual = 3600;
  int64_t seconds = kUsual;
  if (json->contains("expires_in")) {
    const Json& value = (*json)["expires_in"];
    if (value.is_number_integer()) seconds = value.get<int64_t>();
    if (value.is_string()) seconds = ParseInt64(value.get<std::string>()).value_or(kUsual);
  }
  return Fetched{(*json)["access_token"].get<std::string>(), std::chrono::seconds(seconds)};
}

class ServicePrincipalTokens final : public CachingProvider {
 public:
  ServicePrincipalTokens(ServicePrincipal principal, world::Transport& transport,
                         world::Clock& clock)
      : CachingProvider(clock), principal_(std::move(principal)), transport_(transport) {}

 private:
  Result<Fetched> Fetch(const std::string& resource) override {
    world::HttpRequest request;
    request.method = "POST";
    request.url = principal_.authority + "/" + UrlEncode(principal_.tenant) + "/oauth2/v2.0/token";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = "grant_type=client_credentials&client_id=" + UrlEncode(principal_.client_id) +
                   "&client_secret=" + UrlEncode(principal_.secret) +
                   "&scope=" + UrlEncode(resource + "/.default");
    request.timeout = kTokenTimeout;
    KC_ASSIGN(world::HttpResponse response, transport_.Send(request));
    return ReadTokenAnswer(response, "Microsoft Entra ID");
  }

  const ServicePrincipal principal_;
  world::Transport& transport_;
};

class ManagedIdentityTokens final : public CachingProvider {
 public:
  ManagedIdentityTokens(std::string id, world::Transport& transport, world::Clock& clock)
      : CachingProvider(clock), id_(std::move(id)), transport_(transport) {}

 private:
  Result<Fetched> Fetch(const std::string& resource) override {
    std::string endpoint = world::Environment("IDENTITY_ENDPOINT");
    std::string secret = world::Environment("IDENTITY_HEADER");
    world::HttpRequest request;
    request.timeout = kImdsTimeout;
    if (!endpoint.empty() && !secret.empty()) {
      request.url = endpoint + "?api-version=2019-08-01";
      request.headers.emplace_back("X-IDENTITY-HEADER", secret);
    } else {
      request.url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
      request.headers.emplace_back("Metadata", "true");
    }
    request.url += "&resource=" + UrlEncode(resource);
    if (!id_.empty() && id_ != "system") request.url += "&client_id=" + UrlEncode(id_);
    auto response = transport_.Send(request);
    if (!response) {
      return Stop("no managed identity service answers (" + response.error().message + ")",
                  "Unauthorized");
    }
    return ReadTokenAnswer(*response, "the managed identity service");
  }

  const std::string id_;
  world::Transport& transport_;
};

// `az account get-access-token`
class AzureCliTokens final : public CachingProvider {
 public:
  using CachingProvider::CachingProvider;

 private:
  Result<Fetched> Fetch(const std::string& resource) override {
    auto output = world::RunProgram(
        {"az", "account", "get-access-token", "--output", "json", "--resource", resource},
        kTokenTimeout);
    if (!output) return Stop(output.error().message, "Unauthorized");
    auto json = ParseJson(*output);
    if (!json || !json->is_object() || !json->contains("accessToken") ||
        !(*json)["accessToken"].is_string()) {
      return Stop("az answers without a token", "Unauthorized");
    }
    // expires_on: seconds since 1970, in newer versions only; az renews by itself.
    auto valid = std::chrono::seconds(kMargin) + std::chrono::seconds(60);
    if (json->contains("expires_on") && (*json)["expires_on"].is_number_integer()) {
      int64_t now = (clock_.NowTicks() - kUnixEpochTicks) / kTicksPerSecond;
      valid = std::chrono::seconds((*json)["expires_on"].get<int64_t>() - now);
    }
    return Fetched{(*json)["accessToken"].get<std::string>(), valid};
  }
};

// The first way that serves is kept.
class DefaultTokens final : public TokenProvider {
 public:
  DefaultTokens(world::Transport& transport, world::Clock& clock) {
    AddEnvironment(transport, clock);
    Skip("workload identity", "not supported yet");
    ways_.push_back(
        {"managed identity", MakeManagedIdentityTokens("system", transport, clock), ""});
    Skip("shared token cache", "exists on Windows only");
    Skip("Visual Studio", "exists on Windows only");
    Skip("Visual Studio Code", "its sign-in is not readable by other programs");
    ways_.push_back({"Azure CLI", std::make_unique<AzureCliTokens>(clock), ""});
    Skip("interactive browser", "not supported yet");
  }

  bool Refused(const std::string& resource, const std::string& token) override {
    std::lock_guard lock(mutex_);
    return chosen_ != nullptr && chosen_->Refused(resource, token);
  }

  Result<std::string> Token(const std::string& resource) override {
    std::lock_guard lock(mutex_);
    if (chosen_ != nullptr) return chosen_->Token(resource);
    std::string reasons;
    for (Way& way : ways_) {
      std::string why = way.skipped;
      if (way.provider != nullptr) {
        auto token = way.provider->Token(resource);
        if (token) {
          LogDebug("credentials: {} is used", way.name);
          chosen_ = way.provider.get();
          return token;
        }
        why = token.error().message;
      }
      LogDebug("credentials: {} skipped: {}", way.name, why);
      reasons += (reasons.empty() ? "" : "; ") + way.name + ": " + why;
    }
    return Stop("no credentials were found: " + reasons, "Unauthorized");
  }

 private:
  struct Way {
    std::string name;
    std::unique_ptr<TokenProvider> provider;
    std::string skipped;
  };

  void Skip(std::string name, std::string why) {
    ways_.push_back({std::move(name), nullptr, std::move(why)});
  }

  void AddEnvironment(world::Transport& transport, world::Clock& clock) {
    ServicePrincipal principal;
    principal.tenant = world::Environment("AZURE_TENANT_ID");
    principal.client_id = world::Environment("AZURE_CLIENT_ID");
    principal.secret = world::Environment("AZURE_CLIENT_SECRET");
    std::string authority = world::Environment("AZURE_AUTHORITY_HOST");
    if (!authority.empty()) {
      while (authority.back() == '/') authority.pop_back();
      principal.authority = authority;
    }
    if (principal.tenant.empty() || principal.client_id.empty() || principal.secret.empty()) {
      return Skip("environment",
                  "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not all set");
    }
    ways_.push_back(
        {"environment", MakeServicePrincipalTokens(std::move(principal), transport, clock), ""});
  }

  std::mutex mutex_;
  std::vector<Way> ways_;
  TokenProvider* chosen_ = nullptr;
};

}  // namespace

std::unique_ptr<TokenProvider> MakeServicePrincipalTokens(ServicePrincipal principal,
                                                          world::Transport& transport,
                                                          world::Clock& clock) {
  return std::make_unique<ServicePrincipalTokens>(std::move(principal), transport, clock);
}

std::unique_ptr<TokenProvider> MakeManagedIdentityTokens(std::string id,
                                                         world::Transport& transport,
                                                         world::Clock& clock) {
  return std::make_unique<ManagedIdentityTokens>(std::move(id), transport, clock);
}

std::unique_ptr<TokenProvider> MakeDefaultTokens(world::Transport& transport, world::Clock& clock) {
  return std::make_unique<DefaultTokens>(transport, clock);
}

}  // namespace kc::azure
