// summarize: keys, aggregates, and expressions over aggregates.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// True if every column that the expression reads is one of the aggregates' results.
bool ReadsOnly(const Expr& e, const std::set<ColumnId>& allowed) {
  if (e.kind == ExprKind::kColumn) return allowed.contains(e.column);
  for (const ExprPtr& arg : e.args) {
    if (!ReadsOnly(*arg, allowed)) return false;
  }
  return true;
}

// Names what was given no name; an explicit name may not be taken.
Status NameAll(std::vector<NamedExpr>& items, NameSet& names) {
  for (const NamedExpr& item : items) {
    if (!item.is_explicit) continue;
    if (names.Contains(item.name)) {
      return Binder::Semantic("SEM0032",
                              "A column with the name '" + item.name + "' is already declared");
    }
    names.Reserve(item.name);
  }
  for (NamedExpr& item : items) {
    if (item.is_explicit) continue;
    item.name = item.name.empty() ? names.NextColumn() : names.Unique(item.name);
  }
  return {};
}

struct Keys {
  std::vector<Column> columns;                        // as shown
  std::vector<Column> inputs;                         // the columns that are grouped by
  std::vector<std::pair<ColumnId, ExprPtr>> grouped;  // shown id and input
};

// The keys become columns of the input, so that aggregates over parts of it can use them.
Keys MakeKeys(Binder& binder, std::vector<NamedExpr> by, Rows& rows) {
  Keys keys;
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (NamedExpr& key : by) {
    Column column = binder.NewColumn(key.name, key.expr->type);
    ExprPtr value = std::move(key.expr);
    if (value->kind != ExprKind::kColumn) {
      const ColumnId id = binder.NewColumn();
      computed.emplace_back(id, std::move(value));
      value = MakeColumn(id, column.type);
    }
    keys.inputs.push_back({column.name, column.type, value->column});
    keys.grouped.emplace_back(column.id, std::move(value));
    keys.columns.push_back(std::move(column));
  }
  if (!computed.empty()) rows.node = MakeCompute(std::move(rows.node), std::move(computed));
  return keys;
}

// Shows the keys and the results over the aggregated rows.
NodePtr ShowResults(Binder& binder, NodePtr node, std::vector<Column> columns,
                    std::vector<NamedExpr> results) {
  std::vector<std::pair<ColumnId, ExprPtr>> post;
  for (NamedExpr& result : results) {
    Column column = binder.NewColumn(result.name, result.expr->type);
    const bool plain = result.expr->kind == ExprKind::kColumn;
    bool shown = false;
    for (const Column& other : columns) shown |= plain && other.id == result.expr->column;
    if (plain && !shown) {
      column.id = result.expr->column;
    } else {
      post.emplace_back(column.id, std::move(result.expr));
    }
    columns.push_back(std::move(column));
  }
  if (!post.empty()) node = MakeCompute(std::move(node), std::move(post));
  return MakeShow(std::move(node), std::move(columns));
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Summarize& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> by, BindNamedList(op.by, scope));
  NameSet names;
  KC_TRY(NameAll(by, names));
  Keys keys = MakeKeys(*this, std::move(by), rows);

  std::vector<Aggregate> aggregates;
  rows.aggregates = &aggregates;
  std::vector<NamedExpr> results;
  for (const ast::ExprPtr& item : op.aggregates) {
    KC_ASSIGN(bool multi, BindMultiAggregate(*item, scope, keys.inputs, &results));
    if (multi) continue;
    const ast::Expr* value = item.get();
    NamedExpr one;
    if (item->kind == ast::ExprKind::kNamed) {
      one.name = item->names.at(0);
      one.is_explicit = true;
      value = item->args[0].get();
    } else {
      one.name = AggregateName(*value, scope);
    }
    KC_ASSIGN(one.expr, BindScalar(*value, scope));
    results.push_back(std::move(one));
  }
  rows.aggregates = nullptr;

  std::set<ColumnId> allowed;
  for (const Aggregate& aggregate : aggregates) allowed.insert(aggregate.id);
  for (const NamedExpr& result : results) {
    if (!ReadsOnly(*result.expr, allowed)) {
      return Semantic("SEM0043", "summarize: a column is read outside of an aggregate function");
    }
  }
  KC_TRY(NameAll(results, names));
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->assignments = std::move(keys.grouped);
  node->aggregates = std::move(aggregates);
  node->serialized = node->sorted = false;
  node->columns = keys.columns;
  return ShowResults(*this, std::move(node), std::move(keys.columns), std::move(results));
}

}  // namespace kc::kql
