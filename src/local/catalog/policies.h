// Policies that the storage itself obeys, out of their JSON text. Unknown members are ignored; a
// text that makes no sense gives the default and is logged once by its user, because the commands
// that store policies check them. Pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "local/catalog/model.h"

namespace kc::local {

struct RetentionPolicy {
  // Rows may be deleted when their extent's newest creation time is older than this (ticks).
  int64_t soft_delete_period = std::numeric_limits<int64_t>::max();
};

// Defaults as documented for the merge policy.
struct MergePolicy {
  int64_t max_rows = 16'000'000;
  int64_t max_original_bytes = int64_t{30'000} << 20;
  int64_t max_extents = 100;
  bool allow_rebuild = true;
  bool allow_merge = true;
  // Oldest and newest creation time of one merged extent may be so far apart (ticks).
  int64_t max_range;
  // Only extents created so recently are merged (ticks); max: all.
  int64_t lookback;
  MergePolicy();
};

struct TagRetention {
  std::string prefix;
  int64_t period = 0;  // ticks, since the extent's newest creation time
};

struct AutoDeletePolicy {
  int64_t expiry_ticks = 0;
  bool delete_if_not_empty = false;
};

RetentionPolicy RetentionOf(const DatabaseState& state, const TableMeta& table);
MergePolicy MergePolicyOf(const DatabaseState& state, const TableMeta& table);
std::vector<TagRetention> TagRetentionOf(const DatabaseState& state, const TableMeta& table);
std::optional<AutoDeletePolicy> AutoDeleteOf(const TableMeta& table);

}  // namespace kc::local
