// Relations as SQL: one SELECT per node, each the FROM of the next. DuckDB merges them.
#include "base/text.h"
#include "engine/emit.h"
#include "engine/emit_fuse.h"

namespace kc::engine {

using kql::ColumnId;
using kql::ExprPtr;
using kql::JoinKind;
using kql::Node;
using kql::NodeKind;
using kql::NodePtr;

namespace {

// True unless all rows come from memory.
bool ReadsTables(const Node& node) {
  if (node.kind == NodeKind::kScan) return true;
  for (const NodePtr& child : node.children) {
    if (ReadsTables(*child)) return true;
  }
  return false;
}

}  // namespace

Result<std::string> Emitter::Statement(const NodePtr& plan, const std::string& prefix) {
  MarkUsed(plan);
  KC_ASSIGN(const std::string relation, Relation(plan, {}));
  std::string with;
  for (const int id : shared_order_) {
    with += (with.empty() ? "WITH " : ", ") + ("m" + std::to_string(id)) + " AS MATERIALIZED (" +
            shared_relations_[id] + ")";
  }
  std::vector<std::string> items;
  for (size_t i = 0; i < plan->columns.size(); ++i) {
    items.push_back(ColumnSql(plan->columns[i].id) + " AS " + prefix + std::to_string(i));
  }
  if (!with.empty()) with += " ";
  std::string sql = with + "SELECT " + SelectList(items) + From(relation);
  if (sql.size() > kMaxSqlBytes) {
    return Stop("The query is too complex: its plan is too large once its functions are expanded",
                "SEM0065");
  }
  return sql;
}

Result<std::string> Emitter::Relation(const NodePtr& node, const Filters& above) {
  switch (node->kind) {
    case NodeKind::kScan:
      return Scan(*node, above);
    case NodeKind::kValues:
      return Values(*node);
    case NodeKind::kOneRow:
      return std::string("SELECT 0 AS k");
    case NodeKind::kFilter:
      return Filter(node, above);
    case NodeKind::kProject:
      return Project(*node, above);
    case NodeKind::kAggregate:
      return AggregateRows(*node);
    case NodeKind::kSort:
      return Sort(*node, above);
    case NodeKind::kLimit: {
      KC_ASSIGN(const std::string child, Relation(node->children[0], {}));
      return "SELECT *" + From(child) + " LIMIT " + std::to_string(node->limit);
    }
    case NodeKind::kJoin:
      return Join(*node);
    case NodeKind::kUnion:
      return Union(*node, above);
    case NodeKind::kExpand:
      return Expand(*node);
    case NodeKind::kRename:
      return Rename(*node, above);
    case NodeKind::kShared:
      return Shared(node);
    case NodeKind::kTopRows:
      return TopRows(*node);
    case NodeKind::kSql:
      return Raw(*node);
  }
  return Stop("unknown operator");
}

Result<std::string> Emitter::Filter(const NodePtr& node, const Filters& above) {
  // A run of filters becomes one WHERE.
  Filters below = above;
  std::string where;
  NodePtr at = node;
  std::vector<ExprPtr> predicates;
  while (at->kind == NodeKind::kFilter) {
    predicates.push_back(at->predicate);
    at = at->children[0];
  }
  for (auto it = predicates.rbegin(); it != predicates.rend(); ++it) {
    KC_ASSIGN(const std::string predicate, Predicate(*it));
    where += (where.empty() ? "" : " AND ") + predicate;
    below.push_back(*it);
  }
  KC_ASSIGN(const std::string child, Relation(at, below));
  return "SELECT *" + From(child) + " WHERE " + where;
}

Result<std::string> Emitter::Project(const Node& node, const Filters& above) {
  std::vector<ExprPtr> roots;
  for (const auto& [id, expr] : node.assignments) {
    if (Used(id)) roots.push_back(FuseRowHash(expr));
  }
  KC_ASSIGN(std::string child, Relation(node.children[0], node.windows ? Filters() : above));
  if (roots.empty()) return child;
  if (!node.windows) {
    KC_ASSIGN(child, Hoist(std::move(child), roots));
  }
  std::string items;
  size_t next = 0;
  for (const auto& [id, expr] : node.assignments) {
    if (!Used(id)) continue;
    KC_ASSIGN(const std::string value, Scalar(roots[next++]));
    items += ", " + value + " AS " + ColumnSql(id);
  }
  shared_names_.clear();
  return "SELECT *" + items + From(child);
}

Result<std::string> Emitter::AggregateRows(const Node& node) {
  KC_ASSIGN(std::string child, Relation(node.children[0], {}));
  std::vector<ExprPtr> roots;
  for (const auto& [id, expr] : node.assignments) roots.push_back(expr);
  for (const kql::Aggregate& aggregate : node.aggregates) {
    if (!Used(aggregate.id)) continue;
    for (const ExprPtr& arg : aggregate.args) roots.push_back(arg);
    if (aggregate.filter) roots.push_back(aggregate.filter);
  }
  KC_ASSIGN(child, Hoist(std::move(child), roots));
  // The groups of rows in memory come out in the order in which they came first, as Kusto's do; for
  // stored tables, whose rows have no order, that would cost too much.
  const bool ordered = !node.assignments.empty() && !ReadsTables(*node.children[0]);
  const std::string row = "rn" + std::to_string(next_name_++);
  if (ordered) child = "SELECT *, row_number() OVER () AS " + row + From(child);
  std::vector<std::string> items;
  std::string group;
  for (const auto& [id, expr] : node.assignments) {
    KC_ASSIGN(const std::string key, Scalar(expr));
    items.push_back(key + " AS " + ColumnSql(id));
    group += (group.empty() ? " GROUP BY " : ", ") + std::to_string(items.size());
  }
  bool any = false;
  for (const kql::Aggregate& aggregate : node.aggregates) {
    if (!Used(aggregate.id)) continue;
    any = true;
    std::string filter;
    if (aggregate.filter) {
      KC_ASSIGN(const std::string predicate, Predicate(aggregate.filter));
      filter = "FILTER (WHERE " + predicate + ")";
    }
    KC_ASSIGN(const std::string call,
              Template(ReplaceAll(aggregate.sql, "$F", filter), aggregate.args));
    items.push_back(call + " AS " + ColumnSql(aggregate.id));
  }
  shared_names_.clear();
  // Without keys there is one row, even of nothing.
  if (node.assignments.empty() && !any) return std::string("SELECT 0 AS k");
  return "SELECT " + SelectList(items) + From(child) + group +
         (ordered ? " ORDER BY min(" + row + ")" : "");
}

Result<std::string> Emitter::Sort(const Node& node, const Filters& above) {
  KC_ASSIGN(const std::string child,
            Relation(node.children[0], node.limit >= 0 ? Filters() : above));
  KC_ASSIGN(std::string keys, SortKeys(node.sort));
  std::string sql = "SELECT *" + From(child);
  if (!ReadsTables(*node.children[0])) {
    // Equal rows stay in their order.
    const std::string row = "r" + std::to_string(next_name_++);
    sql = "SELECT *" + From("SELECT *, row_number() OVER () AS " + row + From(child));
    keys += ", " + row;
  }
  sql += " ORDER BY " + keys;
  if (node.limit >= 0) sql += " LIMIT " + std::to_string(node.limit);
  return sql;
}

Result<std::string> Emitter::TopRows(const Node& node) {
  KC_ASSIGN(std::string child, Relation(node.children[0], {}));
  // Partitions come out in any order; rows in memory keep theirs.
  std::string order;
  if (node.item_index != kql::kNoColumn && !ReadsTables(*node.children[0])) {
    order = "rn" + std::to_string(next_name_++);
    child = "SELECT *, row_number() OVER () AS " + order + From(child);
  }
  std::string partition;
  for (const ExprPtr& key : node.partition) {
    KC_ASSIGN(const std::string value, Scalar(key));
    partition += (partition.empty() ? "" : ", ") + value;
  }
  if (node.item_index == kql::kNoColumn && node.sort.empty() && node.limit == 1) {
    return "SELECT DISTINCT ON (" + partition + ") *" + From(child);
  }
  KC_ASSIGN(const std::string keys, SortKeys(node.sort));
  std::string window = "row_number() OVER (";
  if (!partition.empty()) window += "PARTITION BY " + partition + " ";
  if (!keys.empty()) window += "ORDER BY " + keys;
  window += ")";
  std::string sql = "SELECT *";
  if (node.item_index != kql::kNoColumn) sql += ", " + window + " AS " + ColumnSql(node.item_index);
  sql += From(child);
  if (node.limit >= 0) sql += " QUALIFY " + window + " <= " + std::to_string(node.limit);
  if (!order.empty()) sql += " ORDER BY " + order;
  return sql;
}

Result<std::string> Emitter::Join(const Node& node) {
  KC_ASSIGN(std::string left, Relation(node.children[0], {}));
  KC_ASSIGN(std::string right, Relation(node.children[1], {}));
  std::string_view join = "JOIN";
  bool swap = false;
  switch (node.join) {
    case JoinKind::kInner:
      break;
    case JoinKind::kLeft:
      join = "LEFT JOIN";
      break;
    case JoinKind::kRight:
      join = "RIGHT JOIN";
      break;
    case JoinKind::kFull:
      join = "FULL JOIN";
      break;
    case JoinKind::kRightSemi:
      swap = true;
      [[fallthrough]];
    case JoinKind::kLeftSemi:
      join = "SEMI JOIN";
      break;
    case JoinKind::kRightAnti:
      swap = true;
      [[fallthrough]];
    case JoinKind::kLeftAnti:
      join = "ANTI JOIN";
      break;
    case JoinKind::kCross:
      join = "CROSS JOIN";
      break;
  }
  std::string on;
  for (const auto& [a, b] : node.join_keys) {
    KC_ASSIGN(const std::string x, Scalar(a));
    KC_ASSIGN(const std::string y, Scalar(b));
    // null matches null
    const bool plain = !MayBeNull(*a) || !MayBeNull(*b);
    on += (on.empty() ? "" : " AND ") + x + (plain ? " = " : " IS NOT DISTINCT FROM ") + y;
  }
  if (node.predicate) {
    KC_ASSIGN(const std::string predicate, Predicate(node.predicate));
    on += (on.empty() ? "" : " AND ") + predicate;
  }
  if (swap) std::swap(left, right);
  std::string sql = "SELECT *" + From(left) + " l " + std::string(join) + " (" + right + ") r";
  if (node.join != JoinKind::kCross) sql += " ON " + (on.empty() ? "TRUE" : on);
  return sql;
}

Result<std::string> Emitter::Union(const Node& node, const Filters& above) {
  (void)above;
  std::string sql;
  for (size_t i = 0; i < node.children.size(); ++i) {
    KC_ASSIGN(const std::string child, Relation(node.children[i], {}));
    std::vector<std::string> items;
    for (size_t j = 0; j < node.columns.size(); ++j) {
      if (!Used(node.columns[j].id)) continue;
      KC_ASSIGN(const std::string value, Scalar(node.inputs[i][j]));
      items.push_back(value + " AS " + ColumnSql(node.columns[j].id));
    }
    if (!sql.empty()) sql += " UNION ALL ";
    sql += "SELECT " + SelectList(items) + From(child);
  }
  return sql;
}

Result<std::string> Emitter::Rename(const Node& node, const Filters& above) {
  (void)above;
  KC_ASSIGN(const std::string child, Relation(node.children[0], {}));
  std::vector<std::string> items;
  for (size_t j = 0; j < node.columns.size(); ++j) {
    if (!Used(node.columns[j].id)) continue;
    KC_ASSIGN(const std::string value, Scalar(node.inputs[0][j]));
    items.push_back(value + " AS " + ColumnSql(node.columns[j].id));
  }
  for (const auto& [id, expr] : node.assignments) {
    if (!Used(id)) continue;
    KC_ASSIGN(const std::string value, Scalar(expr));
    items.push_back(value + " AS " + ColumnSql(id));
  }
  return "SELECT " + SelectList(items) + From(child);
}

Result<std::string> Emitter::Shared(const NodePtr& node) {
  if (!shared_relations_.contains(node->shared_id)) {
    KC_ASSIGN(const std::string child, Relation(node->children[0], {}));
    std::vector<std::string> inner;
    for (const kql::Column& column : node->children[0]->columns) {
      inner.push_back(ColumnSql(column.id));
    }
    shared_relations_[node->shared_id] = "SELECT " + SelectList(inner) + From(child);
    shared_order_.push_back(node->shared_id);
  }
  std::vector<std::string> items;
  for (size_t j = 0; j < node->columns.size(); ++j) {
    items.push_back(ColumnSql(node->inputs[0][j]->column) + " AS " +
                    ColumnSql(node->columns[j].id));
  }
  return "SELECT " + SelectList(items) + " FROM m" + std::to_string(node->shared_id);
}

Result<std::string> Emitter::Raw(const Node& node) {
  std::vector<std::string> children;
  for (const NodePtr& child : node.children) {
    KC_ASSIGN(std::string sql, Relation(child, {}));
    children.push_back(std::move(sql));
  }
  // In one pass: a child's text may hold a '$' of its own.
  std::string sql;
  for (size_t i = 0; i < node.sql.size(); ++i) {
    const size_t child = i + 1 < node.sql.size() ? static_cast<size_t>(node.sql[i + 1] - '0') : 10;
    if (node.sql[i] == '$' && child < children.size()) {
      sql += "(" + children[child] + ")";
      ++i;
    } else {
      sql += node.sql[i];
    }
  }
  return sql;
}

}  // namespace kc::engine
