// The rows of a query as values.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "engine/duck.h"

namespace kc::engine {

// For results that fit in memory. `types`: of the columns; further columns are left out.
Result<std::vector<std::vector<Value>>> QueryRows(Connection& connection, const std::string& sql,
                                                  const std::vector<ScalarType>& types);

}  // namespace kc::engine
