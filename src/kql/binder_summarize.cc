// summarize: keys, aggregates, and expressions over aggregates.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// True if every column that the expression reads is one of the aggregates' or keys' results.
bool ReadsOnly(const Expr& e, const std::set<ColumnId>& allowed) {
  if (e.kind == ExprKind::kColumn) return allowed.contains(e.column);
  for (const ExprPtr& arg : e.args) {
    if (!ReadsOnly(*arg, allowed)) return false;
  }
  return true;
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Summarize& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> by, BindNamedList(op.by, scope));
  NameSet names;
  for (const NamedExpr& key : by) {
    if (!key.is_explicit) continue;
    if (names.Contains(key.name)) {
      return Semantic("SEM0032", "A column with the name '" + key.name + "' is already declared");
    }
    names.Reserve(key.name);
  }
  // The keys become columns of the input, so that aggregates over parts of it can use them.
  std::vector<Column> keys;
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  std::vector<std::pair<ColumnId, ExprPtr>> group;
  for (NamedExpr& key : by) {
    if (!key.is_explicit) {
      key.name = key.name.empty() ? names.NextColumn() : names.Unique(key.name);
    }
    Column column = NewColumn(key.name, key.expr->type);
    ExprPtr value = key.expr;
    if (value->kind != ExprKind::kColumn) {
      const ColumnId id = NewColumn();
      computed.emplace_back(id, value);
      value = MakeColumn(id, column.type);
    }
    group.emplace_back(column.id, std::move(value));
    keys.push_back(std::move(column));
  }
  if (!computed.empty()) rows.node = MakeCompute(std::move(rows.node), std::move(computed));

  std::vector<Aggregate> aggregates;
  std::vector<Column> key_inputs;
  for (size_t i = 0; i < keys.size(); ++i) {
    key_inputs.push_back({keys[i].name, keys[i].type, group[i].second->column});
  }
  rows.aggregates = &aggregates;
  std::vector<NamedExpr> results;
  for (const ast::ExprPtr& item : op.aggregates) {
    KC_ASSIGN(bool multi, BindMultiAggregate(*item, scope, key_inputs, &results));
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
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->assignments = std::move(group);
  node->aggregates = std::move(aggregates);
  node->serialized = node->sorted = false;
  node->columns = keys;
  for (const NamedExpr& result : results) {
    if (result.is_explicit && names.Contains(result.name)) {
      return Semantic("SEM0032",
                      "A column with the name '" + result.name + "' is already declared");
    }
    if (result.is_explicit) names.Reserve(result.name);
  }
  std::vector<Column> columns = keys;
  std::vector<std::pair<ColumnId, ExprPtr>> post;
  for (NamedExpr& result : results) {
    if (!result.is_explicit) {
      result.name = result.name.empty() ? names.NextColumn() : names.Unique(result.name);
    }
    Column column = NewColumn(result.name, result.expr->type);
    if (result.expr->kind == ExprKind::kColumn) {
      column.id = result.expr->column;
      for (const Column& shown : columns) {
        if (shown.id == column.id) column.id = kNoColumn;
      }
      if (column.id == kNoColumn) column.id = NewColumn();
    }
    if (result.expr->kind != ExprKind::kColumn || result.expr->column != column.id) {
      post.emplace_back(column.id, std::move(result.expr));
    }
    columns.push_back(std::move(column));
  }
  NodePtr result = std::move(node);
  if (!post.empty()) result = MakeCompute(std::move(result), std::move(post));
  return MakeShow(std::move(result), std::move(columns));
}

}  // namespace kc::kql
