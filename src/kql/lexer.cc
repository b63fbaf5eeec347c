#include "kql/lexer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "kql/lexer_literals.h"

namespace kc::kql {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsAsciiLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// Every non-ASCII character that isn't white space counts as a letter.
bool IsIdentifierChar(char c) {
  return IsAsciiLetter(c) || IsDigit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsIdentifierStart(char c) {
  return (IsIdentifierChar(c) && !IsDigit(c)) || c == '$';
}

struct LiteralType {
  std::string_view name;
  ScalarType type;
};
constexpr std::array<LiteralType, 16> kLiteralTypes = {{
    {"bool", ScalarType::kBool},
    {"boolean", ScalarType::kBool},
    {"int", ScalarType::kInt},
    {"int32", ScalarType::kInt},
    {"long", ScalarType::kLong},
    {"int64", ScalarType::kLong},
    {"real", ScalarType::kReal},
    {"double", ScalarType::kReal},
    {"decimal", ScalarType::kDecimal},
    {"date", ScalarType::kDateTime},
    {"datetime", ScalarType::kDateTime},
    {"time", ScalarType::kTimeSpan},
    {"timespan", ScalarType::kTimeSpan},
    {"guid", ScalarType::kGuid},
    {"uuid", ScalarType::kGuid},
    {"uniqueid", ScalarType::kGuid},
}};

constexpr std::array<std::string_view, 20> kNegatableWords = {
    "in",         "has",           "has_cs",   "hasprefix",   "hasprefix_cs",
    "hassuffix",  "hassuffix_cs",  "contains", "contains_cs", "containscs",
    "startswith", "startswith_cs", "endswith", "endswith_cs", "between",
    "like",       "likecs",        "has_any",  "has_all",     "matches"};

constexpr std::array<std::string_view, 10> kLongPunctuation = {"<|", "<=", "<>", "==", "=~",
                                                               "=>", "!=", "!~", ">=", ".."};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // Reads the next token; kEnd at the end. Errors leave pos_ at the token's beginning.
  Result<Token> Next() {
    SkipBlanks();
    Token token;
    token.offset = static_cast<uint32_t>(pos_);
    if (pos_ >= text_.size()) {
      token.text = text_.substr(text_.size());
      return token;
    }
    KC_TRY(Read(&token));
    token.text = text_.substr(token.offset, token.length);
    pos_ = token.End();
    return token;
  }

 private:
  void SkipBlanks();
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  bool StartsWith(size_t i, std::string_view s) const { return text_.substr(i).starts_with(s); }
  size_t BlankAt(size_t i) const;
  size_t Digits(size_t i) const;
  Status Read(Token* token);
  bool ReadGuid(Token* token);
  void ReadNumber(Token* token);
  bool ReadReal(Token* token);
  bool ReadTimeSpan(Token* token);
  bool ReadLong(Token* token);
  bool ReadTypedLiteral(Token* token, std::string_view word);
  bool ReadWord(Token* token);
  void ReadPunctuation(Token* token);
  // `i` is at the opening quote (or the @ before it).
  Status ReadString(Token* token, size_t i);

  std::string_view text_;
  size_t pos_ = 0;
};

// The length of the white space character at i, 0 if it isn't one.
size_t Lexer::BlankAt(size_t i) const {
  const auto c = static_cast<unsigned char>(At(i));
  if (i >= text_.size()) return 0;
  if (c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x1A) return 1;
  if (StartsWith(i, "\xC2\xA0") || StartsWith(i, "\xC2\x85")) return 2;
  if (StartsWith(i, "\xEF\xBB\xBF") || StartsWith(i, "\xE3\x80\x80")) return 3;
  if (StartsWith(i, "\xE2\x80")) {  // U+2000 … U+200B, line and paragraph separator, U+202F
    const auto d = static_cast<unsigned char>(At(i + 2));
    if ((d >= 0x80 && d <= 0x8B) || d == 0xA8 || d == 0xA9 || d == 0xAF) return 3;
  }
  return 0;
}

void Lexer::SkipBlanks() {
  while (pos_ < text_.size()) {
    if (const size_t blank = BlankAt(pos_); blank > 0) {
      pos_ += blank;
    } else if (StartsWith(pos_, "//")) {
      const size_t end = text_.find_first_of("\r\n", pos_);
      pos_ = end == std::string_view::npos ? text_.size() : end;
    } else {
      return;
    }
  }
}

size_t Lexer::Digits(size_t i) const {
  size_t n = 0;
  while (IsDigit(At(i + n))) ++n;
  return n;
}

Status Lexer::Read(Token* token) {
  const char c = text_[pos_];
  if (IsHexDigit(c) && ReadGuid(token)) return {};
  if (IsDigit(c)) {
    ReadNumber(token);
    return {};
  }
  if (c == '\'' || c == '"' || StartsWith(pos_, "```") || StartsWith(pos_, "~~~")) {
    return ReadString(token, pos_);
  }
  const char next = At(pos_ + 1);
  if (c == '@' && (next == '\'' || next == '"')) return ReadString(token, pos_);
  if (c == 'h' || c == 'H') {
    const bool quote =
        next == '\'' || next == '"' || StartsWith(pos_ + 1, "```") || StartsWith(pos_ + 1, "~~~");
    const char third = At(pos_ + 2);
    if (quote || (next == '@' && (third == '\'' || third == '"'))) {
      token->obfuscated = true;
      return ReadString(token, pos_ + 1);
    }
  }
  if (IsIdentifierStart(c) && ReadWord(token)) return {};
  ReadPunctuation(token);
  return {};
}

bool Lexer::ReadGuid(Token* token) {
  static constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  for (size_t i = 0; i < kShape.size(); ++i) {
    const char c = At(pos_ + i);
    if (kShape[i] == '-' ? c != '-' : !IsHexDigit(c)) return false;
  }
  if (IsIdentifierChar(At(pos_ + kShape.size()))) return false;
  token->kind = TokenKind::kGuid;
  token->length = static_cast<uint32_t>(kShape.size());
  token->value = ToLowerAscii(text_.substr(pos_, kShape.size()));
  return true;
}

void Lexer::ReadNumber(Token* token) {
  if (ReadReal(token) || ReadTimeSpan(token) || ReadLong(token)) return;
  // A name that begins with digits, or digits that no number fits: the parser tells.
  size_t end = pos_;
  while (IsIdentifierChar(At(end))) ++end;
  token->kind = TokenKind::kIdentifier;
  token->length = static_cast<uint32_t>(end - pos_);
}

bool Lexer::ReadReal(Token* token) {
  size_t end = pos_ + Digits(pos_);
  const bool dot = At(end) == '.' && At(end + 1) != '.';
  if (dot) {
    ++end;
    end += Digits(end);
  }
  bool exponent = false;
  if (At(end) == 'e' || At(end) == 'E') {
    size_t e = end + 1;
    if (At(e) == '+' || At(e) == '-') ++e;
    if (const size_t n = Digits(e); n > 0) {
      end = e + n;
      exponent = true;
    }
  }
  if ((!dot && !exponent) || IsIdentifierChar(At(end))) return false;
  const std::string_view digits = text_.substr(pos_, end - pos_);
  double value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) {
    value =
        digits.find('-') == std::string_view::npos ? std::numeric_limits<double>::infinity() : 0;
  }
  token->kind = TokenKind::kReal;
  token->length = static_cast<uint32_t>(digits.size());
  token->value = value;
  return true;
}

