// top-nested and top-hitters.
#include "kql/binder_impl.h"

namespace kc::kql {

// `keys` (columns of `in`) and one value, which may be any expression over aggregates.
Result<Binder::Grouped> Binder::GroupBy(NodePtr in, const std::vector<Column>& keys,
                                        const ast::Expr& value, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  std::vector<Aggregate> aggregates;
  rows.aggregates = &aggregates;
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr bound, BindScalar(value, scope));
  Grouped grouped;
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->columns.clear();
  for (const Column& key : keys) {
    const Column column = NewColumn(key.name, key.type);
    node->assignments.emplace_back(column.id, MakeColumn(key));
    grouped.keys.push_back(column);
  }
  node->aggregates = std::move(aggregates);
  node->serialized = node->sorted = false;
  node->columns = grouped.keys;
  grouped.value = NewColumn("", bound->type);
  std::vector<Column> columns = grouped.keys;
  columns.push_back(grouped.value);
  grouped.node = MakeShow(MakeCompute(std::move(node), {{grouped.value.id, std::move(bound)}}),
                          std::move(columns));
  return grouped;
}

Result<NodePtr> Binder::Operate(const ast::TopHitters& op, NodePtr in, const EnvPtr& env) {
  KC_ASSIGN(int64_t count, BindCount(*op.count, env, "top-hitters"));
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(NamedExpr of, BindNamed(*op.of, scope));
  const Column key = NewColumn(of.name.empty() ? "Column1" : of.name, of.expr->type);
  std::string name = "approximate_count_" + key.name;
  auto call = std::make_unique<ast::Expr>();
  call->kind = ast::ExprKind::kCall;
  call->text = "count";
  std::vector<std::pair<ColumnId, ExprPtr>> computed = {{key.id, of.expr}};
  NodePtr node = std::move(rows.node);
  std::vector<Column> columns = in->columns;
  columns.push_back(key);
  if (op.by) {
    KC_ASSIGN(NamedExpr by, BindNamed(*op.by, scope));
    const Column weight = NewColumn("$weight", by.expr->type);
    computed.emplace_back(weight.id, by.expr);
    columns.push_back(weight);
    name = "approximate_sum_" + by.name;
    call->text = "sum";
    auto arg = std::make_unique<ast::Expr>();
    arg->kind = ast::ExprKind::kName;
    arg->text = weight.name;
    call->args.push_back(std::move(arg));
  }
  node = MakeShow(MakeCompute(std::move(node), std::move(computed)), std::move(columns));
  KC_ASSIGN(Grouped grouped, GroupBy(std::move(node), {key}, *call, env));
  auto top = MakeNode(NodeKind::kSort, {grouped.node});
  top->sort.push_back({MakeColumn(grouped.value), false, false});
  if (key.type != ScalarType::kDynamic) {
    top->sort.push_back({MakeColumn(grouped.keys[0]), false, false});
  }
  top->limit = count;
  std::vector<Column> shown = grouped.keys;
  shown.push_back({name, grouped.value.type, grouped.value.id});
  return MakeShow(std::move(top), std::move(shown));
}

namespace {

// The groups of a level whose parents were kept. The parents' keys are the first columns of
// `groups`.
NodePtr JoinParents(const NodePtr& parents, const std::vector<Column>& parent_keys,
                    const NodePtr& groups) {
  auto join = MakeNode(NodeKind::kJoin, {parents, groups});
  join->join = JoinKind::kInner;
  for (size_t i = 0; i < parent_keys.size(); ++i) {
    join->join_keys.emplace_back(MakeColumn(parent_keys[i]), MakeColumn(groups->columns[i]));
  }
  join->columns.insert(join->columns.end(), groups->columns.begin(), groups->columns.end());
  join->serialized = join->sorted = false;
  return join;
}

}  // namespace

// Level by level: the groups of all keys so far, the best of each parent kept, joined to the
// parents that were kept.
Result<NodePtr> Binder::Operate(const ast::TopNested& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  std::vector<Column> keys;
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (const ast::TopNestedClause& clause : op.clauses) {
    if (clause.others) {
      return Semantic("SEM0002", "top-nested: 'with others' is not supported by this engine");
    }
    KC_ASSIGN(NamedExpr of, BindNamed(*clause.of, scope));
    const std::string name = of.name.empty() ? "Column" + std::to_string(keys.size() + 1) : of.name;
    keys.push_back(NewColumn(name, of.expr->type));
    computed.emplace_back(keys.back().id, of.expr);
  }
  // Every level reads the input once: computed once for all of them.
  std::vector<Column> columns = in->columns;
  columns.insert(columns.end(), keys.begin(), keys.end());
  const NodePtr source =
      Share(MakeShow(MakeCompute(std::move(rows.node), std::move(computed)), std::move(columns)));
  const size_t first_key = source->columns.size() - keys.size();

  NodePtr result;
  std::vector<Column> kept_keys;
  std::vector<Column> shown;
  NameSet names;
  for (size_t level = 0; level < op.clauses.size(); ++level) {
    const ast::TopNestedClause& clause = op.clauses[level];
    const NodePtr input = level == 0 ? source : Fresh(source);
    const auto begin = input->columns.begin() + static_cast<std::ptrdiff_t>(first_key);
    const std::vector<Column> level_keys(begin, begin + static_cast<std::ptrdiff_t>(level) + 1);
    // Aggregates see the columns that the input had.
    auto visible = MakeShow(input, {input->columns.begin(), begin});
    const ast::Expr& by = *clause.by.expr;
    const bool named = by.kind == ast::ExprKind::kNamed;
    KC_ASSIGN(Grouped grouped, GroupBy(visible, level_keys, named ? *by.args[0] : by, env));
    NodePtr node = grouped.node;
    if (level > 0) node = JoinParents(result, kept_keys, node);
    if (clause.count) {
      KC_ASSIGN(int64_t count, BindCount(*clause.count, env, "top-nested"));
      auto top = MakeNode(NodeKind::kTopRows, {std::move(node)});
      for (size_t i = 0; i < level; ++i) top->partition.push_back(MakeColumn(grouped.keys[i]));
      top->sort.push_back({MakeColumn(grouped.value), clause.by.ascending,
                           clause.by.nulls_first.value_or(clause.by.ascending)});
      top->limit = count;
      node = std::move(top);
    }
    Column key = grouped.keys[level];
    key.name = names.Unique(keys[level].name);
    Column value = grouped.value;
    value.name = names.Unique(named ? by.names[0] : "aggregated_" + keys[level].name);
    kept_keys = grouped.keys;
    if (level > 0) {
      for (size_t i = 0; i < level; ++i) shown[i * 2].id = grouped.keys[i].id;
    }
    shown.push_back(std::move(key));
    shown.push_back(std::move(value));
    result = MakeShow(std::move(node), shown);
  }
  return result;
}

}  // namespace kc::kql
