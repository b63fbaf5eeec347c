// HTTP requests as values. http/ has the real transport (libcurl); the simulation has its own; the
// decorators (logging, faults) wrap another one. Implementations are safe from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "world/cancel.h"

namespace kc::world {

// In the order sent; names are compared without case. A name may occur more than once.
using Headers = std::vector<std::pair<std::string, std::string>>;
// The first value of that name, or "".
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  // For the whole request, connecting included.
  std::chrono::milliseconds timeout{300'000};
  // After so long without a byte in either direction it counts as lost; 0: only `timeout` counts.
  std::chrono::seconds longest_silence{0};
  // A request that changes something must not be sent twice: it goes out on a connection of its
  // own, because libcurl silently repeats a POST on a reused connection that died (libcurl 7.88.1).
  bool mutates = false;
  // May be null; when cancelled, Send returns within 100 ms.
  CancelToken* cancel = nullptr;
  // May be empty; asked every few milliseconds while the request waits. Once it says true, Send
  // returns as if cancelled.
  std::function<bool()> given_up;
  // The answer's size limit in bytes; a larger one is kStop.
  size_t max_response_bytes = size_t{1} << 30;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Any complete answer, whatever its status, is a value. Errors:
  //   kRetry           the request certainly did not reach the server (refused, no route, no
  //                    connection within the time: reason "ConnectTimeout")
  //   kUnknownOutcome  sent, but there was no complete answer (none within the time: reason
  //                    "Timeout"); for a request with mutates == false the same is kRetry
  //   kStop            malformed URL, unknown host name, TLS refusal, answer too large, cancelled
  //                    (reason "Cancelled")
  // Never repeats a request by itself; does not follow redirects.
  virtual Result<HttpResponse> Send(const HttpRequest& request) = 0;
};

}  // namespace kc::world
