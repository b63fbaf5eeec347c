// Errors as Kusto's REST API tells them: HTTP status and the OneApiError body.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::local {

// Of the request that failed; goes into the error's context.
struct ErrorContext {
  std::string client_request_id;
  std::string activity_id;
  std::string database;
  std::string text;
  int64_t now_ticks = 0;
};

int HttpStatus(const Error& error);
// {"error":{…}}
std::string OneApiError(const Error& error, const ErrorContext& context);
// Kusto's text of the same, for v1's Exceptions.
std::string ExceptionText(const Error& error, const ErrorContext& context);
// The number and name of QueryStatus and QueryCompletionInformation rows: 0x80DA0003 and the like.
struct StatusCode {
  int32_t code = 0;
  std::string name;
  std::string event;  // EventTypeName
};
StatusCode StatusCodeOf(const Error& error);

}  // namespace kc::local
