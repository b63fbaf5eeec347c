#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/ticks.h"
#include "copy/clean.h"
#include "copy/copy.h"
#include "copy/count_tables.h"
#include "copy/table_run.h"
#include "copy/tables/reconcile.h"
#include "copy/tables/setup.h"
#include "copy/tables/status_function.h"
#include "kusto/commands/queries.h"

namespace kc::copy {

namespace commands = kusto::commands;
using checkpoint::Record;
using kusto::Answer;
using world::Io;
using world::Task;

namespace {

// Tables that are planned and copied side by side.
constexpr int kTablesTogether = 64;
// How often tables whose columns change while they are copied begin anew within one run.
constexpr int kDriftRounds = 3;

// What is wrong on the command line keeps all its databases from starting: each looks around
// before any changes something.
struct FirstLooks {
  size_t under_way = 0;
  bool mistake = false;  // in a copy that never began; one that began before lets the others go on
  world::WaitList all_done;
};

class DatabaseCopy {
 public:
  DatabaseCopy(Session& session, DatabaseOutcome& outcome, FirstLooks& looks)
      : session_(session), outcome_(outcome), looks_(looks), table_slots_(kTablesTogether) {}

  Task<Status> Run();

 private:
  Task<Status> Look();
  Task<Status> Own();
  Task<Status> KeepFacts();
  int64_t MovedRows() const;
  Status CheckNames() const;
  Task<Status> Iterate();
  Task<Status> StartIteration();
  Task<Status> LookAtTables();
  std::vector<std::string> Countable() const;
  Task<Status> BeginIteration(std::string cursor, std::map<std::string, int64_t> rows);
  TableRun MakeRun(const std::string& name, int64_t iteration, const std::string& cursor,
                   int64_t rows);
  Task<void> RunOne(TableRun& run);
  bool Wanted(const TableRun& run, bool all) const;
  Task<Status> RunTables(bool all);
  Task<Status> RunDrifted();
  Task<Status> FinishIterations(world::Duration began);
  void Report(world::Duration began);
  Task<Status> Sweep();
  Task<Status> PayDebts();

