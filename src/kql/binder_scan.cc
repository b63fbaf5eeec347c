// scan: each step has a state: the rows that the steps up to it matched last. For every row the
// steps are tried from the last to the first: a row that meets a step's condition either takes over
// the state of the step before (which is empty then), or replaces the step's own row in its state.
// DuckDB walks the rows in a recursive query, whose columns are all states.
#include <algorithm>

#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// A recursive query takes about half a millisecond a row; more rows than this are refused.
constexpr int64_t kMaxScanRows = 50'000;
constexpr size_t kMaxSteps = 20;

std::string SqlColumn(ColumnId id) {
  return "c" + std::to_string(id);
}

ExprPtr IsTrue(ExprPtr e) {
  return MakeSql(ScalarType::kBool, "coalesce($1, false)", {std::move(e)});
}

class ScanBinder {
 public:
  ScanBinder(Binder& binder, const ast::Scan& op, NodePtr in, const EnvPtr& env)
      : binder_(binder), op_(op), in_(std::move(in)), env_(env) {}
  Result<NodePtr> Bind();

 private:
  // A column of a step that some expression reads: step.column.
  struct Slot {
    size_t step;
    std::string column;
    std::string name;  // among the columns of a row
    ScalarType type;
    ExprPtr empty;  // its value while the step has no match: the declared column's default
  };
  // What is known of a step: is there a match, its number, the slots' values.
  struct State {
    Column active, match;
    std::vector<Column> values;  // parallel to slots_
  };
  struct Step {
    std::unique_ptr<ast::Expr> condition;
    std::vector<std::unique_ptr<ast::Expr>> assigned;  // per declared column, may be null
    State state;
    Column matched;                // of the row that is looked at
    std::vector<Column> declared;  // their values, if it matched
  };
  static tl::unexpected<Error> Refuse(std::string what) {
    return Binder::Semantic("SEM0002",
                            "scan: " + std::move(what) + " is not supported by this engine");
  }
  Status Check();
  Result<Slot> SlotOf(size_t step, const std::string& column);
  Result<std::unique_ptr<ast::Expr>> Clone(const ast::Expr& e);
  Status ReadSteps();
  Status DeclareColumns();
  void DeclareStates();
  void NumberRows();
  NodePtr NextRow();
  NodePtr InitialState();
  std::vector<Column*> Carried();
  Rows RowsWith(const std::vector<Column>& values) const;
  Column Compute(const std::string& name, ExprPtr value);
  void Replace(Column& column, ExprPtr value) { column = Compute(column.name, std::move(value)); }
  Status TryStep(size_t k);
  Status KeepMatch(size_t k, const ExprPtr& taken, const ExprPtr& matched,
                   const std::vector<Column>& seen);
  NodePtr Assemble(const NodePtr& initial);

  Binder& binder_;
  const ast::Scan& op_;
  NodePtr in_;
  const EnvPtr& env_;
  std::string match_name_;  // with_match_id
  std::vector<Slot> slots_;
  std::vector<Step> steps_;
  std::vector<Column> plain_;  // the declared columns' defaults: what their bare names mean
  std::vector<ExprPtr> defaults_;
  Column number_, next_match_;
  NodePtr source_, node_;
  std::vector<Column> before_;  // the state that a row meets
  std::string rows_name_, state_name_;
};

