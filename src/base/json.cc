#include "base/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/escape.h"

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
  AppendQuoted(out, text, '"', false);
}

}  // namespace kc
