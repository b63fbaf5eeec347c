// A lake in Azure Blob Storage or an emulator of it, by its REST API.
#pragma once

#include <memory>

#include "azure/object_store.h"

namespace kc::azure {

// `url.kind` is kBlob; `world.transport`, `clock` and `random` are used. kStop "BadStorageUrl" when
// the account key is broken.
Result<std::unique_ptr<ObjectStore>> MakeBlobStore(const StorageUrl& url, const StoreWorld& world,
                                                   TokenProvider* tokens);

// Creates the container of the URL; succeeds if it exists.
Status CreateContainer(const StorageUrl& url, const StoreWorld& world,
                       TokenProvider* tokens = nullptr);

}  // namespace kc::azure
