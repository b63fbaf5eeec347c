// All of Kusto's functions that DuckDB lacks or computes otherwise.
#pragma once

#include "base/error.h"

namespace kc::engine {
class Connection;
}

namespace kc::engine::udf {

// Registers every function and aggregate once per database; they are then visible on all of its
// connections.
Status RegisterAll(Connection& connection);

}  // namespace kc::engine::udf
