// What a copy needs of the outside, and what it was asked to do. Plain values and references; the
// referred objects outlive every copy that uses them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "azure/object_store.h"
#include "kusto/client.h"
#include "world/clock.h"
#include "world/executor.h"
#include "world/random.h"

namespace kc::copy {

struct DatabasePair {
  std::string source, destination;
};

struct Options {
  std::vector<DatabasePair> databases;
  std::vector<std::string> tables_include, tables_exclude;  // names and '*' wildcards
  bool continuous = false;
  int64_t rpo_ticks = 3'000'000'000;      // 5 minutes
  std::optional<int64_t> horizon_before;  // ticks before the first start; stored absolute
  bool include_undated = false;
  // How long rows without ingestion time must not change before they are copied.
  int64_t undated_quiet_ticks = 6'000'000'000;  // 10 minutes
  bool append = false;                          // the destination's tables may hold rows already
  std::optional<int> query_slots, export_slots, ingestion_slots;
  int64_t block_rows = int64_t{1} << 20;
  int64_t block_bytes = int64_t{1} << 30;
  // Smaller in tests: rows of one look at the source while planning, appends to one checkpoint
  // file.
  int band_rows = 20'000;
  int segment_appends = 0;  // 0: the checkpoint's own limit
  std::string holder;       // who this is: host, process, start
};

// What the user should know though the copy goes on ("nothing silent"). `table` may be empty.
struct Notice {
  std::string database, table, text;
};

// What an iteration did, told at its end.
struct IterationReport {
  std::string database;
  int64_t iteration = 0;  // 0: nothing was new
  std::string end_cursor;
  bool complete = true;  // all its tables are
  int tables = 0;        // with rows in the window
  int64_t rows = 0;      // published since the last report
  double seconds = 0;
  std::vector<std::string> stopped;  // "table: why, and what to do"
};

class Session;
// Called on the loop's thread.
struct Observer {
  virtual ~Observer() = default;
  virtual void OnNotice(const Notice& notice) = 0;
  // A copy of one database begins / has ended.
  virtual void OnSession(Session* session, bool begins) = 0;
  virtual void OnIteration(const IterationReport& report) { (void)report; }
};

struct Environment {
  world::Executor& executor;
  world::Clock& clock;
  world::Random& random;
  kusto::Client& source;
  kusto::Client& destination;
  azure::ObjectStore& lake;
  // Requests to the clusters end when it is cancelled; records and leases don't.
  world::CancelToken& cancel;
  Observer& observer;
  const Options& options;
};

// Shared by all databases of a run: a cluster's slots are one pool.
struct SlotPools {
  SlotPools(int query_slots, int export_slots, int ingestion_slots)
      : source_queries(query_slots),
        destination_queries(query_slots),
        exports(export_slots),
        ingestions(ingestion_slots),
        // Enough that no slot waits for work, few enough that little is redone after a crash.
        in_flight(export_slots + 2 * ingestion_slots + 2) {}
  world::Slots source_queries, destination_queries, exports, ingestions, in_flight;
};

}  // namespace kc::copy
