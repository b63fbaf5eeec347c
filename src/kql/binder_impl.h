// The binder's inside, shared by the binder_*.cc files; no other part includes it. Each file adds
// one group: names, expressions, calls, aggregates, one or several operators.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kql/binder.h"
#include "kql/functions.h"

namespace kc::kql {

// Either a scalar or a table.
struct Bound {
  ExprPtr scalar;
  NodePtr table;
};

struct Env;
using EnvPtr = std::shared_ptr<const Env>;

// What a let, a parameter or an `as` stands for. A let is bound when it is first used.
struct Name {
  const ast::Expr* expr = nullptr;          // bound lazily, in `env`
  const ast::Function* function = nullptr;  // to be inlined, its free names looked up in `env`
  EnvPtr env;
  std::optional<Bound> bound;
  bool binding = false;  // being bound: a reference now is a cycle
  int uses = 0;          // of a bound table; the second and later ones get fresh column ids
};

// Names in scope: a chain, innermost first. Lets make a new link each, so that
// `let T = T | where …` sees the outer T.
struct Env {
  EnvPtr parent;
  std::map<std::string, std::shared_ptr<Name>, std::less<>> names;
  DatabaseRef database;     // where unqualified tables and functions are looked up
  std::string plain_table;  // a row level security query's own table, seen without its policy
  // alias database: what database('…') means here; "" in most links.
  std::string alias;
  DatabaseRef alias_of;
};

// The row that an expression is evaluated for.
struct Rows {
  std::vector<Column> columns;  // visible by name
  // join … on: $left and $right.
  const std::vector<Column>* left = nullptr;
  const std::vector<Column>* right = nullptr;
  // The relation; window functions and the like add hidden columns to it. Null where they are
  // refused.
  NodePtr node;
  // Where aggregate calls go, each under a new column; null where they are refused.
  std::vector<Aggregate>* aggregates = nullptr;
  std::unordered_map<std::string_view, size_t> index;  // of columns, made on demand
};

struct Scope {
  EnvPtr env;
  Rows* rows = nullptr;  // null: only constants
};

// Names of output columns, made unique as Kusto does: x, x1, x2; unnamed ones Column1, Column2 ….
class NameSet {
 public:
  void Reserve(const std::string& name) { used_.insert(name); }
  bool Contains(const std::string& name) const { return used_.contains(name); }
  // `name` if it is free, else with the smallest number that is.
  std::string Unique(const std::string& name);
  std::string NextColumn();  // ColumnN

 private:
  std::set<std::string> used_;
  int next_column_ = 1;
};

// "99_9" of the literal 99.9, as in percentile_x_99_9.
std::string PercentileSuffix(const ast::Expr& p);

// An expression with the name it gets; an empty name means none of its own.
struct NamedExpr {
  std::string name;
  bool is_explicit = false;  // written `name = …`
  ExprPtr expr;
};

class Binder {
 public:
  explicit Binder(const BindRequest& request) : request_(request) {}
  Result<BoundQuery> BindScript();

  // ---- errors (binder_names.cc)
  static tl::unexpected<Error> Semantic(std::string_view code, std::string message);

  // ---- names (binder_names.cc)
  ColumnId NewColumn() { return next_column_++; }
  Column NewColumn(std::string name, ScalarType type) {
    return {std::move(name), type, NewColumn()};
  }
  static const Column* FindColumn(const std::vector<Column>& columns, std::string_view name);
  const Column* FindColumn(Rows& rows, std::string_view name) const;
  static std::shared_ptr<Name> FindName(const EnvPtr& env, std::string_view name);
  EnvPtr WithName(const EnvPtr& env, const std::string& name, std::shared_ptr<Name> value) const;
  Result<Bound> UseName(const std::shared_ptr<Name>& name, const std::string& text);
  // A relation that shows the same rows under new column ids.
  NodePtr Fresh(NodePtr node);
  // "d.x[0]" → d_x_0, tostring(d.x) → d_x, f() → "": the name that an expression gives its column.
  std::string ImpliedName(const ast::Expr& expr, const Scope& scope);

  // ---- statements (binder_statements.cc)
  struct Body {
    EnvPtr env;
    const ast::Expr* result = nullptr;  // the last expression
  };
  Result<EnvPtr> BindLet(const ast::Let& let, const EnvPtr& env);
  Result<EnvPtr> BindAlias(const ast::Alias& alias, const EnvPtr& env);
  Status BindSet(const ast::Set& set, const EnvPtr& env);
  Result<EnvPtr> BindParameters(const ast::QueryParameters& parameters, const EnvPtr& env);
  // Statements up to and with the last expression.
  Result<Body> EnterBody(const std::vector<ast::Statement>& statements, EnvPtr env);

