// Statements, function literals and the public entry points.
#include "kql/parser_impl.h"

namespace kc::kql {

using ast::ExprKind;
using ast::ExprPtr;
using ast::Statement;

ast::Script Parser::ParseScript() {
  ast::Script script;
  while (!AtEnd()) {
    if (Accept(";")) continue;
    script.statements.push_back(ParseStatement());
    if (!Is(";")) ExpectEnd();
  }
  return script;
}

Statement Parser::ParseStatement() {
  const DepthGuard guard(this);
  Statement statement;
  const uint32_t begin = Peek().offset;
  const bool named = Peek(1).Is(TokenKind::kIdentifier) || Peek(1).IsPunctuation("[");
  if (named && IsWord("let")) {
    statement.statement = ParseLet();
  } else if (named && IsWord("set")) {
    statement.statement = ParseSet();
  } else if (IsWord("declare") && Peek(1).IsWord("query_parameters")) {
    statement.statement = ParseQueryParameters();
  } else if (IsWord("declare") && Peek(1).IsWord("pattern")) {
    Fail("Patterns (declare pattern) are not supported.");
  } else if (IsWord("alias") && Peek(1).IsWord("database")) {
    ConsumeWord(5);
    ConsumeWord(8);
    ast::Alias alias;
    alias.name = ParseName();
    Expect("=");
    alias.database = ParseExpr();
    statement.statement = std::move(alias);
  } else if (IsWord("restrict") && Peek(1).IsWord("access")) {
    ConsumeWord(8);
    ConsumeWord(6);
    ExpectWord("to");
    ast::Restrict restrict;
    restrict.tables = ParseTableList();
    statement.statement = std::move(restrict);
  } else {
    statement.statement = ast::Expression{ParseExpressionOrQuery(false)};
  }
  statement.at = From(begin);
  return statement;
}

ast::Let Parser::ParseLet() {
  ast::Let let;
  ConsumeWord(3);
  let.name = ParseDeclaredName();
  Expect("=");
  const bool view = IsWord("view") && Peek(1).IsPunctuation("(");
  if (view) Next();
  if (view || AtFunctionLiteral()) {
    let.value = ParseFunctionLiteral(view);
  } else {
    let.value = ParseExpressionOrQuery(false);
  }
  return let;
}

ast::Set Parser::ParseSet() {
  ast::Set set;
  ConsumeWord(3);
  set.name = ParseName();
  if (Accept("=")) {
    // The value may be a bare word (set querydatascope = hotcache).
    set.value = ParseExpr();
  }
  return set;
}

ast::QueryParameters Parser::ParseQueryParameters() {
  ast::QueryParameters result;
  ConsumeWord(7);
  ConsumeWord(16);
  result.parameters = ParseFunctionParameters();
  return result;
}

// "(…) {": the parenthesis that closes is followed by a brace.
bool Parser::AtFunctionLiteral() const {
  if (!Is("(")) return false;
  // Only "()", "(name:" and "(['name']:" can begin one.
  const size_t name = NameLength(1);
  const bool empty = Peek(1).IsPunctuation(")");
  if (!empty && !(name > 0 && Peek(1 + name).IsPunctuation(":"))) return false;
  int depth = 0;
  for (size_t i = index_; i < tokens_.size(); ++i) {
    if (tokens_[i].IsPunctuation("(")) ++depth;
    if (tokens_[i].IsPunctuation(")") && --depth == 0) {
      return i + 1 < tokens_.size() && tokens_[i + 1].IsPunctuation("{");
    }
  }
  return false;
}

ExprPtr Parser::ParseFunctionLiteral(bool view) {
  const DepthGuard guard(this);
  const uint32_t begin = Peek().offset;
  auto expr = Make(ExprKind::kFunctionLiteral);
  expr->function = std::make_unique<ast::Function>();
  expr->function->view = view;
  expr->function->parameters = ParseFunctionParameters();
  expr->function->body = ParseBody();
  return Finish(std::move(expr), begin);
}

std::vector<ast::FunctionParameter> Parser::ParseFunctionParameters() {
  std::vector<ast::FunctionParameter> parameters;
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    parameters.push_back(ParseFunctionParameter());
    if (!Accept(",")) break;
  }
  Expect(")");
  return parameters;
}

ast::FunctionParameter Parser::ParseFunctionParameter() {
  ast::FunctionParameter parameter;
  const uint32_t begin = Peek().offset;
  parameter.name = ParseName();
  Expect(":");
  if (Accept("(")) {
    parameter.tabular = true;
    if (Accept("*")) {
      parameter.any_columns = true;
      Expect(")");
    } else {
      parameter.columns = ParseColumnList();
    }
  } else {
    parameter.type = ParseType();
    if (Accept("=")) parameter.default_value = ParseUnary();
  }
  parameter.at = From(begin);
  return parameter;
}

std::vector<Statement> Parser::ParseBody() {
  std::vector<Statement> body;
  Expect("{");
  while (!Is("}") && !AtEnd()) {
    if (Accept(";")) continue;
    body.push_back(ParseStatement());
    if (!Is(";")) break;
  }
  Expect("}");
  return body;
}

namespace {

// Runs `parse` over the text and demands that nothing is left of it.
template <typename F>
auto ParseWhole(std::string_view text, F parse)
    -> Result<decltype(parse(std::declval<Parser&>()))> {
  KC_ASSIGN(std::vector<Token> tokens, Lex(text));
  Parser parser(text, std::move(tokens));
  auto result = parse(parser);
  parser.ExpectEnd();
  if (parser.error()) return Fail(*parser.error());
  return result;
}

}  // namespace

Result<ast::Script> Parse(std::string_view text) {
  return ParseWhole(text, [](Parser& parser) { return parser.ParseScript(); });
}

Result<ExprPtr> ParseExpression(std::string_view text) {
  return ParseWhole(text, [](Parser& parser) { return parser.ParseExpressionOrQuery(false); });
}

Result<std::vector<ast::FunctionParameter>> ParseParameters(std::string_view text) {
  return ParseWhole(text, [](Parser& parser) { return parser.ParseFunctionParameters(); });
}

Result<std::vector<Statement>> ParseFunctionBody(std::string_view text) {
  return ParseWhole(text, [](Parser& parser) { return parser.ParseBody(); });
}

Result<std::vector<ast::ColumnDecl>> ParseColumns(std::string_view text) {
  return ParseWhole(text, [](Parser& parser) {
    if (parser.Accept("(")) return parser.ParseColumnList();
    return parser.ParseBareColumnList();
  });
}

}  // namespace kc::kql
