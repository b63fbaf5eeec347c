#include "azure/blob_store.h"

#include <algorithm>

#include "azure/blob_api.h"
#include "azure/local_holders.h"
#include "azure/object_names.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::azure {
namespace {

// One request up to here; above it blocks, so that a lost connection costs a block.
constexpr size_t kSinglePut = size_t{32} << 20;
constexpr size_t kBlock = size_t{16} << 20;
// A SAS is valid from a little before, as clocks differ.
constexpr int64_t kClockSkew = 15 * kTicksPerMinute;

std::string Unquoted(std::string_view etag) {
  return ReplaceAll(std::string(etag), "\"", "");
}

// Changes that may be repeated freely by the caller: an unknown outcome is one to try again.
template <typename T>
Result<T> Repeatable(Result<T> result) {
  if (!result && result.error().code == ErrorCode::kUnknownOutcome) {
    result.error().code = ErrorCode::kRetry;
  }
  return result;
}

class BlobStore final : public ObjectStore {
 public:
  BlobStore(const StorageUrl& url, std::string key, const StoreWorld& world, TokenProvider* tokens)
      : world_(world),
        api_(url, std::move(key), world, tokens),
        holders_(world.files, world.lease_folder),
        prefix_(url.path.empty() ? "" : url.path + "/") {}

  Result<std::string> Put(const std::string& name, std::string_view bytes,
                          const WriteCondition& condition) override {
    KC_TRY(CheckName(name));
    world::Headers headers;
    if (!condition.if_match.empty())
      headers.emplace_back("If-Match", "\"" + condition.if_match + "\"");
    if (!condition.lease_id.empty()) headers.emplace_back("x-ms-lease-id", condition.lease_id);
    return PutBlob(name, bytes, headers);
  }

  Result<std::string> PutIfAbsent(const std::string& name, std::string_view bytes) override {
    KC_TRY(CheckName(name));
    for (int attempt = 1;; ++attempt) {
      auto put = PutBlob(name, bytes, {{"If-None-Match", "*"}});
      if (put) return put;
      // In blocks the answer is ConditionNotMet. From the second send on it may be the first one's.
      bool exists = put.error().reason == "ConditionNotMet" || put.error().reason == "Exists";
      if (exists && attempt == 1) return Fail(Exists(url(), name));
      if (!exists && put.error().code != ErrorCode::kUnknownOutcome) return put;
      Status settled = SettlePutIfAbsent(*this, name, bytes);
      if (settled) {
        KC_ASSIGN(ObjectInfo info, Stat(name));
        return info.etag;
      }
      // Not there (yet). All sends carry the same bytes and one at most gets in.
      if (settled.error().code != ErrorCode::kUnknownOutcome || attempt >= kReadAttempts ||
          !PauseForNext(world_, attempt, put.error())) {
        return Fail(std::move(settled).error());
      }
    }
  }

  Result<ObjectContent> Get(const std::string& name) override {
    KC_TRY(CheckName(name));
    KC_ASSIGN(world::HttpResponse response, Read({.name = name}));
    std::string etag = Unquoted(world::FindHeader(response.headers, "ETag"));
    return ObjectContent{std::move(response.body), std::move(etag)};
  }

  Result<std::string> GetRange(const std::string& name, int64_t offset, int64_t length) override {
    KC_TRY(CheckName(name));
    if (length <= 0) return std::string();
    int64_t last = length > INT64_MAX - offset ? INT64_MAX : offset + length - 1;
    std::string range = "bytes=" + std::to_string(offset) + "-" + std::to_string(last);
    auto response = Read({.name = name, .headers = {{"x-ms-range", range}}});
    constexpr int kPastEnd = 416;
    if (!response && response.error().http_status == kPastEnd) return std::string();
    if (!response) return Fail(std::move(response).error());
    return std::move(response->body);
  }

  Result<ObjectInfo> Stat(const std::string& name) override {
    KC_TRY(CheckName(name));
    KC_ASSIGN(world::HttpResponse response, Read({.method = "HEAD", .name = name}));
    auto header = [&](std::string_view key) { return world::FindHeader(response.headers, key); };
    return ObjectInfo{name, ParseInt64(header("Content-Length")).value_or(0),
                      Unquoted(header("ETag")), ParseHttpDate(header("Last-Modified")).value_or(0)};
  }

