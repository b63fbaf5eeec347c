#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/ticks.h"
#include "copy/clean.h"
#include "copy/copy.h"
#include "copy/plan_table.h"
#include "copy/setup.h"
#include "copy/table_run.h"
#include "kusto/commands/queries.h"

namespace kc::copy {

namespace commands = kusto::commands;
using checkpoint::Record;
using kusto::Answer;
using world::Io;
using world::Task;

namespace {

// Tables counted by one query.
constexpr size_t kCountedTogether = 50;
// Tables that are planned and copied side by side.
constexpr int kTablesTogether = 64;

class DatabaseCopy {
 public:
  DatabaseCopy(Session& session, DatabaseOutcome& outcome)
      : session_(session), outcome_(outcome), table_slots_(kTablesTogether) {}

  Task<Status> Run();

 private:
  Task<Status> Own();
  Task<Status> KeepFacts();
  int64_t MovedRows() const;
  Task<Status> Iterate();
  Task<Status> StartIteration();
  Task<Status> Count(std::vector<std::string> names, std::map<std::string, int64_t>& rows);
  Task<void> CountUndated(std::string table, Result<int64_t>& undated);
  Task<Status> LookAtNewTables();
  TableRun MakeRun(const std::string& name, int64_t iteration, const std::string& cursor,
                   int64_t rows);
  Task<void> RunOne(TableRun& run);
  Task<Status> RunTables();
  Task<Status> FinishIterations();
  Task<Status> Sweep();
  std::string WatermarkOf(const std::string& table) const;

