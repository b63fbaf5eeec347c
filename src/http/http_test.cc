// The client against the server, over real sockets on the loopback.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "http/curl_transport.h"
#include "http/gzip.h"
#include "http/server.h"
#include "world/clock.h"

namespace kc::http {
namespace {

// An answer for which nobody waits; the tests' limits lie well before it, also on a busy machine.
constexpr auto kLate = std::chrono::seconds(3);

// A bare socket where no server answers.
class Listener {
 public:
  explicit Listener(int backlog) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, any, size), 0);
    EXPECT_EQ(listen(socket_, backlog), 0);
    EXPECT_EQ(getsockname(socket_, any, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int socket() const { return socket_; }
  const std::string& url() const { return url_; }

 private:
  int socket_;
  std::string url_;
};

class HttpTest : public testing::Test {
 protected:
  void Start(Handler handler) {
    auto server = StartServer({}, std::move(handler));
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    url_ = "http://127.0.0.1:" + std::to_string(server_->port());
  }

  std::unique_ptr<Server> server_;
  std::string url_;
  std::unique_ptr<world::Transport> client_ = MakeCurlTransport();
};

TEST_F(HttpTest, EchoesMethodPathQueryHeadersAndBody) {
  Start([](const ServerRequest& request, ResponseWriter& out) {
    out.AddHeader("X-Seen", std::string(world::FindHeader(request.headers, "x-sent")));
    out.Send(
        201, "text/plain",
        request.method + " " + request.path + " " + request.query.at("a b") + " " + request.body);
  });
  world::HttpRequest request;
  request.method = "POST";
  request.url = url_ + "/p%20q?a%20b=c%2Bd";
  request.headers = {{"X-Sent", "yes"}};
  request.body = "hello";
  auto response = client_->Send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "POST /p q c+d hello");
  EXPECT_EQ(world::FindHeader(response->headers, "X-SEEN"), "yes");
  request.method = "post";  // as Kusto's manual tells curl
  response = client_->Send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "POST /p q c+d hello");
}

TEST_F(HttpTest, PacksLargeAnswersWholeAndInPieces) {
  std::string large(300'000, 'x');
  Start([&](const ServerRequest& request, ResponseWriter& out) {
    if (request.path == "/whole") return out.Send(200, "text/plain", large);
    out.Begin(200, "text/plain");
    for (size_t i = 0; i < large.size(); i += 1000) out.Write(large.substr(i, 1000));
  });
  for (const char* path : {"/whole", "/pieces"}) {
    world::HttpRequest request;
    request.url = url_ + path;
    auto response = client_->Send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, large);
    EXPECT_EQ(world::FindHeader(response->headers, "Content-Encoding"), "gzip");
  }
}

TEST_F(HttpTest, UnpacksRequests) {
  Start([](const ServerRequest& request, ResponseWriter& out) {
    out.Send(200, "text/plain", request.body);
  });
  world::HttpRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Encoding", "gzip"}};
  request.body = GzipCompress("packed text");
  auto response = client_->Send(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "packed text");
  request.body = "no gzip";
  response = client_->Send(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
}

TEST_F(HttpTest, RefusedConnectionIsRetry) {
  Start([](const ServerRequest&, ResponseWriter& out) { out.Send(200, "text/plain", ""); });
  server_.reset();
  world::HttpRequest request;
  request.url = url_;
  request.mutates = true;
  auto response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kRetry);
}

TEST_F(HttpTest, TimeoutOfAMutationIsUnknownOutcome) {
  Start([](const ServerRequest&, ResponseWriter& out) {
    world::SystemClock().Sleep(std::chrono::milliseconds(1200), nullptr);
    out.Send(200, "text/plain", "late");
  });
  world::HttpRequest request;
  request.method = "POST";
  request.url = url_;
  // Long enough for a connection on a machine that stalls: without one nothing was sent.
  request.timeout = std::chrono::milliseconds(500);
  request.mutates = true;
  auto response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnknownOutcome);
  request.mutates = false;
  response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kRetry);
}

TEST_F(HttpTest, CancellationEndsAWaitingRequestSoon) {
  Start([](const ServerRequest&, ResponseWriter& out) {
    world::SystemClock().Sleep(kLate, nullptr);
    out.Send(200, "text/plain", "late");
  });
  world::CancelToken cancel;
  std::thread canceller([&] {
    world::SystemClock().Sleep(std::chrono::milliseconds(100), nullptr);
    cancel.Cancel();
  });
  world::HttpRequest request;
  request.url = url_;
  request.cancel = &cancel;
  auto begin = world::SystemClock().Monotonic();
  auto response = client_->Send(request);
  auto took = world::SystemClock().Monotonic() - begin;
  canceller.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().reason, "Cancelled");
  EXPECT_LT(took, kLate - std::chrono::milliseconds(500));
}

TEST_F(HttpTest, ARequestIsGivenUpWhenItsCallerSaysSo) {
  Start([](const ServerRequest&, ResponseWriter& out) {
    world::SystemClock().Sleep(kLate, nullptr);
    out.Send(200, "text/plain", "late");
  });
  auto begin = world::SystemClock().Monotonic();
  world::HttpRequest request;
  request.url = url_;
  request.mutates = true;
  request.given_up = [&] {
    return world::SystemClock().Monotonic() - begin > std::chrono::milliseconds(500);
  };
  auto response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().reason, "Cancelled");
  EXPECT_EQ(response.error().code, ErrorCode::kUnknownOutcome);
  EXPECT_LT(world::SystemClock().Monotonic() - begin, kLate - std::chrono::milliseconds(500));
  response = client_->Send(request);
  EXPECT_EQ(response.error().code, ErrorCode::kStop) << "not sent at all";
}

