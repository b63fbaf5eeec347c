// What the parts of the simulated cluster share. Each takes a text and answers; nothing here waits.
#pragma once

#include <string>
#include <vector>

#include "cluster.h"

namespace kc::sim {

using kusto::Answer;
using Cells = std::vector<Value>;

Answer MakeAnswer(std::vector<ColumnSchema> columns, std::vector<Cells> rows = {});
tl::unexpected<Error> SyntaxError(std::string_view text);
tl::unexpected<Error> NoTable(const std::string& name);

// cluster_query.cc
Result<Answer> RunQuery(Cluster& cluster, std::string_view text);
// Is the row one of the selection?
struct Selection;
bool Takes(const Selection& selection, const Table& table, const Extent& extent, const Row& row);
// The hash kc_h of a row over some columns of its table.
uint64_t RowHash(const Table& table, const std::vector<std::string>& names, const Row& row);
Status CheckColumns(const Table& table, const std::vector<std::string>& names);

// cluster_show.cc
Result<Answer> RunShow(Cluster& cluster, std::string_view text);

// cluster_operations.cc: the cells of an exported file, by its address with a grant.
Result<std::vector<std::vector<std::string>>> ReadCells(Cluster& cluster,
                                                        const std::string& address);

// cluster_command.cc: what commits at one moment. `bound`: names to table ids, as they were when
// the command was accepted; empty: by name.
using Bound = std::map<std::string, std::string>;
Result<Answer> RunCommand(Cluster& cluster, const ServerRequest& request, const Bound& bound);
// cluster_operations.cc: `.export async` and `.ingest async`, which go on after the answer.
Result<Answer> StartOperation(Cluster& cluster, const ServerRequest& request, const Bound& bound);
Table* Resolve(Cluster& cluster, const std::string& name, const Bound& bound);

}  // namespace kc::sim
