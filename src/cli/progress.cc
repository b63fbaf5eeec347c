#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "world/processes.h"

namespace kc::cli {
namespace {

constexpr std::chrono::seconds kLivePeriod{1};
constexpr std::chrono::seconds kLinePeriod{5};
// A live view must fit a screen.
constexpr size_t kLiveTables = 20;

// What is shown says how fast it is now, not how fast it was hours ago.
constexpr std::chrono::seconds kRatePeriod{60};

size_t CodePoints(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Padded(const std::string& text, size_t width) {
  const size_t points = CodePoints(text);
  if (points <= width) return text + std::string(width - points, ' ');
  std::string cut;
  size_t taken = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++taken > width - 1) break;
    cut += c;
  }
  return cut + "…";
}

// At most `width` code points of each line.
std::string CutLines(const std::string& text, int width) {
  if (width <= 0) return text;
  std::string cut;
  int shown = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (c == '\n') {
      shown = 0;
      cut += c;
      continue;
    }
    if (begins) ++shown;
    if (shown <= width) cut += c;
  }
  return cut;
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
    p.counts = copy::CountsOf(*run);
    p.open = run->open();
    p.planned = run->planned;
    p.reason = run->reason;
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
  json["planned"] = p.counts.planned_rows;
  json["exported"] = p.counts.exported_rows;
  json["staged"] = p.counts.staged_rows;
  json["moved"] = p.counts.moved_rows;
  json["blocks"] = p.counts.planned_blocks;
  json["blocksMoved"] = p.counts.moved_blocks;
  if (p.counts.stopped_blocks > 0) json["blocksStopped"] = p.counts.stopped_blocks;
  if (!p.reason.empty()) json["reason"] = p.reason;
  return DumpJson(json);
}

std::string ProgressTable(const std::vector<TableProgress>& tables, size_t most, int width) {
  size_t names = 5;
  const size_t widest = width > 0 && width < 100 ? 16 : 40;
  for (const auto& p : tables) names = std::max(names, std::min(widest, CodePoints(p.table)));
  std::string text =
      fmt::format("{}  {:<9} {:>12} {:>12} {:>12} {:>12}  {}\n", Padded("table", names), "state",
                  "planned", "exported", "staged", "moved", "blocks");
  size_t shown = 0;
  for (const auto& p : tables) {
    if (shown++ >= most) {
      text += fmt::format("… and {} more tables\n", tables.size() - most);
      break;
    }
    const auto& c = p.counts;
    text += fmt::format("{}  {:<9} {:>12} {:>12} {:>12} {:>12}  {}/{}\n", Padded(p.table, names),
                        p.state, FormatThousands(c.planned_rows), FormatThousands(c.exported_rows),
                        FormatThousands(c.staged_rows), FormatThousands(c.moved_rows),
                        c.moved_blocks, c.planned_blocks);
    if (!p.reason.empty()) text += fmt::format("  {}\n", p.reason);
  }
  return CutLines(text, width);
}

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  constexpr int64_t kMinute = 60;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr int64_t kDay = 24 * kHour;
  if (whole < 2 * kMinute) return fmt::format("{} s", whole);
  if (whole < kHour) return fmt::format("{} min", whole / kMinute);
  if (whole < kDay) return fmt::format("{} h {} min", whole / kHour, whole % kHour / kMinute);
  return fmt::format("{} d {} h", whole / kDay, whole % kDay / kHour);
}

void RateMeter::Add(world::Duration now, int64_t rows) {
  if (!samples_.empty() && rows < samples_.back().rows) samples_.clear();
  samples_.push_back({now, rows});
  while (samples_.size() > 2 && samples_[1].at + kRatePeriod <= now) samples_.pop_front();
}

double RateMeter::rate() const {
  if (samples_.size() < 2) return 0;
  const double seconds =
      std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
  if (seconds <= 0) return 0;
  return static_cast<double>(samples_.back().rows - samples_.front().rows) / seconds;
}

ProgressSum SumOf(const std::vector<TableProgress>& tables) {
  // Tables that had nothing new lately aren't part of what is under way.
  std::map<std::string, int64_t> newest;
  for (const auto& p : tables) newest[p.database] = std::max(newest[p.database], p.iteration);
  ProgressSum sum;
  for (const auto& p : tables) {
    if (!p.open && p.iteration != newest[p.database]) continue;
    ++sum.tables;
    sum.complete += !p.open;
    sum.counts.planned_rows += p.counts.planned_rows;
    sum.counts.exported_rows += p.counts.exported_rows;
    sum.counts.staged_rows += p.counts.staged_rows;
    sum.counts.moved_rows += p.counts.moved_rows;
    sum.counts.planned_blocks += p.counts.planned_blocks;
    sum.counts.moved_blocks += p.counts.moved_blocks;
  }
  return sum;
}

