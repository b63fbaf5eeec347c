#include "checker.h"

#include <fmt/format.h>

#include <algorithm>

namespace kc::sim {
namespace {

constexpr size_t kShown = 3;  // findings of a kind that Text() shows

int64_t CountOf(const RowSet& rows, const std::string& row) {
  const auto found = rows.find(row);
  return found == rows.end() ? 0 : found->second;
}

const RowSet& TableOf(const Tables& tables, const std::string& name) {
  static const RowSet kNone;
  const auto found = tables.find(name);
  return found == tables.end() ? kNone : found->second;
}

void CompareTable(const std::string& name, const RowSet& source, const RowSet& destination,
                  const RowSet& added, Report& report) {
  int64_t missing = 0;
  int64_t foreign = 0;
  int64_t doubled = 0;
  std::string lost_row;
  std::string foreign_row;
  std::string doubled_row;
  for (const auto& [row, count] : source) {
    const int64_t there = CountOf(destination, row) - CountOf(added, row);
    if (there < count) {
      missing += count - there;
      lost_row = row;
    } else if (there > count) {
      doubled += there - count;
      doubled_row = row;
    }
  }
  for (const auto& [row, count] : destination) {
    if (source.contains(row)) continue;
    const int64_t there = count - CountOf(added, row);
    if (there <= 0) continue;
    foreign += there;
    foreign_row = row;
  }
  // A row that came with other values is not lost as well.
  const int64_t lost = std::max<int64_t>(0, missing - foreign);
  if (lost > 0) report.Add(Flaw::kLost, name + ": " + lost_row, lost);
  if (doubled > 0) report.Add(Flaw::kDoubled, name + ": " + doubled_row, doubled);
  if (foreign > 0) report.Add(Flaw::kChanged, name + ": " + foreign_row, foreign);
}

}  // namespace

const char* Name(Flaw flaw) {
  static constexpr const char* kNames[] = {"lost", "doubled",   "changed", "partial",
                                           "torn", "garbage",   "redo",    "late",
                                           "lie",  "unfinished"};
  return kNames[static_cast<size_t>(flaw)];
}

bool Report::Has(Flaw flaw) const {
  return std::any_of(findings.begin(), findings.end(),
                     [flaw](const Finding& f) { return f.flaw == flaw; });
}

int64_t Report::Count(Flaw flaw) const {
  int64_t count = 0;
  for (const auto& finding : findings) count += finding.flaw == flaw ? finding.count : 0;
  return count;
}

void Report::Add(Flaw flaw, std::string what, int64_t count) {
  findings.push_back({flaw, std::move(what), count});
}

void Report::Add(Report other) {
  for (auto& finding : other.findings) findings.push_back(std::move(finding));
}

std::string Report::Text() const {
  std::map<Flaw, std::vector<std::string>> shown;
  for (const auto& finding : findings) {
    auto& some = shown[finding.flaw];
    if (some.size() < kShown) some.push_back(finding.what);
  }
  std::string text;
  for (const auto& [flaw, some] : shown) {
    std::string what;
    for (const auto& one : some) what += (what.empty() ? "" : ", ") + one;
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : "; ", Name(flaw), Count(flaw), what);
  }
  return text;
}

Report CompareTables(const Tables& source, const Tables& destination, const Tables& added) {
  Report report;
  for (const auto& [name, rows] : source) {
    CompareTable(name, rows, TableOf(destination, name), TableOf(added, name), report);
  }
  return report;
}

Report FindGarbage(const Leftovers& leftovers, const std::set<std::string>& own) {
  Report report;
  for (const auto& name : leftovers.destination_tables) {
    if (!own.contains(name)) report.Add(Flaw::kGarbage, "table " + name);
  }
  for (const auto& tag : leftovers.tags) report.Add(Flaw::kGarbage, "tag in " + tag);
  for (const auto& name : leftovers.functions) {
    if (name != "KC_Status") report.Add(Flaw::kGarbage, "function " + name);
  }
  int segments = 0;
  for (const auto& name : leftovers.objects) {
    // Of a start that was killed; a start that comes minutes later removes it.
    if (name.find("/kc-probe-") != std::string::npos) continue;
    const bool checkpoint = name.find("/checkpoint/") != std::string::npos;
    const bool segment = checkpoint && name.ends_with(".csv");
    segments += segment;
    if (segment && segments > 1) {
      report.Add(Flaw::kGarbage, "old checkpoint file " + name);
    } else if (!segment && !(checkpoint && name.ends_with("/manifest.json"))) {
      report.Add(Flaw::kGarbage, "object " + name);
    }
  }
  for (const auto& name : leftovers.leases) report.Add(Flaw::kGarbage, "lease of " + name);
  return report;
}

