// A whole world from one seed: two clusters, a lake, a network, time, and the processes in it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "azure/memory_store.h"
#include "cluster.h"
#include "process.h"
#include "timeline.h"
#include "wire.h"

namespace kc::sim {

// A user's table.
struct TableShape {
  std::string name;
  std::vector<ColumnSchema> columns;
};
// n:long, text:string.
TableShape SimpleShape(std::string name);
// One of several shapes with other types.
TableShape DrawShape(std::string name, SeededRandom& random);
// `count` rows; the first column, n:long, counts from `first`. `hard`: also values that the fast
// export format doesn't carry.
std::vector<std::vector<Value>> MakeRows(const TableShape& shape, int64_t first, int64_t count,
                                         SeededRandom& random, bool hard = false);

class World {
 public:
  explicit World(uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const uint64_t seed;
  Timeline timeline;
  SeededRandom random;
  SeededRandom rows;  // what tables hold doesn't depend on what happens to requests
  std::unique_ptr<world::Clock> server_clock;
  azure::MemoryLake objects;  // what the lake holds
  // Without faults, outside of processes: for servers and tests.
  std::unique_ptr<azure::ObjectStore> lake;
  Cluster source, destination;
  Pace network;  // of the calls; each cluster has its own too

  // May be empty: then nothing goes wrong.
  FaultHook faults;
  // A process was stopped by a fault. Whoever sets it continues the process, now or later (from an
  // event); without it the process continues after 2 minutes.
  std::function<void(Process&)> on_pause;
  // A request of this process has just been acted on by the lake.
  std::function<void(Process&)> on_lake_act;
  // Every call, for logs and counts: what was drawn, and the time it took (0 for the lake's).
  std::function<void(const Call&, Fault, world::Duration)> on_call;

  // ---- processes
  Process& Start(ProcessOptions options);
  // Runs until the process has ended, was killed or stays paused with nothing else to happen; false
  // when it hangs: nothing to happen, or more events than kMostEvents.
  bool Run(Process& process);
  bool RunUntil(const std::function<bool()>& done);
  // Lets everything under way in the clusters happen (late commands, operations).
  void Settle(world::Duration time = std::chrono::hours(3));
  // Start and Run.
  Process& RunCopy(ProcessOptions options);
  ProcessOptions Defaults() const;
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }

  // ---- for the wire
  int NextCall() { return calls_++; }
  int calls() const { return calls_; }
  Process* current = nullptr;  // whose code runs now

  bool hard_values = false;  // in AddRows
  // The user's tables of the source and their shapes, for Fill and checks.
  std::vector<TableShape> shapes;
  // Adds the table to the source and some rows.
  void AddTable(const TableShape& shape);
  void AddRows(const std::string& table, int64_t count, world::Duration ingested_ago = {},
               world::Duration created_ago = {});

  // A short check (proof's checker says more): "" when the destination holds exactly the source's
  // rows and nothing of the copy's is left behind but its function and checkpoint.
  std::string Difference() const;
  std::string LeftBehind() const;

 private:
  int calls_ = 0;
  std::map<std::string, int64_t> next_row_;
  std::vector<std::unique_ptr<Process>> processes_;
};

// More events than any run that isn't stuck has.
inline constexpr uint64_t kMostEvents = 2'000'000;

// Ended by itself, complete, no table stopped.
bool Done(const Process& process);
// In a line, for messages.
std::string Describe(const Process& process);

}  // namespace kc::sim