  // ---- scalars (binder_expr.cc)
  Result<Bound> BindAny(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindScalar(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindScalarInner(const ast::Expr& expr, const Scope& scope);
  // Like BindScalar, converted to bool / refused with the operator's name.
  Result<ExprPtr> BindPredicate(const ast::Expr& expr, const Scope& scope);
  Result<NamedExpr> BindNamed(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindName(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindMember(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindIndex(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindBinary(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindInList(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindBetween(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> BindToScalar(const ast::Expr& expr, const Scope& scope);
  Result<ExprPtr> HasAnyOrAll(ast::Op op, ExprPtr left, std::vector<ExprPtr> list);

  // ---- operators on bound values (binder_operators.cc)
  Result<ExprPtr> Arithmetic(ast::Op op, ExprPtr left, ExprPtr right);
  Result<ExprPtr> Comparison(ast::Op op, ExprPtr left, ExprPtr right);
  Result<ExprPtr> StringOperator(ast::Op op, ExprPtr left, ExprPtr right);
  Result<ExprPtr> Negate(ExprPtr arg);
  Result<ExprPtr> In(ExprPtr left, std::vector<ExprPtr> list, bool negated, bool ignore_case);
  // The type that values of all these types fit in; nothing if there is none.
  static std::optional<ScalarType> CommonType(const std::vector<ExprPtr>& args);
  // Implicit and explicit conversion (to<type>()).
  Result<ExprPtr> Convert(ExprPtr expr, ScalarType type);

  // ---- constants (binder_constants.cc)
  // The value of a constant expression, computed by the engine if it is not a literal.
  Result<Value> Evaluate(const ExprPtr& expr);
  // Evaluate and make it a literal.
  Result<ExprPtr> Fold(const ExprPtr& expr);
  Result<ExprPtr> BindConstant(const ast::Expr& expr, const EnvPtr& env, std::string_view what);
  Result<int64_t> BindCount(const ast::Expr& expr, const EnvPtr& env, std::string_view what);
  Result<std::string> BindConstantText(const ast::Expr& expr, const EnvPtr& env,
                                       std::string_view what);
  Result<std::vector<ExprPtr>> ExpandDynamicList(const ExprPtr& list);

  // ---- calls (binder_calls.cc, binder_special*.cc)
  Result<Bound> BindCall(const ast::Expr& call, const Scope& scope);
  // A function of the registry over bound arguments.
  // A call whose last argument is typeof(…).
  Result<Bound> BindTyped(const ast::Expr& call, const Scope& scope);
  Result<ExprPtr> CallFunction(std::string_view name, std::vector<ExprPtr> args);
  bool IsRegistryFunction(std::string_view name) const;
  Result<std::vector<ExprPtr>> BindArgs(const ast::Expr& call, const Scope& scope);
  // Functions that the binder implements itself; nothing if the name is none of them.
  Result<std::optional<ExprPtr>> BindSpecial(const ast::Expr& call, const Scope& scope);
  Result<ExprPtr> BindBinAuto(const ast::Expr& arg, const Scope& scope);
  Result<std::optional<ExprPtr>> BindEnvironment(const ast::Expr& call, const Scope& scope);
  Result<std::optional<ExprPtr>> BindHidden(const ast::Expr& call, const Scope& scope);
  Result<std::optional<ExprPtr>> BindWindow(const ast::Expr& call, const Scope& scope);
  // The scan below `node` that shows its rows unchanged, or null.
  Result<ExprPtr> HiddenColumn(const Scope& scope, ColumnId Node::*which, ScalarType type,
                               std::string_view function);

  // ---- user functions (binder_functions.cc)
  Result<Bound> CallUser(const ast::Function& function, const EnvPtr& definition,
                         const std::string& name, const ast::Expr& call, const Scope& scope,
                         const NodePtr& piped = nullptr, size_t first_arg = 0);
  Result<std::pair<const ast::Function*, EnvPtr>> StoredFunction(const DatabaseRef& database,
                                                                 std::string_view name);

  // ---- aggregates (binder_aggregates*.cc)
  static bool IsAggregate(std::string_view name);
  // An aggregate with one result column.
  Result<ExprPtr> BindAggregate(const ast::Expr& call, const Scope& scope);
  // Those with several (arg_max(x, *), percentiles(…), take_any(*)): appended to `out`.
  Result<bool> BindMultiAggregate(const ast::Expr& call, const Scope& scope,
                                  const std::vector<Column>& keys, std::vector<NamedExpr>* out);
  // The constant percentile p of `value`, by `weight` if it isn't null.
  Result<ExprPtr> PercentileOf(ExprPtr value, ExprPtr weight, const ExprPtr& p, Rows& rows);
  Result<ExprPtr> PercentilesArray(std::vector<ExprPtr> args, bool weighted, Rows& rows);
  std::string AggregateName(const ast::Expr& call, const Scope& scope);
  ExprPtr AddAggregate(Rows& rows, ScalarType type, std::string sql, std::vector<ExprPtr> args,
                       ExprPtr filter = nullptr);

  // ---- tables (binder_tabular.cc, binder_sources.cc)
  Result<NodePtr> BindTabular(const ast::Expr& expr, const EnvPtr& env);
  Result<NodePtr> BindQuery(const ast::Query& query, const EnvPtr& env, NodePtr input = nullptr);
  Result<NodePtr> BindOperator(const ast::Operator& op, NodePtr input, EnvPtr& env);
  Result<NodePtr> ResolveTable(const DatabaseRef& where, const std::string& name, const EnvPtr& env,
                               TableKind kind = TableKind::kTable);
  // Null if there is no table or function of that name.
  Result<NodePtr> TryResolveTable(const DatabaseRef& where, const std::string& name,
                                  const EnvPtr& env, TableKind kind = TableKind::kTable);
  Result<NodePtr> TryStoredTable(const DatabaseRef& where, const std::string& name,
                                 const EnvPtr& env, TableKind kind);
  Result<NodePtr> TryFunctionAsTable(const DatabaseRef& where, const std::string& name,
                                     const EnvPtr& env);
  Result<NodePtr> ResolveTableCall(const ast::Expr& call, size_t first, const DatabaseRef& where,
                                   const EnvPtr& env, TableKind kind);
  NodePtr ScanTable(TablePtr table);
  NodePtr FromValues(std::shared_ptr<const ValueTable> values);
  Result<NodePtr> BindDataTable(const ast::Expr& expr, const EnvPtr& env);
  Result<NodePtr> BindExternalData(const ast::Expr& expr, const EnvPtr& env);
  Result<std::optional<Bound>> BindTableFunction(const ast::Expr& call, const Scope& scope);
  // cluster('c').database('d') of an expression, if that is what it is.
  Result<std::optional<DatabaseRef>> BindDatabaseRef(const ast::Expr& expr, const EnvPtr& env);
  Result<NodePtr> BindMaterialize(const ast::Expr& expr, const EnvPtr& env);

  // One per operator; `env` may be extended (as).
  Result<NodePtr> Operate(const ast::Where& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Extend& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Project& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ProjectAway& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ProjectKeep& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ProjectRename& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ProjectReorder& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ProjectByNames& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Summarize& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Sort& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Top& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Take& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Distinct& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Count& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Join& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Union& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Range& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Print& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::MvExpand& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::MvApply& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ParseOp& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ParseKv& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::MakeSeries& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Evaluate& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Invoke& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Render& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Serialize& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Sample& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::SampleDistinct& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Search& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Find& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Partition& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Fork& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Facet& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Consume& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::GetSchema& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Reduce& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::Scan& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::TopNested& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::TopHitters& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::MacroExpand& op, NodePtr in, const EnvPtr& env);
  Result<NodePtr> Operate(const ast::ExecuteAndCache& op, NodePtr in, const EnvPtr& env);

  // ---- parts of operators
  // Adds (or, with the same name, replaces) columns.
  Result<NodePtr> AddColumns(NodePtr in, std::vector<NamedExpr> named);
  // Binds a list of `name = expr`, expanding tuples and *; `rows.node` may grow.
  Result<std::vector<NamedExpr>> BindNamedList(const ast::ExprList& list, const Scope& scope);
  Result<std::vector<SortKey>> BindSortKeys(const std::vector<ast::SortKey>& keys,
                                            const Scope& scope);
  Result<NodePtr> JoinTables(JoinKind kind, bool inner_unique, NodePtr left, NodePtr right,
                             std::vector<std::pair<ExprPtr, ExprPtr>> keys, ExprPtr condition);
  // Unifies columns by name. `source` (may be empty): a column with each leg's name.
  Result<NodePtr> UnionTables(const std::vector<NodePtr>& legs, bool outer,
                              const std::string& source, const std::vector<std::string>& names);
  struct UnionLeg {
    std::string name;
    NodePtr node;
  };
  // The tables that `union`, `search in`, `find in` name, wildcards expanded.
  Result<std::vector<UnionLeg>> BindLegs(const ast::ExprList& tables, const EnvPtr& env,
                                         bool fuzzy);
  Result<std::vector<UnionLeg>> BindLegsOf(const ast::Expr& table, const EnvPtr& env);
  // The rows in memory, at most kMaxDiscoveredRows.
  Result<ValueTable> RunNow(const NodePtr& plan);

  // The same rows under fresh ids, computed once however often they are read.
  NodePtr Share(NodePtr node);

  // ---- nested.cc
  struct Grouped {
    NodePtr node;
    std::vector<Column> keys;  // of `node`
    Column value;
  };
  // One row per combination of `keys` (columns of `in`), with one value over its rows.
  Result<Grouped> GroupBy(NodePtr in, const std::vector<Column>& keys, const ast::Expr& value,
                          const EnvPtr& env);

  // ---- mv-expand, mv-apply (binder_expand.cc, binder_apply.cc)
  Result<NodePtr> ExpandRows(const ast::Parameters& params,
                             const std::vector<ast::ExpandItem>& items, const ast::Expr* limit,
                             NodePtr in, const EnvPtr& env, const std::string& what);
  // One row: the outer row's columns under new ids. Only valid inside of a lateral join.
  NodePtr OuterRow(const NodePtr& outer);

  // ---- functions with several results (binder_results.cc)
  // Nothing if the call isn't one of them.
  Result<std::optional<std::vector<NamedExpr>>> BindResults(const ast::Expr& call,
                                                            const Scope& scope);
  // Where one value is expected: an array of the results.
  Result<std::optional<ExprPtr>> BindResultsAsArray(const ast::Expr& call, const Scope& scope);

  // ---- search, find (binder_search.cc)
  Result<ExprPtr> MatchTerm(const std::vector<Column>& columns, const std::string& text,
                            bool case_sensitive);
  Result<ExprPtr> BindSearch(const ast::Expr& expr, const Scope& scope, bool case_sensitive);
  Result<NodePtr> FilterBySearch(NodePtr in, const ast::Expr& predicate, const EnvPtr& env,
                                 bool case_sensitive);
  Result<std::vector<UnionLeg>> BindSearchedTables(const ast::ExprList& tables, const EnvPtr& env);
  Result<std::vector<Column>> FindOutput(const ast::Find& op, const std::vector<UnionLeg>& legs);

  // ---- plugins (binder_plugins.cc)
  Result<NodePtr> EvaluateShowCommand(const ast::Expr& call, const NodePtr& in, const EnvPtr& env);
  Result<NodePtr> EvaluateBagUnpack(const ast::Evaluate& op, NodePtr in, const EnvPtr& env);
  Result<std::vector<ColumnSchema>> DiscoverBag(const NodePtr& in, const Column& bag);
  Result<NodePtr> EvaluatePivot(const ast::Evaluate& op, NodePtr in, const EnvPtr& env);
  Result<std::vector<Value>> DistinctValues(const NodePtr& in, const Column& column);
  Result<NodePtr> EvaluateNarrow(NodePtr in);
  Result<NodePtr> EvaluateRowsNear(const ast::Expr& call, NodePtr in, const EnvPtr& env);
  Result<NodePtr> EvaluateIpLookup(const ast::Expr& call, NodePtr in, const EnvPtr& env);

  static Rows RowsOf(const NodePtr& node) {
    Rows rows;
    rows.columns = node->columns;
    rows.node = node;
    return rows;
  }

  const BindRequest& request() const { return request_; }
  BoundQuery& output() { return output_; }
  // Keeps syntax that was parsed while binding (stored functions).
  template <typename T>
  const T* Keep(T value) {
    auto kept = std::make_shared<T>(std::move(value));
    kept_.push_back(kept);
    return kept.get();
  }
  Status Count(int nodes = 1);  // against kMaxPlanSize
  void SetVisualization(std::string json) { output_.visualization = std::move(json); }

 private:
  friend class DepthGuard;
  const BindRequest& request_;
  BoundQuery output_;
  ColumnId next_column_ = 1;
  int next_shared_ = 1;
  int depth_ = 0;
  int size_ = 0;
  std::vector<std::shared_ptr<const void>> kept_;
  std::map<std::string, std::pair<const ast::Function*, EnvPtr>> stored_;
  std::map<std::string, ExprPtr> bin_auto_;  // the query properties of bin_auto(), by name
};

// Counts nesting; `status` is an error when it is too deep.
class DepthGuard {
 public:
  explicit DepthGuard(Binder& binder) : binder_(binder) { ++binder_.depth_; }
  ~DepthGuard() { --binder_.depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  Status status() const;

 private:
  Binder& binder_;
};

}  // namespace kc::kql
