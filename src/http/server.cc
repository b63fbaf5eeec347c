#include "http/server.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "http/gzip.h"

namespace kc::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using BeastRequest = beast::http::request<beast::http::string_body>;

// Smaller answers aren't worth packing.
constexpr size_t kMinGzipBytes = 1024;
constexpr uint32_t kMaxHeaderBytes = 64 * 1024;
// A full server looks again for a connection that has become idle.
constexpr auto kLookForRoom = std::chrono::milliseconds(20);

std::map<std::string, std::string> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> out;
  if (query.empty()) return out;
  for (const std::string& pair : Split(query, '&')) {
    size_t equals = pair.find('=');
    std::string value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    auto key = UrlDecode(pair.substr(0, equals));
    auto decoded = UrlDecode(ReplaceAll(value, "+", " "));
    if (key && decoded) out[*key] = *decoded;
  }
  return out;
}

// One answer on one connection; see ResponseWriter.
class Writer final : public ResponseWriter {
 public:
  Writer(tcp::socket& socket, bool keep_alive, bool gzip, bool head)
      : socket_(socket), keep_alive_(keep_alive), gzip_(gzip), head_(head) {}

  void AddHeader(std::string_view name, std::string_view value) override {
    // A header must not bring further lines with it.
    std::string clean(value);
    std::erase_if(clean, [](char c) { return c == '\r' || c == '\n'; });
    extra_ += fmt::format("{}: {}\r\n", name, clean);
  }

  void Send(int status, std::string_view content_type, std::string_view body) override {
    KC_ASSERT(!answered_);
    answered_ = true;
    std::string packed;
    bool gzip = gzip_ && body.size() >= kMinGzipBytes;
    if (gzip) {
      packed = GzipCompress(body);
      body = packed;
    }
    std::string text = Head(status, content_type, gzip);
    text += fmt::format("Content-Length: {}\r\n\r\n", body.size());
    if (!head_) text += body;
    Raw(text);
  }

  void Begin(int status, std::string_view content_type) override {
    KC_ASSERT(!answered_);
    answered_ = true;
    chunked_ = true;
    if (gzip_) stream_ = std::make_unique<GzipStream>();
    Raw(Head(status, content_type, gzip_) + "Transfer-Encoding: chunked\r\n\r\n");
  }

  bool Write(std::string_view bytes) override {
    KC_ASSERT(chunked_);
    if (stream_) return Chunk(stream_->Write(bytes, false));
    return Chunk(bytes);
  }

  bool ClientGone() override {
    if (!alive_) return true;
    char byte = 0;
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    bool gone = error && error != asio::error::would_block;
    socket_.non_blocking(false, error);
    return gone;
  }

  // Ends the answer; whether the connection can serve another request.
  bool Finish() {
    if (!answered_) Send(500, "text/plain", "the handler gave no answer");
    if (chunked_) {
      if (stream_) Chunk(stream_->Write("", true));
      Raw("0\r\n\r\n");
    }
    return alive_ && keep_alive_;
  }

