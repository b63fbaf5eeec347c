// IP addresses, URLs, paths, versions, CSV lines.
#include <algorithm>

#include "base/text.h"
#include "engine/udf/decimal128.h"
#include "engine/udf/families.h"
#include "engine/udf/ip_address.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"
#include "engine/udf/utf8.h"

namespace kc::engine::udf {
namespace {

// The prefix that a comparison of two addresses uses.
int CommonPrefix(int a, int b, int64_t wanted, int most) {
  return static_cast<int>(std::min<int64_t>({a, b, std::clamp<int64_t>(wanted, 0, most)}));
}

std::optional<int64_t> CompareV4(Text a, Text b, int64_t prefix) {
  const auto x = ParseIpv4(a), y = ParseIpv4(b);
  if (!x || !y || prefix < 0 || prefix > 32) return std::nullopt;
  const int bits = CommonPrefix(x->prefix, y->prefix, prefix, 32);
  const uint32_t p = x->Masked(bits), q = y->Masked(bits);
  return p < q ? -1 : p > q ? 1 : 0;
}

std::optional<int64_t> CompareV6(Text a, Text b, int64_t prefix) {
  const auto x = ParseIpv6(a), y = ParseIpv6(b);
  if (!x || !y || prefix < 0 || prefix > 128) return std::nullopt;
  return CompareIpv6(*x, *y, CommonPrefix(x->prefix, y->prefix, prefix, 128));
}

std::optional<bool> InRangeV4(Text ip, Text range) {
  const auto x = ParseIpv4(ip), y = ParseIpv4(range);
  if (!x || !y) return std::nullopt;
  return x->Masked(y->prefix) == y->Network();
}

std::optional<bool> InRangeV6(Text ip, Text range) {
  const auto x = ParseIpv6(ip), y = ParseIpv6(range);
  if (!x || !y) return std::nullopt;
  return CompareIpv6(*x, *y, y->prefix) == 0;
}

// The texts of an array, or of an array in an array (several arguments packed).
std::vector<std::string> TextsOf(std::string_view json) {
  std::vector<std::string> texts;
  for (const std::string_view element : JsonElements(json)) {
    if (KindOf(element) == JsonKind::kString) texts.push_back(JsonUnquote(element));
    for (const std::string_view inner : JsonElements(element)) {
      if (KindOf(inner) == JsonKind::kString) texts.push_back(JsonUnquote(inner));
    }
  }
  return texts;
}

// The fewest networks that hold just the addresses of a range. False: no range.
bool RangeToNetworks(DynOut& out, Text first, Text last) {
  const auto from = ParseIpv4(first), to = ParseIpv4(last);
  if (!from || !to || from->address > to->address) return false;
  JsonArrayWriter networks(out);
  uint64_t at = from->address;
  const uint64_t end = to->address;
  while (at <= end) {
    int bits = 0;  // of the addresses inside
    while (bits < 32 && at % (uint64_t{2} << bits) == 0 && at + (uint64_t{2} << bits) - 1 <= end) {
      ++bits;
    }
    networks.Quoted(FormatIpv4(static_cast<uint32_t>(at)) + "/" + std::to_string(32 - bits));
    at += uint64_t{1} << bits;
  }
  networks.Close();
  return true;
}

// Calls f with each address that stands in the text with no letter, digit or dot beside it.
template <typename F>
bool AnyAddressIn(Text text, F f) {
  const auto part_of_address = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  for (size_t at = 0; at < text.size();) {
    if (!part_of_address(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text.size() && part_of_address(text[end])) ++end;
    const auto letter = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    };
    const bool apart =
        (at == 0 || !letter(text[at - 1])) && (end == text.size() || !letter(text[end]));
    std::string_view candidate = text.substr(at, end - at);
    while (candidate.ends_with('.')) candidate.remove_suffix(1);  // the end of a sentence
    if (apart && ParseIpv4(candidate) && f(candidate)) return true;
    at = end;
  }
  return false;
}

bool HasAddress(Text text, Text address) {
  const auto wanted = ParseIpv4(address);
  if (!wanted || address.find('/') != Text::npos) return false;
  return AnyAddressIn(
      text, [&](std::string_view found) { return ParseIpv4(found)->address == wanted->address; });
}

// A prefix is "a.b." (whole parts with the point) or a whole address.
bool HasPrefix(Text text, Text prefix) {
  if (prefix.empty() || (!prefix.ends_with('.') && !ParseIpv4(prefix))) return false;
  return AnyAddressIn(text, [&](std::string_view found) { return found.starts_with(prefix); });
}

void AddIpv4(Registrar& r) {
  r.Add("kql_parse_ipv4", [](Text text) -> std::optional<int64_t> {
    const auto ip = ParseIpv4(text);
    if (!ip) return std::nullopt;
    return ip->Network();
  });
  r.Add("kql_parse_ipv4_mask", [](Text text, int64_t prefix) -> std::optional<int64_t> {
    const auto ip = ParseIpv4(text);
    if (!ip || prefix < 0 || prefix > 32) return std::nullopt;
    return ip->Masked(static_cast<int>(std::min<int64_t>(prefix, ip->prefix)));
  });
  r.Add("kql_ipv4_range_to_cidr_list",
        [](DynOut& out, Text first, Text last) { return RangeToNetworks(out, first, last); });
  r.Add("kql_ipv4_compare", [](Text a, Text b, int64_t prefix) { return CompareV4(a, b, prefix); });
  r.Add("kql_ipv6_compare", [](Text a, Text b, int64_t prefix) { return CompareV6(a, b, prefix); });
  r.Add("kql_ipv4_is_in_range", [](Text ip, Text range) { return InRangeV4(ip, range); });
  r.Add("kql_ipv6_is_in_range", [](Text ip, Text range) { return InRangeV6(ip, range); });
  r.Add("kql_ipv4_is_in_any_range", [](Text ip, Dyn ranges) -> std::optional<bool> {
    if (!ParseIpv4(ip)) return std::nullopt;
    for (const std::string& range : TextsOf(ranges.text)) {
      if (InRangeV4(ip, range).value_or(false)) return true;
    }
    return false;
  });
  r.Add("kql_ipv6_is_in_any_range", [](Text ip, Dyn ranges) -> std::optional<bool> {
    if (!ParseIpv6(ip)) return std::nullopt;
    for (const std::string& range : TextsOf(ranges.text)) {
      if (InRangeV6(ip, range).value_or(false)) return true;
    }
    return false;
  });
  r.Add("kql_ipv4_is_private", [](Text text) -> std::optional<bool> {
    const auto ip = ParseIpv4(text);
    if (!ip) return std::nullopt;
    return IsPrivate(*ip);
  });
  r.Add("kql_ipv4_netmask_suffix", [](Text text) -> std::optional<int64_t> {
    const auto ip = ParseIpv4(text);
    if (!ip) return std::nullopt;
    return ip->prefix;
  });
  r.Add("kql_format_ipv4", [](StrOut& out, Text text, int64_t prefix, bool with_mask) {
    const auto ip = ParseIpv4(text);
    if (!ip || prefix < 0 || prefix > 32) return;
    const int bits = static_cast<int>(std::min<int64_t>(prefix, ip->prefix));
    out.append(FormatIpv4(ip->Masked(bits)));
    if (with_mask) out.append("/").append(std::to_string(bits));
  });
  r.Add("kql_format_ipv4_number", [](StrOut& out, int64_t address, int64_t prefix, bool with_mask) {
    if (address < 0 || address > 0xFFFFFFFFLL || prefix < 0 || prefix > 32) return;
    const Ipv4 ip{static_cast<uint32_t>(address), static_cast<int>(prefix)};
    out.append(FormatIpv4(ip.Network()));
    if (with_mask) out.append("/").append(std::to_string(prefix));
  });
  r.Add("kql_parse_ipv6", [](StrOut& out, Text text, int64_t prefix) {
    auto ip = ParseIpv6(text);
    if (!ip || prefix < 0 || prefix > 128) return;
    MaskIpv6(*ip, static_cast<int>(std::min<int64_t>(ip->prefix, prefix)));
    out.append(FormatIpv6(*ip));
  });
}

void AddSearches(Registrar& r) {
  r.Add("kql_has_ipv4", [](Text text, Text address) { return HasAddress(text, address); });
  r.Add("kql_has_ipv4_prefix", [](Text text, Text prefix) { return HasPrefix(text, prefix); });
  r.Add("kql_has_any_ipv4", [](Text text, Dyn addresses) {
    const auto wanted = TextsOf(addresses.text);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& w) { return HasAddress(text, w); });
  });
  r.Add("kql_has_any_ipv4_prefix", [](Text text, Dyn prefixes) {
    const auto wanted = TextsOf(prefixes.text);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& w) { return HasPrefix(text, w); });
  });
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":");
  AppendJsonQuoted(out, value);
}

