// scan with one step: every row that meets the step's condition is extended by assignments that see
// the row before it. DuckDB walks the rows in a recursive query.
#include <algorithm>

#include "kql/binder_impl.h"
#include "kql/binder_scan_steps.h"

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

// One scan being bound.
class ScanBinder {
 public:
  ScanBinder(Binder& binder, const ast::Scan& op, NodePtr in, const EnvPtr& env)
      : binder_(binder), op_(op), step_(op.steps[0]), in_(std::move(in)), env_(env) {}
  Result<NodePtr> Bind();

 private:
  static tl::unexpected<Error> Refuse(std::string what) {
    return Binder::Semantic("SEM0002",
                            "scan: " + std::move(what) + " is not supported by this engine");
  }
  Status BindSource();
  Status ReadAssignments();
  Status DeclareColumns();
  void CarryColumns();
  Result<NodePtr> BindStep();
  NodePtr Assemble(NodePtr stepped);
  void AddState(const std::string& column, ScalarType type, ExprPtr initial) {
    state_.push_back(binder_.NewColumn(StateName(step_.name, column), type));
    step_rows_.columns.push_back(state_.back());
    initial_.emplace_back(state_.back().id, std::move(initial));
  }

  Binder& binder_;
  const ast::Scan& op_;
  const ast::ScanStep& step_;
  NodePtr in_;
  const EnvPtr& env_;
  NodePtr source_;  // the rows that meet the condition, numbered from 1
  Column number_;
  std::vector<std::unique_ptr<ast::Expr>> assigned_;  // per declared column, may be null
  std::vector<std::string> used_;                     // columns of the state that are read
  // What the step sees: the row, the declared columns' defaults, the state of the row before.
  Rows step_rows_;
  std::vector<std::pair<ColumnId, ExprPtr>> plain_;  // unqualified names mean the defaults
  std::vector<Column> state_;  // the number of the row, the declared columns, the carried ones
  std::vector<std::pair<ColumnId, ExprPtr>> initial_;  // of the state
  std::vector<Column> carried_;  // columns of the row before that the assignments read
  std::vector<Column> next_;     // of the new state, in the order of state_
  std::string rows_name_, state_name_;
};

Status ScanBinder::BindSource() {
  // The condition sees no state.
  auto condition = CloneForStep(*step_.condition, step_.name, &used_);
  if (!condition || !used_.empty()) return Refuse("a condition over the state");
  Rows rows = Binder::RowsOf(in_);
  const Scope scope{env_, &rows};
  KC_ASSIGN(ExprPtr predicate, binder_.BindPredicate(*step_.condition, scope));
  rows.node = MakeFilter(std::move(rows.node), std::move(predicate));
  number_ = binder_.NewColumn("$row", ScalarType::kLong);
  std::vector<Column> numbered = in_->columns;
  numbered.push_back(number_);
  source_ = MakeShow(MakeCompute(std::move(rows.node),
                                 {{number_.id, MakeSql(ScalarType::kLong, "row_number() OVER ()",
                                                       {}, Volatility::kWindow)}},
                                 true),
                     numbered);
  rows_name_ = "scan_rows_" + std::to_string(number_.id);
  state_name_ = "scan_state_" + std::to_string(number_.id);
  return {};
}

Status ScanBinder::ReadAssignments() {
  assigned_.resize(op_.declared.size());
  for (const auto& [name, value] : step_.assignments) {
    const auto declared =
        std::find_if(op_.declared.begin(), op_.declared.end(),
                     [&, n = name](const ast::ScanColumn& c) { return c.column.name == n; });
    if (declared == op_.declared.end()) {
      return Binder::Semantic("SEM0100", "scan: the column '" + name + "' is not declared");
    }
    auto& slot = assigned_[static_cast<size_t>(declared - op_.declared.begin())];
    if (slot) return Binder::Semantic("SEM0032", "scan: '" + name + "' is assigned twice");
    slot = CloneForStep(*value, step_.name, &used_);
    if (!slot) return Refuse("a subquery in an assignment");
  }
  return {};
}

Status ScanBinder::DeclareColumns() {
  state_ = {binder_.NewColumn("$state_row", ScalarType::kLong)};
  initial_.emplace_back(state_[0].id, MakeLong(0));
  step_rows_.columns = in_->columns;
  for (const ast::ScanColumn& declared : op_.declared) {
    const ast::ColumnDecl& column = declared.column;
    if (Binder::FindColumn(in_->columns, column.name) != nullptr) {
      return Binder::Semantic("SEM0032", "scan: the column '" + column.name + "' exists already");
    }
    ExprPtr value = MakeNull(column.type);
    if (declared.default_value) {
      KC_ASSIGN(value, binder_.BindConstant(*declared.default_value, env_, "scan"));
      KC_ASSIGN(value, binder_.Convert(std::move(value), column.type));
      KC_ASSIGN(value, binder_.Fold(value));
    }
    const Column plain = binder_.NewColumn(column.name, column.type);
    plain_.emplace_back(plain.id, value);
    step_rows_.columns.push_back(plain);
    AddState(column.name, column.type, std::move(value));
  }
  return {};
}

