// Makes loaded files part of a table, in one transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/database.h"
#include "local/ingest/target.h"

namespace kc::local {

// Rows that an update policy made of the new ones, for another table.
struct DerivedData {
  std::string table_id;
  std::vector<ExtentFilePtr> files;
  bool propagate = false;  // tags and creation time of the source (PropagateIngestionProperties)
};

struct Publication {
  DatabasePtr database;
  std::string table_id;
  // Created, or its columns changed, by the same transaction.
  std::optional<TableMeta> put_table;
  // The columns that put_table was derived from; kRedo if the table has others by now.
  std::vector<Column> base_columns;
  bool must_not_exist =
      false;  // kStop, "BadRequest_EntityAlreadyExists", if put_table's name is taken
  std::vector<ExtentFilePtr> files;
  std::vector<std::string> tags;
  int64_t creation_ticks = 0;  // 0: the transaction's time
  // Nothing happens if the table has an extent ingested by one of these names.
  std::vector<std::string> ingest_if_not_exists;
  bool replace_all = false;  // the table's present extents go
  // Tables whose present extents go too (targets of update policies at .set-or-replace).
  std::vector<std::string> replaced_derived;
  std::vector<DerivedData> derived;
  std::string event = "ADD-EXTENTS";
};

struct Published {
  bool skipped = false;                 // because of ingest_if_not_exists
  std::vector<std::string> extent_ids;  // parallel to the publication's files
  StatePtr state;                       // just after
};

Result<Published> Publish(const Publication& publication);

// Would ingest_if_not_exists skip this ingestion?
bool AlreadyIngested(const Table& table, const std::vector<std::string>& names);

// kStop, "BadRequest_CreationTimeEarlierThanSoftDeletePeriod".
Status CheckCreationTime(const DatabaseState& state, const TableMeta& table, int64_t creation_ticks,
                         int64_t now_ticks);

}  // namespace kc::local
