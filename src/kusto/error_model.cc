#include "kusto/error_model.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/answers.h"

namespace kc::kusto {
namespace {

constexpr size_t kLongestMessage = 600;

std::string TextOf(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<bool> BoolOf(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

Error ReadErrorObject(const Json& error) {
  Error out;
  const Json* inner = error.contains("innererror") && error["innererror"].is_object()
                          ? &error["innererror"]
                          : nullptr;
  std::string message = TextOf(error, "@message");
  if (message.empty() && inner != nullptr) message = TextOf(*inner, "@message");
  if (message.empty()) message = TextOf(error, "message");
  out.reason = TextOf(error, "code");
  if (inner != nullptr && !TextOf(*inner, "code").empty()) {
    std::string code = TextOf(*inner, "code");
    if (message.find(code) == std::string::npos) message += " (" + code + ")";
  }
  out.message = ShortMessage(message.empty() ? "an error without a message" : message);
  auto permanent = BoolOf(error, "@permanent");
  out.code = permanent && !*permanent ? ErrorCode::kRetry : ErrorCode::kStop;
  return out;
}

// v1's list of texts, each with a stack.
Error ReadExceptions(const Json& list) {
  std::string text = list.is_array() && !list.empty() && list.front().is_string()
                         ? list.front().get<std::string>()
                         : DumpJson(list);
  return {ErrorCode::kStop, ShortMessage(text), "Exceptions"};
}

// The code that the recorded text errors begin with: "General_BadRequest: Request is invalid …".
std::string LeadingCode(std::string_view text) {
  size_t colon = text.find(':');
  constexpr size_t kLongestCode = 80;
  if (colon == std::string_view::npos || colon > kLongestCode) return "";
  std::string_view code = text.substr(0, colon);
  for (char c : code) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return "";
  }
  return std::string(code);
}

std::optional<double> ReadRetryAfter(std::string_view header, int64_t now_ticks) {
  if (header.empty()) return std::nullopt;
  if (auto seconds = ParseDouble(header); seconds && *seconds >= 0) return *seconds;
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr size_t kLength = 29;
  if (header.size() != kLength) return std::nullopt;
  size_t month = kMonths.find(header.substr(8, 3));
  auto number = [&](size_t at, size_t length) {
    return static_cast<int>(ParseInt64(header.substr(at, length)).value_or(-1));
  };
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  CivilTime at;
  at.year = number(12, 4);
  at.month = static_cast<int>(month / 3) + 1;
  at.day = number(5, 2);
  at.hour = number(17, 2);
  at.minute = number(20, 2);
  at.second = number(23, 2);
  auto ticks = FromCivil(at);
  if (!ticks) return std::nullopt;
  return std::max(0.0, static_cast<double>(*ticks - now_ticks) / kTicksPerSecond);
}

}  // namespace

std::string ShortMessage(std::string text) {
  size_t details = text.find("\r\n[0]");  // an exception's stack follows
  if (details != std::string::npos) text.resize(details);
  text = ReplaceAll(ReplaceAll(text, "\r\n", " "), "\n", " ");
  text = std::string(Trim(SanitizeUtf8(text)));
  while (!text.empty() && text.back() == '.') text.pop_back();
  if (text.size() > kLongestMessage) {
    text.resize(kLongestMessage);
    text = SanitizeUtf8(text) + "…";
  }
  return text;
}

Error ReadErrorBody(std::string_view text) {
  auto json = ParseJson(text);
  if (json && json->is_object()) {
    if (json->contains("error") && (*json)["error"].is_object()) {
      return ReadErrorObject((*json)["error"]);
    }
    if (json->contains("OneApiErrors")) return ReadOneApiErrors(text);
    if (json->contains("Exceptions")) return ReadExceptions((*json)["Exceptions"]);
    return ReadErrorObject(*json);
  }
  std::string message = ShortMessage(std::string(text));
  return {ErrorCode::kStop, message.empty() ? "an answer without a text" : message,
          LeadingCode(text)};
}

Error ReadOneApiErrors(std::string_view text) {
  auto json = ParseJson(text);
  if (json && json->is_object() && json->contains("OneApiErrors")) {
    Json inner = (*json)["OneApiErrors"];
    json = std::move(inner);
  }
  if (json && json->is_array() && !json->empty() && json->front().is_object()) {
    const Json& first = json->front();
    if (first.contains("error") && first["error"].is_object()) {
      return ReadErrorObject(first["error"]);
    }
    return ReadErrorObject(first);
  }
  return {ErrorCode::kStop, ShortMessage(std::string(text)), ""};
}

Error DecodeHttpError(int status, std::string_view body, std::string_view retry_after,
                      int64_t now_ticks, bool mutates) {
  Error error = ReadErrorBody(body);
  error.http_status = status;
  error.retry_after_s = ReadRetryAfter(retry_after, now_ticks);
  bool said_transient = error.code == ErrorCode::kRetry;
  constexpr int kTooManyRequests = 429;
  constexpr int kFirstServerError = 500;
  constexpr int kRequestTimeout = 408;
  if (status == kTooManyRequests) {
    error.code = ErrorCode::kRetry;  // refused before anything was done
    if (error.reason.empty()) error.reason = "TooManyRequests";
  } else if (status >= kFirstServerError || status == kRequestTimeout) {
    error.code = mutates ? ErrorCode::kUnknownOutcome : ErrorCode::kRetry;
  } else if (status == 401 || status == 403 || status == 404 || !said_transient) {
    error.code = ErrorCode::kStop;
  } else {
    // A refusal that calls itself transient; a change may have begun.
    error.code = mutates ? ErrorCode::kUnknownOutcome : ErrorCode::kRetry;
  }
  if (error.reason.empty()) {
    if (status == 401) error.reason = "Unauthorized";
    if (status == 403) error.reason = "Forbidden";
    if (status == 404) error.reason = "NotFound";
    if (error.reason.empty()) error.reason = "Http" + std::to_string(status);
  }
  if (Trim(body).empty()) error.message = "the cluster answers HTTP " + std::to_string(status);
  return error;
}

}  // namespace kc::kusto
