#include "azure/blob_api.h"

#include <cstdlib>

#include "azure/object_names.h"
#include "azure/token_provider.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"
#include "base/utf8.h"

namespace kc::azure {
namespace {

constexpr auto kLongestTimeout = std::chrono::minutes(5);
constexpr auto kLongestSilence = std::chrono::seconds(30);
// What carries little is answered soon or not at all; on top of it the time that a slow line needs.
constexpr auto kShortTimeout = std::chrono::seconds(15);
constexpr size_t kSlowBytesPerMs = 100;
// A lease lasts half a minute: a renewal that gets no answer must be tried again well before.
constexpr auto kLeaseTimeout = std::chrono::seconds(5);
// After SIGTERM the storage may take so long, all in all, to take the last records and the leases.
constexpr auto kLastWords = std::chrono::seconds(2);
constexpr std::string_view kStorageResource = "https://storage.azure.com";
// Azure refuses signatures of requests that are more than 15 minutes off.
constexpr int64_t kToleratedSkew = 5 * kTicksPerMinute;

bool Is(std::string_view text, std::initializer_list<std::string_view> any) {
  for (std::string_view one : any) {
    if (text == one) return true;
  }
  return false;
}

// What a refusal means by its storage error code; nothing if the status alone decides.
std::optional<Error> ErrorOfCode(const StorageUrl& url, const std::string& name,
                                 const std::string& code) {
  if (code == "ContainerNotFound") {
    return Error{ErrorCode::kStop, "there is no container '" + url.container + "'", "NotFound"};
  }
  if (Is(code, {"BlobAlreadyExists", "ResourceAlreadyExists", "ContainerAlreadyExists"})) {
    return Exists(url, name);
  }
  if (code == "LeaseAlreadyPresent") return LeasePresent(url, name);
  if (Is(code, {"LeaseIdMissing", "LeaseIdMismatchWithBlobOperation", "LeaseLost",
                "LeaseNotPresentWithBlobOperation", "LeaseIdMismatchWithLeaseOperation",
                "LeaseNotPresentWithLeaseOperation", "LeaseIsBrokenAndCannotBeRenewed",
                "LeaseIsBreakingAndCannotBeAcquired", "LeaseIsBreakingAndCannotBeChanged"})) {
    return LeaseLost(url, name);
  }
  if (code == "ConditionNotMet") return ConditionNotMet(url, name);
  if (Is(code, {"ContainerBeingDeleted", "ServerBusy"})) {
    return Error{ErrorCode::kRetry, "the storage answers " + code, code};
  }
  return std::nullopt;
}

std::string ShortName(const StorageUrl& url, const std::string& name) {
  return "'" + url.UrlOf(name) + "'";
}

}  // namespace

BlobApi::BlobApi(StorageUrl url, std::string key, const StoreWorld& world, TokenProvider* tokens)
    : url_(std::move(url)), key_(std::move(key)), world_(world), tokens_(tokens) {}

int64_t BlobApi::ServerTicks() const {
  return world_.clock->NowTicks() + clock_offset_.load();
}

std::chrono::milliseconds BlobApi::TimeoutOf(const BlobCall& call) const {
  std::chrono::milliseconds timeout = kLongestTimeout;
  if (call.mutates) {
    const std::chrono::milliseconds line(call.body.size() / kSlowBytesPerMs);
    timeout = std::min<std::chrono::milliseconds>(kShortTimeout + line, kLongestTimeout);
  }
  if (!call.query.empty() && call.query.front().second == "lease") timeout = kLeaseTimeout;
  if (world_.first_contact.count() > 0 && !contacted_) timeout = world_.first_contact;
  return timeout;
}

bool BlobApi::GivenUp() const {
  if (world_.hurry == nullptr || !world_.hurry->cancelled()) return false;
  const int64_t now = world_.clock->Monotonic().count();
  int64_t since = -1;
  if (hurried_ns_.compare_exchange_strong(since, now)) since = now;
  return world::Duration(now - since) > kLastWords;
}

Result<world::HttpRequest> BlobApi::Build(const BlobCall& call) const {
  std::string url =
      call.name.empty() ? url_.endpoint + "/" + url_.container : url_.UrlOf(call.name);
  world::HttpRequest request;
  request.method = call.method;
  request.headers = call.headers;
  request.headers.emplace_back("x-ms-version", kStorageApiVersion);
  request.headers.emplace_back("x-ms-date", HttpDate(ServerTicks()));
  request.body = call.body;
  request.mutates = call.mutates;
  request.timeout = TimeoutOf(call);
  request.longest_silence = kLongestSilence;
  request.cancel = world_.cancel;
  if (world_.hurry != nullptr) request.given_up = [this] { return GivenUp(); };
  // Always told, as it is signed and libcurl would otherwise invent one.
  if (call.method == "PUT") {
    request.headers.emplace_back("Content-Type", "application/octet-stream");
  }
  request.url = url + QueryText(call.query);
  const StorageCredential& credential = url_.credential;
  if (!key_.empty()) {
    request.headers.emplace_back(
        "Authorization", SharedKeyAuthorization(url_.account, key_, request, url, call.query));
  } else if (credential.kind == CredentialKind::kSas) {
    request.url += (call.query.empty() ? "?" : "&") + credential.secret;
  } else if (credential.kind == CredentialKind::kToken) {
    request.headers.emplace_back("Authorization", "Bearer " + credential.secret);
  } else if (tokens_ != nullptr && url_.endpoint.rfind("https://", 0) == 0) {
    KC_ASSIGN(std::string token, tokens_->Token(std::string(kStorageResource)));
    request.headers.emplace_back("Authorization", "Bearer " + token);
  }
  return request;
}

Result<world::HttpResponse> BlobApi::Send(const BlobCall& call) {
  for (bool corrected = false;; corrected = true) {
    int64_t sent_at = ServerTicks();
    KC_ASSIGN(world::HttpRequest request, Build(call));
    auto sent = world_.transport->Send(request);
    if (!sent) {
      Error error = std::move(sent).error();
      if (error.reason == "Timeout" && world_.first_contact.count() > 0 && !contacted_) {
        LogWarn("storage account '{}' has taken the connection but not answered yet; waiting",
                url_.account);
        contacted_ = true;
      }
      error.message = Redact(error.message);  // the URL is in it, and the SAS in that
      return Fail(std::move(error).Within("storage account '" + url_.account + "'"));
    }
    contacted_ = true;
    auto date = ParseHttpDate(world::FindHeader(sent->headers, "Date"));
    bool skewed = date && std::abs(*date - sent_at) > kToleratedSkew;
    if (skewed) clock_offset_ += *date - sent_at;
    constexpr int kForbidden = 403;
    constexpr int kUnauthorized = 401;
    const bool again = (skewed && sent->status == kForbidden) ||
                       (sent->status == kUnauthorized && TokenRefused(request));
    if (again && !corrected) continue;  // refused: nothing was done
    constexpr int kFirstError = 300;
    if (sent->status >= kFirstError) return Fail(ErrorOf(call, *sent));
    return *std::move(sent);
  }
}

bool BlobApi::TokenRefused(const world::HttpRequest& request) const {
  std::string_view bearer = world::FindHeader(request.headers, "Authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (tokens_ == nullptr || bearer.rfind(kBearer, 0) != 0) return false;
  bearer.remove_prefix(kBearer.size());
  return tokens_->Refused(std::string(kStorageResource), std::string(bearer));
}

Error BlobApi::Forbidden(const std::string& name, int status, const std::string& code) const {
  std::string check = "check the key, the SAS and its expiry, or the role of the identity";
  if (url_.credential.kind == CredentialKind::kSas) {
    const std::string query = "&" + url_.credential.secret;
    const size_t at = query.find("&se=");
    std::string end = at == std::string::npos ? "" : query.substr(at + 4);
    end = UrlDecode(end.substr(0, end.find('&'))).value_or("");
    const auto ends = ParseDateTime(end);
    if (ends && *ends <= ServerTicks()) {
      check = "the SAS of the lake ended at " + end + "; start again with a new one";
    }
  }
  return {ErrorCode::kStop,
          "the storage refuses access to " + ShortName(url_, name) + " (" +
              (code.empty() ? "HTTP " + std::to_string(status) : code) + "): " + check,
          "Forbidden"};
}

Error BlobApi::ErrorOf(const BlobCall& call, const world::HttpResponse& response) const {
  std::string code(world::FindHeader(response.headers, "x-ms-error-code"));
  if (code.empty()) code = XmlText(response.body, "Code");
  int status = response.status;
  Error error;
  if (auto known = ErrorOfCode(url_, call.name, code)) {
    error = *std::move(known);
  } else if (status == 404) {
    error = NotFound(url_, call.name);
  } else if (status == 401 || status == 403) {
    error = Forbidden(call.name, status, code);
  } else if (status == 429 || status == 503) {
    error = {ErrorCode::kRetry, "the storage is busy", code.empty() ? "ServerBusy" : code};
  } else if (status >= 500 || status == 408) {
    error = {call.mutates ? ErrorCode::kUnknownOutcome : ErrorCode::kRetry,
             "the storage answers HTTP " + std::to_string(status), code};
  } else {
    error = {ErrorCode::kStop,
             call.method + " of " + ShortName(url_, call.name) + ": HTTP " +
                 std::to_string(status) + " " + code,
             code};
  }
  error.http_status = status;
  std::string_view after = world::FindHeader(response.headers, "Retry-After");
  if (auto seconds = ParseDouble(after)) {
    error.retry_after_s = *seconds;
  } else if (auto date = ParseHttpDate(after)) {
    error.retry_after_s = static_cast<double>(*date - ServerTicks()) / kTicksPerSecond;
  }
  return error;
}

namespace {

std::string DecodeXml(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i++];
      continue;
    }
    std::string_view entity = text.substr(i + 1, end - i - 1);
    i = end + 1;
    if (entity == "amp") out += '&';
    if (entity == "lt") out += '<';
    if (entity == "gt") out += '>';
    if (entity == "quot") out += '"';
    if (entity == "apos") out += '\'';
    if (entity.size() > 1 && entity[0] == '#') {
      bool hex = entity[1] == 'x';
      std::string digits(entity.substr(hex ? 2 : 1));
      AppendUtf8(out, static_cast<char32_t>(std::strtoul(digits.c_str(), nullptr, hex ? 16 : 10)));
    }
  }
  return out;
}

}  // namespace