  Session& session_;
  DatabaseOutcome& outcome_;
  FirstLooks& looks_;
  world::Slots table_slots_;
  world::TaskGroup lease_;
  world::Duration next_sweep_{};  // Session::Uptime
  int64_t reported_rows_ = 0;     // of outcome_.rows
  int64_t begun_ = 0;             // the iteration that this round began, 0: nothing was new
};

Task<Status> DatabaseCopy::Look() {
  auto look = LookAround(session_);
  Status status = co_await look;
  if (!status && status.error().reason != "Cancelled") {
    looks_.mistake |= session_.first_start || status.error().reason == "SameDatabase";
  }
  if (--looks_.under_way == 0) {
    looks_.all_done.NotifyAll();
  } else {
    auto others = looks_.all_done.Wait();
    co_await others;
  }
  if (status && looks_.mistake) {
    co_return Stop("not started, as another database of the command line is refused", "NotStarted");
  }
  co_return status;
}

Task<Status> DatabaseCopy::Run() {
  auto look = Look();
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
  if (status && session_.status_function_stale) {
    // The file that it names is an old one, which nothing else would remove.
    auto point = PointStatusFunction(session_, false);
    const Status pointed = co_await point;
    if (!pointed) LogWarn("KC_Status() names an old file: {}", pointed.error().message);
  }
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
  KC_CO_CHECK(session_.ledger.Replay(std::move(opened->records)));
  if (const Status named = CheckNames(); !named) {
    outcome_.refused = true;
    co_return named;
  }
  lease_.Start(session_.KeepLease());
  KC_CO_TRY(session_.recorder.BeginSegment(false));
  KC_CO_TRY(Prepare(session_));
  lease_.Start(KeepStatusFunction(session_));
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

// A name that neither the source nor the checkpoint knows is a mistake on the command line.
Status DatabaseCopy::CheckNames() const {
  for (const auto& name : session_.missing_names) {
    if (session_.ledger.watermarks.contains(name) || session_.ledger.OpenRun(name) != nullptr) {
      continue;
    }
    return Stop(fmt::format("table '{}' doesn't exist at the source; names are case-sensitive, '*' "
                            "stands for any text",
                            name),
                "TableNotFound");
  }
  return {};
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
  // Before the first year there is no time, and no row.
  if (options.horizon_before) {
    // By the clock that stamped the rows: this machine's may be a day off.
    KC_CO_ASSIGN(const Answer answer,
                 session_.StrongQuery(session_.environment.source, commands::CursorQuery()));
    if (answer.table().rows.size() != 1) co_return Stop("the source doesn't tell the time");
    const int64_t now = kusto::GetInt(answer.table(), 0, "Now");
    if (*options.horizon_before < now) facts.horizon = now - *options.horizon_before;
  }
  session_.ledger.facts = facts;
  auto write = session_.WriteOne(Ledger::RecordOf(facts, session_.Now()));
  co_return co_await write;
}

Task<Status> DatabaseCopy::Iterate() {
  const Options& options = session_.environment.options;
  KC_CO_TRY(Reconcile(session_));
  KC_CO_TRY(RunTables(true));  // what an earlier run began
  while (true) {
    const world::Duration began = session_.Uptime();
    KC_CO_TRY(StartIteration());
    KC_CO_TRY(RunTables(false));
    KC_CO_TRY(RunDrifted());
    if (begun_ != 0) KC_CO_TRY(JudgePoliciesAgain(session_));
    KC_CO_TRY(FinishIterations(began));
    if (session_.Uptime() >= next_sweep_) {
      KC_CO_TRY(Sweep());
      KC_CO_TRY(LookBehind(session_, Countable()));
    }
    if (!options.continuous) co_return Status();
    const world::Duration left = began + DurationOf(options.rpo_ticks) - session_.Uptime();
    auto pause = session_.sleeper.Wait(std::max(left, world::Duration::zero()));
    if (!session_.ending()) co_await pause;
    if (session_.ending()) co_return Stop("interrupted", "Cancelled");
  }
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
  run.start_cursor = WatermarkOf(session_, name);
  run.end_cursor = cursor;
  run.columns = pair.source_schema.columns;
  run.window_rows = rows;
  if (run.start_cursor.empty()) run.undated_rows = session_.undated[name];
  return run;
}

// The clusters are read again when the source's schema changed, and as long as a table can't go on:
// somebody may have mended it.
Task<Status> DatabaseCopy::LookAtTables() {
  KC_CO_ASSIGN(const bool changed, SchemaChanged(session_));
  KC_CO_ASSIGN(const bool replaced, DestinationChanged(session_));
  bool look = changed || replaced || !session_.blocked.empty();
  for (const auto& [key, run] : session_.ledger.tables) {
    look |= run.state == TableState::kStopped;
  }
  if (!look) co_return Status();
  KC_CO_TRY(Refresh(session_));
  auto reconcile = Reconcile(session_);
  co_return co_await reconcile;
}

std::vector<std::string> DatabaseCopy::Countable() const {
  std::vector<std::string> names;
  for (const auto& [name, pair] : session_.tables) {
    // A table that stopped in an earlier iteration must finish that one first.
    if (session_.ledger.OpenRun(name) == nullptr && !session_.blocked.contains(name)) {
      names.push_back(name);
    }
  }
  return names;
}

// One cursor for all tables; only tables with rows in their window take part, so that an idle
// source costs a few counts and creates nothing.
Task<Status> DatabaseCopy::StartIteration() {
  begun_ = 0;
  KC_CO_ASSIGN(const Answer answer,
               session_.StrongQuery(session_.environment.source, commands::CursorQuery()));
  if (answer.table().rows.size() != 1) co_return Stop("the source tells no cursor");
  const std::string cursor = kusto::GetText(answer.table(), 0, "Cursor");
  KC_CO_TRY(LookAtTables());
  KC_CO_TRY(CountUndatedRows(session_));
  const std::vector<std::string> names = Countable();
  std::map<std::string, int64_t> rows;
  KC_CO_TRY(CountNewRows(session_, names, cursor, rows));
  const bool wanted = session_.environment.options.include_undated;
  for (const auto& name : names) {
    if (wanted && WatermarkOf(session_, name).empty() && session_.undated[name] > 0) {
      rows.try_emplace(name, 0);
    }
  }
  // Without news nothing is begun; the first look is kept, so that status can tell what came of it.
  if (rows.empty() && !session_.ledger.iterations.empty()) co_return Status();
  auto begin = BeginIteration(cursor, std::move(rows));
  co_return co_await begin;
}

Task<Status> DatabaseCopy::BeginIteration(std::string cursor, std::map<std::string, int64_t> rows) {
  Iteration iteration;
  iteration.id = begun_ = session_.ledger.next_iteration();
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

// `all`: also tables that stopped a short while ago.
bool DatabaseCopy::Wanted(const TableRun& run, bool all) const {
  if (!run.open() || !session_.tables.contains(run.name) || session_.blocked.contains(run.name)) {
    return false;
  }
  const auto retry = session_.retries.find(run.name);
  return all || retry == session_.retries.end() || retry->second.next <= session_.Uptime();
}

Task<Status> DatabaseCopy::RunTables(bool all) {
  world::TaskGroup group;
  for (auto& [key, run] : session_.ledger.tables) {
    if (Wanted(run, all)) group.Start(RunOne(run));
  }
  auto join = group.Join();
  co_await join;
  if (session_.error()) co_return Fail(*session_.error());
  co_return Status();
}

// Tables whose columns changed under way go on with the new ones, where the destination has them.
Task<Status> DatabaseCopy::RunDrifted() {
  for (int round = 0; round < kDriftRounds && !session_.drifted.empty(); ++round) {
    KC_CO_TRY(Refresh(session_));
    KC_CO_TRY(Reconcile(session_));
    world::TaskGroup group;
    for (const auto& name : std::set<std::string>(session_.drifted)) {
      TableRun* run = session_.ledger.OpenRun(name);
      if (run != nullptr && Wanted(*run, true)) group.Start(RunOne(*run));
    }
    session_.drifted.clear();
    auto join = group.Join();
    co_await join;
    if (session_.error()) co_return Fail(*session_.error());
  }
  co_return Status();
}

Task<Status> DatabaseCopy::FinishIterations(world::Duration began) {
  std::vector<Record> group;
  std::map<std::string, std::string> stopped = session_.blocked;
  for (auto& [id, iteration] : session_.ledger.iterations) {
    if (iteration.state == IterationState::kComplete) continue;
    bool complete = true;
    iteration.rows = 0;
    for (const auto& name : iteration.tables) {
      const TableRun& run = session_.ledger.tables.at({id, name});
      complete &= !run.open();
      iteration.rows += run.moved_rows();
      if (run.state == TableState::kStopped && !SeededBug(Bug::kStopInSilence))
        stopped.try_emplace(name, run.reason);
    }
    if (complete) iteration.state = IterationState::kComplete;
    group.push_back(Ledger::RecordOf(iteration, session_.Now()));
  }
  if (!session_.ledger.iterations.empty()) {
    Iteration& newest = session_.ledger.iterations.rbegin()->second;
    if (newest.stopped != stopped) {
      newest.stopped = stopped;
      group.push_back(Ledger::RecordOf(newest, session_.Now()));
    }
  }
  outcome_.stopped.clear();
  for (const auto& [name, why] : stopped) outcome_.stopped.push_back(name + ": " + why);
  if (!group.empty()) KC_CO_TRY(session_.Write(std::move(group)));
  ++outcome_.iterations;
  Report(began);  // only what is durable
  co_return Status();
}

void DatabaseCopy::Report(world::Duration began) {
  IterationReport report;
  report.database = session_.names.destination;
  report.iteration = begun_;
  const auto found = session_.ledger.iterations.find(begun_);
  if (found != session_.ledger.iterations.end()) {
    report.end_cursor = found->second.end_cursor;
    report.complete = found->second.state == IterationState::kComplete;
    report.tables = static_cast<int>(found->second.tables.size());
  }
  report.rows = outcome_.rows - std::exchange(reported_rows_, outcome_.rows);
  report.seconds = std::chrono::duration<double>(session_.Uptime() - began).count();
  report.stopped = outcome_.stopped;
  session_.environment.observer.OnIteration(report);
}

// What could not be cleaned up when its table was complete, in this run or an earlier one.
Task<Status> DatabaseCopy::PayDebts() {
  std::set<std::string> staged;
  for (const auto& [name, staging] : session_.ledger.staging) staged.insert(staging.table);
  for (auto& [key, run] : session_.ledger.tables) {
    if (run.open()) continue;
    if (!run.blocks.empty()) KC_CO_TRY(CleanMoved(session_, run));
    if (staged.contains(run.name) && session_.ledger.OpenRun(run.name) == nullptr) {
      KC_CO_TRY(session_.staging.DropOf(run));
    }
  }
  co_return Status();
}

Task<Status> DatabaseCopy::Sweep() {
  next_sweep_ = session_.Uptime() + std::chrono::hours(1);
  KC_CO_TRY(PayDebts());
  auto sweep = SweepFolders(session_);
  const Status swept = co_await sweep;
  if (!swept && !session_.ending()) {
    LogWarn("files of earlier owners stay: {}", swept.error().message);
  }
  co_return Status();
}

Task<void> CopyDatabase(Environment& environment, SlotPools& slots, DatabaseOutcome& outcome,
                        FirstLooks& looks) {
  Session session(environment, slots, outcome.names);
  // What is posted may run when the session is gone.
  auto alive = std::make_shared<Session*>(&session);
  const int subscription = environment.cancel.Subscribe([&environment, alive] {
    environment.executor.Post([alive] {
      if (*alive != nullptr) (*alive)->Interrupt();
    });
  });
  DatabaseCopy copy(session, outcome, looks);
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
  FirstLooks looks;
  looks.under_way = outcomes.size();
  world::TaskGroup group;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].names = environment.options.databases[i];
    group.Start(CopyDatabase(environment, slots, outcomes[i], looks));
  }
  auto join = group.Join();
  co_await join;
  co_return outcomes;
}

}  // namespace kc::copy
