#include "local/server/api_error.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"
#include "world/processes.h"

namespace kc::local {
namespace {

// How an error's reason is told to clients. `prefix`: any reason that begins so.
struct Shape {
  std::string_view prefix;
  int status;
  std::string_view code;  // "" = the reason itself
  std::string_view type;
  std::string_view message;
};

constexpr std::string_view kInvalid = "Request is invalid and cannot be executed.";

constexpr Shape kShapes[] = {
    {"SYN", 400, "BadRequest_SyntaxError", "Kusto.Data.Exceptions.SyntaxException", kInvalid},
    {"SEM", 400, "General_BadRequest", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    {"BadRequest_DatabaseNotExist", 400, "BadRequest_EntityNotFound",
     "Kusto.Data.Exceptions.DatabaseNotFoundException", kInvalid},
    {"BadRequest_EntityNotFound", 400, "", "Kusto.Data.Exceptions.EntityNotFoundException",
     kInvalid},
    {"BadRequest_TableNotExist", 400, "BadRequest_EntityNotFound",
     "Kusto.Data.Exceptions.EntityNotFoundException", kInvalid},
    {"BadRequest_EntityAlreadyExists", 400, "",
     "Kusto.Data.Exceptions.EntityAlreadyExistsException", kInvalid},
    {"BadRequest_SyntaxError", 400, "", "Kusto.Data.Exceptions.SyntaxException", kInvalid},
    {"BadRequest", 400, "", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    // Kusto's ingestion errors keep their codes.
    {"Stream_", 400, "", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    {"Download_", 400, "", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    {"UpdatePolicy_", 400, "", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    {"General_BadRequest", 400, "", "Kusto.Data.Exceptions.KustoBadRequestException", kInvalid},
    {"E_QUERY_RESULT_SET_TOO_LARGE", 400, "LimitsExceeded",
     "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException", kInvalid},
    {"E_RUNAWAY_QUERY", 400, "LimitsExceeded",
     "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException", kInvalid},
    {"ControlCommandThrottledException", 429, "TooManyRequests",
     "Kusto.DataNode.Exceptions.ControlCommandThrottledException",
     "Request is denied due to throttling."},
    {"Throttled", 429, "TooManyRequests",
     "Kusto.DataNode.Exceptions.ControlCommandThrottledException",
     "Request is denied due to throttling."},
    {"QueryThrottledException", 429, "TooManyRequests",
     "Kusto.Data.Exceptions.QueryThrottledException", "Request is denied due to throttling."},
    {"Forbidden", 403, "Forbidden",
     "Kusto.Common.Svc.Exceptions.UnauthorizedDatabaseAccessException",
     "Caller is not authorized to perform this action"},
    {"RouteNotFound", 404, "NotFound", "Kusto.Data.Exceptions.KustoServiceException",
     "The address is not known"},
    {"Timeout", 504, "GatewayTimeout", "Kusto.Data.Exceptions.KustoServiceTimeoutException",
     "Request execution timed out"},
    {"Cancelled", 400, "BadRequest_RequestCancelled",
     "Kusto.Data.Exceptions.KustoRequestCanceledException", "The request was cancelled"},
};

Shape ShapeOf(const Error& error) {
  for (const Shape& shape : kShapes) {
    if (error.reason.starts_with(shape.prefix)) return shape;
  }
  switch (error.code) {
    case ErrorCode::kStop:
      return {"", 400, "General_BadRequest", "Kusto.Data.Exceptions.KustoBadRequestException",
              kInvalid};
    case ErrorCode::kRedo:
      return {"", 409, "Conflict", "Kusto.Data.Exceptions.KustoConflictException",
              "The state changed while the request ran"};
    case ErrorCode::kUnknownOutcome:
      return {"", 504, "GatewayTimeout", "Kusto.Data.Exceptions.KustoServiceTimeoutException",
              "The outcome of the request is not known"};
    case ErrorCode::kRetry:
      break;
  }
  return {"", 520, "UnknownError", "Kusto.Data.Exceptions.KustoServiceException",
          "An unknown error occurred"};
}

// "Semantic error: SEM0100: …", unless the message begins like this itself.
std::string KindAndCode(const Error& error) {
  const std::string_view kind = error.reason.starts_with("SEM") ? "Semantic error" : "Syntax error";
  if (error.message.starts_with(kind)) return error.message;
  return fmt::format("{}: {}: {}", kind, error.reason, error.message);
}

// What the service puts around a message.
std::string FullMessage(const Error& error) {
  constexpr std::string_view kProcessed = "Request is invalid and cannot be processed: ";
  if (error.reason.starts_with("SEM") || error.reason.starts_with("SYN")) {
    return std::string(kProcessed) + KindAndCode(error);
  }
  return error.message;
}

OrderedJson ContextJson(const ErrorContext& context) {
  OrderedJson json;
  json["timestamp"] = FormatDateTime(context.now_ticks);
  json["serviceAlias"] = "kusto-local";
  json["machineName"] = world::HostName();
  json["processName"] = "kusto-local";
  json["processId"] = world::ProcessId();
  json["threadId"] = 0;
  json["clientRequestId"] = context.client_request_id;
  json["activityId"] = context.activity_id;
  json["subActivityId"] = context.activity_id;
  json["activityType"] = "GW.Http.CallContext";
  json["parentActivityId"] = context.activity_id;
  json["activityStack"] =
      fmt::format("(Activity stack: CRID={} ARID={} > GW.Http.CallContext/{})",
                  context.client_request_id, context.activity_id, context.activity_id);
  return json;
}

}  // namespace

int HttpStatus(const Error& error) {
  const int shaped = ShapeOf(error).status;
  // An error of another server that this one spoke to keeps its meaning, not its number.
  return shaped == 520 && error.http_status >= 400 ? error.http_status : shaped;
}

std::string OneApiError(const Error& error, const ErrorContext& context) {
  const Shape shape = ShapeOf(error);
  const bool permanent = error.code == ErrorCode::kStop;
  OrderedJson body;
  body["code"] = shape.code.empty() ? error.reason : std::string(shape.code);
  body["message"] = shape.message;
  body["@type"] = shape.type;
  body["@message"] = FullMessage(error);
  body["@context"] = ContextJson(context);
  body["@permanent"] = permanent;
  if (!context.text.empty()) {
    // Long texts (inline data) are cut.
    static constexpr size_t kMaxText = 4096;
    body["@text"] = SanitizeUtf8(Redact(context.text.substr(0, kMaxText)));
    body["@database"] = context.database;
  }
  if (error.reason.starts_with("SEM") || error.reason.starts_with("SYN")) {
    OrderedJson inner;
    const bool semantic = error.reason.starts_with("SEM");
    inner["code"] = error.reason;
    inner["message"] = error.message;
    inner["@type"] = semantic ? "Kusto.Data.Exceptions.SemanticException"
                              : "Kusto.Data.Exceptions.SyntaxException";
    inner["@message"] = KindAndCode(error);
    inner["@errorCode"] = error.reason;
    inner["@errorMessage"] = error.message;
    inner["@permanent"] = permanent;
    body["innererror"] = std::move(inner);
  }
  OrderedJson whole;
  whole["error"] = std::move(body);
  return DumpJson(whole);
}

std::string ExceptionText(const Error& error, const ErrorContext& context) {
  return fmt::format("{}\r\n[0]{}: {}\r\nTimestamp={}\r\nClientRequestId={}\r\nActivityId={}\r\n",
                     FullMessage(error), ShapeOf(error).type, FullMessage(error),
                     FormatDateTime(context.now_ticks), context.client_request_id,
                     context.activity_id);
}

StatusCode StatusCodeOf(const Error& error) {
  const auto make = [](uint32_t code, std::string_view text, std::string_view event) {
    const int32_t number = static_cast<int32_t>(code);
    return StatusCode{number, fmt::format("{} ({})", text, number), std::string(event)};
  };
  if (error.reason == "E_QUERY_RESULT_SET_TOO_LARGE") {
    return make(0x80DA0003, "Query result set too large (E_QUERY_RESULT_SET_TOO_LARGE).",
                "QueryLimitsExceeded");
  }
  if (error.reason == "E_RUNAWAY_QUERY") {
    return make(0x80DA0001, "Query is consuming too many resources (E_RUNAWAY_QUERY).",
                "QueryLimitsExceeded");
  }
  if (error.reason == "Cancelled" || error.reason == "E_QUERY_CANCELLED")
    return make(0x80DA0006, "Query was cancelled.", "QueryInfo");
  if (error.reason == "Timeout") return make(0x80131505, "Query timed out.", "QueryInfo");
  return make(0x80004005, "Query failed (E_FAIL).", "QueryInfo");
}

}  // namespace kc::local
