// Regular expressions: RE2, with patterns rewritten to mean what Kusto's (Rust's) mean, where \d,
// \w and \s are Unicode classes. \b stays ASCII.
#include <re2/re2.h>

#include <algorithm>
#include <unordered_map>

#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"
#include "engine/udf/utf8.h"

namespace kc::engine::udf {
namespace {

using re2::StringPiece;

constexpr std::string_view kWord = R"(\p{L}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view kSpace = R"(\s\x0b\x{85}\p{Z})";
// Compiled patterns that a thread keeps; more than this and it starts anew.
constexpr size_t kMaxCachedPatterns = 64;

void RewriteEscape(std::string& out, char c, bool in_class) {
  const auto wrap = [&](std::string_view set, bool negated) {
    if (in_class) {
      out.append(set);
    } else {
      out.append(negated ? "[^" : "[").append(set).append("]");
    }
  };
  switch (c) {
    case 'd':
      out.append(R"(\p{Nd})");
      break;
    case 'D':
      out.append(R"(\P{Nd})");
      break;
    case 'w':
      wrap(kWord, false);
      break;
    case 's':
      wrap(kSpace, false);
      break;
    case 'W':
      in_class ? void(out.append(R"(\W)")) : wrap(kWord, true);
      break;
    case 'S':
      in_class ? void(out.append(R"(\S)")) : wrap(kSpace, true);
      break;
    default:
      out.push_back('\\');
      out.push_back(c);
  }
}

std::string Rewrite(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      RewriteEscape(out, pattern[++i], in_class);
      continue;
    }
    if (c == '[' && !in_class) {
      in_class = true;
      out.push_back(c);
      // A ']' right after the opening is literal.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out.push_back(pattern[++i]);
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out.push_back(pattern[++i]);
      continue;
    }
    if (c == ']') in_class = false;
    out.push_back(c);
    if (!in_class && pattern.substr(i).starts_with("(?<") && i + 3 < pattern.size() &&
        pattern[i + 3] != '=' && pattern[i + 3] != '!') {
      out.append("?P");
      ++i;
    }
  }
  return out;
}

const RE2& Compile(std::string_view pattern) {
  thread_local std::unordered_map<std::string, std::unique_ptr<RE2>> cache;
  thread_local std::string last_pattern;
  thread_local const RE2* last = nullptr;
  if (last != nullptr && last_pattern == pattern) return *last;
  auto found = cache.find(std::string(pattern));
  if (found == cache.end()) {
    RE2::Options options;
    options.set_log_errors(false);
    auto compiled = std::make_unique<RE2>(Rewrite(pattern), options);
    if (!compiled->ok()) {
      throw UdfError("the regular expression '" + std::string(pattern) +
                     "' is not valid: " + compiled->error());
    }
    if (cache.size() >= kMaxCachedPatterns) cache.clear();
    found = cache.emplace(std::string(pattern), std::move(compiled)).first;
  }
  last_pattern = pattern;
  last = found->second.get();
  return *last;
}

StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

// Calls f(groups) for each match, from left to right, without overlaps; f returns false to stop.
// groups[0] is the match.
template <typename F>
void ForEachMatch(const RE2& regex, std::string_view text, F f) {
  std::vector<StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  const StringPiece input = Piece(text);
  size_t from = 0;
  while (from <= text.size() && regex.Match(input, from, text.size(), RE2::UNANCHORED,
                                            groups.data(), static_cast<int>(groups.size()))) {
    if (!f(groups)) return;
    const auto end = static_cast<size_t>(groups[0].data() + groups[0].size() - text.data());
    if (!groups[0].empty()) {
      from = end;
    } else {
      from = end < text.size() ? end + Utf8Length(text[end]) : end + 1;
    }
  }
}

std::string_view View(const StringPiece& piece) {
  return {piece.data(), piece.size()};
}

void Replace(std::string& out, const RE2& regex, std::string_view rewrite, std::string_view text) {
  size_t copied = 0;
  ForEachMatch(regex, text, [&](const std::vector<StringPiece>& groups) {
    const auto start = static_cast<size_t>(groups[0].data() - text.data());
    out.append(text, copied, start - copied);
    for (size_t i = 0; i < rewrite.size(); ++i) {
      if (rewrite[i] == '\\' && i + 1 < rewrite.size()) {
        const char next = rewrite[++i];
        if (next >= '0' && next <= '9') {
          const auto group = static_cast<size_t>(next - '0');
          if (group < groups.size()) out.append(View(groups[group]));
        } else {
          out.push_back(next);
        }
      } else {
        out.push_back(rewrite[i]);
      }
    }
    copied = start + groups[0].size();
    return true;
  });
  out.append(text, copied);
}

