// The one text that a dynamic value has in DuckDB and in extents. Pure, safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace kc::engine {

// Compact, numbers in their shortest form, strings with the fewest escapes. Whatever brings a
// dynamic in (literals, parameters, ingestion) writes it so: else equal values would have two
// texts, and a fingerprint of the one would differ from the other's. A text that isn't JSON becomes
// a JSON string.
std::string NormalizeDynamic(std::string_view json);

}  // namespace kc::engine
