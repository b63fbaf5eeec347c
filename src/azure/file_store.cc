#include "azure/file_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "azure/file_lease.h"
#include "azure/object_names.h"
#include "azure/versioned_file.h"
#include "base/hash.h"
#include "base/text.h"

namespace kc::azure {
namespace {

constexpr std::string_view kOwnFolder = ".kc-store";
// Temporary names of Files::WriteAtomic and CreateExclusive; left behind by a crash only.
constexpr std::string_view kTemporary = ".tmp-";
// Up to this size an ETag is the content's hash, above it the size and the time of the last write:
// a lake's large files are written once.
constexpr int64_t kHashedSize = 1 << 20;

std::string HashTag(std::string_view bytes) {
  return "h" + std::to_string(bytes.size()) + "-" + std::to_string(XxHash64(bytes));
}

Error Renamed(Error error, const StorageUrl& url, const std::string& name) {
  if (error.reason == "NotFound") return NotFound(url, name);
  if (error.reason == "Permission") error.reason = "Forbidden";
  return error;
}

class FileStore final : public ObjectStore {
 public:
  FileStore(const StorageUrl& url, const StoreWorld& world)
      : url_(url),
        world_(world),
        files_(*world.files),
        leases_(world, url.path + "/" + std::string(kOwnFolder) + "/leases") {}

  Result<std::string> Put(const std::string& name, std::string_view bytes,
                          const WriteCondition& condition) override {
    KC_TRY(CheckName(name));
    KC_TRY(CheckLease(name, condition.lease_id));
    VersionedFile versions = VersionsOf(name);
    KC_ASSIGN(int64_t newest, versions.Newest());
    bool conditional = !condition.if_match.empty() || !condition.lease_id.empty();
    if (newest == 0 && !conditional) {
      KC_TRY(Write(name, bytes));
    } else {
      KC_TRY(PutVersion(name, bytes, condition));
    }
    KC_TRY(CheckLease(name, condition.lease_id));
    return TagOf(name, bytes);
  }

  Result<std::string> PutIfAbsent(const std::string& name, std::string_view bytes) override {
    KC_TRY(CheckName(name));
    Status created = WithFolder(name, [&] { return files_.CreateExclusive(PathOf(name), bytes); });
    if (!created && created.error().reason == "Exists") return Fail(Exists(url_, name));
    if (!created) return Fail(Renamed(std::move(created).error(), url_, name));
    return TagOf(name, bytes);
  }

  Result<ObjectContent> Get(const std::string& name) override {
    KC_TRY(CheckName(name));
    KC_ASSIGN(VersionedValue value, VersionsOf(name).Read());
    std::string bytes = std::move(value.bytes);
    if (value.version == 0) {
      auto read = files_.Read(PathOf(name));
      if (!read) return Fail(Renamed(std::move(read).error(), url_, name));
      bytes = *std::move(read);
    }
    KC_ASSIGN(std::string tag, TagOf(name, bytes));
    return ObjectContent{std::move(bytes), std::move(tag)};
  }

  Result<std::string> GetRange(const std::string& name, int64_t offset, int64_t length) override {
    KC_TRY(CheckName(name));
    KC_ASSIGN(VersionedValue value, VersionsOf(name).Read());
    if (value.version != 0) {
      auto size = static_cast<int64_t>(value.bytes.size());
      if (offset >= size) return std::string();
      return value.bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
    }
    auto read = files_.ReadRange(PathOf(name), offset, length);
    if (!read) return Fail(Renamed(std::move(read).error(), url_, name));
    return *std::move(read);
  }

  Result<ObjectInfo> Stat(const std::string& name) override {
    KC_TRY(CheckName(name));
    auto info = files_.Stat(PathOf(name));
    if (!info) return Fail(Renamed(std::move(info).error(), url_, name));
    if (info->is_folder) return Fail(NotFound(url_, name));
    ObjectInfo out{name, info->size, "", info->modified_ticks};
    if (out.size <= kHashedSize) {
      KC_ASSIGN(ObjectContent content, Get(name));
      out.size = static_cast<int64_t>(content.bytes.size());
      out.etag = std::move(content.etag);
    } else {
      KC_ASSIGN(out.etag, TimeTag(name));
    }
    return out;
  }

  Result<ListPage> List(const std::string& prefix, const std::string& page, int limit) override {
    KC_TRY(CheckPrefix(prefix));
    std::vector<ObjectInfo> all;
    size_t slash = prefix.rfind('/');
    KC_TRY(Walk(slash == std::string::npos ? "" : prefix.substr(0, slash), prefix, page, all));
    std::sort(all.begin(), all.end(),
              [](const ObjectInfo& a, const ObjectInfo& b) { return a.name < b.name; });
    ListPage out;
    auto count = static_cast<size_t>(std::clamp(limit, 1, kLongestPage));
    if (all.size() > count) {
      all.resize(count);
      out.next = all.back().name;
    }
    out.objects = std::move(all);
    return out;
  }