 private:
  std::string Head(int status, std::string_view content_type, bool gzip) const {
    auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(status));
    std::string head =
        fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", status,
                    std::string_view(reason.data(), reason.size()), content_type, extra_);
    if (gzip) head += "Content-Encoding: gzip\r\n";
    if (!keep_alive_) head += "Connection: close\r\n";
    return head;
  }

  bool Chunk(std::string_view bytes) {
    if (bytes.empty()) return alive_;  // an empty chunk would end the answer
    return Raw(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
  }

  bool Raw(std::string_view bytes) {
    if (!alive_) return false;
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), error);
    alive_ = !error;
    return alive_;
  }

  tcp::socket& socket_;
  bool keep_alive_;
  bool gzip_;
  bool head_;
  bool answered_ = false;
  bool chunked_ = false;
  bool alive_ = true;
  std::string extra_;
  std::unique_ptr<GzipStream> stream_;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)), acceptor_(context_) {}

  ~ServerImpl() override { Stop(0); }

  Status Start() {
    boost::system::error_code error;
    auto address = asio::ip::make_address(options_.address, error);
    if (error) return Stop_(fmt::format("'{}' is no IP address", options_.address));
    tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Stop_(fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port,
                               error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    accepting_ = std::thread([this] { Accept(); });
    return {};
  }

  uint16_t port() const override { return port_; }

  void Stop(int grace_ms) override {
    if (stopping_.exchange(true)) return;
    boost::system::error_code ignored;
    // shutdown(2) wakes the blocking accept, close(2) alone wouldn't.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    if (accepting_.joinable()) accepting_.join();
    acceptor_.close(ignored);
    std::unique_lock lock(mutex_);
    for (auto* connection : connections_) {
      if (!connection->busy) connection->socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    ended_.wait_for(lock, std::chrono::milliseconds(grace_ms),
                    [this] { return connections_.empty(); });
    for (auto* connection : connections_) {
      connection->socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    ended_.wait(lock, [this] { return connections_.empty(); });
  }

 private:
  struct Connection {
    explicit Connection(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    // Under mutex_.
    bool busy = false;
    bool closed = false;  // to make room
    int64_t turn = 0;     // when it was made, or began or ended its last request
  };

  static tl::unexpected<Error> Stop_(std::string message) { return kc::Stop(std::move(message)); }

  void Accept() {
    while (!stopping_) {
      boost::system::error_code error;
      tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      if (stopping_) return;
      if (error) {
        LogWarn("cannot accept a connection: {}", error.message());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      auto connection = std::make_shared<Connection>(std::move(socket));
      if (!MakeRoom(*connection)) return;
      std::thread([this, connection = std::move(connection)]() mutable {
        Serve(*connection);
        std::lock_guard lock(mutex_);
        connections_.erase(connection.get());
        // Its socket belongs to context_, which Stop()'s caller may destroy once the set is empty.
        connection.reset();
        ended_.notify_all();
      }).detach();
    }
  }

  // When all places are taken, the connection that has been idle longest goes: its client makes
  // another one when it needs one. When all work, the new one waits. False: the server ends.
  bool MakeRoom(Connection& added) {
    std::unique_lock lock(mutex_);
    while (!stopping_ && connections_.size() >= static_cast<size_t>(options_.max_connections)) {
      Connection* idlest = nullptr;
      for (auto* other : connections_) {
        if (!other->busy && !other->closed && (!idlest || other->turn < idlest->turn)) {
          idlest = other;
        }
      }
      if (idlest != nullptr) {
        // What it has sent already is still read and answered.
        boost::system::error_code ignored;
        idlest->socket.shutdown(tcp::socket::shutdown_receive, ignored);
        idlest->closed = true;
      }
      ended_.wait_for(lock, kLookForRoom);
    }
    if (stopping_) return false;
    added.turn = ++turn_;
    connections_.insert(&added);
    return true;
  }

  bool SetBusy(Connection& connection, bool busy) {
    std::lock_guard lock(mutex_);
    connection.busy = busy;
    connection.turn = ++turn_;
    return !stopping_;
  }

  void Serve(Connection& connection) {
    boost::system::error_code error;
    connection.socket.set_option(tcp::no_delay(true), error);
    beast::flat_buffer buffer;
    while (!stopping_) {
      beast::http::request_parser<beast::http::string_body> parser;
      parser.body_limit(options_.max_body_bytes);
      parser.header_limit(kMaxHeaderBytes);
      beast::http::read_header(connection.socket, buffer, parser, error);
      if (error || !SetBusy(connection, true)) return;
      if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
        asio::write(connection.socket, asio::buffer(std::string("HTTP/1.1 100 Continue\r\n\r\n")),
                    error);
      }
      beast::http::read(connection.socket, buffer, parser, error);
      bool too_large = error == beast::http::error::body_limit;
      if (error && !too_large) return;
      if (!Answer(connection, parser.get(), too_large) || !SetBusy(connection, false)) return;
    }
  }

  // Whether the connection stays open.
  bool Answer(Connection& connection, BeastRequest& message, bool too_large) {
    auto accepts = message[beast::http::field::accept_encoding];
    bool gzip = accepts.find("gzip") != beast::string_view::npos;
    Writer writer(connection.socket, message.keep_alive() && !too_large && !stopping_, gzip,
                  message.method() == beast::http::verb::head);
    if (too_large) {
      writer.Send(413, "text/plain", "the request is too large");
      return writer.Finish();
    }
    auto request = Convert(message);
    if (!request) {
      writer.Send(400, "text/plain", request.error().message);
    } else {
      handler_(*request, writer);
    }
    return writer.Finish();
  }

  Result<ServerRequest> Convert(BeastRequest& message) const {
    ServerRequest request;
    auto text = [](beast::string_view view) { return std::string(view.data(), view.size()); };
    // Other servers of Kusto take `curl -X post`, as its manual writes it.
    request.method = text(message.method_string());
    for (char& c : request.method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    std::string target = text(message.target());
    size_t question = target.find('?');
    auto path = UrlDecode(target.substr(0, question));
    if (!path) return Stop_("malformed path");
    request.path = *path;
    if (question != std::string::npos) request.query = ParseQuery(target.substr(question + 1));
    for (const auto& field : message) {
      request.headers.emplace_back(text(field.name_string()), text(field.value()));
    }
    request.body = std::move(message.body());
    std::string_view encoding = world::FindHeader(request.headers, "Content-Encoding");
    if (EqualsIgnoreCase(encoding, "gzip") || EqualsIgnoreCase(encoding, "deflate")) {
      KC_ASSIGN(request.body, GzipDecompress(request.body, options_.max_body_bytes));
    }
    return request;
  }

  ServerOptions options_;
  Handler handler_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  std::thread accepting_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<Connection*> connections_;
  int64_t turn_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<ServerImpl>(options, std::move(handler));
  KC_TRY(server->Start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace kc::http
