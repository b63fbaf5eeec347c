// The log of operations on disk (docs/formats/local-operations.md): `.show operations` tells what
// earlier runs of the program did. Best effort: it survives the process, not a power failure, and
// an error of the disk never fails a command.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "local/operations/operation_row.h"
#include "world/clock.h"
#include "world/files.h"

namespace kc::local {

// Thread-safe.
class OperationHistory {
 public:
  // `folder` belongs to this object alone (the storage's lock sees to that).
  OperationHistory(world::Files& files, world::Clock& clock, std::string folder);

  void Write(const OperationRow& row);
  void WriteDetails(const std::string& operation, const ValueTable& details);
  void Write(const IngestionFailure& failure);

  struct Past {
    // Oldest first. An operation that was running when its program ended has a last row of state
    // Abandoned, whose ShouldRetry is true.
    std::vector<OperationRow> rows;
    std::map<std::string, size_t> newest;  // id → its last row
    std::map<std::string, ValueTable> details;
    std::vector<IngestionFailure> failures;
  };
  // What earlier runs wrote within two weeks; joins their files into one. Once, from any thread.
  Past Load();

 private:
  std::string SegmentPath(uint64_t number) const;
  void WriteLine(std::string line);
  Status OpenSegment(uint64_t number);
  std::vector<std::string> ReadLines(const std::vector<uint64_t>& segments, size_t& bytes);

  world::Files& files_;
  world::Clock& clock_;
  const std::string folder_;
  std::vector<uint64_t> earlier_;  // segments of earlier runs, ascending

  std::mutex mutex_;  // guards all below
  uint64_t first_ = 1;
  uint64_t current_ = 0;  // 0: none is open
  std::unique_ptr<world::AppendFile> file_;
  bool whole_ = true;  // the file ends with a whole line
  bool complained_ = false;
};

}  // namespace kc::local