void ScanBinder::CarryColumns() {
  for (const std::string& name : used_) {
    const Column* column = Binder::FindColumn(in_->columns, name);
    if (column == nullptr) continue;
    carried_.push_back(*column);
    AddState(name, column->type, MakeNull(column->type));
  }
}

// The next row beside the state, and the state that it leaves.
Result<NodePtr> ScanBinder::BindStep() {
  auto pair = MakeNode(NodeKind::kSql);
  pair->sql = "SELECT * FROM " + state_name_ + " JOIN " + rows_name_ + " ON " +
              SqlColumn(number_.id) + " = " + SqlColumn(state_[0].id) + " + 1";
  pair->columns = source_->columns;
  pair->columns.insert(pair->columns.end(), state_.begin(), state_.end());
  NodePtr stepped = pair;
  if (!plain_.empty()) stepped = MakeCompute(std::move(stepped), std::move(plain_));
  const Scope scope{env_, &step_rows_};
  next_ = {number_};
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (size_t i = 0; i < op_.declared.size(); ++i) {
    const ast::ColumnDecl& column = op_.declared[i].column;
    ExprPtr value = MakeColumn(state_[i + 1]);
    if (assigned_[i]) {
      KC_ASSIGN(value, binder_.BindScalar(*assigned_[i], scope));
      KC_ASSIGN(value, binder_.Convert(std::move(value), column.type));
    }
    next_.push_back(binder_.NewColumn(column.name, column.type));
    computed.emplace_back(next_.back().id, std::move(value));
  }
  if (!computed.empty()) stepped = MakeCompute(std::move(stepped), std::move(computed));
  next_.insert(next_.end(), carried_.begin(), carried_.end());
  return MakeShow(std::move(stepped), next_);
}

NodePtr ScanBinder::Assemble(NodePtr stepped) {
  const NodePtr initial =
      MakeShow(MakeCompute(std::make_shared<Node>(), std::move(initial_)), state_);
  std::string names, following;
  for (size_t i = 0; i < state_.size(); ++i) {
    if (i > 0) names += ", ", following += ", ";
    names += SqlColumn(state_[i].id);
    following += SqlColumn(next_[i].id);
  }
  const std::string limit = std::to_string(kMaxScanRows), row = SqlColumn(number_.id);
  auto node = MakeNode(NodeKind::kSql, {source_, initial, std::move(stepped)});
  node->sql = "WITH RECURSIVE " + rows_name_ + " AS MATERIALIZED (SELECT * FROM $0), " +
              state_name_ + "(" + names + ") AS (SELECT " + names + " FROM $1 UNION ALL SELECT " +
              following + " FROM $2 WHERE " + row + " <= " + limit + " OR error('scan: more than " +
              limit + " rows are not supported')) SELECT * FROM " + rows_name_ + " JOIN " +
              state_name_ + " ON " + row + " = " + SqlColumn(state_[0].id) + " ORDER BY " + row;
  node->columns = source_->columns;
  node->columns.insert(node->columns.end(), state_.begin(), state_.end());
  node->serialized = true;
  node->sorted = in_->sorted;
  std::vector<Column> shown = in_->columns;
  for (size_t i = 0; i < op_.declared.size(); ++i) {
    shown.push_back({op_.declared[i].column.name, state_[i + 1].type, state_[i + 1].id});
  }
  return MakeShow(std::move(node), std::move(shown));
}

Result<NodePtr> ScanBinder::Bind() {
  if (!op_.params.empty() || !op_.order_by.empty() || !op_.partition_by.empty()) {
    return Refuse("with_match_id, order by or partition by");
  }
  if (step_.optional || step_.output != ast::ScanStep::Output::kAll) {
    return Refuse("an optional step or one without output");
  }
  if (!in_->serialized) {
    return Binder::Semantic("SEM0029",
                            "scan: the rows must be serialized (sort or serialize them first)");
  }
  KC_TRY(BindSource());
  KC_TRY(ReadAssignments());
  KC_TRY(DeclareColumns());
  CarryColumns();
  KC_ASSIGN(NodePtr stepped, BindStep());
  return Assemble(std::move(stepped));
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Scan& op, NodePtr in, const EnvPtr& env) {
  if (op.steps.empty()) return Semantic("SEM0003", "scan: a step is expected");
  if (op.steps.size() > 1 || !op.params.empty() ||
      op.steps[0].output != ast::ScanStep::Output::kAll) {
    return BindScanSteps(*this, op, std::move(in), env);
  }
  return ScanBinder(*this, op, std::move(in), env).Bind();
}

}  // namespace kc::kql
