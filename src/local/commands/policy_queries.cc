#include "local/commands/policy_queries.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "local/commands/schema_access.h"
#include "local/ingest/update_policies.h"
#include "local/operations/queries.h"

namespace kc::local {
namespace {

bool Enabled(const Json& policy) {
  return policy.is_object() && policy.value("IsEnabled", false);
}

bool PolicyEnabled(const TableMeta& table, std::string_view keyword) {
  const auto found = table.policies.find(keyword);
  if (found == table.policies.end()) return false;
  const auto json = ParseJson(found->second);
  return json && Enabled(*json);
}

// Does data that comes into `from` end in `target`, by the policies that are there?
bool Feeds(const DatabaseState& state, const std::string& from, const std::string& target) {
  std::set<std::string> seen;
  std::vector<std::string> next = {from};
  while (!next.empty()) {
    const std::string name = std::move(next.back());
    next.pop_back();
    if (name == target) return true;
    if (!seen.insert(name).second) continue;
    for (const std::string& id : DerivedTables(state, name)) {
      if (const TablePtr table = state.FindTableById(id)) next.push_back(table->name());
    }
  }
  return false;
}

Status CheckUpdatePolicy(const Json& policy, const DatabaseState& state, const TableMeta& table,
                         const CommandContext& context) {
  const std::string source = policy.value("Source", "");
  if (!policy.value("SourceIsWildCard", false)) {
    if (!state.FindTable(source)) return NotFound("Table", source);
    if (Feeds(state, table.name, source)) {
      return Stop("An update policy of '" + table.name + "' with the source '" + source +
                      "' would form a cycle",
                  "UpdatePolicy_Cyclic_Update_Not_Allowed");
    }
  }
  auto columns = context.validate(policy.value("Query", ""), state.name());
  if (!columns) return Fail(std::move(columns).error().Within("The update policy's query"));
  std::vector<ColumnSchema> schema;
  for (const Column& column : table.columns) schema.push_back({column.name, column.type});
  if (!std::equal(schema.begin(), schema.end(), columns->begin(), columns->end(),
                  [](const auto& a, const auto& b) { return a.type == b.type; })) {
    return Stop("The query of the update policy gives (" + SchemaText(*columns) + "), the table '" +
                    table.name + "' is (" + SchemaText(schema) + ")",
                "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema");
  }
  return {};
}

Status CheckRowLevelSecurity(const Json& policy, const DatabaseState& state, const TableMeta& table,
                             const CommandContext& context) {
  auto columns = context.validate(policy.value("Query", ""), state.name());
  if (!columns) return Fail(std::move(columns).error().Within("The policy's query"));
  std::vector<ColumnSchema> schema;
  for (const Column& column : table.columns) schema.push_back({column.name, column.type});
  if (*columns != schema) {
    return BadRequest("The query of row level security gives (" + SchemaText(*columns) +
                      "), but the table '" + table.name + "' is (" + SchemaText(schema) + ")");
  }
  return {};
}

}  // namespace

Status CheckPolicyQueries(const PolicySpec& spec, const std::string& json,
                          const DatabaseState& state, const TableMeta& table,
                          const CommandContext& context) {
  if (context.cluster.engine() == nullptr) return {};
  KC_ASSIGN(const Json policy, ParseJson(json));
  if (spec.keyword == "update" && policy.is_array()) {
    for (const Json& item : policy) {
      if (Enabled(item)) KC_TRY(CheckUpdatePolicy(item, state, table, context));
    }
  }
  if (spec.keyword == "row_level_security" && Enabled(policy)) {
    KC_TRY(CheckRowLevelSecurity(policy, state, table, context));
  }
  return {};
}

Status CheckPoliciesTogether(const TableMeta& table) {
  if (PolicyEnabled(table, "row_level_security") &&
      PolicyEnabled(table, "restricted_view_access")) {
    return BadRequest("Table '" + table.name +
                      "' can't have both row level security and restricted view access");
  }
  return {};
}

}  // namespace kc::local
