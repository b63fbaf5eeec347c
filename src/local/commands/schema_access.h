// What the handlers of schema commands share: finding entities, describing tables, Kusto's errors.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "local/catalog/cluster.h"
#include "local/catalog/database.h"
#include "local/catalog/model.h"
#include "local/commands/command.h"

namespace kc::local {

// "TableName:string TotalRowCount:long" → columns. Aborts on a type that there is not.
std::vector<ColumnSchema> ParseColumns(std::string_view text);

// kStop, reason "BadRequest_EntityNotFound": "Entity ID 'T' of kind 'Table' was not found."
tl::unexpected<Error> NotFound(std::string_view kind, std::string_view name);
// kStop, reason "BadRequest_EntityAlreadyExists".
tl::unexpected<Error> AlreadyExists(std::string_view kind, std::string_view name);
tl::unexpected<Error> BadRequest(std::string message);

// The database named in the command, else the request's.
Result<DatabasePtr> TargetDatabase(const CommandContext& context, const std::string& named = {});
struct TableTarget {
  DatabasePtr database;
  StatePtr state;
  TablePtr table;
};
// The table of a `table` capture.
Result<TableTarget> TargetTable(const Command& command, const CommandContext& context,
                                std::string_view capture = "T");

// Letters, digits, '_', ' ', '.', '-' and all beyond ASCII; 1 to 1024 characters.
Status CheckEntityName(std::string_view kind, std::string_view name);
// Names checked, at least one column, no name twice.
Status CheckColumns(const std::vector<ColumnSchema>& columns);

// "System.String" …
std::string DotNetType(ScalarType type);
// {"Name":…,"OrderedColumns":[…],"Folder":…,"DocString":…}
OrderedJson TableSchemaJson(const TableMeta& table);
// "a:string, ['b c']:long"
std::string CslSchema(const TableMeta& table);

// Runs one change of one table's metadata: reads the newest state, so that changes never overwrite
// each other. Returns the table as it became.
Result<TableMeta> ChangeTable(const TableTarget& target, const char* event,
                              const std::function<Status(TableMeta&)>& change);

// TableName, Schema (JSON), DatabaseName, Folder, DocString: what commands on one table answer.
CommandResult TableAnswer(const TableMeta& table, const std::string& database);
// TableName, DatabaseName, Folder, DocString of some tables.
CommandResult TablesAnswer(const DatabaseState& state, const std::vector<std::string>& names);
// Value helpers.
inline Value Text(std::string text) {
  return Value(std::move(text));
}

}  // namespace kc::local
