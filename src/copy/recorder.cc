#include "copy/recorder.h"

#include "base/log.h"
#include "base/seeded_bugs.h"

namespace kc::copy {
namespace {
// Storage that is away is asked again ever less often.
constexpr std::chrono::milliseconds kFirstAgain{500};
constexpr std::chrono::seconds kLongestAgain{5};

bool Repeatable(const Error& error) {
  return error.code == ErrorCode::kRetry || error.code == ErrorCode::kUnknownOutcome;
}

}  // namespace

using checkpoint::Record;
using world::Io;
using world::Task;

Task<Status> Recorder::Write(std::vector<Record> group) {
  if (failed_) co_return Fail(*failed_);
  pending_.push_back(std::move(group));
  const int64_t mine = ++asked_;
  if (!writing_) {
    writing_ = true;
    flusher_.Start(Flush());
  }
  if (SeededBug(Bug::kActBeforeDurable)) co_return Status();
  while (durable_ < mine && !failed_) {
    auto wait = done_.Wait();
    co_await wait;
  }
  if (durable_ < mine) co_return Fail(*failed_);
  co_return Status();
}

Task<void> Recorder::Flush() {
  while (!pending_.empty() && !failed_) {
    std::vector<std::vector<Record>> groups;
    groups.swap(pending_);
    const auto count = static_cast<int64_t>(groups.size());
    auto append = Append(std::move(groups));
    Status status = co_await append;
    if (status && journal_.WantsRoll()) {
      auto roll = BeginSegment(true);
      status = co_await roll;
    }
    if (!status) {
      failed_ = status.error();
    } else {
      durable_ += count;
    }
    done_.NotifyAll();
  }
  writing_ = false;
}

Task<bool> Recorder::TryAgain(const Status& status, const char* trouble, world::Duration& pause) {
  if (status || !Repeatable(status.error()) || sleeper_.stopped()) co_return false;
  LogWarn("{}, trying again: {}", trouble, status.error().message);
  auto wait = sleeper_.Wait(pause);
  co_await wait;
  pause = std::min<world::Duration>(2 * pause, kLongestAgain);
  co_return true;
}

Task<Status> Recorder::Append(std::vector<std::vector<Record>> groups) {
  bool first = true;
  world::Duration pause = kFirstAgain;
  while (true) {
    Io<Status> io(executor_, "journal.append", [this, &groups, first] {
      return first ? journal_.AppendGroups(std::move(groups)) : journal_.AppendAgain();
    });
    const Status status = co_await io;
    first = false;
    auto again = TryAgain(status, "the checkpoint can't be written", pause);
    if (!co_await again) co_return status;
  }
}

Task<Status> Recorder::BeginSegment(bool in_use) {
  world::Duration pause = kFirstAgain;
  while (true) {
    const checkpoint::Journal::Pieces snapshot = snapshot_(in_use);
    Io<Status> io(executor_, "journal.roll",
                  [this, &snapshot] { return journal_.Begin(snapshot); });
    const Status status = co_await io;
    if (status) on_roll_();
    auto again = TryAgain(status, "the checkpoint can't begin its next file", pause);
    if (!co_await again) co_return status;
  }
}

}  // namespace kc::copy
