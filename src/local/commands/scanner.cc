#include "local/commands/scanner.h"

#include <cctype>

#include "base/text.h"
#include "base/utf8.h"

namespace kc::local {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

// Reads up to `digits` hexadecimal digits at `i`; nothing if there is none.
std::optional<uint32_t> ReadHex(std::string_view text, size_t& i, int digits) {
  uint32_t value = 0;
  int seen = 0;
  while (seen < digits && i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i]))) {
    const char c = text[i++];
    value = value * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    ++seen;
  }
  if (seen != digits) return std::nullopt;
  return value;
}

// The escape after a backslash at `i`; false if it is none of KQL's.
bool AppendEscape(std::string_view text, size_t& i, std::string& out) {
  if (i >= text.size()) return false;
  const char c = text[i++];
  static constexpr std::string_view kNames = "abfnrtv\\'\"0";
  static constexpr std::string_view kValues("\a\b\f\n\r\t\v\\'\"\0", 11);
  if (const size_t at = kNames.find(c); at != std::string_view::npos) {
    out += kValues[at];
    return true;
  }
  if (c != 'u' && c != 'U' && c != 'x') return false;
  auto code = ReadHex(text, i, c == 'u' ? 4 : c == 'U' ? 8 : 2);
  if (!code || *code > 0x10FFFF) return false;
  // A pair of surrogates is one character.
  if (*code >= 0xD800 && *code < 0xDC00 && text.substr(i, 2) == "\\u") {
    size_t next = i + 2;
    auto low = ReadHex(text, next, 4);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      i = next;
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
  }
  AppendUtf8(out, *code);
  return true;
}

}  // namespace

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

