// Expressions, by descending precedence: or, and, equality (== != in between), relations, + -, * /
// %, string operators (has, contains, =~ …), sign, calls and paths.
#include <algorithm>
#include <array>
#include <limits>

#include "kql/parser_impl.h"
#include "kql/reserved.h"

namespace kc::kql {

using ast::Expr;
using ast::ExprKind;
using ast::ExprList;
using ast::ExprPtr;
using ast::Op;

namespace {

bool IsStringOp(Op op) {
  return op == Op::kEqCi || op == Op::kNeCi || op >= Op::kHas;
}

}  // namespace

ExprPtr Parser::Make(ExprKind kind) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->at = {Peek().offset, Peek().length};
  return expr;
}

ExprPtr Parser::Finish(ExprPtr expr, uint32_t begin) const {
  expr->at = From(begin);
  return expr;
}

// An expression that may turn out to be a query: a source, or what comes before a pipe.
ExprPtr Parser::ParseExpressionOrQuery(bool may_be_named) {
  const DepthGuard guard(this);
  if (error_) return Make(ExprKind::kLiteral);
  if (AtSourceOperator()) return ParsePipes(nullptr);
  ExprPtr expr = may_be_named ? ParseNamedExpr(true) : ParseExpr();
  if (Is("|") && !error_) return ParsePipes(std::move(expr));
  return expr;
}

ExprPtr Parser::ParseNamedExpr(bool may_be_query) {
  const uint32_t begin = Peek().offset;
  if (AtNamed()) {
    ExprPtr named = Make(ExprKind::kNamed);
    named->names.push_back(ParseDeclaredName());
    Expect("=");
    named->args.push_back(may_be_query ? ParseExpressionOrQuery(false) : ParseExpr());
    return Finish(std::move(named), begin);
  }
  if (!Is("(")) return ParseExpr();
  // (a, b) = f(): names and commas up to ")" and "=".
  size_t ahead = 1;
  size_t length = 0;
  while ((length = NameLength(ahead)) > 0) {
    ahead += length;
    if (!Peek(ahead).IsPunctuation(",")) break;
    ++ahead;
  }
  if (!Peek(ahead).IsPunctuation(")") || !Peek(ahead + 1).IsPunctuation("=")) return ParseExpr();
  ExprPtr named = Make(ExprKind::kNamed);
  named->tuple = true;
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    named->names.push_back(ParseDeclaredName());
    if (!Accept(",")) break;
  }
  Expect(")");
  Expect("=");
  named->args.push_back(ParseExpr());
  return Finish(std::move(named), begin);
}

ExprList Parser::ParseNamedList() {
  ExprList list;
  do {
    list.push_back(ParseNamedExpr());
  } while (Accept(","));
  return list;
}

ExprList Parser::ParseExprList() {
  ExprList list;
  do {
    list.push_back(ParseExpr());
  } while (Accept(","));
  return list;
}

ExprPtr Parser::Binary(Op op, ExprPtr left, ExprPtr right, uint32_t begin) {
  auto expr = Make(ExprKind::kBinary);
  expr->op = op;
  expr->args.push_back(std::move(left));
  expr->args.push_back(std::move(right));
  return Finish(std::move(expr), begin);
}

ExprPtr Parser::ParseOr() {
  const DepthGuard guard(this);
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseAnd();
  if (!IsWord("or")) return left;
  auto chain = Make(ExprKind::kBinary);
  chain->op = Op::kOr;
  chain->args.push_back(std::move(left));
  while (AcceptWord("or")) chain->args.push_back(ParseAnd());
  return Finish(std::move(chain), begin);
}

ExprPtr Parser::ParseAnd() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseEquality();
  if (!IsWord("and")) return left;
  auto chain = Make(ExprKind::kBinary);
  chain->op = Op::kAnd;
  chain->args.push_back(std::move(left));
  while (AcceptWord("and")) chain->args.push_back(ParseEquality());
  return Finish(std::move(chain), begin);
}

ExprPtr Parser::ParseEquality() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseRelational();
  for (int length = 0;; ++length) {
    if (length > kMaxChain) Fail("The expression has too many operands.");
    const Op op = FindOp(Peek());
    switch (op) {
      case Op::kEq:
      case Op::kNe:
        Next();
        left = Binary(op, std::move(left), ParseRelational(), begin);
        break;
      case Op::kIn:
      case Op::kNotIn:
      case Op::kInCi:
      case Op::kNotInCi:
      case Op::kHasAny:
      case Op::kHasAll:
        Next();
        left = ParseInList(std::move(left), op, begin);
        break;
      case Op::kBetween:
      case Op::kNotBetween:
        Next();
        left = ParseBetween(std::move(left), op, begin);
        break;
      default:
        return left;
    }
  }
}

