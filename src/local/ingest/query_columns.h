// The columns of a query's result, made fit for a table's files.
#pragma once

#include <string>
#include <vector>

#include "local/catalog/model.h"
#include "local/ingest/row_builder.h"

namespace kc::local {

// "SELECT … FROM (<sql>)": the result's columns o0, o1 … by position as c<id> of `columns`, with
// Kusto's limits of values: longer strings are cut, larger dynamics null.
std::string SelectForTable(const std::string& sql, const std::vector<Column>& columns,
                           const std::vector<TargetColumn>& target);

}  // namespace kc::local
