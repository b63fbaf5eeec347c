// The bound plan: a query with every name resolved and a Kusto type on every node. Made by the
// binder, turned into SQL by src/engine. Immutable once built, shared freely, safe to read from any
// thread.
//
// A column is known by its id, which is unique in the query; its KQL name is only a label of the
// relation that shows it. In SQL a column is named "c<id>", so that columns pass through operators
// unchanged and no KQL name ever stands in SQL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/scalar.h"
#include "kql/catalog.h"

namespace kc::kql {

using ColumnId = int32_t;
inline constexpr ColumnId kNoColumn = -1;

struct Column {
  std::string name;
  ScalarType type = ScalarType::kString;
  ColumnId id = kNoColumn;
};

struct Expr;
struct Node;
using ExprPtr = std::shared_ptr<const Expr>;
using NodePtr = std::shared_ptr<const Node>;

enum class ExprKind : uint8_t {
  kLiteral,  // value
  kColumn,   // column
  kAnd,      // args, two or more; SQL's three-valued logic is Kusto's
  kOr,
  kNot,
  kCompare,  // args[0] compare args[1], both of the same type (numbers are converted by the binder)
  kIn,       // args[0] in (args[1] …), all of the same type; `negated`
  kInQuery,  // args[0] in (the only column of query); `negated`
  kCase,     // cond, value, cond, value, …, else; conditions that are null count as false
  kSql,      // sql with $1, $2 … and $* for args
  kSubquery,  // the first row's value of `query`'s only column, null without rows
};

enum class Compare : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe };

// What a kSql expression needs besides its row.
enum class Volatility : uint8_t {
  kPure,      // may be folded, shared, evaluated anywhere
  kVolatile,  // once per row, never shared: rand(), new_guid()
  kWindow,    // a window function: only in a projection of its own (Project::windows)
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  ScalarType type = ScalarType::kString;
  Compare compare = Compare::kEq;
  Volatility volatility = Volatility::kPure;
  bool negated = false;
  // kSql: the result is never null (strings never are, whatever this says).
  bool never_null = false;
  ColumnId column = kNoColumn;
  Value value;
  std::string sql;
  std::string_view function;  // kSql: the registry's name of what it calls ("" = none)
  std::vector<ExprPtr> args;
  NodePtr query;
};

// An aggregate call. sql has $1 … for args; the filter and the order are added after it by the
// emitter, so sql must then end in the aggregate's own parenthesis, or hold the marks $F ("FILTER
// (…)" or nothing) where it belongs when it is wrapped in something: "coalesce(sum($1) $F, 0)".
struct Aggregate {
  ColumnId id = kNoColumn;
  ScalarType type = ScalarType::kLong;
  std::string sql;
  std::vector<ExprPtr> args;
  ExprPtr filter;  // null: all rows
};

struct SortKey {
  ExprPtr expr;
  bool ascending = false;
  bool nulls_first = false;
  bool nan_first = false;  // arg_max and arg_min: NaN wins over every number
};

enum class NodeKind : uint8_t {
  kScan,       // a stored table
  kValues,     // rows in memory
  kOneRow,     // one row without columns
  kFilter,     // predicate
  kProject,    // assignments; keeps what its child has (extend) unless told otherwise
  kAggregate,  // keys, aggregates
  kSort,       // sort keys, limit or -1
  kLimit,      // limit
  kJoin,
  kUnion,
  kExpand,   // mv-expand
  kRename,   // the same relation under other ids
  kShared,   // materialize(): computed once in the statement
  kTopRows,  // per partition the first `limit` rows by sort keys
  kSql,      // sql over children: "$0", "$1" … stand for "(SELECT …)" of child i
};

enum class JoinKind : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kLeftSemi,
  kLeftAnti,
  kRightSemi,
  kRightAnti,
  kCross,
};

struct ExpandItem {
  ExprPtr array;  // dynamic
  ColumnId id = kNoColumn;
  ScalarType type = ScalarType::kDynamic;
  bool bag_as_array = false;  // kind=array: bags become [key, value]
};

