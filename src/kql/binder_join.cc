// join and lookup.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

struct KindName {
  std::string_view name;
  JoinKind kind;
  bool inner_unique;
};
constexpr KindName kKinds[] = {
    {"innerunique", JoinKind::kInner, true},      {"inner", JoinKind::kInner, false},
    {"leftouter", JoinKind::kLeft, false},        {"rightouter", JoinKind::kRight, false},
    {"fullouter", JoinKind::kFull, false},        {"leftsemi", JoinKind::kLeftSemi, false},
    {"rightsemi", JoinKind::kRightSemi, false},   {"leftanti", JoinKind::kLeftAnti, false},
    {"rightanti", JoinKind::kRightAnti, false},   {"anti", JoinKind::kLeftAnti, false},
    {"leftantisemi", JoinKind::kLeftAnti, false}, {"rightantisemi", JoinKind::kRightAnti, false},
};

bool ShowsLeft(JoinKind kind) {
  return kind != JoinKind::kRightSemi && kind != JoinKind::kRightAnti;
}
bool ShowsRight(JoinKind kind) {
  return kind != JoinKind::kLeftSemi && kind != JoinKind::kLeftAnti;
}

}  // namespace

Result<NodePtr> Binder::JoinTables(JoinKind kind, bool inner_unique, NodePtr left, NodePtr right,
                                   std::vector<std::pair<ExprPtr, ExprPtr>> keys,
                                   ExprPtr condition) {
  if (inner_unique) {
    auto first = MakeNode(NodeKind::kTopRows, {left});
    for (const auto& key : keys) first->partition.push_back(key.first);
    first->limit = 1;
    left = first;
  }
  auto node = MakeNode(NodeKind::kJoin, {left, right});
  node->join = kind;
  node->join_keys = std::move(keys);
  node->predicate = std::move(condition);
  node->serialized = node->sorted = false;
  node->columns.clear();
  // Outer sides: a string column that has no row is "", not null.
  std::vector<std::pair<ColumnId, ExprPtr>> fills;
  const auto add = [&](const Column& column, std::string name, bool may_be_missing) {
    Column shown = column;
    shown.name = std::move(name);
    if (may_be_missing && column.type == ScalarType::kString) {
      shown.id = NewColumn();
      fills.emplace_back(shown.id,
                         MakeSql(ScalarType::kString, "coalesce($1, '')", {MakeColumn(column)}));
    }
    node->columns.push_back(std::move(shown));
  };
  const bool both = ShowsLeft(kind) && ShowsRight(kind);
  NameSet names;
  for (const Column& column : left->columns) names.Reserve(column.name);
  if (both) {
    for (const Column& column : right->columns) names.Reserve(column.name);
  }
  if (ShowsLeft(kind)) {
    for (const Column& column : left->columns) {
      add(column, column.name, kind == JoinKind::kRight || kind == JoinKind::kFull);
    }
  }
  if (ShowsRight(kind)) {
    for (const Column& column : right->columns) {
      const bool clash = both && FindColumn(left->columns, column.name) != nullptr;
      add(column, clash ? names.Unique(column.name) : column.name,
          kind == JoinKind::kLeft || kind == JoinKind::kFull);
    }
  }
  if (fills.empty()) return NodePtr(std::move(node));
  std::vector<Column> columns = node->columns;
  return MakeShow(MakeCompute(std::move(node), std::move(fills)), std::move(columns));
}

