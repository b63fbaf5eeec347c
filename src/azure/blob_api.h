// One request to blob storage: signed, sent once, its refusals turned into errors. Used by
// BlobStore only. Safe from any thread.
#pragma once

#include <atomic>
#include <string>

#include "azure/object_store.h"
#include "azure/shared_key.h"

namespace kc::azure {

struct BlobCall {
  std::string method = "GET";
  std::string name;        // of the object; "" = the container
  Query query;             // besides the SAS
  world::Headers headers;  // besides those of every request
  std::string body;
  bool mutates = false;
};

class BlobApi {
 public:
  BlobApi(StorageUrl url, std::string key, const StoreWorld& world, TokenProvider* tokens);

  // An answer below 300, or the error that it means. Sent once; only a refusal because our clock is
  // wrong is repeated with the server's time.
  Result<world::HttpResponse> Send(const BlobCall& call);
  // UTC by the server's clock, as far as it is known.
  int64_t ServerTicks() const;
  const StorageUrl& url() const { return url_; }
  const std::string& key() const { return key_; }
  bool contacted() const { return contacted_; }

 private:
  Result<world::HttpRequest> Build(const BlobCall& call) const;
  std::chrono::milliseconds TimeoutOf(const BlobCall& call) const;
  // The user asked for the end some time ago, and the storage had its time to answer.
  bool GivenUp() const;
  Error ErrorOf(const BlobCall& call, const world::HttpResponse& response) const;
  Error Forbidden(const std::string& name, int status, const std::string& code) const;
  bool TokenRefused(const world::HttpRequest& request) const;

  const StorageUrl url_;
  const std::string key_;  // raw bytes, "" when there is none
  const StoreWorld world_;
  TokenProvider* const tokens_;
  std::atomic<bool> contacted_{false};    // it has answered once, or at least taken a connection
  std::atomic<int64_t> clock_offset_{0};  // ticks to add to the own clock
  // When it was first seen that the end is asked for (monotonic); -1: not yet.
  mutable std::atomic<int64_t> hurried_ns_{-1};
};

// The inner text of the first <tag>…</tag> in `xml`, entities decoded; "" if it isn't there.
std::string XmlText(std::string_view xml, std::string_view tag);
// What a page of List Blobs says: `prefix` is cut off the names, folders are left out.
ListPage ParseBlobList(std::string_view xml, std::string_view prefix);

}  // namespace kc::azure