  Status Delete(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    KC_TRY(CheckLease(name, lease_id));
    {
      std::lock_guard lock(mutex_);
      appends_.erase(name);
    }
    KC_TRY(files_.Remove(PathOf(name)));
    KC_TRY(files_.RemoveAll(VersionsOf(name).folder()));
    KC_TRY(leases_.Break(name));
    RemoveEmptyFolders(name);
    return {};
  }

  Result<int64_t> DeletePrefix(const std::string& prefix) override {
    KC_TRY(CheckPrefix(prefix));
    if (prefix.empty()) return Stop("a whole lake is never deleted", "BadName");
    int64_t deleted = 0;
    for (;;) {
      KC_ASSIGN(ListPage page, List(prefix, "", kLongestPage));
      for (const ObjectInfo& object : page.objects) KC_TRY(Delete(object.name, ""));
      deleted += static_cast<int64_t>(page.objects.size());
      if (page.next.empty()) break;
    }
    // Temporary files of writers that crashed.
    if (prefix.back() == '/') KC_TRY(files_.RemoveAll(PathOf(prefix.substr(0, prefix.size() - 1))));
    return deleted;
  }

  Status CreateAppend(const std::string& name) override {
    KC_ASSIGN(std::string tag, PutIfAbsent(name, ""));
    return {};
  }

  Status Append(const std::string& name, std::string_view bytes, int64_t position,
                const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    if (bytes.size() > kMaxAppendBytes) return Fail(PastAppendLimit(name, bytes.size()));
    KC_TRY(CheckLease(name, lease_id));
    std::lock_guard lock(mutex_);
    auto info = files_.Stat(PathOf(name));
    if (!info) return Fail(Renamed(std::move(info).error(), url_, name));
    if (info->size != position) return SettleAppend(*this, name, bytes, position, true);
    auto& file = appends_[name];
    if (file == nullptr) {
      KC_ASSIGN(file, files_.OpenAppend(PathOf(name)));
    }
    Status written = file->Append(bytes);
    if (written) written = file->Sync();
    if (!written) {
      appends_.erase(name);
      return Fail(Renamed(std::move(written).error(), url_, name));
    }
    // Another writer between the look and the write has put these bytes elsewhere.
    KC_TRY(SettleAppend(*this, name, bytes, position, true));
    return CheckLease(name, lease_id);
  }

  Status AcquireLease(const std::string& name, const std::string& proposed_id,
                      int seconds) override {
    KC_TRY(CheckName(name));
    if (!files_.Exists(PathOf(name))) return Fail(NotFound(url_, name));
    seconds = std::clamp(seconds, kShortestLeaseSeconds, kLongestLeaseSeconds);
    KC_ASSIGN(LeaseAnswer answer, leases_.Acquire(name, proposed_id, seconds));
    if (answer == LeaseAnswer::kHeld) return {};
    return Fail(LeasePresent(url_, name));
  }

  Status RenewLease(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    KC_ASSIGN(LeaseAnswer answer, leases_.Renew(name, lease_id));
    if (answer == LeaseAnswer::kHeld) return {};
    return Fail(LeaseLost(url_, name));
  }

  Status ReleaseLease(const std::string& name, const std::string& lease_id) override {
    KC_TRY(CheckName(name));
    return leases_.Release(name, lease_id);
  }

  Status BreakLease(const std::string& name) override {
    KC_TRY(CheckName(name));
    return leases_.Break(name);
  }

  Result<std::string> Grant(const std::string& path, Access, world::Duration) override {
    return url_.UrlOf(path);
  }

  Result<std::string> NameOf(std::string_view address) const override {
    std::string path(address);
    if (address.substr(0, 7) == "file://") {
      auto decoded = UrlDecode(address.substr(7));
      if (decoded) path = *decoded;
    }
    std::string root = url_.path + "/";
    if (path.rfind(root, 0) == 0 && CheckName(path.substr(root.size()))) {
      return path.substr(root.size());
    }
    return Stop("'" + std::string(address) + "' is not in the lake '" + url_.path + "'",
                "OutsideLake");
  }

  const StorageUrl& url() const override { return url_; }

 private:
  std::string PathOf(const std::string& name) const { return url_.path + "/" + name; }

  VersionedFile VersionsOf(const std::string& name) {
    return VersionedFile(files_, url_.path + "/" + std::string(kOwnFolder) + "/versions/" +
                                     Sha256Hex(name).substr(0, 32));
  }

  Status CheckLease(const std::string& name, const std::string& lease_id) {
    KC_ASSIGN(LeaseAnswer answer, leases_.Check(name, lease_id));
    if (answer == LeaseAnswer::kHeld) return {};
    return Fail(LeaseLost(url_, name));
  }

