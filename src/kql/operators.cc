// How operators are written.
#include <array>

#include "kql/parser_impl.h"

namespace kc::kql {

using ast::Op;

namespace {

struct OpText {
  std::string_view text;
  Op op;
};

// How each operator is written; the first entry of an operator is its name in messages.
constexpr std::array<OpText, 59> kOps = {{
    {"+", Op::kAdd},
    {"-", Op::kSub},
    {"*", Op::kMul},
    {"/", Op::kDiv},
    {"%", Op::kMod},
    {"==", Op::kEq},
    {"!=", Op::kNe},
    {"<>", Op::kNe},
    {"<", Op::kLt},
    {"<=", Op::kLe},
    {">", Op::kGt},
    {">=", Op::kGe},
    {"and", Op::kAnd},
    {"or", Op::kOr},
    {"in", Op::kIn},
    {"!in", Op::kNotIn},
    {"in~", Op::kInCi},
    {"!in~", Op::kNotInCi},
    {"has_any", Op::kHasAny},
    {"has_all", Op::kHasAll},
    {"between", Op::kBetween},
    {"!between", Op::kNotBetween},
    {"=~", Op::kEqCi},
    {"!~", Op::kNeCi},
    {"has", Op::kHas},
    {"!has", Op::kNotHas},
    {"has_cs", Op::kHasCs},
    {"!has_cs", Op::kNotHasCs},
    {"hasprefix", Op::kHasPrefix},
    {"!hasprefix", Op::kNotHasPrefix},
    {"hasprefix_cs", Op::kHasPrefixCs},
    {"!hasprefix_cs", Op::kNotHasPrefixCs},
    {"hassuffix", Op::kHasSuffix},
    {"!hassuffix", Op::kNotHasSuffix},
    {"hassuffix_cs", Op::kHasSuffixCs},
    {"!hassuffix_cs", Op::kNotHasSuffixCs},
    {"contains", Op::kContains},
    {"!contains", Op::kNotContains},
    {"notcontains", Op::kNotContains},
    {"contains_cs", Op::kContainsCs},
    {"!contains_cs", Op::kNotContainsCs},
    {"containscs", Op::kContainsCs},
    {"!containscs", Op::kNotContainsCs},
    {"notcontainscs", Op::kNotContainsCs},
    {"startswith", Op::kStartsWith},
    {"!startswith", Op::kNotStartsWith},
    {"startswith_cs", Op::kStartsWithCs},
    {"!startswith_cs", Op::kNotStartsWithCs},
    {"endswith", Op::kEndsWith},
    {"!endswith", Op::kNotEndsWith},
    {"endswith_cs", Op::kEndsWithCs},
    {"!endswith_cs", Op::kNotEndsWithCs},
    {"matches regex", Op::kMatchesRegex},
    {"like", Op::kLike},
    {"!like", Op::kNotLike},
    {"notlike", Op::kNotLike},
    {"likecs", Op::kLikeCs},
    {"!likecs", Op::kNotLikeCs},
    {"notlikecs", Op::kNotLikeCs},
}};

}  // namespace

Op FindOp(const Token& token) {
  const bool possible = token.Is(TokenKind::kPunctuation) || token.Is(TokenKind::kIdentifier) ||
                        token.Is(TokenKind::kWordOperator);
  if (!possible) return Op::kNone;
  for (const OpText& entry : kOps) {
    if (entry.text == token.text) return entry.op;
  }
  return Op::kNone;
}

std::string_view ast::OpName(Op op) {
  for (const OpText& entry : kOps) {
    if (entry.op == op) return entry.text;
  }
  return "";
}

const std::string* ast::FindParameter(const Parameters& parameters, std::string_view name) {
  for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
    if (it->name == name) return &it->value;
  }
  return nullptr;
}

}  // namespace kc::kql
