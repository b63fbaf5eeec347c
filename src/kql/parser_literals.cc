// Literals of the ten types, dynamic(…) and the cells of a datatable.
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kql/parser_impl.h"

namespace kc::kql {

using ast::ExprKind;
using ast::ExprPtr;

namespace {

// "12", "-0x1F", "+3".
std::optional<int64_t> ParseInteger(std::string_view text) {
  bool negative = false;
  if (text.starts_with('-') || text.starts_with('+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (hex) return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - value : value);
}

std::optional<double> ParseReal(std::string_view text) {
  const std::string lower = ToLowerAscii(text);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (lower == "inf" || lower == "+inf" || lower == "infinity") return kInfinity;
  if (lower == "-inf" || lower == "-infinity") return -kInfinity;
  if (lower.find_first_not_of("0123456789.+-e") != std::string::npos) return std::nullopt;
  return ParseDouble(text.starts_with('+') ? text.substr(1) : text);
}

std::optional<Value> ParseBool(std::string_view text) {
  if (EqualsIgnoreCase(text, "true")) return Value(true);
  if (EqualsIgnoreCase(text, "false")) return Value(false);
  if (const auto number = ParseInteger(text)) return Value(*number != 0);
  return std::nullopt;
}

template <typename T>
std::optional<Value> Wrap(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return Value(*value);
}

std::optional<Value> ParseInt(std::string_view text) {
  const auto number = ParseInteger(text);
  if (!number || *number > std::numeric_limits<int32_t>::max() ||
      *number < std::numeric_limits<int32_t>::min()) {
    return std::nullopt;
  }
  return Value(*number);
}

// Digits with an optional sign, point and exponent.
std::optional<Value> ParseDecimalText(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.find_first_not_of("0123456789.+-eE") != std::string_view::npos) return std::nullopt;
  if (!ParseDouble(rest)) return std::nullopt;
  return Value(std::string(text));
}

// Commas may stand for hyphens: datetime(2025, 6, 14).
std::optional<Value> ParseDateTimeLiteral(std::string_view text) {
  if (auto ticks = ParseDateTime(text)) return Value(*ticks);
  if (text.find(',') == std::string_view::npos) return std::nullopt;
  std::string date;
  const std::vector<std::string> fields = Split(text, ',');
  if (fields.size() != 3) return std::nullopt;
  for (const std::string& field : fields) {
    const std::string_view digits = Trim(field);
    if (!date.empty()) date += '-';
    if (digits.size() == 1) date += '0';
    date += digits;
  }
  return Wrap(ParseDateTime(date));
}

// The value of `type(text)`; nothing if the text isn't one of that type.
std::optional<Value> TypedValue(ScalarType type, std::string_view text) {
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) {
    text = Trim(text.substr(1, text.size() - 2));
  }
  if (EqualsIgnoreCase(text, "null")) return Value();
  switch (type) {
    case ScalarType::kBool:
      return ParseBool(text);
    case ScalarType::kInt:
      return ParseInt(text);
    case ScalarType::kLong:
      return Wrap(ParseInteger(text));
    case ScalarType::kReal:
      return Wrap(ParseReal(text));
    case ScalarType::kDecimal:
      return ParseDecimalText(text);
    case ScalarType::kDateTime:
      return ParseDateTimeLiteral(text);
    case ScalarType::kTimeSpan:
      return Wrap(ParseTimeSpan(text));
    case ScalarType::kGuid:
      return Wrap(NormalizeGuid(text));
    default:
      return std::nullopt;
  }
}

bool IsBoolWord(std::string_view word) {
  return word == "true" || word == "false" || word == "True" || word == "False" || word == "TRUE" ||
         word == "FALSE";
}

// The text of a value of a typed literal inside dynamic(…).
std::string JsonOf(ScalarType type, const Value& value) {
  if (IsNull(value)) return "null";
  switch (type) {
    case ScalarType::kBool:
      return std::get<bool>(value) ? "true" : "false";
    case ScalarType::kInt:
    case ScalarType::kLong:
      return std::to_string(std::get<int64_t>(value));
    case ScalarType::kReal: {
      const double number = std::get<double>(value);
      const std::string text = FormatDouble(number);
      return std::isfinite(number) ? text : JsonString(text);
    }
    case ScalarType::kDateTime:
      return JsonString(FormatDateTime(std::get<int64_t>(value)));
    case ScalarType::kTimeSpan:
      return JsonString(FormatTimeSpan(std::get<int64_t>(value)));
    default:
      return JsonString(std::get<std::string>(value));
  }
}

}  // namespace

bool Parser::AtLiteral() const {
  switch (Peek().kind) {
    case TokenKind::kLong:
    case TokenKind::kReal:
    case TokenKind::kTimeSpan:
    case TokenKind::kString:
    case TokenKind::kTypedLiteral:
      return true;
    case TokenKind::kIdentifier:
      if (Peek().text == "dynamic") return Peek(1).IsPunctuation("(");
      return IsBoolWord(Peek().text) && !Peek(1).IsPunctuation("(");
    default:
      return false;
  }
}

bool Parser::AtSmallestLong() const {
  return Peek().Is(TokenKind::kLong) && Peek().text == "9223372036854775808";
}

ExprPtr Parser::ParseLiteral() {
  const uint32_t begin = Peek().offset;
  switch (Peek().kind) {
    case TokenKind::kTypedLiteral:
      return ParseTypedLiteral();
    case TokenKind::kString:
      return ParseStringLiteral();
    case TokenKind::kIdentifier:
      if (Peek().text == "dynamic") return ParseDynamic();
      break;
    default:
      break;
  }
  ExprPtr literal = Make(ExprKind::kLiteral);
  if (Peek().Is(TokenKind::kIdentifier)) {
    literal->type = ScalarType::kBool;
    literal->value = EqualsIgnoreCase(Peek().text, "true");
  } else {
    literal->type = Peek().Is(TokenKind::kReal)       ? ScalarType::kReal
                    : Peek().Is(TokenKind::kTimeSpan) ? ScalarType::kTimeSpan
                                                      : ScalarType::kLong;
    literal->value = Peek().value;
    if (IsNull(literal->value)) Fail("The number is too large.");
  }
  Next();
  return Finish(std::move(literal), begin);
}

ExprPtr Parser::ParseTypedLiteral() {
  ExprPtr literal = Make(ExprKind::kLiteral);
  const Token& token = Peek();
  literal->type = token.type;
  const std::optional<Value> value = TypedValue(token.type, token.inner);
  if (!value) {
    Fail("Not a value of type " + std::string(KustoName(token.type)) + ": " +
         std::string(token.text.substr(0, 60)));
    return literal;
  }
  literal->value = *value;
  Next();
  return Finish(std::move(literal), token.offset);
}

// One or more adjacent literals are one string.
ExprPtr Parser::ParseStringLiteral() {
  const uint32_t begin = Peek().offset;
  ExprPtr literal = Make(ExprKind::kLiteral);
  literal->type = ScalarType::kString;
  std::string text;
  while (Peek().Is(TokenKind::kString)) {
    literal->obfuscated = literal->obfuscated || Peek().obfuscated;
    text += std::get<std::string>(Next().value);
  }
  literal->value = std::move(text);
  return Finish(std::move(literal), begin);
}

ExprPtr Parser::ParseDynamic() {
  const uint32_t begin = Next().offset;
  ExprPtr literal = Make(ExprKind::kLiteral);
  literal->type = ScalarType::kDynamic;
  Expect("(");
  std::string json;
  ParseJson(&json);
  Expect(")");
  if (json != "null") literal->value = std::move(json);
  return Finish(std::move(literal), begin);
}

void Parser::ParseJson(std::string* out) {
  const DepthGuard guard(this);
  if (Is("{")) return ParseJsonObject(out);
  if (Is("[")) return ParseJsonArray(out);
  ParseJsonScalar(out);
}

void Parser::ParseJsonObject(std::string* out) {
  Expect("{");
  *out += '{';
  for (bool first = true; !Is("}") && !AtEnd(); first = false) {
    if (!first) {
      Expect(",");
      *out += ',';
    }
    if (Peek().Is(TokenKind::kString)) {
      *out += JsonString(std::get<std::string>(Next().value));
    } else if (Peek().Is(TokenKind::kIdentifier)) {
      *out += JsonString(std::string(Next().text));
    } else {
      FailHere();
    }
    Expect(":");
    *out += ':';
    ParseJson(out);
  }
  Expect("}");
  *out += '}';
}

void Parser::ParseJsonArray(std::string* out) {
  Expect("[");
  *out += '[';
  for (bool first = true; !Is("]") && !AtEnd(); first = false) {
    if (!first) {
      Expect(",");
      *out += ',';
    }
    ParseJson(out);
  }
  Expect("]");
  *out += ']';
}

void Parser::ParseJsonScalar(std::string* out) {
  const bool minus = Accept("-");
  const Token& token = Peek();
  if (!minus && token.IsWord("dynamic")) {
    const ExprPtr inner = ParseDynamic();
    *out += IsNull(inner->value) ? "null" : std::get<std::string>(inner->value);
    return;
  }
  if (!minus && (token.IsWord("null"))) {
    Next();
    *out += "null";
    return;
  }
  if (!AtLiteral() || (minus && !token.Is(TokenKind::kLong) && !token.Is(TokenKind::kReal) &&
                       !token.Is(TokenKind::kTimeSpan))) {
    return FailHere();
  }
  const ExprPtr literal = ParseLiteral();
  if (error_) return;
  Value value = literal->value;
  if (minus && literal->type == ScalarType::kReal) value = -std::get<double>(value);
  if (minus && literal->type != ScalarType::kReal) value = -std::get<int64_t>(value);
  *out += JsonOf(literal->type, value);
}

// Cells are literals, numbers and timespans with a sign included; nothing that must be computed.
ExprPtr Parser::ParseCell() {
  const uint32_t begin = Peek().offset;
  const bool minus = Is("-");
  if (minus || Is("+")) {
    Next();
    const bool number = Peek().Is(TokenKind::kLong) || Peek().Is(TokenKind::kReal) ||
                        Peek().Is(TokenKind::kTimeSpan);
    if (!number) FailHere();
  }
  if (minus && AtSmallestLong()) {
    ExprPtr smallest = Make(ExprKind::kLiteral);
    smallest->type = ScalarType::kLong;
    smallest->value = std::numeric_limits<int64_t>::min();
    Next();
    return Finish(std::move(smallest), begin);
  }
  if (!AtLiteral()) {
    FailHere();
    return Make(ExprKind::kLiteral);
  }
  ExprPtr literal = ParseLiteral();
  if (!minus || error_) return literal;
  if (literal->type == ScalarType::kReal) {
    literal->value = -std::get<double>(literal->value);
  } else {
    literal->value = -std::get<int64_t>(literal->value);
  }
  return Finish(std::move(literal), begin);
}

}  // namespace kc::kql
