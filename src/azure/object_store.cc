#include "azure/object_store.h"

#include "azure/blob_store.h"
#include "azure/file_store.h"
#include "azure/object_names.h"
#include "base/ticks.h"

namespace kc::azure {

Result<std::unique_ptr<ObjectStore>> OpenStore(const StorageUrl& url, const StoreWorld& world,
                                               TokenProvider* tokens) {
  if (url.kind == StorageKind::kFile) return MakeFileStore(url, world);
  return MakeBlobStore(url, world, tokens);
}

namespace {

constexpr std::string_view kProbePrefix = "kc-probe-";
// Probes of others that are so much older than the own one are nobody's any more: their programs
// were killed, or their requests arrived late.
constexpr int64_t kProbeLeftTicks = 5 * kTicksPerMinute;
constexpr int kProbesListed = 1000;

}  // namespace

Status ProbeStore(ObjectStore& store, world::Random& random) {
  std::string name = std::string(kProbePrefix) + random.Guid();
  std::string context = "the lake '" + store.url().Shown() + "' cannot be used";
  auto put = store.PutIfAbsent(name, name);
  if (!put) {
    Error error = std::move(put).error();
    bool silent = store.url().kind == StorageKind::kBlob && error.http_status == 0 &&
                  error.reason != "Cancelled" && error.reason != "Unauthorized";
    if (silent || error.code == ErrorCode::kRetry) {
      error.message += "; check the address, and that it is reachable from here";
    }
    if (error.reason == "NotFound") error.message += "; create it first";
    error.code = ErrorCode::kStop;
    return Fail(std::move(error).Within(context));
  }
  auto own = store.List(name, "", 1);
  auto all = store.List(std::string(kProbePrefix), "", kProbesListed);
  Status deleted = store.Delete(name);
  if (!own) return Fail(std::move(own).error().Within(context));
  if (own->objects.size() != 1) {
    return Stop(context + ": what was written is not listed", "Inconsistent");
  }
  if (!deleted) return Fail(std::move(deleted).error().Within(context));
  if (!all) return {};
  const int64_t old = own->objects[0].modified_ticks - kProbeLeftTicks;
  for (const ObjectInfo& object : all->objects) {
    if (object.modified_ticks < old) (void)store.Delete(object.name);  // else the next start does
  }
  return {};
}

Result<std::vector<ObjectInfo>> ListAll(ObjectStore& store, const std::string& prefix) {
  std::vector<ObjectInfo> out;
  std::string next;
  do {
    KC_ASSIGN(ListPage page, store.List(prefix, next));
    for (ObjectInfo& object : page.objects) out.push_back(std::move(object));
    next = std::move(page.next);
  } while (!next.empty());
  return out;
}

}  // namespace kc::azure
