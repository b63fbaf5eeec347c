// Which leases processes of this machine hold, in a local folder: so that a process that was killed
// is not waited for. Each lease has a file that its holder keeps locked (the system drops the lock
// at its death) and one with the lease's id. Whether the dead one's lease still is the current one
// is for the service to say.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "world/files.h"

namespace kc::azure {

// Safe from any thread. All errors are of no consequence: then leases are waited for.
class LocalHolders {
 public:
  // An empty folder, or no files: nothing is kept and nobody known.
  LocalHolders(world::Files* files, std::string folder);
  // This process holds the lease of `object` (a full address) now.
  void Hold(const std::string& object, const std::string& lease_id);
  void Drop(const std::string& object);
  // The id that the last holder on this machine had, if it is dead; else "".
  std::string DeadHolder(const std::string& object);

 private:
  std::string PathOf(const std::string& object) const;

  world::Files* const files_;
  const std::string folder_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<world::FileLock>> locks_;  // by object
};

}  // namespace kc::azure
