#include "copy/operations.h"

namespace kc::copy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using world::Task;

constexpr milliseconds kFirstDelay{10};
constexpr world::Duration kLongestDelay = seconds(5);
// The goal is that stages follow each other within a quarter of a second.
constexpr milliseconds kLongestQuickDelay{200};
constexpr seconds kQuick{5};
// Slow work is asked for after such a part of the time that it has taken: what has ended unseen
// keeps a slot of the cluster idle.
constexpr int kPart = 20;
// Operations that will be due within this part of their delay are asked for with those that are
// due: the number of polls doesn't grow with the number of operations.
constexpr int kTogether = 4;
constexpr size_t kMaxIds = 200;
// The list of operations may lag behind the answer that told the id.
constexpr int kMaxMissed = 8;

}  // namespace

world::Duration NextPoll(world::Duration elapsed, world::Duration last) {
  const world::Duration longest =
      elapsed < kQuick
          ? kLongestQuickDelay
          : std::clamp<world::Duration>(elapsed / kPart, kLongestQuickDelay, kLongestDelay);
  return std::min<world::Duration>(last * 5 / 4, longest);
}

Task<Result<kusto::commands::Operation>> OperationPoller::Await(std::string id) {
  Waiting& mine = waiting_[id];
  mine.delay = kFirstDelay;
  mine.began = clock_.Monotonic();
  mine.due = mine.began + mine.delay;
  if (runner_.running() == 0) runner_.Start(Run());
  while (!mine.done) {
    auto wait = changed_.Wait();
    co_await wait;
  }
  auto outcome = std::move(mine.outcome);
  waiting_.erase(id);
  co_return outcome;
}

Task<void> OperationPoller::Run() {
  while (true) {
    world::Duration earliest = world::Duration::max();
    for (const auto& [id, waiting] : waiting_) {
      if (!waiting.done) earliest = std::min(earliest, waiting.due);
    }
    if (earliest == world::Duration::max()) co_return;
    const auto now = clock_.Monotonic();
    if (earliest > now) {
      // A new operation with an earlier due time waits at most this long: the first delay is short.
      auto pause = sleeper_.Wait(std::min<world::Duration>(earliest - now, kFirstDelay));
      co_await pause;
    }
    std::vector<std::string> due;
    const auto until = clock_.Monotonic();
    for (const auto& [id, waiting] : waiting_) {
      if (!waiting.done &&
          (waiting.due - waiting.delay / kTogether <= until || sleeper_.stopped()) &&
          due.size() < kMaxIds) {
        due.push_back(id);
      }
    }
    if (due.empty()) continue;
    auto ask = Ask(std::move(due));
    co_await ask;
  }
}

Task<void> OperationPoller::Ask(std::vector<std::string> ids) {
  auto show = show_(kusto::commands::ShowOperations(ids));
  const auto answer = co_await show;
  Settle(ids, answer);
  changed_.NotifyAll();
}

void OperationPoller::Settle(const std::vector<std::string>& ids,
                             const Result<kusto::Answer>& answer) {
  Result<std::vector<kusto::commands::Operation>> read = std::vector<kusto::commands::Operation>();
  if (answer) {
    read = kusto::commands::ReadOperations(answer->table());
  } else {
    read = Fail(answer.error());
  }
  const auto now = clock_.Monotonic();
  for (const auto& id : ids) {
    Waiting& waiting = waiting_[id];
    if (!read) {
      waiting.outcome = Fail(read.error());
      waiting.done = true;
      continue;
    }
    const kusto::commands::Operation* found = nullptr;
    for (const auto& operation : *read) {
      if (operation.id == id) found = &operation;
    }
    if (found != nullptr && found->state != kusto::commands::OperationState::kRunning) {
      waiting.outcome = *found;
      waiting.done = true;
    } else if (found == nullptr && ++waiting.missed > kMaxMissed) {
      waiting.outcome = Fail(ErrorCode::kUnknownOutcome,
                             "the cluster no longer knows operation " + id, "OperationForgotten");
      waiting.done = true;
    }
    waiting.delay = NextPoll(now - waiting.began, waiting.delay);
    waiting.due = now + waiting.delay;
  }
}

}  // namespace kc::copy
