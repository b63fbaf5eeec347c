// The file system. PosixFiles() is the real one; tests and the simulation wrap or replace it. Paths
// are absolute or relative to the working directory. Members are safe from any thread; an
// AppendFile or FileLock belongs to one thread at a time. Errors: kStop with the path and the
// system's text (reason "NotFound", "Exists", "NoSpace", "Permission" or the errno's name).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace kc::world {

struct FileInfo {
  std::string name;  // without its folder
  bool is_folder = false;
  int64_t size = 0;            // bytes
  int64_t modified_ticks = 0;  // UTC, base/ticks.h
};

// A file that is only ever appended to.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // After an error the file may hold a part of the bytes.
  virtual Status Append(std::string_view bytes) = 0;
  // When it returns, all that was appended survives a power failure (fdatasync).
  virtual Status Sync() = 0;
  virtual int64_t size() const = 0;
};

// Held until destroyed (flock); other processes are kept out, the system releases it at a crash.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::string> Read(const std::string& path) = 0;
  // Bytes [offset, offset + length), fewer at the end of the file.
  virtual Result<std::string> ReadRange(const std::string& path, int64_t offset,
                                        int64_t length) = 0;
  // Durable and atomic: readers see the old bytes or the new ones, also after a power failure.
  virtual Status WriteAtomic(const std::string& path, std::string_view bytes) = 0;
  // As WriteAtomic, but fails with kRedo, reason "Exists", if the path exists: of several racing
  // callers exactly one wins.
  virtual Status CreateExclusive(const std::string& path, std::string_view bytes) = 0;
  // Creates the file if it isn't there.
  virtual Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // Unsorted, without "." and "..".
  virtual Result<std::vector<FileInfo>> List(const std::string& folder) = 0;
  // Succeeds if the folder exists already; parents are created.
  virtual Status MakeFolders(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // A second name for the same bytes on the same file system; copies where links aren't possible.
  virtual Status LinkOrCopy(const std::string& from, const std::string& to) = 0;
  // Succeed if there is nothing at the path.
  virtual Status Remove(const std::string& path) = 0;
  virtual Status RemoveAll(const std::string& path) = 0;
  // Makes a file written by somebody else (DuckDB), or a folder's list of names, durable.
  virtual Status Sync(const std::string& path) = 0;
  // kRetry, reason "Locked", when another process has it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

Files& PosixFiles();

}  // namespace kc::world
