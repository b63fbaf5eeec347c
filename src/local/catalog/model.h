// What a database of kusto-local is at one instant: immutable values that share what they have in
// common, so that any thread may keep and read one for as long as it likes. Changed only by
// transactions (transaction.h, database.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/scalar.h"
#include "local/catalog/persistent_map.h"

namespace kc::local {

// Name of a policy ("retention", "ingestiontime" …, lower case) → its JSON text. Absent: not set.
using PolicyMap = std::map<std::string, std::string, std::less<>>;

struct Column {
  // Stable for the life of the column (renames keep it), never used again in its table. The column
  // is called c<id> in extents' files (FileColumnName).
  int id = 0;
  std::string name;
  ScalarType type = ScalarType::kString;
  std::string docstring;
  // JSON of the column's encoding policy; "" if not set.
  std::string encoding_policy;
  bool operator==(const Column&) const = default;
};
std::string FileColumnName(int column_id);

struct IngestionMapping {
  std::string kind;  // lower case: csv, json, avro, parquet, orc, w3clogfile
  std::string name;
  std::string json;  // the mapping's text
  int64_t updated_ticks = 0;
  bool operator==(const IngestionMapping&) const = default;
};

struct Principal {
  std::string role;  // lower case, plural as in commands: admins, users, viewers, ingestors …
  std::string fqn;   // "aaduser=…;tenant"
  std::string display_name;
  std::string object_id;
  std::string type;  // "AAD User" …
  std::string notes;
  bool operator==(const Principal&) const = default;
};

// All of a table but its data.
struct TableMeta {
  std::string id;  // GUID, stable: renames keep it
  std::string name;
  std::string folder;
  std::string docstring;
  std::vector<Column> columns;  // in order; names unique
  int next_column_id = 0;       // ids below it were used
  PolicyMap policies;
  std::vector<IngestionMapping> mappings;
  std::vector<Principal> principals;
  int64_t created_ticks = 0;

  const Column* FindColumn(std::string_view column_name) const;  // case-sensitive
  const Column* FindColumn(int column_id) const;
  const IngestionMapping* FindMapping(std::string_view kind, std::string_view name) const;
  // Appends a column with the next id.
  Column& AddColumn(std::string column_name, ScalarType type);
  bool operator==(const TableMeta&) const = default;
};
// A table as `.create table` makes it: columns numbered from 0, ingestion time policy on.
TableMeta NewTable(std::string id, std::string name, const std::vector<ColumnSchema>& columns);

// Smallest and largest value of a long or datetime column in a file; absent if all are null.
struct ColumnRange {
  int column_id = 0;  // the file's
  int64_t min = 0;
  int64_t max = 0;
  bool operator==(const ColumnRange&) const = default;
};

// A Parquet file of rows; the bytes never change. Several extents may stand on one file (moves make
// a new extent over the same file). The file is deleted after the last ExtentFile object that names
// it is gone, so whoever holds one (a state, a running query) may read it.
struct ExtentFile {
  std::string key;  // the file's name in the database's extents folder
  int64_t rows = 0;
  int64_t bytes = 0;            // of the file
  int64_t index_bytes = 0;      // of the file's footer
  int64_t original_bytes = 0;   // of the data as it came in, uncompressed
  std::vector<int> column_ids;  // columns c<id> present in the file
  // The file has the column kRowTimeColumn: each row's own ingestion ticks or null (after merges).
  bool has_row_times = false;
  std::vector<ColumnRange> ranges;
  // Tells the store, when destroyed, that the file is not needed any more; may be null.
  std::shared_ptr<void> lifetime;
};
using ExtentFilePtr = std::shared_ptr<const ExtentFile>;
// BIGINT, nullable.
inline constexpr std::string_view kRowTimeColumn = "t";

// Table column id → the file's column id, where they differ (an extent moved between tables whose
// columns have different ids). Sorted by table column id; columns that aren't listed are not in the
// file.
using ColumnIdMap = std::vector<std::pair<int, int>>;

struct Extent {
  std::string id;  // GUID; new at each move, merge and change of tags
  ExtentFilePtr file;
  std::shared_ptr<const ColumnIdMap> column_map;  // null: the same ids
  // Kusto's creation time of the rows: retention and caching use the newest.
  int64_t min_created_ticks = 0;
  int64_t max_created_ticks = 0;
  std::vector<std::string> tags;
  // When the rows were ingested, which is also their position for cursors (see CursorText).
  //   row_times false  all rows have min_ingested == max_ingested; 0: they have no ingestion time
  //   row_times true   each row has its own, in the file; min/max over those that have one (0:
  //   none)
  bool row_times = false;
  int64_t min_ingested = 0;
  int64_t max_ingested = 0;

