// The one text that a dynamic or decimal value has in DuckDB and in extents. Pure, safe from any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/scalar.h"

namespace kc::engine {

// Whatever brings such a value in (literals, parameters, ingestion) writes it in this form: equal
// values have equal texts, so that grouping, comparing and fingerprints need not look inside.
//   dynamic  compact, numbers in their shortest form, strings with the fewest escapes; what isn't
//            JSON becomes a JSON string
//   decimal  no exponent, no superfluous zeros ("1.50" is "1.5")
// Other types' texts are returned as they are.
std::string CanonicalText(ScalarType type, std::string_view text);

}  // namespace kc::engine
