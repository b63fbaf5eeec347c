// Update policies: queries that make rows for other tables out of newly ingested ones.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "local/catalog/cluster.h"
#include "local/ingest/publish.h"
#include "local/operations/operations.h"

namespace kc::local {

// Rows for all tables whose enabled update policies name the publication's table as their source
// (also by wildcard), and those that follow from these in turn, made from the publication's files
// alone; the table must be committed. A policy that fails: the error if it is transactional, else
// it is logged as an ingestion failure and left out.
Result<std::vector<DerivedData>> DeriveRows(Cluster& cluster, Operations& operations,
                                            const OperationRequest& request,
                                            const OperationContext& context,
                                            const Publication& publication);

// The same for extents of that table's columns, committed or not (of a move into it, for instance).
Result<std::vector<DerivedData>> DeriveFrom(Cluster& cluster, Operations& operations,
                                            const OperationRequest& request,
                                            const OperationContext& context,
                                            const DatabasePtr& database,
                                            const std::string& table_id,
                                            const std::vector<ExtentPtr>& extents);

// Ids of the tables that derive rows from this one, directly.
std::vector<std::string> DerivedTables(const DatabaseState& state, const std::string& source_table);

}  // namespace kc::local
