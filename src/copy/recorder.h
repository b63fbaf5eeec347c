// Group commit on the event loop: all records that wait while an append is under way go out
// together with the next one. Loop's thread only.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "checkpoint/journal.h"
#include "world/executor.h"

namespace kc::copy {

class Recorder {
 public:
  // `in_use`: others go on with what is recorded meanwhile, so that all of it is taken at once.
  using Snapshot = std::function<checkpoint::Journal::Pieces(bool in_use)>;
  // `on_roll` is called after a new segment was begun.
  Recorder(world::Executor& executor, world::Sleeper& sleeper, checkpoint::Journal& journal,
           Snapshot snapshot, std::function<void()> on_roll)
      : executor_(executor),
        sleeper_(sleeper),
        journal_(journal),
        snapshot_(std::move(snapshot)),
        on_roll_(std::move(on_roll)) {}

  // Done when the group is durable and this process was the owner after that. After an error (lease
  // lost, storage refused) nothing is ever written again.
  world::Task<Status> Write(std::vector<checkpoint::Record> group);
  // A new segment that begins with a snapshot: at the start, and by itself when one is full.
  // Repeated until it is there, fails for good, or the session ends.
  // `in_use`: false where nothing else runs yet.
  world::Task<Status> BeginSegment(bool in_use);
  // The first error, if there was one.
  const std::optional<Error>& failed() const { return failed_; }
  bool idle() const { return !writing_; }

 private:
  world::Task<void> Flush();
  // Is it worth another attempt? Then after a pause, which grows; else at once.
  world::Task<bool> TryAgain(const Status& status, const char* trouble, world::Duration& pause);
  world::Task<Status> Append(std::vector<std::vector<checkpoint::Record>> groups);

  world::Executor& executor_;
  world::Sleeper& sleeper_;
  checkpoint::Journal& journal_;
  Snapshot snapshot_;
  std::function<void()> on_roll_;
  std::vector<std::vector<checkpoint::Record>> pending_;
  int64_t asked_ = 0;
  int64_t durable_ = 0;
  bool writing_ = false;
  std::optional<Error> failed_;
  world::WaitList done_;
  world::TaskGroup flusher_;
};

}  // namespace kc::copy
