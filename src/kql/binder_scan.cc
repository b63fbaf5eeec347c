// scan with one step: every row that meets the step's condition is extended by assignments that see
// the row before it. DuckDB walks the rows in a recursive query.
#include <algorithm>

#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// A recursive query takes about half a millisecond a row; more rows than this are refused.
constexpr int64_t kMaxScanRows = 50'000;

std::string SqlColumn(ColumnId id) {
  return "c" + std::to_string(id);
}

// How the state of a step is called among the columns of a row.
std::string StateName(const std::string& step, const std::string& column) {
  return "$" + step + "." + column;
}

// A copy in which `step.column` is one name. Nothing if the expression holds a query.
std::unique_ptr<ast::Expr> CloneForStep(const ast::Expr& e, const std::string& step,
                                        std::vector<std::string>* used) {
  if (e.query || e.function) return nullptr;
  auto copy = std::make_unique<ast::Expr>();
  copy->kind = e.kind;
  copy->op = e.op;
  copy->quoted = e.quoted;
  copy->tuple = e.tuple;
  copy->type = e.type;
  copy->at = e.at;
  copy->text = e.text;
  copy->value = e.value;
  copy->names = e.names;
  const bool state = e.kind == ast::ExprKind::kMember && e.args[0]->kind == ast::ExprKind::kName &&
                     e.args[0]->text == step;
  if (state) {
    copy->kind = ast::ExprKind::kName;
    copy->text = StateName(step, e.text);
    if (std::find(used->begin(), used->end(), e.text) == used->end()) used->push_back(e.text);
    return copy;
  }
  for (const ast::ExprPtr& arg : e.args) {
    copy->args.push_back(CloneForStep(*arg, step, used));
    if (!copy->args.back()) return nullptr;
  }
  return copy;
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Scan& op, NodePtr in, const EnvPtr& env) {
  const auto refuse = [](std::string what) {
    return Semantic("SEM0002", "scan: " + std::move(what) + " is not supported by this engine");
  };
  if (op.steps.size() != 1) return refuse("more than one step");
  const ast::ScanStep& step = op.steps[0];
  if (!op.params.empty() || !op.order_by.empty() || !op.partition_by.empty()) {
    return refuse("with_match_id, order by or partition by");
  }
  if (step.optional || step.output != ast::ScanStep::Output::kAll) {
    return refuse("an optional step or one without output");
  }
  if (!in->serialized) {
    return Semantic("SEM0029", "scan: the rows must be serialized (sort or serialize them first)");
  }
  // The rows that meet the condition, which sees no state.
  std::vector<std::string> used;
  auto condition = CloneForStep(*step.condition, step.name, &used);
  if (!condition || !used.empty()) return refuse("a condition over the state");
  Rows rows = RowsOf(in);
  {
    const Scope scope{env, &rows};
    KC_ASSIGN(ExprPtr predicate, BindPredicate(*step.condition, scope));
    rows.node = MakeFilter(std::move(rows.node), std::move(predicate));
  }
  const Column number = NewColumn("$row", ScalarType::kLong);
  std::vector<Column> numbered = in->columns;
  numbered.push_back(number);
  const NodePtr source = MakeShow(
      MakeCompute(std::move(rows.node),
                  {{number.id,
                    MakeSql(ScalarType::kLong, "row_number() OVER ()", {}, Volatility::kWindow)}},
                  true),
      numbered);

  // The declared columns: their defaults, the state of the row before, the new values.
  std::vector<std::unique_ptr<ast::Expr>> assigned(op.declared.size());
  for (const auto& [name, value] : step.assignments) {
    const auto declared =
        std::find_if(op.declared.begin(), op.declared.end(),
                     [&, n = name](const ast::ScanColumn& c) { return c.column.name == n; });
    if (declared == op.declared.end()) {
      return Semantic("SEM0100", "scan: the column '" + name + "' is not declared");
    }
    auto& slot = assigned[static_cast<size_t>(declared - op.declared.begin())];
    if (slot) return Semantic("SEM0032", "scan: '" + name + "' is assigned twice");
    slot = CloneForStep(*value, step.name, &used);
    if (!slot) return refuse("a subquery in an assignment");
  }
  std::vector<std::pair<ColumnId, ExprPtr>> defaults;
  std::vector<Column> state = {NewColumn("$state_row", ScalarType::kLong)};
  defaults.emplace_back(state[0].id, MakeLong(0));
  Rows step_rows;
  step_rows.columns = in->columns;
  std::vector<std::pair<ColumnId, ExprPtr>> bare;  // unqualified names mean the defaults
  std::vector<Column> declared_state;
  for (const ast::ScanColumn& column : op.declared) {
    if (FindColumn(in->columns, column.column.name) != nullptr) {
      return Semantic("SEM0032", "scan: the column '" + column.column.name + "' exists already");
    }
    ExprPtr value = MakeNull(column.column.type);
    if (column.default_value) {
      KC_ASSIGN(value, BindConstant(*column.default_value, env, "scan"));
      KC_ASSIGN(value, Convert(std::move(value), column.column.type));
      KC_ASSIGN(value, Fold(value));
    }
    const Column plain = NewColumn(column.column.name, column.column.type);
    bare.emplace_back(plain.id, value);
    step_rows.columns.push_back(plain);
    state.push_back(NewColumn(StateName(step.name, column.column.name), column.column.type));
    step_rows.columns.push_back(state.back());
    defaults.emplace_back(state.back().id, std::move(value));
  }
  // Columns of the row before that the assignments read.
  std::vector<Column> carried;
  for (const std::string& name : used) {
    const Column* column = FindColumn(in->columns, name);
    if (column == nullptr) continue;
    carried.push_back(*column);
    state.push_back(NewColumn(StateName(step.name, name), column->type));
    step_rows.columns.push_back(state.back());
    defaults.emplace_back(state.back().id, MakeNull(column->type));
  }

  const std::string rows_name = "scan_rows_" + std::to_string(number.id);
  const std::string state_name = "scan_state_" + std::to_string(number.id);
  auto pair = MakeNode(NodeKind::kSql);
  pair->sql = "SELECT * FROM " + state_name + " JOIN " + rows_name + " ON " + SqlColumn(number.id) +
              " = " + SqlColumn(state[0].id) + " + 1";
  pair->columns = source->columns;
  pair->columns.insert(pair->columns.end(), state.begin(), state.end());
  NodePtr stepped = pair;
  if (!bare.empty()) stepped = MakeCompute(std::move(stepped), std::move(bare));
  const Scope step_scope{env, &step_rows};
  std::vector<Column> next = {number};
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (size_t i = 0; i < op.declared.size(); ++i) {
    const ast::ColumnDecl& column = op.declared[i].column;
    ExprPtr value = MakeColumn(state[i + 1]);
    if (assigned[i]) {
      KC_ASSIGN(value, BindScalar(*assigned[i], step_scope));
      KC_ASSIGN(value, Convert(std::move(value), column.type));
    }
    next.push_back(NewColumn(column.name, column.type));
    computed.emplace_back(next.back().id, std::move(value));
  }
  if (!computed.empty()) stepped = MakeCompute(std::move(stepped), std::move(computed));
  next.insert(next.end(), carried.begin(), carried.end());
  stepped = MakeShow(std::move(stepped), next);

  const NodePtr initial =
      MakeShow(MakeCompute(std::make_shared<Node>(), std::move(defaults)), state);
  std::string names, first, following;
  for (size_t i = 0; i < state.size(); ++i) {
    if (i > 0) names += ", ", first += ", ", following += ", ";
    names += SqlColumn(state[i].id);
    first += SqlColumn(state[i].id);
    following += SqlColumn(next[i].id);
  }
  const std::string limit = std::to_string(kMaxScanRows);
  auto node = MakeNode(NodeKind::kSql, {source, initial, stepped});
  node->sql = "WITH RECURSIVE " + rows_name + " AS MATERIALIZED (SELECT * FROM $0), " + state_name +
              "(" + names + ") AS (SELECT " + first + " FROM $1 UNION ALL SELECT " + following +
              " FROM $2 WHERE " + SqlColumn(number.id) + " <= " + limit +
              " OR error('scan: more than " + limit + " rows are not supported')) SELECT * FROM " +
              rows_name + " JOIN " + state_name + " ON " + SqlColumn(number.id) + " = " +
              SqlColumn(state[0].id) + " ORDER BY " + SqlColumn(number.id);
  node->columns = source->columns;
  node->columns.insert(node->columns.end(), state.begin(), state.end());
  node->serialized = true;
  node->sorted = in->sorted;
  std::vector<Column> shown = in->columns;
  for (size_t i = 0; i < op.declared.size(); ++i) {
    shown.push_back({op.declared[i].column.name, state[i + 1].type, state[i + 1].id});
  }
  return MakeShow(std::move(node), std::move(shown));
}

}  // namespace kc::kql
