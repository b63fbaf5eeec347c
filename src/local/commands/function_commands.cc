// Stored functions.
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "kql/parser.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

std::vector<ColumnSchema> FunctionColumns() {
  return ParseColumns("Name:string Parameters:string Body:string Folder:string DocString:string");
}

std::vector<Value> FunctionRow(const StoredFunction& function) {
  return {function.name, function.parameters, function.body, function.folder, function.docstring};
}

CommandResult FunctionAnswer(const StoredFunction& function) {
  return OneTable(FunctionColumns(), {FunctionRow(function)});
}

// Functions and tables share one space of names when they are called without brackets; Kusto lets
// both exist, and so do we.
enum class Rule { kCreate, kCreateIfNotExists, kCreateOrAlter, kAlter };

// The text must at least be KQL. A function that needs no arguments is bound, too: names that it
// uses must exist.
Status Validate(const StoredFunction& function, const CommandContext& context) {
  auto parameters = kql::ParseParameters(function.parameters);
  if (!parameters) return Fail(std::move(parameters).error());
  auto body = kql::ParseFunctionBody(function.body);
  if (!body) return Fail(std::move(body).error());
  if (function.skip_validation || context.cluster.engine() == nullptr) return {};
  for (const auto& parameter : *parameters) {
    if (!parameter.default_value) return {};
  }
  const std::string name = KqlName(function.name);
  const std::string let = fmt::format("let {} = {} {}; ", name, function.parameters, function.body);
  auto bound = context.validate(let + name + "()", context.database);
  // A function of a scalar can't stand where a table is expected.
  if (bound || context.validate(fmt::format("{}print {}()", let, name), context.database)) {
    return {};
  }
  return Fail(std::move(bound).error());
}

Result<StoredFunction> ReadFunction(const Command& command) {
  KC_TRY(command.RefuseOtherProperties({"docstring", "folder", "view", "skipvalidation"}));
  StoredFunction function;
  function.name = command.Text("F");
  KC_TRY(CheckEntityName("Function", function.name));
  function.parameters = command.Text("parameters");
  function.body = command.Text("body");
  function.folder = command.Property("folder");
  function.docstring = command.Property("docstring");
  KC_ASSIGN(function.view, command.BoolProperty("view", false));
  KC_ASSIGN(function.skip_validation, command.BoolProperty("skipvalidation", false));
  return function;
}

Result<CommandResult> Put(const Command& command, CommandContext& context, Rule rule) {
  KC_ASSIGN(StoredFunction function, ReadFunction(command));
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const bool keeps =
      rule == Rule::kCreateIfNotExists && database->state()->FindFunction(function.name) != nullptr;
  if (!keeps) KC_TRY(Validate(function, context));
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    const FunctionPtr old = state.FindFunction(function.name);
    if (old && rule == Rule::kCreate) return AlreadyExists("Function", function.name);
    if (old && rule == Rule::kCreateIfNotExists) return {};
    if (!old && rule == Rule::kAlter) return NotFound("Function", function.name);
    StoredFunction next = function;
    // What isn't said stays.
    if (old && command.FindProperty("folder") == nullptr) next.folder = old->folder;
    if (old && command.FindProperty("docstring") == nullptr) {
      next.docstring = old->docstring;
    }
    if (old && *old == next) return {};
    builder.SetEvent(old ? "ALTER-FUNCTION" : "CREATE-FUNCTION", next.name);
    builder.PutFunction(std::move(next));
    return {};
  }));
  return FunctionAnswer(*commit.state->FindFunction(function.name));
}

Result<CommandResult> Create(const Command& command, CommandContext& context) {
  return Put(command, context,
             command.Has("ifnotexists") ? Rule::kCreateIfNotExists : Rule::kCreate);
}
Result<CommandResult> CreateOrAlter(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kCreateOrAlter);
}
Result<CommandResult> Alter(const Command& command, CommandContext& context) {
  return Put(command, context, Rule::kAlter);
}

Result<CommandResult> AlterText(const Command& command, CommandContext& context,
                                std::string StoredFunction::*member) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const std::string& name = command.Text("F");
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    const FunctionPtr old = state.FindFunction(name);
    if (!old) return NotFound("Function", name);
    StoredFunction next = *old;
    next.*member = command.Text("text");
    builder.SetEvent("ALTER-FUNCTION", name);
    builder.PutFunction(std::move(next));
    return {};
  }));
  return FunctionAnswer(*commit.state->FindFunction(name));
}

Result<CommandResult> AlterDocString(const Command& command, CommandContext& context) {
  return AlterText(command, context, &StoredFunction::docstring);
}
Result<CommandResult> AlterFolder(const Command& command, CommandContext& context) {
  return AlterText(command, context, &StoredFunction::folder);
}

Result<CommitInfo> DropFunctions(Database& database, const std::vector<std::string>& names,
                                 bool if_exists) {
  return database.Commit([&](const DatabaseState&, TransactionBuilder& builder) -> Status {
    for (const std::string& name : names) {
      builder.SetEvent("DROP-FUNCTION", name);
      if (!builder.DropFunction(name) && !if_exists) return NotFound("Function", name);
    }
    return {};
  });
}

Result<CommandResult> Drop(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  KC_TRY(DropFunctions(*database, {command.Text("F")}, command.Has("ifexists")));
  return OneTable(ParseColumns("Name:string"), {{command.Text("F")}});
}

CommandResult AllFunctions(const DatabaseState& state) {
  std::vector<std::vector<Value>> rows;
  for (const auto& [name, function] : state.functions) rows.push_back(FunctionRow(*function));
  return OneTable(FunctionColumns(), std::move(rows));
}

Result<CommandResult> DropMany(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  KC_ASSIGN(const CommitInfo commit,
            DropFunctions(*database, command.List("names"), command.Has("ifexists")));
  return AllFunctions(*commit.state);
}

Result<CommandResult> ShowAll(const Command&, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  return AllFunctions(*database->state());
}

Result<CommandResult> ShowOne(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const FunctionPtr function = database->state()->FindFunction(command.Text("F"));
  if (!function) return NotFound("Function", command.Text("F"));
  return FunctionAnswer(*function);
}

}  // namespace

void RegisterFunctionCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const std::string& pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  const std::string definition = " [<with:with>] <F:name> <parameters:group> <body:body>";
  add("FunctionCreate", ".create function [ifnotexists]" + definition, Create);
  add("FunctionCreateOrAlter", ".create-or-alter function" + definition, CreateOrAlter);
  add("FunctionAlter", ".alter function" + definition, Alter);
  add("FunctionAlterDocString", ".alter function <F:name> docstring <text:string>", AlterDocString);
  add("FunctionAlterFolder", ".alter function <F:name> folder <text:string>", AlterFolder);
  add("FunctionDrop", ".drop function <F:name> [ifexists]", Drop);
  add("FunctionsDrop", ".drop functions (<names:names>) [ifexists]", DropMany);
  registry.Add({"FunctionsShow", ".show functions [<with:with>]", CommandEffect::kReads, ShowAll});
  registry.Add(
      {"FunctionShow", ".show function <F:name> [<with:with>]", CommandEffect::kReads, ShowOne});
}

}  // namespace kc::local
