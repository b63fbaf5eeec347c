#include "azure/shared_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::azure {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string CanonicalHeaders(const world::Headers& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    std::string lower = ToLowerAscii(name);
    if (lower.rfind("x-ms-", 0) == 0) sorted[lower] = std::string(Trim(value));
  }
  std::string out;
  for (const auto& [name, value] : sorted) out += name + ":" + value + "\n";
  return out;
}

std::string CanonicalResource(std::string_view account, std::string_view url, const Query& query) {
  size_t host = url.find("://");
  size_t path = url.find('/', host + 3);
  std::string out = "/" + std::string(account);
  out += path == std::string_view::npos ? "/" : std::string(url.substr(path));
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : query) sorted[ToLowerAscii(name)] = value;
  for (const auto& [name, value] : sorted) out += "\n" + name + ":" + value;
  return out;
}

}  // namespace

std::string QueryText(const Query& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    out += (out.empty() ? "?" : "&") + UrlEncode(name) + "=" + UrlEncode(value);
  }
  return out;
}

std::string SharedKeyAuthorization(std::string_view account, std::string_view key,
                                   const world::HttpRequest& request, std::string_view url,
                                   const Query& query) {
  auto header = [&](std::string_view name) {
    return std::string(world::FindHeader(request.headers, name));
  };
  std::string text = request.method + "\n";
  text += header("Content-Encoding") + "\n" + header("Content-Language") + "\n";
  text += (request.body.empty() ? "" : std::to_string(request.body.size())) + "\n";
  text += header("Content-MD5") + "\n" + header("Content-Type") + "\n\n";  // no Date: x-ms-date
  text += header("If-Modified-Since") + "\n" + header("If-Match") + "\n";
  text += header("If-None-Match") + "\n" + header("If-Unmodified-Since") + "\n";
  text += header("Range") + "\n";
  text += CanonicalHeaders(request.headers) + CanonicalResource(account, url, query);
  return fmt::format("SharedKey {}:{}", account, Base64Encode(HmacSha256(key, text)));
}

std::string MakeSas(const StorageUrl& url, std::string_view key, const SasRequest& request) {
  std::string resource = "/blob/" + url.account + "/" + url.container;
  if (!request.path.empty()) resource += "/" + request.path;
  std::string start = SasTime(request.starts_ticks);
  std::string expiry = SasTime(request.expires_ticks);
  bool https_only = url.endpoint.rfind("https://", 0) == 0;
  std::string protocol = https_only ? "https" : "https,http";
  // rights, start, expiry, resource, policy, address, protocol, version, kind, snapshot, encryption
  // scope, and five response headers.
  std::string text =
      fmt::format("{}\n{}\n{}\n{}\n\n\n{}\n{}\n{}\n\n\n\n\n\n\n", request.rights, start, expiry,
                  resource, protocol, kStorageApiVersion, request.resource);
  Query query{{"sv", std::string(kStorageApiVersion)},
              {"spr", protocol},
              {"st", start},
              {"se", expiry},
              {"sr", request.resource},
              {"sp", request.rights}};
  if (request.resource == "d") {
    auto depth = std::count(request.path.begin(), request.path.end(), '/') + 1;
    query.emplace_back("sdd", std::to_string(depth));
  }
  query.emplace_back("sig", Base64Encode(HmacSha256(key, text)));
  return QueryText(query).substr(1);
}

std::string HttpDate(int64_t ticks) {
  CivilTime t = ToCivil(ticks);
  auto day = static_cast<size_t>(ticks / kTicksPerDay % 7);  // 0001-01-01 was a Monday
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[day], t.day,
                     kMonths[static_cast<size_t>(t.month - 1)], t.year, t.hour, t.minute, t.second);
}

std::optional<int64_t> ParseHttpDate(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  constexpr size_t kLength = 29;
  if (text.size() != kLength || text.substr(26) != "GMT") return std::nullopt;
  auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  auto number = [&](size_t at, size_t length) {
    return static_cast<int>(ParseInt64(text.substr(at, length)).value_or(-1));
  };
  CivilTime civil;
  civil.year = number(12, 4);
  civil.month = static_cast<int>(month - kMonths.begin()) + 1;
  civil.day = number(5, 2);
  civil.hour = number(17, 2);
  civil.minute = number(20, 2);
  civil.second = number(23, 2);
  return FromCivil(civil);
}

std::string SasTime(int64_t ticks) {
  CivilTime t = ToCivil(ticks);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year, t.month, t.day, t.hour,
                     t.minute, t.second);
}

}  // namespace kc::azure
