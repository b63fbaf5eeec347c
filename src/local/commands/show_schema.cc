// Schemas of whole databases: as rows, as JSON, as a script that makes them again.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "kql/parser.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"
#include "local/commands/schema_script.h"

namespace kc::local {
namespace {

Result<std::vector<StatePtr>> Targets(const Command& command, const CommandContext& context) {
  std::vector<StatePtr> states;
  if (!command.Has("databases")) {
    KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
    return std::vector<StatePtr>{database->state()};
  }
  if (command.List("names").empty()) {
    for (const DatabasePtr& database : context.cluster.databases()) {
      states.push_back(database->state());
    }
    return states;
  }
  for (const std::string& name : command.List("names")) {
    KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, name));
    states.push_back(database->state());
  }
  return states;
}

// Is the state newer than "v1.17" of if_later_than? An unknown text counts as old.
bool IsLater(const DatabaseState& state, const std::string& version) {
  const size_t dot = version.find('.');
  if (version.empty() || dot == std::string::npos) return true;
  const auto minor = ParseInt64(version.substr(dot + 1));
  return !minor || static_cast<int64_t>(state.version) > *minor;
}

void AddRows(const DatabaseState& state, std::vector<std::vector<Value>>& rows) {
  const auto add = [&](const std::string& table, const std::string& column, const std::string& type,
                       const std::string& folder, const std::string& docstring, bool head) {
    rows.push_back({state.name(), table, column, type, false, false,
                    head ? state.meta->pretty_name : "", head ? state.VersionText() : "", folder,
                    docstring});
  };
  add("", "", "", "", "", true);
  for (const auto& [name, table] : state.tables) {
    const TableMeta& meta = *table->meta;
    add(name, "", "", meta.folder, meta.docstring, false);
    for (const Column& column : meta.columns) {
      add(name, column.name, DotNetType(column.type), "", column.docstring, false);
    }
  }
}

Result<CommandResult> ShowRows(const Command& command, CommandContext& context) {
  KC_ASSIGN(const std::vector<StatePtr> states, Targets(command, context));
  std::vector<std::vector<Value>> rows;
  for (const StatePtr& state : states) {
    if (IsLater(*state, command.Text("version"))) AddRows(*state, rows);
  }
  return OneTable(ParseColumns("DatabaseName:string TableName:string ColumnName:string "
                               "ColumnType:string IsDefaultTable:bool IsDefaultColumn:bool "
                               "PrettyName:string Version:string Folder:string DocString:string"),
                  std::move(rows));
}

