#include "copy/table_run.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "copy/block_run.h"
#include "copy/clean.h"
#include "copy/plan_table.h"

namespace kc::copy {

using world::Task;

namespace {

// Blocks that are moved are cleaned up together, so that tags cost one command for many.
constexpr size_t kCleanBatch = 64;

class TableRunner {
 public:
  TableRunner(Session& session, TableRun& run) : session_(session), run_(run) {}

  Task<Status> Run() {
    if (run_.state == TableState::kStopped) {
      run_.state = run_.planned ? TableState::kPlanned : TableState::kPlanning;
      run_.reason.clear();
    }
    for (const auto& [id, block] : run_.blocks) {
      if (block.stage != Stage::kMoved) StartBlock(id);
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
    if (!SeededBug(Bug::kForgetStaging)) KC_CO_TRY(session_.staging.DropOf(run_));
    auto end = run_.state == TableState::kStopped
                   ? session_.WriteOne(Ledger::RecordOf(run_, session_.Now()))
                   : Complete();
    co_return co_await end;
  }

 private:
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
  if (!status && !session.ending()) session.Abort(status.error().Within("table " + run.name));
  if (run.state == TableState::kStopped && !session.ending()) {
    session.Notify(run.name, "stopped: " + run.reason);
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
