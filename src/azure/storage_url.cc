#include "azure/storage_url.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "world/processes.h"

namespace kc::azure {
namespace {

constexpr std::string_view kRightForms =
    "a folder (/data/lake), https://<account>.blob.core.windows.net/<container>/<folder> or "
    "abfss://<container>@<account>.dfs.core.windows.net/<folder>, with ?<SAS>, ;<account key> or "
    ";impersonate after it";

tl::unexpected<Error> Bad(const std::string& what) {
  return Stop(what + "; give " + std::string(kRightForms), "BadStorageUrl");
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string_view StripSlashes(std::string_view path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path;
}

bool IsAddressOrLocal(std::string_view host) {
  if (host == "localhost" || StartsWith(host, "[")) return true;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.';
  });
}

// ---- credentials

Result<StorageCredential> ParseKeyword(std::string_view part) {
  std::string lower = ToLowerAscii(part.substr(0, part.find('=')));
  size_t equals = part.find('=');
  std::string value(equals == std::string_view::npos ? "" : part.substr(equals + 1));
  if (lower == "impersonate" && equals == std::string_view::npos) {
    return StorageCredential{CredentialKind::kImpersonate, ""};
  }
  if (lower == "managed_identity") {
    if (value.empty()) return Bad("';managed_identity=' needs 'system' or an object id");
    return StorageCredential{CredentialKind::kManagedIdentity, value};
  }
  if (lower == "token") {
    if (value.empty()) return Bad("';token=' needs a token");
    return StorageCredential{CredentialKind::kToken, value};
  }
  if (lower == "awscredentials") return Bad("S3 storage is not supported");
  std::string key = lower == "sharedkey" ? value : std::string(part);
  auto bytes = Base64Decode(key);
  constexpr size_t kShortestKey = 16;
  if (!bytes || bytes->size() < kShortestKey) {
    return Bad(
        "what follows ';' in the storage address is neither an account key in base64 nor "
        "sharedkey=, token=, managed_identity= or impersonate");
  }
  return StorageCredential{CredentialKind::kAccountKey, key};
}

// `text` begins with '?' or ';' or is empty.
Result<StorageCredential> ParseCredential(std::string_view text) {
  StorageCredential credential;
  if (!text.empty() && text.front() == '?') {
    size_t end = std::min(text.find(';'), text.size());
    std::string_view sas = text.substr(1, end - 1);
    text.remove_prefix(end);
    if (("&" + std::string(sas)).find("&sig=") == std::string::npos) {
      return Bad("what follows '?' in the storage address is no SAS, it has no 'sig='");
    }
    credential = {CredentialKind::kSas, std::string(sas)};
  }
  for (const std::string& part : Split(text, ';')) {
    if (Trim(part).empty()) continue;
    KC_ASSIGN(StorageCredential parsed, ParseKeyword(Trim(part)));
    if (credential.kind != CredentialKind::kNone) {
      return Bad("the storage address has more than one credential");
    }
    credential = std::move(parsed);
  }
  return credential;
}

// ---- blob addresses

Status CheckContainer(const StorageUrl& url) {
  const std::string& name = url.container;
  if (name.empty()) return Bad("the storage address names no container");
  if (url.account == "onelake" || StartsWith(name, "$")) return {};
  bool chars = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  constexpr size_t kShortest = 3;
  constexpr size_t kLongest = 63;
  if (!chars || name.size() < kShortest || name.size() > kLongest || name.front() == '-' ||
      name.back() == '-' || name.find("--") != std::string::npos) {
    return Bad("'" + name +
               "' cannot be a container's name (3 to 63 small letters, digits and single '-')");
  }
  return {};
}

Result<std::string> CleanPath(std::string_view encoded) {
  auto decoded = UrlDecode(StripSlashes(encoded));
  if (!decoded || !IsValidUtf8(*decoded)) return Bad("the storage address has a broken '%' escape");
  if (decoded->empty()) return std::string();
  for (const std::string& part : Split(*decoded, '/')) {
    if (part.empty() || part == "." || part == "..") {
      return Bad("the folder '" + *decoded + "' has an empty, '.' or '..' part");
    }
    for (char c : part) {
      if (static_cast<unsigned char>(c) < 0x20) return Bad("the folder has a control character");
    }
  }
  return *decoded;
}

// The account is the first label of a cloud host, else the first part of the path.
Status SplitHost(const std::string& scheme, const std::string& authority, std::string_view& path,
                 StorageUrl& url) {
  std::string host = ToLowerAscii(authority);
  std::string name = host.substr(0, StartsWith(host, "[") ? host.find(']') + 1 : host.find(':'));
  if (name.empty()) return Bad("the storage address has no host");
  if (authority.find('@') != std::string::npos) {
    return Bad("the storage address has a user name before its host");
  }
  if (name.find(".amazonaws.com") != std::string::npos) {
    return Bad("S3 storage is not supported as a lake");
  }
  if (name.find('.') != std::string::npos && !IsAddressOrLocal(name)) {
    url.account = name.substr(0, name.find('.'));
    url.hierarchical = name.find(".dfs.") != std::string::npos;
    url.endpoint = scheme + "://" + ReplaceAll(host, ".dfs.", ".blob.");
    return {};
  }
  // Path style, as the emulators use it.
  path = StripSlashes(path);
  size_t end = std::min(path.find('/'), path.size());
  url.account = std::string(path.substr(0, end));
  path.remove_prefix(end);
  if (url.account.empty()) {
    return Bad("the storage address names no account: " + scheme + "://" + authority +
               "/<account>/<container>/<folder>");
  }
  url.endpoint = scheme + "://" + host + "/" + url.account;
  return {};
}

Result<StorageUrl> ParseHttp(const std::string& scheme, std::string_view rest) {
  size_t credentials = std::min(rest.find_first_of("?;"), rest.size());
  std::string_view address = rest.substr(0, credentials);
  if (address.find_first_of(" \t\"'<>\\#") != std::string_view::npos) {
    return Bad("the storage address has a character that must be written as %xx");
  }
  size_t slash = std::min(address.find('/'), address.size());
  StorageUrl url;
  url.kind = StorageKind::kBlob;
  std::string_view path = address.substr(slash);
  KC_TRY(SplitHost(scheme, std::string(address.substr(0, slash)), path, url));
  path = StripSlashes(path);
  size_t end = std::min(path.find('/'), path.size());
  url.container = std::string(path.substr(0, end));
  KC_TRY(CheckContainer(url));
  KC_ASSIGN(url.path, CleanPath(path.substr(end)));
  KC_ASSIGN(url.credential, ParseCredential(rest.substr(credentials)));
  return url;
}

// abfss://container@account.dfs.core.windows.net/path → https://account…/container/path
Result<StorageUrl> ParseAbfs(const std::string& scheme, std::string_view rest) {
  size_t at = rest.find('@');
  if (at == std::string_view::npos || at > rest.find('/')) {
    return Bad("'" + scheme + "://' needs <container>@<account>.dfs.core.windows.net");
  }
  std::string_view after = rest.substr(at + 1);
  size_t slash = std::min(after.find_first_of("/?;"), after.size());
  std::string http = std::string(after.substr(0, slash)) + "/" + std::string(rest.substr(0, at)) +
                     std::string(after.substr(slash));
  KC_ASSIGN(StorageUrl url, ParseHttp("https", http));
  url.hierarchical = true;
  return url;
}

// ---- folders

Result<StorageUrl> LocalFolder(std::string path) {
  if (path.find('\0') != std::string::npos) return Bad("the folder's name has a zero character");
  if (path.empty()) return Bad("the lake's address is empty");
  if (path[0] != '/') path = world::CurrentFolder() + "/" + path;
  std::vector<std::string> parts;
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  if (parts.empty()) return Bad("the root folder cannot be a lake");
  StorageUrl url;
  url.path = "/" + Join(parts, "/");
  return url;
}

Result<StorageUrl> ParseFile(std::string_view rest) {
  if (StartsWith(rest, "localhost/")) rest.remove_prefix(9);
  if (rest.empty() || rest[0] != '/') {
    return Bad("'file://' needs an absolute folder: file:///data/lake");
  }
  auto path = UrlDecode(rest);
  if (!path) return Bad("the storage address has a broken '%' escape");
  return LocalFolder(*path);
}

}  // namespace

