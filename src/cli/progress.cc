#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace kc::cli {
namespace {

constexpr std::chrono::seconds kLivePeriod{1};
constexpr std::chrono::seconds kLinePeriod{5};
// A live view must fit a screen.
constexpr size_t kLiveTables = 20;

void Count(const copy::Block& block, TableProgress& p) {
  const int64_t rows = block.exported_rows > 0 ? block.exported_rows : block.planned_rows;
  switch (block.stage) {
    case copy::Stage::kMoved:
    case copy::Stage::kDone:
      p.moved_rows += block.moved_rows;
      ++p.moved_blocks;
      p.staged_rows += rows;
      p.exported_rows += rows;
      break;
    case copy::Stage::kMoving:
    case copy::Stage::kRevoking:
      p.staged_rows += rows;
      p.exported_rows += rows;
      break;
    case copy::Stage::kExported:
    case copy::Stage::kIngesting:
      p.exported_rows += rows;
      break;
    case copy::Stage::kStopped:
      ++p.stopped_blocks;
      break;
    case copy::Stage::kPlanned:
    case copy::Stage::kExporting:
      break;
  }
}

}  // namespace

std::vector<TableProgress> ProgressOf(const std::string& database, const copy::Ledger& ledger) {
  std::map<std::string, const copy::TableRun*> newest;
  for (const auto& [key, run] : ledger.tables) {
    auto& shown = newest[run.name];
    // Iterations ascend: an open one wins over a complete one, else the later.
    if (shown == nullptr || !shown->open()) shown = &run;
  }
  std::vector<TableProgress> all;
  for (const auto& [name, run] : newest) {
    TableProgress p;
    p.database = database;
    p.table = name;
    p.state = copy::Name(run->state);
    p.iteration = run->iteration;
    p.planned_rows = std::max(run->planned_rows, run->window_rows);
    p.planned_blocks = run->planned_blocks;
    p.planned = run->planned;
    p.reason = run->reason;
    p.exported_rows = p.staged_rows = p.moved_rows = run->done_rows;
    p.moved_blocks = run->done_blocks;
    for (const auto& [id, block] : run->blocks) Count(block, p);
    all.push_back(std::move(p));
  }
  return all;
}

std::string ProgressJson(const TableProgress& p) {
  OrderedJson json;
  json["type"] = "table";
  json["database"] = p.database;
  json["table"] = p.table;
  json["iteration"] = p.iteration;
  json["state"] = p.state;
  json["planned"] = p.planned_rows;
  json["exported"] = p.exported_rows;
  json["staged"] = p.staged_rows;
  json["moved"] = p.moved_rows;
  json["blocks"] = p.planned_blocks;
  json["blocksMoved"] = p.moved_blocks;
  if (p.stopped_blocks > 0) json["blocksStopped"] = p.stopped_blocks;
  if (!p.reason.empty()) json["reason"] = p.reason;
  return DumpJson(json);
}

std::string ProgressTable(const std::vector<TableProgress>& tables, size_t most) {
  size_t width = 5;
  for (const auto& p : tables) width = std::max(width, std::min<size_t>(40, p.table.size()));
  std::string text = fmt::format("{:<{}}  {:<8} {:>13} {:>13} {:>13} {:>13}  {}\n", "table", width,
                                 "state", "planned", "exported", "staged", "moved", "blocks");
  size_t shown = 0;
  for (const auto& p : tables) {
    if (shown++ >= most) {
      text += fmt::format("… and {} more tables\n", tables.size() - most);
      break;
    }
    text += fmt::format("{:<{}}  {:<8} {:>13} {:>13} {:>13} {:>13}  {}/{}\n", p.table, width,
                        p.state, FormatThousands(p.planned_rows), FormatThousands(p.exported_rows),
                        FormatThousands(p.staged_rows), FormatThousands(p.moved_rows),
                        p.moved_blocks, p.planned_blocks);
    if (!p.reason.empty()) text += fmt::format("  stopped: {}\n", p.reason);
  }
  return text;
}

Reporter::Reporter(world::Executor& executor, world::Clock& clock, Style style)
    : sleeper_(executor),
      clock_(clock),
      json_(style.json),
      terminal_(style.terminal && !style.json),
      iterations_(style.iterations),
      began_(clock.Monotonic()) {}

// The live view is below all that stays.
void Reporter::Clear() {
  if (!terminal_ || lines_shown_ == 0) return;
  std::fprintf(stdout, "\x1b[%dA\x1b[J", lines_shown_);
  lines_shown_ = 0;
}

