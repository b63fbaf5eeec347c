#include "seed_run.h"

#include <fmt/format.h>

#include "faults.h"
#include "scene.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What a seed draws.
struct Drawn {
  explicit Drawn(uint64_t seed) : random(seed ^ 0x5EED) {
    unknowns[0] = Unknowns::Draw(random);
    unknowns[1] = Unknowns::Draw(random);
    rates = Rates::Draw(random);
    const auto chance = [this] { return random.Below(4) == 0 ? random.Unit() * 0.1 : 0.0; };
    weather.operation_fails = chance();
    weather.operation_throttled = chance();
    weather.operation_partial = chance();
    weather.operation_abandoned = chance();
    weather.operation_lies = chance();
    weather.merges = random.Below(2) == 0 ? random.Unit() * 0.05 : 0.0;
    weather.export_capacity = 1 + static_cast<int>(random.Below(6));
    weather.ingest_capacity = 1 + static_cast<int>(random.Below(6));
    export_time = random.Between(seconds(2), seconds(30));
    ingest_time = random.Between(seconds(2), seconds(30));
    slow_command = random.Below(4) == 0 ? random.Unit() * 0.05 : 0.0;
    tables = 1 + static_cast<int>(random.Below(2));
    block_rows = 3 + static_cast<int64_t>(random.Below(12));
    slots = 1 + static_cast<int>(random.Below(4));
    appends = static_cast<int>(random.Below(2));
    hard = random.Below(8) == 0;
  }

  SeededRandom random;
  Unknowns unknowns[2];
  Rates rates;
  Weather weather;
  world::Duration export_time{}, ingest_time{};
  double slow_command = 0;
  int tables = 1, slots = 1;
  int64_t block_rows = 10;
  int appends = 0;    // of rows, while the copy runs
  bool hard = false;  // values that the fast format doesn't carry

  std::string Text() const {
    return fmt::format(
        "{} tables, {} rows a block, {} slots, export {} s, ingestion {} s, capacity {}/{}\n  "
        "faults: "
        "{}\n  operations: failed {:.2f}, throttled {:.2f}, partial {:.2f}, abandoned {:.2f}, lies "
        "{:.2f}; merges {:.2f}; slow commands {:.2f}\n  source: {}\n  destination: {}",
        tables, block_rows, slots, export_time / seconds(1), ingest_time / seconds(1),
        weather.export_capacity, weather.ingest_capacity, rates.Text(), weather.operation_fails,
        weather.operation_throttled, weather.operation_partial, weather.operation_abandoned,
        weather.operation_lies, weather.merges, slow_command, unknowns[0].Text(),
        unknowns[1].Text());
  }
};

class Run {
 public:
  Run(uint64_t seed, bool faulty, bool log)
      : drawn_(seed), scene_(seed), dice_(seed * 31 + 5), faulty_(faulty), log_(log) {
    World& world = scene_.world;
    Cluster* clusters[] = {&world.source, &world.destination};
    for (int i = 0; i < 2; ++i) {
      clusters[i]->unknowns = drawn_.unknowns[i];
      clusters[i]->pace.export_time = drawn_.export_time;
      clusters[i]->pace.ingest_time = drawn_.ingest_time;
      clusters[i]->weather.export_capacity = drawn_.weather.export_capacity;
      clusters[i]->weather.ingest_capacity = drawn_.weather.ingest_capacity;
    }
    world.hard_values = drawn_.hard;
    for (int i = 0; i < drawn_.tables; ++i) AddTable(std::string(1, static_cast<char>('A' + i)));
    world.Settle(minutes(2));  // cursors lag
    if (log_) Log();
  }

  SeedOutcome Go(world::Duration free) {
    free_ = free;
    if (faulty_) Worsen();
    Copy();
    if (outcome_.wrong.empty()) Finish();
    outcome_.calls = scene_.world.calls();
    outcome_.starts = static_cast<int>(scene_.world.processes().size());
    outcome_.blocks = scene_.Count(EffectKind::kExport);
    if (!outcome_.wrong.empty()) outcome_.wrong += "\n  " + drawn_.Text();
    return outcome_;
  }

 private:
  world::Duration now() const { return scene_.world.timeline.now(); }

  void AddTable(const std::string& name) {
    World& world = scene_.world;
    world.AddTable(DrawShape(name, drawn_.random));
    const int instants = 1 + static_cast<int>(drawn_.random.Below(2));
    for (int i = 0; i < instants; ++i) {
      const auto age = hours(1 + drawn_.random.Below(2000));
      world.AddRows(name, 1 + static_cast<int64_t>(drawn_.random.Below(12)), age, age);
    }
  }

