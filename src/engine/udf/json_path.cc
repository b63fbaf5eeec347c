#include "engine/udf/json_path.h"

#include "engine/udf/json_text.h"

namespace kc::engine::udf {
namespace {

bool KeyMatches(std::string_view quoted_key, const JsonStep& step) {
  const auto* name = std::get_if<std::string>(&step);
  return name != nullptr && JsonKeyIs(quoted_key, *name);
}

void AppendEntry(std::string& out, std::string_view quoted_key, bool& first) {
  if (!first) out.push_back(',');
  first = false;
  out.append(quoted_key).push_back(':');
}

}  // namespace

std::optional<JsonPath> ParseJsonPath(std::string_view text) {
  JsonPath path;
  if (text.empty() || text[0] != '$') return std::nullopt;
  size_t at = 1;
  while (at < text.size()) {
    if (text[at] == '.') {
      const size_t end = std::min(text.find_first_of(".[", at + 1), text.size());
      if (end == at + 1) return std::nullopt;
      path.emplace_back(std::string(text.substr(at + 1, end - at - 1)));
      at = end;
      continue;
    }
    if (text[at] != '[' || at + 1 >= text.size()) return std::nullopt;
    const char quote = text[at + 1];
    if (quote == '\'' || quote == '"') {
      const size_t end = text.find(quote, at + 2);
      if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != ']') {
        return std::nullopt;
      }
      path.emplace_back(std::string(text.substr(at + 2, end - at - 2)));
      at = end + 2;
    } else {
      const size_t end = text.find(']', at);
      if (end == std::string_view::npos) return std::nullopt;
      const auto index = JsonToInteger(text.substr(at + 1, end - at - 1));
      if (!index) return std::nullopt;
      path.emplace_back(*index);
      at = end + 1;
    }
  }
  return path;
}

JsonPath KeyOrPath(std::string_view text) {
  if (text.starts_with("$.") || text.starts_with("$[")) {
    if (auto path = ParseJsonPath(text)) return *path;
  }
  return {std::string(text)};
}

std::optional<std::string_view> JsonAtPath(std::string_view json, const JsonPath& path) {
  std::optional<std::string_view> value = json;
  for (const JsonStep& step : path) {
    const auto* key = std::get_if<std::string>(&step);
    value = key != nullptr ? JsonMember(*value, *key) : JsonIndex(*value, std::get<int64_t>(step));
    if (!value) return std::nullopt;
  }
  return value;
}

void RemoveAtPath(std::string& out, std::string_view json, const JsonPath& path, size_t step) {
  if (KindOf(json) != JsonKind::kObject || step >= path.size()) {
    out.append(json);
    return;
  }
  out.push_back('{');
  bool first = true;
  JsonItems items(json);
  while (items.Next()) {
    const bool match = KeyMatches(items.key(), path[step]);
    if (match && step + 1 == path.size()) continue;
    AppendEntry(out, items.key(), first);
    if (match) {
      RemoveAtPath(out, items.value(), path, step + 1);
    } else {
      out.append(items.value());
    }
  }
  out.push_back('}');
}

bool SetAtPath(std::string& out, std::string_view json, const JsonPath& path,
               std::string_view value, size_t step) {
  if (step == path.size()) {
    out.append(value);
    return true;
  }
  const auto* key = std::get_if<std::string>(&path[step]);
  if (KindOf(json) != JsonKind::kObject || key == nullptr) return false;
  out.push_back('{');
  bool first = true, found = false;
  JsonItems items(json);
  while (items.Next()) {
    AppendEntry(out, items.key(), first);
    if (!found && JsonKeyIs(items.key(), *key)) {
      found = true;
      if (!SetAtPath(out, items.value(), path, value, step + 1)) return false;
    } else {
      out.append(items.value());
    }
  }
  if (!found) {
    std::string quoted;
    AppendJsonQuoted(quoted, *key);
    AppendEntry(out, quoted, first);
    if (!SetAtPath(out, step + 1 < path.size() ? "{}" : "", path, value, step + 1)) return false;
  }
  out.push_back('}');
  return true;
}

}  // namespace kc::engine::udf
