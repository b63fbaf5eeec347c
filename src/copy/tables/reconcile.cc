#include "copy/tables/reconcile.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "copy/clean.h"
#include "copy/tables/setup.h"
#include "copy/tables/tables_now.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// Is the outcome of a move not known yet? Of a stopped block the take-over has looked: its extents
// aren't in staging, so that no late request can publish them any more.
bool MoveUnderWay(const TableRun& run) {
  return std::any_of(run.blocks.begin(), run.blocks.end(), [](const auto& entry) {
    return entry.second.move_open && entry.second.stage != Stage::kStopped;
  });
}

bool MoveOpen(const TableRun& run) {
  return std::any_of(run.blocks.begin(), run.blocks.end(),
                     [](const auto& entry) { return entry.second.move_open; });
}

std::string FromTheBeginning(const TablePair& pair) {
  return fmt::format(
      "to copy it from the beginning, run `{}` at the destination and start kusto-copy again",
      commands::DropTable(pair.destination));
}

// The blocks of a split instant have the same range; all of them or none may change their columns,
// since the columns decide which row belongs to which.
bool SplitsAreWhole(const TableRun& run) {
  std::map<std::pair<int64_t, int64_t>, int64_t> waiting;  // (instant, modulus) → blocks
  for (const auto& [id, block] : run.blocks) {
    if (!block.residue || block.ranges.empty()) continue;
    auto& count = waiting[{block.ranges.front().first, block.residue->modulus}];
    if (block.stage != Stage::kMoved) ++count;
  }
  return std::all_of(waiting.begin(), waiting.end(), [](const auto& entry) {
    return entry.second == 0 || entry.second == entry.first.second;
  });
}

class Reconciler {
 public:
  explicit Reconciler(Session& session) : session_(session) {}
  Task<Status> Run();

 private:
  Task<Status> LookAt(TablePair& pair);
  Task<Status> Replaced(const TablePair& pair, bool source_replaced);
  Task<Status> StartOver(const TablePair& pair);
  Task<Status> Columns(const TablePair& pair, TableRun& run);
  void TellGone();
  void Block(const std::string& table, std::string why) {
    session_.blocked[table] = std::move(why);
  }

  Session& session_;
};

Task<Status> Reconciler::Run() {
  session_.blocked.clear();
  for (auto& [name, pair] : session_.tables) {
    if (!pair.conflict.empty()) {
      Block(name, pair.conflict);
      continue;
    }
    KC_CO_TRY(LookAt(pair));
  }
  TellGone();
  co_return Status();
}

Task<Status> Reconciler::LookAt(TablePair& pair) {
  const auto mark = session_.ledger.watermarks.find(pair.source);
  TableRun* run = session_.ledger.OpenRun(pair.source);
  if (run != nullptr && run->planned_blocks == 0 && !run->planned) {
    // Nothing of it was sent: it takes the tables as they are, if they are the watermark's.
    run->source_id = pair.source_id;
    run->destination_id = pair.destination_id;
    run->columns = pair.source_schema.columns;
  }
  const bool marked = mark != session_.ledger.watermarks.end() && !mark->second.cursor.empty();
  const bool source_replaced = (marked && mark->second.source_id != pair.source_id) ||
                               (run != nullptr && run->source_id != pair.source_id);
  const bool destination_replaced =
      (marked && mark->second.destination_id != pair.destination_id) ||
      (run != nullptr && run->destination_id != pair.destination_id);
  if (source_replaced || destination_replaced) {
    auto replaced = Replaced(pair, source_replaced);
    co_return co_await replaced;
  }
  if (run != nullptr) {
    auto columns = Columns(pair, *run);
    co_return co_await columns;
  }
  co_return Status();
}

// A watermark belongs to one pair of tables (protocol F24). Into another, empty table everything is
// copied; what else is in it nobody can tell apart.
Task<Status> Reconciler::Replaced(const TablePair& pair, bool source_replaced) {
  const TableRun* run = session_.ledger.OpenRun(pair.source);
  if (run != nullptr && MoveUnderWay(*run)) {
    Block(pair.source,
          "was replaced by another table while a move was under way whose outcome isn't known; "
          "start kusto-copy again");
    co_return Status();
  }
  auto count = CountDestination(session_, pair);
  const Result<int64_t> rows = co_await count;
  if (!rows) {
    if (session_.ending()) co_return Fail(rows.error());
    Block(pair.source, rows.error().message);
    co_return Status();
  }
  if (*rows > 0) {
    Block(pair.source,
          fmt::format("the {} table is another one than before (its id changed), and the "
                      "destination holds {} rows; {}",
                      source_replaced ? "source" : "destination", *rows, FromTheBeginning(pair)));
    co_return Status();
  }
  auto over = StartOver(pair);
  co_return co_await over;
}

Task<Status> Reconciler::StartOver(const TablePair& pair) {
  session_.Notify(pair.source,
                  "the table was replaced by another one and the destination is empty: it is "
                  "copied from the beginning");
  const int64_t now = session_.Now();
  std::vector<checkpoint::Record> group;
  Watermark fresh;
  fresh.table = pair.source;
  fresh.source_id = pair.source_id;
  fresh.destination_id = pair.destination_id;
  session_.ledger.watermarks[pair.source] = fresh;
  group.push_back(Ledger::RecordOf(session_.ledger.watermarks[pair.source], now));
  TableRun* run = session_.ledger.OpenRun(pair.source);
  if (run != nullptr) {
    auto files = DeleteFiles(session_, *run);
    co_await files;
    run->state = TableState::kAbandoned;
    run->reason = "the table was replaced: copied from the beginning";
    run->blocks.clear();
    group.push_back(Ledger::RecordOf(*run, now));
    auto drop = session_.staging.DropOf(*run);
    co_await drop;
  }
  session_.undated.erase(pair.source);
  session_.retries.erase(pair.source);
  auto write = session_.Write(std::move(group));
  co_return co_await write;
}

