// One database: its current state and the only way to change it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/model.h"
#include "local/catalog/operations.h"
#include "local/catalog/transaction.h"
#include "local/storage/extent_store.h"
#include "local/storage/journal.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::local {

struct CommitInfo {
  uint64_t sequence = 0;
  int64_t ticks = 0;  // the transaction's time
  StatePtr state;     // the state just after it
};

struct DatabaseOptions {
  // A snapshot is due after so many journal objects since the last one, later (up to four times as
  // many) while they are small beside it.
  uint64_t snapshot_interval = 1000;
};

// All members are safe from any thread.
class Database {
 public:
  using Change = std::function<Status(const DatabaseState&, TransactionBuilder&)>;

  // Creates the folder and the first transaction. `meta` needs id and name.
  static Result<std::shared_ptr<Database>> Create(world::Files& files, world::Clock& clock,
                                                  world::Random& random, std::string folder,
                                                  DatabaseMeta meta, DatabaseOptions options);
  // Recovers the state; removes unfinished temporary files and extents that nothing refers to.
  // kStop names the file that is damaged. Null if the database was dropped, or never was created
  // whole.
  static Result<std::shared_ptr<Database>> Open(world::Files& files, world::Clock& clock,
                                                world::Random& random, std::string folder,
                                                DatabaseOptions options);
  ~Database();

  // The newest committed state; never null. Holding it keeps its files readable.
  StatePtr state() const;
  const std::string& id() const { return id_; }
  std::string name() const { return state()->name(); }

  // Runs `change` on the newest state, alone; writes what it built to the journal, durably; makes
  // it visible; returns. `change` must be quick and do no I/O: others wait for it; it runs on any
  // thread that is committing, once. Several waiting transactions share one journal object. An
  // empty transaction succeeds and leaves no trace. Errors: what `change` returned (nothing
  // happened); kRetry/kStop if the journal could not be written (nothing happened); kUnknownOutcome
  // if that is not known: the database then refuses all further changes until the process starts
  // again.
  Result<CommitInfo> Commit(const Change& change);

  ExtentStore& extents() { return *store_; }
  const std::string& folder() const { return folder_; }
  std::string NewGuid() { return random_.Guid(); }
  int64_t NowTicks() const { return clock_.NowTicks(); }

  // The last transactions (kMaxEvents at most), oldest first, for `.show database journal`.
  static constexpr size_t kMaxEvents = 1000;
  std::vector<TransactionHeader> RecentEvents() const;

  // Writes a snapshot now if the journal has grown past the interval; for the background thread and
  // for a clean end (force). Commits go on meanwhile.
  Status SnapshotIfDue(bool force);

 private:
  struct Waiting;
  Database(world::Files& files, world::Clock& clock, world::Random& random, std::string folder,
           DatabaseOptions options);
  Status Recover();
  void CommitBatch(const std::vector<Waiting*>& batch);
  // Runs the changes one after the other; returns the journal's payload and the events.
  std::string BuildBatch(const std::vector<Waiting*>& batch, StatePtr& state,
                         std::vector<TransactionHeader>& events);

  world::Files& files_;
  world::Clock& clock_;
  world::Random& random_;
  const std::string folder_;
  const DatabaseOptions options_;
  std::string id_;
  std::shared_ptr<ExtentStore> store_;
  Journal journal_;

  mutable std::mutex state_mutex_;  // guards the next four
  StatePtr state_;
  uint64_t state_object_ = 0;  // the journal object that made state_
  std::deque<TransactionHeader> events_;
  int64_t bytes_since_snapshot_ = 0;

  std::mutex commit_mutex_;  // guards the queue and who leads
  std::condition_variable commit_done_;
  std::vector<Waiting*> queue_;
  bool leading_ = false;
  Status broken_;  // set once a journal write had an unknown outcome

  std::mutex snapshot_mutex_;  // guards snapshot_bytes_; one snapshot at a time
  int64_t snapshot_bytes_ = 0;
};
using DatabasePtr = std::shared_ptr<Database>;

}  // namespace kc::local
