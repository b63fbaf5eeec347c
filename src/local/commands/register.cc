#include "local/commands/handlers.h"

namespace kc::local {

void RegisterSchemaCommands(CommandRegistry& registry) {
  RegisterShowClusterCommands(registry);
  RegisterShowTableCommands(registry);
  RegisterShowDatabaseCommands(registry);
  RegisterPrincipalCommands(registry);
  RegisterFunctionCommands(registry);
  RegisterMappingCommands(registry);
  RegisterShowSchemaCommands(registry);
  RegisterScriptCommands(registry);
  RegisterPolicyCommands(registry);
  RegisterEmptyLists(registry);
  RegisterTableCommands(registry);
  RegisterTableChangeCommands(registry);
  RegisterColumnCommands(registry);
  RegisterDatabaseCommands(registry);
  RegisterShowPlainDatabase(registry);
}

}  // namespace kc::local
