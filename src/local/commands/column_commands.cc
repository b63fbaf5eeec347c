// Columns: renaming, dropping, changing types and docstrings.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "local/commands/handlers.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

// T.c or db.T.c
struct ColumnPath {
  std::string database;
  std::string table;
  std::string column;
};

Result<ColumnPath> PathOf(const std::vector<std::string>& parts) {
  if (parts.size() == 2) return ColumnPath{"", parts[0], parts[1]};
  if (parts.size() == 3) return ColumnPath{parts[0], parts[1], parts[2]};
  return BadRequest("A column is named by its table: Table.Column");
}

Result<TableTarget> FindTarget(const CommandContext& context, const ColumnPath& path) {
  TableTarget target;
  KC_ASSIGN(target.database, TargetDatabase(context, path.database));
  target.state = target.database->state();
  target.table = target.state->FindTable(path.table);
  if (!target.table) return NotFound("Table", path.table);
  return target;
}

Result<Column*> FindColumn(TableMeta& table, const std::string& name) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  if (found == table.columns.end()) return NotFound("Column", table.name + "." + name);
  return &*found;
}

struct ColumnRename {
  ColumnPath path;
  std::string to;
};

// All columns of one table at once, so that names can be swapped.
Result<CommandResult> RenameIn(const CommandContext& context,
                               const std::vector<ColumnRename>& renames) {
  KC_ASSIGN(const TableTarget target, FindTarget(context, renames.front().path));
  for (const ColumnRename& rename : renames) {
    KC_TRY(CheckEntityName("Column", rename.to));
    if (rename.path.table != renames.front().path.table) {
      return BadRequest("The columns of one .rename columns command must be of one table");
    }
  }
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "RENAME-COLUMN", [&](TableMeta& meta) -> Status {
              const TableMeta before = meta;
              for (const ColumnRename& rename : renames) {
                const Column* old = before.FindColumn(rename.path.column);
                if (old == nullptr) return NotFound("Column", meta.name + "." + rename.path.column);
                for (Column& column : meta.columns) {
                  if (column.id == old->id) column.name = rename.to;
                }
              }
              std::vector<ColumnSchema> columns;
              for (const Column& column : meta.columns)
                columns.push_back({column.name, column.type});
              return CheckColumns(columns);
            }));
  std::vector<std::vector<Value>> rows;
  for (const ColumnRename& rename : renames) {
    const Column* column = table.FindColumn(rename.to);
    KC_ASSERT(column != nullptr);
    rows.push_back({rename.to, DotNetType(column->type), column->encoding_policy});
  }
  return OneTable(ParseColumns("EntityName:string DataType:string Policy:string"), std::move(rows));
}

Result<CommandResult> RenameColumn(const Command& command, CommandContext& context) {
  KC_ASSIGN(ColumnPath path, PathOf(command.List("C")));
  return RenameIn(context, {{std::move(path), command.Text("to")}});
}

Result<CommandResult> RenameColumns(const Command& command, CommandContext& context) {
  const std::vector<std::string>& pairs = command.List("pairs");
  std::vector<ColumnRename> renames;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    KC_ASSIGN(ColumnPath path, PathOf(Split(pairs[i + 1], kPathSeparator)));
    renames.push_back({std::move(path), pairs[i]});
  }
  return RenameIn(context, renames);
}

// Existing values become null: the column gets a new identity.
Result<CommandResult> AlterColumnType(const Command& command, CommandContext& context) {
  KC_ASSIGN(const ColumnPath path, PathOf(command.List("C")));
  const auto type = ParseScalarType(command.Text("type"));
  if (!type) return BadRequest("'" + command.Text("type") + "' is no scalar type");
  KC_ASSIGN(const TableTarget target, FindTarget(context, path));
  KC_TRY(ChangeTable(target, "ALTER-COLUMN", [&](TableMeta& meta) -> Status {
    KC_ASSIGN(Column * column, FindColumn(meta, path.column));
    if (column->type == *type) return {};
    column->type = *type;
    column->id = meta.next_column_id++;
    return {};
  }));
  return OneTable(ParseColumns("EntityName:string DataType:string Policy:string"),
                  {{path.column, DotNetType(*type), Text("")}});
}

Result<CommandResult> DropFrom(const TableTarget& target, const std::vector<std::string>& names,
                               bool if_exists) {
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "DROP-COLUMN", [&](TableMeta& meta) -> Status {
              for (const std::string& name : names) {
                auto column = FindColumn(meta, name);
                if (!column && if_exists) continue;
                KC_TRY(column);
                meta.columns.erase(meta.columns.begin() + (*column - meta.columns.data()));
              }
              if (meta.columns.empty()) return BadRequest("A table needs at least one column");
              return {};
            }));
  return TableAnswer(table, target.state->name());
}

Result<CommandResult> DropColumn(const Command& command, CommandContext& context) {
  KC_ASSIGN(const ColumnPath path, PathOf(command.List("C")));
  KC_ASSIGN(const TableTarget target, FindTarget(context, path));
  return DropFrom(target, {path.column}, command.Has("ifexists"));
}

Result<CommandResult> DropColumns(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  return DropFrom(target, command.List("names"), false);
}

Result<CommandResult> ColumnDocStrings(const Command& command, CommandContext& context,
                                       bool merge) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  const std::vector<std::string>& docs = command.List("docs");
  KC_ASSIGN(const TableMeta table,
            ChangeTable(target, "ALTER-TABLE-COLUMN-DOCSTRINGS", [&](TableMeta& meta) -> Status {
              if (!merge) {
                for (Column& column : meta.columns) column.docstring.clear();
              }
              for (size_t i = 0; i + 1 < docs.size(); i += 2) {
                KC_ASSIGN(Column * column, FindColumn(meta, docs[i]));
                column->docstring = docs[i + 1];
              }
              return {};
            }));
  return TableAnswer(table, target.state->name());
}

Result<CommandResult> AlterDocStrings(const Command& command, CommandContext& context) {
  return ColumnDocStrings(command, context, false);
}
Result<CommandResult> AlterMergeDocStrings(const Command& command, CommandContext& context) {
  return ColumnDocStrings(command, context, true);
}

}  // namespace

void RegisterColumnCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kWritesDatabase, std::move(handler)});
  };
  add("ColumnRename", ".rename column <C:path> to <to:name>", RenameColumn);
  add("ColumnsRename", ".rename columns <pairs:pairs>", RenameColumns);
  add("ColumnAlter", ".alter column <C:path> type = <type:name>", AlterColumnType);
  add("ColumnDrop", ".drop column <C:path> [ifexists]", DropColumn);
  add("TableColumnsDrop", ".drop table <T:table> columns (<names:names>)", DropColumns);
  add("TableAlterColumnDocStrings", ".alter table <T:table> column-docstrings <docs:docs>",
      AlterDocStrings);
  add("TableAlterMergeColumnDocStrings",
      ".alter-merge table <T:table> column-docstrings <docs:docs>", AlterMergeDocStrings);
}

}  // namespace kc::local