void Scanner::SkipBlank() {
  while (position_ < text_.size()) {
    if (IsBlank(text_[position_])) {
      ++position_;
    } else if (text_.substr(position_, 2) == "//") {
      const size_t end = text_.find('\n', position_);
      position_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else {
      return;
    }
  }
}

bool Scanner::AtEnd() {
  SkipBlank();
  return position_ >= text_.size();
}

bool Scanner::Mark(std::string_view mark) {
  SkipBlank();
  if (text_.substr(position_, mark.size()) != mark) return false;
  position_ += mark.size();
  return true;
}

bool Scanner::Keyword(std::string_view word) {
  SkipBlank();
  if (!EqualsIgnoreCase(text_.substr(position_, word.size()), word)) return false;
  const std::string_view after = text_.substr(position_ + word.size());
  if (!after.empty() && IsWordCharacter(after[0])) return false;
  if (after.size() > 1 && after[0] == '-' && IsWordCharacter(after[1])) return false;
  position_ += word.size();
  return true;
}

std::optional<std::string> Scanner::Word(bool hyphens) {
  SkipBlank();
  size_t end = position_;
  bool plain_digits = true;
  while (end < text_.size()) {
    const char c = text_[end];
    const bool inner_hyphen = hyphens && c == '-' && end > position_ && end + 1 < text_.size() &&
                              IsWordCharacter(text_[end + 1]);
    if (!IsWordCharacter(c) && !inner_hyphen) break;
    if (!std::isdigit(static_cast<unsigned char>(c))) plain_digits = false;
    ++end;
  }
  if (end == position_ || plain_digits) return std::nullopt;
  std::string word(text_.substr(position_, end - position_));
  position_ = end;
  return word;
}

std::optional<std::string> Scanner::Name() {
  SkipBlank();
  const size_t start = position_;
  if (Mark("[")) {
    auto quoted = String();
    if (quoted && Mark("]")) return quoted;
    position_ = start;
    return std::nullopt;
  }
  if (auto quoted = String()) return quoted;
  return Word();
}

std::optional<std::string> Scanner::String(bool* obfuscated) {
  std::string out;
  if (!StringPart(out, obfuscated)) return std::nullopt;
  while (StringPart(out, obfuscated)) {
  }
  return out;
}

std::optional<std::string> Scanner::OneString() {
  std::string out;
  if (!StringPart(out, nullptr)) return std::nullopt;
  return out;
}

bool Scanner::StringPart(std::string& out, bool* obfuscated) {
  const size_t start = position_;
  SkipBlank();
  bool hidden = false;
  if (position_ + 1 < text_.size() && (text_[position_] == 'h' || text_[position_] == 'H')) {
    const char next = text_[position_ + 1];
    if (next == '"' || next == '\'' || next == '@' || next == '`' || next == '~') {
      hidden = true;
      ++position_;
    }
  }
  bool verbatim = false;
  if (position_ + 1 < text_.size() && text_[position_] == '@' &&
      (text_[position_ + 1] == '"' || text_[position_ + 1] == '\'')) {
    verbatim = true;
    ++position_;
  }
  if (!FencedString(out) && !QuotedString(out, verbatim)) {
    position_ = start;
    return false;
  }
  if (hidden && obfuscated != nullptr) *obfuscated = true;
  return true;
}

bool Scanner::FencedString(std::string& out) {
  for (const std::string_view fence : {"```", "~~~"}) {
    if (text_.substr(position_, 3) != fence) continue;
    const size_t end = text_.find(fence, position_ + 3);
    if (end == std::string_view::npos) return false;
    out += text_.substr(position_ + 3, end - position_ - 3);
    position_ = end + 3;
    return true;
  }
  return false;
}

bool Scanner::QuotedString(std::string& out, bool verbatim) {
  if (position_ >= text_.size()) return false;
  const char quote = text_[position_];
  if (quote != '"' && quote != '\'') return false;
  std::string part;
  for (size_t i = position_ + 1; i < text_.size();) {
    const char c = text_[i++];
    if (c == quote) {
      if (verbatim && i < text_.size() && text_[i] == quote) {
        part += quote;
        ++i;
        continue;
      }
      out += part;
      position_ = i;
      return true;
    }
    if (verbatim) {
      part += c;
    } else if (c == '\\') {
      if (!AppendEscape(text_, i, part)) return false;
    } else if (c == '\n') {
      return false;
    } else {
      part += c;
    }
  }
  return false;
}

std::optional<std::string> Scanner::Guid() {
  const size_t start = position_;
  std::string text;
  if (auto quoted = String()) {
    text = *quoted;
  } else if (Keyword("guid") || Keyword("uuid")) {
    auto inner = Balanced('(', ')');
    if (inner) text = std::string(Trim(inner->substr(1, inner->size() - 2)));
  } else {
    SkipBlank();
    size_t end = position_;
    while (end < text_.size() &&
           (std::isxdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '-')) {
      ++end;
    }
    text = std::string(text_.substr(position_, end - position_));
    position_ = end;
  }
  auto guid = text.size() >= 32 ? NormalizeGuid(text) : std::nullopt;
  if (!guid) position_ = start;
  return guid;
}

std::optional<std::string_view> Scanner::Balanced(char open, char close) {
  SkipBlank();
  if (position_ >= text_.size() || text_[position_] != open) return std::nullopt;
  Scanner inner(text_, position_);
  int depth = 0;
  std::string ignored;
  while (true) {
    inner.SkipBlank();
    if (inner.position_ >= text_.size()) return std::nullopt;
    const char c = text_[inner.position_];
    const bool after_word = inner.position_ > 0 && IsWordCharacter(text_[inner.position_ - 1]);
    if (!after_word && inner.StringPart(ignored, nullptr)) continue;
    if (after_word && c != 'h' && c != 'H' && inner.StringPart(ignored, nullptr)) continue;
    ++inner.position_;
    if (c == open) ++depth;
    if (c == close && --depth == 0) break;
  }
  const std::string_view found = text_.substr(position_, inner.position_ - position_);
  position_ = inner.position_;
  return found;
}

std::optional<std::string> Scanner::Literal(bool* quoted) {
  if (auto text = String()) {
    if (quoted != nullptr) *quoted = true;
    return text;
  }
  SkipBlank();
  Scanner look = *this;
  if (look.Word()) {
    if (auto inner = look.Balanced('(', ')')) {
      position_ = look.position_;
      const std::string_view content = Trim(inner->substr(1, inner->size() - 2));
      Scanner nested(content);
      if (auto text = nested.String(); text && nested.AtEnd()) return text;
      return std::string(content);
    }
  }
  size_t end = position_;
  while (end < text_.size() && !IsBlank(text_[end]) && text_[end] != ',' && text_[end] != ')' &&
         text_[end] != '(' && text_[end] != '|' && text_[end] != ';') {
    ++end;
  }
  if (end == position_) return std::nullopt;
  std::string word(text_.substr(position_, end - position_));
  position_ = end;
  return word;
}

}  // namespace kc::local
