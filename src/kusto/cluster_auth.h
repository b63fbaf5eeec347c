// Bearer tokens for one cluster, as its connection string asks.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "kusto/client.h"

namespace kc::kusto {

// Is this host one of Microsoft's clusters (or of this machine)? Tokens are sent to no other.
bool IsTrustedHost(std::string_view cluster_url);

// Safe from any thread.
class ClusterAuth {
 public:
  ClusterAuth(const ConnectionString& connection, const ClientWorld& world);
  // "" when requests go without one.
  Result<std::string> Token(world::CancelToken* cancel);
  // The cluster refused it: true if another one may be had by Token().
  bool Refused(const std::string& token);

 private:
  // What the cluster says about signing in: the resource of its tokens and where they come from.
  struct Metadata {
    bool known = false;
    std::string resource = "https://kusto.kusto.windows.net";
    std::string login = "https://login.microsoftonline.com";
  };
  Result<Metadata> LearnMetadata(world::CancelToken* cancel);

  const ConnectionString connection_;
  const ClientWorld world_;
  std::mutex mutex_;
  Metadata metadata_;
  std::unique_ptr<azure::TokenProvider> own_;
};

}  // namespace kc::kusto
