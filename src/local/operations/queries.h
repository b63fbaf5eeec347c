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
// `cancel` must outlive the query.
Result<PreparedQuery> PrepareIn(Cluster& cluster, QuerySession session,
                                const RequestOptions& request, const std::string& text,
                                world::CancelToken& cancel);

// What a command that works on a query's rows keeps of its request, maybe longer than that lives. A
// value; cluster and operations must outlive it.
struct QueryJob {
  QueryJob(std::string kind, Resource resource, const Command& command,
           const CommandContext& context);
  // The query, in a session of its own on the request's database. `cancel` must outlive the result.
  Result<PreparedQuery> Prepare(world::CancelToken& cancel) const { return Prepare(query, cancel); }
  // The same with the query in another wording.
  Result<PreparedQuery> Prepare(const std::string& text, world::CancelToken& cancel) const;

  Cluster* cluster = nullptr;
  Operations* operations = nullptr;
  OperationRequest request;
  RequestOptions options;
  std::string query;  // what was captured as "query"
};

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
