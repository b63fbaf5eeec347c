// The recursive descent parser; internal to src/kql. Its methods stand in parser_*.cc by subject.
//
// Errors are sticky: the first one is kept, and from then on the parser stands at the end of the
// text, so that every loop ends. Methods return something harmless after an error, never null
// expressions.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kql/ast.h"
#include "kql/lexer.h"
#include "kql/parser.h"

namespace kc::kql {

// The operator that a token may stand for, kNone if it is none ("matches regex" is two tokens).
ast::Op FindOp(const Token& token);

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  ast::Script ParseScript();
  // With `named` also name = …
  ast::ExprPtr ParseExpressionOrQuery(bool named = true);
  std::vector<ast::FunctionParameter> ParseFunctionParameters();
  std::vector<ast::Statement> ParseBody();             // { … }
  std::vector<ast::ColumnDecl> ParseColumnList();      // after "(", through ")"
  std::vector<ast::ColumnDecl> ParseBareColumnList();  // to the end of the text
  void ExpectEnd();
  bool Accept(std::string_view punctuation);
  const std::optional<Error>& error() const { return error_; }

 private:
  using Names = std::initializer_list<std::string_view>;
  class DepthGuard {
   public:
    explicit DepthGuard(Parser* parser) : parser_(parser) {
      if (++parser_->depth_ > kMaxDepth) parser_->Fail("The query is nested too deeply.");
    }
    ~DepthGuard() { --parser_->depth_; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;

   private:
    Parser* parser_;
  };

