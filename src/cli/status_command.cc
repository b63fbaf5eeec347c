#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"
#include "checkpoint/journal.h"
#include "cli/exit_codes.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "world/clock.h"

namespace kc::cli {
namespace {

constexpr std::string_view kManifest = "/checkpoint/manifest.json";

// Folders of the lake that hold a checkpoint.
Result<std::vector<std::string>> Folders(azure::ObjectStore& lake) {
  std::vector<std::string> folders;
  KC_ASSIGN(const auto objects, azure::ListAll(lake, ""));
  for (const auto& object : objects) {
    if (object.name.ends_with(kManifest)) {
      folders.push_back(object.name.substr(0, object.name.size() - kManifest.size()));
    }
  }
  return folders;
}

// An owner that is alive renews its lease several times within this (the lake's clock may differ).
constexpr int64_t kAliveTicks = (checkpoint::kLeaseSeconds + 5) * kTicksPerSecond;
// It renews it at a quarter of its time: after two that were missed it may have died just now.
constexpr int64_t kQuietTicks = checkpoint::kLeaseSeconds / 2 * kTicksPerSecond;

// What a checkpoint says about the whole copy.
struct Summary {
  int64_t complete = 0, completed_at = 0;  // the last complete iteration
  int64_t copied = 0;                      // rows
  std::map<std::string, std::string> stopped;
  std::optional<int64_t> heard;  // when the owner renewed its lease; nothing once it ended
  int64_t quiet = 0;             // ticks since then
  bool running() const { return heard && quiet < kAliveTicks; }
};

Summary SummaryOf(azure::ObjectStore& lake, const std::string& folder, const copy::Ledger& ledger) {
  Summary summary;
  for (const auto& [id, iteration] : ledger.iterations) {
    summary.stopped = iteration.stopped;  // the newest keeps them
    if (iteration.state != copy::IterationState::kComplete) continue;
    summary.complete = id;
    summary.completed_at = iteration.updated;
  }
  for (const auto& [name, mark] : ledger.watermarks) summary.copied += mark.copied_rows;
  for (const auto& [key, run] : ledger.tables) {
    if (run.open()) summary.copied += run.moved_rows();
  }
  const auto beat = lake.Stat(folder + "/checkpoint/beat.json");
  if (beat) {
    summary.heard = beat->modified_ticks;
    summary.quiet = world::SystemClock().NowTicks() - beat->modified_ticks;
  }
  return summary;
}

void PrintJson(const checkpoint::Journal::Seen& seen, const Summary& summary) {
  OrderedJson json;
  json["type"] = "status";
  json["source"] = seen.identity.source;
  json["sourceDatabase"] = seen.identity.source_database;
  json["destination"] = seen.identity.destination;
  json["database"] = seen.identity.destination_database;
  json["lastCompleteIteration"] = summary.complete;
  if (summary.completed_at > 0) json["completedAt"] = FormatDateTime(summary.completed_at);
  json["rows"] = summary.copied;
  json["owner"] = seen.holder;
  json["running"] = summary.running();
  if (summary.heard) json["ownerHeardAt"] = FormatDateTime(*summary.heard);
  json["stopped"] = summary.stopped;
  std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
}

std::string Seconds(int64_t ticks) {
  return FormatDateTime(ticks).substr(0, 19) + "Z";
}

std::string Owner(const std::string& holder, const Summary& summary) {
  if (summary.running() && summary.quiet < kQuietTicks) return holder + " is running it";
  if (summary.running()) {
    return fmt::format("{} is running it, or died just now: last heard of {} s ago", holder,
                       summary.quiet / kTicksPerSecond);
  }
  if (!summary.heard) return "not running; last by " + holder;
  return fmt::format(
      "not running: {} was last heard of at {}; the same command line goes on from here", holder,
      Seconds(*summary.heard));
}

void PrintText(const checkpoint::Journal::Seen& seen, const Summary& summary) {
  std::fprintf(stdout, "%s / %s  →  %s / %s\n", seen.identity.source.c_str(),
               seen.identity.source_database.c_str(), seen.identity.destination.c_str(),
               seen.identity.destination_database.c_str());
  std::string iteration = "none";
  if (summary.complete > 0) {
    iteration = fmt::format("{} at {}", summary.complete, Seconds(summary.completed_at));
  }
  std::fprintf(stdout, "%s\n",
               fmt::format("last complete iteration: {}; {} rows copied in all\n{}", iteration,
                           FormatThousands(summary.copied), Owner(seen.holder, summary))
                   .c_str());
}

Status Show(const Arguments& arguments, azure::ObjectStore& lake, const std::string& folder,
            const checkpoint::Journal::Seen& seen) {
  copy::Ledger ledger;
  KC_TRY(ledger.Replay(seen.records));
  const auto tables = ProgressOf(seen.identity.destination_database, ledger);
  const Summary summary = SummaryOf(lake, folder, ledger);
  if (arguments.json) {
    PrintJson(seen, summary);
    for (const auto& table : tables) std::fprintf(stdout, "%s\n", ProgressJson(table).c_str());
    return {};
  }
  PrintText(seen, summary);
  std::fprintf(stdout, "%s", ProgressTable(tables, tables.size(), 0).c_str());
  for (const auto& [table, why] : summary.stopped) {
    std::fprintf(stdout, "stopped: %s: %s\n", table.c_str(), Redact(why).c_str());
  }
  return {};
}

}  // namespace

int RunStatusCommand(const Arguments& arguments, world::CancelToken& cancel) {
  auto connections = Connect(arguments, cancel);
  if (!connections) return Say(connections.error(), kExitUsage);
  const auto folders = Folders(*connections->lake);
  if (!folders) return Say(folders.error(), kExitRefused);
  std::set<std::string> asked;
  for (const auto& pair : arguments.options.databases) asked.insert(pair.destination);
  int shown = 0;
  std::string others;  // that were not asked for
  for (const auto& folder : *folders) {
    const auto seen = checkpoint::Journal::Look(*connections->lake, folder + "/checkpoint/");
    if (!seen) return Say(seen.error(), kExitFailed);
    const std::string& database = seen->identity.destination_database;
    if (!asked.empty() && !asked.contains(database)) {
      others += (others.empty() ? "'" : ", '") + database + "'";
      continue;
    }
    if (const Status status = Show(arguments, *connections->lake, folder, *seen); !status) {
      return Say(status.error(), kExitFailed);
    }
    ++shown;
  }
  if (shown == 0) {
    Error error;
    error.message = "there is no checkpoint below " + connections->lake->url().Shown();
    if (!others.empty()) error.message += " of what --db asks for, only of " + others;
    return Say(error, kExitRefused);
  }
  return kExitOk;
}

}  // namespace kc::cli
