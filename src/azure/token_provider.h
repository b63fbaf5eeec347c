// Bearer tokens of Microsoft Entra ID. Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/transport.h"

namespace kc::azure {

class TokenProvider {
 public:
  virtual ~TokenProvider() = default;
  // A token for a resource ("https://storage.azure.com", "https://kusto.kusto.windows.net") that is
  // valid for five more minutes at least; kept until then. kStop "Unauthorized" says which ways
  // were tried and why each one did not serve.
  // kRetry: who gives tokens can't be reached at present.
  virtual Result<std::string> Token(const std::string& resource) = 0;
  // The service refused a token that should be good (revoked, clocks that differ): the next one is
  // fetched anew. False: there is no other.
  virtual bool Refused(const std::string& resource, const std::string& token) {
    (void)resource, (void)token;
    return false;
  }
};

struct ServicePrincipal {
  std::string tenant;
  std::string client_id;
  std::string secret;
  std::string authority = "https://login.microsoftonline.com";
};
// OAuth2 client credentials.
std::unique_ptr<TokenProvider> MakeServicePrincipalTokens(ServicePrincipal principal,
                                                          world::Transport& transport,
                                                          world::Clock& clock);
// The managed identity of this machine (IMDS, or IDENTITY_ENDPOINT in App Service and containers);
// `id`: "system" or a client id.
std::unique_ptr<TokenProvider> MakeManagedIdentityTokens(std::string id,
                                                         world::Transport& transport,
                                                         world::Clock& clock);
// Environment, managed identity, shared token cache, Visual Studio, VS Code, Azure CLI, browser:
// the first that serves. Those that can't exist here are skipped; each skip is one debug line with
// its reason.
std::unique_ptr<TokenProvider> MakeDefaultTokens(world::Transport& transport, world::Clock& clock);

}  // namespace kc::azure
