// The journal of a database on disk (docs/formats/local-journal.md): numbered objects that are only
// ever created, and snapshots. Knows nothing of what the lines mean.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "world/files.h"

namespace kc::local {

// One committing thread at a time may call Append, one WriteSnapshot meanwhile.
class Journal {
 public:
  Journal(world::Files& files, std::string folder);

  struct Contents {
    // Payloads: the newest snapshot's, if there is one, then those of the objects after it.
    std::optional<std::string> snapshot;
    std::vector<std::string> objects;  // the first has the number last_snapshot() + 1
    int64_t object_bytes = 0;
  };
  // Removes unfinished temporary files, checks every byte. kStop names the damaged or missing
  // object.
  Result<Contents> Load();
  // Creates the folders.
  Status Create();

  // Creates the next object, durably. `payload` is lines, each ending in \n. Errors: kRetry or
  // kStop, nothing was written; kRedo, reason "Exists": somebody else wrote to this journal;
  // kUnknownOutcome.
  Status Append(std::string_view payload);
  uint64_t last_object() const { return last_object_; }

  // The payload must hold all that objects 1 … last say. Afterwards those are deleted, with
  // older snapshots; a crash between is made good at the next Load.
  Status WriteSnapshot(uint64_t last, std::string_view payload);
  uint64_t last_snapshot() const { return last_snapshot_; }

  std::string ObjectPath(uint64_t number) const;
  std::string SnapshotPath(uint64_t number) const;

 private:
  // Best effort: what the snapshot stands for, and older snapshots.
  void RemoveBefore(uint64_t snapshot);

  world::Files& files_;
  const std::string folder_;
  std::atomic<uint64_t> last_object_{0};
  std::atomic<uint64_t> last_snapshot_{0};
};

}  // namespace kc::local