ExprPtr Parser::ParseInList(ExprPtr left, Op op, uint32_t begin) {
  auto expr = Make(ExprKind::kInList);
  expr->op = op;
  expr->args.push_back(std::move(left));
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    expr->args.push_back(ParseExpressionOrQuery(false));
    if (!Accept(",")) break;
  }
  Expect(")");
  return Finish(std::move(expr), begin);
}

ExprPtr Parser::ParseBetween(ExprPtr left, Op op, uint32_t begin) {
  auto expr = Make(ExprKind::kBetween);
  expr->op = op;
  expr->args.push_back(std::move(left));
  Expect("(");
  expr->args.push_back(ParseExpr());
  Expect("..");
  expr->args.push_back(ParseExpr());
  Expect(")");
  return Finish(std::move(expr), begin);
}

ExprPtr Parser::ParseRelational() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseAdditive();
  const Op op = FindOp(Peek());
  if (op < Op::kLt || op > Op::kGe) return left;
  Next();
  return Binary(op, std::move(left), ParseAdditive(), begin);
}

ExprPtr Parser::ParseAdditive() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseMultiplicative();
  for (int length = 0; Is("+") || Is("-"); ++length) {
    if (length > kMaxChain) Fail("The expression has too many operands.");
    const Op op = FindOp(Next());
    left = Binary(op, std::move(left), ParseMultiplicative(), begin);
  }
  return left;
}

ExprPtr Parser::ParseMultiplicative() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseStringOperation();
  for (int length = 0; Is("*") || Is("/") || Is("%"); ++length) {
    if (length > kMaxChain) Fail("The expression has too many operands.");
    const Op op = FindOp(Next());
    left = Binary(op, std::move(left), ParseStringOperation(), begin);
  }
  return left;
}

Op Parser::StringOperator() const {
  if (IsWord("matches") && Peek(1).IsWord("regex")) return Op::kMatchesRegex;
  if (in_search_ && Is(":")) return Op::kHas;
  const Op op = FindOp(Peek());
  return IsStringOp(op) ? op : Op::kNone;
}

ExprPtr Parser::ParseStringOperation() {
  const uint32_t begin = Peek().offset;
  ExprPtr left = ParseUnary();
  for (int length = 0;; ++length) {
    if (length > kMaxChain) Fail("The expression has too many operands.");
    const Op op = StringOperator();
    if (op == Op::kNone) return left;
    const bool search_term = Next().text == ":";
    if (op == Op::kMatchesRegex) Next();
    left = Binary(op, std::move(left), ParseUnary(), begin);
    left->star = search_term;
  }
}

ExprPtr Parser::ParseUnary() {
  const uint32_t begin = Peek().offset;
  if (Accept("+")) return ParsePostfix();
  if (!Accept("-")) return ParsePostfix();
  if (AtSmallestLong()) {
    auto literal = Make(ExprKind::kLiteral);
    literal->type = ScalarType::kLong;
    literal->value = std::numeric_limits<int64_t>::min();
    Next();
    return Finish(std::move(literal), begin);
  }
  auto expr = Make(ExprKind::kNegate);
  expr->args.push_back(ParsePostfix());
  return Finish(std::move(expr), begin);
}

ExprPtr Parser::ParsePostfix() {
  const uint32_t begin = Peek().offset;
  ExprPtr expr = ParsePrimary();
  for (int length = 0;; ++length) {
    if (length > kMaxChain) Fail("The path is too long.");
    const bool index = Is("[");
    if (!index && !Is(".")) return expr;
    Next();
    auto next = Make(ExprKind::kIndex);
    next->args.push_back(std::move(expr));
    if (index) {
      next->args.push_back(ParseExpr());
      Expect("]");
    } else {
      next->kind = ExprKind::kMember;
      next->text = ParseName(&next->quoted);
      if (Is("(") && !next->quoted) {
        next->kind = ExprKind::kMemberCall;
        ParseArguments(next.get());
      }
    }
    expr = Finish(std::move(next), begin);
  }
}

ExprPtr Parser::ParsePrimary() {
  const uint32_t begin = Peek().offset;
  if (AtLiteral()) return ParseLiteral();
  if (Is("(")) return ParseParenthesized();
  if (Accept("*")) return Finish(Make(ExprKind::kStar), begin);
  if (!AtName()) {
    FailHere();
    return Make(ExprKind::kLiteral);
  }
  if (!Is("[")) return ParseWordPrimary();
  auto name = Make(ExprKind::kName);
  name->text = ParseName(&name->quoted);
  if (Is("(")) return ParseCall(std::move(name->text), begin);
  return Finish(std::move(name), begin);
}

