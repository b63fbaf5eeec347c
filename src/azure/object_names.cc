#include "azure/object_names.h"

#include <algorithm>

#include "base/text.h"

namespace kc::azure {
namespace {

std::string Quoted(const StorageUrl& url, std::string_view name) {
  return "'" + url.UrlOf(name) + "'";
}

tl::unexpected<Error> BadName(std::string_view name, std::string_view why) {
  return Stop("'" + std::string(name) + "' cannot name an object: " + std::string(why), "BadName");
}

}  // namespace

Status CheckPrefix(std::string_view prefix) {
  constexpr size_t kLongest = 1024;  // Azure's limit for a blob's name
  if (prefix.size() > kLongest) return BadName(prefix.substr(0, 40), "it is too long");
  if (!IsValidUtf8(prefix)) return BadName("…", "it is not UTF-8");
  for (char c : prefix) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') {
      return BadName("…", "it has a control character or '\\'");
    }
  }
  if (prefix.empty()) return {};
  std::vector<std::string> parts = Split(prefix, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    bool last = i + 1 == parts.size();
    if (parts[i] == "." || parts[i] == ".." || (parts[i].empty() && !last)) {
      return BadName(prefix, "it has an empty, '.' or '..' part");
    }
    // Blob storage drops a dot at a part's end; files may not clash with the store's own folder.
    if (!last && parts[i].back() == '.') return BadName(prefix, "a part ends in a dot");
  }
  if (parts[0].rfind(".kc-", 0) == 0) return BadName(prefix, "'.kc-' is the store's own");
  return {};
}

Status CheckName(std::string_view name) {
  if (name.empty()) return BadName(name, "it is empty");
  KC_TRY(CheckPrefix(name));
  if (name.back() == '/' || name.back() == '.') return BadName(name, "it ends in '/' or '.'");
  return {};
}

Error NotFound(const StorageUrl& url, std::string_view name) {
  return {ErrorCode::kStop, "there is no " + Quoted(url, name), "NotFound"};
}
Error Exists(const StorageUrl& url, std::string_view name) {
  return {ErrorCode::kRedo, Quoted(url, name) + " exists already", "Exists"};
}
Error LeaseLost(const StorageUrl& url, std::string_view name) {
  return {ErrorCode::kStop, "the lease of " + Quoted(url, name) + " is held by another",
          "LeaseLost"};
}
Error LeasePresent(const StorageUrl& url, std::string_view name) {
  return {ErrorCode::kRetry, Quoted(url, name) + " is leased by another", "LeaseAlreadyPresent"};
}
Error ConditionNotMet(const StorageUrl& url, std::string_view name) {
  return {ErrorCode::kRedo, Quoted(url, name) + " was changed by another", "ConditionNotMet"};
}
Error PastAppendLimit(std::string_view name, size_t bytes) {
  return {ErrorCode::kStop,
          "an append of " + std::to_string(bytes) + " bytes to '" + std::string(name) +
              "' is larger than the " + std::to_string(kMaxAppendBytes) + " that storage takes",
          "RequestBodyTooLarge"};
}

Status SettleAppend(ObjectStore& store, const std::string& name, std::string_view bytes,
                    int64_t position, bool refused) {
  auto there = store.GetRange(name, position, static_cast<int64_t>(bytes.size()));
  if (!there) {
    if (there.error().reason == "NotFound") return Fail(LeaseLost(store.url(), name));
    return Fail(std::move(there).error());
  }
  if (*there == bytes) return {};
  if (there->empty() && !refused) {
    // The position lets only one of all sends of these bytes in, whichever comes first.
    return Fail(ErrorCode::kUnknownOutcome,
                "no answer to an append to '" + name + "', which is not there (yet)");
  }
  return Fail(LeaseLost(store.url(), name));
}

Status SettlePutIfAbsent(ObjectStore& store, const std::string& name, std::string_view bytes) {
  auto there = store.Get(name);
  if (there) {
    if (there->bytes == bytes) return {};
    return Fail(Exists(store.url(), name));
  }
  if (there.error().reason == "NotFound") {
    // The request may still be on its way: only the caller knows whether sending again is safe.
    return Fail(ErrorCode::kUnknownOutcome,
                "no answer to the creation of '" + name + "', which is not there (yet)");
  }
  return Fail(std::move(there).error());
}

bool PauseForNext(const StoreWorld& world, int attempt, const Error& error) {
  if (world.clock == nullptr) return false;
  world::CancelToken* cancel = world.hurry != nullptr ? world.hurry : world.cancel;
  return world.clock->Sleep(PauseBefore(attempt, error), cancel);
}

world::Duration PauseBefore(int attempt, const Error& error) {
  constexpr auto kFirstPause = std::chrono::milliseconds(100);
  constexpr auto kLongestPause = std::chrono::seconds(30);
  constexpr int kDoublings = 9;
  world::Duration pause = kFirstPause * (1 << std::min(attempt - 1, kDoublings));
  if (error.retry_after_s && *error.retry_after_s > 0) {
    double asked = std::min(*error.retry_after_s, 30.0);
    pause = std::max<world::Duration>(
        pause, std::chrono::duration_cast<world::Duration>(std::chrono::duration<double>(asked)));
  }
  return std::min<world::Duration>(pause, kLongestPause);
}

}  // namespace kc::azure