  void Log() {
    World& world = scene_.world;
    world.on_call = [this](const Call& call, Fault fault, world::Duration took) {
      std::printf("%10.3f  %-10s call %5d  %-11s %-7s %-60.60s %s %.3f\n", Seconds(now()),
                  call.process->options().copy.holder.c_str(), call.number,
                  std::string(Name(call.party)).c_str(), std::string(call.name).c_str(),
                  Line(call.text).c_str(), std::string(Name(fault)).c_str(), Seconds(took));
    };
    for (Cluster* cluster : {&world.source, &world.destination}) {
      cluster->on_effect = [this, before = cluster->on_effect](const Effect& effect) {
        std::printf("%10.3f  EFFECT      %-60.60s %s -> %s, %ld rows, %s%s\n", Seconds(now()),
                    Line(effect.text).c_str(), effect.table.c_str(), effect.to.c_str(), effect.rows,
                    effect.tag.c_str(), effect.folder.c_str());
        before(effect);
      };
    }
    std::printf("%s\n", drawn_.Text().c_str());
  }
  static double Seconds(world::Duration duration) {
    return static_cast<double>(duration.count()) * 1e-9;
  }
  static std::string Line(std::string_view text) {
    std::string line(text.substr(0, 60));
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
  }

  // Faults until the world heals; rows come in meanwhile.
  void Worsen() {
    World& world = scene_.world;
    world.source.weather = world.destination.weather = drawn_.weather;
    world.source.pace.slow_command = world.destination.pace.slow_command = drawn_.slow_command;
    world.network.late = world.source.pace.late = world.destination.pace.late =
        dice_.Between(seconds(10), minutes(3));
    scene_.weather = [this](const Call& call) {
      const Fault fault = healed_ ? Fault::kNone : Draw(drawn_.rates, call, dice_);
      if (fault == Fault::kNone) return fault;
      ++outcome_.faults;
      outcome_.kills += fault >= Fault::kKillBeforeSend && fault <= Fault::kKillBeforeRecord;
      outcome_.pauses += fault >= Fault::kPauseBeforeSend;
      // Exports are sent again when they fail; blocks under way are done again after a death.
      if (call.text.starts_with(".export ")) ++scene_.allowed_repeats;
      return fault;
    };
    world.on_pause = [this](Process& process) {
      const auto length = dice_.Between(seconds(1), minutes(5));
      scene_.world.timeline.After(length, [this, &process] {
        if (process.life() != Life::kPaused) return;
        process.Continue();
        if (healed_) Healthy();
      });
    };
    heal_at_ = now() + dice_.Between(free_ / 4, 2 * free_);
    world.timeline.At(heal_at_, [this] { Heal(); });
    for (int i = 0; i < drawn_.appends; ++i) {
      world.timeline.At(now() + dice_.Between(seconds(0), heal_at_ - now()),
                        [this, i] { Append(i); });
    }
  }

  void Append(int i) {
    const auto& shapes = scene_.world.shapes;
    scene_.world.AddRows(shapes[static_cast<size_t>(i) % shapes.size()].name, 1 + 3 * i);
  }

  void Heal() {
    healed_ = true;
    World& world = scene_.world;
    for (const auto& process : world.processes()) {
      if (process->life() == Life::kPaused) process->Continue();
    }
    for (Cluster* cluster : {&world.source, &world.destination}) {
      const int export_capacity = cluster->weather.export_capacity;
      const int ingest_capacity = cluster->weather.ingest_capacity;
      cluster->weather = Weather();
      cluster->weather.export_capacity = export_capacity;
      cluster->weather.ingest_capacity = ingest_capacity;
      cluster->pace.slow_command = 0;
    }
    Healthy();
    if (log_) std::printf("%10.3f  HEALED\n", Seconds(now()));
  }

  // Nothing bad happens from now on but what is under way; whoever died has to be started again.
  void Healthy() {
    healthy_from_ = std::max(healthy_from_, now() + LatestEffect());
    SeeLease();
    const auto& processes = scene_.world.processes();
    somebody_runs_ = std::any_of(processes.begin(), processes.end(),
                                 [](const auto& process) { return process->running(); });
  }
  void SeeLease() { dead_lease_ = std::max(dead_lease_, scene_.DeadLease()); }

  ProcessOptions Options() const {
    ProcessOptions options = scene_.Defaults();
    options.copy.block_rows = drawn_.block_rows;
    options.query_slots = options.export_slots = options.ingestion_slots = drawn_.slots;
    return options;
  }

