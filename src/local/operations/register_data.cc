#include "local/export/commands.h"
#include "local/extents/commands.h"
#include "local/ingest/commands.h"
#include "local/operations/operations.h"

namespace kc::local {

void RegisterDataCommands(CommandRegistry& registry) {
  RegisterOperationCommands(registry);
  RegisterIngestCommands(registry);
  RegisterIngestFromQueryCommands(registry);
  RegisterExportCommands(registry);
  RegisterShowExtentsCommands(registry);
  RegisterMoveExtentsCommands(registry);
  RegisterDropExtentsCommands(registry);
  RegisterExtentTagsCommands(registry);
  RegisterMergeExtentsCommands(registry);
  RegisterDeleteRecordsCommands(registry);
}

}  // namespace kc::local
