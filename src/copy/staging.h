// Our tables at the destination that hold ingested blocks until they are verified and moved. Each
// is created once, by a durable intent, with policies that inherit nothing, and dropped when no
// block needs it. Loop's thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "copy/protocol/ledger.h"
#include "world/task.h"

namespace kc::copy {

class Session;

// What the names of staging tables begin with; tables of that name are never copied.
inline constexpr std::string_view kStagingPrefix = "KcStaging_";

class StagingTables {
 public:
  explicit StagingTables(Session& session) : session_(session) {}
  // The table's shared staging table; created at first need.
  world::Task<Result<Home>> Acquire(const TableRun& run);
  // A table of its own, for the extents of one revoked move.
  world::Task<Result<Home>> CreateOwn(const TableRun& run);
  // Drops what this generation created for the table, when none of its blocks is under way; not
  // what a block with an open move names.
  world::Task<Status> DropOf(const TableRun& run);
  // Drops a staging table (of any generation) and records that.
  world::Task<Status> Drop(std::string name);
  // Drops all of our staging tables at the destination but those in `keep` and those of this
  // generation; also those that no record names (created late by a paused instance).
  world::Task<Status> DropOld(std::vector<std::string> keep);

 private:
  struct Shared {
    Home home;
    bool creating = false;
    world::WaitList created;
  };
  world::Task<Result<Home>> Create(std::string table, std::vector<ColumnSchema> columns);
  world::Task<Status> SendCreate(std::string name, std::vector<ColumnSchema> columns);
  world::Task<Status> SendScript(std::string name, std::string table,
                                 std::vector<ColumnSchema> columns);
  world::Task<Status> SetPolicies(std::string name, std::string table);
  std::string Prefix() const;

  Session& session_;
  std::map<std::string, Shared> shared_;  // by source table
  int counter_ = 0;
};

}  // namespace kc::copy
