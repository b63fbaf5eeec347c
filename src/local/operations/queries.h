// Queries that are parts of commands: `<| query`.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "engine/engine.h"
#include "local/catalog/cluster.h"
#include "local/commands/query_session.h"
#include "local/operations/operations.h"
#include "world/cancel.h"

namespace kc::local {

// A query that is bound and may be run, wrapped into another statement. Movable.
struct PreparedQuery {
  QuerySession session;  // what the query's tables live in
  engine::PreparedSelect select;
};
// In a session of its own on that database. `cancel` must outlive the query.
Result<PreparedQuery> PrepareQuery(Cluster& cluster, Operations& operations,
                                   const std::string& database, const RequestOptions& request,
                                   const std::string& text, world::CancelToken& cancel);
Result<PreparedQuery> PrepareIn(Cluster& cluster, QuerySession session,
                                const RequestOptions& request, const std::string& text,
                                world::CancelToken& cancel);

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