  Result<ListPage> List(const std::string& prefix, const std::string& page, int limit) override {
    KC_TRY(CheckPrefix(prefix));
    Query query{{"restype", "container"}, {"comp", "list"}, {"prefix", prefix_ + prefix}};
    query.emplace_back("maxresults", std::to_string(std::clamp(limit, 1, kLongestPage)));
    if (!page.empty()) query.emplace_back("marker", page);
    KC_ASSIGN(world::HttpResponse response, Read({.query = std::move(query)}));
    return ParseBlobList(response.body, prefix_);
  }

  Status Delete(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    BlobCall call{.method = "DELETE", .name = name, .mutates = true};
    call.headers.emplace_back("x-ms-delete-snapshots", "include");
    if (!lease_id.empty()) call.headers.emplace_back("x-ms-lease-id", lease_id);
    auto sent = Sent(call, true);
    if (!sent && sent.error().reason != "NotFound") return Fail(std::move(sent).error());
    return {};
  }

  Result<int64_t> DeletePrefix(const std::string& prefix) override {
    KC_TRY(CheckPrefix(prefix));
    if (prefix.empty()) return Stop("a whole lake is never deleted", "BadName");
    KC_ASSIGN(std::vector<ObjectInfo> objects, ListAll(*this, prefix));
    for (const ObjectInfo& object : objects) KC_TRY(Delete(object.name, ""));
    return static_cast<int64_t>(objects.size());
  }

  Status CreateAppend(const std::string& name) override {
    KC_TRY(CheckName(name));
    BlobCall call{.method = "PUT", .name = name, .mutates = true};
    call.headers = {{"x-ms-blob-type", "AppendBlob"}, {"If-None-Match", "*"}};
    auto sent = Sent(call, false);
    if (!sent) return Fail(std::move(sent).error());
    return {};
  }

  Status Append(const std::string& name, std::string_view bytes, int64_t position,
                const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    if (bytes.size() > kMaxAppendBytes) return Fail(PastAppendLimit(name, bytes.size()));
    if (bytes.empty()) return {};
    BlobCall call{.method = "PUT",
                  .name = name,
                  .query = {{"comp", "appendblock"}},
                  .body = std::string(bytes),
                  .mutates = true};
    call.headers.emplace_back("x-ms-blob-condition-appendpos", std::to_string(position));
    call.headers.emplace_back("Content-MD5", Base64Encode(Md5(bytes)));
    if (!lease_id.empty()) call.headers.emplace_back("x-ms-lease-id", lease_id);
    for (int attempt = 1;; ++attempt) {
      auto sent = Sent(call, false);
      if (sent) return {};
      bool refused = sent.error().reason == "AppendPositionConditionNotMet";
      if (!refused && sent.error().code != ErrorCode::kUnknownOutcome) {
        return Fail(std::move(sent).error());
      }
      Status settled = SettleAppend(*this, name, bytes, position, refused);
      if (settled || settled.error().code != ErrorCode::kUnknownOutcome ||
          attempt >= kReadAttempts || !PauseForNext(world_, attempt, sent.error())) {
        return settled;
      }
    }
  }

  Status AcquireLease(const std::string& name, const std::string& proposed_id,
                      int seconds) override {
    seconds = std::clamp(seconds, kShortestLeaseSeconds, kLongestLeaseSeconds);
    Status acquired = Lease(name, {{"x-ms-lease-action", "acquire"},
                                   {"x-ms-lease-duration", std::to_string(seconds)},
                                   {"x-ms-proposed-lease-id", proposed_id}});
    if (!acquired && acquired.error().reason == "LeaseAlreadyPresent") {
      std::string dead = holders_.DeadHolder(url().UrlOf(name));
      // Succeeds only if the dead one's lease is the current one, for one of those who try.
      if (!dead.empty() && Lease(name, {{"x-ms-lease-action", "change"},
                                        {"x-ms-lease-id", dead},
                                        {"x-ms-proposed-lease-id", proposed_id}})) {
        acquired = RenewLease(name, proposed_id);
      }
    }
    if (acquired) holders_.Hold(url().UrlOf(name), proposed_id);
    return acquired;
  }

