// Renaming, dropping and emptying tables.
#include <set>
#include <utility>

#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

struct Rename {
  std::string from;
  std::string to;
};

// All at once, so that names can be swapped.
Result<CommandResult> RenameTables(CommandContext& context, const std::vector<Rename>& renames,
                                   bool if_exists) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  std::set<std::string> targets;
  for (const Rename& rename : renames) {
    KC_TRY(CheckEntityName("Table", rename.to));
    if (!targets.insert(rename.to).second) {
      return BadRequest("Two tables can't both be renamed to '" + rename.to + "'");
    }
  }
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    std::vector<TableMeta> changed;
    std::set<std::string> sources;
    for (const Rename& rename : renames) {
      const TablePtr table = state.FindTable(rename.from);
      if (!table) {
        if (if_exists) continue;
        return NotFound("Table", rename.from);
      }
      if (!sources.insert(rename.from).second) {
        return BadRequest("Table '" + rename.from + "' is renamed twice");
      }
      changed.push_back(*table->meta);
      changed.back().name = rename.to;
    }
    for (const TableMeta& meta : changed) {
      if (state.FindTable(meta.name) && !sources.contains(meta.name)) {
        return AlreadyExists("Table", meta.name);
      }
    }
    if (changed.empty()) return {};
    builder.SetEvent("RENAME-TABLE", changed.front().name);
    return builder.PutTables(std::move(changed));
  }));
  return TablesAnswer(*commit.state, {targets.begin(), targets.end()});
}

Result<CommandResult> RenameTable(const Command& command, CommandContext& context) {
  return RenameTables(context, {{command.Text("from"), command.Text("to")}}, false);
}

// New=Old pairs.
Result<CommandResult> RenameTablesCommand(const Command& command, CommandContext& context) {
  const std::vector<std::string>& pairs = command.List("pairs");
  std::vector<Rename> renames;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) renames.push_back({pairs[i + 1], pairs[i]});
  return RenameTables(context, renames, command.Has("ifexists"));
}

CommandResult RemainingTables(const DatabaseState& state) {
  std::vector<std::vector<Value>> rows;
  for (const auto& [name, table] : state.tables) rows.push_back({name, state.name()});
  return OneTable(ParseColumns("TableName:string DatabaseName:string"), std::move(rows));
}

Result<CommandResult> Drop(CommandContext& context, const std::string& database_name,
                           const std::vector<std::string>& names, bool if_exists) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, database_name));
  KC_ASSIGN(const CommitInfo commit,
            database->Commit([&](const DatabaseState&, TransactionBuilder& builder) -> Status {
              for (const std::string& name : names) {
                const TablePtr table = builder.state().FindTable(name);
                if (!table) {
                  if (if_exists) continue;
                  return NotFound("Table", name);
                }
                builder.SetEvent("DROP-TABLE", name);
                KC_TRY(builder.DropTable(table->id()));
              }
              return {};
            }));
  return RemainingTables(*commit.state);
}

Result<CommandResult> DropTable(const Command& command, CommandContext& context) {
  return Drop(context, command.Database("T"), {command.Text("T")}, command.Has("ifexists"));
}
Result<CommandResult> DropTables(const Command& command, CommandContext& context) {
  return Drop(context, "", command.List("names"), command.Has("ifexists"));
}

Result<CommandResult> ClearTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_TRY(target.database->Commit(
      [&](const DatabaseState& state, TransactionBuilder& builder) -> Status {
        const TablePtr table = state.FindTableById(target.table->id());
        if (!table) return NotFound("Table", target.table->name());
        std::vector<std::string> ids;
        for (const auto& [ordinal, extent] : table->extents) ids.push_back(extent->id);
        if (ids.empty()) return {};
        builder.SetEvent("CLEAR-TABLE-DATA", table->name());
        return builder.RemoveExtents(table->id(), ids);
      }));
  return OneTable(ParseColumns("Status:string"), {{Text("Succeeded")}});
}

}  // namespace

void RegisterTableChangeCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  add("TableRename", ".rename table <from:name> to <to:name>", RenameTable);
  add("TablesRename", ".rename tables <pairs:pairs> [ifexists]", RenameTablesCommand);
  add("TableDrop", ".drop table <T:table> [ifexists]", DropTable);
  add("TablesDrop", ".drop tables (<names:names>) [ifexists]", DropTables);
  add("TableDataClear", ".clear table <T:table> data", ClearTable);
}

}  // namespace kc::local