  // ---- tokens (parser_tokens.cc)
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(index_ + ahead, tokens_.size() - 1)];
  }
  const Token& Next();
  bool AtEnd() const { return Peek().Is(TokenKind::kEnd); }
  bool Is(std::string_view punctuation) const { return Peek().IsPunctuation(punctuation); }
  void Expect(std::string_view punctuation);
  // Words may have hyphens ("project-away"); they are whole words.
  bool IsWord(std::string_view word) const;
  bool AcceptWord(std::string_view word);
  void ExpectWord(std::string_view word);
  bool Adjacent(size_t ahead) const;  // token `ahead` follows the one before it without a blank
  void Fail(std::string what);
  void FailHere();  // "Unexpected …"
  ast::SourceRange From(uint32_t begin) const;
  // A name: an identifier or ['…'].
  bool AtName(size_t ahead = 0) const;
  size_t NameLength(size_t ahead = 0) const;  // in tokens
  std::string ParseName(bool* quoted = nullptr);
  std::string ParseDeclaredName();  // refuses reserved words that aren't in brackets
  bool AtNamed() const;             // name =
  ScalarType ParseType();
  ast::ColumnDecl ParseColumnDecl();

  // ---- parameters of operators
  ast::Parameters ParseParameters(Names names);
  bool AtParameter(Names names) const;
  ast::Parameter ParseParameter();
  ast::Parameters ParseWithList();  // "(a=b, c=d)" or "a=b, c=d"
  void ParseParameterValue(ast::Parameter* parameter);

  // ---- expressions (parser_expr.cc)
  ast::ExprPtr Make(ast::ExprKind kind) const;
  ast::ExprPtr Finish(ast::ExprPtr expr, uint32_t begin) const;
  ast::ExprPtr ParseExpr() { return ParseOr(); }
  // may_be_query: f(T = X | take 1); elsewhere a pipe ends the list.
  ast::ExprPtr ParseNamedExpr(bool may_be_query = false);  // also name = …, (a, b) = …
  ast::ExprList ParseNamedList();
  ast::ExprList ParseNamedListOrNothing();
  ast::ExprList ParseExprList();
  ast::ExprPtr ParseOr();
  ast::ExprPtr ParseAnd();
  ast::ExprPtr ParseEquality();
  ast::ExprPtr ParseRelational();
  ast::ExprPtr ParseAdditive();
  ast::ExprPtr ParseMultiplicative();
  ast::ExprPtr ParseStringOperation();
  ast::ExprPtr ParseUnary();
  ast::ExprPtr ParsePostfix();
  ast::ExprPtr ParsePrimary();
  ast::ExprPtr ParseWordPrimary();
  ast::ExprPtr ParseParenthesized();
  ast::ExprPtr ParseCall(std::string name, uint32_t begin);
  void ParseArguments(ast::Expr* call);
  ast::ExprPtr ParseInList(ast::ExprPtr left, ast::Op op, uint32_t begin);
  ast::ExprPtr ParseBetween(ast::ExprPtr left, ast::Op op, uint32_t begin);
  ast::ExprPtr ParseTypeOf();
  ast::ExprPtr Binary(ast::Op op, ast::ExprPtr left, ast::ExprPtr right, uint32_t begin);
  ast::Op StringOperator() const;
  ast::ExprPtr ParseDataTable();
  ast::ExprPtr ParseExternalData();
  ast::ExprPtr ParseWrapped(ast::ExprKind kind);         // toscalar(…), materialize(…)
  std::vector<ast::ColumnDecl> ParseSchema(bool* star);  // "(*, a:long)"
  ast::ExprPtr ParseWildcardOrName();
  ast::ExprPtr ParseColumnPath();
  ast::ExprPtr ParseTableReference();  // also with wildcards, (query)
  bool AtFunctionLiteral() const;
  ast::ExprPtr ParseFunctionLiteral(bool view);

  // ---- literals (parser_literals.cc)
  ast::ExprPtr ParseLiteral();
  ast::ExprPtr ParseTypedLiteral();
  ast::ExprPtr ParseStringLiteral();
  ast::ExprPtr ParseDynamic();
  ast::ExprPtr ParseCell();
  void ParseJson(std::string* out);
  void ParseJsonObject(std::string* out);
  void ParseJsonArray(std::string* out);
  void ParseJsonScalar(std::string* out);
  bool AtLiteral() const;
  // A minus has been read; the token after it is 9223372036854775808.
  bool AtSmallestLong() const;

  // ---- statements (parser_statements.cc)
  ast::Statement ParseStatement();
  ast::Let ParseLet();
  ast::Set ParseSet();
  ast::QueryParameters ParseQueryParameters();
  ast::FunctionParameter ParseFunctionParameter();

  // ---- queries and operators (parser_query.cc, parser_operators*.cc)
  bool AtSourceOperator() const;
  ast::ExprPtr ParsePipes(ast::ExprPtr source);
  // Operators without a source, the first without a pipe: the inside of mv-apply's parentheses.
  std::unique_ptr<ast::Query> ParseSubpipe();
  ast::Operator ParseOperator();
  bool DispatchOperator(std::string_view name, ast::Operator* result);
  std::string OperatorName() const;
  void ConsumeWord(size_t bytes);
  ast::SortKey ParseSortKey();
  std::vector<ast::SortKey> ParseSortKeys();
  ast::ExprList ParseColumnNames();

  ast::Where ParseWhere();
  ast::As ParseAs();
  ast::Serialize ParseSerialize();
  ast::Summarize ParseSummarize();
  ast::Sort ParseSort();
  ast::Top ParseTop();
  ast::Take ParseTake();
  ast::Distinct ParseDistinct();
  ast::Count ParseCount();
  ast::Join ParseJoin(bool lookup);
  ast::Union ParseUnion();
  ast::Range ParseRange();
  ast::ProjectReorder ParseReorder();
  ast::ExpandItem ParseExpandItem();
  ast::MvExpand ParseMvExpand();
  ast::MvApply ParseMvApply();
  ast::ParseOp ParseParse(bool where);
  ast::ParsePart ParseParsePart();
  ast::ParseKv ParseParseKv();
  ast::MakeSeries ParseMakeSeries();
  void ParseSeriesRange(ast::MakeSeries* series);
  ast::Evaluate ParseEvaluate();
  ast::Render ParseRender();
  ast::SampleDistinct ParseSampleDistinct();
  ast::Search ParseSearch();
  ast::Find ParseFind();
  void ParseFindOutput(ast::Find* find);
  ast::ExprList ParseTableList();
  ast::Partition ParsePartition();
  ast::Fork ParseFork();
  ast::Facet ParseFacet();
  ast::Reduce ParseReduce();
  ast::Scan ParseScan();
  ast::ScanColumn ParseScanColumn();
  ast::ScanStep ParseScanStep();
  ast::TopNested ParseTopNested();
  ast::TopNestedClause ParseTopNestedClause();
  ast::TopHitters ParseTopHitters();
  ast::MacroExpand ParseMacroExpand();

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t index_ = 0;
  int depth_ = 0;
  bool in_search_ = false;  // where column:"term" is a term match
  std::optional<Error> error_;
};

}  // namespace kc::kql