std::string StorageUrl::UrlOf(std::string_view name) const {
  // What most tools leave as it is in a path.
  constexpr std::string_view kKeep = "/:=@!$,()+*";
  std::string full = path;
  if (!name.empty()) full += (full.empty() ? "" : "/") + std::string(name);
  if (kind == StorageKind::kFile) return "file://" + UrlEncode(full, kKeep);
  std::string out = endpoint + "/" + container;
  return full.empty() ? out : out + "/" + UrlEncode(full, kKeep);
}

std::string StorageUrl::Shown() const {
  if (kind == StorageKind::kFile) return path;
  switch (credential.kind) {
    case CredentialKind::kNone:
      return UrlOf("");
    case CredentialKind::kImpersonate:
    case CredentialKind::kManagedIdentity:
      return UrlOf("") + CredentialSuffix(credential);
    default:
      return UrlOf("") + (credential.kind == CredentialKind::kSas ? "?…" : ";…");
  }
}

StorageUrl StorageUrl::Below(std::string_view folder) const {
  StorageUrl out = *this;
  folder = StripSlashes(folder);
  if (!folder.empty()) out.path += (out.path.empty() ? "" : "/") + std::string(folder);
  return out;
}

Result<StorageUrl> ParseStorageUrl(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return Bad("the storage address is empty");
  size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    std::string lower = ToLowerAscii(text);
    if (lower.find(".core.windows.net") != std::string::npos) {
      return Bad("the storage address does not begin with https://");
    }
    if (StartsWith(lower, "defaultendpointsprotocol=") || StartsWith(lower, "accountname=")) {
      return Bad("this is a storage account's connection string, not a folder's address");
    }
    return LocalFolder(std::string(text));
  }
  std::string scheme = ToLowerAscii(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  if (scheme == "file") return ParseFile(rest);
  if (scheme == "https" || scheme == "http") return ParseHttp(scheme, rest);
  if (scheme == "abfss" || scheme == "abfs") return ParseAbfs(scheme, rest);
  if (scheme == "adl") return Bad("ADLS gen 1 (adl://) is not supported");
  return Bad("'" + scheme + "://' is no kind of storage that is supported");
}

std::string CredentialSuffix(const StorageCredential& credential) {
  switch (credential.kind) {
    case CredentialKind::kNone:
      return "";
    case CredentialKind::kSas:
      return "?" + credential.secret;
    case CredentialKind::kAccountKey:
      return ";" + credential.secret;
    case CredentialKind::kToken:
      return ";token=" + credential.secret;
    case CredentialKind::kImpersonate:
      return ";impersonate";
    case CredentialKind::kManagedIdentity:
      return ";managed_identity=" + credential.secret;
  }
  return "";
}

}  // namespace kc::azure
