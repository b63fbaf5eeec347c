// Creating tables and changing their columns.
#include <utility>

#include "base/text.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

const std::vector<std::string_view>& TableProperties() {
  static const auto* known = new std::vector<std::string_view>{"folder", "docstring"};
  return *known;
}

void TakeProperties(const Command& command, TableMeta& table) {
  if (const CommandProperty* folder = command.FindProperty("folder")) table.folder = folder->value;
  if (const CommandProperty* docstring = command.FindProperty("docstring")) {
    table.docstring = docstring->value;
  }
}

// Adds what is missing; an existing column must have the same type.
Status MergeColumns(const std::vector<ColumnSchema>& columns, TableMeta& table) {
  for (const ColumnSchema& column : columns) {
    const Column* existing = table.FindColumn(column.name);
    if (existing == nullptr) {
      table.AddColumn(column.name, column.type);
    } else if (existing->type != column.type) {
      return BadRequest("Column '" + column.name + "' of table '" + table.name + "' has type " +
                        std::string(KustoName(existing->type)) + "; it can't be merged with type " +
                        std::string(KustoName(column.type)));
    }
  }
  return {};
}

enum class Existing { kKeep, kMerge };

struct NewTableRequest {
  std::string name;
  std::vector<ColumnSchema> columns;
};

// Creates the tables that aren't there, in one transaction; leaves or extends those that are.
Result<CommitInfo> CreateTables(const Command& command, Database& database,
                                const std::vector<NewTableRequest>& requests, Existing existing) {
  for (const NewTableRequest& request : requests) {
    KC_TRY(CheckEntityName("Table", request.name));
    KC_TRY(CheckColumns(request.columns));
  }
  std::vector<std::string> ids;
  for (size_t i = 0; i < requests.size(); ++i) ids.push_back(database.NewGuid());
  return database.Commit([&](const DatabaseState&, TransactionBuilder& builder) -> Status {
    for (size_t i = 0; i < requests.size(); ++i) {
      const TablePtr table = builder.state().FindTable(requests[i].name);
      if (table && existing == Existing::kKeep) continue;
      TableMeta meta = table ? *table->meta : NewTable(ids[i], requests[i].name, {});
      if (!table) meta.created_ticks = builder.ticks();
      KC_TRY(MergeColumns(requests[i].columns, meta));
      TakeProperties(command, meta);
      if (table && meta == *table->meta) continue;
      builder.SetEvent(table ? "ALTER-TABLE" : "CREATE-TABLE", meta.name);
      KC_TRY(builder.PutTable(std::move(meta)));
    }
    return {};
  });
}

Result<CommandResult> CreateOne(const Command& command, CommandContext& context,
                                Existing existing) {
  KC_TRY(command.RefuseOtherProperties(TableProperties()));
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Database("T")));
  KC_ASSIGN(const CommitInfo commit,
            CreateTables(command, *database, {{command.Text("T"), command.Columns("columns")}},
                         existing));
  const TablePtr table = commit.state->FindTable(command.Text("T"));
  if (!table) return NotFound("Table", command.Text("T"));
  return TableAnswer(*table->meta, commit.state->name());
}

Result<CommandResult> CreateTable(const Command& command, CommandContext& context) {
  return CreateOne(command, context, Existing::kKeep);
}
Result<CommandResult> CreateMergeTable(const Command& command, CommandContext& context) {
  return CreateOne(command, context, Existing::kMerge);
}

Result<CommandResult> CreateMany(const Command& command, CommandContext& context,
                                 Existing existing) {
  KC_TRY(command.RefuseOtherProperties(TableProperties()));
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  std::vector<NewTableRequest> requests;
  for (size_t i = 0; i < command.List("tables").size(); ++i) {
    requests.push_back({command.List("tables")[i], command.Groups("tables")[i]});
  }
  KC_ASSIGN(const CommitInfo commit, CreateTables(command, *database, requests, existing));
  return TablesAnswer(*commit.state, command.List("tables"));
}

Result<CommandResult> CreateTablesCommand(const Command& command, CommandContext& context) {
  return CreateMany(command, context, Existing::kKeep);
}
Result<CommandResult> CreateMergeTables(const Command& command, CommandContext& context) {
  return CreateMany(command, context, Existing::kMerge);
}

