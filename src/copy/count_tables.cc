#include "copy/count_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "kusto/commands/queries.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// Tables counted by one query.
constexpr size_t kCountedTogether = 50;
// Closed windows that are counted again at a time: these counts touch all rows of a table.
constexpr size_t kLookedBehind = 500;

Task<Status> CountSome(Session& session, std::vector<std::string> names, const std::string& upto,
                       std::map<std::string, int64_t>& rows) {
  std::vector<commands::Rows> windows;
  for (const auto& name : names) {
    commands::Rows window;
    window.table = name;
    window.after = WatermarkOf(session, name);
    window.upto = upto;
    if (window.after.empty()) window.not_before = session.ledger.facts->horizon;
    windows.push_back(std::move(window));
  }
  KC_CO_ASSIGN(const Answer answer,
               session.StrongQuery(session.environment.source, commands::CountTables(windows)));
  for (size_t row = 0; row < answer.table().rows.size(); ++row) {
    rows[kusto::GetText(answer.table(), row, "Table")] = kusto::GetInt(answer.table(), row, "N");
  }
  co_return Status();
}

Task<void> CountUndated(Session& session, std::string table, Result<int64_t>& undated) {
  auto query = session.StrongQuery(session.environment.source, commands::CountUndated(table));
  const Result<Answer> answer = co_await query;
  if (!answer) {
    undated = Fail(answer.error());
  } else if (answer->table().rows.size() == 1) {
    undated = kusto::GetInt(answer->table(), 0, "Undated");
  }
}

}  // namespace

std::string WatermarkOf(const Session& session, const std::string& table) {
  if (SeededBug(Bug::kOneWatermark)) {
    std::string latest;
    for (const auto& [name, mark] : session.ledger.watermarks) {
      if (mark.cursor.size() >= latest.size()) latest = std::max(latest, mark.cursor);
    }
    return latest;
  }
  const auto found = session.ledger.watermarks.find(table);
  return found == session.ledger.watermarks.end() ? "" : found->second.cursor;
}

Task<Status> CountNewRows(Session& session, std::vector<std::string> names, std::string upto,
                          std::map<std::string, int64_t>& rows) {
  for (size_t from = 0; from < names.size(); from += kCountedTogether) {
    const size_t to = std::min(names.size(), from + kCountedTogether);
    std::vector<std::string> some(names.begin() + static_cast<long>(from),
                                  names.begin() + static_cast<long>(to));
    auto count = CountSome(session, some, upto, rows);
    const Status counted = co_await count;
    if (counted) continue;
    if (session.ending()) co_return counted;
    // One of them can't be counted: which?
    for (const auto& name : some) {
      auto alone = CountSome(session, {name}, upto, rows);
      const Status status = co_await alone;
      if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
      if (!status) session.blocked[name] = "can't be counted: " + status.error().message;
    }
  }
  co_return Status();
}

Task<Status> CountUndatedRows(Session& session) {
  std::map<std::string, Result<int64_t>> counts;
  for (const auto& [name, pair] : session.tables) {
    const bool known = session.undated.contains(name) || session.blocked.contains(name);
    if (!known && WatermarkOf(session, name).empty()) counts.emplace(name, int64_t{0});
  }
  world::TaskGroup group;
  for (auto& [name, undated] : counts) group.Start(CountUndated(session, name, undated));
  auto join = group.Join();
  co_await join;
  if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
  for (auto& [name, undated] : counts) {
    if (!undated) {
      session.blocked[name] = "can't be counted: " + undated.error().message;
      continue;
    }
    session.undated[name] = *undated;
    if (*undated == 0) continue;
    session.Notify(name,
                   fmt::format("{} rows have no ingestion time{}", *undated,
                               session.environment.options.include_undated
                                   ? ""
                                   : " and are not copied (--include-undated copies them once)"));
  }
  co_return Status();
}

namespace {

Task<Status> LookBehindSome(Session& session, std::vector<std::string> names) {
  std::vector<commands::Rows> windows;
  for (const auto& name : names) {
    commands::Rows window;
    window.table = name;
    window.upto = WatermarkOf(session, name);
    if (session.ledger.facts) window.not_before = session.ledger.facts->horizon;
    windows.push_back(std::move(window));
  }
  KC_CO_ASSIGN(const Answer answer,
               session.StrongQuery(session.environment.source, commands::CountTables(windows)));
  std::map<std::string, int64_t> counts;  // tables without rows aren't in the answer
  for (size_t row = 0; row < answer.table().rows.size(); ++row) {
    counts[kusto::GetText(answer.table(), row, "Table")] = kusto::GetInt(answer.table(), row, "N");
  }
  std::vector<checkpoint::Record> group;
  for (const auto& name : names) {
    Watermark& mark = session.ledger.watermarks.at(name);
    const int64_t before = std::exchange(mark.closed_rows, counts[name]);
    if (before == mark.closed_rows) continue;
    TellBehind(session, name, before, mark.closed_rows);
    group.push_back(Ledger::RecordOf(mark, session.Now()));
  }
  if (group.empty()) co_return Status();
  auto write = session.Write(std::move(group));
  co_return co_await write;
}

}  // namespace

void TellBehind(Session& session, const std::string& table, int64_t before, int64_t now) {
  if (now > before) {
    session.Notify(table,
                   fmt::format("{} rows were inserted behind the cursor at the source (moved or "
                               "renamed in): not copied; to have them, drop the table at the "
                               "destination and start kusto-copy again, which copies it anew",
                               now - before));
  } else if (now < before) {
    session.Notify(
        table, fmt::format("{} rows that were copied were removed at the source", before - now));
  }
}

Task<Status> LookBehind(Session& session, std::vector<std::string> names) {
  std::vector<std::string> due;
  for (const auto& name : names) {
    const auto mark = session.ledger.watermarks.find(name);
    // What was completed by this run was counted then.
    const bool closed = mark != session.ledger.watermarks.end() && !mark->second.cursor.empty() &&
                        mark->second.closed_rows >= 0 && mark->second.updated < session.started;
    if (closed && name > session.behind_from) due.push_back(name);
  }
  const size_t count = std::min(due.size(), kLookedBehind);
  session.behind_from = count < due.size() ? due[count - 1] : "";
  for (size_t from = 0; from < count; from += kCountedTogether) {
    const size_t to = std::min(count, from + kCountedTogether);
    auto look = LookBehindSome(
        session, {due.begin() + static_cast<long>(from), due.begin() + static_cast<long>(to)});
    const Status looked = co_await look;
    if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
    if (!looked) LogWarn("closed windows can't be counted: {}", looked.error().message);
  }
  co_return Status();
}

}  // namespace kc::copy
