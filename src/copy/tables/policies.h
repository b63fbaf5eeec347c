// What policies of both clusters mean for a copy ("nothing silent", protocol F14, F15, F43). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::copy {

// Table → policy JSON, as commands::ReadTablePolicies gives it.
using TablePolicies = std::map<std::string, std::string>;

struct UpdatePolicy {
  std::string target, source;
  bool wildcard = false, transactional = false;
};
// The enabled ones.
std::vector<UpdatePolicy> ReadUpdatePolicies(const TablePolicies& policies);

// Tables whose row level security is on, or whose restricted view is.
std::vector<std::string> EnabledTables(const TablePolicies& policies);

// Ticks of a retention policy's SoftDeletePeriod; nothing if it has none.
std::optional<int64_t> SoftDeletePeriod(const std::string& json);

// Encodings that bound the size of values ("BigObject32"), by table and column, from a schema
// script.
using Encodings = std::map<std::string, std::map<std::string, std::string>>;
Encodings ReadEncodings(const std::vector<std::string>& script);

struct PolicyNotice {
  std::string table, text;
  // The table can't be copied: rows would be derived twice, or from rows that aren't published.
  bool conflict = false;
};
std::vector<PolicyNotice> JudgeUpdatePolicies(const std::vector<UpdatePolicy>& policies,
                                              const std::vector<std::string>& copied,
                                              const std::string& staging_prefix);

}  // namespace kc::copy