void AppendQueryParameters(std::string& out, std::string_view query) {
  out.append(out.size() > 1 ? ",\"Query Parameters\":{" : "\"Query Parameters\":{");
  bool first = true;
  for (const std::string& pair : Split(query, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (!first) out.push_back(',');
    first = false;
    const std::string_view text = pair;
    AppendJsonQuoted(out, text.substr(0, equals));
    out.push_back(':');
    AppendJsonQuoted(out, equals == std::string::npos ? "" : text.substr(equals + 1));
  }
  out.push_back('}');
}

// scheme://user:password@host:port/path?query#fragment
void ParseUrl(std::string& out, std::string_view url) {
  const auto cut_after = [&](std::string_view& text, std::string_view mark) {
    const size_t at = text.find(mark);
    std::string_view rest;
    if (at != std::string_view::npos) {
      rest = text.substr(at + mark.size());
      text = text.substr(0, at);
    }
    return rest;
  };
  const std::string_view fragment = cut_after(url, "#");
  const std::string_view query = cut_after(url, "?");
  std::string_view scheme;
  if (const size_t at = url.find("://"); at != std::string_view::npos) {
    scheme = url.substr(0, at);
    url = url.substr(at + 3);
  }
  std::string_view path;
  if (const size_t slash = url.find('/'); slash != std::string_view::npos) {
    path = url.substr(slash);
    url = url.substr(0, slash);
  }
  std::string_view user, password;
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    user = url.substr(0, at);
    url = url.substr(at + 1);
    password = cut_after(user, ":");
  }
  std::string_view host = url, port;
  const size_t bracket = url.rfind(']');
  const size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = url.substr(0, colon);
    port = url.substr(colon + 1);
  }
  out.push_back('{');
  AppendField(out, "Scheme", scheme);
  AppendField(out, "Host", host);
  AppendField(out, "Port", port);
  AppendField(out, "Path", path);
  AppendField(out, "Username", user);
  AppendField(out, "Password", password);
  AppendQueryParameters(out, query);
  AppendField(out, "Fragment", fragment);
  out.push_back('}');
}

