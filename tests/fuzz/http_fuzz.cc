// Bytes on a connection to the server, as a client may send them. The handler looks at everything
// that it is given and answers in both forms.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "http/server.h"

namespace {

constexpr size_t kMaxBody = size_t{1} << 20;

void Answer(const kc::http::ServerRequest& request, kc::http::ResponseWriter& writer) {
  size_t seen = request.path.size() + request.body.size();
  for (const auto& [name, value] : request.query) seen += name.size() + value.size();
  for (const auto& [name, value] : request.headers) seen += name.size() + value.size();
  kc::fuzz::Demand(request.body.size() <= kMaxBody, "no body beyond the limit");
  writer.AddHeader("x-path", request.path);
  if (seen % 2 == 0) {
    writer.Send(200, "text/plain", request.body);
    return;
  }
  writer.Begin(200, "text/plain");
  writer.Write(request.body);
}

uint16_t ServerPort() {
  static const auto server = [] {
    kc::http::ServerOptions options;
    options.max_body_bytes = kMaxBody;
    auto started = kc::http::StartServer(options, Answer);
    kc::fuzz::Demand(started.has_value(), "the server starts");
    return std::move(*started);
  }();
  return server->port();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const uint16_t port = ServerPort();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    if (fd >= 0) ::close(fd);
    return 0;
  }
  // Without waiting for the port to be free again: there are only so many.
  const linger reset{1, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  (void)::send(fd, data, size, MSG_NOSIGNAL);
  (void)::shutdown(fd, SHUT_WR);
  char answer[4096];
  while (::recv(fd, answer, sizeof(answer), 0) > 0) {
  }
  ::close(fd);
  return 0;
}