Status ScanBinder::Check() {
  if (op_.steps.empty()) return Binder::Semantic("SEM0003", "scan: a step is expected");
  if (op_.steps.size() > kMaxSteps) return Refuse("more than 20 steps");
  if (!op_.order_by.empty() || !op_.partition_by.empty()) return Refuse("order by or partition by");
  for (const ast::Parameter& parameter : op_.params) {
    if (parameter.name != "with_match_id") return Refuse(parameter.name);
    match_name_ = parameter.value;
  }
  if (!in_->serialized) {
    return Binder::Semantic("SEM0029",
                            "scan: the rows must be serialized (sort or serialize them first)");
  }
  if (std::all_of(op_.steps.begin(), op_.steps.end(), [](const ast::ScanStep& step) {
        return step.output == ast::ScanStep::Output::kNone;
      })) {
    return Refuse("steps that all give no rows");
  }
  for (const ast::ScanStep& step : op_.steps) {
    if (step.optional) return Refuse("an optional step");
    if (step.output == ast::ScanStep::Output::kLast) return Refuse("output=last");
    // What a declared column holds that a step doesn't assign is not documented.
    // (Of several steps: where there is one alone, nobody else can have assigned it.)
    const bool partly = op_.steps.size() > 1 && step.assignments.size() < op_.declared.size();
    if (partly && step.output != ast::ScanStep::Output::kNone) {
      return Refuse("a step with output that does not assign all declared columns");
    }
  }
  return {};
}

Result<ScanBinder::Slot> ScanBinder::SlotOf(size_t step, const std::string& column) {
  Slot slot{step, column, "$" + std::to_string(step) + "." + column, ScalarType::kLong, nullptr};
  if (const Column* found = Binder::FindColumn(in_->columns, column)) {
    slot.type = found->type;
    slot.empty = MakeNull(slot.type);
    return slot;
  }
  for (size_t i = 0; i < plain_.size(); ++i) {
    if (plain_[i].name != column) continue;
    const auto& assignments = op_.steps[step].assignments;
    const bool assigned = std::any_of(assignments.begin(), assignments.end(),
                                      [&](const auto& a) { return a.first == column; });
    if (!assigned && op_.steps.size() > 1) {
      return Refuse("reading a column of a step that does not assign it");
    }
    slot.type = plain_[i].type;
    slot.empty = defaults_[i];
    return slot;
  }
  return Binder::Semantic("SEM0100", "scan: there is no column '" + column + "'");
}

// A copy in which `step.column` is one name.
Result<std::unique_ptr<ast::Expr>> ScanBinder::Clone(const ast::Expr& e) {
  if (e.query || e.function) return Refuse("a subquery");
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
  if (e.kind == ast::ExprKind::kMember && e.args[0]->kind == ast::ExprKind::kName) {
    for (size_t i = 0; i < op_.steps.size(); ++i) {
      if (op_.steps[i].name != e.args[0]->text) continue;
      KC_ASSIGN(Slot slot, SlotOf(i, e.text));
      copy->kind = ast::ExprKind::kName;
      copy->text = slot.name;
      const bool known = std::any_of(slots_.begin(), slots_.end(),
                                     [&](const Slot& s) { return s.name == slot.name; });
      if (!known) slots_.push_back(std::move(slot));
      return copy;
    }
  }
  for (const ast::ExprPtr& arg : e.args) {
    KC_ASSIGN(std::unique_ptr<ast::Expr> inner, Clone(*arg));
    copy->args.push_back(std::move(inner));
  }
  return copy;
}

Status ScanBinder::ReadSteps() {
  for (const ast::ScanStep& written : op_.steps) {
    Step step;
    KC_ASSIGN(step.condition, Clone(*written.condition));
    step.assigned.resize(op_.declared.size());
    for (const auto& [name, value] : written.assignments) {
      const auto declared =
          std::find_if(op_.declared.begin(), op_.declared.end(),
                       [&, n = name](const ast::ScanColumn& c) { return c.column.name == n; });
      if (declared == op_.declared.end()) {
        return Binder::Semantic("SEM0100", "scan: the column '" + name + "' is not declared");
      }
      auto& slot = step.assigned[static_cast<size_t>(declared - op_.declared.begin())];
      if (slot) return Binder::Semantic("SEM0032", "scan: '" + name + "' is assigned twice");
      KC_ASSIGN(slot, Clone(*value));
    }
    steps_.push_back(std::move(step));
  }
  return {};
}

Status ScanBinder::DeclareColumns() {
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
    plain_.push_back(binder_.NewColumn(column.name, column.type));
    defaults_.push_back(std::move(value));
  }
  return {};
}

