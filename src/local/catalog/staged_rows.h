// Rows that came from somewhere else (another cluster's answer), for one query to scan.
#pragma once

#include <vector>

#include "base/error.h"
#include "engine/table_provider.h"

namespace kc::engine {
class Database;
}

namespace kc::local {

// A table in DuckDB with the columns `indexes` of `table`, which `rows` has in that order; it goes
// away with the relation's keep_alive.
Result<engine::ScanRelation> StageRows(engine::Database& duck, const kql::TableInfo& table,
                                       const std::vector<size_t>& indexes, const ValueTable& rows);

}  // namespace kc::local
