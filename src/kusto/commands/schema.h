// Texts of the commands about databases, tables, functions and policies, and readers of their
// answers. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kusto::commands {

struct TableSchema {
  std::string name;
  std::vector<ColumnSchema> columns;
  std::string folder;
  std::string docstring;
};

// ---- looking
std::string ShowVersion();
std::string ShowDatabases();                            // DatabaseName, PrettyName, DatabaseId? …
std::string ShowDatabase(const std::string& database);  // one row, with its id where told
// Of the request's database. Only what is read: ten thousand tables' policies are 64 MB.
std::string ShowTablesDetails();
std::string ShowTableDetails(const std::string& table);
std::string ShowTables();
std::string ShowDatabaseSchema(const std::string& database);  // as json
std::string ShowTableSchema(const std::string& table);        // as json
std::string ShowCapacity();
std::string ShowFunctions();
std::string ShowMaterializedViews();
std::string ShowTablePolicy(const std::string& table, const std::string& policy);
std::string ShowAllTablesPolicy(const std::string& policy);  // `.show table * policy …`
std::string ShowDatabasePolicy(const std::string& database, const std::string& policy);
// `.alter column … policy encoding …` lines among others, one per row.
std::string ShowSchemaScript(const std::string& database);
std::string ShowIngestionFailures(const std::string& operation_id);

struct TableDetails {
  std::string name, folder, docstring, table_id;
  int64_t rows = 0;
  int64_t extents = 0;
  double original_bytes = 0;
};
// Of .show table(s) details. The statistics may be 15 minutes old.
Result<std::vector<TableDetails>> ReadTableDetails(const ValueTable& table);
// Of .show database D schema as json: all tables, sorted by name.
Result<std::vector<TableSchema>> ReadDatabaseSchema(const ValueTable& table);
// Of .show table T schema as json.
Result<TableSchema> ReadTableSchema(const ValueTable& table);
struct DatabaseInfo {
  std::string name, pretty_name, id;
};
Result<std::vector<DatabaseInfo>> ReadDatabases(const ValueTable& table);
// The policy's JSON text, "" if none is set ("null").
Result<std::string> ReadPolicy(const ValueTable& table);
// EntityName's table → policy JSON, of `.show table * policy …`; tables without one are left out.
Result<std::map<std::string, std::string>> ReadTablePolicies(const ValueTable& table);
struct Capacity {
  int64_t queries = 0, exports = 0, ingestions = 0;  // 0: not told
};
Result<Capacity> ReadCapacity(const ValueTable& table);

// ---- changing
std::string CreateDatabase(const std::string& database);
std::string CreateTable(const TableSchema& table);
std::string CreateMergeTable(const TableSchema& table);
// Columns, folder, docstring and policies of another table.
std::string CreateTableBasedOn(const std::string& table, const std::string& other);
// `.execute database script`: one request for several commands of one line each. It may succeed as
// a request with commands that failed: look at what they made.
std::string ExecuteScript(const std::vector<std::string>& lines);
std::string DropTable(const std::string& table);                 // ifexists
std::string DropTables(const std::vector<std::string>& tables);  // ifexists
// Told to the user, never sent: both lose the column's values.
std::string AlterColumnType(const std::string& table, const std::string& column, ScalarType type);
std::string DropColumn(const std::string& table, const std::string& column);
std::string AlterColumnEncoding(const std::string& table, const std::string& column,
                                const std::string& type);

// Protocol F15: what a staging table gets so that nothing is inherited from the database, one
// command per line of the result, and what reading back must give.
struct StagingPolicy {
  std::string policy;  // "retention", "merge", …
  std::string set;     // the command that sets it
  std::string show;    // the command that reads it back
  std::string json;    // what must be read back: members given here must be equal, others are free
};
std::vector<StagingPolicy> StagingPolicies(const std::string& table);
// Does `shown` (the Policy cell) hold what the policy asks? The error names the difference.
Status CheckStagingPolicy(const StagingPolicy& policy, const std::string& shown);

// KC_Status() over the checkpoint's files, each address with credentials. Columns: Level,
// IterationId, EndCursor, TableName, BlockId, State, Created, Updated, Details.
// `create_only`: fails if the function exists (protocol F40), else replaces it.
struct StatusFunction {
  std::string name = "KC_Status";
  std::string copy_id;  // kept in the docstring: "kusto-copy <id>"
  std::vector<std::string> files;
  bool create_only = false;
};
// `columns`: of the CSV records, in order; `body_tail`: operators after externaldata, may be empty.
std::string CreateStatusFunction(const StatusFunction& function,
                                 const std::vector<ColumnSchema>& columns,
                                 const std::string& body_tail);
std::string DropFunction(const std::string& name);
struct FunctionInfo {
  std::string name, parameters, body, folder, docstring;
};
Result<std::vector<FunctionInfo>> ReadFunctions(const ValueTable& table);

}  // namespace kc::kusto::commands
