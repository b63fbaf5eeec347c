// Registrations of this folder's commands.
#pragma once

#include "local/commands/command.h"

namespace kc::local {

void RegisterShowExtentsCommands(CommandRegistry& registry);
void RegisterMoveExtentsCommands(CommandRegistry& registry);  // .move, .replace
void RegisterDropExtentsCommands(CommandRegistry& registry);  // .drop extents, .clear table data
void RegisterExtentTagsCommands(CommandRegistry& registry);
void RegisterMergeExtentsCommands(CommandRegistry& registry);
void RegisterDeleteRecordsCommands(CommandRegistry& registry);

}  // namespace kc::local
