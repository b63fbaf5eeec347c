#include "base/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace kc {
namespace {

template <typename J>
Result<J> Parse(std::string_view text) {
  // Depth is checked first: nlohmann's parser does not recurse, but its destructor and dump do.
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) {
        return Stop(fmt::format("JSON nests deeper than {} levels", kMaxJsonDepth));
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  try {
    return J::parse(text);
  } catch (const std::exception& e) {
    return Stop(fmt::format("not valid JSON: {}", e.what()));
  }
}

template <typename J>
std::string Dump(const J& json, int indent) {
  return json.dump(indent, ' ', false, J::error_handler_t::replace);
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  return Parse<Json>(text);
}
Result<OrderedJson> ParseOrderedJson(std::string_view text) {
  return Parse<OrderedJson>(text);
}
std::string DumpJson(const Json& json, int indent) {
  return Dump(json, indent);
}
std::string DumpJson(const OrderedJson& json, int indent) {
  return Dump(json, indent);
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  size_t plain = 0;  // start of the run that needs no escape
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

}  // namespace kc
