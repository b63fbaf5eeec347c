// Builds one transaction: each call changes the state that the transaction sees and is recorded as
// an operation of its journal object. Nothing is visible to others before Database::Commit returns.
// Not thread-safe; lives only during the function given to Database::Commit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/catalog/model.h"
#include "local/catalog/state_editor.h"

namespace kc::local {

// A file of rows that is to become an extent.
struct NewExtent {
  std::string id;  // fresh GUID
  ExtentFilePtr file;
  int64_t created_ticks = 0;      // 0: the transaction's time
  int64_t min_created_ticks = 0;  // 0: as created_ticks (merges give both)
  std::vector<std::string> tags;
  // Rows get the transaction's time as ingestion time, unless the table's policy is off. Merges
  // give the row's own times instead:
  bool keep_times = false;  // the following hold
  bool row_times = false;
  int64_t min_ingested = 0;
  int64_t max_ingested = 0;
  std::shared_ptr<const ColumnIdMap> column_map;
};

struct ExtentMove {
  std::string old_id;
  std::string new_id;  // fresh GUID
};

class TransactionBuilder {
 public:
  TransactionBuilder(const DatabaseState& base, int64_t ticks);
  TransactionBuilder(const TransactionBuilder&) = delete;
  TransactionBuilder& operator=(const TransactionBuilder&) = delete;

  // The base state with what was done so far.
  const DatabaseState& state() const { return state_; }
  // The time of this transaction: the ingestion time of the rows that it adds.
  int64_t ticks() const { return ticks_; }

  // Creates or replaces all metadata of the table with that id. kStop if the name is taken by
  // another table (drop or rename that one first; for swaps use PutTables, which checks at the
  // end).
  Status PutTable(TableMeta table);
  Status PutTables(std::vector<TableMeta> tables);
  // With its extents. kStop if there is no such table.
  Status DropTable(std::string_view table_id);
  void PutFunction(StoredFunction function);
  bool DropFunction(std::string_view name);  // whether it was there
  void PutDatabase(DatabaseMeta database);   // the id must stay
  // The database is gone: no further transaction will be accepted.
  void DropDatabase();

  Status AddExtents(std::string_view table_id, std::vector<NewExtent> extents);
  // kStop, reason "ExtentNotFound", and no change if one of them isn't in the table.
  Status RemoveExtents(std::string_view table_id, const std::vector<std::string>& extent_ids);
  // All or nothing, metadata only: new extents over the same files. Fails like RemoveExtents; also
  // (reason "SchemaMismatch") if a column of `from` has no namesake of the same type in `to`. With
  // new_ingestion_time the rows get this transaction's time (none if the policy of `to` is off).
  Status MoveExtents(std::string_view from_table_id, std::string_view to_table_id,
                     const std::vector<ExtentMove>& moves, bool new_ingestion_time);
  // Other tags, under a new id.
  Status RetagExtent(std::string_view table_id, const ExtentMove& extent,
                     std::vector<std::string> tags);

  // What `.show database journal` calls this transaction: "CREATE-TABLE", "ADD-EXTENTS" …
  void SetEvent(std::string event, std::string entity = {});

  // For Database: the recorded operations as JSON lines, without the transaction's header.
  const std::string& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }
  const std::string& event() const { return event_; }
  const std::string& entity() const { return entity_; }
  DatabaseState TakeState() { return state_; }

 private:
  void Record(const std::string& line);
  Status AddAll(std::string_view table_id, const std::vector<ExtentPtr>& extents);

  const int64_t ticks_;
  DatabaseState state_;
  StateEditor editor_;
  std::string operations_;
  std::string event_;
  std::string entity_;
};

}  // namespace kc::local
