// mv-apply and partition: a subquery run for each row or each group, as a lateral join. What the
// subquery reads of the outer row enters it through one leaf, under ids of its own.
#include <algorithm>

#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

constexpr std::string_view kLateral = "SELECT * FROM $0 AS outer_rows, LATERAL $1 AS inner_rows";

// The node with one of its hidden columns shown as well.
NodePtr ShowMore(const NodePtr& node, const Column& column) {
  std::vector<Column> columns = node->columns;
  columns.push_back(column);
  return MakeShow(node, std::move(columns));
}

}  // namespace

// One row: the outer row's columns under new ids. Only valid inside of a lateral join.
NodePtr Binder::OuterRow(const NodePtr& outer) {
  auto one = std::make_shared<Node>();
  one->serialized = true;
  std::vector<Column> columns;
  std::vector<std::pair<ColumnId, ExprPtr>> assignments;
  for (const Column& column : outer->columns) {
    columns.push_back(NewColumn(column.name, column.type));
    assignments.emplace_back(columns.back().id, MakeColumn(column));
  }
  return MakeShow(MakeCompute(std::move(one), std::move(assignments)), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::MvApply& op, NodePtr in, const EnvPtr& env) {
  if (!op.id.empty()) return Semantic("SEM0002", "mv-apply: 'id' is not supported");
  const NodePtr row = OuterRow(in);
  KC_ASSIGN(NodePtr expanded,
            ExpandRows(op.params, op.items, op.limit.get(), row, env, "mv-apply"));
  // The order of the array is the order of the rows.
  auto ordered = std::make_shared<Node>(*MakeShow(expanded, expanded->columns));
  ordered->serialized = true;
  KC_ASSIGN(NodePtr inner, BindQuery(*op.subquery, env, std::move(ordered)));
  const auto number = [](NodePtr node, ColumnId id) {
    return MakeCompute(
        std::move(node),
        {{id, MakeSql(ScalarType::kLong, "row_number() OVER ()", {}, Volatility::kWindow)}}, true);
  };
  const ColumnId outer_row = NewColumn(), inner_row = NewColumn();
  const NodePtr outer_rows = number(in, outer_row);
  const NodePtr inner_rows = number(inner, inner_row);

  // The outer columns but those that an item replaced; then what the subquery adds to them.
  std::vector<Column> columns;
  for (const Column& column : in->columns) {
    const Column* after = FindColumn(expanded->columns, column.name);
    const Column* before = FindColumn(row->columns, column.name);
    const bool replaced = after == nullptr || after->id != before->id;
    if (!replaced) columns.push_back(column);
  }
  const size_t outer_count = columns.size();
  for (const Column& column : inner->columns) {
    const bool known = std::any_of(columns.begin(), columns.begin() + outer_count,
                                   [&](const Column& c) { return c.name == column.name; });
    if (!known) columns.push_back(column);
  }
  const Column outer_number{"", ScalarType::kLong, outer_row};
  const Column inner_number{"", ScalarType::kLong, inner_row};
  auto node = MakeNode(NodeKind::kSql,
                       {ShowMore(outer_rows, outer_number), ShowMore(inner_rows, inner_number)});
  node->sql = kLateral;
  node->columns = node->children[0]->columns;
  for (const Column& column : node->children[1]->columns) node->columns.push_back(column);
  node->serialized = node->sorted = false;
  auto sort = MakeNode(NodeKind::kSort, {std::move(node)});
  sort->sort.push_back({MakeColumn(outer_number), true, false});
  sort->sort.push_back({MakeColumn(inner_number), true, false});
  sort->serialized = in->serialized;
  sort->sorted = in->sorted;
  return MakeShow(std::move(sort), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::Partition& op, NodePtr in, const EnvPtr& env) {
  if (op.legacy || op.subquery->source) {
    return Semantic("SEM0002", "partition with a query in braces is not supported by this engine");
  }
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr by, BindScalar(*op.by, scope));
  if (by->kind != ExprKind::kColumn) {
    return Semantic("SEM0041", "partition: the name of a column is expected");
  }
  const auto at = std::find_if(in->columns.begin(), in->columns.end(),
                               [&](const Column& c) { return c.id == by->column; });
  const size_t position = static_cast<size_t>(at - in->columns.begin());
  const NodePtr source = Share(std::move(rows.node));

  auto groups = MakeNode(NodeKind::kAggregate, {source});
  const Column group = NewColumn("$group", by->type);
  groups->assignments = {{group.id, MakeColumn(source->columns[position])}};
  groups->columns = {group};
  groups->serialized = groups->sorted = false;

  const NodePtr part = Fresh(source);
  auto filter = std::make_shared<Node>(
      *MakeFilter(part, MakeSql(ScalarType::kBool, "($1 IS NOT DISTINCT FROM $2)",
                                {MakeColumn(part->columns[position]), MakeColumn(group)})));
  KC_ASSIGN(NodePtr inner, BindQuery(*op.subquery, env, std::move(filter)));
  auto node = MakeNode(NodeKind::kSql, {groups, inner});
  node->sql = kLateral;
  node->columns = {group};
  for (const Column& column : inner->columns) node->columns.push_back(column);
  node->serialized = node->sorted = false;
  return MakeShow(std::move(node), inner->columns);
}

// Each branch is a result of its own; the query's own rows are none.
Result<NodePtr> Binder::Operate(const ast::Fork& op, NodePtr in, const EnvPtr& env) {
  const NodePtr source = Share(std::move(in));
  for (size_t i = 0; i < op.branches.size(); ++i) {
    const ast::ForkBranch& branch = op.branches[i];
    KC_ASSIGN(NodePtr plan, BindQuery(*branch.query, env, Fresh(source)));
    const std::string name =
        branch.name.empty() ? "GenericResult" + std::to_string(i) : branch.name;
    output_.results.push_back({name, std::move(plan)});
  }
  return output_.results.back().plan;
}

Result<NodePtr> Binder::Operate(const ast::Facet& op, NodePtr in, const EnvPtr& env) {
  const NodePtr source = Share(std::move(in));
  for (const ast::ExprPtr& by : op.by) {
    const NodePtr rows_of = Fresh(source);
    Rows rows = RowsOf(rows_of);
    const Scope scope{env, &rows};
    KC_ASSIGN(NamedExpr key, BindNamed(*by, scope));
    auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
    const Column column = NewColumn(key.name, key.expr->type);
    const Column count = NewColumn("count_" + key.name, ScalarType::kLong);
    node->assignments = {{column.id, key.expr}};
    Aggregate aggregate;
    aggregate.id = count.id;
    aggregate.sql = "count(*) $F";
    node->aggregates.push_back(std::move(aggregate));
    node->columns = {column, count};
    node->serialized = node->sorted = false;
    output_.results.push_back({"Facet_" + key.name, std::move(node)});
  }
  if (op.with) {
    KC_ASSIGN(NodePtr plan, BindQuery(*op.with, env, Fresh(source)));
    output_.results.push_back({"GenericResult", std::move(plan)});
  }
  return output_.results.back().plan;
}

}  // namespace kc::kql
