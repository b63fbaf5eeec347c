// Signatures with an account key: requests (SharedKey) and shared access signatures. Pure.
// Source: learn.microsoft.com, "Authorize with Shared Key", "Create a service SAS".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "azure/storage_url.h"
#include "base/error.h"
#include "world/transport.h"

namespace kc::azure {

// The version of the storage API that is spoken and signed.
inline constexpr std::string_view kStorageApiVersion = "2021-12-02";

// The query parameters of a URL, decoded.
using Query = std::vector<std::pair<std::string, std::string>>;
std::string QueryText(const Query& query);  // "?a=b&c=d", "" if empty

// "SharedKey account:signature" for a request whose URL is `url` (without its query). `key`: raw
// bytes.
std::string SharedKeyAuthorization(std::string_view account, std::string_view key,
                                   const world::HttpRequest& request, std::string_view url,
                                   const Query& query);

struct SasRequest {
  std::string rights;    // in the order that the service wants: "racwdl…"
  std::string resource;  // "b" blob, "c" container, "d" directory
  // Below the container, decoded: the blob or the directory.
  std::string path;
  int64_t starts_ticks = 0;
  int64_t expires_ticks = 0;
};
// "sv=…&sig=…"
std::string MakeSas(const StorageUrl& url, std::string_view key, const SasRequest& request);

// "Sun, 22 Nov 2026 06:30:00 GMT"
std::string HttpDate(int64_t ticks);
// Of that form, or nothing.
std::optional<int64_t> ParseHttpDate(std::string_view text);
// "2026-11-22T06:30:00Z"
std::string SasTime(int64_t ticks);

}  // namespace kc::azure