  // Folders appear with the first object in them and vanish with the last (RemoveEmptyFolders),
  // maybe just now, half made: so again.
  template <typename F>
  Status WithFolder(const std::string& name, F write) {
    constexpr int kAttempts = 10;
    Status status = write();
    for (int i = 1; i <= kAttempts && !status && status.error().reason == "NotFound"; ++i) {
      std::string path = PathOf(name);
      NoteMissingLake();
      Status made = files_.MakeFolders(path.substr(0, path.rfind('/')));
      const bool vanished = !made && made.error().reason == "NotFound";
      if (vanished && i < kAttempts) continue;
      // "NotFound" would be taken for the object's.
      if (vanished) return Stop(made.error().message, "NoFolder");
      KC_TRY(made);
      status = write();
    }
    return status;
  }

  Status Write(const std::string& name, std::string_view bytes) {
    Status written = WithFolder(name, [&] { return files_.WriteAtomic(PathOf(name), bytes); });
    if (!written) return Fail(Renamed(std::move(written).error(), url_, name));
    return {};
  }

  Status PutVersion(const std::string& name, std::string_view bytes,
                    const WriteCondition& condition) {
    constexpr int kAttempts = 100;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      VersionedFile versions = VersionsOf(name);
      KC_ASSIGN(int64_t seen, versions.Newest());
      if (!condition.if_match.empty()) {
        auto content = Get(name);
        if (!content && content.error().reason != "NotFound") return Fail(content.error());
        if (!content || content->etag != condition.if_match) {
          return Fail(ConditionNotMet(url_, name));
        }
      }
      Status swapped = versions.Swap(seen, bytes);
      // For people and for other tools; what counts is the version.
      if (swapped) return Write(name, bytes);
      if (swapped.error().code != ErrorCode::kRedo) return swapped;
      if (!condition.if_match.empty()) return Fail(ConditionNotMet(url_, name));
    }
    return Fail(ErrorCode::kRetry, "'" + name + "' changes faster than it can be written");
  }

  Result<std::string> TagOf(const std::string& name, std::string_view bytes) {
    if (static_cast<int64_t>(bytes.size()) <= kHashedSize) return HashTag(bytes);
    return TimeTag(name);
  }

  Result<std::string> TimeTag(const std::string& name) {
    auto info = files_.Stat(PathOf(name));
    if (!info) return Fail(Renamed(std::move(info).error(), url_, name));
    return "t" + std::to_string(info->size) + "-" + std::to_string(info->modified_ticks);
  }

  // Objects below `folder` whose names begin with `prefix` and come after `page`, unsorted.
  Status Walk(const std::string& folder, const std::string& prefix, const std::string& page,
              std::vector<ObjectInfo>& out) {
    auto entries = files_.List(folder.empty() ? url_.path : PathOf(folder));
    if (!entries) {
      if (entries.error().reason == "NotFound") return {};
      return Fail(Renamed(std::move(entries).error(), url_, folder));
    }
    for (const world::FileInfo& entry : *entries) {
      std::string name = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (name == kOwnFolder || entry.name.find(kTemporary) != std::string::npos) continue;
      bool below = name.rfind(prefix, 0) == 0;
      if (entry.is_folder) {
        if (below || prefix.rfind(name + "/", 0) == 0) KC_TRY(Walk(name, prefix, page, out));
      } else if (below && name > page) {
        out.push_back({name, entry.size, "", entry.modified_ticks});
      }
    }
    return {};
  }

  // The lake's own folder and those above it, as far as there are none: they are about to be made.
  void NoteMissingLake() {
    std::lock_guard lock(mutex_);
    std::string path = url_.path;
    while (!path.empty() && !files_.Exists(path)) {
      made_.push_back(path);
      const size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
    }
  }

  // The lake's folder too, if this store made it: a copy that is refused leaves nothing.
  void RemoveEmptyFolders(std::string name) {
    for (size_t slash = name.rfind('/'); slash != std::string::npos; slash = name.rfind('/')) {
      name.resize(slash);
      if (!files_.Remove(PathOf(name))) return;  // not empty
    }
    std::lock_guard lock(mutex_);
    for (const std::string& folder : std::exchange(made_, {})) {
      if (!files_.Remove(folder)) return;
    }
  }

  const StorageUrl url_;
  const StoreWorld world_;
  world::Files& files_;
  FileLeases leases_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<world::AppendFile>> appends_;
  std::vector<std::string> made_;  // the lake's folder and those above it, the deepest first
};

}  // namespace

std::unique_ptr<ObjectStore> MakeFileStore(const StorageUrl& url, const StoreWorld& world) {
  KC_ASSERT(url.kind == StorageKind::kFile && world.files != nullptr && world.clock != nullptr);
  return std::make_unique<FileStore>(url, world);
}

}  // namespace kc::azure
