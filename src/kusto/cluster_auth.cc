#include "kusto/cluster_auth.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace kc::kusto {
namespace {

constexpr auto kMetadataTimeout = std::chrono::seconds(10);

// Microsoft's list of host names that clusters have ("wellKnownKustoEndpoints").
constexpr std::string_view kTrustedSuffixes[] = {
    ".kusto.windows.net",           ".kustomfa.windows.net",
    ".kusto.fabric.microsoft.com",  ".kusto.data.microsoft.com",
    ".kusto.azuresynapse.net",      ".kusto.usgovcloudapi.net",
    ".kustomfa.usgovcloudapi.net",  ".kusto.chinacloudapi.cn",
    ".kusto.azuresynapse.azure.cn", ".playfabapi.com",
    ".kusto.sovcloud-api.fr",       ".kusto.sovcloud-api.de",
};

std::string HostOf(std::string_view url) {
  size_t start = url.find("://");
  std::string_view rest = url.substr(start == std::string_view::npos ? 0 : start + 3);
  if (!rest.empty() && rest[0] == '[') return std::string(rest.substr(0, rest.find(']') + 1));
  return std::string(rest.substr(0, rest.find_first_of(":/")));
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

bool IsTrustedHost(std::string_view cluster_url) {
  std::string host = HostOf(cluster_url);
  if (host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0) return true;
  for (std::string_view suffix : kTrustedSuffixes) {
    if (EndsWith(host, suffix)) return true;
  }
  return false;
}

ClusterAuth::ClusterAuth(const ConnectionString& connection, const ClientWorld& world)
    : connection_(connection), world_(world) {}

Result<ClusterAuth::Metadata> ClusterAuth::LearnMetadata(world::CancelToken* cancel) {
  if (metadata_.known) return metadata_;
  world::HttpRequest request;
  request.url = connection_.cluster + "/v1/rest/auth/metadata";
  request.headers.emplace_back("Accept", "application/json");
  request.timeout = kMetadataTimeout;
  request.cancel = cancel;
  KC_ASSIGN(world::HttpResponse response, world_.transport->Send(request));
  constexpr int kOk = 200;
  auto json = ParseJson(response.body);
  // Without an answer of that form the public cloud's values hold.
  if (response.status == kOk && json && json->is_object() && json->contains("AzureAD") &&
      (*json)["AzureAD"].is_object()) {
    const Json& aad = (*json)["AzureAD"];
    metadata_.resource = aad.value("KustoServiceResourceId", metadata_.resource);
    metadata_.login = aad.value("LoginEndpoint", metadata_.login);
  }
  metadata_.known = true;
  return metadata_;
}

Result<std::string> ClusterAuth::Token(world::CancelToken* cancel) {
  bool https = connection_.cluster.rfind("https://", 0) == 0;
  if (connection_.auth == AuthKind::kNone) return "";
  if (connection_.auth == AuthKind::kDefault && !https) return "";
  if (!IsTrustedHost(connection_.cluster)) {
    return Stop("'" + HostOf(connection_.cluster) +
                    "' is not known as a host of Kusto clusters, so no token is sent to it; use "
                    "Fed=false if it needs none",
                "UntrustedHost");
  }
  if (connection_.auth == AuthKind::kUserToken || connection_.auth == AuthKind::kApplicationToken) {
    return connection_.secret;
  }
  std::lock_guard lock(mutex_);
  KC_ASSIGN(Metadata metadata, LearnMetadata(cancel));
  if (connection_.auth == AuthKind::kDefault && world_.tokens != nullptr) {
    return world_.tokens->Token(metadata.resource);
  }
  if (own_ == nullptr) {
    if (connection_.auth == AuthKind::kApplicationKey) {
      azure::ServicePrincipal principal{connection_.tenant, connection_.client_id,
                                        connection_.secret, metadata.login};
      own_ = azure::MakeServicePrincipalTokens(principal, *world_.transport, *world_.clock);
    } else if (connection_.auth == AuthKind::kManagedIdentity) {
      own_ = azure::MakeManagedIdentityTokens(connection_.secret, *world_.transport, *world_.clock);
    } else {
      own_ = azure::MakeDefaultTokens(*world_.transport, *world_.clock);
    }
  }
  return own_->Token(metadata.resource);
}

bool ClusterAuth::Refused(const std::string& token) {
  if (token.empty()) return false;
  std::lock_guard lock(mutex_);
  if (own_ != nullptr) return own_->Refused(metadata_.resource, token);
  const bool shared = connection_.auth == AuthKind::kDefault && world_.tokens != nullptr;
  return shared && world_.tokens->Refused(metadata_.resource, token);
}

}  // namespace kc::kusto
