// Clean-up after blocks were moved (protocol §2.5).
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Of the blocks of a table that are moved: their tags at the destination, then their blobs; then
// they are recorded as done. What can't be cleaned stays a debt of the next start.
world::Task<Status> CleanMoved(Session& session, TableRun& run);

// Deletes all exported files of a table that is given up; what can't be deleted is swept later.
world::Task<void> DeleteFiles(Session& session, const TableRun& run);

// Deletes exported files of earlier owners that no block needs: an export that was sent by an owner
// that stopped may write them long after (protocol F28, F39).
world::Task<Status> SweepFolders(Session& session);

}  // namespace kc::copy