void ScanBinder::DeclareStates() {
  number_ = binder_.NewColumn("$row", ScalarType::kLong);
  next_match_ = binder_.NewColumn("$next", ScalarType::kLong);
  for (Step& step : steps_) {
    step.state.active = binder_.NewColumn("$active", ScalarType::kBool);
    step.state.match = binder_.NewColumn("$match", ScalarType::kLong);
    for (const Slot& slot : slots_) {
      step.state.values.push_back(binder_.NewColumn(slot.name, slot.type));
    }
    step.matched = binder_.NewColumn("$matched", ScalarType::kBool);
    for (const Column& column : plain_) {
      step.declared.push_back(binder_.NewColumn(column.name, column.type));
    }
  }
}

// The columns of the recursive query, but the number of the row.
std::vector<Column*> ScanBinder::Carried() {
  std::vector<Column*> columns = {&next_match_};
  for (Step& step : steps_) {
    columns.push_back(&step.state.active);
    columns.push_back(&step.state.match);
    for (Column& value : step.state.values) columns.push_back(&value);
    columns.push_back(&step.matched);
    for (Column& value : step.declared) columns.push_back(&value);
  }
  return columns;
}

// The row that an expression sees: the input's columns, the defaults, the slots' values.
Rows ScanBinder::RowsWith(const std::vector<Column>& values) const {
  Rows rows;
  rows.columns = in_->columns;
  rows.columns.insert(rows.columns.end(), plain_.begin(), plain_.end());
  for (size_t i = 0; i < slots_.size(); ++i) {
    rows.columns.push_back({slots_[i].name, slots_[i].type, values[i].id});
  }
  return rows;
}

Column ScanBinder::Compute(const std::string& name, ExprPtr value) {
  const Column column = binder_.NewColumn(name, value->type);
  node_ = MakeCompute(std::move(node_), {{column.id, std::move(value)}});
  return column;
}

Status ScanBinder::TryStep(size_t k) {
  Step& step = steps_[k];
  const auto holds = [&](const std::vector<Column>& values) -> Result<ExprPtr> {
    Rows rows = RowsWith(values);
    return binder_.BindPredicate(*step.condition, Scope{env_, &rows});
  };
  // Over the state of the step before, if there is one.
  ExprPtr taken = MakeBool(false);
  if (k > 0) {
    std::vector<Column> values = steps_[k - 1].state.values;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].step == k) values[i] = Compute("", slots_[i].empty);
    }
    KC_ASSIGN(ExprPtr condition, holds(values));
    taken = MakeColumn(Compute(
        "$taken", IsTrue(MakeAnd({MakeColumn(steps_[k - 1].state.active), std::move(condition)}))));
  }
  KC_ASSIGN(ExprPtr condition, holds(step.state.values));
  std::vector<ExprPtr> again = {MakeNot(taken), std::move(condition)};
  if (k > 0) again.push_back(MakeColumn(step.state.active));
  step.matched = Compute("$matched", MakeOr({taken, IsTrue(MakeAnd(std::move(again)))}));
  // What the assignments see.
  std::vector<Column> seen = step.state.values;
  for (size_t i = 0; k > 0 && i < slots_.size(); ++i) {
    const ExprPtr before =
        slots_[i].step == k ? slots_[i].empty : MakeColumn(steps_[k - 1].state.values[i]);
    Replace(seen[i], MakeCase(slots_[i].type, {taken, before, MakeColumn(seen[i])}));
  }
  Rows rows = RowsWith(seen);
  for (size_t i = 0; i < plain_.size(); ++i) {
    ExprPtr value = MakeColumn(plain_[i]);
    if (step.assigned[i]) {
      KC_ASSIGN(value, binder_.BindScalar(*step.assigned[i], Scope{env_, &rows}));
      KC_ASSIGN(value, binder_.Convert(std::move(value), plain_[i].type));
    }
    step.declared[i] = Compute(plain_[i].name, std::move(value));
  }
  return KeepMatch(k, taken, MakeColumn(step.matched), seen);
}

