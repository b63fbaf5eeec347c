// What happens before a copy: everything is looked at first, then the copy is owned, then what is
// missing at the destination is created.
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Reads only: databases, tables, schemas, rights. Fills session.tables. An error (kStop) is one
// line for the user, and nothing was changed. The first start of a copy refuses everything that
// can't be copied; a later one stops only the tables that can't go on (TablePair::conflict).
world::Task<Status> LookAround(Session& session);

// The part of it that reads both clusters, and is repeated between iterations.
world::Task<Status> ReadClusters(Session& session);

// Needs the lease: creates the missing database and tables, adds columns, proves that both clusters
// compute equal fingerprints, claims the destination by KC_Status() (protocol F40).
world::Task<Status> Prepare(Session& session);

// Between iterations: reads both clusters again and creates what is new. What is wrong with single
// tables is in TablePair::conflict.
world::Task<Status> Refresh(Session& session);

// Is the source's schema another one than session.tables says? Asked after the cursor was taken:
// then no row of the window can hold values of a column that isn't known (protocol F29).
world::Task<Result<bool>> SchemaChanged(Session& session);
// Has the destination other tables than session.tables says, by their ids?
world::Task<Result<bool>> DestinationChanged(Session& session);

// After an iteration: was an update policy set at the destination meanwhile that takes the copied
// or staged rows where it must not? Such tables come into session.blocked, with what to do.
world::Task<Status> JudgePoliciesAgain(Session& session);

// Rows that the destination's table holds.
world::Task<Result<int64_t>> CountDestination(Session& session, const TablePair& pair);

// kStop "NotEmpty" if the destination's table holds rows that this copy didn't bring (F40).
world::Task<Status> RequireEmpty(Session& session, const TablePair& pair);

// kStop "OwnedByOther" if KC_Status() at the destination belongs to a copy with another id than
// `copy_id`; "" is one that is about to begin. True: it exists.
world::Task<Result<bool>> LookAtOwner(Session& session, std::string copy_id);

// The columns that the destination lacks; kStop "SchemaDiffers" with the difference if anything
// else differs. The order of columns is free.
Result<std::vector<ColumnSchema>> MissingColumns(const kusto::commands::TableSchema& source,
                                                 const kusto::commands::TableSchema& destination);

// The source's tables that are asked for; kStop naming the first name that doesn't exist, or, with
// `missing`, those names there.
Result<std::vector<std::string>> SelectTables(const std::vector<std::string>& all,
                                              const std::vector<std::string>& include,
                                              const std::vector<std::string>& exclude,
                                              std::vector<std::string>* missing = nullptr);

}  // namespace kc::copy
