// What a query needs of the catalog: a snapshot of names and the tables' data. One per query.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "local/catalog/query_catalog.h"
#include "local/commands/command.h"

namespace kc::local {

struct QuerySession {
  std::shared_ptr<void> keep_alive;  // what the catalog uses
  std::unique_ptr<QueryCatalog> catalog;
};

// Runs a command text for execute_show_command on this cluster, in `database`.
using RunShowCommand =
    std::function<Result<ValueTable>(const std::string& database, std::string_view command)>;

// Opens a session on a database of the cluster; kStop, reason "BadRequest_DatabaseNotExist", if
// there is none of that name. Safe from any thread.
using OpenQuerySession = std::function<Result<QuerySession>(
    const std::string& database, const RequestOptions& request, RunShowCommand run_command)>;

}  // namespace kc::local
