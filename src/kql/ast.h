// The syntax tree of KQL: what was written, nothing resolved. Plain data, owned from the root down;
// safe to read from many threads once built. Every node says where it stands in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/scalar.h"

namespace kc::kql::ast {

struct SourceRange {
  uint32_t offset = 0;  // bytes
  uint32_t length = 0;
};

struct Expr;
struct Operator;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;
using ExprList = std::vector<ExprPtr>;

enum class ExprKind : uint8_t {
  kLiteral,     // type, value (dynamic: JSON text; decimal: as written, trimmed)
  kName,        // text
  kWildcard,    // text: a pattern with '*', never "*" alone (project-away a*, union T*)
  kStar,        // *
  kMember,      // args[0] . text
  kIndex,       // args[0] [ args[1] ]
  kCall,        // text ( args… ); an argument may be kNamed, kStar, kQuery
  kMemberCall,  // args[0] . text ( args[1]… ): cluster('x').database('y')
  kNegate,      // - args[0]
  kBinary,      // args[0] op args[1]; kAnd and kOr have two or more args (flattened chains)
  // args[0] op list. The rest of args are the list's elements as written, or one kQuery in
  // parentheses, or one expression (x in (T | project a), x has_any (list), x in (array)).
  kInList,
  kBetween,       // args[0] op (args[1] .. args[2])
  kNamed,         // names = args[0]; (a, b) = f() has several names and `tuple` set
  kQuery,         // query: a source with pipes, or a source that is an operator itself (print …)
  kTypeOf,        // typeof(long): type; typeof(a:long, b:string): columns (tabular)
  kDataTable,     // columns; args are the cells, row by row
  kExternalData,  // columns; args are the addresses; params are with(…)
  kToScalar,      // toscalar(args[0])
  kMaterialize,   // materialize(args[0])
  kFunctionLiteral,  // (x:long) { … }: function; only as the value of a let or an argument
  kTypedName,        // text : type (columns of find … project, scan …)
};

enum class Op : uint8_t {
  kNone,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kAnd,
  kOr,
  kEqCi,
  kNeCi,  // =~ !~
  kIn,
  kNotIn,
  kInCi,
  kNotInCi,
  kHasAny,
  kHasAll,
  kBetween,
  kNotBetween,
  kHas,
  kNotHas,
  kHasCs,
  kNotHasCs,
  kHasPrefix,
  kNotHasPrefix,
  kHasPrefixCs,
  kNotHasPrefixCs,
  kHasSuffix,
  kNotHasSuffix,
  kHasSuffixCs,
  kNotHasSuffixCs,
  kContains,
  kNotContains,
  kContainsCs,
  kNotContainsCs,
  kStartsWith,
  kNotStartsWith,
  kStartsWithCs,
  kNotStartsWithCs,
  kEndsWith,
  kNotEndsWith,
  kEndsWithCs,
  kNotEndsWithCs,
  kMatchesRegex,
  kLike,
  kNotLike,
  kLikeCs,
  kNotLikeCs,  // undocumented, parsed so that they can be refused by name
};
// As written in KQL: "+", "==", "!has_cs", "in~", …
std::string_view OpName(Op op);

// name = value after an operator's name: kind=inner, hint.strategy=shuffle, withsource=T. The value
// is a name or a literal; `value` holds it decoded, `literal` says which of the two it was.
struct Parameter {
  std::string name;
  std::string value;
  bool literal = false;
  SourceRange at;
};
using Parameters = std::vector<Parameter>;
// The value of a parameter (the last if given several times), or nothing.
const std::string* FindParameter(const Parameters& parameters, std::string_view name);

struct ColumnDecl {
  std::string name;
  ScalarType type = ScalarType::kDynamic;
  SourceRange at;
};

struct Query {
  ExprPtr
      source;  // null if the first operator is itself a source (print, range, union, search, find…)
  std::vector<Operator> operators;
};

struct FunctionParameter {
  std::string name;
  bool tabular = false;
  bool any_columns = false;                // T:(*)
  std::vector<ColumnDecl> columns;         // tabular
  ScalarType type = ScalarType::kDynamic;  // scalar
  ExprPtr default_value;                   // scalar, may be null
  SourceRange at;
};

struct Function {
  std::vector<FunctionParameter> parameters;
  std::vector<Statement> body;  // lets and the like, then one kExpression (it may be missing)
  bool view = false;            // let V = view () { … }
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Op op = Op::kNone;
  bool quoted = false;         // kName, kMember: written ['x'] or ["x"]
  bool tuple = false;          // kNamed: (a, b) = …
  bool parenthesized = false;  // any: (x)
  bool obfuscated = false;     // kLiteral: h"…"
  // kTypeOf with columns: begins with '*' (typeof(*, a:long)). kMember: the name is a pattern.
  // kBinary: written column:"term" in search, which reads '*' in the term as search does.
  bool star = false;
  ScalarType type = ScalarType::kString;
  SourceRange at;
  std::string text;
  Value value;
  ExprList args;
  std::vector<std::string> names;  // kNamed
  std::vector<ColumnDecl> columns;
  Parameters params;
  std::unique_ptr<Query> query;
  std::unique_ptr<Function> function;
};

// ---- tabular operators ------------------------------------------------------------------------

struct Where {
  Parameters params;
  ExprPtr predicate;
};
struct Extend {
  ExprList columns;
};
struct Project {
  ExprList columns;
};
struct ProjectAway {
  ExprList columns;
};  // kName, kWildcard
struct ProjectKeep {
  ExprList columns;
};  // kName, kWildcard
struct ProjectRename {
  ExprList columns;
};  // kNamed over kName
struct ReorderColumn {
  ExprPtr name;  // kName, kWildcard, kStar
  enum class Order : uint8_t { kNone, kAsc, kDesc, kGrannyAsc, kGrannyDesc } order = Order::kNone;
};
struct ProjectReorder {
  std::vector<ReorderColumn> columns;
};
struct ProjectByNames {
  ExprList columns;
};  // expressions of names or arrays of names
struct Summarize {
  Parameters params;
  ExprList aggregates;
  ExprList by;
};
struct SortKey {
  ExprPtr expr;
  bool ascending = false;  // default desc
  std::optional<bool> nulls_first;
};
struct Sort {
  Parameters params;
  std::vector<SortKey> keys;
};
struct Top {
  Parameters params;
  ExprPtr count;
  std::vector<SortKey> keys;
};
struct Take {
  Parameters params;
  ExprPtr count;
};
struct Distinct {
  Parameters params;
  ExprList columns;
};
struct Count {
  std::string as;
};  // count as X; empty for Count
// join and lookup. `on` holds names, or equalities of $left.a and $right.b, or any other
// expression.
struct Join {
  bool lookup = false;
  Parameters params;
  ExprPtr right;
  ExprList on;
};
struct Union {
  Parameters params;
  ExprList tables;
};  // also as a source
struct Range {
  std::string name;
  ExprPtr from;
  ExprPtr to;
  ExprPtr step;
};
struct Print {
  ExprList columns;
};
struct ExpandItem {
  ExprPtr expr;  // may be kNamed
  std::optional<ScalarType> to_type;
};
struct MvExpand {
  Parameters params;
  std::vector<ExpandItem> items;
  ExprPtr limit;
};
struct MvApply {
  Parameters params;  // with_itemindex
  std::vector<ExpandItem> items;
  ExprPtr limit;
  std::string id;                   // id guid, as written
  std::unique_ptr<Query> subquery;  // without source
};
struct ParsePart {
  enum class Kind : uint8_t { kStar, kText, kColumn } kind = Kind::kStar;
  std::string text;  // kText: decoded; kColumn: its name
  std::optional<ScalarType> type;
  SourceRange at;
};
struct ParseOp {
  bool where = false;
  Parameters params;
  ExprPtr source;
  std::vector<ParsePart> parts;
};
struct ParseKv {
  ExprPtr source;
  std::vector<ColumnDecl> columns;
  Parameters params;
};
struct SeriesAggregate {
  ExprPtr expr;
  ExprPtr default_value;
};
struct MakeSeries {
  Parameters params;
  std::vector<SeriesAggregate> aggregates;
  ExprPtr on;
  ExprPtr from, to, step;  // from and to may be null
  bool in_range = false;   // written `in range(from, to, step)`: the end belongs to it
  ExprList by;
};
// A declared output schema: : (*, a:long).
struct OutputSchema {
  bool star = false;
  std::vector<ColumnDecl> columns;
};
struct Evaluate {
  Parameters params;
  ExprPtr call;
  std::optional<OutputSchema> schema;
};
struct Invoke {
  ExprPtr call;
};
struct Render {
  std::string chart;
  Parameters params;
};
struct Serialize {
  Parameters params;
  ExprList columns;
};
struct Sample {
  ExprPtr count;
};
struct SampleDistinct {
  ExprPtr count;
  ExprPtr of;
};
struct Search {
  Parameters params;
  ExprList tables;
  ExprPtr predicate;
};
struct Find {
  Parameters params;
  ExprList tables;
  ExprPtr predicate;  // null: all rows
  enum class Output : uint8_t { kSmart, kColumns, kAway } output = Output::kSmart;
  ExprList columns;  // kName, kTypedName, kWildcard
  bool pack_all = false;
};
struct Partition {
  Parameters params;
  ExprPtr by;
  std::unique_ptr<Query> subquery;  // without source for (…), with its own source for {…}
  bool legacy = false;              // {…}
};
struct ForkBranch {
  std::string name;
  std::unique_ptr<Query> query;
};
struct Fork {
  std::vector<ForkBranch> branches;
};
struct Facet {
  ExprList by;
  std::unique_ptr<Query> with;
};
struct As {
  Parameters params;
  std::string name;
};
struct Consume {
  Parameters params;
};
struct GetSchema {};
struct Reduce {
  Parameters params;
  ExprPtr by;
  Parameters with;
};
struct ScanColumn {
  ColumnDecl column;
  ExprPtr default_value;
};
struct ScanStep {
  std::string name;
  bool optional = false;
  enum class Output : uint8_t { kAll, kLast, kNone } output = Output::kAll;
  ExprPtr condition;
  std::vector<std::pair<std::string, ExprPtr>> assignments;
  SourceRange at;
};
struct Scan {
  Parameters params;  // with_match_id
  std::vector<SortKey> order_by;
  ExprList partition_by;
  std::vector<ScanColumn> declared;
  std::vector<ScanStep> steps;
};
struct TopNestedClause {
  ExprPtr count;   // null: all
  ExprPtr of;      // may be kNamed
  ExprPtr others;  // with others = x
  SortKey by;      // by aggregate [asc|desc]; may be kNamed
};
struct TopNested {
  std::vector<TopNestedClause> clauses;
};
struct TopHitters {
  ExprPtr count;
  ExprPtr of;
  ExprPtr by;
};
struct MacroExpand {
  Parameters params;
  ExprList entities;  // members of the entity group, or one name of a stored group
  std::string name;
  std::vector<Statement> body;
};
struct ExecuteAndCache {};

struct Operator {
  SourceRange at;
  std::variant<Where, Extend, Project, ProjectAway, ProjectKeep, ProjectRename, ProjectReorder,
               ProjectByNames, Summarize, Sort, Top, Take, Distinct, Count, Join, Union, Range,
               Print, MvExpand, MvApply, ParseOp, ParseKv, MakeSeries, Evaluate, Invoke, Render,
               Serialize, Sample, SampleDistinct, Search, Find, Partition, Fork, Facet, As, Consume,
               GetSchema, Reduce, Scan, TopNested, TopHitters, MacroExpand, ExecuteAndCache>
      op;
};

// ---- statements -------------------------------------------------------------------------------

struct Let {
  std::string name;
  ExprPtr value;
};  // kFunctionLiteral for functions and views
struct Set {
  std::string name;
  ExprPtr value;
};  // value null: set x;
struct QueryParameters {
  std::vector<FunctionParameter> parameters;
};
struct Alias {
  std::string name;
  ExprPtr database;
};
struct Restrict {
  ExprList tables;
};
struct Expression {
  ExprPtr expr;
};  // a query (or a scalar, in a function's body)

struct Statement {
  SourceRange at;
  std::variant<Let, Set, QueryParameters, Alias, Restrict, Expression> statement;
};

// A whole text: statements separated by ';'.
struct Script {
  std::vector<Statement> statements;
};

}  // namespace kc::kql::ast
