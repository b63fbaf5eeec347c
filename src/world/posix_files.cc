#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "base/ticks.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::world {
namespace {

namespace fs = std::filesystem;

std::string ReasonOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "NotFound";
    case EEXIST:
      return "Exists";
    case ENOSPC:
    case EDQUOT:
      return "NoSpace";
    case EACCES:
    case EPERM:
    case EROFS:
      return "Permission";
    default:
      return strerrorname_np(error) != nullptr ? strerrorname_np(error) : "Errno";
  }
}

tl::unexpected<Error> SystemError(const std::string& what, const std::string& path, int error) {
  return Stop(what + " '" + path + "': " + std::strerror(error), ReasonOf(error));
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status SyncPath(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return SystemError("cannot open", path, errno);
  if (fsync(file.get()) != 0) return SystemError("cannot sync", path, errno);
  return {};
}

std::string FolderOf(const std::string& path) {
  std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(Descriptor file, std::string path, int64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  Status Append(std::string_view bytes) override {
    KC_TRY(WriteAll(file_.get(), path_, bytes));
    size_ += static_cast<int64_t>(bytes.size());
    return {};
  }
  Status Sync() override {
    if (fdatasync(file_.get()) != 0) return SystemError("cannot sync", path_, errno);
    return {};
  }
  int64_t size() const override { return size_; }

 private:
  Descriptor file_;
  std::string path_;
  int64_t size_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

class PosixFilesImpl final : public Files {
 public:
  Result<std::string> Read(const std::string& path) override {
    return ReadRange(path, 0, INT64_MAX);
  }

  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return SystemError("cannot open", path, errno);
    std::string out;
    char buffer[64 * 1024];
    while (static_cast<int64_t>(out.size()) < length) {
      auto want = std::min<int64_t>(sizeof buffer, length - static_cast<int64_t>(out.size()));
      ssize_t got = pread(file.get(), buffer, static_cast<size_t>(want),
                          offset + static_cast<int64_t>(out.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("cannot read", path, errno);
      if (got == 0) break;
      out.append(buffer, static_cast<size_t>(got));
    }
    return out;
  }

  Status WriteAtomic(const std::string& path, std::string_view bytes) override {
    KC_ASSIGN(std::string temporary, WriteTemporary(path, bytes));
    if (rename(temporary.c_str(), path.c_str()) != 0) {
      int error = errno;
      unlink(temporary.c_str());
      return SystemError("cannot replace", path, error);
    }
    return SyncPath(FolderOf(path));
  }

  Status CreateExclusive(const std::string& path, std::string_view bytes) override {
    KC_ASSIGN(std::string temporary, WriteTemporary(path, bytes));
    // link(2) fails if the name exists: the test and the setting are one step.
    int rc = link(temporary.c_str(), path.c_str());
    int error = errno;
    unlink(temporary.c_str());
    if (rc != 0 && error == EEXIST) {
      return Fail(ErrorCode::kRedo, "'" + path + "' exists already", "Exists");
    }
    if (rc != 0) return SystemError("cannot create", path, error);
    return SyncPath(FolderOf(path));
  }

  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) override {
    bool existed = access(path.c_str(), F_OK) == 0;
    Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.valid()) return SystemError("cannot open", path, errno);
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return SystemError("cannot look at", path, errno);
    if (!existed) KC_TRY(SyncPath(FolderOf(path)));
    return std::make_unique<PosixAppendFile>(std::move(file), path, info.st_size);
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return SystemError("cannot look at", path, errno);
    FileInfo out;
    out.name = fs::path(path).filename().string();
    out.is_folder = S_ISDIR(info.st_mode);
    out.size = info.st_size;
    out.modified_ticks =
        kUnixEpochTicks + info.st_mtim.tv_sec * kTicksPerSecond + info.st_mtim.tv_nsec / 100;
    return out;
  }

  bool Exists(const std::string& path) override { return access(path.c_str(), F_OK) == 0; }

  Result<std::vector<FileInfo>> List(const std::string& folder) override {
    std::error_code error;
    std::vector<FileInfo> out;
    fs::directory_iterator entries(folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      auto info = Stat(entries->path().string());
      if (info) out.push_back(*std::move(info));  // else removed meanwhile
    }
    if (error) return SystemError("cannot list", folder, error.value());
    return out;
  }

  Status MakeFolders(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> made;
    for (fs::path at = fs::path(path); !at.empty() && !fs::exists(at, error);
         at = at.parent_path()) {
      made.push_back(at.string());
    }
    fs::create_directories(path, error);
    if (error) return SystemError("cannot create the folder", path, error.value());
    if (!fs::is_directory(path, error)) {
      return SystemError("cannot create the folder", path, ENOTDIR);
    }
    for (const std::string& folder : made) KC_TRY(SyncPath(FolderOf(folder)));
    return {};
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return SystemError("cannot rename", from, errno);
    KC_TRY(SyncPath(FolderOf(to)));
    if (FolderOf(from) != FolderOf(to)) KC_TRY(SyncPath(FolderOf(from)));
    return {};
  }

  Status LinkOrCopy(const std::string& from, const std::string& to) override {
    if (link(from.c_str(), to.c_str()) == 0) return SyncPath(FolderOf(to));
    if (errno == EEXIST || errno == ENOENT) return SystemError("cannot link", to, errno);
    std::error_code error;
    fs::copy_file(from, to, error);
    if (error) return SystemError("cannot copy to", to, error.value());
    KC_TRY(SyncPath(to));
    return SyncPath(FolderOf(to));
  }

  Status Remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0 && errno != ENOENT) {
      return SystemError("cannot remove", path, errno);
    }
    return {};
  }

  Status RemoveAll(const std::string& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return SystemError("cannot remove", path, error.value());
    return {};
  }

  Status Sync(const std::string& path) override { return SyncPath(path); }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file.valid()) return SystemError("cannot open", path, errno);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return SystemError("cannot lock", path, errno);
      return Fail(ErrorCode::kRetry, "'" + path + "' is locked by another process", "Locked");
    }
    return std::make_unique<PosixFileLock>(std::move(file));
  }

 private:
  // Durable bytes under a name beside `path` that nobody else uses.
  Result<std::string> WriteTemporary(const std::string& path, std::string_view bytes) {
    std::string temporary = path + ".tmp-" + SystemRandom().Word(12);
    Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.valid()) return SystemError("cannot create", temporary, errno);
    Status written = WriteAll(file.get(), temporary, bytes);
    if (written && fsync(file.get()) != 0) written = SystemError("cannot sync", temporary, errno);
    if (!written) {
      unlink(temporary.c_str());
      return Fail(written.error());
    }
    return temporary;
  }
};

}  // namespace

Files& PosixFiles() {
  static PosixFilesImpl files;
  return files;
}

}  // namespace kc::world
