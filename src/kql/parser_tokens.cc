// The parser's way over the tokens: names, types, parameters, errors.
#include <algorithm>

#include "kql/parser_impl.h"
#include "kql/reserved.h"

namespace kc::kql {

using ast::Parameter;
using ast::Parameters;

const Token& Parser::Next() {
  const Token& token = Peek();
  if (index_ + 1 < tokens_.size()) ++index_;
  return token;
}

bool Parser::Accept(std::string_view punctuation) {
  if (!Is(punctuation)) return false;
  Next();
  return true;
}

void Parser::Expect(std::string_view punctuation) {
  if (Accept(punctuation)) return;
  Fail("Expected: " + std::string(punctuation));
}

bool Parser::IsWord(std::string_view word) const {
  const Token& first = Peek();
  if (!first.Is(TokenKind::kIdentifier)) return false;
  if (first.text.size() >= word.size()) return first.text == word;
  // Put together from tokens: "project", "-", "away".
  size_t end = 0;
  for (size_t ahead = 0; end < word.size(); ++ahead) {
    const Token& token = Peek(ahead);
    if (token.Is(TokenKind::kEnd) || token.offset != first.offset + end) return false;
    end += token.length;
  }
  return end == word.size() && text_.substr(first.offset, end) == word;
}

bool Parser::AcceptWord(std::string_view word) {
  if (!IsWord(word)) return false;
  ConsumeWord(word.size());
  return true;
}

void Parser::ConsumeWord(size_t bytes) {
  const size_t end = Peek().offset + bytes;
  while (!AtEnd() && Peek().offset < end) Next();
}

void Parser::ExpectWord(std::string_view word) {
  if (!AcceptWord(word)) Fail("Expected: " + std::string(word));
}

bool Parser::Adjacent(size_t ahead) const {
  const size_t i = index_ + ahead;
  if (i == 0 || i + 1 >= tokens_.size()) return false;
  return tokens_[i].offset == tokens_[i - 1].End();
}

void Parser::Fail(std::string what) {
  if (!error_) error_ = SyntaxError(text_, Peek().offset, what);
  index_ = tokens_.size() - 1;
}

void Parser::FailHere() {
  if (AtEnd()) return Fail("Unexpected end of the text.");
  Fail("Unexpected: " + std::string(Peek().text.substr(0, 40)));
}

void Parser::ExpectEnd() {
  if (!AtEnd()) FailHere();
}

ast::SourceRange Parser::From(uint32_t begin) const {
  const uint32_t end = index_ > 0 ? tokens_[index_ - 1].End() : begin;
  return {begin, end > begin ? end - begin : 0};
}

bool Parser::AtName(size_t ahead) const {
  return NameLength(ahead) > 0;
}

size_t Parser::NameLength(size_t ahead) const {
  if (Peek(ahead).Is(TokenKind::kIdentifier)) return 1;
  const bool bracketed = Peek(ahead).IsPunctuation("[") && Peek(ahead + 1).Is(TokenKind::kString) &&
                         Peek(ahead + 2).IsPunctuation("]");
  return bracketed ? 3 : 0;
}

std::string Parser::ParseName(bool* quoted) {
  const size_t length = NameLength();
  if (quoted != nullptr) *quoted = length == 3;
  if (length == 0) {
    Fail("Expected: a name");
    return {};
  }
  if (length == 1) return std::string(Next().text);
  Next();
  std::string name = std::get<std::string>(Next().value);
  Next();
  if (name.empty()) Fail("A name can't be empty.");
  return name;
}

std::string Parser::ParseDeclaredName() {
  if (Peek().Is(TokenKind::kIdentifier) && IsReservedDeclaration(Peek().text)) {
    Fail("The name '" + std::string(Peek().text) + "' needs to be bracketed.");
  }
  return ParseName();
}

bool Parser::AtNamed() const {
  const size_t length = NameLength();
  return length > 0 && Peek(length).IsPunctuation("=");
}

ScalarType Parser::ParseType() {
  const Token& token = Peek();
  std::optional<ScalarType> type;
  if (token.Is(TokenKind::kIdentifier)) type = ParseScalarType(token.text);
  if (!type) {
    Fail("Expected: the name of a type");
    return ScalarType::kString;
  }
  Next();
  return *type;
}

ast::ColumnDecl Parser::ParseColumnDecl() {
  ast::ColumnDecl column;
  const uint32_t begin = Peek().offset;
  column.name = ParseDeclaredName();
  Expect(":");
  column.type = ParseType();
  column.at = From(begin);
  return column;
}

std::vector<ast::ColumnDecl> Parser::ParseColumnList() {
  std::vector<ast::ColumnDecl> columns;
  while (!Is(")") && !AtEnd()) {
    columns.push_back(ParseColumnDecl());
    if (!Accept(",")) break;
  }
  Expect(")");
  return columns;
}

std::vector<ast::ColumnDecl> Parser::ParseBareColumnList() {
  std::vector<ast::ColumnDecl> columns;
  while (!AtEnd()) {
    columns.push_back(ParseColumnDecl());
    if (!Accept(",")) break;
  }
  return columns;
}

// Dotted names ("hint.strategy") count up to the '='.
bool Parser::AtParameter(Names names) const {
  if (!Peek().Is(TokenKind::kIdentifier)) return false;
  if (Peek().text == "hint" && Peek(1).IsPunctuation(".")) return true;
  if (!Peek(1).IsPunctuation("=")) return false;
  return std::find(names.begin(), names.end(), Peek().text) != names.end();
}

Parameters Parser::ParseParameters(Names names) {
  Parameters parameters;
  while (AtParameter(names)) parameters.push_back(ParseParameter());
  return parameters;
}

Parameter Parser::ParseParameter() {
  Parameter parameter;
  const uint32_t begin = Peek().offset;
  parameter.name = ParseName();
  while (Accept(".")) parameter.name += "." + ParseName();
  Expect("=");
  ParseParameterValue(&parameter);
  parameter.at = From(begin);
  return parameter;
}

void Parser::ParseParameterValue(Parameter* parameter) {
  if (Peek().Is(TokenKind::kString)) {
    parameter->literal = true;
    const ast::ExprPtr literal = ParseStringLiteral();
    if (!error_) parameter->value = std::get<std::string>(literal->value);
    return;
  }
  if (AtName()) {
    parameter->value = ParseName();
    // Values of several words: full-text, 30d-retention.
    while (Is("-") && Adjacent(0) && Adjacent(1) && Peek(1).Is(TokenKind::kIdentifier)) {
      Next();
      parameter->value += "-" + std::string(Next().text);
    }
    return;
  }
  const bool minus = Accept("-");
  switch (Peek().kind) {
    case TokenKind::kLong:
    case TokenKind::kReal:
    case TokenKind::kTimeSpan:
    case TokenKind::kTypedLiteral:
    case TokenKind::kGuid:
      parameter->literal = true;
      parameter->value = (minus ? "-" : "") + std::string(Next().text);
      return;
    default:
      FailHere();
  }
}

Parameters Parser::ParseWithList() {
  Parameters parameters;
  const bool parenthesized = Accept("(");
  while (!AtEnd() && !Is(")")) {
    if (!parameters.empty() && !Peek(NameLength()).IsPunctuation("=")) {
      // A list as the value: ycolumns=a, b.
      Parameter more;
      ParseParameterValue(&more);
      parameters.back().value += "," + more.value;
    } else {
      parameters.push_back(ParseParameter());
    }
    if (!Accept(",") && !(AtName() && !parenthesized && Peek(1).IsPunctuation("="))) break;
  }
  if (parenthesized) Expect(")");
  return parameters;
}

}  // namespace kc::kql
