// Compare-and-swap on a file system: a value kept as numbered files of which the highest counts.
// Creating the next number fails if it is there, so that of two writers who saw the same value one
// wins, whatever pauses they make in between (protocol F34). No locks, no clocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "world/files.h"

namespace kc::azure {

struct VersionedValue {
  int64_t version = 0;  // 0: nothing was ever written
  std::string bytes;
};

// Not thread-safe by itself; any number of processes and objects may share the folder.
class VersionedFile {
 public:
  VersionedFile(world::Files& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}
  Result<VersionedValue> Read();
  // Only the number: cheaper.
  Result<int64_t> Newest();
  // kRedo "Exists" when somebody else wrote after `seen`.
  Status Swap(int64_t seen, std::string_view bytes);
  const std::string& folder() const { return folder_; }

 private:
  std::string PathOf(int64_t version) const;
  void RemoveOld(int64_t newest);

  world::Files& files_;
  std::string folder_;
};

}  // namespace kc::azure