Report CompareTold(const Told& told, const Report& truth, int64_t published, int64_t found) {
  Report report;
  if (!told.ended) return report;
  if (told.ok && !told.stopped.empty()) {
    report.Add(Flaw::kLie, "exit code 0 though tables stopped: " + told.stopped.front());
  }
  if (told.ok && !truth.clean()) {
    report.Add(Flaw::kLie, "exit code 0, but " + truth.Text());
  }
  if (!told.ok && told.line.empty() && told.stopped.empty()) {
    report.Add(Flaw::kLie, "failed without a reason");
  }
  if (told.rows >= 0 && published >= 0 &&
      (told.rows < published || told.rows > published + found)) {
    report.Add(Flaw::kLie, fmt::format("told {} rows, {} became visible, {} before", told.rows,
                                       published, found));
  }
  return report;
}

Report FindInstant(const std::map<int64_t, Tables>& states, const Tables& destination) {
  Report report;
  for (const auto& [cursor, tables] : states) {
    if (CompareTables(tables, destination).clean()) return report;
  }
  std::string closest;
  size_t fewest = SIZE_MAX;
  for (const auto& [cursor, tables] : states) {
    const Report difference = CompareTables(tables, destination);
    if (difference.findings.size() >= fewest) continue;
    fewest = difference.findings.size();
    closest = fmt::format("as of cursor {}: {}", cursor, difference.Text());
  }
  report.Add(Flaw::kTorn, closest.empty() ? "the source told no cursor" : closest);
  return report;
}

std::string BlockOfFolder(const std::string& folder) {
  const size_t slash = folder.rfind('/');
  const std::string name = slash == std::string::npos ? folder : folder.substr(slash + 1);
  const size_t send = name.find("-e");
  return send == std::string::npos ? name : name.substr(0, send);
}

int SendOfFolder(const std::string& folder) {
  const size_t send = folder.rfind("-e");
  return send == std::string::npos ? 0 : std::atoi(folder.c_str() + send + 2);
}

void Checker::Exported(const std::string& table, const std::string& folder, RowSet rows) {
  ++exports_;
  const std::string key = BlockOfFolder(folder);
  const auto recorded = recorded_.find(key);
  if (++sends_[key] > 1 && recorded != recorded_.end() && SendOfFolder(folder) > recorded->second) {
    ++repeated_recorded_;
    report_.Add(Flaw::kRedo, "the recorded export of block " + key + " was sent again");
  }
  if (blocks_.contains(folder)) {
    report_.Add(Flaw::kRedo, "folder " + folder + " was exported to twice");
  }
  // A later export of the same block takes the place of the earlier one.
  std::erase_if(blocks_, [&](const auto& entry) { return BlockOfFolder(entry.first) == key; });
  blocks_[folder] = {table, std::move(rows)};
}

void Checker::Vanished(const std::string& table, const RowSet& rows) {
  for (auto& [folder, block] : blocks_) {
    if (block.table != table) continue;
    for (const auto& [row, count] : rows) block.rows.erase(row);
  }
}

void Checker::Look(const Tables& destination) {
  ++looks_;
  for (const auto& [folder, block] : blocks_) {
    const RowSet& rows = TableOf(destination, block.table);
    int64_t seen = 0;
    int64_t all = 0;
    for (const auto& [row, count] : block.rows) {
      all += count;
      seen += std::min(count, CountOf(rows, row));
    }
    if (seen > 0 && seen < all && partial_.insert(folder).second) {
      report_.Add(Flaw::kPartial, fmt::format("{} of {} rows of block {} of {}", seen, all,
                                              BlockOfFolder(folder), block.table));
    }
  }
}

void Checker::Sent(const std::string& text, int64_t late_ms) {
  if (late_ms > 0) {
    report_.Add(Flaw::kLate, fmt::format("{} ms after its lease: {}", late_ms, text.substr(0, 60)));
  }
}

void Checker::Recorded(const std::set<std::string>& folders) {
  recorded_.clear();
  for (const auto& folder : folders) recorded_[BlockOfFolder(folder)] = SendOfFolder(folder);
}

Report Checker::Judge(int64_t allowed_repeats) const {
  Report report = report_;
  const int64_t beyond = repeated() - allowed_repeats;
  if (beyond > 0) {
    report.Add(Flaw::kRedo, fmt::format("{} exports of {} blocks", exports_, sends_.size()),
               beyond);
  }
  return report;
}

}  // namespace kc::sim
