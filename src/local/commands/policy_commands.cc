// .show, .alter, .alter-merge and .delete … policy …
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/commands/handlers.h"
#include "local/commands/policies.h"
#include "local/commands/policy_queries.h"
#include "local/commands/policy_texts.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

std::vector<ColumnSchema> PolicyColumns() {
  return ParseColumns(
      "PolicyName:string EntityName:string Policy:string ChildEntities:string EntityType:string");
}

std::vector<Value> TableRow(const PolicySpec& spec, const std::string& database,
                            const TableMeta& table) {
  const auto found = table.policies.find(spec.keyword);
  return {std::string(spec.name), "[" + database + "].[" + table.name + "]",
          found == table.policies.end() ? Text("null") : Text(found->second), Text("[]"),
          Text("Table")};
}

std::vector<Value> DatabaseRow(const PolicySpec& spec, const DatabaseState& state) {
  Json children = Json::array();
  for (const auto& [name, table] : state.tables) children.push_back(name);
  const auto found = state.meta->policies.find(spec.keyword);
  return {std::string(spec.name), "[" + state.name() + "]",
          found == state.meta->policies.end() ? Text("null") : Text(found->second),
          DumpJson(children), Text("Database")};
}

std::vector<Value> ColumnRow(const PolicySpec& spec, const std::string& database,
                             const TableMeta& table, const Column& column) {
  return {std::string(spec.name), "[" + database + "].[" + table.name + "].[" + column.name + "]",
          column.encoding_policy.empty() ? Text("null") : Text(column.encoding_policy), Text("[]"),
          Text("Column")};
}

void Put(PolicyMap& policies, std::string_view keyword, std::optional<std::string> json) {
  if (json) {
    policies.insert_or_assign(std::string(keyword), std::move(*json));
  } else if (const auto found = policies.find(keyword); found != policies.end()) {
    policies.erase(found);
  }
}

// What the command makes of the policy that was there ("" = none); nothing deletes it.
using NewPolicy = std::function<Result<std::optional<std::string>>(const std::string& old)>;

std::string OldPolicy(const PolicyMap& policies, std::string_view keyword) {
  const auto found = policies.find(keyword);
  return found == policies.end() ? "" : found->second;
}

Result<CommandResult> ChangeDatabase(const Command& command, const CommandContext& context,
                                     const PolicySpec& spec, const NewPolicy& make) {
  if (!spec.on_database) {
    return BadRequest("Databases have no " + std::string(spec.keyword) + " policy");
  }
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("T")));
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    DatabaseMeta meta = *state.meta;
    KC_ASSIGN(std::optional<std::string> json, make(OldPolicy(meta.policies, spec.keyword)));
    Put(meta.policies, spec.keyword, std::move(json));
    if (meta == *state.meta) return {};
    builder.SetEvent("ALTER-DATABASE-POLICY", meta.name);
    builder.PutDatabase(std::move(meta));
    return {};
  }));
  return OneTable(PolicyColumns(), {DatabaseRow(spec, *commit.state)});
}

struct Tables {
  std::vector<std::string> names;
  DatabasePtr database;
};
Result<Tables> TargetTables(const Command& command, const CommandContext& context) {
  Tables tables;
  tables.names = command.List("tables");
  std::string named_database = command.Database("T");
  if (tables.names.empty()) tables.names.push_back(command.Text("T"));
  if (!command.Databases("tables").empty()) named_database = command.Databases("tables").front();
  KC_ASSIGN(tables.database, TargetDatabase(context, named_database));
  return tables;
}

// The policy, or what is added to it, before the transaction that sets it: queries are bound.
Status CheckNew(const Command& command, const CommandContext& context, const PolicySpec& spec,
                const std::string& json) {
  if (!spec.on_table || command.Text("level") == "database") return {};
  KC_ASSIGN(const Tables tables, TargetTables(command, context));
  const StatePtr state = tables.database->state();
  for (const std::string& name : tables.names) {
    const TablePtr table = state->FindTable(name);
    if (!table) return NotFound("Table", name);
    KC_TRY(CheckPolicyQueries(spec, json, *state, *table->meta, context));
  }
  return {};
}

