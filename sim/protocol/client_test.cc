// F11 with the real client over sockets: a request that changes something is delivered once, also
// when the connection that would have been reused dies.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "http/curl_transport.h"

namespace kc::sim {
namespace {

// Answers the first request of its first connection, keeps that connection open; every request
// after that is counted and its connection closed without a byte.
class HangUpServer {
 public:
  HangUpServer();
  ~HangUpServer();
  uint16_t port() const { return port_; }
  int delivered() const { return delivered_; }

 private:
  void Run();
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> delivered_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Reads until a whole request with a Content-Length has come; false when the peer hung up.
bool ReadRequest(int connection) {
  std::string text;
  char buffer[4096];
  while (true) {
    const size_t head = text.find("\r\n\r\n");
    if (head != std::string::npos) {
      size_t length = 0;
      const size_t at = text.find("Content-Length: ");
      if (at != std::string::npos && at < head) length = std::stoul(text.substr(at + 16));
      if (text.size() >= head + 4 + length) return true;
    }
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    text.append(buffer, static_cast<size_t>(got));
  }
}

bool Readable(int socket) {
  pollfd waiting{socket, POLLIN, 0};
  return poll(&waiting, 1, 20) > 0;
}

HangUpServer::HangUpServer() {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  KC_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  KC_ASSERT(listen(listener_, 8) == 0);
  socklen_t size = sizeof address;
  KC_ASSERT(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

HangUpServer::~HangUpServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void HangUpServer::Run() {
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  int first = -1;
  bool answered = false;
  while (!stop_) {
    if (first >= 0 && Readable(first)) {
      if (ReadRequest(first)) {
        if (!answered) {
          answered = true;
          (void)send(first, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
          continue;
        }
        ++delivered_;
      }
      close(first);
      first = -1;
    }
    if (!Readable(listener_)) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    if (!answered && first < 0) {
      first = connection;
      continue;
    }
    if (ReadRequest(connection)) ++delivered_;
    close(connection);
  }
  if (first >= 0) close(first);
}

int DeliveredWhenTheConnectionDies(bool mutates, Result<world::HttpResponse>& outcome) {
  HangUpServer server;
  auto transport = http::MakeCurlTransport();
  world::HttpRequest request;
  request.method = "POST";
  request.url = "http://127.0.0.1:" + std::to_string(server.port());
  request.body = "{}";
  EXPECT_TRUE(transport->Send(request).has_value());  // the connection is kept
  request.mutates = mutates;
  outcome = transport->Send(request);
  return server.delivered();
}

TEST(Protocol, F11_ADeadConnectionNeverDeliversAChangeTwice) {
  Result<world::HttpResponse> outcome = Stop("");
  // What libcurl does by itself with a connection that it reuses: the test would see it.
  EXPECT_GE(DeliveredWhenTheConnectionDies(false, outcome), 2);
  EXPECT_EQ(DeliveredWhenTheConnectionDies(true, outcome), 1);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, ErrorCode::kUnknownOutcome);
}

}  // namespace
}  // namespace kc::sim