std::string_view TrimStart(std::string_view pattern, std::string_view text) {
  StringPiece match;
  const RE2& regex = Compile(pattern);
  if (regex.Match(Piece(text), 0, text.size(), RE2::ANCHOR_START, &match, 1)) {
    text.remove_prefix(match.size());
  }
  return text;
}

std::string_view TrimEnd(std::string_view pattern, std::string_view text) {
  StringPiece match;
  const RE2& regex = Compile("(?:" + std::string(pattern) + R"()\z)");
  if (regex.Match(Piece(text), 0, text.size(), RE2::UNANCHORED, &match, 1)) {
    text.remove_suffix(match.size());
  }
  return text;
}

// The groups that extract_all() shall give: their numbers or names in an array, or all.
std::vector<size_t> WantedGroups(const RE2& regex, std::string_view wanted) {
  std::vector<size_t> groups;
  const auto count = static_cast<size_t>(regex.NumberOfCapturingGroups());
  if (KindOf(wanted) != JsonKind::kArray) {
    for (size_t i = 1; i <= count; ++i) groups.push_back(i);
    return groups;
  }
  for (const std::string_view element : JsonElements(wanted)) {
    size_t group = count + 1;
    if (KindOf(element) == JsonKind::kString) {
      const auto& names = regex.NamedCapturingGroups();
      const auto found = names.find(JsonUnquote(element));
      if (found != names.end()) group = static_cast<size_t>(found->second);
    } else if (const auto number = JsonToInteger(element); number && *number >= 0) {
      group = static_cast<size_t>(*number);
    }
    if (group > count) throw UdfError("extract_all(): the pattern has no such capture group");
    groups.push_back(group);
  }
  return groups;
}

bool ExtractAll(std::string& out, std::string_view pattern, std::string_view wanted,
                std::string_view text) {
  const RE2& regex = Compile(pattern);
  if (regex.NumberOfCapturingGroups() == 0) {
    throw UdfError("extract_all(): the pattern must have a capture group");
  }
  const std::vector<size_t> groups = WantedGroups(regex, wanted);
  JsonArrayWriter all(out);
  bool any = false;
  ForEachMatch(regex, text, [&](const std::vector<StringPiece>& match) {
    any = true;
    if (groups.size() == 1) {
      all.Quoted(View(match[groups[0]]));
      return true;
    }
    JsonArrayWriter one(all.Element());
    for (const size_t group : groups) one.Quoted(View(match[group]));
    one.Close();
    return true;
  });
  all.Close();
  return any;
}

}  // namespace

void AddRegex(Registrar& r) {
  r.Add("kql_matches_regex", [](Text text, Text pattern) {
    const RE2& regex = Compile(pattern);
    return regex.Match(Piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
  });
  r.Add("kql_extract", [](Text pattern, int64_t group, Text text) -> Text {
    const RE2& regex = Compile(pattern);
    if (group < 0 || group > regex.NumberOfCapturingGroups()) return {};
    Text found;
    ForEachMatch(regex, text, [&](const std::vector<StringPiece>& groups) {
      found = View(groups[static_cast<size_t>(group)]);
      return false;
    });
    return found;
  });
  r.Add("kql_extract_all", [](DynOut& out, Text pattern, std::optional<Dyn> groups, Text text) {
    return ExtractAll(out, pattern, groups ? groups->text : std::string_view(), text);
  });
  r.Add("kql_replace_regex", [](StrOut& out, Text text, Text pattern, Text rewrite) {
    Replace(out, Compile(pattern), rewrite, text);
  });
  r.Add("kql_trim_start", [](Text pattern, Text text) { return TrimStart(pattern, text); });
  r.Add("kql_trim_end", [](Text pattern, Text text) { return TrimEnd(pattern, text); });
  r.Add("kql_trim",
        [](Text pattern, Text text) { return TrimEnd(pattern, TrimStart(pattern, text)); });
  r.Add("kql_countof_regex", [](Text text, Text pattern) {
    int64_t count = 0;
    ForEachMatch(Compile(pattern), text, [&](const auto&) { return ++count > 0; });
    return count;
  });
  r.Add("kql_indexof_regex", [](Text text, Text pattern, int64_t start) -> int64_t {
    const size_t from = start <= 0 ? 0 : Utf8Offset(text, static_cast<size_t>(start));
    StringPiece match;
    if (!Compile(pattern).Match(Piece(text), from, text.size(), RE2::UNANCHORED, &match, 1)) {
      return -1;
    }
    int64_t index = 0;
    for (size_t at = 0; text.data() + at < match.data(); at += Utf8Length(text[at])) ++index;
    return index;
  });
  r.Add("kql_regex_quote", [](StrOut& out, Text text) { out.append(RE2::QuoteMeta(Piece(text))); });
}

}  // namespace kc::engine::udf