namespace {

// Splits `on` into equalities of one side with the other and whatever else there is.
struct OnClause {
  std::vector<std::pair<ExprPtr, ExprPtr>> keys;
  std::vector<ExprPtr> others;
  std::vector<ColumnId> right_keys;  // plain columns of the right side
};

bool UsesOnly(const Expr& e, const std::vector<Column>& columns) {
  if (e.kind == ExprKind::kColumn) {
    for (const Column& column : columns) {
      if (column.id == e.column) return true;
    }
    return false;
  }
  for (const ExprPtr& arg : e.args) {
    if (!UsesOnly(*arg, columns)) return false;
  }
  return true;
}

void AddCondition(OnClause& on, ExprPtr e, const NodePtr& left, const NodePtr& right) {
  if (e->kind == ExprKind::kAnd) {
    for (const ExprPtr& arg : e->args) AddCondition(on, arg, left, right);
    return;
  }
  if (e->kind == ExprKind::kCompare && e->compare == Compare::kEq && !IsConstant(*e->args[0]) &&
      !IsConstant(*e->args[1])) {
    ExprPtr a = e->args[0], b = e->args[1];
    if (!UsesOnly(*a, left->columns)) std::swap(a, b);
    if (UsesOnly(*a, left->columns) && UsesOnly(*b, right->columns)) {
      if (b->kind == ExprKind::kColumn) on.right_keys.push_back(b->column);
      on.keys.emplace_back(std::move(a), std::move(b));
      return;
    }
  }
  on.others.push_back(std::move(e));
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Join& op, NodePtr in, const EnvPtr& env) {
  std::string kind_name = op.lookup ? "leftouter" : "innerunique";
  if (const std::string* given = ast::FindParameter(op.params, "kind")) kind_name = *given;
  const KindName* kind = nullptr;
  for (const KindName& k : kKinds) {
    if (k.name == kind_name) kind = &k;
  }
  if (kind == nullptr || (op.lookup && kind_name != "leftouter" && kind_name != "inner")) {
    return Semantic("SEM0037", "Unknown join kind '" + kind_name + "'");
  }
  KC_ASSIGN(NodePtr right, BindTabular(*op.right, env));
  Rows rows = RowsOf(in);
  rows.node = nullptr;
  rows.left = &in->columns;
  rows.right = &right->columns;
  const Scope scope{env, &rows};
  OnClause on;
  for (const ast::ExprPtr& item : op.on) {
    if (item->kind == ast::ExprKind::kName) {
      const Column* a = FindColumn(in->columns, item->text);
      const Column* b = FindColumn(right->columns, item->text);
      if (a == nullptr || b == nullptr) {
        return Semantic("SEM0100", "Failed to resolve column named '" + item->text + "' on the " +
                                       (a == nullptr ? "left" : "right") + " side of join");
      }
      KC_ASSIGN(ExprPtr equal, Comparison(ast::Op::kEq, MakeColumn(*a), MakeColumn(*b)));
      AddCondition(on, std::move(equal), in, right);
      continue;
    }
    KC_ASSIGN(ExprPtr condition, BindPredicate(*item, scope));
    AddCondition(on, std::move(condition), in, right);
  }
  if (on.keys.empty() && !(on.others.empty() && op.on.empty())) {
    return Semantic("SEM0038",
                    "join: at least one equality of a left and a right column is expected");
  }
  if (op.on.empty()) return Semantic("SEM0038", "join: the 'on' clause is missing");
  for (const auto& key : on.keys) {
    if (key.first->type == ScalarType::kDynamic) {
      return Semantic("SEM0039", "join: a key of type dynamic; convert it first");
    }
  }
  ExprPtr condition = on.others.empty() ? nullptr : MakeAnd(std::move(on.others));
  if (!op.lookup) {
    return JoinTables(kind->kind, kind->inner_unique, std::move(in), std::move(right),
                      std::move(on.keys), std::move(condition));
  }
  // lookup doesn't show the right keys.
  std::vector<Column> shown;
  for (const Column& column : right->columns) {
    bool key = false;
    for (const ColumnId id : on.right_keys) key |= id == column.id;
    if (!key) shown.push_back(column);
  }
  right = MakeShow(std::move(right), std::move(shown));
  return JoinTables(kind->kind, false, std::move(in), std::move(right), std::move(on.keys),
                    std::move(condition));
}

}  // namespace kc::kql