ExprPtr Parser::ParseWordPrimary() {
  const uint32_t begin = Peek().offset;
  const bool called = Peek(1).IsPunctuation("(");
  const bool parameters = Peek(1).Is(TokenKind::kIdentifier) || called;
  if (called && IsWord("typeof")) return ParseTypeOf();
  if (called && IsWord("toscalar")) return ParseWrapped(ExprKind::kToScalar);
  if (called && IsWord("materialize")) return ParseWrapped(ExprKind::kMaterialize);
  if (parameters && IsWord("datatable")) return ParseDataTable();
  if (parameters && (IsWord("externaldata") || IsWord("external_data"))) {
    return ParseExternalData();
  }
  if (!called && IsReservedReference(Peek().text)) {
    Fail("The name '" + std::string(Peek().text) + "' needs to be bracketed.");
  }
  std::string word(Next().text);
  if (Is("(")) return ParseCall(std::move(word), begin);
  auto name = Make(ExprKind::kName);
  name->text = std::move(word);
  return Finish(std::move(name), begin);
}

ExprPtr Parser::ParseCall(std::string name, uint32_t begin) {
  auto call = Make(ExprKind::kCall);
  call->text = std::move(name);
  ParseArguments(call.get());
  return Finish(std::move(call), begin);
}

void Parser::ParseArguments(Expr* call) {
  const DepthGuard guard(this);
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    call->args.push_back(AtFunctionLiteral() ? ParseFunctionLiteral(false)
                                             : ParseExpressionOrQuery());
    if (!Accept(",")) break;
    if (Is(")")) FailHere();
  }
  Expect(")");
}

ExprPtr Parser::ParseParenthesized() {
  Expect("(");
  const bool in_search = in_search_;
  ExprPtr expr = ParseExpressionOrQuery(false);
  in_search_ = in_search;
  Expect(")");
  expr->parenthesized = true;
  return expr;
}

ExprPtr Parser::ParseWrapped(ExprKind kind) {
  const uint32_t begin = Next().offset;
  auto expr = Make(kind);
  Expect("(");
  expr->args.push_back(ParseExpressionOrQuery());
  Expect(")");
  return Finish(std::move(expr), begin);
}

ExprPtr Parser::ParseTypeOf() {
  const uint32_t begin = Next().offset;
  auto expr = Make(ExprKind::kTypeOf);
  Expect("(");
  if (AtName() && Peek(NameLength()).IsPunctuation(")")) {
    expr->type = ParseType();
    Expect(")");
  } else {
    if (Accept("*")) {
      expr->star = true;
      if (!Is(")")) Expect(",");
    }
    expr->columns = ParseColumnList();
  }
  return Finish(std::move(expr), begin);
}

std::vector<ast::ColumnDecl> Parser::ParseSchema(bool* star) {
  Expect("(");
  if (star != nullptr && Accept("*")) {
    *star = true;
    if (!Is(")")) Expect(",");
  }
  return ParseColumnList();
}

ExprPtr Parser::ParseDataTable() {
  const uint32_t begin = Next().offset;
  auto table = Make(ExprKind::kDataTable);
  table->params = ParseParameters({});
  table->columns = ParseSchema(nullptr);
  Expect("[");
  while (!Is("]") && !AtEnd()) {
    table->args.push_back(ParseCell());
    if (!Accept(",")) break;
  }
  Expect("]");
  if (table->columns.empty() || table->args.size() % table->columns.size() != 0) {
    Fail("The number of values of a datatable isn't a multiple of the number of its columns.");
  }
  return Finish(std::move(table), begin);
}

ExprPtr Parser::ParseExternalData() {
  const uint32_t begin = Next().offset;
  auto table = Make(ExprKind::kExternalData);
  table->columns = ParseSchema(nullptr);
  const bool bracket = Accept("[");
  do {
    table->args.push_back(ParseStringLiteral());
  } while (Accept(",") && Peek().Is(TokenKind::kString));
  if (bracket) Expect("]");
  if (AcceptWord("with")) table->params = ParseWithList();
  return Finish(std::move(table), begin);
}

// A name with '*' in it: ab*, *b, a*b*. Tokens that touch.
ExprPtr Parser::ParseWildcardOrName() {
  const uint32_t begin = Peek().offset;
  if (Is("[") || !(AtName() || Is("*") || Peek().Is(TokenKind::kLong))) {
    auto name = Make(ExprKind::kName);
    name->text = ParseName(&name->quoted);
    return Finish(std::move(name), begin);
  }
  auto name = Make(ExprKind::kName);
  do {
    const Token& token = Next();
    if (token.IsPunctuation("*")) name->kind = ExprKind::kWildcard;
    name->text += token.text;
  } while (Adjacent(0) &&
           (Is("*") || Peek().Is(TokenKind::kIdentifier) || Peek().Is(TokenKind::kLong)));
  if (name->text == "*") name->kind = ExprKind::kStar;
  return Finish(std::move(name), begin);
}

}  // namespace kc::kql