  Status RenewLease(const std::string& name, const std::string& lease_id) override {
    return Lease(name, {{"x-ms-lease-action", "renew"}, {"x-ms-lease-id", lease_id}});
  }

  Status ReleaseLease(const std::string& name, const std::string& lease_id) override {
    Status ended =
        Ended(Lease(name, {{"x-ms-lease-action", "release"}, {"x-ms-lease-id", lease_id}}));
    if (ended) holders_.Drop(url().UrlOf(name));
    return ended;
  }

  Status BreakLease(const std::string& name) override {
    return Ended(Lease(name, {{"x-ms-lease-action", "break"}, {"x-ms-lease-break-period", "0"}}));
  }

  Result<std::string> Grant(const std::string& path, Access access,
                            world::Duration valid) override {
    if (api_.key().empty()) return url().UrlOf(path) + CredentialSuffix(url().credential);
    SasRequest request;
    request.starts_ticks = api_.ServerTicks() - kClockSkew;
    request.expires_ticks = api_.ServerTicks() + valid.count() / 100;
    request.path = prefix_ + path;
    if (path.empty() && !request.path.empty()) request.path.pop_back();
    if (access == Access::kRead) {
      request.resource = "b";
      request.rights = "r";
    } else {
      request.rights = "rcwl";  // what `.export` asks for
      request.resource = !request.path.empty() && Hierarchical() ? "d" : "c";
      if (request.resource == "c") request.path.clear();
    }
    return url().UrlOf(path) + "?" + MakeSas(url(), api_.key(), request);
  }

  Result<std::string> NameOf(std::string_view address) const override {
    std::string plain = UrlDecode(address).value_or(std::string(address));
    auto parsed = ParseStorageUrl(address);
    // Clusters write the path decoded: then '%' and other characters stand for themselves.
    StorageUrl at = url();
    std::string root = at.endpoint + "/" + at.container + "/" + prefix_;
    for (std::string_view text : {std::string_view(plain), address}) {
      if (text.substr(0, root.size()) == root && CheckName(text.substr(root.size()))) {
        return std::string(text.substr(root.size()));
      }
    }
    if (parsed && parsed->account == at.account && parsed->container == at.container &&
        parsed->path.rfind(prefix_, 0) == 0 && CheckName(parsed->path.substr(prefix_.size()))) {
      return parsed->path.substr(prefix_.size());
    }
    return Stop("'" + std::string(address.substr(0, address.find('?'))) + "' is not in the lake '" +
                    at.Shown() + "'",
                "OutsideLake");
  }

  const StorageUrl& url() const override { return api_.url(); }

 private:
  Result<world::HttpResponse> Read(const BlobCall& call) { return Sent(call, false); }

  // Sent again where nothing was done or, if it may be `repeated` freely, where no answer came.
  Result<world::HttpResponse> Sent(const BlobCall& call, bool repeated) {
    return RetryRead<world::HttpResponse>(world_, [&] {
      auto sent = api_.Send(call);
      if (repeated) sent = Repeatable(std::move(sent));
      // A wrong address must be told soon: that nobody is there at the first contact is believed.
      if (!sent && sent.error().reason == "ConnectTimeout" && world_.first_contact.count() > 0 &&
          !api_.contacted()) {
        sent.error().code = ErrorCode::kStop;
      }
      return sent;
    });
  }

  Result<std::string> PutBlob(const std::string& name, std::string_view bytes,
                              const world::Headers& conditions) {
    BlobCall call{.method = "PUT", .name = name, .headers = conditions, .mutates = true};
    if (bytes.size() <= kSinglePut) {
      call.headers.emplace_back("x-ms-blob-type", "BlockBlob");
      call.headers.emplace_back("Content-MD5", Base64Encode(Md5(bytes)));
      call.body = std::string(bytes);
    } else {
      KC_ASSIGN(call.body, PutBlocks(name, bytes, conditions));
      call.query = {{"comp", "blocklist"}};
    }
    auto sent = Sent(call, false);
    if (!sent) return Fail(std::move(sent).error());
    return Unquoted(world::FindHeader(sent->headers, "ETag"));
  }

