#include "azure/object_store.h"

#include "azure/blob_store.h"
#include "azure/file_store.h"
#include "azure/object_names.h"

namespace kc::azure {

Result<std::unique_ptr<ObjectStore>> OpenStore(const StorageUrl& url, const StoreWorld& world,
                                               TokenProvider* tokens) {
  if (url.kind == StorageKind::kFile) return MakeFileStore(url, world);
  return MakeBlobStore(url, world, tokens);
}

Status ProbeStore(ObjectStore& store, world::Random& random) {
  std::string name = "kc-probe-" + random.Guid();
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
  auto page = store.List(name, "", 1);
  Status deleted = store.Delete(name);
  if (!page) return Fail(std::move(page).error().Within(context));
  if (page->objects.size() != 1) {
    return Stop(context + ": what was written is not listed", "Inconsistent");
  }
  if (!deleted) return Fail(std::move(deleted).error().Within(context));
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
