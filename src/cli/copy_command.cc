#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/exit_codes.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "kusto/commands/schema.h"
#include "world/clock.h"
#include "world/processes.h"
#include "world/random.h"

namespace kc::cli {
namespace {

using kusto::commands::Capacity;
using world::Io;
using world::Task;

// Threads wait for answers, they don't work: enough for all slots and some looks.
constexpr int kThreads = 64;
// Used where a cluster doesn't tell its capacity.
constexpr int kDefaultSlots = 2;
// More would only queue up in the program.
constexpr int kMaxSlots = 512;

Task<void> AskCapacity(world::Executor& executor, kusto::Client& client, world::CancelToken* cancel,
                       Result<Capacity>& capacity) {
  Io<Result<Capacity>> io(executor, "show", [&client, cancel]() -> Result<Capacity> {
    auto answer = kusto::FirstLook(client, kusto::commands::ShowCapacity(), cancel);
    if (answer) return kusto::commands::ReadCapacity(answer->table());
    Error error = std::move(answer).error();
    // A cluster that answers but doesn't tell has some.
    if (error.http_status > 0 && error.reason != "NotKusto" && error.reason != "Forbidden") {
      return Capacity();
    }
    return Fail(std::move(error));
  });
  capacity = co_await io;
}

int Slots(const std::optional<int>& asked, int64_t capacity) {
  if (asked) return std::min(*asked, kMaxSlots);
  if (capacity <= 0) return kDefaultSlots;
  return static_cast<int>(std::min<int64_t>(capacity, kMaxSlots));
}

struct Ended {
  Status status;
  std::vector<copy::DatabaseOutcome> outcomes;
};

Task<Ended> Copy(copy::Environment& environment, Reporter& reporter) {
  Ended ended;
  Result<Capacity> source = Capacity();
  Result<Capacity> destination = Capacity();
  world::TaskGroup asks;
  asks.Start(AskCapacity(environment.executor, environment.source, &environment.cancel, source));
  asks.Start(
      AskCapacity(environment.executor, environment.destination, &environment.cancel, destination));
  auto asked = asks.Join();
  co_await asked;
  for (const auto* capacity : {&source, &destination}) {
    if (*capacity) continue;
    ended.status = Fail(capacity->error());
    co_return ended;
  }
  const copy::Options& options = environment.options;
  const int64_t queries = std::min(source->queries, destination->queries);
  copy::SlotPools slots(Slots(options.query_slots, std::max<int64_t>(1, queries / 10)),
                        Slots(options.export_slots, source->exports),
                        Slots(options.ingestion_slots, destination->ingestions));
  LogDebug("slots: {} queries, {} exports, {} ingestions", slots.source_queries.total(),
           slots.exports.total(), slots.ingestions.total());
  world::TaskGroup report;
  report.Start(reporter.Run());
  auto run = copy::RunCopy(environment, slots);
  ended.outcomes = co_await run;
  reporter.Stop();
  auto reported = report.Join();
  co_await reported;
  co_return ended;
}

void PrintEnd(const Arguments& arguments, const copy::DatabaseOutcome& outcome, double seconds) {
  if (arguments.json) {
    OrderedJson json;
    json["type"] = "end";
    json["database"] = outcome.names.destination;
    json["ok"] = outcome.status.has_value() && outcome.stopped.empty();
    json["rows"] = outcome.rows;
    json["tables"] = outcome.tables;
    json["iterations"] = outcome.iterations;
    json["seconds"] = seconds;
    if (!outcome.status) json["error"] = outcome.status.error().message;
    json["stopped"] = outcome.stopped;
    std::fprintf(stdout, "%s\n", DumpJson(json).c_str());
  } else if (outcome.status) {
    std::fprintf(stdout, "%s: %s rows copied and verified, %d tables, %.1f s\n",
                 outcome.names.destination.c_str(), FormatThousands(outcome.rows).c_str(),
                 outcome.tables, seconds);
  } else if (outcome.status.error().reason == "Cancelled") {
    std::fprintf(stdout,
                 "%s: interrupted after %.1f s and %d iterations; %s rows copied and verified; the "
                 "same command goes on from here\n",
                 outcome.names.destination.c_str(), seconds, outcome.iterations,
                 FormatThousands(outcome.rows).c_str());
  }
  std::fflush(stdout);
}

int ExitOf(const std::vector<copy::DatabaseOutcome>& outcomes) {
  // "Nothing was changed" is said of all databases.
  const bool refused =
      std::all_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.refused; });
  int code = kExitOk;
  for (const auto& outcome : outcomes) {
    if (!outcome.status) {
      const int mine = ExitCodeOf(outcome.status.error(), refused);
      Error error = outcome.status.error();
      if (outcomes.size() > 1) error = error.Within(outcome.names.destination);
      Say(error, mine);
      // An interruption ends all databases: what it was caused by says more.
      if (code == kExitOk || code == kExitTableStopped || code == kExitInterrupted) code = mine;
      continue;
    }
    for (const auto& stopped : outcome.stopped) {
      std::fprintf(stderr, "kusto-copy: table stopped: %s\n", Redact(stopped).c_str());
    }
    if (outcome.stopped.empty()) continue;
    std::fprintf(stderr, "kusto-copy: to go on, mend that and run the same command again\n");
    if (code == kExitOk) code = kExitTableStopped;
  }
  return code;
}

}  // namespace

int RunCopyCommand(Arguments arguments, world::CancelToken& cancel) {
  auto connections = Connect(arguments, cancel);
  if (!connections) return Say(connections.error(), kExitUsage);
  auto& clock = world::SystemClock();
  arguments.options.holder = fmt::format("{} process {}", world::HostName(), world::ProcessId());
  auto executor = world::MakeThreadExecutor(clock, kThreads);
  Reporter reporter(*executor, clock,
                    {arguments.json, world::StdoutIsTerminal(), arguments.options.continuous});
  copy::Environment environment{*executor,
                                clock,
                                world::SystemRandom(),
                                *connections->source,
                                *connections->destination,
                                *connections->lake,
                                cancel,
                                reporter,
                                arguments.options};
  const auto began = clock.Monotonic();
  Ended ended = world::RunLoop(*executor, Copy(environment, reporter));
  if (!ended.status) return Say(ended.status.error(), ExitCodeOf(ended.status.error(), true));
  const double seconds = std::chrono::duration<double>(clock.Monotonic() - began).count();
  for (const auto& outcome : ended.outcomes) PrintEnd(arguments, outcome, seconds);
  return ExitOf(ended.outcomes);
}

}  // namespace kc::cli