  // Uncommitted blocks are invisible and vanish after a week; their ids are new for every call, so
  // that two writers don't mix. Returns the block list that commits them.
  Result<std::string> PutBlocks(const std::string& name, std::string_view bytes,
                                const world::Headers& conditions) {
    std::string stem = world_.random->Word(16);
    std::string list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
    std::string_view lease = world::FindHeader(conditions, "x-ms-lease-id");
    constexpr int kFirstNumber = 100'000;  // ids must have equal lengths
    for (int number = kFirstNumber; !bytes.empty(); ++number) {
      std::string_view block = bytes.substr(0, kBlock);
      bytes.remove_prefix(block.size());
      std::string id = Base64Encode(stem + std::to_string(number));
      BlobCall call{.method = "PUT",
                    .name = name,
                    .query = {{"comp", "block"}, {"blockid", id}},
                    .body = std::string(block),
                    .mutates = true};
      call.headers.emplace_back("Content-MD5", Base64Encode(Md5(block)));
      if (!lease.empty()) call.headers.emplace_back("x-ms-lease-id", lease);
      // A block by its id may be sent again: nothing is visible before the list.
      auto sent = Sent(call, true);
      if (!sent) return Fail(std::move(sent).error());
      list += "<Latest>" + id + "</Latest>";
    }
    return list + "</BlockList>";
  }

  Status Lease(const std::string& name, world::Headers headers) {
    KC_TRY(CheckName(name));
    BlobCall call{.method = "PUT",
                  .name = name,
                  .query = {{"comp", "lease"}},
                  .headers = std::move(headers),
                  .mutates = true};
    auto sent = Sent(call, true);
    if (!sent) return Fail(std::move(sent).error());
    return {};
  }

  // There is no lease (any more), or it is another's: what the caller wanted.
  static Status Ended(Status status) {
    if (!status && (status.error().reason == "LeaseLost" || status.error().reason == "NotFound")) {
      return {};
    }
    return status;
  }

  // Asked once: a blob address doesn't tell what namespace its account has.
  bool Hierarchical() {
    if (url().hierarchical) return true;
    int known = hierarchical_.load();
    if (known < 0) {
      auto answer = Read({.query = {{"restype", "account"}, {"comp", "properties"}}});
      if (!answer) return false;
      known = world::FindHeader(answer->headers, "x-ms-is-hns-enabled") == "true" ? 1 : 0;
      hierarchical_ = known;
    }
    return known == 1;
  }

  const StoreWorld world_;
  BlobApi api_;
  LocalHolders holders_;
  const std::string prefix_;  // of names below the container
  std::atomic<int> hierarchical_{-1};
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> MakeBlobStore(const StorageUrl& url, const StoreWorld& world,
                                                   TokenProvider* tokens) {
  KC_ASSERT(url.kind == StorageKind::kBlob && world.transport != nullptr &&
            world.clock != nullptr && world.random != nullptr);
  std::string key;
  if (url.credential.kind == CredentialKind::kAccountKey) {
    auto decoded = Base64Decode(url.credential.secret);
    if (!decoded) return Stop("the account key is not base64", "BadStorageUrl");
    key = *std::move(decoded);
  }
  return std::make_unique<BlobStore>(url, std::move(key), world, tokens);
}

Status CreateContainer(const StorageUrl& url, const StoreWorld& world, TokenProvider* tokens) {
  std::string key;
  if (url.credential.kind == CredentialKind::kAccountKey) {
    key = Base64Decode(url.credential.secret).value_or("");
  }
  BlobApi api(url, key, world, tokens);
  auto sent = api.Send({.method = "PUT", .query = {{"restype", "container"}}, .mutates = true});
  if (!sent && sent.error().reason != "Exists") return Fail(std::move(sent).error());
  return {};
}

}  // namespace kc::azure