// Everything but data, update policy, mappings and principals.
TableMeta BasedOn(const TableMeta& source, std::string id, const std::string& name) {
  TableMeta meta = source;
  meta.id = std::move(id);
  meta.name = name;
  meta.docstring = "Created based on " + source.name;
  meta.policies.erase("update");
  meta.mappings.clear();
  meta.principals.clear();
  return meta;
}

Result<CommandResult> CreateTableBasedOn(const Command& command, CommandContext& context) {
  KC_TRY(command.RefuseOtherProperties(TableProperties()));
  const std::string& name = command.Text("T");
  KC_TRY(CheckEntityName("Table", name));
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Database("T")));
  const std::string id = database->NewGuid();
  KC_ASSIGN(const CommitInfo commit, database->Commit([&](const DatabaseState& state,
                                                          TransactionBuilder& builder) -> Status {
    const TablePtr source = state.FindTable(command.Text("source"));
    if (!source) return NotFound("Table", command.Text("source"));
    if (state.FindTable(name)) {
      if (command.Has("ifnotexists")) return {};
      return AlreadyExists("Table", name);
    }
    TableMeta meta = BasedOn(*source->meta, id, name);
    meta.created_ticks = builder.ticks();
    TakeProperties(command, meta);
    builder.SetEvent("CREATE-TABLE", name);
    return builder.PutTable(std::move(meta));
  }));
  return TableAnswer(*commit.state->FindTable(name)->meta, commit.state->name());
}

// The command's columns in its order; those that aren't named go, with their data.
Status ReplaceColumns(const std::vector<ColumnSchema>& columns, TableMeta& table) {
  std::vector<Column> result;
  TableMeta scratch = table;
  KC_TRY(MergeColumns(columns, scratch));
  for (const ColumnSchema& column : columns) result.push_back(*scratch.FindColumn(column.name));
  scratch.columns = std::move(result);
  table = std::move(scratch);
  return {};
}

Result<CommandResult> Alter(const Command& command, CommandContext& context, bool merge) {
  KC_TRY(command.RefuseOtherProperties(TableProperties()));
  KC_TRY(CheckColumns(command.Columns("columns")));
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "ALTER-TABLE", [&](TableMeta& meta) -> Status {
              if (merge) {
                KC_TRY(MergeColumns(command.Columns("columns"), meta));
              } else {
                KC_TRY(ReplaceColumns(command.Columns("columns"), meta));
              }
              TakeProperties(command, meta);
              return {};
            }));
  return TableAnswer(table, target.state->name());
}

Result<CommandResult> AlterTable(const Command& command, CommandContext& context) {
  return Alter(command, context, false);
}
Result<CommandResult> AlterMergeTable(const Command& command, CommandContext& context) {
  return Alter(command, context, true);
}

Result<CommandResult> AlterDocString(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const TableMeta table, ChangeTable(target, "ALTER-TABLE", [&](TableMeta& meta) {
              meta.docstring = command.Text("text");
              return Status();
            }));
  return TableAnswer(table, target.state->name());
}

Result<CommandResult> AlterFolder(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  KC_ASSIGN(const TableMeta table, ChangeTable(target, "ALTER-TABLE", [&](TableMeta& meta) {
              meta.folder = command.Text("text");
              return Status();
            }));
  return TableAnswer(table, target.state->name());
}

}  // namespace

void RegisterTableCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  add("TableCreate", ".create table <T:table> <columns:columns> [<with:with>]", CreateTable);
  add("TableCreateBasedOnAnother",
      ".create table <T:table> based-on <source:name> [ifnotexists] [<with:with>]",
      CreateTableBasedOn);
  add("TablesCreate", ".create tables <tables:tabledefs> [<with:with>]", CreateTablesCommand);
  add("TableCreateMerge", ".create-merge table <T:table> <columns:columns> [<with:with>]",
      CreateMergeTable);
  add("TablesCreateMerge", ".create-merge tables <tables:tabledefs> [<with:with>]",
      CreateMergeTables);
  add("TableAlter", ".alter table <T:table> <columns:columns> [<with:with>]", AlterTable);
  add("TableAlterMerge", ".alter-merge table <T:table> <columns:columns> [<with:with>]",
      AlterMergeTable);
  add("TableAlterDocString", ".alter table <T:table> docstring <text:string>", AlterDocString);
  add("TableAlterFolder", ".alter table <T:table> folder <text:string>", AlterFolder);
}

}  // namespace kc::local
