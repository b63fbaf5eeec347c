// Operators that pass rows on, drop or order them: where, take, sort, top, count, distinct …
#include <optional>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "kql/binder_impl.h"

namespace kc::kql {

Result<NodePtr> Binder::Operate(const ast::Where& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr predicate, BindPredicate(*op.predicate, scope));
  return MakeFilter(std::move(rows.node), std::move(predicate));
}

Result<NodePtr> Binder::Operate(const ast::Take& op, NodePtr in, const EnvPtr& env) {
  KC_ASSIGN(int64_t count, BindCount(*op.count, env, "take"));
  return MakeLimit(std::move(in), count);
}

Result<NodePtr> Binder::Operate(const ast::Sample& op, NodePtr in, const EnvPtr& env) {
  KC_ASSIGN(int64_t count, BindCount(*op.count, env, "sample"));
  auto node = MakeNode(NodeKind::kSort, {std::move(in)});
  node->sort.push_back(
      {MakeSql(ScalarType::kReal, "random()", {}, Volatility::kVolatile), true, false});
  node->limit = count;
  node->serialized = node->sorted = false;
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::SampleDistinct& op, NodePtr in, const EnvPtr& env) {
  KC_ASSIGN(int64_t count, BindCount(*op.count, env, "sample-distinct"));
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(NamedExpr of, BindNamed(*op.of, scope));
  const Column column = NewColumn(of.name.empty() ? "Column1" : of.name, of.expr->type);
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->assignments = {{column.id, of.expr}};
  node->columns = {column};
  node->serialized = node->sorted = false;
  return MakeLimit(std::move(node), count);
}

Result<std::vector<SortKey>> Binder::BindSortKeys(const std::vector<ast::SortKey>& keys,
                                                  const Scope& scope) {
  std::vector<SortKey> sort;
  for (const ast::SortKey& key : keys) {
    const ast::Expr* expr = key.expr.get();
    if (expr->kind == ast::ExprKind::kNamed) expr = expr->args[0].get();
    KC_ASSIGN(ExprPtr bound, BindScalar(*expr, scope));
    if (bound->type == ScalarType::kDynamic) {
      return Semantic("SEM0030", "A key of type dynamic cannot be sorted by; convert it first");
    }
    sort.push_back({std::move(bound), key.ascending, key.nulls_first.value_or(key.ascending)});
  }
  return sort;
}

Result<NodePtr> Binder::Operate(const ast::Sort& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<SortKey> keys, BindSortKeys(op.keys, scope));
  auto node = MakeNode(NodeKind::kSort, {std::move(rows.node)});
  node->sort = std::move(keys);
  node->serialized = node->sorted = true;
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::Top& op, NodePtr in, const EnvPtr& env) {
  KC_ASSIGN(int64_t count, BindCount(*op.count, env, "top"));
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<SortKey> keys, BindSortKeys(op.keys, scope));
  auto node = MakeNode(NodeKind::kSort, {std::move(rows.node)});
  node->sort = std::move(keys);
  node->limit = count;
  node->serialized = node->sorted = true;
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::Count& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  const Column column = NewColumn(op.as.empty() ? "Count" : op.as, ScalarType::kLong);
  auto node = MakeNode(NodeKind::kAggregate, {std::move(in)});
  Aggregate count;
  count.id = column.id;
  count.sql = "count(*) $F";
  node->aggregates.push_back(std::move(count));
  node->columns = {column};
  node->serialized = node->sorted = false;
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::Distinct& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> named, BindNamedList(op.columns, scope));
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->columns.clear();
  NameSet names;
  for (NamedExpr& item : named) {
    const std::string name = item.name.empty() ? names.NextColumn() : names.Unique(item.name);
    const Column column = NewColumn(name, item.expr->type);
    node->assignments.emplace_back(column.id, std::move(item.expr));
    node->columns.push_back(column);
  }
  node->serialized = node->sorted = false;
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::Serialize& op, NodePtr in, const EnvPtr& env) {
  auto node = std::make_shared<Node>(*MakeShow(in, in->columns));
  node->serialized = true;
  if (op.columns.empty()) return NodePtr(std::move(node));
  Rows rows = RowsOf(node);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> named, BindNamedList(op.columns, scope));
  return AddColumns(std::move(rows.node), std::move(named));
}

Result<NodePtr> Binder::Operate(const ast::Consume& op, NodePtr in, const EnvPtr& env) {
  (void)op;
  (void)env;
  return MakeShow(MakeLimit(std::move(in), 0), {});
}

Result<NodePtr> Binder::Operate(const ast::ExecuteAndCache& op, NodePtr in, const EnvPtr& env) {
  (void)op;
  (void)env;
  return in;
}

Result<NodePtr> Binder::Operate(const ast::GetSchema& op, NodePtr in, const EnvPtr& env) {
  (void)op;
  (void)env;
  auto rows = std::make_shared<ValueTable>();
  rows->columns = {{"ColumnName", ScalarType::kString},
                   {"ColumnOrdinal", ScalarType::kInt},
                   {"DataType", ScalarType::kString},
                   {"ColumnType", ScalarType::kString}};
  int64_t ordinal = 0;
  for (const Column& column : in->columns) {
    rows->rows.push_back({column.name, ordinal++, "System." + std::string(DotNetName(column.type)),
                          std::string(KustoName(column.type))});
  }
  return FromValues(std::move(rows));
}

Result<NodePtr> Binder::Operate(const ast::Render& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  OrderedJson v;
  v["Visualization"] = op.chart;
  const auto text = [&](std::string_view name) -> OrderedJson {
    const std::string* value = ast::FindParameter(op.params, name);
    return value == nullptr ? OrderedJson(nullptr) : OrderedJson(*value);
  };
  v["Title"] = text("title");
  v["XColumn"] = text("xcolumn");
  v["Series"] = text("series");
  v["YColumns"] = text("ycolumns");
  v["AnomalyColumns"] = text("anomalycolumns");
  v["XTitle"] = text("xtitle");
  v["YTitle"] = text("ytitle");
  v["XAxis"] = text("xaxis");
  v["YAxis"] = text("yaxis");
  v["Legend"] = text("legend");
  v["YSplit"] = text("ysplit");
  const std::string* accumulate = ast::FindParameter(op.params, "accumulate");
  v["Accumulate"] = accumulate != nullptr && *accumulate == "true";
  v["IsQuerySorted"] = in->sorted;
  v["Kind"] = text("kind");
  v["Ymin"] = ast::FindParameter(op.params, "ymin") ? text("ymin") : OrderedJson("NaN");
  v["Ymax"] = ast::FindParameter(op.params, "ymax") ? text("ymax") : OrderedJson("NaN");
  SetVisualization(DumpJson(v));
  return in;
}

}  // namespace kc::kql