// All tables in one transaction.
Result<CommandResult> ChangeTables(const Command& command, const CommandContext& context,
                                   const PolicySpec& spec, const NewPolicy& make) {
  if (!spec.on_table) return BadRequest("Tables have no " + std::string(spec.keyword) + " policy");
  KC_ASSIGN(const Tables tables, TargetTables(command, context));
  const std::vector<std::string>& names = tables.names;
  const DatabasePtr& database = tables.database;
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    for (const std::string& name : names) {
      const TablePtr table = state.FindTable(name);
      if (!table) return NotFound("Table", name);
      TableMeta meta = *table->meta;
      KC_ASSIGN(std::optional<std::string> json, make(OldPolicy(meta.policies, spec.keyword)));
      Put(meta.policies, spec.keyword, std::move(json));
      if (meta == *table->meta) continue;
      KC_TRY(CheckPoliciesTogether(meta));
      builder.SetEvent("ALTER-TABLE-POLICY", name);
      KC_TRY(builder.PutTable(std::move(meta)));
    }
    return {};
  }));
  std::vector<std::vector<Value>> rows;
  for (const std::string& name : names) {
    const TablePtr table = commit.state->FindTable(name);
    if (table) rows.push_back(TableRow(spec, commit.state->name(), *table->meta));
  }
  return OneTable(PolicyColumns(), std::move(rows));
}

Result<CommandResult> Change(const Command& command, const CommandContext& context,
                             const PolicySpec& spec, const NewPolicy& make) {
  if (command.Text("level") == "database") return ChangeDatabase(command, context, spec, make);
  return ChangeTables(command, context, spec, make);
}

Result<const PolicySpec*> SpecOf(const Command& command) {
  const PolicySpec* spec = FindPolicy(command.Text("policy"));
  if (spec == nullptr) {
    return BadRequest("There is no policy '" + command.Text("policy") + "', or it isn't supported");
  }
  return spec;
}

Result<CommandResult> Alter(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  KC_ASSIGN(const std::string json, ParsePolicyText(*spec, command.Text("value")));
  KC_ASSIGN(const std::string normal, spec->normalize(json));
  KC_TRY(CheckNew(command, context, *spec, normal));
  return Change(command, context, *spec,
                [&](const std::string&) -> Result<std::optional<std::string>> { return normal; });
}

Result<CommandResult> AlterMerge(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  if (!spec->can_merge) {
    return BadRequest("The policy " + std::string(spec->keyword) + " has no .alter-merge");
  }
  KC_ASSIGN(const std::string json, ParsePolicyText(*spec, command.Text("value")));
  if (spec->keyword == "update") {
    KC_ASSIGN(const std::string added, spec->normalize(json));
    KC_TRY(CheckNew(command, context, *spec, added));
  }
  return Change(
      command, context, *spec, [&](const std::string& old) -> Result<std::optional<std::string>> {
        const std::string base = old.empty() ? spec->keyword == "update" ? "[]" : "{}" : old;
        KC_ASSIGN(const std::string merged, MergePolicyJson(base, json));
        KC_ASSIGN(std::string normal, spec->normalize(merged));
        return normal;
      });
}

Result<CommandResult> Delete(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  return Change(
      command, context, *spec,
      [](const std::string&) -> Result<std::optional<std::string>> { return std::nullopt; });
}

Result<CommandResult> ShowTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  if (!spec->on_table) {
    return BadRequest("Tables have no " + std::string(spec->keyword) + " policy");
  }
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  const TableMeta& meta = *target.table->meta;
  std::vector<std::vector<Value>> rows = {TableRow(*spec, target.state->name(), meta)};
  if (spec->keyword == "encoding") {
    for (const Column& column : meta.columns) {
      if (column.encoding_policy.empty()) continue;
      rows.push_back(ColumnRow(*spec, target.state->name(), meta, column));
    }
  }
  return OneTable(PolicyColumns(), std::move(rows));
}

Result<CommandResult> ShowEveryTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  if (!spec->on_table) {
    return BadRequest("Tables have no " + std::string(spec->keyword) + " policy");
  }
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const StatePtr state = database->state();
  std::vector<std::vector<Value>> rows;
  for (const auto& [name, table] : state->tables) {
    rows.push_back(TableRow(*spec, state->name(), *table->meta));
  }
  return OneTable(PolicyColumns(), std::move(rows));
}

Result<CommandResult> ShowDatabase(const Command& command, CommandContext& context) {
  KC_ASSIGN(const PolicySpec* spec, SpecOf(command));
  if (!spec->on_database) {
    return BadRequest("Databases have no " + std::string(spec->keyword) + " policy");
  }
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
  return OneTable(PolicyColumns(), {DatabaseRow(*spec, *database->state())});
}

