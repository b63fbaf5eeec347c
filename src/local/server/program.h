// The program kusto-local but for its arguments.
#pragma once

#include <string>

#include "world/cancel.h"

namespace kc::local {

struct ProgramOptions {
  std::string listen = "127.0.0.1:8080";
  std::string storage;
  int export_capacity = 0;  // 0: Kusto's formula
  int ingestion_capacity = 0;
  int query_capacity = 0;
  double maintenance_interval_s = 30;  // between two rounds of merges, retention, snapshots
};

// Exit codes, as --help tells them.
inline constexpr int kExitDone = 0;
inline constexpr int kExitInternal = 1;
inline constexpr int kExitArguments = 2;
inline constexpr int kExitAddress = 3;
inline constexpr int kExitStorageInUse = 4;
inline constexpr int kExitStorage = 5;

// Serves until `stop` is cancelled; returns the exit code. Errors go to standard error, the one
// line that tells the address to standard output.
int RunProgram(const ProgramOptions& options, world::CancelToken& stop);

}  // namespace kc::local
