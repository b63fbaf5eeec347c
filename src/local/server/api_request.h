// A request to the query and management addresses, read from HTTP.
#pragma once

#include <string>

#include "base/error.h"
#include "http/server.h"
#include "local/commands/command.h"
#include "world/random.h"

namespace kc::local {

struct ApiRequest {
  std::string database;
  std::string text;
  RequestOptions options;
};

// What the headers alone tell: ids (made up where absent), application, user, read-only.
RequestOptions ReadHeaders(const http::ServerRequest& request, world::Random& random);

// GET takes db, csl and properties from the URL's query; POST from a JSON object, in which
// `properties` may be an object or a string that holds one. kStop, reason "General_BadRequest".
Result<ApiRequest> ReadApiRequest(const http::ServerRequest& request, RequestOptions headers);

}  // namespace kc::local