bool Lexer::ReadTimeSpan(Token* token) {
  size_t end = pos_ + Digits(pos_);
  if (At(end) == '.' && IsDigit(At(end + 1))) end += 1 + Digits(end + 1);
  const size_t number_end = end;
  while (IsIdentifierChar(At(end))) ++end;
  const std::string_view name = text_.substr(number_end, end - number_end);
  const auto ticks = TimeSpanLiteral(text_.substr(pos_, number_end - pos_), name);
  if (!ticks) return false;
  token->kind = TokenKind::kTimeSpan;
  token->length = static_cast<uint32_t>(end - pos_);
  token->value = *ticks;
  return true;
}

bool Lexer::ReadLong(Token* token) {
  const bool hex =
      At(pos_) == '0' && (At(pos_ + 1) == 'x' || At(pos_ + 1) == 'X') && IsHexDigit(At(pos_ + 2));
  const size_t begin = hex ? pos_ + 2 : pos_;
  size_t end = begin;
  while (hex ? IsHexDigit(At(end)) : IsDigit(At(end))) ++end;
  if (IsIdentifierChar(At(end))) return false;
  uint64_t value = 0;
  const auto parsed =
      std::from_chars(text_.data() + begin, text_.data() + end, value, hex ? 16 : 10);
  const bool fits = parsed.ec == std::errc() &&
                    (hex || value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  token->kind = TokenKind::kLong;
  token->length = static_cast<uint32_t>(end - pos_);
  if (fits) token->value = static_cast<int64_t>(value);  // else null: the parser refuses it
  return true;
}

// int(…), datetime(…): up to the parenthesis that closes it, strings inside respected.
bool Lexer::ReadTypedLiteral(Token* token, std::string_view word) {
  const LiteralType* type = nullptr;
  for (const LiteralType& candidate : kLiteralTypes) {
    if (candidate.name == word) type = &candidate;
  }
  const size_t begin = pos_ + word.size();
  if (type == nullptr || At(begin) != '(') return false;
  int depth = 0;
  char quote = '\0';
  for (size_t i = begin; i < text_.size(); ++i) {
    const char c = text_[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      token->kind = TokenKind::kTypedLiteral;
      token->type = type->type;
      token->length = static_cast<uint32_t>(i + 1 - pos_);
      token->inner = Trim(text_.substr(begin + 1, i - begin - 1));
      return true;
    }
  }
  return false;
}

bool Lexer::ReadWord(Token* token) {
  size_t end = pos_ + 1;
  while (end < text_.size() && IsIdentifierChar(text_[end]) && BlankAt(end) == 0) ++end;
  const std::string_view word = text_.substr(pos_, end - pos_);
  if (ReadTypedLiteral(token, word)) return true;
  token->kind = TokenKind::kIdentifier;
  if (word == "in" && At(end) == '~') {
    token->kind = TokenKind::kWordOperator;
    ++end;
  }
  token->length = static_cast<uint32_t>(end - pos_);
  return true;
}

void Lexer::ReadPunctuation(Token* token) {
  token->kind = TokenKind::kPunctuation;
  token->length = 1;
  for (std::string_view p : kLongPunctuation) {
    if (StartsWith(pos_, p)) {
      token->length = static_cast<uint32_t>(p.size());
      return;
    }
  }
  if (text_[pos_] != '!') return;
  size_t end = pos_ + 1;
  while (IsIdentifierChar(At(end))) ++end;
  const std::string_view word = text_.substr(pos_ + 1, end - pos_ - 1);
  for (std::string_view negatable : kNegatableWords) {
    if (word != negatable) continue;
    if (word == "in" && At(end) == '~') ++end;
    token->kind = TokenKind::kWordOperator;
    token->length = static_cast<uint32_t>(end - pos_);
  }
}

Status Lexer::ReadString(Token* token, size_t i) {
  KC_ASSIGN(StringLiteral literal, ReadStringLiteral(text_, i));
  token->kind = TokenKind::kString;
  token->value = std::move(literal.value);
  token->length = static_cast<uint32_t>(literal.end - token->offset);
  return {};
}

}  // namespace

Result<std::vector<Token>> Lex(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return Stop("The text of the query is too long: " + FormatBytes(text.size()), "SYN0001");
  }
  Lexer lexer(text);
  std::vector<Token> tokens;
  while (true) {
    KC_ASSIGN(Token token, lexer.Next());
    const bool end = token.Is(TokenKind::kEnd);
    tokens.push_back(std::move(token));
    if (end) return tokens;
  }
}

LinePosition PositionOf(std::string_view text, size_t offset) {
  LinePosition result;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      ++result.line;
      result.position = 0;
    } else if ((c & 0xC0) != 0x80) {
      ++result.position;
    }
  }
  return result;
}

Error SyntaxError(std::string_view text, size_t offset, std::string_view what) {
  const LinePosition at = PositionOf(text, offset);
  Error error;
  error.code = ErrorCode::kStop;
  error.reason = "SYN0002";
  error.http_status = 400;
  error.message =
      "Syntax error: A recognition error occurred. [line:position=" + std::to_string(at.line) +
      ":" + std::to_string(at.position) + "]. " + std::string(what);
  return error;
}

}  // namespace kc::kql