void Reporter::OnIteration(const copy::IterationReport& report) {
  if (json_) {
    OrderedJson json;
    json["type"] = "iteration";
    json["database"] = report.database;
    json["iteration"] = report.iteration;
    json["endCursor"] = report.end_cursor;
    json["complete"] = report.complete && report.stopped.empty();
    json["tables"] = report.tables;
    json["rows"] = report.rows;
    json["seconds"] = report.seconds;
    json["stopped"] = report.stopped;
    std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
    std::fflush(stdout);
    return;
  }
  if (!iterations_ || (report.iteration == 0 && report.rows == 0 && report.stopped.empty())) return;
  Clear();
  std::fprintf(
      stdout, "%s\n",
      fmt::format("{}: iteration {}: {} tables, {} rows, {:.1f} s{}", report.database,
                  report.iteration == 0 ? "without news" : std::to_string(report.iteration),
                  report.tables, FormatThousands(report.rows), report.seconds,
                  report.stopped.empty()
                      ? ""
                      : fmt::format("; {} tables can't go on:", report.stopped.size()))
          .c_str());
  for (const auto& stopped : report.stopped) {
    std::fprintf(stdout, "  stopped: %s\n", Redact(stopped).c_str());
  }
  std::fflush(stdout);
}

void Reporter::OnNotice(const copy::Notice& notice) {
  ++notices_;
  if (json_) {
    OrderedJson json;
    json["type"] = "notice";
    json["database"] = notice.database;
    json["table"] = notice.table;
    json["text"] = notice.text;
    std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
    std::fflush(stdout);
    return;
  }
  Clear();
  const std::string where =
      notice.table.empty() ? notice.database : notice.database + "." + notice.table;
  std::fprintf(stdout, "note: %s: %s\n", where.c_str(), notice.text.c_str());
  std::fflush(stdout);
}

void Reporter::OnSession(copy::Session* session, bool begins) {
  if (begins) {
    sessions_.insert(session);
  } else {
    sessions_.erase(session);
  }
}

world::Task<void> Reporter::Run() {
  while (!sleeper_.stopped()) {
    auto pause = sleeper_.Wait(terminal_ ? world::Duration(kLivePeriod) : kLinePeriod);
    co_await pause;
    if (!sleeper_.stopped()) Show();
  }
  Clear();
}

void Reporter::Stop() {
  sleeper_.Stop();
}

void Reporter::Show() {
  std::vector<TableProgress> all;
  for (auto* session : sessions_) {
    auto some = ProgressOf(session->names.destination, session->ledger);
    all.insert(all.end(), some.begin(), some.end());
  }
  if (json_) {
    for (const auto& p : all) {
      if (p.state != "Complete") std::fprintf(stdout, "%s\n", ProgressJson(p).c_str());
    }
    std::fflush(stdout);
  } else if (terminal_) {
    ShowLive(all);
  } else {
    ShowLine(all);
  }
}

void Reporter::ShowLive(const std::vector<TableProgress>& tables) {
  std::vector<TableProgress> open;
  for (const auto& p : tables) {
    if (p.state != "Complete") open.push_back(p);
  }
  Clear();
  const std::string text = ProgressTable(open, kLiveTables);
  lines_shown_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  std::fprintf(stdout, "%s", text.c_str());
  ShowLine(tables);
  ++lines_shown_;
}

void Reporter::ShowLine(const std::vector<TableProgress>& tables) {
  if (tables.empty()) return;
  int64_t planned = 0;
  int64_t exported = 0;
  int64_t staged = 0;
  int64_t moved = 0;
  size_t complete = 0;
  for (const auto& p : tables) {
    planned += p.planned_rows;
    exported += p.exported_rows;
    staged += p.staged_rows;
    moved += p.moved_rows;
    complete += p.state == "Complete";
  }
  const double seconds = std::chrono::duration<double>(clock_.Monotonic() - began_).count();
  const double rate = seconds > 0 ? static_cast<double>(moved) / seconds : 0;
  std::string left = "?";
  if (rate > 0) left = fmt::format("{:.0f} s", static_cast<double>(planned - moved) / rate);
  const std::string line =
      fmt::format("{}/{} tables complete; rows planned {}, exported {}, staged {}, moved {}",
                  complete, tables.size(), FormatThousands(planned), FormatThousands(exported),
                  FormatThousands(staged), FormatThousands(moved));
  // An idle continuous copy says nothing new.
  if (line == last_line_ && !terminal_) return;
  last_line_ = line;
  std::fprintf(stdout, "%s; %s rows/s, %s left\n", line.c_str(),
               FormatThousands(static_cast<int64_t>(rate)).c_str(), left.c_str());
  std::fflush(stdout);
}

}  // namespace kc::cli
