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

Result<PreparedQuery> PrepareQuery(Cluster& cluster, Operations& operations, QueryScope scope,
                                   const RequestOptions& request, const std::string& text,
                                   world::CancelToken& cancel) {
  if (cancel.cancelled()) return Stop("The operation was cancelled", "Cancelled");
  scope.services = operations.query_services();
  PreparedQuery query;
  KC_ASSIGN(query.catalog, QueryCatalog::Create(cluster, std::move(scope)));
  engine::QueryRequest engine_request;
  engine_request.text = text;
  engine_request.cancel = &cancel;
  engine_request.max_rows = 0;
  engine_request.max_bytes = 0;
  engine_request.parameters.insert(request.parameters.begin(), request.parameters.end());
  KC_ASSIGN(query.select,
            cluster.engine()->Prepare(engine_request, *query.catalog, *query.catalog));
  return query;
}

QueryScope ScopeOf(const OperationRequest& request) {
  QueryScope scope;
  scope.database = request.database;
  scope.principal = request.principal;
  return scope;
}

InterruptOnCancel::InterruptOnCancel(world::CancelToken& cancel, engine::Connection& connection)
    : cancel_(cancel), subscription_(cancel.Subscribe([&connection] { connection.Interrupt(); })) {}

InterruptOnCancel::~InterruptOnCancel() {
  cancel_.Unsubscribe(subscription_);
}

}  // namespace kc::local
