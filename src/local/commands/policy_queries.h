// Policies that hold a query: checked when they are set, so that an error is seen by whoever makes
// it and not by those who ingest or read later.
#pragma once

#include <string>

#include "base/error.h"
#include "local/catalog/model.h"
#include "local/commands/command.h"
#include "local/commands/policies.h"

namespace kc::local {

// `json` is the policy (or what is added to it) in its normal form. Of what is enabled: the source
// of an update policy must exist, must not derive from the table itself, and the query must give
// the table's types in order; row level security must give the table's columns. kStop. Other
// policies are right.
Status CheckPolicyQueries(const PolicySpec& spec, const std::string& json,
                          const DatabaseState& state, const TableMeta& table,
                          const CommandContext& context);

// Row level security and restricted view access can't both be enabled. kStop.
Status CheckPoliciesTogether(const TableMeta& table);

}  // namespace kc::local
