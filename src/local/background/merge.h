// Merging small extents into larger ones.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/database.h"
#include "local/catalog/policies.h"
#include "world/cancel.h"

namespace kc::engine {
class Database;
}

namespace kc::local {

// Sets of extents of the table that are worth merging now, each under the policy's limits. Extents
// of one set have the same drop-by tags and about the same size, so that a row is rewritten only a
// few times however many small ingestions there are. Pure.
std::vector<std::vector<ExtentPtr>> PlanMerges(const Table& table, const MergePolicy& policy,
                                               int64_t now_ticks);

// Replaces the extents by one with all their rows, ingestion times, and tags. Errors: kRedo, reason
// "ExtentNotFound", if one of them isn't in the table any more (nothing happened); kStop with the
// reason "Interrupted" when cancelled. `cancel` may be null.
Result<ExtentPtr> MergeExtents(engine::Database& duck, Database& database,
                               const std::string& table_id,
                               const std::vector<std::string>& extent_ids,
                               world::CancelToken* cancel);

}  // namespace kc::local
