#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "base/text.h"
#include "base/ticks.h"
#include "checkpoint/journal.h"
#include "cli/exit_codes.h"
#include "cli/progress.h"
#include "cli/run.h"

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

Status Show(const Arguments& arguments, const checkpoint::Journal::Seen& seen) {
  copy::Ledger ledger;
  KC_TRY(ledger.Replay(seen.records));
  const auto tables = ProgressOf(seen.identity.destination_database, ledger);
  if (arguments.json) {
    for (const auto& table : tables) std::fprintf(stdout, "%s\n", ProgressJson(table).c_str());
    return {};
  }
  std::fprintf(stdout, "%s / %s  →  %s / %s\n", seen.identity.source.c_str(),
               seen.identity.source_database.c_str(), seen.identity.destination.c_str(),
               seen.identity.destination_database.c_str());
  int64_t complete = 0;
  int64_t last = 0;
  for (const auto& [id, iteration] : ledger.iterations) {
    if (iteration.state != copy::IterationState::kComplete) continue;
    complete = id;
    last = iteration.updated;
  }
  int64_t copied = 0;
  for (const auto& [name, mark] : ledger.watermarks) copied += mark.copied_rows;
  std::fprintf(stdout, "%s\n",
               fmt::format("last complete iteration: {}{}; {} rows copied in all; last owner: {}",
                           complete == 0 ? "none" : std::to_string(complete),
                           last == 0 ? "" : " at " + FormatDateTimeTrimmed(last),
                           FormatThousands(copied), seen.holder)
                   .c_str());
  std::fprintf(stdout, "%s", ProgressTable(tables, tables.size()).c_str());
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
  for (const auto& folder : *folders) {
    const auto seen = checkpoint::Journal::Look(*connections->lake, folder + "/checkpoint/");
    if (!seen) return Say(seen.error(), kExitFailed);
    if (!asked.empty() && !asked.contains(seen->identity.destination_database)) continue;
    if (const Status status = Show(arguments, *seen); !status) {
      return Say(status.error(), kExitFailed);
    }
    ++shown;
  }
  if (shown == 0) {
    Error error;
    error.message = "there is no checkpoint below " + connections->lake->url().Shown();
    return Say(error, kExitRefused);
  }
  return kExitOk;
}

}  // namespace kc::cli
