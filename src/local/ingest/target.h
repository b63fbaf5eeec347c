// The table that an ingestion goes to, as it was when the ingestion began.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/catalog/database.h"
#include "local/ingest/mapping.h"
#include "local/ingest/properties.h"
#include "local/ingest/row_builder.h"

namespace kc::local {

struct IngestTarget {
  DatabasePtr database;
  StatePtr state;  // of that moment
  TablePtr table;

  const TableMeta& meta() const { return *table->meta; }
  std::vector<ColumnSchema> Schema() const;
  // With the limits that the columns' encoding policies set.
  std::vector<TargetColumn> Columns() const;
};

// kStop, "BadRequest_DatabaseNotExist" or "BadRequest_EntityNotFound", if there is no such table.
Result<IngestTarget> FindTarget(Cluster& cluster, const std::string& database,
                                const std::string& table);

// The mapping that the properties ask for, the table's or the database's if it is named, else by
// identity. Reasons "BadRequest_MappingReferenceWasNotFound", "BadRequest_InvalidMapping".
Result<std::vector<CellSource>> FindMapping(const IngestTarget& target,
                                            const IngestProperties& properties, DataFormat format);

}  // namespace kc::local
