// The HTTP/1.1 server of kusto-local: Boost.Beast, blocking, one thread per connection up to a
// limit. gzip and deflate request bodies are unpacked before the handler sees them; answers are
// gzipped when the client accepts it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "world/transport.h"

namespace kc::http {

struct ServerRequest {
  std::string method;
  std::string path;                          // without the query, percent-decoded
  std::map<std::string, std::string> query;  // decoded
  world::Headers headers;
  std::string body;
};

// The answer to one request; belongs to the handler's thread. Exactly one of Send, or Begin
// followed by Write…, is used. The server ends a begun answer when the handler returns.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  virtual void Send(int status, std::string_view content_type, std::string_view body) = 0;
  // Starts a chunked answer, for results that are streamed.
  virtual void Begin(int status, std::string_view content_type) = 0;
  // False when the client is gone: stop producing.
  virtual bool Write(std::string_view bytes) = 0;
  // Before Send or Begin.
  virtual void AddHeader(std::string_view name, std::string_view value) = 0;
  // True when the client has closed the connection: looked up, not remembered.
  virtual bool ClientGone() = 0;
};

// Called from many threads at once. Must not throw.
using Handler = std::function<void(const ServerRequest&, ResponseWriter&)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  // A thread each. With one more, the one that has been idle longest is closed; while all work, it
  // waits.
  int max_connections = 256;
  size_t max_body_bytes = size_t{256} << 20;
};

class Server {
 public:
  virtual ~Server() = default;  // Stop(), if not called before
  virtual uint16_t port() const = 0;
  // Takes no more connections, lets running requests end for up to `grace_ms`, then closes all.
  virtual void Stop(int grace_ms) = 0;
};

// kStop with the address when it can't be listened on.
Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, Handler handler);

}  // namespace kc::http
