// Principals of databases and tables, as commands show and take them.
#pragma once

#include <string>
#include <vector>

#include "local/catalog/model.h"

namespace kc::local {

// JSON array for the column AuthorizedPrincipals.
std::string PrincipalsJson(const std::vector<Principal>& principals);

}  // namespace kc::local