// The states after the step was tried.
Status ScanBinder::KeepMatch(size_t k, const ExprPtr& taken, const ExprPtr& matched,
                             const std::vector<Column>& seen) {
  Step& step = steps_[k];
  if (k == 0) {
    // A match of the first step begins a sequence, unless one has only begun.
    const ExprPtr begins = MakeAnd({matched, MakeNot(MakeColumn(step.state.active))});
    const Column fresh = Compute("", begins);
    Replace(step.state.match,
            MakeCase(ScalarType::kLong,
                     {MakeColumn(fresh), MakeColumn(next_match_), MakeColumn(step.state.match)}));
    Replace(next_match_, MakeCase(ScalarType::kLong, {MakeColumn(fresh),
                                                      MakeSql(ScalarType::kLong, "($1 + 1)",
                                                              {MakeColumn(next_match_)}),
                                                      MakeColumn(next_match_)}));
  } else {
    Replace(step.state.match,
            MakeCase(ScalarType::kLong,
                     {taken, MakeColumn(steps_[k - 1].state.match), MakeColumn(step.state.match)}));
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    ExprPtr value = MakeColumn(seen[i]);
    if (slot.step == k) {
      const Column* own = Binder::FindColumn(in_->columns, slot.column);
      if (own == nullptr) own = Binder::FindColumn(step.declared, slot.column);
      value = MakeCase(slot.type, {matched, MakeColumn(*own), MakeColumn(step.state.values[i])});
    }
    Replace(step.state.values[i], std::move(value));
  }
  Replace(step.state.active, MakeOr({MakeColumn(step.state.active), matched}));
  if (k == 0) return {};
  State& left = steps_[k - 1].state;
  Replace(left.active, MakeAnd({MakeColumn(left.active), MakeNot(taken)}));
  for (size_t i = 0; i < slots_.size(); ++i) {
    Replace(left.values[i],
            MakeCase(slots_[i].type, {taken, slots_[i].empty, MakeColumn(left.values[i])}));
  }
  return {};
}

NodePtr ScanBinder::Assemble(const NodePtr& initial) {
  std::vector<Column> after = {number_};
  for (const Column* column : Carried()) after.push_back(*column);
  std::string names, following;
  for (size_t i = 0; i < before_.size(); ++i) {
    if (i > 0) names += ", ", following += ", ";
    names += SqlColumn(before_[i].id);
    following += SqlColumn(after[i].id);
  }
  const std::string limit = std::to_string(kMaxScanRows), row = SqlColumn(number_.id);
  const NodePtr stepped = MakeShow(node_, after);
  auto node = MakeNode(NodeKind::kSql, {source_, initial, stepped});
  node->sql = "WITH RECURSIVE " + rows_name_ + " AS MATERIALIZED (SELECT * FROM $0), " +
              state_name_ + "(" + names + ") AS (SELECT " + names + " FROM $1 UNION ALL SELECT " +
              following + " FROM $2 WHERE " + row + " <= " + limit + " OR error('scan: more than " +
              limit + " rows are not supported'))";
  // One row of the answer per step that a row matched, in the order in which steps are tried.
  std::vector<Column> shown = in_->columns;
  std::vector<Column> made = plain_;
  if (!match_name_.empty()) made.push_back({match_name_, ScalarType::kLong, kNoColumn});
  for (Column& column : made) shown.push_back(column = binder_.NewColumn(column.name, column.type));
  const Column order = binder_.NewColumn("", ScalarType::kLong);
  // The state's columns stand in before_ where they stand in after.
  const auto position = [&](ColumnId id) {
    const auto at = std::find_if(after.begin(), after.end(),
                                 [&](const Column& column) { return column.id == id; });
    return SqlColumn(before_[static_cast<size_t>(at - after.begin())].id);
  };
  std::string legs;
  for (size_t k = steps_.size(); k-- > 0;) {
    if (op_.steps[k].output == ast::ScanStep::Output::kNone) continue;
    const Step& step = steps_[k];
    legs += legs.empty() ? " SELECT " : " UNION ALL SELECT ";
    for (const Column& column : in_->columns) legs += SqlColumn(column.id) + ", ";
    for (size_t i = 0; i < plain_.size(); ++i) {
      legs += position(step.declared[i].id) + " AS " + SqlColumn(made[i].id) + ", ";
    }
    if (!match_name_.empty()) {
      legs += position(step.state.match.id) + " AS " + SqlColumn(made.back().id) + ", ";
    }
    legs += row + " * " + std::to_string(kMaxSteps) + " - " + std::to_string(k) + " AS " +
            SqlColumn(order.id) + " FROM " + rows_name_ + " JOIN " + state_name_ + " ON " + row +
            " = " + SqlColumn(before_[0].id) + " WHERE " + position(step.matched.id);
  }
  node->sql += " SELECT * FROM (" + legs + ") ORDER BY " + SqlColumn(order.id);
  node->columns = shown;
  node->columns.push_back(order);
  node->serialized = true;
  node->sorted = in_->sorted;
  return MakeShow(std::move(node), std::move(shown));
}

