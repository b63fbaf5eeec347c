// A file system in memory that knows what a power failure would leave, and that fails or crashes at
// a chosen step. For tests. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "world/files.h"

namespace kc::local {

class MemoryFiles final : public world::Files {
 public:
  enum class Fault {
    kNone,
    kErrorBefore,  // the step fails and has no effect
    kErrorAfter,   // the step has its effect and fails
    kCrash,        // the step and all that follow fail and have no effect
  };
  // The `step`-th elementary step from now (from 0) fails. A step is what the system does in one
  // go: create a name, write, fsync, link, rename, unlink, sync of a folder.
  void FailAt(int step, Fault fault);
  bool fired() const { return fired_; }
  bool crashed() const { return crashed_; }
  int steps() const { return step_; }
  // The machine starts again: with power_failure everything that was not synced is gone, removed
  // names that were not synced are back; else (kill -9) all is as it was.
  void Restart(bool power_failure);
  // Every file, by path.
  std::map<std::string, std::string> All() const;
  void Corrupt(const std::string& path, std::string bytes);

  Result<std::string> Read(const std::string& path) override;
  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override;
  Status WriteAtomic(const std::string& path, std::string_view bytes) override;
  Status CreateExclusive(const std::string& path, std::string_view bytes) override;
  Result<std::unique_ptr<world::AppendFile>> OpenAppend(const std::string& path) override;
  Result<world::FileInfo> Stat(const std::string& path) override;
  bool Exists(const std::string& path) override;
  Result<std::vector<world::FileInfo>> List(const std::string& folder) override;
  Status MakeFolders(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status LinkOrCopy(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveAll(const std::string& path) override;
  Status Sync(const std::string& path) override;
  Result<std::unique_ptr<world::FileLock>> Lock(const std::string& path) override;

 private:
  friend class MemoryAppendFile;
  struct Node {
    bool folder = false;
    std::string bytes;
    std::optional<std::string> durable;
  };
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;

  // Runs one step under the fault plan.
  template <typename F>
  Status Step(F&& effect);
  Status SyncFolder(const std::string& folder);
  Result<std::string> WriteTemporary(const std::string& path, std::string_view bytes);

  Names visible_;
  Names durable_;
  int step_ = 0;
  int fault_step_ = -1;
  Fault fault_ = Fault::kNone;
  bool fired_ = false;
  bool crashed_ = false;
  int temporaries_ = 0;
};

}  // namespace kc::local
