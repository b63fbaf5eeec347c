#include "http/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>
#include <vector>

#include "base/log.h"
#include "base/text.h"

namespace kc::http {
namespace {

using world::HttpRequest;
using world::HttpResponse;

// How often a cancellation is looked for while a request waits: within the 100 ms of the contract.
constexpr int kCancelPollMs = 50;
constexpr long kConnectTimeoutMs = 10'000;

// What the callbacks of one request share.
struct Exchange {
  const HttpRequest* request = nullptr;
  HttpResponse response;
  bool too_large = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  size_t bytes = size * count;
  if (exchange.response.body.size() + bytes > exchange.request->max_response_bytes) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(data, bytes);
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line(data, size * count);
  if (line.rfind("HTTP/", 0) == 0) {
    exchange.response.headers.clear();  // a 100 Continue came before
  } else if (size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response.headers.emplace_back(std::string(Trim(line.substr(0, colon))),
                                           std::string(Trim(line.substr(colon + 1))));
  }
  return size * count;
}

// What a failed transfer means for the one who asked, see Transport::Send. `sent` is the number of
// bytes of the request that left this machine.
ErrorCode Classify(CURLcode code, bool connected, bool mutates) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return ErrorCode::kStop;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return ErrorCode::kRetry;
    default:
      return mutates && connected ? ErrorCode::kUnknownOutcome : ErrorCode::kRetry;
  }
}

// A handle and the one that drives it: the connections stay with the latter, for the next request.
struct Handle {
  CURL* easy = nullptr;
  CURLM* multi = nullptr;
};

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, SlistDeleter>;

HeaderList MakeHeaders(const HttpRequest& request) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    // An empty value is written "name;" for libcurl, else it removes the header.
    std::string line = value.empty() ? name + ";" : name + ": " + value;
    list = curl_slist_append(list, line.c_str());
  }
  // No "Expect: 100-continue": it costs a round trip, and servers that ignore it a second.
  list = curl_slist_append(list, "Expect:");
  return HeaderList(list);
}

class CurlTransport final : public world::Transport {
 public:
  explicit CurlTransport(int max_idle) : max_idle_(static_cast<size_t>(max_idle)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  }

  ~CurlTransport() override {
    for (Handle handle : idle_) Free(handle);
  }

  Result<HttpResponse> Send(const HttpRequest& request) override {
    if (GivenUp(request)) return Cancelled(request, false);
    Handle handle = Take();
    KC_ASSERT(handle.easy != nullptr && handle.multi != nullptr);
    Exchange exchange;
    exchange.request = &request;
    HeaderList headers = MakeHeaders(request);
    Prepare(handle.easy, request, exchange, headers.get());
    CURLcode code = Perform(handle, request);
    auto result = Finish(handle.easy, code, request, exchange);
    Give(handle, code == CURLE_OK);
    return result;
  }

 private:
  static void Free(Handle handle) {
    curl_easy_cleanup(handle.easy);
    curl_multi_cleanup(handle.multi);
  }

  Handle Take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return {curl_easy_init(), curl_multi_init()};
    Handle handle = idle_.back();
    idle_.pop_back();
    return handle;
  }

  void Give(Handle handle, bool usable) {
    std::lock_guard lock(mutex_);
    if (!usable || idle_.size() >= max_idle_) {
      Free(handle);
    } else {
      curl_easy_reset(handle.easy);
      idle_.push_back(handle);
    }
  }

  static void Prepare(CURL* handle, const HttpRequest& request, Exchange& exchange,
                      curl_slist* headers) {
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    if (request.longest_silence.count() > 0) {
      curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                       static_cast<long>(request.longest_silence.count()));
    }
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
    if (request.method == "HEAD") {
      curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
    }
    // On a connection of its own, libcurl never sends a request a second time by itself. It is not
    // kept: each mutation would leave one more behind.
    if (request.mutates) {
      curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    }
  }

  // curl_multi instead of curl_easy_perform: it lets a cancellation through within kCancelPollMs.
  static CURLcode Perform(Handle handle, const HttpRequest& request) {
    CURLM* multi = handle.multi;
    curl_multi_add_handle(multi, handle.easy);
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;
    while (running > 0 && !GivenUp(request)) {
      if (curl_multi_perform(multi, &running) != CURLM_OK) break;
      if (running > 0) curl_multi_poll(multi, nullptr, 0, kCancelPollMs, nullptr);
    }
    int queued = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi, handle.easy);
    return code;
  }

  static bool GivenUp(const HttpRequest& request) {
    return (request.cancel != nullptr && request.cancel->cancelled()) ||
           (request.given_up && request.given_up());
  }

  static tl::unexpected<Error> Cancelled(const HttpRequest& request, bool sent) {
    return Fail(request.mutates && sent ? ErrorCode::kUnknownOutcome : ErrorCode::kStop,
                request.method + " " + Redact(request.url) + " was cancelled", "Cancelled");
  }

  static Result<HttpResponse> Finish(CURL* handle, CURLcode code, const HttpRequest& request,
                                     Exchange& exchange) {
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      exchange.response.status = static_cast<int>(status);
      return std::move(exchange.response);
    }
    const bool connected = Connected(handle);
    if (code == CURLE_ABORTED_BY_CALLBACK) return Cancelled(request, connected);
    if (exchange.too_large) {
      return Stop(fmt::format("the answer of {} is larger than {} bytes", Redact(request.url),
                              request.max_response_bytes),
                  "TooLarge");
    }
    return Fail(
        Classify(code, connected, request.mutates),
        fmt::format("{} {}: {}", request.method, Redact(request.url), curl_easy_strerror(code)),
        code != CURLE_OPERATION_TIMEDOUT ? "Connection"
        : connected                      ? "Timeout"
                                         : "ConnectTimeout");
  }

  // Could the request have left? On a connection that is used again it has as soon as bytes were
  // sent (there is no time of connecting then, and none without a connection either).
  static bool Connected(CURL* handle) {
    curl_off_t connect_us = 0;
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connect_us);
    long sent_bytes = 0;
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent_bytes);
    return connect_us > 0 || sent_bytes > 0;
  }

  size_t max_idle_;
  std::mutex mutex_;
  std::vector<Handle> idle_;
};

}  // namespace

std::unique_ptr<world::Transport> MakeCurlTransport(int max_idle) {
  return std::make_unique<CurlTransport>(max_idle);
}

}  // namespace kc::http
