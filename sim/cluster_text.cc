#include "cluster_text.h"

#include <algorithm>

#include "base/text.h"
#include "base/ticks.h"
#include "kusto/commands/queries.h"

namespace kc::sim {

bool Scan::Take(std::string_view literal) {
  if (!rest_.starts_with(literal)) return false;
  rest_.remove_prefix(literal.size());
  return true;
}

bool Scan::SkipPast(std::string_view literal) {
  const size_t at = rest_.find(literal);
  if (at == std::string_view::npos) return false;
  rest_.remove_prefix(at + literal.size());
  return true;
}

std::optional<std::string> Scan::Quoted(char quote) {
  std::string out;
  for (size_t i = 0; i < rest_.size(); ++i) {
    char c = rest_[i];
    if (c == quote) {
      rest_.remove_prefix(i + 1);
      return out;
    }
    if (c == '\\' && i + 1 < rest_.size()) {
      c = rest_[++i];
      if (c == 'n') c = '\n';
      if (c == 'r') c = '\r';
      if (c == 't') c = '\t';
    }
    out += c;
  }
  return std::nullopt;
}

std::optional<std::string> Scan::Name() {
  const std::string_view before = rest_;
  if (Take("['")) {
    auto name = Quoted('\'');
    if (name && Take("]")) return name;
  } else if (Take("table(\"")) {
    auto name = Quoted('"');
    if (name && Take(", \"all\")")) return name;
  }
  rest_ = before;
  return std::nullopt;
}

std::optional<std::string> Scan::Text() {
  const std::string_view before = rest_;
  (void)Take("h");
  if (Take("\"")) {
    if (auto text = Quoted('"')) return text;
  }
  rest_ = before;
  return std::nullopt;
}

std::optional<int64_t> Scan::DateTime() {
  const std::string_view before = rest_;
  if (Take("datetime(")) {
    const auto ticks = ParseDateTime(Until(")"));
    if (ticks && Take(")")) return ticks;
  }
  rest_ = before;
  return std::nullopt;
}

std::optional<int64_t> Scan::Number() {
  size_t length = 0;
  while (length < rest_.size() && rest_[length] >= '0' && rest_[length] <= '9') ++length;
  if (length == 0) return std::nullopt;
  const auto number = ParseInt64(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return number;
}

std::string_view Scan::Until(std::string_view characters) {
  const size_t at = std::min(rest_.find_first_of(characters), rest_.size());
  const std::string_view found = rest_.substr(0, at);
  rest_.remove_prefix(at);
  return found;
}

std::optional<std::string> Scan::Guid() {
  constexpr size_t kLength = 36;
  if (rest_.size() < kLength) return std::nullopt;
  const auto guid = NormalizeGuid(rest_.substr(0, kLength));
  if (guid) rest_.remove_prefix(kLength);
  return guid;
}

std::vector<std::string> NamesIn(std::string_view text) {
  std::vector<std::string> names;
  Scan scan(text);
  while (true) {
    const size_t at = std::min(scan.rest().find("['"), scan.rest().find("table(\""));
    if (at == std::string_view::npos) return names;
    Scan name(scan.rest().substr(at));
    auto found = name.Name();
    if (!found) return names;
    if (std::find(names.begin(), names.end(), *found) == names.end()) {
      names.push_back(std::move(*found));
    }
    scan = name;
  }
}

std::vector<std::string> GuidsIn(std::string_view text) {
  std::vector<std::string> guids;
  Scan scan(text);
  while (!scan.empty()) {
    (void)scan.Until("0123456789abcdefABCDEF");
    if (auto guid = scan.Guid()) {
      guids.push_back(std::move(*guid));
    } else {
      (void)scan.Take(scan.rest().substr(0, 1));
    }
  }
  return guids;
}

std::vector<std::string> TextsIn(std::string_view text) {
  std::vector<std::string> texts;
  Scan scan(text);
  while (true) {
    (void)scan.Until("\"");
    auto found = scan.Text();
    if (!found) return texts;
    texts.push_back(std::move(*found));
  }
}

namespace {

std::vector<std::string_view> Operators(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t at = text.find("\n| ");
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 3);
  }
}

bool ReadCursors(std::string_view where, Selection& s) {
  Scan scan(where);
  if (!scan.Take("where cursor_after(")) return false;
  const auto after = scan.Text();
  if (!after || !scan.Take(") and cursor_before_or_at(")) return false;
  const auto upto = scan.Text();
  if (!upto || !scan.Take(")")) return false;
  s.cursors = true;
  s.after = ParseInt64(*after).value_or(0);
  s.upto = ParseInt64(*upto).value_or(0);
  return scan.empty();
}

bool ReadRanges(std::string_view where, Selection& s) {
  Scan scan(where);
  if (!scan.Take("where ")) return false;
  while (scan.Take("ingestion_time() between (")) {
    const auto first = scan.DateTime();
    if (!first || !scan.Take(" .. ")) return false;
    const auto last = scan.DateTime();
    if (!last || !scan.Take(")")) return false;
    s.ranges.emplace_back(*first, *last);
    if (scan.empty()) return true;
    if (!scan.Take(" or ")) return false;
  }
  return false;
}

bool ReadTags(std::string_view where, Selection& s) {
  if (!where.starts_with("where (extent_tags() has_cs ")) return false;
  for (auto& tag : TextsIn(where)) {
    if (s.tags.empty() || s.tags.back() != tag) s.tags.push_back(std::move(tag));
  }
  return true;
}

bool ReadInstant(std::string_view where, std::string_view begin, std::optional<int64_t>& into) {
  Scan scan(where);
  if (!scan.Take(begin)) return false;
  into = scan.DateTime();
  return into && scan.empty();
}

bool ReadResidue(std::string_view where, Selection& s) {
  Scan scan(where);
  if (!scan.Take("where hash_xxhash64(strcat_delim('|', 'r'") || !scan.SkipPast(")) % ")) {
    return false;
  }
  const auto modulus = scan.Number();
  if (!modulus || !scan.Take(" == ")) return false;
  const auto remainder = scan.Number();
  if (!remainder || !scan.empty()) return false;
  s.modulus = *modulus;
  s.remainder = *remainder;
  return true;
}

bool ReadOperator(std::string_view text, Selection& s) {
  if (text == "where isnull(ingestion_time())") return s.undated = true;
  if (text.starts_with("extend kc_g0 = ")) {
    s.hashed = NamesIn(text);
    return true;
  }
  if (text.starts_with("extend kc_h = ") && s.hashed) return s.row_hash = true;
  return ReadCursors(text, s) || ReadRanges(text, s) || ReadTags(text, s) || ReadResidue(text, s) ||
         ReadInstant(text, "where ingestion_time() >= ", s.not_before) ||
         ReadInstant(text, "where ingestion_time() > ", s.beyond);
}

}  // namespace

std::optional<Selection> ReadSelection(std::string_view text) {
  static const std::string prelude = kusto::commands::HashPrelude();
  Scan scan(text);
  (void)scan.Take(prelude);
  const auto operators = Operators(scan.rest());
  Selection s;
  Scan table(operators.front());
  auto name = table.Name();
  if (!name || !table.empty()) return std::nullopt;
  s.table = std::move(*name);
  size_t i = 1;
  while (i < operators.size() && ReadOperator(operators[i], s)) ++i;
  s.rest.assign(operators.begin() + static_cast<long>(i), operators.end());
  return s;
}

}  // namespace kc::sim
