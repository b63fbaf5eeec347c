// Opens query sessions on this cluster: names, rows, and what a query asks of other places.
#pragma once

#include "local/commands/query_session.h"

namespace kc::local {

class Cluster;

// `cluster` must outlive the sessions.
OpenQuerySession LocalSessions(const Cluster& cluster);

}  // namespace kc::local