namespace {

std::string TablesText(const ProgressSum& sum) {
  return fmt::format("{}/{} tables", sum.complete, sum.tables);
}

std::string MovedText(const ProgressSum& sum) {
  return fmt::format("{} of {}", FormatThousands(sum.counts.moved_rows),
                     FormatThousands(sum.counts.planned_rows));
}

std::string SumText(const ProgressSum& sum) {
  return fmt::format("{}; rows: {} moved, {} exported", TablesText(sum), MovedText(sum),
                     FormatThousands(sum.counts.exported_rows));
}

// Below the live view's table: what is left must fit a terminal of 80 columns.
std::string ShortText(const ProgressSum& sum) {
  const auto planned = static_cast<double>(std::max<int64_t>(1, sum.counts.planned_rows));
  const double percent = 100.0 * static_cast<double>(sum.counts.moved_rows) / planned;
  return fmt::format("{}; {} rows ({} %)", TablesText(sum), MovedText(sum),
                     static_cast<int64_t>(percent));
}

}  // namespace

Reporter::Reporter(world::Executor& executor, world::Clock& clock, Style style)
    : sleeper_(executor),
      clock_(clock),
      json_(style.json),
      terminal_(style.terminal && !style.json),
      iterations_(style.iterations) {}

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
  if (all.empty()) return;
  const ProgressSum sum = SumOf(all);
  meter_.Add(clock_.Monotonic(), sum.counts.moved_rows);
  if (json_) {
    ShowJson(all, sum);
  } else if (terminal_) {
    ShowLive(all, sum);
  } else {
    ShowLine(sum);
  }
}

void Reporter::ShowJson(const std::vector<TableProgress>& tables, const ProgressSum& sum) {
  for (const auto& p : tables) {
    if (p.open) std::fprintf(stdout, "%s\n", ProgressJson(p).c_str());
  }
  const std::string line = SumText(sum);
  if (std::exchange(last_line_, line) == line) {
    std::fflush(stdout);
    return;
  }
  OrderedJson json;
  json["type"] = "progress";
  json["tables"] = sum.tables;
  json["tablesComplete"] = sum.complete;
  json["planned"] = sum.counts.planned_rows;
  json["exported"] = sum.counts.exported_rows;
  json["staged"] = sum.counts.staged_rows;
  json["moved"] = sum.counts.moved_rows;
  json["rowsPerSecond"] = static_cast<int64_t>(meter_.rate());
  if (meter_.rate() > 0) {
    json["secondsLeft"] = static_cast<int64_t>(
        static_cast<double>(sum.counts.planned_rows - sum.counts.moved_rows) / meter_.rate());
  }
  std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
  std::fflush(stdout);
}

void Reporter::ShowLive(const std::vector<TableProgress>& tables, const ProgressSum& sum) {
  std::vector<TableProgress> open;
  for (const auto& p : tables) {
    if (p.open) open.push_back(p);
  }
  Clear();
  if (open.empty() && sum.complete == sum.tables && iterations_) return;  // idle: nothing to see
  // One column stays free: a sign in the last one wraps on some terminals.
  const int width = world::TerminalWidth() - 1;
  const std::string text =
      ProgressTable(open, kLiveTables, width) + CutLines(ShortText(sum) + Left(sum) + "\n", width);
  lines_shown_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  std::fprintf(stdout, "%s", text.c_str());
  std::fflush(stdout);
}

void Reporter::ShowLine(const ProgressSum& sum) {
  // An idle continuous copy says nothing new.
  const std::string line = SumText(sum);
  if (std::exchange(last_line_, line) == line) return;
  std::fprintf(stdout, "%s%s\n", line.c_str(), Left(sum).c_str());
  std::fflush(stdout);
}

std::string Reporter::Left(const ProgressSum& sum) const {
  const double rate = meter_.rate();
  if (rate <= 0) return "";
  const auto left = static_cast<double>(sum.counts.planned_rows - sum.counts.moved_rows);
  return fmt::format("; {} rows/s, {} left", FormatThousands(static_cast<int64_t>(rate)),
                     FormatDuration(left / rate));
}

}  // namespace kc::cli
