// Principals and roles: kept and shown; kusto-local itself asks nobody who they are.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "local/commands/handlers.h"
#include "local/commands/principals.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

std::vector<ColumnSchema> PrincipalColumns() {
  return ParseColumns(
      "Role:string PrincipalType:string PrincipalDisplayName:string PrincipalObjectId:string "
      "PrincipalFQN:string Notes:string RoleAssignmentIdentifier:string");
}

// "admins" → "Admin"
std::string RoleName(const std::string& role) {
  static const std::pair<std::string_view, std::string_view> kNames[] = {
      {"admins", "Admin"},       {"users", "User"},
      {"viewers", "Viewer"},     {"unrestrictedviewers", "UnrestrictedViewer"},
      {"ingestors", "Ingestor"}, {"monitors", "Monitor"}};
  for (const auto& [key, name] : kNames) {
    if (EqualsIgnoreCase(key, role)) return std::string(name);
  }
  return role;
}

CommandResult PrincipalsAnswer(const std::vector<Principal>& principals, const std::string& scope) {
  std::vector<std::vector<Value>> rows;
  for (const Principal& principal : principals) {
    rows.push_back({scope + " " + RoleName(principal.role), principal.type, principal.display_name,
                    principal.object_id, principal.fqn, principal.notes, Text("")});
  }
  return OneTable(PrincipalColumns(), std::move(rows));
}

// "aaduser=id;tenant", "aadapp=…", "aadgroup=…", "msauser=…".
Result<Principal> ParsePrincipal(const std::string& role, const std::string& fqn,
                                 const std::string& notes) {
  const size_t equals = fqn.find('=');
  const std::string kind = ToLowerAscii(fqn.substr(0, equals));
  if (equals == std::string::npos || equals + 1 == fqn.size()) {
    return BadRequest("'" + fqn + "' is no principal: write aaduser=…, aadgroup=… or aadapp=…");
  }
  Principal principal;
  principal.role = role;
  principal.fqn = fqn;
  principal.notes = notes;
  principal.object_id = Split(fqn.substr(equals + 1), ';').front();
  principal.display_name = principal.object_id;
  if (kind == "aadapp") {
    principal.type = "AAD Application";
  } else if (kind == "aadgroup") {
    principal.type = "AAD Group";
  } else if (kind == "aaduser" || kind == "msauser") {
    principal.type = "AAD User";
  } else {
    return BadRequest("'" + fqn + "' is no principal: write aaduser=…, aadgroup=… or aadapp=…");
  }
  return principal;
}

enum class Verb { kAdd, kDrop, kSet };

Status Apply(Verb verb, const std::string& role, const std::vector<Principal>& given,
             std::vector<Principal>& principals) {
  const auto same = [&](const Principal& a, const Principal& b) {
    return a.role == b.role && EqualsIgnoreCase(a.fqn, b.fqn);
  };
  if (verb == Verb::kSet) {
    std::erase_if(principals, [&](const Principal& old) { return old.role == role; });
  }
  for (const Principal& principal : given) {
    std::erase_if(principals, [&](const Principal& old) { return same(old, principal); });
    if (verb != Verb::kDrop) principals.push_back(principal);
  }
  return {};
}

Result<CommandResult> Change(const Command& command, CommandContext& context, Verb verb) {
  const std::string role = ToLowerAscii(command.Text("role"));
  std::vector<Principal> given;
  for (const std::string& fqn : command.List("principals")) {
    KC_ASSIGN(Principal principal, ParsePrincipal(role, fqn, command.Text("notes")));
    given.push_back(std::move(principal));
  }
  if (command.Text("level") == "database") {
    KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("T")));
    KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                            TransactionBuilder& builder) -> Status {
      DatabaseMeta meta = *state.meta;
      KC_TRY(Apply(verb, role, given, meta.principals));
      builder.SetEvent("ALTER-DATABASE-PRINCIPALS", meta.name);
      if (!(meta == *state.meta)) builder.PutDatabase(std::move(meta));
      return {};
    }));
    return PrincipalsAnswer(commit.state->meta->principals, "Database " + commit.state->name());
  }
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "ALTER-TABLE-PRINCIPALS", [&](TableMeta& meta) {
              return Apply(verb, role, given, meta.principals);
            }));
  return PrincipalsAnswer(table.principals, "Table " + table.name);
}

Result<CommandResult> Add(const Command& command, CommandContext& context) {
  return Change(command, context, Verb::kAdd);
}
Result<CommandResult> Drop(const Command& command, CommandContext& context) {
  return Change(command, context, Verb::kDrop);
}
Result<CommandResult> Set(const Command& command, CommandContext& context) {
  return Change(command, context, Verb::kSet);
}

Result<CommandResult> ShowDatabase(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
  const StatePtr state = database->state();
  return PrincipalsAnswer(state->meta->principals, "Database " + state->name());
}

Result<CommandResult> ShowTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  CommandResult result =
      PrincipalsAnswer(target.table->meta->principals, "Table " + target.table->name());
  // A database's principals hold for its tables too.
  CommandResult inherited =
      PrincipalsAnswer(target.state->meta->principals, "Database " + target.state->name());
  for (auto& row : inherited.tables[0].rows) result.tables[0].rows.push_back(std::move(row));
  return result;
}

Result<CommandResult> ShowCluster(const Command&, CommandContext&) {
  return OneTable(PrincipalColumns(), {});
}

Result<CommandResult> ShowRoles(const Command& command, CommandContext& context) {
  std::string scope = "Cluster";
  if (command.Has("D")) {
    KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
    scope = "Database " + database->name();
  }
  const std::string& fqn = context.request.principal;
  const size_t equals = fqn.find('=');
  return OneTable(
      ParseColumns("Scope:string DisplayName:string AADObjectID:string Role:string"),
      {{scope, fqn, Split(fqn.substr(equals == std::string::npos ? 0 : equals + 1), ';').front(),
        command.Has("D") ? Text("Database Admin") : Text("AllDatabasesAdmin")}});
}

}  // namespace

std::string PrincipalsJson(const std::vector<Principal>& principals) {
  OrderedJson list = OrderedJson::array();
  for (const Principal& principal : principals) {
    list.push_back({{"Type", principal.type},
                    {"DisplayName", principal.display_name},
                    {"ObjectId", principal.object_id},
                    {"FQN", principal.fqn},
                    {"Notes", principal.notes}});
  }
  return DumpJson(list);
}

void RegisterPrincipalCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  const std::string target =
      " {level=database|table} <T:table> "
      "{role=admins|users|viewers|unrestrictedviewers|ingestors|monitors} ";
  const std::string list = "(<principals:strings>) [skip-results] [<notes:string>]";
  add("RoleAdd", ".add" + target + list, Add);
  add("RoleDrop", ".drop" + target + list, Drop);
  add("RoleSet", ".set" + target + "none [skip-results]", Set);
  add("RoleSet", ".set" + target + list, Set);
  const auto show = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  show("DatabasePrincipalsShow", ".show database [<D:name>] principals", ShowDatabase);
  show("TablePrincipalsShow", ".show table <T:table> principals", ShowTable);
  show("ClusterPrincipalsShow", ".show cluster principals", ShowCluster);
  show("DatabasePrincipalRolesShow", ".show database <D:name> principal roles", ShowRoles);
  show("PrincipalRolesShow", ".show principal roles", ShowRoles);
}

}  // namespace kc::local
