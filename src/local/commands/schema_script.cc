#include "local/commands/schema_script.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "kql/reserved.h"
#include "local/commands/policies.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

std::string WithText(const std::string& folder, const std::string& docstring,
                     const std::string& more = {}) {
  std::vector<std::string> properties;
  if (!more.empty()) properties.push_back(more);
  if (!folder.empty()) properties.push_back("folder=" + KqlStringLiteral(folder));
  if (!docstring.empty()) properties.push_back("docstring=" + KqlStringLiteral(docstring));
  return properties.empty() ? "" : "with (" + Join(properties, ", ") + ") ";
}

void AddPolicies(const std::string& target, const PolicyMap& policies, const ScriptOptions& options,
                 std::vector<std::string>& script) {
  for (const auto& [keyword, json] : policies) {
    if (keyword == "encoding" && !options.encoding_policies) continue;
    const bool security = keyword == "row_level_security" || keyword == "restricted_view_access";
    if (security && !options.security) continue;
    std::string value = KqlStringLiteral(json);
    // These have no JSON form in commands.
    auto parsed = ParseJson(json);
    if (parsed && (keyword == "ingestiontime" || keyword == "restricted_view_access")) {
      value = parsed->value("IsEnabled", false) ? "true" : "false";
    } else if (parsed && keyword == "row_level_security") {
      value = fmt::format("{} {}", parsed->value("IsEnabled", false) ? "enable" : "disable",
                          KqlStringLiteral(parsed->value("Query", "")));
    } else if (parsed && keyword == "roworder") {
      std::vector<std::string> keys;
      for (const Json& key : *parsed) {
        keys.push_back(KqlName(key.value("ColumnName", "")) + " " + key.value("Direction", "asc"));
      }
      value = "(" + Join(keys, ", ") + ")";
    }
    script.push_back(fmt::format(".alter {} policy {} {}", target, keyword, value));
  }
}

void AddMappings(const std::string& target, const std::vector<IngestionMapping>& mappings,
                 std::vector<std::string>& script) {
  for (const IngestionMapping& mapping : mappings) {
    script.push_back(fmt::format(".create-or-alter {} ingestion {} mapping {} {}", target,
                                 mapping.kind, KqlStringLiteral(mapping.name),
                                 KqlStringLiteral(mapping.json)));
  }
}

void AddPrincipals(const std::string& target, const std::vector<Principal>& principals,
                   std::vector<std::string>& script) {
  for (const Principal& principal : principals) {
    std::string text =
        fmt::format(".add {} {} ({})", target, principal.role, KqlStringLiteral(principal.fqn));
    if (!principal.notes.empty()) text += " " + KqlStringLiteral(principal.notes);
    script.push_back(std::move(text));
  }
}

void AddColumns(const TableMeta& table, const std::string& name, const ScriptOptions& options,
                std::vector<std::string>& script) {
  std::vector<std::string> docs;
  for (const Column& column : table.columns) {
    if (!column.docstring.empty()) {
      docs.push_back(KqlName(column.name) + ":" + KqlStringLiteral(column.docstring));
    }
  }
  if (!docs.empty()) {
    script.push_back(fmt::format(".alter table {} column-docstrings ({})", name, Join(docs, ", ")));
  }
  if (!options.encoding_policies) return;
  for (const Column& column : table.columns) {
    auto policy = ParseJson(column.encoding_policy);
    if (!policy || !policy->is_object() || !policy->contains("EncodingPolicyType")) continue;
    script.push_back(
        fmt::format(".alter column {}.{} policy encoding type={}", name, KqlName(column.name),
                    KqlStringLiteral((*policy)["EncodingPolicyType"].get<std::string>())));
  }
}

}  // namespace

std::string PlainName(const std::string& name) {
  bool plain = !name.empty() && (name[0] < '0' || name[0] > '9');
  for (const char c : name) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_');
  }
  plain = plain && !kql::IsReservedDeclaration(name) && !kql::IsReservedReference(name);
  return plain ? name : KqlName(name);
}

std::string CreateTableText(const TableMeta& table) {
  std::string text =
      fmt::format(".create-merge table {} ({}) ", PlainName(table.name), CslSchema(table)) +
      WithText(table.folder, table.docstring);
  text.pop_back();
  return text;
}

std::vector<std::string> SchemaScript(const DatabaseState& state, const ScriptOptions& options) {
  std::vector<std::string> script;
  const std::string database = "database " + KqlName(state.name());
  if (!state.meta->pretty_name.empty()) {
    script.push_back(fmt::format(".alter {} prettyname {}", database,
                                 KqlStringLiteral(state.meta->pretty_name)));
  }
  AddPolicies(database, state.meta->policies, options, script);
  if (options.mappings) AddMappings(database, state.meta->mappings, script);
  if (options.security) AddPrincipals(database, state.meta->principals, script);
  for (const auto& [name, table] : state.tables) {
    script.push_back(CreateTableText(*table->meta));
    AddColumns(*table->meta, KqlName(name), options, script);
  }
  for (const auto& [name, function] : state.functions) {
    std::string more = function->view ? "view=true, skipvalidation=true" : "skipvalidation=true";
    script.push_back(fmt::format(".create-or-alter function {}{} {} {}",
                                 WithText(function->folder, function->docstring, more),
                                 PlainName(name), function->parameters, function->body));
  }
  // After the functions: update policies and row level security may call them.
  for (const auto& [name, table] : state.tables) {
    const std::string target = "table " + KqlName(name);
    AddPolicies(target, table->meta->policies, options, script);
    if (options.mappings) AddMappings(target, table->meta->mappings, script);
    if (options.security) AddPrincipals(target, table->meta->principals, script);
  }
  return script;
}

}  // namespace kc::local
