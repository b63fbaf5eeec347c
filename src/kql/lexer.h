// Splits KQL into tokens. The parser of queries and that of management commands use the same ones.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kql {

// More than this is refused: Kusto itself takes at most 1 MB (2 MB if asked) of query text, inline
// ingestion somewhat more. Offsets fit 32 bits because of it.
inline constexpr size_t kMaxTextBytes = 64u << 20;

enum class TokenKind : uint8_t {
  kEnd,         // one, the last
  kIdentifier,  // abc, _a1, $left, 7days; keywords are identifiers too
  kLong,        // 12, 0x1F: value int64
  kReal,        // 1.5, 1e3: value double
  kTimeSpan,    // 1d, 1.5h, 10ms: value int64 ticks
  kString,      // any form of string literal: value string, decoded
  // A type's name with what stands in the parentheses after it, which has its own rules:
  // datetime(2020-01-01), int(null), guid(…); `type` is set, `inner` is the trimmed text inside.
  // Not dynamic(…), which stays an identifier and ordinary tokens.
  kTypedLiteral,
  kPunctuation,  // text tells which: ( ) [ ] { } , ; : . .. | <| = == => =~ != !~ <> < <= > >= + -
                 // …
  // Operators spelt with letters and a mark: "!in", "in~", "!in~", "!has_any", "!between", …
  kWordOperator,
  kGuid,  // 8-4-4-4-12 hexadecimal digits, bare: value string, in lower case
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t offset = 0;  // in bytes, from the beginning of the text
  uint32_t length = 0;
  // The token as written (not decoded); lives as long as the text that was lexed.
  std::string_view text;
  ScalarType type = ScalarType::kString;  // kTypedLiteral
  std::string_view inner;                 // kTypedLiteral
  // kLong, kReal, kTimeSpan, kString.
  Value value;
  bool obfuscated = false;  // h"…": must not be shown in logs and in .show queries

  bool Is(TokenKind k) const { return kind == k; }
  bool IsPunctuation(std::string_view p) const {
    return kind == TokenKind::kPunctuation && text == p;
  }
  bool IsWord(std::string_view w) const { return kind == TokenKind::kIdentifier && text == w; }
  uint32_t End() const { return offset + length; }
};

// All tokens, kEnd last. Comments (// …) and white space are dropped. Adjacent string literals stay
// separate tokens. `text` must outlive the tokens.
Result<std::vector<Token>> Lex(std::string_view text);

// "Syntax error: A recognition error occurred. [line:position=2:7] …": Kusto's form, kStop,
// SYN0002.
Error SyntaxError(std::string_view text, size_t offset, std::string_view what);

struct LinePosition {
  int line = 1;      // from 1
  int position = 0;  // characters from 0, as Kusto counts
};
LinePosition PositionOf(std::string_view text, size_t offset);

}  // namespace kc::kql