  Session& session_;
  DatabaseOutcome& outcome_;
  world::Slots table_slots_;
  world::TaskGroup lease_;
  std::map<std::string, int64_t> undated_;  // of tables without a watermark
  int64_t next_sweep_ = 0;                  // ticks
  std::string rows_upto_;                   // cursor of the iteration that starts
};

Task<Status> DatabaseCopy::Run() {
  auto look = LookAround(session_);
  Status status = co_await look;
  if (!status) {
    outcome_.refused = true;
    co_return status;
  }
  outcome_.tables = static_cast<int>(session_.tables.size());
  auto own = Own();
  status = co_await own;
  if (status) {
    auto iterate = Iterate();
    status = co_await iterate;
  }
  if (session_.error()) status = Fail(*session_.error());
  session_.sleeper.Stop();
  auto join = lease_.Join();
  co_await join;
  const bool lost = !status && status.error().reason == "LeaseLost";
  if (session_.journal.generation() > 0 && !lost) {
    Io<Status> close(session_.environment.executor, "journal.close",
                     [this] { return session_.journal.Close(); });
    const Status closed = co_await close;
    if (!closed) LogWarn("the lease stays until it ends: {}", closed.error().message);
  }
  co_return status;
}

Task<Status> DatabaseCopy::Own() {
  const auto& env = session_.environment;
  const checkpoint::Identity identity{env.source.cluster(), session_.names.source,
                                      env.destination.cluster(), session_.names.destination};
  Io<Result<checkpoint::Opened>> open(env.executor, "journal.open", [&] {
    return session_.journal.Open(identity, env.options.holder, &env.cancel);
  });
  Result<checkpoint::Opened> opened = co_await open;
  if (!opened) {
    outcome_.refused = true;
    co_return Fail(opened.error().Within(env.lake.url().Shown()));
  }
  KC_CO_CHECK(session_.ledger.Replay(opened->records));
  std::vector<Record> snapshot = session_.ledger.Snapshot();
  Io<Status> begin(env.executor, "journal.begin",
                   [&] { return session_.journal.Begin(std::move(snapshot)); });
  const Status began = co_await begin;
  if (!began) co_return began;
  lease_.Start(session_.KeepLease());
  KC_CO_TRY(Prepare(session_, opened->is_new));
  KC_CO_TRY(KeepFacts());
  const int64_t before = MovedRows();
  auto take_over = TakeOver(session_);
  const Status taken = co_await take_over;
  outcome_.rows += MovedRows() - before;
  co_return taken;
}

int64_t DatabaseCopy::MovedRows() const {
  int64_t rows = 0;
  for (const auto& [key, run] : session_.ledger.tables) rows += run.moved_rows();
  return rows;
}

// What holds for the whole copy is stored once, absolute (protocol F25).
Task<Status> DatabaseCopy::KeepFacts() {
  const Options& options = session_.environment.options;
  if (session_.ledger.facts) {
    if (SeededBug(Bug::kHorizonFromNow) && options.horizon_before) {
      session_.ledger.facts->horizon = session_.Now() - *options.horizon_before;
    }
    const CopyFacts& facts = *session_.ledger.facts;
    if (!facts.source_database_id.empty() &&
        facts.source_database_id != session_.source_database_id) {
      co_return Stop(fmt::format("database '{}' at the source is another one than before (its id "
                                 "changed): its cursors can't be compared; use another lake folder",
                                 session_.names.source),
                     "OtherDatabase");
    }
    co_return Status();
  }
  CopyFacts facts;
  facts.source_database_id = session_.source_database_id;
  facts.destination_database_id = session_.destination_database_id;
  facts.undated = options.include_undated;
  facts.created = session_.Now();
  if (options.horizon_before) facts.horizon = session_.Now() - *options.horizon_before;
  session_.ledger.facts = facts;
  auto write = session_.WriteOne(Ledger::RecordOf(facts, session_.Now()));
  co_return co_await write;
}

std::string DatabaseCopy::WatermarkOf(const std::string& table) const {
  if (SeededBug(Bug::kOneWatermark)) {
    std::string latest;
    for (const auto& [name, mark] : session_.ledger.watermarks) {
      if (mark.cursor.size() >= latest.size()) latest = std::max(latest, mark.cursor);
    }
    return latest;
  }
  const auto found = session_.ledger.watermarks.find(table);
  return found == session_.ledger.watermarks.end() ? "" : found->second.cursor;
}

Task<Status> DatabaseCopy::Iterate() {
  const Options& options = session_.environment.options;
  bool first = true;
  while (true) {
    const int64_t began = session_.Now();
    bool open = false;
    for (const auto& [key, run] : session_.ledger.tables) {
      open |= run.open() && session_.tables.contains(run.name);
    }
    if (open && first) KC_CO_TRY(RunTables());  // what an earlier run began
    first = false;
    KC_CO_TRY(StartIteration());
    KC_CO_TRY(RunTables());
    KC_CO_TRY(FinishIterations());
    if (session_.Now() >= next_sweep_) KC_CO_TRY(Sweep());
    if (!options.continuous || session_.ending()) co_return Status();
    if (session_.status_function_stale) KC_CO_TRY(PointStatusFunction(session_, false));
    const int64_t left = began + options.rpo_ticks - session_.Now();
    auto pause = session_.sleeper.Wait(std::chrono::nanoseconds(std::max<int64_t>(0, left) * 100));
    co_await pause;
    if (session_.ending()) co_return Stop("interrupted", "Cancelled");
  }
}

Task<Status> DatabaseCopy::Count(std::vector<std::string> names,
                                 std::map<std::string, int64_t>& rows) {
  for (size_t from = 0; from < names.size(); from += kCountedTogether) {
    std::vector<commands::Rows> some;
    for (size_t i = from; i < std::min(names.size(), from + kCountedTogether); ++i) {
      commands::Rows window;
      window.table = names[i];
      window.after = WatermarkOf(names[i]);
      window.upto = rows_upto_;
      if (window.after.empty()) window.not_before = session_.ledger.facts->horizon;
      some.push_back(std::move(window));
    }
    KC_CO_ASSIGN(const Answer answer,
                 session_.StrongQuery(session_.environment.source, commands::CountTables(some)));
    for (size_t row = 0; row < answer.table().rows.size(); ++row) {
      rows[kusto::GetText(answer.table(), row, "Table")] = kusto::GetInt(answer.table(), row, "N");
    }
  }
  co_return Status();
}

Task<void> DatabaseCopy::CountUndated(std::string table, Result<int64_t>& undated) {
  auto query = session_.StrongQuery(session_.environment.source, commands::CountUndated(table));
  const Result<Answer> answer = co_await query;
  if (!answer) {
    undated = Fail(answer.error());
  } else if (answer->table().rows.size() == 1) {
    undated = kusto::GetInt(answer->table(), 0, "Undated");
  }
}

Task<Status> DatabaseCopy::LookAtNewTables() {
  std::map<std::string, Result<int64_t>> counts;
  for (const auto& [name, pair] : session_.tables) {
    if (WatermarkOf(name).empty() && !undated_.contains(name)) counts.emplace(name, int64_t{0});
  }
  world::TaskGroup group;
  for (auto& [name, undated] : counts) group.Start(CountUndated(name, undated));
  auto join = group.Join();
  co_await join;
  for (auto& [name, undated] : counts) {
    if (!undated) co_return Fail(undated.error().Within("table " + name));
    undated_[name] = *undated;
    if (*undated == 0) continue;
    session_.Notify(name,
                    fmt::format("{} rows have no ingestion time{}", *undated,
                                session_.environment.options.include_undated
                                    ? ""
                                    : " and are not copied (--include-undated copies them once)"));
  }
  co_return Status();
}

TableRun DatabaseCopy::MakeRun(const std::string& name, int64_t iteration,
                               const std::string& cursor, int64_t rows) {
  const TablePair& pair = session_.tables.at(name);
  TableRun run;
  run.iteration = iteration;
  run.name = name;
  run.destination = pair.destination;
  run.created = session_.Now();
  run.source_id = pair.source_id;
  run.destination_id = pair.destination_id;
  run.start_cursor = WatermarkOf(name);
  run.end_cursor = cursor;
  run.columns = pair.source_schema.columns;
  run.window_rows = rows;
  if (run.start_cursor.empty()) run.undated_rows = undated_[name];
  return run;
}

// One cursor for all tables; only tables with rows in their window take part, so that an idle
// source costs a few counts and creates nothing.
Task<Status> DatabaseCopy::StartIteration() {
  KC_CO_ASSIGN(const Answer answer,
               session_.StrongQuery(session_.environment.source, commands::CursorQuery()));
  if (answer.table().rows.size() != 1) co_return Stop("the source tells no cursor");
  const std::string cursor = kusto::GetText(answer.table(), 0, "Cursor");
  KC_CO_ASSIGN(const bool changed, SchemaChanged(session_));
  if (changed) {
    KC_CO_TRY(Refresh(session_));
  }
  KC_CO_TRY(LookAtNewTables());
  std::vector<std::string> names;
  for (const auto& [name, pair] : session_.tables) {
    const auto mark = session_.ledger.watermarks.find(name);
    if (mark != session_.ledger.watermarks.end() && mark->second.source_id != pair.source_id) {
      session_.Notify(name,
                      "is another table at the source than the one that was copied before "
                      "(its id changed): not copied");
      outcome_.stopped.push_back(name + ": the source table was replaced");
      continue;
    }
    // A table that stopped in an earlier iteration must finish that one first.
    if (session_.ledger.OpenRun(name) == nullptr) names.push_back(name);
  }
  rows_upto_ = cursor;
  std::map<std::string, int64_t> rows;
  KC_CO_TRY(Count(names, rows));
  const bool wanted = session_.environment.options.include_undated;
  for (const auto& name : names) {
    if (wanted && WatermarkOf(name).empty() && undated_[name] > 0) rows.try_emplace(name, 0);
  }
  if (rows.empty()) co_return Status();
  Iteration iteration;
  iteration.id = session_.ledger.next_iteration();
  iteration.end_cursor = cursor;
  iteration.created = session_.Now();
  std::vector<Record> group;
  for (const auto& [name, count] : rows) iteration.tables.insert(name);
  group.push_back(Ledger::RecordOf(iteration, session_.Now()));
  session_.ledger.iterations[iteration.id] = iteration;
  for (const auto& [name, count] : rows) {
    std::string upto = cursor;
    if (SeededBug(Bug::kCursorPerTable)) {
      KC_CO_ASSIGN(const Answer own,
                   session_.StrongQuery(session_.environment.source, commands::CursorQuery()));
      upto = kusto::GetText(own.table(), 0, "Cursor");
    }
    TableRun& run = session_.ledger.tables[{iteration.id, name}];
    run = MakeRun(name, iteration.id, upto, upto == cursor ? count : -1);
    group.push_back(Ledger::RecordOf(run, session_.Now()));
  }
  auto write = session_.Write(std::move(group));
  co_return co_await write;
}

Task<void> DatabaseCopy::RunOne(TableRun& run) {
  auto acquire = table_slots_.Acquire();
  co_await acquire;
  world::SlotLease lease(&table_slots_);
  if (session_.ending()) co_return;
  const int64_t before = run.moved_rows();
  auto table = RunTable(session_, run);
  co_await table;
  outcome_.rows += run.moved_rows() - before;
}

Task<Status> DatabaseCopy::RunTables() {
  world::TaskGroup group;
  for (auto& [key, run] : session_.ledger.tables) {
    if (session_.tables.contains(run.name) && run.open()) group.Start(RunOne(run));
  }
  auto join = group.Join();
  co_await join;
  if (session_.error()) co_return Fail(*session_.error());
  co_return Status();
}

Task<Status> DatabaseCopy::FinishIterations() {
  std::vector<Record> group;
  outcome_.stopped.clear();
  for (auto& [id, iteration] : session_.ledger.iterations) {
    if (iteration.state == IterationState::kComplete) continue;
    bool complete = true;
    iteration.rows = 0;
    for (const auto& name : iteration.tables) {
      const TableRun& run = session_.ledger.tables.at({id, name});
      complete &= !run.open();
      iteration.rows += run.moved_rows();
      if (run.state == TableState::kStopped && !SeededBug(Bug::kStopInSilence)) {
        outcome_.stopped.push_back(name + ": " + run.reason);
      }
    }
    if (complete) iteration.state = IterationState::kComplete;
    group.push_back(Ledger::RecordOf(iteration, session_.Now()));
  }
  if (group.empty()) co_return Status();
  auto write = session_.Write(std::move(group));
  co_return co_await write;
}

Task<Status> DatabaseCopy::Sweep() {
  next_sweep_ = session_.Now() + kTicksPerHour;
  auto sweep = SweepFolders(session_);
  const Status swept = co_await sweep;
  if (!swept && !session_.ending()) {
    LogWarn("files of earlier owners stay: {}", swept.error().message);
  }
  co_return Status();
}

Task<void> CopyDatabase(Environment& environment, SlotPools& slots, DatabaseOutcome& outcome) {
  Session session(environment, slots, outcome.names);
  // What is posted may run when the session is gone.
  auto alive = std::make_shared<Session*>(&session);
  const int subscription = environment.cancel.Subscribe([&environment, alive] {
    environment.executor.Post([alive] {
      if (*alive != nullptr) (*alive)->Interrupt();
    });
  });
  DatabaseCopy copy(session, outcome);
  auto run = copy.Run();
  outcome.status = co_await run;
  environment.cancel.Unsubscribe(subscription);
  *alive = nullptr;
  // Whoever let this task go on may still be on the stack, with members of the session.
  world::Sleeper last(environment.executor);
  auto wait = last.Wait(world::Duration::zero());
  co_await wait;
}

}  // namespace

Task<std::vector<DatabaseOutcome>> RunCopy(Environment& environment, SlotPools& slots) {
  std::vector<DatabaseOutcome> outcomes(environment.options.databases.size());
  world::TaskGroup group;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].names = environment.options.databases[i];
    group.Start(CopyDatabase(environment, slots, outcomes[i]));
  }
  auto join = group.Join();
  co_await join;
  co_return outcomes;
}

}  // namespace kc::copy
