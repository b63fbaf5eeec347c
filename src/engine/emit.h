// Bound plan → DuckDB SQL. Used by engine.cc only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "engine/table_provider.h"
#include "kql/plan.h"

namespace kc::engine {

// The longest statement that is given to DuckDB: a plan that is a small tree may be a huge text
// when lets are used over and over.
inline constexpr size_t kMaxSqlBytes = 64u << 20;
// Rows in memory up to this many cells stand in the statement as VALUES (40 µs a row); more go into
// a temporary table.
inline constexpr size_t kMaxInlineCells = 200;

// One Emitter per statement. Not thread-safe.
class Emitter {
 public:
  // Temporary tables are made on `connection`.
  Emitter(Connection& connection, TableProvider* provider)
      : connection_(connection), provider_(provider) {}

  // A statement whose column i is plan->columns[i], named "<prefix><i>".
  Result<std::string> Statement(const kql::NodePtr& plan, const std::string& prefix);

  // What the statement reads must be kept until it has run.
  std::vector<std::shared_ptr<void>> TakeKeepAlive() { return std::move(keep_alive_); }

 private:
  // Conjuncts of filters above a relation that every row must pass.
  using Filters = std::vector<kql::ExprPtr>;

  // emit_nodes.cc: a SELECT text.
  Result<std::string> Relation(const kql::NodePtr& node, const Filters& above);
  Result<std::string> Scan(const kql::Node& node, const Filters& above);
  Result<std::string> Values(const kql::Node& node);
  Result<std::string> Filter(const kql::NodePtr& node, const Filters& above);
  Result<std::string> Project(const kql::Node& node, const Filters& above);
  Result<std::string> AggregateRows(const kql::Node& node);
  Result<std::string> Sort(const kql::Node& node, const Filters& above);
  Result<std::string> TopRows(const kql::Node& node);
  Result<std::string> Join(const kql::Node& node);
  Result<std::string> Union(const kql::Node& node, const Filters& above);
  Result<std::string> Expand(const kql::Node& node);
  Result<std::string> Rename(const kql::Node& node, const Filters& above);
  Result<std::string> Shared(const kql::NodePtr& node);
  Result<std::string> Raw(const kql::Node& node);

  // emit_expr.cc. `positive`: where false and null are alike.
  Result<std::string> Scalar(const kql::ExprPtr& expr) { return Emit(*expr, false); }
  Result<std::string> Predicate(const kql::ExprPtr& expr) { return Emit(*expr, true); }
  Result<std::string> Emit(const kql::Expr& expr, bool positive);
  Result<std::string> EmitCompare(const kql::Expr& expr, bool positive);
  Result<std::string> EmitIn(const kql::Expr& expr, bool positive);
  Result<std::string> Template(const std::string& sql, const std::vector<kql::ExprPtr>& args);
  Result<std::string> SortKeys(const std::vector<kql::SortKey>& keys);

  // emit_shared.cc: expressions that occur several times in one projection are computed once, in
  // projections below it. Returns the relation with them; they are in shared_names_ until the
  // caller clears it.
  Result<std::string> Hoist(std::string relation, const std::vector<kql::ExprPtr>& roots);

  // Finds which columns any node needs.
  void MarkUsed(const kql::NodePtr& plan);
  bool Used(kql::ColumnId id) const { return used_.contains(id); }

  Connection& connection_;
  TableProvider* provider_;
  std::unordered_set<kql::ColumnId> used_;
  std::unordered_map<const kql::Expr*, std::string> shared_names_;
  std::map<int, std::string> shared_relations_;  // materialize(): id → SELECT
  std::vector<int> shared_order_;
  std::vector<std::shared_ptr<void>> keep_alive_;
  size_t emitted_ = 0;
  int next_name_ = 0;
  int in_case_ = 0;  // depth of CASE that the expression being emitted stands in
};

// " FROM (<relation>)".
std::string From(const std::string& relation);
// The list of a SELECT; one without columns still needs something.
std::string SelectList(const std::vector<std::string>& items);
std::string ColumnSql(kql::ColumnId id);
std::string LiteralSql(ScalarType type, const Value& value);

// emit_rows.cc: what PreparedSelect::rows_of is, without `select`.
std::optional<RowsOfTable> FindRowsOfTable(const kql::NodePtr& plan);

// emit_scan.cc: what the filters say about the extents of a scan.
ScanFilter DeriveScanFilter(const std::vector<kql::ExprPtr>& conjuncts, const kql::Node& scan);

}  // namespace kc::engine
