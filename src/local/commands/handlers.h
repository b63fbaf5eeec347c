// The groups of command handlers of this folder; RegisterSchemaCommands calls all of them.
#pragma once

#include "local/commands/command.h"

namespace kc::local {

void RegisterTableCommands(CommandRegistry& registry);
void RegisterTableChangeCommands(CommandRegistry& registry);
void RegisterColumnCommands(CommandRegistry& registry);
void RegisterFunctionCommands(CommandRegistry& registry);
void RegisterDatabaseCommands(CommandRegistry& registry);
void RegisterMappingCommands(CommandRegistry& registry);
void RegisterPrincipalCommands(CommandRegistry& registry);
void RegisterPolicyCommands(CommandRegistry& registry);
void RegisterShowTableCommands(CommandRegistry& registry);
void RegisterShowDatabaseCommands(CommandRegistry& registry);
void RegisterShowPlainDatabase(CommandRegistry& registry);
void RegisterShowClusterCommands(CommandRegistry& registry);
void RegisterShowSchemaCommands(CommandRegistry& registry);
void RegisterScriptCommands(CommandRegistry& registry);
void RegisterEmptyLists(CommandRegistry& registry);

}  // namespace kc::local
