#include "trials.h"

#include <algorithm>

#include "base/ticks.h"
#include "kusto/answers.h"
#include "scene.h"
#include "wrappers.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMostDeaths = 6;

bool Is(const Call& call, std::string_view begin, Party party = Party::kDestination) {
  return call.party == party && call.mutates && call.text.starts_with(begin);
}

// Runs processes until one ends by itself; the last.
Process& RunOut(Scene& scene, ProcessOptions options) {
  while (true) {
    options.seed = scene.world.processes().size() + 1;
    Process& process = scene.Run(options);
    if (process.life() == Life::kEnded) return process;
  }
}

// kill -9 of process after process, then calm.
FaultHook Killing(Scene& scene, uint64_t one_in) {
  return [&scene, one_in](const Call&) {
    if (scene.world.processes().size() > kMostDeaths) return Fault::kNone;
    if (scene.world.random.Below(one_in) != 0) return Fault::kNone;
    static constexpr Fault kHow[] = {Fault::kKillBeforeSend, Fault::kKillInFlight,
                                     Fault::kKillBeforeAnswer, Fault::kKillBeforeRecord};
    return kHow[scene.world.random.Below(4)];
  };
}

Report Kills(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.weather = Killing(scene, 60);
  return scene.Judge(RunOut(scene, scene.Defaults()));
}

// Recorded in many small files.
Report KillsInSmallSteps(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.weather = Killing(scene, 150);
  ProcessOptions options = scene.Defaults();
  options.copy.segment_appends = 4;
  return scene.Judge(RunOut(scene, options));
}

// Planned in many bands, killed when it is about to record something; or records are slow to become
// durable.
Report KillsAtRecords(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.weather = [&scene](const Call& call) {
    const bool early = scene.world.processes().size() <= kMostDeaths;
    if (!early || call.name != "Append" || scene.world.random.Below(8) != 0) return Fault::kNone;
    return Fault::kKillBeforeSend;
  };
  ProcessOptions options = scene.Defaults();
  options.copy.band_rows = 2;
  return scene.Judge(RunOut(scene, options));
}
Report SlowRecords(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.weather = [&scene](const Call& call) {
    if (scene.world.processes().size() > kMostDeaths) return Fault::kNone;
    if (call.name == "Append") {
      return scene.world.random.Below(3) == 0 ? Fault::kNotActed : Fault::kNone;
    }
    return scene.world.random.Below(80) == 0 ? Fault::kKillBeforeAnswer : Fault::kNone;
  };
  return scene.Judge(RunOut(scene, scene.Defaults()));
}

// Killed while it works on moves: before, on the way, after.
Report KillsAtMoves(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.weather = [&scene](const Call& call) {
    const bool early = scene.world.processes().size() <= kMostDeaths;
    if (!early || !Is(call, ".move") || scene.world.random.Below(3) != 0) return Fault::kNone;
    static constexpr Fault kHow[] = {Fault::kKillInFlight, Fault::kKillBeforeAnswer};
    return kHow[scene.world.random.Below(2)];
  };
  return scene.Judge(RunOut(scene, scene.Defaults()));
}

// Killed when a block is exported and waits for its staging table.
Report KillsBeforeIngestion(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.Inject(
      [](const Call& call) {
        return call.mutates &&
               call.text.find(".create table ['KcStaging_") != std::string_view::npos;
      },
      Fault::kKillBeforeSend, 1 + static_cast<int>(seed % 3));
  return scene.Judge(RunOut(scene, scene.Defaults()));
}

// Killed just after the first block was ingested, before its move.
Report KillsAfterIngestion(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.Inject(".move", Fault::kKillBeforeSend, 1 + static_cast<int>(seed % 3));
  return scene.Judge(RunOut(scene, scene.Defaults()));
}

