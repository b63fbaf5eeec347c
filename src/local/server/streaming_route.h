// POST /v1/rest/ingest/{database}/{table}?streamFormat=…[&mappingName=…][&sourceKind=uri]
#pragma once

#include "local/operations/operations.h"
#include "local/server/api.h"

namespace kc::local {

// All must outlive the route.
Route StreamingRoute(Cluster& cluster, Operations& operations, world::Clock& clock);

}  // namespace kc::local
