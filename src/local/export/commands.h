// Registrations of this folder's commands.
#pragma once

#include "local/commands/command.h"

namespace kc::local {

void RegisterExportCommands(CommandRegistry& registry);

}  // namespace kc::local
