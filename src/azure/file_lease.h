// Leases on a file system, without a server that measures time (protocol F34): a lease is a
// versioned record; its holder renews it (the heartbeat), another takes it when it is released,
// when its holder is known to be dead, or when it stood still for a whole lease on the other's own
// clock.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "azure/object_store.h"
#include "azure/versioned_file.h"

namespace kc::azure {

enum class LeaseAnswer { kHeld, kLost, kPresent };

// Safe from any thread.
class FileLeases {
 public:
  // `folder`: where the records lie.
  FileLeases(const StoreWorld& world, std::string folder);

  Result<LeaseAnswer> Acquire(const std::string& name, const std::string& id, int seconds);
  Result<LeaseAnswer> Renew(const std::string& name, const std::string& id);
  Status Release(const std::string& name, const std::string& id);
  Status Break(const std::string& name);
  // kHeld if `id` holds it; with an empty id, if nobody does. kLost otherwise.
  Result<LeaseAnswer> Check(const std::string& name, const std::string& id);

 private:
  struct Record {
    std::string id;  // "" when nobody holds it
    int64_t beat = 0;
    int seconds = 0;
    std::string machine;  // boot id: the same machine, not restarted
  };
  struct Seen {
    int64_t version = 0;
    world::Duration since{};
  };

  VersionedFile FileOf(const std::string& name) const;
  std::string LockPath(const std::string& name, const std::string& id) const;
  static std::string Write(const Record& record);
  static Record Parse(const std::string& bytes);
  // May the record at `version` be taken by another?
  Result<bool> IsFree(const std::string& name, const Record& record, int64_t version, int seconds);
  Result<LeaseAnswer> Take(const std::string& name, int64_t version, const Record& record);

  StoreWorld world_;
  std::string folder_;
  std::string machine_;
  std::mutex mutex_;
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::unique_ptr<world::FileLock>> locks_;  // by path
};

}  // namespace kc::azure