// Columns have only the encoding policy.
struct ColumnTarget {
  TableTarget table;
  std::string column;
};
Result<ColumnTarget> FindColumn(const Command& command, const CommandContext& context) {
  const std::vector<std::string>& path = command.List("C");
  if (path.size() < 2 || path.size() > 3) return BadRequest("A column is named Table.Column");
  ColumnTarget target;
  KC_ASSIGN(target.table.database, TargetDatabase(context, path.size() == 3 ? path[0] : ""));
  target.table.state = target.table.database->state();
  const std::string& name = path[path.size() - 2];
  target.table.table = target.table.state->FindTable(name);
  target.column = path.back();
  if (!target.table.table) return NotFound("Table", name);
  if (target.table.table->meta->FindColumn(target.column) == nullptr) {
    return NotFound("Column", name + "." + target.column);
  }
  return target;
}

Result<CommandResult> ChangeColumn(const Command& command, const CommandContext& context,
                                   const std::string& json) {
  KC_ASSIGN(const ColumnTarget target, FindColumn(command, context));
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target.table, "ALTER-COLUMN-POLICY", [&](TableMeta& meta) -> Status {
              for (Column& column : meta.columns) {
                if (column.name == target.column) column.encoding_policy = json;
              }
              return {};
            }));
  return OneTable(PolicyColumns(), {ColumnRow(*FindPolicy("encoding"), target.table.state->name(),
                                              table, *table.FindColumn(target.column))});
}

Result<CommandResult> AlterColumn(const Command& command, CommandContext& context) {
  std::string json;
  if (command.Has("type")) {
    KC_ASSIGN(json, EncodingPolicyJson(command.Text("type")));
  } else if (command.Has("value")) {
    KC_ASSIGN(json, FindPolicy("encoding")->normalize(command.Text("value")));
  }
  return ChangeColumn(command, context, json);
}
Result<CommandResult> DeleteColumn(const Command& command, CommandContext& context) {
  return ChangeColumn(command, context, "");
}

Result<CommandResult> ShowColumn(const Command& command, CommandContext& context) {
  KC_ASSIGN(const ColumnTarget target, FindColumn(command, context));
  const TableMeta& meta = *target.table.table->meta;
  return OneTable(PolicyColumns(), {ColumnRow(*FindPolicy("encoding"), target.table.state->name(),
                                              meta, *meta.FindColumn(target.column))});
}

// .alter table T columns policy encoding type='BigObject': each column of a type that it fits.
Result<CommandResult> AlterAllColumns(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const std::string json, EncodingPolicyJson(command.Text("type")));
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "ALTER-COLUMN-POLICY", [&](TableMeta& meta) -> Status {
              for (Column& column : meta.columns) {
                if (column.type == ScalarType::kDynamic || column.type == ScalarType::kString) {
                  column.encoding_policy = json;
                }
              }
              return {};
            }));
  std::vector<std::vector<Value>> rows;
  for (const Column& column : table.columns) {
    rows.push_back(ColumnRow(*FindPolicy("encoding"), target.state->name(), table, column));
  }
  return OneTable(PolicyColumns(), std::move(rows));
}

}  // namespace

void RegisterPolicyCommands(CommandRegistry& registry) {
  const auto write = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  const auto show = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  write("ColumnPolicyAlter", ".alter column <C:path> policy encoding type = <type:literal>",
        AlterColumn);
  write("ColumnPolicyAlter", ".alter column <C:path> policy encoding [<value:string>]",
        AlterColumn);
  write("ColumnPolicyDelete", ".delete column <C:path> policy encoding", DeleteColumn);
  write("TableColumnsPolicyAlter",
        ".alter table <T:table> columns policy encoding type = <type:literal>", AlterAllColumns);
  show("ColumnPolicyShow", ".show column <C:path> policy encoding", ShowColumn);
  const std::string one = " {level=table|database} <T:table> policy <policy:name>";
  const std::string many = " tables (<tables:tables>) policy <policy:name>";
  write("PolicyAlter", ".alter" + one + " <value:rest>", Alter);
  write("PolicyAlter", ".alter" + many + " <value:rest>", Alter);
  write("PolicyAlterMerge", ".alter-merge" + one + " <value:rest>", AlterMerge);
  write("PolicyAlterMerge", ".alter-merge" + many + " <value:rest>", AlterMerge);
  write("PolicyDelete", ".delete" + one, Delete);
  write("PolicyDelete", ".delete" + many, Delete);
  show("TablePolicyShow", ".show table * policy <policy:name>", ShowEveryTable);
  show("TablePolicyShow", ".show table <T:table> policy <policy:name>", ShowTable);
  show("DatabasePolicyShow", ".show database [<D:name>] policy <policy:name>", ShowDatabase);
}

}  // namespace kc::local
