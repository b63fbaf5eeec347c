#include "copy/table_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/ticks.h"
#include "copy/block_run.h"
#include "copy/clean.h"
#include "copy/count_tables.h"
#include "copy/plan_table.h"
#include "copy/tables/reconcile.h"

namespace kc::copy {

using world::Task;

namespace {

// Blocks that are moved are cleaned up together, so that tags cost one command for many.
constexpr size_t kCleanBatch = 64;
// A continuous run tries a stopped table again at the next iteration, then less and less often.
constexpr int64_t kLongestRetry = 6 * kTicksPerHour;

class TableRunner {
 public:
  TableRunner(Session& session, TableRun& run) : session_(session), run_(run) {}

  Task<Status> Run() {
    if (run_.state == TableState::kStopped) {
      run_.state = run_.planned ? TableState::kPlanned : TableState::kPlanning;
      run_.reason.clear();
    }
    session_.drifted.erase(run_.name);
    for (const auto& [id, block] : run_.blocks) {
      // The take-over at the start looked at open moves: looking again tells nothing new.
      if (block.move_open) StopFor(id, block);
    }
    for (const auto& [id, block] : run_.blocks) {
      if (block.stage != Stage::kMoved && !block.move_open) StartBlock(id);
    }
    if (!run_.planned) {
      auto plan = PlanTable(session_, run_, [this](int64_t id) { StartBlock(id); });
      const Status planned = co_await plan;
      if (!planned && !session_.ending()) {
        run_.state = TableState::kStopped;
        run_.reason = planned.error().message;
      }
    }
    while (blocks_.running() > 0) {
      auto one = blocks_.JoinOne();
      co_await one;
      if (Moved() < kCleanBatch || session_.ending()) continue;
      KC_CO_TRY(CleanMoved(session_, run_));
    }
    if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
    KC_CO_TRY(CleanMoved(session_, run_));
    KC_CO_TRY(LookForDrift());
    if (run_.state != TableState::kStopped) KC_CO_TRY(CheckRows());
    auto drop = session_.staging.DropOf(run_);
    const Status dropped = co_await drop;
    if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
    if (!dropped) {
      session_.Notify(run_.name,
                      "staging tables are left to the next start: " + dropped.error().message);
    }
    auto end = run_.state == TableState::kStopped
                   ? session_.WriteOne(Ledger::RecordOf(run_, session_.Now()))
                   : Complete();
    co_return co_await end;
  }

 private:
  void StopFor(int64_t id, const Block& block) {
    run_.state = TableState::kStopped;
    run_.reason = fmt::format("block {}: {}", id,
                              block.reason.empty() ? "the outcome of its move isn't known; start "
                                                     "kusto-copy again to look once more"
                                                   : block.reason);
  }

  // Protocol F29. What stopped the table may have been the change: then that is the reason.
  Task<Status> LookForDrift() {
    KC_CO_ASSIGN(const std::string gone, DestinationDriftOf(session_, run_));
    if (!gone.empty()) {
      run_.state = TableState::kStopped;
      run_.reason = gone;
      co_return Status();
    }
    auto look = DriftOf(session_, run_);
    const Result<std::string> drift = co_await look;
    if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
    if (drift && drift->empty()) co_return Status();
    run_.state = TableState::kStopped;
    run_.reason = drift ? *drift : drift.error().message;
    session_.drifted.insert(run_.name);
    co_return Status();
  }

