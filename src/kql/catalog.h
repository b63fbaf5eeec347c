// What the binder asks of the world: the names a query may use and what they stand for. Implemented
// by src/local over a snapshot of its databases, and by tests over tables in memory.
//
// One Catalog object serves one query: it is used by one thread at a time, and its answers must not
// change during its life (a snapshot), so that a table read twice in a query is the same table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kql {

enum class TableKind { kTable, kMaterializedView, kExternalTable };

// A table as a query sees it. Immutable and shared: the bound plan keeps it, and so does whoever
// reads it. Derive from it to carry what the table provider needs (the snapshot, the extents); the
// provider gets the same object back.
struct TableInfo {
  virtual ~TableInfo() = default;
  TableKind kind = TableKind::kTable;
  std::string cluster;   // as the catalog names it; empty: this one
  std::string database;  // as it is spelt in the catalog
  std::string name;
  std::vector<ColumnSchema> columns;  // in order, names unique (case-sensitive)
  // False: ingestion_time(), cursor_after(), cursor_before_or_at() are refused (external tables).
  bool has_hidden_columns = true;
  // Row level security: a query text that stands for the table ("" = none). It may name the table
  // itself, which then means the plain table.
  std::string row_level_security;
};
using TablePtr = std::shared_ptr<const TableInfo>;

struct FunctionInfo {
  std::string database;  // where the names in the body are looked up
  std::string name;
  std::string parameters;  // with the parentheses: "(a:long, T:(x:string))"
  std::string body;        // with the braces: "{ T | count }"
};
using FunctionPtr = std::shared_ptr<const FunctionInfo>;

// Where a name is looked up. Empty fields: the current cluster / the current database.
struct DatabaseRef {
  std::string cluster;
  std::string database;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  // current_cluster_endpoint() and current_database(), as spelt in the catalog.
  virtual std::string CurrentCluster() const = 0;
  virtual std::string CurrentDatabase() const = 0;
  // current_principal(): "aaduser=…" or whatever the request was authenticated as; "" if unknown.
  virtual std::string CurrentPrincipal() const { return ""; }

  // Finds the entity. A null pointer means that there is no such table; an error means that the
  // database or cluster isn't there, access is refused, or it could not be asked. For a table of
  // another cluster the implementation fetches at least the schema here.
  virtual Result<TablePtr> FindTable(const DatabaseRef& where, std::string_view name,
                                     TableKind kind) = 0;
  virtual Result<FunctionPtr> FindFunction(const DatabaseRef& where, std::string_view name) = 0;
  // Names of tables and materialized views that match a pattern in which only '*' is special,
  // sorted by name: `union T*`, `search in (T*)`, `find`. Case-sensitive.
  virtual Result<std::vector<std::string>> ListTables(const DatabaseRef& where,
                                                      std::string_view pattern) = 0;
  // Databases whose name matches (database('x*').T). Sorted.
  virtual Result<std::vector<std::string>> ListDatabases(const std::string& cluster,
                                                         std::string_view pattern) = 0;

  // cursor_current() of a database: the text that clients get.
  virtual Result<std::string> CursorCurrent(const DatabaseRef& where) = 0;
  // The position that a cursor's text means: rows with $cursor > position come after it. The empty
  // text is before all rows. kStop if it is no cursor of that database.
  virtual Result<int64_t> DecodeCursor(const DatabaseRef& where, std::string_view cursor) = 0;

  // evaluate execute_show_command("<cluster uri>[/<database>]", ".show …"): runs the command there.
  virtual Result<ValueTable> ExecuteShowCommand(std::string_view connection,
                                                std::string_view command) = 0;
  // externaldata(): reads the documents and gives rows of the declared columns. `properties` are
  // the with(...) pairs (format, ignoreFirstRow, …) as texts.
  virtual Result<ValueTable> ReadExternalData(
      const std::vector<ColumnSchema>& columns, const std::vector<std::string>& uris,
      const std::vector<std::pair<std::string, std::string>>& properties) = 0;
};

}  // namespace kc::kql
