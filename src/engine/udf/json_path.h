// JSON paths as bag_set_key(), bag_remove_keys() and extract_json() take them: "$.a.b[0]", "$['a
// b']".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kc::engine::udf {

using JsonStep = std::variant<std::string, int64_t>;  // a key or an index
using JsonPath = std::vector<JsonStep>;

// Nothing if the text starts like a path but is none. "$" alone is the empty path.
std::optional<JsonPath> ParseJsonPath(std::string_view text);
// A plain key, unless the text starts with "$." or "$[".
JsonPath KeyOrPath(std::string_view text);
// The value at the path; nothing if it isn't there or null.
std::optional<std::string_view> JsonAtPath(std::string_view json, const JsonPath& path);
// The object without what the path leads to.
void RemoveAtPath(std::string& out, std::string_view json, const JsonPath& path, size_t step = 0);
// The object with `value` where the path leads to; objects on the way are made. False if the way is
// blocked by something that is no object.
bool SetAtPath(std::string& out, std::string_view json, const JsonPath& path,
               std::string_view value, size_t step = 0);

}  // namespace kc::engine::udf
