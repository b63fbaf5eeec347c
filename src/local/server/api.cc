#include "local/server/api.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "local/server/answer_sink.h"
#include "local/server/answers.h"
#include "local/server/api_error.h"
#include "local/server/api_request.h"

namespace kc::local {
namespace {

// What Microsoft's clients ask first; recorded in the tests of azure-kusto-python.
constexpr std::string_view kAuthMetadata =
    R"({"AzureAD":{"LoginEndpoint":"https://login.microsoftonline.com","LoginMfaRequired":false,)"
    R"("KustoClientAppId":"db662dc1-0cfe-4e1c-a843-19a68e65be58",)"
    R"("KustoClientRedirectUri":"https://microsoft/kustoclient",)"
    R"("KustoServiceResourceId":"https://kusto.kusto.windows.net",)"
    R"("FirstPartyAuthorityUrl":)"
    R"("https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a"},)"
    R"("dSTS":{"CloudEndpointSuffix":"windows.net","DstsRealm":"realm://dsts.core.windows.net",)"
    R"("DstsInstance":"prod-dsts.dsts.core.windows.net","KustoDnsHostName":"kusto.windows.net",)"
    R"("ServiceName":"kusto"}})";

constexpr std::string_view kInfoPage =
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>kusto-local</title>"
    "</head><body><h1>kusto-local</h1><p>A Kusto-compatible cluster on this machine. Connect a "
    "Kusto client to this address.</p><ul><li>POST /v2/rest/query, /v1/rest/query</li>"
    "<li>POST /v1/rest/mgmt</li><li>GET /v1/rest/auth/metadata</li></ul></body></html>\n";

// The recorded text for a command that is sent to the v2 address.
constexpr std::string_view kNoCommandsInV2 =
    "Bad request: Control commands (starting with a dot '.') do not support api_version=v2";

// The path without a database before it ("/db/v2/rest/query", as the Node client makes of a URL
// with a path); the database goes into `database`.
std::string_view RestPath(std::string_view path, std::string& database) {
  for (const std::string_view marker : {"/v1/rest/", "/v2/rest/"}) {
    const size_t at = path.find(marker);
    if (at == std::string_view::npos || at == 0) continue;
    database = std::string(path.substr(1, at - 1));
    return path.substr(at);
  }
  return path;
}

ErrorContext ContextOf(const RequestOptions& request, std::string database, std::string text,
                       int64_t now) {
  return {request.client_request_id, request.activity_id, std::move(database), std::move(text),
          now};
}

// A request that was interrupted: by whom?
Error TellInterruption(Error error, const world::CancelToken& cancel, bool late) {
  if (error.reason != "E_QUERY_CANCELLED" && error.reason != "Cancelled") return error;
  if (cancel.cancelled() && !late) {
    error.message = "The request was cancelled";
    error.reason = "Cancelled";
  } else {
    error.message = "Request execution has exceeded its time limit (80131505)";
    error.reason = "Timeout";
    error.code = ErrorCode::kRetry;
  }
  return error;
}

}  // namespace

void SendError(const Error& error, const RequestOptions& request, const std::string& database,
               const std::string& text, http::ResponseWriter& writer) {
  const ErrorContext context = ContextOf(request, database, text, world::SystemClock().NowTicks());
  if (error.retry_after_s) {
    writer.AddHeader("Retry-After", std::to_string(static_cast<int64_t>(*error.retry_after_s)));
  }
  writer.Send(HttpStatus(error), kJsonType, OneApiError(error, context));
}

// One request to a query or management address.
struct Api::Call {
  ApiRequest request;
  Form form = Form::kV1;
  http::ResponseWriter& writer;
  world::Duration started{};
  std::shared_ptr<world::CancelToken> cancel;
  DisconnectWatch::Watched* watched = nullptr;
  bool late = false;  // the time that a command may take is over
  Activities::Running running;
  std::optional<Error> failure;  // told inside the answer

