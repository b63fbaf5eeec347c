// The places that commands read data from and write it to: local files, file:// and blobs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "azure/storage_url.h"
#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/ingest/byte_source.h"

namespace kc::local {

// A storage connection string as commands write it (azure/storage_url.h); it may hold a secret.
// kStop, "BadRequest_InvalidStorageUri".
Result<azure::StorageUrl> ParseStorage(std::string_view text);

// All of these are safe from any thread. Errors carry Kusto's ingestion codes as reason:
// "Download_SourceNotFound", "Download_Forbidden", "Download_UnknownError".

// Reads one file or blob front to back. `world` must outlive the source.
Result<std::unique_ptr<ByteSource>> OpenSource(const World& world, const azure::StorageUrl& url);

// A file of this machine with the bytes of `url`: the file itself, or a copy that is removed when
// the object goes.
class LocalCopy {
 public:
  static Result<LocalCopy> Make(const World& world, const azure::StorageUrl& url,
                                const std::string& temporary_folder);
  ~LocalCopy();
  LocalCopy(LocalCopy&& other) noexcept;
  LocalCopy& operator=(LocalCopy&&) = delete;
  const std::string& path() const { return path_; }

 private:
  LocalCopy(world::Files* files, std::string path, bool owned)
      : files_(files), path_(std::move(path)), owned_(owned) {}
  world::Files* files_;
  std::string path_;
  bool owned_;
};

// Makes the file `temporary` durable under `name` in the folder or container `root`; nothing is
// there before. The temporary is gone afterwards, also after an error. Returns the full address
// without credentials.
Result<std::string> Place(const World& world, const std::string& temporary,
                          const azure::StorageUrl& root, const std::string& name);

// Where this cluster keeps temporary files, beside its storage: what a killed process leaves there
// is removed at the next start, and never lies in a user's lake. Created when first asked for.
Result<std::string> TemporaryFolder(const Cluster& cluster);
// A name in it that nobody has.
Result<std::string> NewTemporary(const Cluster& cluster);
// At the start of the program: removes what an earlier one left.
void ClearTemporaryFolder(const Cluster& cluster);

}  // namespace kc::local
