#include "copy/count_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/seeded_bugs.h"
#include "kusto/commands/queries.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// Tables counted by one query.
constexpr size_t kCountedTogether = 50;

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

}  // namespace kc::copy