  // Before the last bytes go out: the client's next request must not meet this one.
  void End(const Error* error) {
    if (error != nullptr) running.Fail(*error);
    running = Activities::Running();
  }
};

void Api::Handle(const http::ServerRequest& request, http::ResponseWriter& writer) {
  const RequestOptions headers = ReadHeaders(request, *parts_.random);
  writer.AddHeader("x-ms-client-request-id", headers.client_request_id);
  writer.AddHeader("x-ms-activity-id", headers.activity_id);
  Dispatch(request, headers, writer);
}

void Api::Dispatch(const http::ServerRequest& request, const RequestOptions& headers,
                   http::ResponseWriter& writer) {
  for (const Route& route : parts_.routes) {
    if (request.method == route.method && request.path.starts_with(route.prefix)) {
      route.handle(request, headers, writer);
      return;
    }
  }
  std::string database;
  const std::string_view path = RestPath(request.path, database);
  http::ServerRequest with_database = request;
  if (!database.empty()) with_database.query.emplace("db", database);
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (path == "/v1/rest/auth/metadata" && get) {
    writer.Send(200, kJsonType, kAuthMetadata);
  } else if (path == "/v1/rest/query" && (get || post)) {
    Execute(with_database, headers, Form::kV1, false, writer);
  } else if (path == "/v2/rest/query" && (get || post)) {
    Execute(with_database, headers, Form::kV2, false, writer);
  } else if (path == "/v1/rest/mgmt" && post) {
    Execute(with_database, headers, Form::kV1, true, writer);
  } else if (path == "/" && get) {
    writer.Send(200, "text/html; charset=utf-8", kInfoPage);
  } else if (path == "/v1/rest/ping" && get) {
    writer.Send(200, "text/plain", "Pong!");
  } else {
    Error error{ErrorCode::kStop, "There is nothing at " + request.method + " " + request.path,
                "RouteNotFound"};
    SendError(error, headers, "", "", writer);
  }
}

void Api::Execute(const http::ServerRequest& request, const RequestOptions& headers, Form form,
                  bool commands_only, http::ResponseWriter& writer) {
  auto api_request = ReadApiRequest(request, headers);
  if (!api_request) return SendError(api_request.error(), headers, "", "", writer);
  const bool is_command = IsCommandText(api_request->text);
  if (is_command && form == Form::kV2) {
    writer.Send(400, "text/plain; charset=utf-8", kNoCommandsInV2);
    return;
  }
  if (commands_only && !is_command) {
    Error error{ErrorCode::kStop,
                "Syntax error: a management command must start with a dot; send queries to "
                "/v2/rest/query",
                "BadRequest_SyntaxError"};
    return SendError(error, headers, api_request->database, api_request->text, writer);
  }
  Call call{.request = std::move(*api_request), .form = form, .writer = writer};
  call.started = parts_.clock->Monotonic();
  call.cancel = std::make_shared<world::CancelToken>();
  Status status;
  {
    DisconnectWatch::Watched watched(disconnects_, writer, call.cancel);
    call.watched = &watched;
    status = Run(call);
    call.late = watched.late();
  }
  if (!status) status = Fail(TellInterruption(std::move(status).error(), *call.cancel, call.late));
  if (!status) {
    LogDebug("{}: {}", call.request.options.client_request_id, status.error().message);
    call.End(&status.error());
    SendError(status.error(), call.request.options, call.request.database, call.request.text,
              writer);
  }
}

Status Api::Run(Call& call) {
  const bool is_command = IsCommandText(call.request.text);
  const RequestOptions& options = call.request.options;
  Activity activity;
  activity.is_command = is_command;
  activity.client_request_id = options.client_request_id;
  activity.activity_id = options.activity_id;
  activity.text = call.request.text;
  activity.database = call.request.database;
  activity.user = options.user;
  activity.application = options.application;
  activity.principal = options.principal;
  KC_ASSIGN(call.running, parts_.activities->Begin(std::move(activity), call.cancel));
  return is_command ? RunCommand(call) : RunQuery(call);
}

Status Api::RunCommand(Call& call) {
  // Queries keep their limit themselves; what a command starts asynchronously has none.
  KC_ASSIGN(const double seconds, RequestTimeout(call.request.options, true));
  call.watched->SetDeadline(call.started + std::chrono::duration_cast<world::Duration>(
                                               std::chrono::duration<double>(seconds)));
  KC_ASSIGN(CommandAnswer answer,
            parts_.runner->RunCommand(call.request.text, call.request.database,
                                      call.request.options, call.cancel, &call.running));
  if (answer.query) return Answer(call, *answer.query);
  RowSources sources;
  for (const ValueTable& table : answer.tables) sources.push_back(RowsOf(table));
  const AnswerContext context{
      .request = call.request.options, .clock = *parts_.clock, .started = call.started};
  AnswerSink sink(call.writer, &call.watched->mutex());
  KC_TRY(WriteV1(sources, false, context, sink, call.failure));
  call.End(call.failure ? &*call.failure : nullptr);
  sink.Finish();
  return {};
}

Status Api::RunQuery(Call& call) {
  KC_ASSIGN(RunningQuery query, parts_.runner->RunQuery(call.request.text, call.request.database,
                                                        call.request.options, call.cancel));
  return Answer(call, query);
}

Status Api::Answer(Call& call, RunningQuery& query) {
  RowSources sources;
  for (const auto& table : query.result.tables) sources.push_back(RowsOf(*table));
  const AnswerContext context{
      .request = call.request.options,
      .error = ContextOf(call.request.options, call.request.database, "", parts_.clock->NowTicks()),
      .clock = *parts_.clock,
      .started = call.started,
      .visualization = query.result.visualization,
      .cursor = query.result.cursor};
  AnswerSink sink(call.writer, &call.watched->mutex());
  if (call.form == Form::kV1) {
    KC_TRY(WriteV1(sources, true, context, sink, call.failure));
  } else {
    KC_TRY(WriteV2(sources, context, sink, call.failure));
  }
  call.End(call.failure ? &*call.failure : nullptr);
  sink.Finish();
  return {};
}

}  // namespace kc::local
