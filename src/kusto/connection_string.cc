#include "kusto/connection_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace kc::kusto {
namespace {

enum class Key {
  kDataSource,
  kCatalog,
  kConsistency,
  kFederated,
  kTenant,
  kUserToken,
  kClientId,
  kAppKey,
  kAppToken,
  kManagedIdentity,
  kAppName,
  kUserName,
  kIgnored,      // says how to trace or to transport; means nothing here
  kUnsupported,  // is a way to sign in that we don't have
};

struct Keyword {
  std::string_view name;  // small letters, without blanks
  Key key;
};

constexpr Keyword kKeywords[] = {
    {"datasource", Key::kDataSource},
    {"addr", Key::kDataSource},
    {"address", Key::kDataSource},
    {"networkaddress", Key::kDataSource},
    {"server", Key::kDataSource},
    {"datasourceuri", Key::kDataSource},
    {"serveruri", Key::kDataSource},
    {"clusteruri", Key::kDataSource},
    {"initialcatalog", Key::kCatalog},
    {"database", Key::kCatalog},
    {"queryconsistency", Key::kConsistency},
    {"aadfederatedsecurity", Key::kFederated},
    {"microsoftentraidfederatedsecurity", Key::kFederated},
    {"federatedsecurity", Key::kFederated},
    {"federated", Key::kFederated},
    {"fed", Key::kFederated},
    {"aadfed", Key::kFederated},
    {"authorityid", Key::kTenant},
    {"tenantid", Key::kTenant},
    {"tid", Key::kTenant},
    {"tenant", Key::kTenant},
    {"authority", Key::kTenant},
    {"domainhint", Key::kTenant},
    {"usertoken", Key::kUserToken},
    {"usrtoken", Key::kUserToken},
    {"applicationclientid", Key::kClientId},
    {"appclientid", Key::kClientId},
    {"applicationkey", Key::kAppKey},
    {"appkey", Key::kAppKey},
    {"applicationtoken", Key::kAppToken},
    {"apptoken", Key::kAppToken},
    {"managedserviceidentity", Key::kManagedIdentity},
    {"applicationnamefortracing", Key::kAppName},
    {"traceappname", Key::kAppName},
    {"usernamefortracing", Key::kUserName},
    {"traceusername", Key::kUserName},
    {"clientversionfortracing", Key::kIgnored},
    {"accept", Key::kIgnored},
    {"streaming", Key::kIgnored},
    {"uncompressed", Key::kIgnored},
    {"azureregion", Key::kIgnored},
    {"region", Key::kIgnored},
    {"enforcemfa", Key::kIgnored},
    {"userid", Key::kUnsupported},
    {"uid", Key::kUnsupported},
    {"user", Key::kUnsupported},
    {"loginhint", Key::kUnsupported},
    {"aaduserid", Key::kUnsupported},
    {"password", Key::kUnsupported},
    {"pwd", Key::kUnsupported},
    {"applicationcertificatethumbprint", Key::kUnsupported},
    {"appcert", Key::kUnsupported},
    {"applicationcertificateblob", Key::kUnsupported},
    {"applicationcertificatesubjectdistinguishedname", Key::kUnsupported},
    {"applicationcertificatesubject", Key::kUnsupported},
    {"applicationcertificateissuerdistinguishedname", Key::kUnsupported},
    {"applicationcertificatesendx5c", Key::kUnsupported},
    {"sendx5c", Key::kUnsupported},
    {"applicationcertificatesendpubliccertificate", Key::kUnsupported},
    {"sendcertificatechain", Key::kUnsupported},
    {"applicationcertificatex5c", Key::kUnsupported},
    {"dstsfederatedsecurity", Key::kUnsupported},
    {"dstsfed", Key::kUnsupported},
    {"namespace", Key::kUnsupported},
    {"ns", Key::kUnsupported},
};

tl::unexpected<Error> Bad(const std::string& what) {
  return Stop(what + "; give for instance https://<cluster>.<region>.kusto.windows.net",
              "BadConnectionString");
}

std::optional<Key> FindKey(std::string_view name) {
  std::string plain = ToLowerAscii(ReplaceAll(std::string(name), " ", ""));
  for (const Keyword& keyword : kKeywords) {
    if (plain == keyword.name) return keyword.key;
  }
  return std::nullopt;
}

struct Pair {
  std::string key, value;
  bool has_key = false;
};

// ADO.NET's rules: pairs end at ';', a value in "…" or '…' may hold any character, the quote
// doubled.
Result<std::vector<Pair>> SplitPairs(std::string_view text) {
  std::vector<Pair> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find(';', at);
    size_t equals = text.find('=', at);
    Pair pair;
    if (equals != std::string_view::npos && (end == std::string_view::npos || equals < end)) {
      pair.has_key = true;
      pair.key = std::string(Trim(text.substr(at, equals - at)));
      size_t value = equals + 1;
      while (value < text.size() && text[value] == ' ') ++value;
      char quote = value < text.size() ? text[value] : '\0';
      if (quote == '"' || quote == '\'') {
        size_t i = value + 1;
        for (; i < text.size(); ++i) {
          if (text[i] != quote) {
            pair.value += text[i];
          } else if (i + 1 < text.size() && text[i + 1] == quote) {
            pair.value += text[i++];
          } else {
            break;
          }
        }
        if (i >= text.size()) return Bad("the value of '" + pair.key + "' has no closing quote");
        end = text.find(';', i);
        std::string_view rest =
            text.substr(i + 1, (end == std::string_view::npos ? text.size() : end) - i - 1);
        if (!Trim(rest).empty()) {
          return Bad("there is text after the quoted value of '" + pair.key + "'");
        }
      } else {
        pair.value = std::string(
            Trim(text.substr(value, end == std::string_view::npos ? end : end - value)));
      }
    } else {
      pair.value =
          std::string(Trim(text.substr(at, end == std::string_view::npos ? end : end - at)));
    }
    if (pair.has_key || !pair.value.empty()) out.push_back(std::move(pair));
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return out;
}

Result<bool> ParseBool(const std::string& key, const std::string& value) {
  if (EqualsIgnoreCase(value, "true") || value == "1") return true;
  if (EqualsIgnoreCase(value, "false") || value == "0") return false;
  return Bad("'" + key + "' must be true or false");
}

bool ValidHost(std::string_view host) {
  if (host.empty()) return false;
  std::string_view port;
  size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    auto number = ParseInt64(port);
    constexpr int64_t kLargestPort = 65535;
    if (!number || *number < 1 || *number > kLargestPort) return false;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return true;
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

// "https://host[:port][/database]"
Status ParseDataSource(std::string_view text, ConnectionString& out) {
  size_t colon = text.find("://");
  std::string scheme = "https";
  std::string_view rest = text;
  if (colon != std::string_view::npos) {
    scheme = ToLowerAscii(text.substr(0, colon));
    rest = text.substr(colon + 3);
  } else if (text.find('.') == std::string_view::npos) {
    return Bad("'" + std::string(text) + "' is no cluster's address, it has no https://");
  }
  if (scheme != "https" && scheme != "http") {
    return Bad("a cluster's address begins with https:// (or http://), not " + scheme + "://");
  }
  size_t slash = std::min(rest.find('/'), rest.size());
  std::string host = ToLowerAscii(rest.substr(0, slash));
  if (host.find('@') != std::string::npos) {
    return Bad("a cluster's address holds no user and password");  // nor does the message
  }
  if (!ValidHost(host)) return Bad("'" + host + "' is no host name with an optional port");
  std::string_view path = rest.substr(slash);
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.find('/') != std::string_view::npos || path.find('?') != std::string_view::npos) {
    return Bad("a cluster's address has at most the database after the host");
  }
  auto database = UrlDecode(path);
  if (!database) return Bad("the cluster's address has a broken '%' escape");
  out.cluster = scheme + "://" + host;
  if (!database->empty()) out.database = *database;
  return {};
}

Status Apply(const Pair& pair, ConnectionString& out, std::optional<bool>& federated,
             int& sign_ins) {
  auto key = FindKey(pair.key);
  if (!key) {
    return Bad("the connection string has an unknown keyword '" + pair.key.substr(0, 40) + "'");
  }
  auto sign_in = [&](AuthKind kind) {
    out.auth = kind;
    out.secret = pair.value;
    ++sign_ins;
  };
  switch (*key) {
    case Key::kDataSource:
      return ParseDataSource(pair.value, out);
    case Key::kCatalog:
      out.database = pair.value;
      break;
    case Key::kConsistency: {
      std::string lower = ToLowerAscii(pair.value);
      if (lower != "strongconsistency" && lower.rfind("weakconsistency", 0) != 0) {
        return Bad("'" + pair.key + "' must be strongconsistency or weakconsistency");
      }
      out.weak_consistency = lower[0] == 'w';
      break;
    }
    case Key::kFederated: {
      KC_ASSIGN(federated, ParseBool(pair.key, pair.value));
      break;
    }
    case Key::kTenant:
      out.tenant = pair.value;
      break;
    case Key::kUserToken:
      sign_in(AuthKind::kUserToken);
      break;
    case Key::kClientId:
      out.client_id = pair.value;
      break;
    case Key::kAppKey:
      sign_in(AuthKind::kApplicationKey);
      break;
    case Key::kAppToken:
      sign_in(AuthKind::kApplicationToken);
      break;
    case Key::kManagedIdentity:
      sign_in(AuthKind::kManagedIdentity);
      break;
    case Key::kAppName:
      out.app_name = pair.value;
      break;
    case Key::kUserName:
      out.user_name = pair.value;
      break;
    case Key::kIgnored:
      break;
    case Key::kUnsupported:
      return Bad("signing in with '" + pair.key +
                 "' is not supported: use AppClientId with AppKey, a token, a managed identity or "
                 "no keyword (the Azure default chain)");
  }
  return {};
}

Status CheckSignIn(ConnectionString& out, std::optional<bool> federated, int sign_ins) {
  if (out.cluster.empty()) return Bad("the connection string names no cluster (Data Source)");
  if (sign_ins > 1) return Bad("the connection string has more than one way to sign in");
  if (out.auth == AuthKind::kApplicationKey && (out.client_id.empty() || out.tenant.empty())) {
    return Bad("AppKey needs AppClientId and Authority Id (the tenant) beside it");
  }
  if (!out.client_id.empty() && sign_ins == 0) {
    return Bad("AppClientId needs AppKey beside it");
  }
  if (sign_ins > 0 && out.secret.empty()) return Bad("a token, key or identity is empty");
  if (federated && !*federated) {
    if (sign_ins > 0) return Bad("the connection string has credentials and Fed=false");
    out.auth = AuthKind::kNone;
  }
  return {};
}

}  // namespace

std::string ConnectionString::Shown() const {
  return database.empty() ? cluster : cluster + "/" + database;
}

Result<ConnectionString> ParseConnectionString(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return Bad("the connection string is empty");
  std::string expanded;
  if (text.front() == '@') {
    // @help/Samples
    std::string_view name = text.substr(1);
    size_t end = std::min(name.find_first_of("/;"), name.size());
    expanded = "https://" + std::string(name.substr(0, end)) + ".kusto.windows.net" +
               std::string(name.substr(end)) + ";Fed=true";
    text = expanded;
  }
  KC_ASSIGN(std::vector<Pair> pairs, SplitPairs(text));
  ConnectionString out;
  std::optional<bool> federated;
  int sign_ins = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    // The first one without '=' is the data source; an address itself may not hold '='.
    if (!pairs[i].has_key && i == 0) {
      KC_TRY(ParseDataSource(pairs[i].value, out));
    } else if (!pairs[i].has_key) {
      return Bad("'" + pairs[i].value.substr(0, 20) + "…' has no '=' in the connection string");
    } else {
      KC_TRY(Apply(pairs[i], out, federated, sign_ins));
    }
  }
  KC_TRY(CheckSignIn(out, federated, sign_ins));
  return out;
}

}  // namespace kc::kusto
