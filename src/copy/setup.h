// What happens before a copy: everything is looked at first, then the copy is owned, then what is
// missing at the destination is created.
#pragma once

#include "copy/session.h"

namespace kc::copy {

// Reads only: databases, tables, schemas, rights. Fills session.tables. An error (kStop) is one
// line for the user, and nothing was changed.
world::Task<Status> LookAround(Session& session);

// Needs the lease: creates the missing database and tables, adds columns, proves that both clusters
// compute equal fingerprints, claims the destination by KC_Status() (protocol F40).
world::Task<Status> Prepare(Session& session, bool is_new);

// Between iterations: reads both clusters again and creates what is new.
world::Task<Status> Refresh(Session& session);

// Is the source's schema another one than session.tables says? Asked after the cursor was taken:
// then no row of the window can hold values of a column that isn't known (protocol F29).
world::Task<Result<bool>> SchemaChanged(Session& session);

// Points KC_Status() at the current segment, if it isn't.
world::Task<Status> PointStatusFunction(Session& session, bool create_only);

// The columns that the destination lacks; kStop "SchemaDiffers" with the difference if anything
// else differs. The order of columns is free.
Result<std::vector<ColumnSchema>> MissingColumns(const kusto::commands::TableSchema& source,
                                                 const kusto::commands::TableSchema& destination);

// The source's tables that are asked for; kStop naming the first name that doesn't exist.
Result<std::vector<std::string>> SelectTables(const std::vector<std::string>& all,
                                              const std::vector<std::string>& include,
                                              const std::vector<std::string>& exclude);

}  // namespace kc::copy
