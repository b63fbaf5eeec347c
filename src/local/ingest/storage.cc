#include "local/ingest/storage.h"

#include <cstring>
#include <utility>

#include "azure/object_store.h"
#include "base/log.h"
#include "http/curl_transport.h"

namespace kc::local {
namespace {

// Blobs are read so much at a time.
constexpr int64_t kRangeBytes = int64_t{8} << 20;

world::Transport& Network() {
  static std::unique_ptr<world::Transport> transport = http::MakeCurlTransport();
  return *transport;
}

azure::StoreWorld StoreWorldOf(const World& world) {
  return {&Network(), world.clock, world.random, world.files, nullptr};
}

// The folder and the name of one blob.
std::pair<azure::StorageUrl, std::string> SplitBlob(const azure::StorageUrl& url) {
  azure::StorageUrl folder = url;
  size_t slash = url.path.rfind('/');
  if (slash == std::string::npos) {
    folder.path.clear();
    return {folder, url.path};
  }
  folder.path = url.path.substr(0, slash);
  return {folder, url.path.substr(slash + 1)};
}

tl::unexpected<Error> DownloadError(const azure::StorageUrl& url, Error error) {
  std::string reason = "Download_UnknownError";
  if (error.reason == "NotFound") reason = "Download_SourceNotFound";
  if (error.reason == "Forbidden") reason = "Download_Forbidden";
  Error out = std::move(error).Within("Cannot read " + url.Shown());
  out.reason = reason;
  return Fail(std::move(out));
}

Status CopyTo(world::Files& files, ByteSource& source, const std::string& path) {
  KC_ASSIGN(auto file, files.OpenAppend(path));
  std::string buffer(static_cast<size_t>(kRangeBytes), '\0');
  while (true) {
    KC_ASSIGN(size_t n, source.Read(buffer.data(), buffer.size()));
    if (n == 0) return {};
    KC_TRY(file->Append(std::string_view(buffer.data(), n)));
  }
}

}  // namespace

Result<azure::StorageUrl> ParseStorage(std::string_view text) {
  auto url = azure::ParseStorageUrl(text);
  if (!url) {
    Error error = std::move(url).error();
    error.reason = "BadRequest_InvalidStorageUri";
    return Fail(std::move(error));
  }
  return *std::move(url);
}

Result<std::unique_ptr<ByteSource>> OpenSource(const World& world, const azure::StorageUrl& url) {
  if (url.kind == azure::StorageKind::kFile) return FileBytes(*world.files, url.path);
  auto [folder, name] = SplitBlob(url);
  KC_ASSIGN(auto store, azure::OpenStore(folder, StoreWorldOf(world)));
  auto info = store->Stat(name);
  if (!info) return DownloadError(url, info.error());
  // A function can be copied, a store can't.
  return PieceBytes(info->size,
                    [store = std::shared_ptr<azure::ObjectStore>(std::move(store)), url,
                     name = name](int64_t offset) -> Result<std::string> {
                      auto piece = store->GetRange(name, offset, kRangeBytes);
                      if (!piece) return DownloadError(url, piece.error());
                      if (piece->empty())
                        return Stop(url.Shown() + " became shorter", "Download_UnknownError");
                      return *std::move(piece);
                    });
}

Result<LocalCopy> LocalCopy::Make(const World& world, const azure::StorageUrl& url,
                                  const std::string& temporary_folder) {
  if (url.kind == azure::StorageKind::kFile) {
    auto info = world.files->Stat(url.path);
    if (!info || info->is_folder) {
      return Stop("The source '" + url.path + "' was not found", "Download_SourceNotFound");
    }
    return LocalCopy(world.files, url.path, false);
  }
  LocalCopy copy(world.files, temporary_folder + "/get-" + world.random->Guid(), true);
  KC_ASSIGN(auto source, OpenSource(world, url));
  KC_TRY(CopyTo(*world.files, *source, copy.path_));
  return copy;
}

LocalCopy::~LocalCopy() {
  if (owned_) (void)files_->Remove(path_);
}

LocalCopy::LocalCopy(LocalCopy&& other) noexcept
    : files_(other.files_), path_(std::move(other.path_)), owned_(other.owned_) {
  other.owned_ = false;
}

namespace {

// To its place, by renaming where that is possible. Readers never see a part of it.
Status MoveInto(const World& world, const std::string& temporary, const std::string& path) {
  world::Files& files = *world.files;
  std::string folder = path.substr(0, path.rfind('/'));
  KC_TRY(files.MakeFolders(folder));
  KC_TRY(files.Sync(temporary));
  if (!files.Rename(temporary, path)) {
    // Another file system.
    std::string near = folder + "/.kc-" + world.random->Guid() + ".tmp";
    Status status = files.LinkOrCopy(temporary, near);
    if (status) status = files.Sync(near);
    if (status) status = files.Rename(near, path);
    if (!status) (void)files.Remove(near);
    KC_TRY(status);
  }
  return files.Sync(folder);
}

}  // namespace

Result<std::string> Place(const World& world, const std::string& temporary,
                          const azure::StorageUrl& root, const std::string& name) {
  world::Files& files = *world.files;
  if (root.kind == azure::StorageKind::kFile) {
    Status status = MoveInto(world, temporary, root.path + "/" + name);
    (void)files.Remove(temporary);
    KC_TRY(status);
    return root.UrlOf(name);
  }
  auto bytes = files.Read(temporary);
  (void)files.Remove(temporary);
  KC_TRY(bytes);
  KC_ASSIGN(auto store, azure::OpenStore(root, StoreWorldOf(world)));
  KC_TRY(store->Put(name, *bytes));
  return root.UrlOf(name);
}

Result<std::string> TemporaryFolder(const Cluster& cluster) {
  std::string folder = cluster.options().storage + "/tmp";
  KC_TRY(cluster.world().files->MakeFolders(folder));
  return folder;
}

Result<std::string> NewTemporary(const Cluster& cluster) {
  KC_ASSIGN(std::string folder, TemporaryFolder(cluster));
  return folder + "/" + cluster.world().random->Guid();
}

void ClearTemporaryFolder(const Cluster& cluster) {
  Status status = cluster.world().files->RemoveAll(cluster.options().storage + "/tmp");
  if (!status) LogWarn("temporary files of an earlier run remain: {}", status.error().message);
}

}  // namespace kc::local
