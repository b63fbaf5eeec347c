// .execute database script
#include <utility>

#include "base/text.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"
#include "local/commands/script_text.h"

namespace kc::local {
namespace {

struct ScriptRule {
  bool continue_on_errors = false;
  bool throw_on_errors = false;
};

// What becomes of one command of a script; .show commands aren't run.
Result<CommandResult> RunScript(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties({"ContinueOnErrors", "ThrowOnErrors"}));
  ScriptRule rule;
  KC_ASSIGN(rule.continue_on_errors, command.BoolProperty("ContinueOnErrors", false));
  KC_ASSIGN(rule.throw_on_errors, command.BoolProperty("ThrowOnErrors", false));
  if (rule.continue_on_errors && rule.throw_on_errors) {
    return BadRequest("ContinueOnErrors and ThrowOnErrors exclude each other");
  }
  std::vector<std::vector<Value>> rows;
  for (const std::string& text : SplitScript(command.Text("script"))) {
    const std::string id = context.cluster.world().random->Guid();
    auto found = context.registry->Find(SplitPipedCommand(text).command);
    const std::string kind = found ? found->entry->kind : "";
    if (found && found->entry->effect == CommandEffect::kReads) {
      rows.push_back({id, kind, text, Text("Skipped"), Text("Commands that show are not run")});
      continue;
    }
    Status done;
    if (!found) {
      done = Fail(found.error());
    } else if (auto result = context.run(text); !result) {
      done = Fail(result.error());
    }
    if (!done && rule.throw_on_errors) {
      return Fail(done.error().Within("The command '" + text.substr(0, 100) + "' failed"));
    }
    rows.push_back({id, kind, text, done ? Text("Completed") : Text("Failed"),
                    done ? Text("") : Text(done.error().message)});
    if (!done && !rule.continue_on_errors) break;
  }
  return OneTable(ParseColumns("OperationId:guid CommandType:string CommandText:string "
                               "Result:string Reason:string"),
                  std::move(rows));
}

}  // namespace

void RegisterScriptCommands(CommandRegistry& registry) {
  registry.Add({"ExecuteDatabaseScript",
                ".execute [database] script [<with:with>] <| <script:rest>",
                CommandEffect::kWritesDatabase, RunScript});
}

}  // namespace kc::local
