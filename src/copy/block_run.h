// Drives blocks through the state machine: performs what step.h says, decides nothing.
#pragma once

#include "copy/session.h"
#include "copy/step.h"

namespace kc::copy {

// Runs one block of the run until it is moved, stopped, or the session ends. The block stays in
// run.blocks; `run` must outlive the task. Takes an in-flight slot.
world::Task<void> RunBlock(Session& session, TableRun& run, int64_t block_id);

// Clean-up of the blocks of a table that are moved: tags at the destination, then blobs; records
// them as done (protocol §2.5).
world::Task<Status> CleanMoved(Session& session, TableRun& run);

// The rows of a block at the source.
kusto::commands::Rows RowsOf(const TableRun& run, const Block& block);

}  // namespace kc::copy
