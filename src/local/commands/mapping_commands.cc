// Ingestion mappings of tables and databases.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

constexpr std::string_view kKinds =
    "{kind=csv|json|avro|apacheavro|parquet|orc|w3clogfile|azmonstream|sstream}";

Status CheckMapping(const std::string& json) {
  auto parsed = ParseJson(json);
  if (!parsed) {
    return Stop("The mapping is no JSON: " + parsed.error().message, "BadRequest_InvalidMapping");
  }
  if (!parsed->is_array() || parsed->empty()) {
    return Stop("The mapping must be a JSON array with at least one element",
                "BadRequest_InvalidMapping");
  }
  for (const Json& element : *parsed) {
    const bool named =
        element.is_object() &&
        std::any_of(element.items().begin(), element.items().end(), [](const auto& i) {
          return EqualsIgnoreCase(i.key(), "Column") || EqualsIgnoreCase(i.key(), "Name");
        });
    if (!named) {
      return Stop("Each element of the mapping is an object that names a column",
                  "BadRequest_InvalidMapping");
    }
  }
  return {};
}

std::vector<ColumnSchema> MappingColumns(bool of_table) {
  std::string columns =
      "Name:string Kind:string Mapping:string LastUpdatedOn:datetime Database:string";
  if (of_table) columns += " Table:string";
  return ParseColumns(columns);
}

// "csv" → "Csv"
std::string KindName(const std::string& kind) {
  std::string name = kind;
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
  return name;
}

CommandResult Answer(const std::vector<IngestionMapping>& mappings, const std::string& database,
                     const std::string* table, const Command& command) {
  std::vector<std::vector<Value>> rows;
  for (const IngestionMapping& mapping : mappings) {
    if (command.Has("kind") && mapping.kind != ToLowerAscii(command.Text("kind"))) continue;
    if (command.Has("M") && mapping.name != command.Text("M")) continue;
    std::vector<Value> row = {mapping.name, KindName(mapping.kind), mapping.json,
                              mapping.updated_ticks, database};
    if (table != nullptr) row.push_back(*table);
    rows.push_back(std::move(row));
  }
  return OneTable(MappingColumns(table != nullptr), std::move(rows));
}

enum class Rule { kCreate, kCreateOrAlter, kAlter, kDrop };

Status Change(const Command& command, Rule rule, int64_t ticks,
              std::vector<IngestionMapping>& mappings) {
  IngestionMapping mapping{ToLowerAscii(command.Text("kind")), command.Text("M"),
                           command.Text("json"), ticks};
  const auto found =
      std::find_if(mappings.begin(), mappings.end(), [&](const IngestionMapping& old) {
        return old.kind == mapping.kind && old.name == mapping.name;
      });
  const bool exists = found != mappings.end();
  if (rule == Rule::kDrop || rule == Rule::kAlter) {
    if (!exists && !command.Has("ifexists")) {
      return Stop("The " + mapping.kind + " mapping '" + mapping.name + "' was not found",
                  "BadRequest_MappingReferenceWasNotFound");
    }
    if (!exists) return {};
  }
  if (rule == Rule::kDrop) {
    mappings.erase(found);
    return {};
  }
  if (exists && rule == Rule::kCreate) return AlreadyExists("IngestionMapping", mapping.name);
  if (exists) {
    *found = std::move(mapping);
  } else {
    mappings.push_back(std::move(mapping));
  }
  return {};
}

Result<CommandResult> Put(const Command& command, CommandContext& context, Rule rule) {
  if (rule != Rule::kDrop) KC_TRY(CheckMapping(command.Text("json")));
  const int64_t now = context.cluster.world().clock->NowTicks();
  if (command.Text("level") == "database") {
    KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("T")));
    KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                            TransactionBuilder& builder) -> Status {
      DatabaseMeta meta = *state.meta;
      KC_TRY(Change(command, rule, now, meta.mappings));
      builder.SetEvent("ALTER-DATABASE-MAPPING", meta.name);
      if (!(meta == *state.meta)) builder.PutDatabase(std::move(meta));
      return {};
    }));
    return Answer(commit.state->meta->mappings, commit.state->name(), nullptr, command);
  }
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const TableMeta table, ChangeTable(target, "ALTER-TABLE-MAPPING", [&](TableMeta& meta) {
              return Change(command, rule, now, meta.mappings);
            }));
  return Answer(table.mappings, target.state->name(), &table.name, command);
}

Result<CommandResult> Create(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kCreate);
}
Result<CommandResult> CreateOrAlter(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kCreateOrAlter);
}
Result<CommandResult> Alter(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kAlter);
}
Result<CommandResult> Drop(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kDrop);
}

Result<CommandResult> ShowTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  return Answer(target.table->meta->mappings, target.state->name(), &target.table->name(), command);
}

Result<CommandResult> ShowOne(const Command& command, CommandContext& context) {
  KC_ASSIGN(CommandResult result, ShowTable(command, context));
  if (result.tables[0].rows.empty()) {
    return Stop(
        "The " + command.Text("kind") + " mapping '" + command.Text("M") + "' was not found",
        "BadRequest_MappingReferenceWasNotFound");
  }
  return result;
}

Result<CommandResult> ShowDatabase(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
  const StatePtr state = database->state();
  return Answer(state->meta->mappings, state->name(), nullptr, command);
}

}  // namespace

void RegisterMappingCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  const std::string kinds(kKinds);
  const std::string target =
      " {level=table|database} <T:table> ingestion " + kinds + " mapping <M:one_string>";
  add("IngestionMappingCreate", ".create" + target + " <json:string> [<with:with>]", Create);
  add("IngestionMappingCreateOrAlter", ".create-or-alter" + target + " <json:string> [<with:with>]",
      CreateOrAlter);
  add("IngestionMappingAlter", ".alter" + target + " <json:string> [<with:with>]", Alter);
  add("IngestionMappingDrop", ".drop" + target + " [ifexists]", Drop);
  const auto show = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  show("TableIngestionMappingsShow", ".show table <T:table> ingestion [" + kinds + "] mappings",
       ShowTable);
  show("TableIngestionMappingShow",
       ".show table <T:table> ingestion " + kinds + " mapping <M:one_string>", ShowOne);
  show("DatabaseIngestionMappingsShow",
       ".show database [<D:name>] ingestion [" + kinds + "] mappings", ShowDatabase);
}

}  // namespace kc::local
