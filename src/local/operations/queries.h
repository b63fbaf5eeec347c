// Queries that are parts of commands: `<| query`.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "engine/engine.h"
#include "local/catalog/cluster.h"
#include "local/catalog/query_catalog.h"
#include "local/operations/operations.h"
#include "world/cancel.h"

namespace kc::local {

// A query that is bound and may be run, wrapped into another statement. Movable.
struct PreparedQuery {
  std::unique_ptr<QueryCatalog> catalog;  // what the query's tables live in
  engine::PreparedSelect select;
};
// `scope.services` is set here. `cancel` must outlive the query.
Result<PreparedQuery> PrepareQuery(Cluster& cluster, Operations& operations, QueryScope scope,
                                   const RequestOptions& request, const std::string& text,
                                   world::CancelToken& cancel);

// The scope of a command's query: its database and who sent it.
QueryScope ScopeOf(const OperationRequest& request);

// While it lives, cancelling the token interrupts what the connection runs.
class InterruptOnCancel {
 public:
  InterruptOnCancel(world::CancelToken& cancel, engine::Connection& connection);
  ~InterruptOnCancel();
  InterruptOnCancel(const InterruptOnCancel&) = delete;
  InterruptOnCancel& operator=(const InterruptOnCancel&) = delete;

 private:
  world::CancelToken& cancel_;
  int subscription_;
};

// ", "-separated "name:type", for messages.
std::string SchemaText(const std::vector<ColumnSchema>& columns);

}  // namespace kc::local
