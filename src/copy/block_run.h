// Drives blocks through the state machine: performs what step.h says, decides nothing.
#pragma once

#include "copy/protocol/step.h"
#include "copy/session.h"

namespace kc::copy {

// Runs one block of the run until it is moved, stopped, or the session ends. The block stays in
// run.blocks; `run` must outlive the task. Takes an in-flight slot.
world::Task<void> RunBlock(Session& session, TableRun& run, int64_t block_id);

}  // namespace kc::copy
