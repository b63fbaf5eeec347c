// A lake in a local folder. Objects are plain files of the same names; what belongs to leases and
// conditional writes lies in ".kc-store" (docs/design/storage.md).
#pragma once

#include <memory>

#include "azure/object_store.h"

namespace kc::azure {

// `url.kind` is kFile; `world.files`, `clock` and `random` are used.
std::unique_ptr<ObjectStore> MakeFileStore(const StorageUrl& url, const StoreWorld& world);

}  // namespace kc::azure
