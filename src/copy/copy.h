// A run of kusto-copy: all its databases, once or continuously.
#pragma once

#include <string>
#include <vector>

#include "copy/environment.h"
#include "copy/session.h"

namespace kc::copy {

struct DatabaseOutcome {
  DatabasePair names;
  Status status;         // of the database's copy
  bool refused = false;  // the error came before anything was changed
  int64_t rows = 0;      // published by this run
  int tables = 0;
  int iterations = 0;                // that this run made, also those that found nothing new
  std::vector<std::string> stopped;  // tables that can't go on, with their reasons
};

// Copies all databases of the options side by side; ends when each is copied once (or stopped),
// with
// --continuous when interrupted.
world::Task<std::vector<DatabaseOutcome>> RunCopy(Environment& environment, SlotPools& slots);

}  // namespace kc::copy