TEST_F(HttpTest, SilenceIsALostAnswer) {
  Start([](const ServerRequest&, ResponseWriter& out) {
    world::SystemClock().Sleep(std::chrono::seconds(4), nullptr);
    out.Send(200, "text/plain", "late");
  });
  world::HttpRequest request;
  request.url = url_;
  request.longest_silence = std::chrono::seconds(1);
  auto begin = world::SystemClock().Monotonic();
  auto response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().reason, "Timeout");
  EXPECT_EQ(response.error().code, ErrorCode::kRetry);
  EXPECT_LT(world::SystemClock().Monotonic() - begin, std::chrono::milliseconds(3500));
}

// A connection's thread must not touch the server's own after Stop() has returned (ASan sees it).
TEST_F(HttpTest, ConnectionsEndBeforeTheirServer) {
  for (int i = 0; i < 100; ++i) {
    Start([](const ServerRequest&, ResponseWriter& out) { out.Send(200, "text/plain", "ok"); });
    world::HttpRequest request;
    request.url = url_;
    ASSERT_TRUE(client_->Send(request));
    server_.reset();
  }
}

// A connection costs round trips: reads use the last one again, cancellable or not; what changes
// something has one of its own.
TEST_F(HttpTest, ReadsShareAConnection) {
  std::mutex mutex;
  std::set<std::thread::id> connections;  // a connection is a thread of the server's
  Start([&](const ServerRequest&, ResponseWriter& out) {
    {
      std::lock_guard lock(mutex);
      connections.insert(std::this_thread::get_id());
    }
    out.Send(200, "text/plain", "ok");
  });
  world::CancelToken cancel;
  world::HttpRequest request;
  request.url = url_;
  for (world::CancelToken* token : {&cancel, static_cast<world::CancelToken*>(nullptr), &cancel}) {
    request.cancel = token;
    ASSERT_TRUE(client_->Send(request));
  }
  EXPECT_EQ(connections.size(), 1u);
  request.mutates = true;
  ASSERT_TRUE(client_->Send(request));
  EXPECT_EQ(connections.size(), 2u);
}

// A peer that keeps connections open sees that of a mutation closed by the client.
TEST_F(HttpTest, AMutationLeavesNoConnectionBehind) {
  const Listener listener(1);
  ssize_t after = -1;
  std::thread peer([&] {
    const int connection = accept(listener.socket(), nullptr, nullptr);
    const timeval patience{.tv_sec = 3};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    char bytes[4096];
    (void)recv(connection, bytes, sizeof(bytes), 0);
    const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    (void)send(connection, answer.data(), answer.size(), 0);
    after = recv(connection, bytes, sizeof(bytes), 0);
    close(connection);
  });
  world::HttpRequest request;
  request.url = listener.url();
  request.mutates = true;
  EXPECT_TRUE(client_->Send(request));
  peer.join();
  EXPECT_EQ(after, 0) << "0: closed, -1: still open after three seconds";
}

// More clients than connections: idle ones give way, and who finds all at work waits.
TEST_F(HttpTest, AFullServerMakesRoom) {
  ServerOptions options;
  options.max_connections = 2;
  auto server = StartServer(options, [](const ServerRequest& request, ResponseWriter& out) {
    if (request.path == "/slow") {
      world::SystemClock().Sleep(std::chrono::milliseconds(300), nullptr);
    }
    out.Send(200, "text/plain", "");
  });
  ASSERT_TRUE(server);
  constexpr int kClients = 6;
  std::vector<std::unique_ptr<world::Transport>> clients;
  world::HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string((*server)->port());
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(MakeCurlTransport());
    EXPECT_TRUE(clients.back()->Send(request)) << i;
  }
  request.url += "/slow";
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (auto& client : clients) {
    threads.emplace_back([&] { answered += client->Send(request).has_value() ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, kClients);
}

// A listener that accepts nobody: one connection fits into its queue and is silent; the next ones
// are never made, as to a host that isn't there.
TEST_F(HttpTest, NoConnectionIsNoSilence) {
  const Listener listener(0);
  world::HttpRequest request;
  request.url = listener.url();
  request.timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(client_->Send(request).error().reason, "Timeout");
  EXPECT_EQ(client_->Send(request).error().reason, "ConnectTimeout");
  request.mutates = true;
  EXPECT_EQ(client_->Send(request).error().code, ErrorCode::kRetry) << "nothing was sent";
}

TEST_F(HttpTest, MalformedUrlStops) {
  world::HttpRequest request;
  request.url = "ftp://127.0.0.1/";
  auto response = client_->Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kStop);
}

TEST_F(HttpTest, PortInUseIsNamed) {
  Start([](const ServerRequest&, ResponseWriter& out) { out.Send(200, "text/plain", ""); });
  ServerOptions options;
  options.port = server_->port();
  auto second = StartServer(options, [](const ServerRequest&, ResponseWriter&) {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(options.port)), std::string::npos);
}

TEST(Gzip, RoundTripsAndRefusesDamage) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
  std::string packed = GzipCompress(text);
  EXPECT_LT(packed.size(), text.size());
  EXPECT_EQ(GzipDecompress(packed, text.size()).value(), text);
  EXPECT_FALSE(GzipDecompress(packed, text.size() - 1));
  EXPECT_FALSE(GzipDecompress(packed.substr(0, packed.size() / 2), text.size()));
  EXPECT_EQ(GzipDecompress(packed + packed, 2 * text.size()).value(), text + text);
}

}  // namespace
}  // namespace kc::http
