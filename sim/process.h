// One simulated kusto-copy: the real driver on virtual threads. It can be killed (what it had sent
// may still arrive), stopped for a while (what it had sent arrives, what comes back waits), and its
// clock may be wrong.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "copy/copy.h"
#include "fiber.h"
#include "timeline.h"
#include "wire.h"
#include "world/executor.h"

namespace kc::sim {

class World;

enum class Life { kRunning, kPaused, kKilled, kEnded };

struct ProcessOptions {
  copy::Options copy;
  uint64_t seed = 1;
  int query_slots = 2, export_slots = 2, ingestion_slots = 2;
  // The process's clocks against the world's.
  world::Duration wall_offset{};
  double clock_rate = 1.0;
  // Put between the process and the world, for bugs on purpose; may be empty.
  std::function<std::unique_ptr<kusto::Client>(std::unique_ptr<kusto::Client>)> wrap_source,
      wrap_destination;
  std::function<std::unique_ptr<azure::ObjectStore>(std::unique_ptr<azure::ObjectStore>)> wrap_lake;
};

class Process final : public world::Executor, public world::Clock, public copy::Observer {
 public:
  // Starts at once; World::Run lets it happen.
  Process(World& world, ProcessOptions options);
  // What a killed process leaves behind is unwound without any effect on the world.
  ~Process() override;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // ---- its life
  Life life() const { return life_; }
  bool running() const { return life_ == Life::kRunning; }
  // kill -9, now. Of its requests on their way some arrive, some don't (drawn).
  void Kill();
  // SIGSTOP and SIGCONT.
  void Pause();
  void Continue();
  // Its wall clock jumps, its monotonic one doesn't.
  void StepWallClock(world::Duration step) { wall_step_ += step; }
  // SIGTERM.
  void Interrupt() { cancel_.Cancel(); }
  // Killed when it is about to write its next record.
  void KillAtNextRecord() { kill_at_record_ = true; }

  // ---- what came of it; set when it has ended by itself
  const std::optional<std::vector<copy::DatabaseOutcome>>& outcomes() const { return outcomes_; }
  // Called at the end of each iteration; may be empty.
  std::function<void()> on_iteration;
  const std::vector<std::string>& notices() const { return notices_; }
  // Between OnSession(begins) and its end; the first database's.
  copy::Session* session() const { return session_; }
  world::Duration began() const { return began_; }
  world::Duration ended_at() const { return ended_at_; }
  const ProcessOptions& options() const { return options_; }
  const copy::SlotPools& slots() const { return slots_; }

  // ---- for the wire: inside one of the process's fibers
  // Waits in virtual time. `in_flight`: goes on though the process is paused or dead.
  void WaitUntil(world::Duration when, bool in_flight = false);
  // Waits for Wake() with the handle's function; see wire.cc.
  void Block() { Fiber::Suspend(); }
  // Resumes a fiber that is blocked; from outside of fibers, as an event of this process.
  void Wake(Fiber* fiber);
  // True while a dead process is unwound: its requests must have no effect.
  bool ghost() const { return ghost_; }
  // Called for each request before it is sent; kills the process if that was asked for.
  bool DiesAtRecord(const Call& call);
  World& world() { return world_; }
  SeededRandom& random() { return random_; }
  // For the timeline: may this event happen now? If not the process keeps it.
  bool Admit(const Timeline::Handle& event);

  // ---- world::Executor
  void Submit(std::string name, std::function<void()> work, Completion done) override;
  uint64_t After(world::Duration delay, Completion done) override;
  void Hurry(uint64_t timer) override;
  void Post(Completion done) override;
  bool RunOne() override;
  // ---- world::Clock
  int64_t NowTicks() const override;
  world::Duration Monotonic() const override;
  bool Sleep(world::Duration duration, world::CancelToken* cancel) override;
  // ---- copy::Observer
  void OnNotice(const copy::Notice& notice) override;
  void OnSession(copy::Session* session, bool begins) override;
  void OnIteration(const copy::IterationReport&) override {
    if (on_iteration) on_iteration();
  }

 private:
  struct Job {
    std::function<void()> work;
    Completion done;
  };
  void Step(Fiber* fiber);
  Timeline::Handle Schedule(world::Duration when, std::function<void()> run, bool in_flight);
  void Unwind();

  World& world_;
  const ProcessOptions options_;
  SeededRandom random_;
  Life life_ = Life::kRunning;
  bool ghost_ = false;
  bool kill_at_record_ = false;
  world::Duration wall_step_{};
  world::Duration began_{}, ended_at_{};
  world::CancelToken cancel_;
  std::map<Fiber*, Completion> fibers_;
  std::map<uint64_t, std::pair<Timeline::Handle, Completion>> timers_;
  uint64_t next_timer_ = 0;
  std::vector<Timeline::Handle> held_;  // while paused or dead
  std::vector<std::string> notices_;
  copy::Session* session_ = nullptr;
  std::unique_ptr<azure::ObjectStore> lake_;
  std::unique_ptr<kusto::Client> source_, destination_;
  copy::SlotPools slots_;
  std::optional<copy::Environment> environment_;
  std::optional<std::vector<copy::DatabaseOutcome>> outcomes_;
};

}  // namespace kc::sim