  // Starts the copy again and again until it is done in a world that has healed.
  void Copy() {
    constexpr int kMostStarts = 400;
    const auto began = now();
    for (int start = 0; start < kMostStarts; ++start) {
      // Weather alone makes exports fail.
      if (!healed_) scene_.allowed_repeats += 1000;
      if (healed_) {
        SeeLease();
        if (!somebody_runs_) healthy_from_ = std::max(healthy_from_, now());
        somebody_runs_ = true;
      }
      Process& process = scene_.Start(Options());
      const bool takeover = dice_.Below(2) == 0;
      const bool over = scene_.world.RunUntil([&] {
        return process.life() == Life::kEnded || process.life() == Life::kKilled ||
               (takeover && process.life() == Life::kPaused);
      });
      if (!over) return Wrong("a copy hangs");
      if (log_) std::printf("%10.3f  END         %s\n", Seconds(now()), Describe(process).c_str());
      if (process.life() == Life::kPaused) ++outcome_.takeovers;
      // A fault that was drawn before.
      if (healed_ && process.life() == Life::kKilled) Healthy();
      if (Done(process) && !faulty_ && appended_ < drawn_.appends) {
        Append(appended_++);
        scene_.world.Settle(seconds(1));
        continue;
      }
      if (Done(process) && (!faulty_ || healed_)) {
        outcome_.free = now() - began;
        outcome_.healed = now() - std::max(healthy_from_, began);
        CheckTime();
        return;
      }
      if (!faulty_) return Wrong("without faults: " + Describe(process));
      if (healed_ && process.life() == Life::kEnded) last_words_ += "\n    " + Describe(process);
      // Whoever started it sees that it has ended, and starts it again.
      scene_.world.Settle(dice_.Between(milliseconds(10), seconds(healed_ ? 1 : 20)));
    }
    Wrong(fmt::format("not done after {} starts:{}", kMostStarts, last_words_));
  }

  // What the world did before it healed may still be under way: a slow command, a late request.
  world::Duration LatestEffect() const {
    const bool late = drawn_.slow_command > 0 || drawn_.rates.late_act > 0;
    return late ? scene_.world.network.late * 2 : world::Duration::zero();
  }

  // Besides three times the fault-free time: what is left of a dead owner's lease, and an export
  // and an ingestion at their longest as often as one must follow another: in a second iteration
  // when rows came meanwhile, in the exact format when a value doesn't go by the fast one. (The run
  // without faults may have drawn short ones.)
  world::Duration Allowance() const {
    const double longest = 1 + scene_.world.source.pace.spread;
    const int rounds = (drawn_.appends > 0 ? 2 : 1) * (drawn_.hard ? 2 : 1);
    const auto operations = static_cast<double>((drawn_.export_time + drawn_.ingest_time).count());
    const auto lease = dead_lease_.count() > 0 ? dead_lease_ + kTakeOver : dead_lease_;
    return lease + world::Duration(static_cast<int64_t>(rounds * longest * operations));
  }

  void CheckTime() {
    if (!faulty_ || outcome_.healed <= kHealFactor * free_ + Allowance()) return;
    Wrong(fmt::format(
        "complete {:.0f} s after the world had healed, {:.1f} times the {:.0f} s that it takes "
        "without faults ({:.0f} s are allowed besides three times):{}",
        Seconds(outcome_.healed), Seconds(outcome_.healed) / Seconds(free_), Seconds(free_),
        Seconds(Allowance()), last_words_));
  }

  // Everything late arrives; one more start sweeps, and copies the rows that came last.
  void Finish() {
    if (!faulty_) return;
    scene_.world.Settle();
    for (const auto& process : scene_.world.processes()) {
      if (process->life() == Life::kPaused || process->life() == Life::kRunning) {
        return Wrong("a process that was taken over doesn't end");
      }
    }
    Process& last = scene_.Run(Options());
    if (log_) std::printf("%10.3f  LAST        %s\n", Seconds(now()), Describe(last).c_str());
    if (!Done(last)) return Wrong("after the end: " + Describe(last));
    outcome_.rows = 0;
    for (const auto& shape : scene_.world.shapes) {
      outcome_.rows += static_cast<int64_t>(scene_.world.source.Contents(shape.name).size());
    }
    Report report = scene_.Judge(last);
    // Blocks with such values are exported twice, and the checker can't tell why.
    // A command that was slow, or delivered a second time, writes when its block has long been
    // exported by another.
    const bool late = LatestEffect().count() > 0 || drawn_.weather.operation_abandoned > 0 ||
                      drawn_.rates.twice > 0;
    std::erase_if(report.findings, [&](const Finding& finding) {
      const bool recorded = finding.what.starts_with("the recorded export");
      return finding.flaw == Flaw::kRedo && (drawn_.hard || (late && !recorded));
    });
    Wrong(report.Text());
  }

  void Wrong(std::string text) {
    if (outcome_.wrong.empty()) outcome_.wrong = std::move(text);
  }

  Drawn drawn_;
  Scene scene_;
  SeededRandom dice_;
  const bool faulty_, log_;
  bool healed_ = false;
  world::Duration free_{}, heal_at_{}, healthy_from_{}, dead_lease_{};
  bool somebody_runs_ = false;
  SeedOutcome outcome_;
  std::string last_words_;
  int appended_ = 0;
};

}  // namespace

SeedOutcome RunSeed(uint64_t seed, bool log) {
  SeedOutcome free = Run(seed, false, false).Go({});
  if (!free.wrong.empty()) return free;
  SeedOutcome outcome = Run(seed, true, log).Go(free.free);
  outcome.free = free.free;
  return outcome;
}

}  // namespace kc::sim