Report LostAnswers(uint64_t seed, std::string_view of, std::initializer_list<Fault> how) {
  Scene scene(seed);
  scene.Fill();
  const std::vector<Fault> faults(how);
  scene.weather = [&scene, of, faults](const Call& call) {
    if (!call.mutates || !call.text.starts_with(of)) return Fault::kNone;
    if (scene.world.random.Below(5) != 0) return Fault::kNone;
    return faults[scene.world.random.Below(faults.size())];
  };
  const Process* last = &scene.Run();
  scene.weather = nullptr;
  // What is lost too often stops a table; a calm start goes on with it.
  if (!Done(*last)) last = &scene.Run();
  scene.world.Settle(minutes(10));
  // What was under way may have left something behind: the next start finds it.
  last = &scene.Run();
  return scene.Judge(*last);
}

Report LostMoves(uint64_t seed) {
  return LostAnswers(
      seed, ".move",
      {Fault::kNotActed, Fault::kAnswerLost, Fault::kLateAct, Fault::kTwice, Fault::kFalseError});
}

// An answer of an ingestion is lost: its rows may come or not; nothing is exported again for that.
Report LostIngestions(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.Inject(".ingest", Fault::kAnswerLost, 1 + static_cast<int>(seed % 4));
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// The first ingestions commit one file of several and say so: nothing is exported again for that.
Report PartialIngestions(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.world.destination.weather.operation_partial = 1;
  auto tell = scene.world.destination.on_effect;
  auto left = std::make_shared<int>(3);
  scene.world.destination.on_effect = [&scene, tell, left](const Effect& effect) {
    tell(effect);
    if (effect.kind == EffectKind::kIngest && --*left == 0) {
      scene.world.destination.weather.operation_partial = 0;
    }
  };
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// The answer to an export is lost: it is sent again, into another folder.
Report LostExports(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.Inject([](const Call& call) { return Is(call, ".export", Party::kSource); },
               Fault::kAnswerLost, 1 + static_cast<int>(seed % 5));
  scene.allowed_repeats = 1;
  (void)scene.Run();
  scene.world.Settle(minutes(10));
  const Process& process = scene.Run();
  return scene.Judge(process);
}

Report FailingExports(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  const int64_t failing = 1 + static_cast<int64_t>(seed % 2);
  scene.world.source.weather.operation_fails = 1;
  auto tell = scene.world.source.on_effect;
  scene.world.source.on_effect = [&scene, tell, failing](const Effect& effect) {
    tell(effect);
    if (scene.checker.exports() >= failing) scene.world.source.weather.operation_fails = 0;
  };
  scene.allowed_repeats = failing;
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// A late duplicate of an ingestion: another extent of the same rows and tag in staging.
void Duplicate(Scene& scene, const std::string& query) {
  for (auto& [name, table] : scene.world.destination.tables) {
    if (!name.starts_with("KcStaging_")) continue;
    std::vector<Extent> copies;
    for (const auto& [id, extent] : table.extents) {
      const bool its = !extent.tags.empty() && query.find(extent.tags[0]) != std::string::npos;
      if (its) copies.push_back(extent);
    }
    for (auto& extent : copies) {
      table.extents[scene.world.destination.NewId()] = std::move(extent);
    }
  }
}

// Comes between the verification and the move.
Report LateDuplicatesBeforeTheMove(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  // As soon as the query has answered.
  auto hooks = std::make_shared<ClientHooks>();
  hooks->queried = [&scene](const std::string& text, const Result<kusto::Answer>&) {
    if (text.find("by ExtentId") != std::string::npos) Duplicate(scene, text);
  };
  ProcessOptions options = scene.Defaults();
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const Process& process = scene.Run(options);
  return scene.Judge(process);
}

// Comes after the move; the process dies before it knows that the move was done (or, `at_tags`,
// when it drops the tags).
Report LateDuplicates(uint64_t seed, bool at_tags) {
  Scene scene(seed);
  scene.Fill();
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&scene, tell](const Effect& effect) {
    tell(effect);
    if (effect.kind != EffectKind::kMove || !effect.table.starts_with("KcStaging_")) return;
    if (scene.world.source.Find(effect.to) == nullptr) return;
    Table* staging = scene.world.destination.Find(effect.table);
    const Table& to = scene.world.destination.tables.at(effect.to);
    if (staging == nullptr) return;
    for (const auto& id : effect.extents) {
      staging->extents[scene.world.destination.NewId()] = to.extents.at(id);
    }
  };
  // Nobody may read the log of commands, which would tell that the move succeeded.
  auto hooks = std::make_shared<ClientHooks>();
  hooks->shown = [](const std::string& text, Result<kusto::Answer>& answer) {
    if (text.starts_with(".show commands")) answer = Stop("not authorized", "Forbidden");
  };
  ProcessOptions options = scene.Defaults();
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const int nth = 1 + static_cast<int>(seed % 3);
  if (at_tags) {
    scene.Inject(
        [](const Call& call) { return call.text.find(" extent tags (") != std::string::npos; },
        Fault::kKillBeforeAnswer, nth);
  } else {
    scene.Inject(".move", Fault::kKillBeforeAnswer, nth);
  }
  return scene.Judge(RunOut(scene, options));
}
Report LateDuplicatesAfterTheMove(uint64_t seed) {
  return LateDuplicates(seed, false);
}
Report LateDuplicatesAndTags(uint64_t seed) {
  return LateDuplicates(seed, true);
}

// Published extents lose their tags, and answers of moves are lost.
Report TagsEaten(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.world.destination.unknowns.tags_kept_on_publish = false;
  scene.Inject(".move", Fault::kAnswerLost, 1 + static_cast<int>(seed % 5));
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// A move whose answer is lost commits between the two looks, at staging and at the destination.
Report MovesBetweenLooks(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  auto hooks = std::make_shared<ClientHooks>();
  auto held = std::make_shared<std::string>();
  const int nth = 1 + static_cast<int>(seed % 5);
  auto count = std::make_shared<int>(0);
  hooks->instead = [=](const std::string& text) -> std::optional<Result<kusto::Answer>> {
    if (!text.starts_with(".move") || ++*count != nth) return std::nullopt;
    *held = text;
    return Fail(ErrorCode::kUnknownOutcome, "no answer");
  };
  hooks->shown = [&scene, held](const std::string& text, const Result<kusto::Answer>&) {
    if (held->empty() || text.find(" extents ") == std::string::npos) return;
    scene.world.destination.Serve({ServerRequest::Kind::kCommand, "Db", *held, "late"},
                                  [](const Result<kusto::Answer>&) {});
    held->clear();
  };
  ProcessOptions options = scene.Defaults();
  // Committed before the next look arrives, which takes longer.
  scene.world.destination.pace.command = std::chrono::microseconds(10);
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const Process& process = scene.Run(options);
  Report report = scene.Judge(process);
  // The checkpoint must not say of rows that are there that they vanished.
  for (const auto& [name, object] : scene.world.objects.objects) {
    if (object.bytes.find("no longer visible") != std::string::npos) {
      report.Add(Flaw::kLie, "rows that are there are told to be no longer visible");
    }
  }
  return report;
}

// The answer of a move says 200, and that it failed.
Report FailedMovesWithStatus200(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  auto hooks = std::make_shared<ClientHooks>();
  auto left = std::make_shared<int>(1 + static_cast<int>(seed % 5));
  hooks->instead = [left](const std::string& text) -> std::optional<Result<kusto::Answer>> {
    if (!text.starts_with(".move") || --*left != 0) return std::nullopt;
    kusto::Answer answer;
    using enum ScalarType;
    answer.tables.push_back(
        {"Table_0",
         {{"OriginalExtentId", kString}, {"ResultExtentId", kString}, {"Details", kString}},
         {{std::string("x"), std::string("Failed"), std::string("the extents are busy")}}});
    return answer;
  };
  ProcessOptions options = scene.Defaults();
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const Process& process = scene.Run(options);
  return scene.Judge(process);
}

// Details of an export that leave a file out.
Report ForgetfulExports(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  auto hooks = std::make_shared<ClientHooks>();
  auto left = std::make_shared<int>(1 + static_cast<int>(seed % 4));
  hooks->shown = [left](const std::string& text, Result<kusto::Answer>& answer) {
    if (!text.starts_with(".show operation ") || !answer) return;
    auto& rows = answer->tables.front().rows;
    if (rows.empty() || --*left != 0) return;
    rows.pop_back();
  };
  ProcessOptions options = scene.Defaults();
  options.wrap_source = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  scene.allowed_repeats = 1;
  const Process& process = scene.Run(options);
  return scene.Judge(process);
}

// ---- ingestion that changes what it ingests, once or for ever

enum class Spoiling { kSwap, kChange, kLose };
void Spoil(Table& table, const Effect& effect, Spoiling how) {
  auto& rows = table.extents.at(effect.extents.front()).rows;
  if (rows.size() < 2) return;
  if (how == Spoiling::kLose) {
    rows.pop_back();
    return;
  }
  // The rows' texts: every column still holds the same values.
  std::swap(rows[0].values[1], rows[1].values[1]);
  if (how == Spoiling::kChange) rows[0].values[1] = std::string("something else");
  for (auto& row : rows) row.hash = HashRow(table.columns, row.values);
}

Report Spoilt(uint64_t seed, Spoiling how) {
  Scene scene(seed);
  scene.Fill();
  auto left = std::make_shared<int>(1 + static_cast<int>(seed % 4));
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&scene, tell, left, how](const Effect& effect) {
    if (effect.kind == EffectKind::kIngest && --*left == 0) {
      Spoil(scene.world.destination.tables.at(effect.table), effect, how);
    }
    tell(effect);
  };
  scene.allowed_repeats = 1;  // in the exact format
  const Process& process = scene.Run();
  return scene.Judge(process);
}
Report SwappedValues(uint64_t seed) {
  return Spoilt(seed, Spoiling::kSwap);
}
Report ChangedValues(uint64_t seed) {
  return Spoilt(seed, Spoiling::kChange);
}
Report IngestionsThatLoseRows(uint64_t seed) {
  return Spoilt(seed, Spoiling::kLose);
}

// Rows of C never come as they are: C stops, the others are copied, and that is what is told.
Report ATableThatCantBeCopied(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&scene, tell](const Effect& effect) {
    Table* table = scene.world.destination.Find(effect.table);
    if (effect.kind == EffectKind::kIngest && effect.rows == 3 && table != nullptr) {
      Spoil(*table, effect, Spoiling::kChange);
    }
    tell(effect);
  };
  const Process& process = scene.Run();
  Tables expected = scene.Source();
  const Report truth = CompareTables(expected, scene.Destination());
  Report report = CompareTold(ToldBy(process), truth, scene.PublishedBy(process));
  expected["C"].clear();
  report.Add(CompareTables(expected, scene.Destination()));
  return report;
}

// ---- owners that stop for a while

// Stopped at some request for longer than its lease, taken over, continued.
Report Paused(uint64_t seed, Fault how, std::string_view at, bool late_commands) {
  Scene scene(seed);
  scene.Fill();
  scene.world.on_pause = [](Process&) {};
  if (late_commands) {
    // A command that was accepted is bound to its tables then, and commits minutes later.
    scene.world.destination.unknowns.bound_to_id = true;
    scene.on_request = [&scene](const Call& call) {
      const bool first = scene.world.processes().size() == 1 && Is(call, ".move");
      scene.world.destination.pace.slow_command = first ? 1 : 0;
    };
  }
  const uint64_t nth = at.empty() ? 40 + scene.world.random.Below(180) : 1 + seed % 4;
  scene.Inject([at](const Call& call) { return at.empty() || Is(call, at); }, how,
               static_cast<int>(nth));
  Process& first = scene.Start(scene.Defaults());
  (void)scene.world.RunUntil([&first] { return first.life() != Life::kRunning; });
  const Process* last = &scene.Run();
  if (first.life() == Life::kPaused) {
    first.Continue();
    (void)scene.world.Run(first);
  }
  scene.world.Settle(minutes(10));
  // A table that was created by a request under way is swept by the next start.
  last = &scene.Run();
  return scene.Judge(*last);
}
Report APausedOwner(uint64_t seed) {
  return Paused(seed, Fault::kPauseBeforeSend, "", false);
}
Report AnOwnerThatDiesWithALateMove(uint64_t seed) {
  return Paused(seed, Fault::kKillInFlight, ".move", true);
}

// The second owner's answers get lost as well.
Report LostAnswersInATakeOver(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.Inject(".move", Fault::kKillBeforeSend, 1 + static_cast<int>(seed % 4));
  (void)scene.Run();
  int lost = 0;
  scene.weather = [&lost](const Call& call) {
    const bool takes = Is(call, ".move") || Is(call, ".drop extents");
    return takes && ++lost <= 2 ? Fault::kAnswerLost : Fault::kNone;
  };
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// Stopped for longer than the lease while the wall clock steps back; nobody else came.
Report ClocksThatStepBack(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.world.on_pause = [&scene](Process& process) {
    process.StepWallClock(-minutes(10));
    scene.world.timeline.After(seconds(45), [&process] { process.Continue(); });
  };
  // While it records something: what it sends next comes after the pause.
  scene.Inject([](const Call& call) { return call.name == "Append"; }, Fault::kPauseBeforeAnswer,
               8 + static_cast<int>(scene.world.random.Below(20)));
  const Process& process = scene.Run();
  Report report = scene.checker.Judge(100);
  if (ToldBy(process).ok) report.Add(scene.Judge(process));
  return report;
}

Report LateAppends(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  ProcessOptions options = scene.Defaults();
  options.wrap_lake = WithLateAppends;
  scene.weather = Killing(scene, 120);
  return scene.Judge(RunOut(scene, options));
}

// ---- the source

// Queries are answered by a head that doesn't know the latest extents, though the cursor does.
Report WeakReads(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  Table& table = scene.world.source.tables.at("A");
  auto known = table.extents;
  auto newest = std::prev(table.extents.end());
  table.extents.erase(newest);
  scene.world.source.consistency = "weakconsistency";
  const Process* process = &scene.Run();
  table.extents = known;
  scene.world.source.consistency = "strongconsistency";
  Report report = CompareTold(ToldBy(*process), CompareTables(scene.Source(), scene.Destination()),
                              scene.PublishedBy(*process));
  process = &scene.Run();
  report.Add(scene.Judge(*process));
  return report;
}

// Rows that are only not dated yet.
Report UndatedForAMoment(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  scene.world.source.unknowns.dated_after = seconds(60 + seed % 60);
  scene.world.AddRows("C", 5);
  ProcessOptions options = scene.Defaults();
  options.copy.include_undated = true;
  (void)scene.Run(options);
  scene.world.Settle(minutes(5));
  options.seed = 2;
  const Process& process = scene.Run(options);
  return scene.Judge(process);
}

// A table that was left out takes part later.
Report TablesThatComeLater(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  ProcessOptions options = scene.Defaults();
  options.copy.tables_exclude = {seed % 2 == 0 ? "B" : "A"};
  (void)scene.Run(options);
  scene.world.AddRows("A", 5);
  scene.world.AddRows("B", 5);
  const Process& process = scene.Run();
  return scene.Judge(process);
}

// Others write into all tables all the time; one iteration is one instant.
Report WritersAllTheTime(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  std::map<int64_t, Tables> states;
  scene.on_request = [&](const Call& call) {
    if (call.party != Party::kSource) return;
    static constexpr const char* kNames[] = {"A", "B", "C"};
    for (int i = 0; i < 4; ++i) scene.world.AddRows(kNames[scene.world.random.Below(3)], 1);
    states[scene.world.source.cursor] = {};
  };
  const Process& process = scene.Run();
  for (auto& [cursor, tables] : states) tables = scene.SourceUpTo(cursor);
  Report report = FindInstant(states, scene.Destination());
  if (!Done(process)) report.Add(Flaw::kUnfinished, Describe(process));
  return report;
}

// With a horizon, killed half way, continued hours later.
Report AHorizon(uint64_t seed) {
  Scene scene(seed);
  scene.Fill();
  const int64_t horizon =
      scene.world.timeline.NowTicks() - (hours(22) + minutes(30)).count() * kTicksPerMinute;
  Tables expected;
  for (const auto& shape : scene.world.shapes) expected[shape.name] = {};
  ProcessOptions options = scene.Defaults();
  options.copy.horizon_before = scene.world.timeline.NowTicks() - horizon;
  options.copy.band_rows = 2;
  scene.Inject(
      [](const Call& call) { return call.text.find("by Instant") != std::string_view::npos; },
      Fault::kKillBeforeAnswer, 1 + static_cast<int>(seed % 2));
  (void)scene.Run(options);
  scene.world.timeline.Skip(scene.world.timeline.now() + hours(1));
  options.seed = 2;
  const Process& process = scene.Run(options);
  Tables source = scene.Source();
  for (const auto& shape : scene.world.shapes) {
    const Table& table = scene.world.source.tables.at(shape.name);
    for (const auto& [id, extent] : table.extents) {
      for (const auto& row : extent.rows) {
        if (row.ingested < horizon) continue;
        const std::string key = std::to_string(std::get<int64_t>(row.values[0])) + "|";
        for (const auto& [text, count] : source[shape.name]) {
          if (text.starts_with(key)) expected[shape.name][text] = count;
        }
      }
    }
  }
  return scene.Judge(process, expected);
}

}  // namespace

const std::vector<NamedTrial>& Trials() {
  static const std::vector<NamedTrial> kTrials = {
      {"Kills", Kills},
      {"KillsInSmallSteps", KillsInSmallSteps},
      {"KillsAtRecords", KillsAtRecords},
      {"SlowRecords", SlowRecords},
      {"KillsAtMoves", KillsAtMoves},
      {"KillsBeforeIngestion", KillsBeforeIngestion},
      {"KillsAfterIngestion", KillsAfterIngestion},
      {"LostMoves", LostMoves},
      {"LostIngestions", LostIngestions},
      {"PartialIngestions", PartialIngestions},
      {"LostExports", LostExports},
      {"FailingExports", FailingExports},
      {"LateDuplicatesBeforeTheMove", LateDuplicatesBeforeTheMove},
      {"LateDuplicatesAfterTheMove", LateDuplicatesAfterTheMove},
      {"LateDuplicatesAndTags", LateDuplicatesAndTags},
      {"TagsEaten", TagsEaten},
      {"MovesBetweenLooks", MovesBetweenLooks},
      {"FailedMovesWithStatus200", FailedMovesWithStatus200},
      {"ForgetfulExports", ForgetfulExports},
      {"SwappedValues", SwappedValues},
      {"ChangedValues", ChangedValues},
      {"IngestionsThatLoseRows", IngestionsThatLoseRows},
      {"ATableThatCantBeCopied", ATableThatCantBeCopied},
      {"APausedOwner", APausedOwner},
      {"AnOwnerThatDiesWithALateMove", AnOwnerThatDiesWithALateMove},
      {"LostAnswersInATakeOver", LostAnswersInATakeOver},
      {"ClocksThatStepBack", ClocksThatStepBack},
      {"LateAppends", LateAppends},
      {"WeakReads", WeakReads},
      {"UndatedForAMoment", UndatedForAMoment},
      {"TablesThatComeLater", TablesThatComeLater},
      {"WritersAllTheTime", WritersAllTheTime},
      {"AHorizon", AHorizon},
  };
  return kTrials;
}

Trial TrialOf(const std::string& name) {
  for (const auto& trial : Trials()) {
    if (trial.name == name) return trial.play;
  }
  KC_ASSERT(false && "no such trial");
  return nullptr;
}

}  // namespace kc::sim