  // All rows of the plan must be published, but for those that left the source meanwhile: whatever
  // else happened, the source doesn't hold more of the window than the destination got, unless
  // somebody put rows behind the cursor, which is told.
  Task<Status> CheckRows() {
    const int64_t moved = run_.moved_rows();
    int64_t now = 0;
    if (run_.planned_rows > (run_.undated_copied ? run_.undated_rows : 0)) {
      KC_CO_ASSIGN(const kusto::Answer answer,
                   session_.StrongQuery(session_.environment.source,
                                        kusto::commands::CountRows(WindowOf(session_, run_))));
      if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
      now = kusto::GetInt(answer.table(), 0, "N");
    }
    if (moved < run_.planned_rows && moved >= now) {
      session_.Notify(run_.name, fmt::format("{} rows left the source before they were exported",
                                             run_.planned_rows - moved));
      co_return Status();
    }
    if (moved >= run_.planned_rows) {
      const int64_t dated = moved - (run_.undated_copied ? run_.undated_rows : 0);
      if (now > dated) TellBehind(session_, run_.name, dated, now);
      run_.closed_rows += std::max<int64_t>(0, now - dated);  // told once
      co_return Status();
    }
    run_.state = TableState::kStopped;
    run_.reason = fmt::format(
        "{} rows were planned, {} are published, the source still holds {} of them: compare with "
        "`kusto-copy verify`; to copy the table from the beginning, run `{}` at the destination "
        "and start kusto-copy again",
        run_.planned_rows, moved, now, kusto::commands::DropTable(run_.destination));
    co_return Status();
  }

  void StartBlock(int64_t id) { blocks_.Start(RunBlock(session_, run_, id)); }

  size_t Moved() const {
    size_t count = 0;
    for (const auto& [id, block] : run_.blocks) count += block.stage == Stage::kMoved;
    return count;
  }

  // Blocks that couldn't be cleaned up stay recorded: a debt of the next start.
  // The table's completion and its watermark hold together or not at all.
  Task<Status> Complete() {
    run_.state = TableState::kComplete;
    Watermark& mark = session_.ledger.watermarks[run_.name];
    mark.table = run_.name;
    mark.source_id = run_.source_id;
    mark.destination_id = run_.destination_id;
    mark.cursor = run_.end_cursor;
    mark.closed_rows = run_.closed_rows;
    mark.copied_rows += run_.moved_rows();
    if (run_.undated_copied) mark.undated_rows += run_.undated_rows;
    std::vector<checkpoint::Record> group;
    group.push_back(Ledger::RecordOf(run_, session_.Now()));
    group.push_back(Ledger::RecordOf(mark, session_.Now()));
    auto write = session_.Write(std::move(group));
    co_return co_await write;
  }

  Session& session_;
  TableRun& run_;
  world::TaskGroup blocks_;
};

}  // namespace

Task<void> RunTable(Session& session, TableRun& run) {
  TableRunner runner(session, run);
  auto go = runner.Run();
  const Status status = co_await go;
  if (!status && !session.ending()) {
    // What can't go on is this table: the others do.
    run.state = TableState::kStopped;
    run.reason = status.error().message;
    auto write = session.WriteOne(Ledger::RecordOf(run, session.Now()));
    co_await write;
  }
  if (run.state == TableState::kStopped && !session.ending()) {
    session.Notify(run.name, "stopped: " + run.reason);
    Retry& retry = session.retries[run.name];
    // A table that keeps stopping is tried less and less often.
    retry.delay = std::clamp(2 * retry.delay, session.environment.options.rpo_ticks,
                             std::max(session.environment.options.rpo_ticks, kLongestRetry));
    retry.next = session.Uptime() + DurationOf(retry.delay);
  } else if (run.state == TableState::kComplete) {
    session.retries.erase(run.name);
  }
  session.progress.NotifyAll();
}

Task<Status> TakeOver(Session& session) {
  if (SeededBug(Bug::kDropOldStagingFirst)) KC_CO_TRY(session.staging.DropOld({}));
  world::TaskGroup group;
  for (auto& [key, run] : session.ledger.tables) {
    if (!run.open()) continue;
    for (const auto& [id, block] : run.blocks) {
      if (block.move_open) group.Start(RunBlock(session, run, id));
    }
  }
  auto join = group.Join();
  co_await join;
  if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
  std::vector<std::string> keep;
  for (const auto& [key, run] : session.ledger.tables) {
    for (const auto& [id, block] : run.blocks) {
      if (!block.move_open) continue;
      keep.push_back(block.staging.table);
      for (const auto& home : block.homes) keep.push_back(home.table);
    }
  }
  auto drop = session.staging.DropOld(std::move(keep));
  co_return co_await drop;
}

}  // namespace kc::copy