void ParsePath(std::string& out, std::string_view path) {
  std::string_view scheme, stream, root;
  if (const size_t at = path.find("://"); at != std::string_view::npos) {
    scheme = path.substr(0, at);
    path = path.substr(at + 3);
  }
  const bool drive =
      path.size() > 1 && path[1] == ':' && std::isalpha(static_cast<unsigned char>(path[0])) != 0;
  if (const size_t at = path.rfind(':'); at != std::string_view::npos && (!drive || at > 1)) {
    stream = path.substr(at + 1);
    path = path.substr(0, at);
  }
  if (drive && path.size() > 2 && (path[2] == '\\' || path[2] == '/')) root = path.substr(0, 3);
  const size_t last = path.find_last_of("\\/");
  const std::string_view file = last == std::string_view::npos ? path : path.substr(last + 1);
  const std::string_view directory = last == std::string_view::npos ? "" : path.substr(0, last);
  const size_t before = directory.find_last_of("\\/");
  std::string_view name =
      before == std::string_view::npos ? directory : directory.substr(before + 1);
  if (drive && directory.size() <= 2) name = "";
  const size_t dot = file.rfind('.');
  out.push_back('{');
  AppendField(out, "Scheme", scheme);
  AppendField(out, "RootPath", root);
  AppendField(out, "DirectoryPath", directory);
  AppendField(out, "DirectoryName", name);
  AppendField(out, "Filename", file);
  AppendField(out, "Extension", dot == std::string_view::npos ? "" : file.substr(dot + 1));
  AppendField(out, "AlternateDataStreamName", stream);
  out.push_back('}');
}

// The fields of the first record.
void ParseCsv(std::string& out, std::string_view text) {
  JsonArrayWriter array(out);
  size_t at = 0;
  for (bool more = true; more;) {
    more = false;
    std::string field;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] != '"') {
          field.push_back(text[at]);
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field.push_back(text[++at]);
        } else {
          ++at;
          break;
        }
      }
    }
    for (; at < text.size() && text[at] != '\n'; ++at) {
      if (text[at] == ',') {
        more = true;
        ++at;
        break;
      }
      if (text[at] != '\r' || at + 1 >= text.size() || text[at + 1] != '\n') {
        field.push_back(text[at]);
      }
    }
    array.Quoted(field);
  }
  array.Close();
}

// "1.2.3.4" → 1·10^24 + 2·10^16 + 3·10^8 + 4: versions in their order.
bool ParseVersion(std::string& out, std::string_view text) {
  const std::vector<std::string> parts = Split(Trim(text), '.');
  if (parts.size() > 4) return false;
  std::string digits;
  for (size_t i = 0; i < 4; ++i) {
    int64_t value = 0;
    if (i < parts.size()) {
      const auto number = ParseInt64(parts[i]);
      if (!number || *number < 0 || *number > 99'999'999) return false;
      value = *number;
    }
    const std::string part = std::to_string(value);
    digits.append(8 - part.size(), '0').append(part);
  }
  const auto number = ParseDecimal(digits);
  if (!number) return false;
  out.append(FormatDecimal(*number));
  return true;
}

}  // namespace

void AddNetwork(Registrar& r) {
  AddIpv4(r);
  AddSearches(r);
  r.Add("kql_parse_url", [](DynOut& out, Text url) {
    ParseUrl(out, url);
    return true;
  });
  r.Add("kql_parse_urlquery", [](DynOut& out, Text query) {
    out.push_back('{');
    AppendQueryParameters(out, query.starts_with('?') ? query.substr(1) : query);
    out.push_back('}');
    return true;
  });
  r.Add("kql_parse_path", [](DynOut& out, Text path) {
    ParsePath(out, path);
    return true;
  });
  r.Add("kql_parse_csv", [](DynOut& out, Text text) {
    ParseCsv(out, text);
    return true;
  });
  r.Add("kql_parse_version", [](DynOut& out, Text text) { return ParseVersion(out, text); });
}

}  // namespace kc::engine::udf