void ScanBinder::NumberRows() {
  Rows rows = Binder::RowsOf(in_);
  std::vector<Column> numbered = in_->columns;
  numbered.push_back(number_);
  source_ = MakeShow(MakeCompute(std::move(rows.node),
                                 {{number_.id, MakeSql(ScalarType::kLong, "row_number() OVER ()",
                                                       {}, Volatility::kWindow)}},
                                 true),
                     std::move(numbered));
  rows_name_ = "scan_rows_" + std::to_string(number_.id);
  state_name_ = "scan_state_" + std::to_string(number_.id);
}

NodePtr ScanBinder::InitialState() {
  before_ = {binder_.NewColumn("$state_row", ScalarType::kLong)};
  std::vector<std::pair<ColumnId, ExprPtr>> initial = {{before_[0].id, MakeLong(0)}};
  for (const Column* column : Carried()) {
    before_.push_back(*column);
    ExprPtr value = MakeNull(column->type);
    if (column->type == ScalarType::kBool) value = MakeBool(false);
    if (column == &next_match_) value = MakeLong(0);
    initial.emplace_back(column->id, std::move(value));
  }
  for (const Step& step : steps_) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      const auto slot = std::find_if(initial.begin(), initial.end(), [&](const auto& entry) {
        return entry.first == step.state.values[i].id;
      });
      slot->second = slots_[i].empty;
    }
  }
  return MakeShow(MakeCompute(std::make_shared<Node>(), std::move(initial)), before_);
}

// The row after the state's, beside the state and the declared columns' defaults.
NodePtr ScanBinder::NextRow() {
  auto pair = MakeNode(NodeKind::kSql);
  pair->sql = "SELECT * FROM " + state_name_ + " JOIN " + rows_name_ + " ON " +
              SqlColumn(number_.id) + " = " + SqlColumn(before_[0].id) + " + 1";
  pair->columns = source_->columns;
  pair->columns.insert(pair->columns.end(), before_.begin(), before_.end());
  if (plain_.empty()) return pair;
  std::vector<std::pair<ColumnId, ExprPtr>> defaults;
  for (size_t i = 0; i < plain_.size(); ++i) defaults.emplace_back(plain_[i].id, defaults_[i]);
  return MakeCompute(std::move(pair), std::move(defaults));
}

Result<NodePtr> ScanBinder::Bind() {
  KC_TRY(Check());
  KC_TRY(DeclareColumns());
  KC_TRY(ReadSteps());
  DeclareStates();
  NumberRows();
  const NodePtr initial = InitialState();
  node_ = NextRow();
  for (size_t k = steps_.size(); k-- > 0;) KC_TRY(TryStep(k));
  return Assemble(initial);
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Scan& op, NodePtr in, const EnvPtr& env) {
  return ScanBinder(*this, op, std::move(in), env).Bind();
}

}  // namespace kc::kql