// One struct for all kinds: fields that a kind doesn't name above are empty.
struct Node {
  NodeKind kind = NodeKind::kOneRow;
  std::vector<Column> columns;  // what the relation shows, in order
  std::vector<NodePtr> children;
  // The rows have an order that prev(), row_number() … may rely on: after sort, range, serialize.
  bool serialized = false;
  // The order (if any) was asked for by sort or top: aggregates like make_list keep it.
  bool sorted = false;

  // kScan: columns[i] is column i of the table.
  TablePtr table;
  ColumnId ingestion_time = kNoColumn;
  ColumnId cursor = kNoColumn;
  ColumnId extent_id = kNoColumn;
  ColumnId extent_tags = kNoColumn;

  std::shared_ptr<const ValueTable> values;  // kValues

  ExprPtr predicate;  // kFilter, kJoin (further condition, may be null)

  std::vector<std::pair<ColumnId, ExprPtr>> assignments;  // kProject; kAggregate: the keys
  std::vector<Aggregate> aggregates;                      // kAggregate
  std::vector<SortKey> sort;                              // kSort, kTopRows
  std::vector<ExprPtr> partition;                         // kTopRows
  int64_t limit = -1;                                     // kSort (top), kLimit, kTopRows, kExpand
  bool windows = false;  // kProject: the assignments are window functions over the child's order

  JoinKind join = JoinKind::kInner;
  std::vector<std::pair<ExprPtr, ExprPtr>> join_keys;

  // kUnion: for child i, inputs[i][j] gives columns[j]. kRename: inputs[0][j] likewise.
  std::vector<std::vector<ExprPtr>> inputs;

  std::vector<ExpandItem> expand;
  ColumnId item_index = kNoColumn;  // kExpand

  int shared_id = 0;  // kShared
  std::string sql;    // kSql
};

// ---- builders -----------------------------------------------------------------------------------
ExprPtr MakeLiteral(ScalarType type, Value value);
ExprPtr MakeLong(int64_t value);
ExprPtr MakeString(std::string value);
ExprPtr MakeBool(bool value);
ExprPtr MakeNull(ScalarType type);  // "" for strings
ExprPtr MakeColumn(const Column& column);
ExprPtr MakeColumn(ColumnId id, ScalarType type);
ExprPtr MakeSql(ScalarType type, std::string sql, std::vector<ExprPtr> args = {},
                Volatility volatility = Volatility::kPure);
// Of bools.
ExprPtr MakeAnd(std::vector<ExprPtr> args);
ExprPtr MakeOr(std::vector<ExprPtr> args);
ExprPtr MakeNot(ExprPtr arg);
ExprPtr MakeCompare(Compare compare, ExprPtr left, ExprPtr right);
ExprPtr MakeCase(ScalarType type, std::vector<ExprPtr> args);

inline bool IsLiteral(const ExprPtr& e) {
  return e->kind == ExprKind::kLiteral;
}
inline bool IsNullLiteral(const ExprPtr& e) {
  return IsLiteral(e) && IsNull(e->value);
}
// False only if the expression can't be null in any row.
bool MayBeNull(const Expr& e);
// No column, nothing volatile: the same value for every row.
bool IsConstant(const Expr& e);

std::shared_ptr<Node> MakeNode(NodeKind kind, std::vector<NodePtr> children = {});
// The nodes below keep the child's columns and order unless they say otherwise.
NodePtr MakeFilter(NodePtr child, ExprPtr predicate);
NodePtr MakeLimit(NodePtr child, int64_t limit);
// Adds columns that stay hidden until a node shows them.
NodePtr MakeCompute(NodePtr child, std::vector<std::pair<ColumnId, ExprPtr>> assignments,
                    bool windows = false);
// The same rows, showing these columns.
NodePtr MakeShow(NodePtr child, std::vector<Column> columns);

// A query's outcome.
struct ResultPlan {
  std::string name;  // "PrimaryResult" or the name given
  NodePtr plan;
};

}  // namespace kc::kql
