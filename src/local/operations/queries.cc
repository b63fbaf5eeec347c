#include "local/operations/queries.h"

#include <utility>

#include "engine/duck.h"

namespace kc::local {

std::string SchemaText(const std::vector<ColumnSchema>& columns) {
  std::string text;
  for (const ColumnSchema& column : columns) {
    if (!text.empty()) text += ", ";
    text += column.name + ":" + std::string(KustoName(column.type));
  }
  return text;
}

QueryJob::QueryJob(std::string kind, Resource resource, const Command& command,
                   const CommandContext& context)
    : cluster(&context.cluster),
      operations(context.operations),
      request(MakeOperation(std::move(kind), resource, context)),
      options(context.request),
      query(command.Text("query")) {}

Result<PreparedQuery> QueryJob::Prepare(const std::string& text, world::CancelToken& cancel) const {
  KC_ASSIGN(QuerySession session, operations->OpenSession(request.database, options));
  return PrepareIn(*cluster, std::move(session), options, text, cancel);
}

Result<PreparedQuery> PrepareIn(Cluster& cluster, QuerySession session,
                                const RequestOptions& request, const std::string& text,
                                world::CancelToken& cancel) {
  if (cancel.cancelled()) return Stop("The operation was cancelled", "Cancelled");
  PreparedQuery query;
  query.session = std::move(session);
  engine::QueryRequest engine_request;
  engine_request.text = text;
  engine_request.cancel = &cancel;
  engine_request.max_rows = 0;
  engine_request.max_bytes = 0;
  engine_request.parameters.insert(request.parameters.begin(), request.parameters.end());
  KC_ASSIGN(query.select, cluster.engine()->Prepare(engine_request, *query.session.catalog,
                                                    *query.session.catalog));
  return query;
}

InterruptOnCancel::InterruptOnCancel(world::CancelToken& cancel, engine::Connection& connection)
    : cancel_(cancel), subscription_(cancel.Subscribe([&connection] { connection.Interrupt(); })) {}

InterruptOnCancel::~InterruptOnCancel() {
  cancel_.Unsubscribe(subscription_);
}

}  // namespace kc::local
