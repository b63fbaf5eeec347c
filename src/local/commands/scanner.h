// Reads a management command from left to right. Command texts hold data that is no KQL (inline
// rows, scripts), so they are not cut into tokens beforehand: each reader takes what it can at the
// current place. A small value: copy it to look ahead. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc::local {

class Scanner {
 public:
  explicit Scanner(std::string_view text, size_t position = 0) : text_(text), position_(position) {}

  size_t position() const { return position_; }
  void set_position(size_t position) { position_ = position; }
  std::string_view text() const { return text_; }
  std::string_view rest() const { return text_.substr(position_); }

  // Blanks and // comments. All readers below begin with it.
  void SkipBlank();
  bool AtEnd();

  // Each reader returns nothing (or false), and stays where it was, when something else stands
  // here.

  // Exactly these characters.
  bool Mark(std::string_view mark);
  // A keyword without case; "create" does not match the beginning of "create-merge" or "created".
  bool Keyword(std::string_view word);
  // A run of letters, digits and '_' (and inner '-' if `hyphens`) with at least one non-digit.
  std::optional<std::string> Word(bool hyphens = false);
  // A bare word, ['…'] or ["…"], or a string literal.
  std::optional<std::string> Name();
  // Adjacent literals join. `obfuscated` is set when one of them has an h.
  std::optional<std::string> String(bool* obfuscated = nullptr);
  // A single literal, where another one may follow that doesn't belong to it.
  std::optional<std::string> OneString();
  // 8-4-4-4-12 digits, bare, as a string or as guid(…).
  std::optional<std::string> Guid();
  // From `open` to its partner, both included; strings and comments inside are passed over.
  std::optional<std::string_view> Balanced(char open, char close);
  // A scalar: string, word(…) → what is inside, or a run of characters up to a blank, ',' or ')'.
  std::optional<std::string> Literal(bool* quoted = nullptr);

 private:
  bool StringPart(std::string& out, bool* obfuscated);
  bool FencedString(std::string& out);
  bool QuotedString(std::string& out, bool verbatim);

  std::string_view text_;
  size_t position_ = 0;
};

// Letters, digits, '_' and all beyond ASCII.
bool IsWordCharacter(char c);

}  // namespace kc::local