std::string XmlText(std::string_view xml, std::string_view tag) {
  std::string open = "<" + std::string(tag);
  for (size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at + 1)) {
    size_t after = at + open.size();
    if (after >= xml.size() || (xml[after] != '>' && xml[after] != ' ')) continue;
    size_t start = xml.find('>', after);
    if (start == std::string_view::npos || xml[start - 1] == '/') return "";
    size_t end = xml.find("</" + std::string(tag) + ">", start);
    if (end == std::string_view::npos) return "";
    std::string text = DecodeXml(xml.substr(start + 1, end - start - 1));
    bool encoded = xml.substr(after, start - after).find("Encoded=\"true\"") != std::string::npos;
    return encoded ? UrlDecode(text).value_or(text) : text;
  }
  return "";
}

ListPage ParseBlobList(std::string_view xml, std::string_view prefix) {
  ListPage page;
  constexpr std::string_view kOpen = "<Blob>";
  constexpr std::string_view kClose = "</Blob>";
  for (size_t at = xml.find(kOpen); at != std::string_view::npos;) {
    size_t end = xml.find(kClose, at);
    if (end == std::string_view::npos) break;
    std::string_view blob = xml.substr(at + kOpen.size(), end - at - kOpen.size());
    at = xml.find(kOpen, end);
    ObjectInfo info;
    std::string name = XmlText(blob, "Name");
    if (name.rfind(prefix, 0) != 0 || XmlText(blob, "ResourceType") == "directory") continue;
    info.name = name.substr(prefix.size());
    info.size = ParseInt64(XmlText(blob, "Content-Length")).value_or(0);
    info.etag = ReplaceAll(XmlText(blob, "Etag"), "\"", "");
    info.modified_ticks = ParseHttpDate(XmlText(blob, "Last-Modified")).value_or(0);
    page.objects.push_back(std::move(info));
  }
  page.next = XmlText(xml, "NextMarker");
  return page;
}

}  // namespace kc::azure
