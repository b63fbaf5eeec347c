// Where a lake or a file lies: the storage connection strings that Kusto takes, and local folders.
//
//   /data/lake   ./lake   file:///data/lake                                   a local folder
//   https://acct.blob.core.windows.net/container/folder                       blob storage
//   https://acct.dfs.core.windows.net/container/folder                        ADLS gen 2
//   abfss://container@acct.dfs.core.windows.net/folder                        the same
//   http://127.0.0.1:10000/devstoreaccount1/container/folder                  an emulator
//
// followed by credentials: ?<SAS>  ;<base64 account key>  ;sharedkey=<key>  ;token=<jwt>
// ;impersonate  ;managed_identity=system|<object id>. With none, the default chain of
// token_provider.h is used for https, and nobody's for a local folder.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::azure {

enum class StorageKind { kFile, kBlob };

enum class CredentialKind {
  kNone,
  kSas,              // secret: "sv=…&sig=…", without '?'
  kAccountKey,       // secret: base64
  kToken,            // secret: a bearer token
  kImpersonate,      // the cluster uses its caller's rights; we use the default chain
  kManagedIdentity,  // secret: "system" or an object id; we use the default chain
};

struct StorageCredential {
  CredentialKind kind = CredentialKind::kNone;
  std::string secret;
  bool operator==(const StorageCredential&) const = default;
};

// A value type. `endpoint`, `account` and `container` are set for kBlob only.
struct StorageUrl {
  StorageKind kind = StorageKind::kFile;
  // "https://acct.blob.core.windows.net" or "http://127.0.0.1:10000/devstoreaccount1"; a dfs host
  // is replaced by the blob host of the same account, whose API both namespaces answer.
  std::string endpoint;
  std::string account;
  std::string container;
  // kBlob: the path below the container, decoded, without leading and trailing '/', may be empty.
  // kFile: the folder's path, without trailing '/'.
  std::string path;
  // Told by the form (dfs, abfss); a blob address says nothing (false).
  bool hierarchical = false;
  StorageCredential credential;

  bool operator==(const StorageUrl&) const = default;
  // Percent-encoded and without credentials: "https://acct…/container/folder/<name>", "file:///…".
  // An empty name gives the folder itself.
  std::string UrlOf(std::string_view name) const;
  // The folder with its credentials replaced by "…": for messages.
  std::string Shown() const;
  // The same place, one or more folders further down.
  StorageUrl Below(std::string_view folder) const;
};

// kStop (reason "BadStorageUrl") says what is wrong and shows a right form; never echoes a secret.
Result<StorageUrl> ParseStorageUrl(std::string_view text);

// "?sas", ";key", ";impersonate", …: what follows the URL in a Kusto command.
std::string CredentialSuffix(const StorageCredential& credential);

}  // namespace kc::azure
