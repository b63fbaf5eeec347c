// Registrations of this folder's commands.
#pragma once

#include "local/commands/command.h"

namespace kc::local {

void RegisterIngestCommands(CommandRegistry& registry);           // .ingest
void RegisterIngestFromQueryCommands(CommandRegistry& registry);  // .set, .append …

}  // namespace kc::local