  bool undated() const { return max_ingested == 0; }
  // The file's column that holds a table's column; nothing if the extent lacks it (all null).
  std::optional<int> FileColumn(int table_column_id) const;
};
using ExtentPtr = std::shared_ptr<const Extent>;

struct Table {
  std::shared_ptr<const TableMeta> meta;  // never null
  // In the order in which they came: ordinal → extent. Ordinals mean nothing else.
  PersistentMap<uint64_t, ExtentPtr> extents;
  PersistentMap<std::string, uint64_t> extent_ordinals;  // by extent id
  // Sums over the extents.
  int64_t rows = 0;
  int64_t original_bytes = 0;
  int64_t bytes = 0;
  int64_t index_bytes = 0;

  const std::string& id() const { return meta->id; }
  const std::string& name() const { return meta->name; }
  ExtentPtr FindExtent(std::string_view extent_id) const;  // null if it isn't there
};
using TablePtr = std::shared_ptr<const Table>;

struct StoredFunction {
  std::string name;
  std::string parameters;  // with parentheses: "(a:long)"
  std::string body;        // with braces
  std::string folder;
  std::string docstring;
  bool view = false;
  bool skip_validation = false;
  bool operator==(const StoredFunction&) const = default;
};
using FunctionPtr = std::shared_ptr<const StoredFunction>;

// All of a database but its tables and functions.
struct DatabaseMeta {
  std::string id;    // GUID, stable
  std::string name;  // unique in the cluster, compared without case
  std::string pretty_name;
  PolicyMap policies;
  std::vector<IngestionMapping> mappings;
  std::vector<Principal> principals;
  int64_t created_ticks = 0;
  bool operator==(const DatabaseMeta&) const = default;
};

struct DatabaseState {
  std::shared_ptr<const DatabaseMeta> meta;
  PersistentMap<std::string, TablePtr> tables;          // by name
  PersistentMap<std::string, std::string> table_names;  // table id → name
  PersistentMap<std::string, FunctionPtr> functions;    // by name
  bool dropped = false;

  uint64_t sequence = 0;        // of the last transaction; each has the next one
  int64_t last_ticks = 0;       // its time; strictly increasing
  int64_t cursor_position = 0;  // ingestion time of the newest transaction that brought data
  uint64_t version = 0;         // counts changes of anything but data
  uint64_t next_ordinal = 1;    // for Table::extents
  uint64_t extent_count = 0;

  const std::string& name() const { return meta->name; }
  TablePtr FindTable(std::string_view name) const;  // case-sensitive; null if it isn't there
  TablePtr FindTableById(std::string_view id) const;
  FunctionPtr FindFunction(std::string_view name) const;
  // "v1.17": the minor number is `version`.
  std::string VersionText() const;
};
using StatePtr = std::shared_ptr<const DatabaseState>;

// What clients get as cursor: looks like .NET ticks, means a position of that database only. It is
// deliberately not the ingestion time, so that nobody mistakes one for the other unpunished.
std::string CursorText(const DatabaseMeta& database, int64_t position);
// "" → 0, before all rows. Nothing if it is not a cursor.
std::optional<int64_t> CursorPosition(const DatabaseMeta& database, std::string_view text);

// The policy that holds for a table: its own, else the database's, else nothing.
std::optional<std::string> EffectivePolicy(const DatabaseState& state, const TableMeta& table,
                                           std::string_view policy);
// Do rows that are ingested now get an ingestion time?
bool IngestionTimeEnabled(const TableMeta& table);

}  // namespace kc::local
