// What changed about the tables since the checkpoint was written: replaced tables, other columns,
// tables that are gone. Before every iteration; decides which tables can go on.
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Fills session.blocked: the tables that can't go on at present, with the reason and the command
// that makes them go on. A table whose destination is another, empty one starts over from the
// beginning; blocks that aren't published yet get the table's new columns. Errors end the session.
world::Task<Status> Reconcile(Session& session);

// How the columns of a run differ from the source's at present: "" if it can go on as it is (more
// columns don't matter: no row of its window has values there).
std::string ColumnDrift(const TableRun& run, const std::vector<ColumnSchema>& now);

// After the last export of a run, and when it stopped: "" or what happened to the source's table
// meanwhile (protocol F29).
world::Task<Result<std::string>> DriftOf(Session& session, const TableRun& run);

// The same of the destination: "" or that the table isn't the one any more that the run's blocks
// were published into.
world::Task<Result<std::string>> DestinationDriftOf(Session& session, const TableRun& run);

// Gives the blocks that aren't published the new columns. False, and nothing is changed: blocks
// that share an instant by their rows' hashes were published with the old ones, or a move is open.
bool TakeColumns(TableRun& run, const std::vector<ColumnSchema>& now);

}  // namespace kc::copy
