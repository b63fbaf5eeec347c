// Which words need brackets (['asc']) to be names. Pure.
#pragma once

#include <string_view>

namespace kc::kql {

// `extend first = 1` is refused by Kusto, `extend ['first'] = 1` is not.
bool IsReservedDeclaration(std::string_view word);
// `project by` is refused although a column may be declared with that name.
bool IsReservedReference(std::string_view word);

}  // namespace kc::kql
