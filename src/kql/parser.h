// KQL text → syntax tree. Pure; safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "kql/ast.h"

namespace kc::kql {

// How deeply expressions and queries may nest: keeps the stack of the parser and of everything that
// walks the tree bounded. Kusto's own limit is of the same order.
inline constexpr int kMaxDepth = 200;
// Longest chain of one binary operator (a + b + c …), which makes a tree of the same depth; `and`
// and `or` are flattened and have no such limit.
inline constexpr int kMaxChain = 1000;

// One or more statements. Errors: kStop, reason "SYN0002", Kusto's text with line and position.
Result<ast::Script> Parse(std::string_view text);

// A single expression or query and nothing after it: policies (update, row level security),
// retention predicates, the default of a parameter.
Result<ast::ExprPtr> ParseExpression(std::string_view text);

// "(a:long, T:(x:string), b:string = 'x')": the parameters of a stored function.
Result<std::vector<ast::FunctionParameter>> ParseParameters(std::string_view text);

// "{ let x = 1; T | where a == x }": the body of a stored function, braces included.
Result<std::vector<ast::Statement>> ParseFunctionBody(std::string_view text);

// "(a:long, ['b c']:string)" or without the parentheses: the schema in .create table and the like.
Result<std::vector<ast::ColumnDecl>> ParseColumns(std::string_view text);

}  // namespace kc::kql
