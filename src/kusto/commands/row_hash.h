// The texts of the fingerprint's row hash (protocol §3.2). Used by queries.cc and self_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/scalar.h"

namespace kc::kusto::commands {

// What the hashes kc_h of rows are summed to: N, L, H.
inline constexpr std::string_view kFingerprintSums =
    "N = count(), L = sum(binary_and(kc_h, 0xFFFFFFFF)), "
    "H = sum(binary_and(binary_shift_right(kc_h, 32), 0xFFFFFFFF))";

// The text form of a value that is hashed: `column` is an expression of that type.
std::string HashedText(ScalarType type, const std::string& column);
// Groups of hashed columns, "kc_g0 = hash_xxhash64(…), kc_g1 = …"; `groups`: how many there are.
std::string GroupHashes(const std::vector<ColumnSchema>& columns, int& groups);
// The hash of a row from its groups, by the names kc_g0 …
std::string RowHash(int groups);

}  // namespace kc::kusto::commands
