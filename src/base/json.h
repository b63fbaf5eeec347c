// JSON, by nlohmann-json. This header only names the type; files that look inside include
// <nlohmann/json.hpp> (it is precompiled).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace kc {

using Json = nlohmann::json;                 // objects sorted by key
using OrderedJson = nlohmann::ordered_json;  // objects in the order of insertion

// How deep JSON from outside may nest: deeper texts are refused, so that no recursion overflows.
inline constexpr int kMaxJsonDepth = 500;

// kStop with the position when the text isn't JSON or nests too deeply. No exception leaves.
Result<Json> ParseJson(std::string_view text);
Result<OrderedJson> ParseOrderedJson(std::string_view text);
// Invalid UTF-8 is replaced by U+FFFD. indent < 0: one line.
std::string DumpJson(const Json& json, int indent = -1);
std::string DumpJson(const OrderedJson& json, int indent = -1);
// A JSON string with its quotes.
std::string JsonString(std::string_view text);
// Appends the same to out; the fast path of result encoding.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace kc
