// Kusto connection strings: "https://help.kusto.windows.net/Samples;Fed=true;AppClientId=…".
// The grammar and all aliases: learn.microsoft.com, "Kusto connection strings".
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::kusto {

enum class AuthKind {
  kDefault,  // no keyword given: the default chain for https, nobody for plain http
  kNone,     // Fed=false
  kUserToken,
  kApplicationKey,
  kApplicationToken,
  kManagedIdentity,
};

struct ConnectionString {
  // "https://help.kusto.windows.net", without trailing '/' and database.
  std::string cluster;
  std::string database;  // Initial Catalog; empty when not given
  AuthKind auth = AuthKind::kDefault;
  std::string tenant;
  std::string client_id;
  std::string secret;  // application key or token
  bool weak_consistency = false;
  std::string app_name;
  std::string user_name;

  bool operator==(const ConnectionString&) const = default;
  // For messages: without secrets.
  std::string Shown() const;
};

// Errors (kStop "BadConnectionString") name the unknown or unsupported keyword, never a secret.
// Takes also "@help/Samples" for https://help.kusto.windows.net/Samples;Fed=true.
Result<ConnectionString> ParseConnectionString(std::string_view text);

}  // namespace kc::kusto
