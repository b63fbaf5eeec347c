// What the storage does by itself: merges, retention, tags that expire, tables that delete
// themselves, snapshots, and the deletion of files that nothing needs.
#pragma once

#include <string>
#include <thread>

#include "local/catalog/cluster.h"
#include "world/cancel.h"

namespace kc::engine {
class Database;
}

namespace kc::local {

struct MaintenanceOptions {
  double interval_s = 30;  // between two rounds; snapshots and unused files: every second
  bool merge = true;
};

// One round over every table of a database, by the policies, at time `now`. Errors are logged, and
// tried again in the next round. Returns how many transactions were made.
int ApplyRetention(Database& database, int64_t now_ticks);
int ApplyTagRetention(Database& database, int64_t now_ticks);
int ApplyAutoDelete(Database& database, int64_t now_ticks);
// Stops early when cancelled (may be null).
int ApplyMerges(engine::Database& duck, Database& database, int64_t now_ticks,
                world::CancelToken* cancel);

// A thread of its own that does all that every interval; ends within a second when destroyed, which
// must be before the cluster is. Members are safe from any thread.
class Maintenance {
 public:
  // `duck` may be null: no merges.
  Maintenance(Cluster& cluster, engine::Database* duck, MaintenanceOptions options);
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // One round now, in the calling thread.
  void RunOnce();

 private:
  void Run();
  void Tidy();  // snapshots that are due, files that nothing needs

  Cluster& cluster_;
  engine::Database* duck_;
  const MaintenanceOptions options_;
  world::CancelToken stop_;
  std::thread thread_;
};

}  // namespace kc::local
