// The policies that databases, tables and columns may have: names, levels, defaults, validation.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "local/catalog/model.h"

namespace kc::local {

struct PolicySpec {
  std::string_view keyword;  // in commands and in PolicyMap: "retention"
  std::string_view name;     // in PolicyName: "RetentionPolicy"
  bool on_database = false;
  bool on_table = false;
  // The JSON that holds when nothing is set; "null" if there is no policy then.
  std::string_view standard;
  bool can_merge = false;  // .alter-merge
  // Checks a policy's JSON and gives the form in which it is kept (defaults filled in).
  Result<std::string> (*normalize)(std::string_view json) = nullptr;
};

std::span<const PolicySpec> PolicySpecs();
// Null if there is no such policy.
const PolicySpec* FindPolicy(std::string_view keyword);

// Members of `change` replace those of `base` (JSON objects); for arrays, the elements are
// appended. kStop if either is neither.
Result<std::string> MergePolicyJson(std::string_view base, std::string_view change);

// The JSON that holds for a table (its own, the database's, the default) or a database.
std::string EffectivePolicyJson(const DatabaseState& state, const TableMeta& table,
                                std::string_view keyword);
std::string EffectivePolicyJson(const DatabaseState& state, std::string_view keyword);
// The caching policy of "hot = 7d" and its like.
std::string CachingPolicyJson(int64_t data_ticks, int64_t index_ticks);

}  // namespace kc::local