OrderedJson ParametersJson(const std::string& parameters) {
  OrderedJson list = OrderedJson::array();
  auto parsed = kql::ParseParameters(parameters);
  if (!parsed) return list;
  for (const auto& parameter : *parsed) {
    OrderedJson json = {{"Name", parameter.name}};
    if (parameter.tabular) {
      OrderedJson columns = OrderedJson::array();
      for (const auto& column : parameter.columns) {
        columns.push_back({{"Name", column.name},
                           {"Type", DotNetType(column.type)},
                           {"CslType", KustoName(column.type)}});
      }
      json["Columns"] = std::move(columns);
    } else {
      json["Type"] = DotNetType(parameter.type);
      json["CslType"] = KustoName(parameter.type);
    }
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson FunctionJson(const StoredFunction& function) {
  return {{"Name", function.name},
          {"InputParameters", ParametersJson(function.parameters)},
          {"Body", function.body},
          {"Folder", function.folder},
          {"DocString", function.docstring},
          {"FunctionKind", function.view ? "ViewFunction" : "Unknown"},
          {"OutputColumns", OrderedJson::array()}};
}

OrderedJson DatabaseJson(const DatabaseState& state) {
  OrderedJson tables = OrderedJson::object();
  for (const auto& [name, table] : state.tables) tables[name] = TableSchemaJson(*table->meta);
  OrderedJson functions = OrderedJson::object();
  for (const auto& [name, function] : state.functions) functions[name] = FunctionJson(*function);
  return {{"Name", state.name()},
          {"Tables", std::move(tables)},
          {"ExternalTables", OrderedJson::object()},
          {"MaterializedViews", OrderedJson::object()},
          {"EntityGroups", OrderedJson::object()},
          {"MajorVersion", 1},
          {"MinorVersion", state.version},
          {"Functions", std::move(functions)},
          {"DatabaseAccessMode", "ReadWrite"},
          {"PrettyName", state.meta->pretty_name}};
}

Result<CommandResult> ShowJson(const Command& command, CommandContext& context) {
  KC_ASSIGN(const std::vector<StatePtr> states, Targets(command, context));
  OrderedJson databases = OrderedJson::object();
  for (const StatePtr& state : states) {
    if (IsLater(*state, command.Text("version"))) databases[state->name()] = DatabaseJson(*state);
  }
  return OneTable(ParseColumns("DatabaseSchema:string"),
                  {{DumpJson(OrderedJson{{"Databases", std::move(databases)}})}});
}

Result<CommandResult> ShowCslSchema(const Command& command, CommandContext& context) {
  KC_ASSIGN(const std::vector<StatePtr> states, Targets(command, context));
  std::vector<std::vector<Value>> rows;
  for (const StatePtr& state : states) {
    for (const auto& [name, table] : state->tables) {
      const TableMeta& meta = *table->meta;
      rows.push_back({name, command.Has("script") ? CreateTableText(meta) : CslSchema(meta),
                      state->name(), meta.folder, meta.docstring});
    }
  }
  return OneTable(ParseColumns("TableName:string Schema:string DatabaseName:string Folder:string "
                               "DocString:string"),
                  std::move(rows));
}

Result<CommandResult> ShowScript(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"IncludeEncodingPolicies", "IncludeSecuritySettings",
                                        "IncludeIngestionMappings", "ShowObfuscatedStrings"}));
  ScriptOptions options;
  KC_ASSIGN(options.encoding_policies, command.BoolProperty("IncludeEncodingPolicies", true));
  KC_ASSIGN(options.security, command.BoolProperty("IncludeSecuritySettings", true));
  KC_ASSIGN(options.mappings, command.BoolProperty("IncludeIngestionMappings", true));
  KC_ASSIGN(const std::vector<StatePtr> states, Targets(command, context));
  std::vector<std::vector<Value>> rows;
  for (std::string& text : SchemaScript(*states.front(), options)) {
    rows.push_back({std::move(text)});
  }
  return OneTable(ParseColumns("DatabaseSchemaScript:string"), std::move(rows));
}

Result<CommandResult> ShowEntities(const Command& command, CommandContext& context) {
  KC_ASSIGN(const std::vector<StatePtr> states, Targets(command, context));
  std::vector<std::vector<Value>> rows;
  for (const StatePtr& state : states) {
    for (const auto& [name, table] : state->tables) {
      const TableMeta& meta = *table->meta;
      rows.push_back({state->name(), Text("Table"), name, meta.docstring, meta.folder, Text(""),
                      Text(""), CslSchema(meta), Text("{}")});
    }
    for (const auto& [name, function] : state->functions) {
      rows.push_back({state->name(), Text("Function"), name, function->docstring, function->folder,
                      function->parameters, function->body, Text(""), Text("{}")});
    }
  }
  return OneTable(ParseColumns("DatabaseName:string EntityType:string EntityName:string "
                               "DocString:string Folder:string CslInputSchema:string "
                               "Content:string CslOutputSchema:string Properties:dynamic"),
                  std::move(rows));
}

}  // namespace

void RegisterShowSchemaCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  const std::string later = " [if_later_than <version:string>]";
  for (const std::string& one :
       {std::string(".show database"), std::string(".show database <D:name>"),
        std::string(".show [databases] [(<names:names>)]")}) {
    add("DatabaseSchemaShow", one + " schema as json" + later + " [<with:with>]", ShowJson);
    add("DatabaseSchemaShow", one + " schema [details]" + later, ShowRows);
    add("DatabaseEntitiesShow", one + " entities [<with:with>]", ShowEntities);
  }
  for (const std::string& one :
       {std::string(".show database"), std::string(".show database <D:name>")}) {
    add("DatabaseSchemaScriptShow", one + " schema as csl [script] [<with:with>]", ShowScript);
    add("DatabaseCslSchemaShow", one + " cslschema [script]", ShowCslSchema);
  }
}

}  // namespace kc::local
