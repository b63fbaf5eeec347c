// The texts of the fingerprint's row hash (protocol §3.2). Used by queries.cc and self_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/scalar.h"

namespace kc::kusto::commands {

// The text form of a value that is hashed: `column` is an expression of that type.
std::string HashedText(ScalarType type, const std::string& column);
// Groups of hashed columns, "kc_g0 = hash_xxhash64(…), kc_g1 = …"; `groups`: how many there are.
std::string GroupHashes(const std::vector<ColumnSchema>& columns, int& groups);
// The hash of a row from its groups, by the names kc_g0 …
std::string RowHash(int groups);

}  // namespace kc::kusto::commands
