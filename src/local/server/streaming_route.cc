#include "local/server/streaming_route.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "local/ingest/streaming.h"
#include "local/server/answer_sink.h"
#include "local/server/answers.h"

namespace kc::local {
namespace {

constexpr std::string_view kPrefix = "/v1/rest/ingest/";

// Names of parameters are compared without case.
std::string Parameter(const http::ServerRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

void Handle(Cluster& cluster, Operations& operations, world::Clock& clock,
            const http::ServerRequest& request, const RequestOptions& options,
            http::ResponseWriter& writer) {
  StreamRequest stream;
  std::string rest = request.path.substr(kPrefix.size());
  size_t slash = rest.find('/');
  stream.database = rest.substr(0, slash);
  stream.table = slash == std::string::npos ? "" : rest.substr(slash + 1);
  stream.format = Parameter(request, "streamFormat");
  stream.mapping_name = Parameter(request, "mappingName");
  stream.from_uri = EqualsIgnoreCase(Parameter(request, "sourceKind"), "uri");
  stream.body = request.body;
  std::string database = stream.database;
  const world::Duration started = clock.Monotonic();
  auto table = StreamIngest(cluster, operations, options, std::move(stream));
  if (!table) return SendError(table.error(), options, database, "", writer);
  RowSources sources;
  sources.push_back(RowsOf(*table));
  const AnswerContext context{.request = options, .clock = clock, .started = started};
  AnswerSink sink(writer);
  std::optional<Error> failure;
  Status status = WriteV1(sources, false, context, sink, failure);
  if (!status) return SendError(status.error(), options, database, "", writer);
  sink.Finish();
}

}  // namespace

Route StreamingRoute(Cluster& cluster, Operations& operations, world::Clock& clock) {
  Route route;
  route.method = "POST";
  route.prefix = std::string(kPrefix);
  route.handle = [&](const http::ServerRequest& request, const RequestOptions& options,
                     http::ResponseWriter& writer) {
    Handle(cluster, operations, clock, request, options, writer);
  };
  return route;
}

}  // namespace kc::local
