// Plans a table's window band by band, each band recorded whole before its blocks start (protocol
// F26), and checks the sum of the plan against counts before and after (F21).
#pragma once

#include <functional>

#include "copy/session.h"

namespace kc::copy {

world::Task<Status> PlanTable(Session& session, TableRun& run,
                              std::function<void(int64_t block)> start);

// The rows of a run's window at the source.
kusto::commands::Rows WindowOf(const Session& session, const TableRun& run);

}  // namespace kc::copy
