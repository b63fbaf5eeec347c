// One table in one iteration: planning band by band, its blocks, clean-up, completion.
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Runs the table until it is complete, stopped, or the session ends. `run` must outlive the task.
world::Task<void> RunTable(Session& session, TableRun& run);

// Takes the extents of all open moves of earlier owners away from them, or finds that they were
// published (protocol §4); runs those blocks to their end. Then drops the old staging tables.
world::Task<Status> TakeOver(Session& session);

}  // namespace kc::copy
