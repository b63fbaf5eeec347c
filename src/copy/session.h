// The copy of one database under way: what its coroutines share. Loop's thread only.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ticks.h"
#include "copy/environment.h"
#include "copy/operations.h"
#include "copy/protocol/ledger.h"
#include "copy/recorder.h"
#include "copy/staging.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

// One table that this run copies, as the two clusters tell it.
struct TablePair {
  std::string source, destination;
  kusto::commands::TableSchema source_schema;
  std::string source_id, destination_id;
  std::vector<ColumnSchema> missing_columns;     // at the destination
  std::map<std::string, std::string> encodings;  // column → type, of the source
  std::optional<int64_t> retention;              // of the destination, ticks
  // The first that carries values of its types.
  kusto::commands::ExportFormat first_format = kusto::commands::ExportFormat::kParquet;
  // Why the table can't be copied at present, and what makes it go on; "" if it can.
  std::string conflict;
};

// When a table that stopped is tried again by a continuous run.
struct Retry {
  world::Duration next{};  // Session::Uptime
  int64_t delay = 0;       // ticks
};

// A century at most, so that sums with it don't overflow.
inline world::Duration DurationOf(int64_t ticks) {
  constexpr int64_t kCentury = 36'525 * kTicksPerDay;
  return world::Duration(std::min(ticks, kCentury) * 100);
}

class Session {
 public:
  Session(Environment& environment, SlotPools& slots, DatabasePair names);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- requests. Reads are repeated until they succeed, fail for good, or the session ends.
  world::Task<Result<kusto::Answer>> Query(kusto::Client& client, std::string text);
  world::Task<Result<kusto::Answer>> Show(kusto::Client& client, std::string text);
  // Strong consistency is demanded (protocol F5).
  world::Task<Result<kusto::Answer>> StrongQuery(kusto::Client& client, std::string text);
  // A mutation: sent exactly once, and only while the lease is surely ours. Its intent is durable.
  world::Task<Result<kusto::Answer>> Command(kusto::Client& client, std::string text,
                                             std::string request_id = {});
  // Before the same or another request goes out after `error`: as long as the server asked for
  // (Retry-After), half a minute at most.
  world::Task<void> WaitAsAsked(Error error);
  // One that may be repeated (drop if exists, policies): until it succeeds or fails for good.
  // `database`: not the copy's own, where that isn't there yet.
  world::Task<Result<kusto::Answer>> IdempotentCommand(kusto::Client& client, std::string text,
                                                       std::string database = {});

  // ---- records
  world::Task<Status> Write(std::vector<checkpoint::Record> group);
  world::Task<Status> WriteOne(checkpoint::Record record);
  int64_t Now() const { return environment.clock.NowTicks(); }
  // For everything that waits: the wall clock may be set while a copy runs.
  world::Duration Uptime() const { return environment.clock.Monotonic(); }

  // ---- life
  // The first error ends the session: requests under way are cancelled, nothing new is sent.
  void Abort(Error error);
  // SIGTERM and the like.
  void Interrupt();
  // Also as soon as the user asked for it: what fails from then on is not the work's fault.
  bool ending() const { return sleeper.stopped() || environment.cancel.cancelled(); }
  const std::optional<Error>& error() const { return error_; }
  void Notify(std::string table, std::string text);
  // Keeps the leases until the session ends.
  world::Task<void> KeepLease();

  // Was the table, or a part of it, copied by this checkpoint before?
  bool Started(const std::string& table) const;
  std::string NewToken() const;
  std::string NewFolder(const TableRun& run, const Block& block) const;
  std::string RequestId(const char* what) const;

  Environment& environment;
  SlotPools& slots;
  const DatabasePair names;
  const std::string folder;  // of this copy within the lake, with '/' at its end
  world::Sleeper sleeper;
  checkpoint::Journal journal;
  Ledger ledger;
  Recorder recorder;
  OperationPoller source_operations, destination_operations;
  StagingTables staging;
  std::map<std::string, TablePair> tables;     // by source name
  std::map<std::string, int> table_numbers;    // for folder names
  std::vector<std::string> missing_names;      // asked for by name, not at the source
  std::map<std::string, std::string> blocked;  // tables that can't go on: why, and what to do
  std::map<std::string, Retry> retries;        // of tables that stopped
  std::set<std::string> drifted;               // stopped because their schema changed meanwhile
  std::map<std::string, int64_t> undated;      // rows, of tables without a watermark
  world::WaitList progress;                    // something moved on
  bool first_start = false;                    // nothing was ever copied by this checkpoint
  bool status_function_stale = true;
  world::Duration status_function_from{};  // Uptime: when its address was made
  bool create_database = false;            // it doesn't exist at the destination
  std::string source_database_id, destination_database_id, source_schema_text;
  int64_t started = 0;      // ticks
  std::string behind_from;  // closed windows were counted again up to this table

 private:
  world::Task<Result<kusto::Answer>> Read(kusto::Client& client, std::string text, bool query);
  world::Task<Result<kusto::Answer>> Send(kusto::Client& client, kusto::Request request);
  std::optional<Error> error_;
  std::set<std::string> told_;  // each notice is told once
};

// A materialized view has the extents in hand: the same command succeeds when it is done, whatever
// the error says of being permanent (protocol F10).
bool IsBeingProcessed(const Error& error);

// A folder name of any text: letters, digits, '_' and '-' stay, other bytes become ~xx.
std::string SafeFolder(std::string_view name);

}  // namespace kc::copy