Task<Status> Reconciler::Columns(const TablePair& pair, TableRun& run) {
  const std::string drift = ColumnDrift(run, pair.source_schema.columns);
  if (drift.empty()) co_return Status();
  if (!TakeColumns(run, pair.source_schema.columns)) {
    Block(run.name, fmt::format("{}; a part of an instant is published with the old columns or a "
                                "move is open; {}",
                                drift, FromTheBeginning(pair)));
    co_return Status();
  }
  run.format = std::max(run.format, pair.first_format);
  session_.Notify(run.name, drift + ": what isn't published yet is copied with the new columns");
  session_.retries.erase(run.name);
  const int64_t now = session_.Now();
  std::vector<checkpoint::Record> group;
  group.push_back(Ledger::RecordOf(run, now));
  for (const auto& [id, block] : run.blocks) {
    if (block.stage != Stage::kMoved) group.push_back(Ledger::RecordOf(run, block, now));
  }
  auto write = session_.Write(std::move(group));
  co_return co_await write;
}

// Tables that the checkpoint knows and the source doesn't (any more).
void Reconciler::TellGone() {
  for (const auto& name : session_.missing_names) {
    Block(name,
          "isn't at the source (any more); what was copied stays at the destination; leave "
          "it out of --tables-include to go on without it");
  }
  const Options& options = session_.environment.options;
  const auto chosen = [&options](const std::string& name) {
    const auto any = [&name](const std::vector<std::string>& patterns) {
      return std::any_of(patterns.begin(), patterns.end(),
                         [&name](const auto& p) { return MatchesWildcard(name, p); });
    };
    return (options.tables_include.empty() || any(options.tables_include)) &&
           !any(options.tables_exclude);
  };
  for (const auto& [name, mark] : session_.ledger.watermarks) {
    if (session_.tables.contains(name) || session_.blocked.contains(name) || !chosen(name))
      continue;
    session_.Notify(name,
                    "was dropped at the source (or renamed); what was copied stays at the "
                    "destination");
  }
  for (const auto& [key, run] : session_.ledger.tables) {
    if (!run.open() || session_.tables.contains(run.name) || !chosen(run.name)) continue;
    Block(run.name,
          fmt::format("was dropped at the source before it was copied whole: {} of {} rows are at "
                      "the destination; --tables-exclude it to go on without it",
                      run.moved_rows(), std::max(run.planned_rows, run.window_rows)));
  }
}

}  // namespace

Task<Status> Reconcile(Session& session) {
  Reconciler reconciler(session);
  auto run = reconciler.Run();
  co_return co_await run;
}

std::string ColumnDrift(const TableRun& run, const std::vector<ColumnSchema>& now) {
  std::string drift;
  for (const auto& column : run.columns) {
    const auto found = std::find_if(
        now.begin(), now.end(), [&column](const ColumnSchema& c) { return c.name == column.name; });
    if (found == now.end()) {
      drift += fmt::format("{}column '{}' was dropped at the source while the table was copied",
                           drift.empty() ? "" : "; ", column.name);
    } else if (found->type != column.type) {
      drift += fmt::format(
          "{}column '{}' became {} at the source (it was {}) while the table was copied",
          drift.empty() ? "" : "; ", column.name, KustoName(found->type), KustoName(column.type));
    }
  }
  return drift;
}

Task<Result<std::string>> DriftOf(Session& session, const TableRun& run) {
  auto& source = session.environment.source;
  auto read = ReadTable(session, source, run.name);
  const Result<TablesNow> details = co_await read;
  if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
  if (!details || details->empty()) {
    co_return "the table can't be found at the source any more" +
        (details ? std::string() : ": " + details.error().message);
  }
  if (details->front().table_id != run.source_id) {
    co_return std::string("the source's table was replaced by another one while it was copied");
  }
  KC_CO_ASSIGN(const Answer answer, session.Show(source, commands::ShowTableSchema(run.name)));
  KC_CO_TAKE(const auto schema, commands::ReadTableSchema(answer.table()));
  co_return ColumnDrift(run, schema.columns);
}

Task<Result<std::string>> DestinationDriftOf(Session& session, const TableRun& run) {
  KC_CO_ASSIGN(const auto tables, ReadTables(session, session.environment.destination));
  const std::string id = IdOf(tables, run.destination);
  if (!id.empty() && id == run.destination_id) co_return std::string();
  co_return fmt::format(
      "the destination's table was {} while it was copied, with what was published into it; start "
      "kusto-copy again: it is then copied from the beginning, into an empty table",
      id.empty() ? "dropped or renamed" : "replaced by another one");
}

bool TakeColumns(TableRun& run, const std::vector<ColumnSchema>& now) {
  if (MoveOpen(run) || !SplitsAreWhole(run)) return false;
  run.columns = now;
  for (auto& [id, block] : run.blocks) {
    if (block.stage == Stage::kMoved || block.stage == Stage::kPlanned) continue;
    // As after a stop: what was exported or staged is given up, the rows are exported again.
    block.stage = Stage::kStopped;
    block.reason = "the table's columns changed";
  }
  return true;
}

}  // namespace kc::copy
