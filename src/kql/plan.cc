#include "kql/plan.h"

#include "base/error.h"

namespace kc::kql {

namespace {

ExprPtr Make(ExprKind kind, ScalarType type, std::vector<ExprPtr> args) {
  auto e = std::make_shared<Expr>();
  e->kind = kind;
  e->type = type;
  e->args = std::move(args);
  return e;
}

}  // namespace

ExprPtr MakeLiteral(ScalarType type, Value value) {
  auto e = std::make_shared<Expr>();
  e->type = type;
  if (type == ScalarType::kString && IsNull(value)) value = std::string();
  e->value = std::move(value);
  return e;
}

ExprPtr MakeLong(int64_t value) {
  return MakeLiteral(ScalarType::kLong, value);
}
ExprPtr MakeString(std::string value) {
  return MakeLiteral(ScalarType::kString, std::move(value));
}
ExprPtr MakeBool(bool value) {
  return MakeLiteral(ScalarType::kBool, value);
}
ExprPtr MakeNull(ScalarType type) {
  return MakeLiteral(type, std::monostate());
}

ExprPtr MakeColumn(const Column& column) {
  return MakeColumn(column.id, column.type);
}

ExprPtr MakeColumn(ColumnId id, ScalarType type) {
  auto e = std::make_shared<Expr>();
  e->kind = ExprKind::kColumn;
  e->type = type;
  e->column = id;
  return e;
}

ExprPtr MakeSql(ScalarType type, std::string sql, std::vector<ExprPtr> args,
                Volatility volatility) {
  auto e = std::make_shared<Expr>();
  e->kind = ExprKind::kSql;
  e->type = type;
  e->sql = std::move(sql);
  e->args = std::move(args);
  e->volatility = volatility;
  return e;
}

ExprPtr MakeAnd(std::vector<ExprPtr> args) {
  if (args.size() == 1) return args[0];
  return Make(ExprKind::kAnd, ScalarType::kBool, std::move(args));
}

ExprPtr MakeOr(std::vector<ExprPtr> args) {
  if (args.size() == 1) return args[0];
  return Make(ExprKind::kOr, ScalarType::kBool, std::move(args));
}

ExprPtr MakeNot(ExprPtr arg) {
  return Make(ExprKind::kNot, ScalarType::kBool, {std::move(arg)});
}

ExprPtr MakeCompare(Compare compare, ExprPtr left, ExprPtr right) {
  auto e = std::make_shared<Expr>();
  e->kind = ExprKind::kCompare;
  e->type = ScalarType::kBool;
  e->compare = compare;
  e->args = {std::move(left), std::move(right)};
  return e;
}

ExprPtr MakeCase(ScalarType type, std::vector<ExprPtr> args) {
  KC_ASSERT(args.size() % 2 == 1);
  return Make(ExprKind::kCase, type, std::move(args));
}

bool MayBeNull(const Expr& e) {
  if (e.type == ScalarType::kString) return false;
  switch (e.kind) {
    case ExprKind::kLiteral:
      return IsNull(e.value);
    case ExprKind::kColumn:
    case ExprKind::kSubquery:
      return true;
    case ExprKind::kSql:
      return !e.never_null;
    case ExprKind::kIn:
    case ExprKind::kInQuery:
      return false;
    case ExprKind::kCompare:
      if (e.compare == Compare::kEq || e.compare == Compare::kNe) {
        return MayBeNull(*e.args[0]) && MayBeNull(*e.args[1]);
      }
      return MayBeNull(*e.args[0]) || MayBeNull(*e.args[1]);
    case ExprKind::kCase:
      for (size_t i = 1; i < e.args.size(); i += 2) {
        if (MayBeNull(*e.args[i])) return true;
      }
      return MayBeNull(*e.args.back());
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
      for (const ExprPtr& arg : e.args) {
        if (MayBeNull(*arg)) return true;
      }
      return false;
  }
  return true;
}

bool IsConstant(const Expr& e) {
  if (e.kind == ExprKind::kColumn || e.volatility != Volatility::kPure || e.query) return false;
  for (const ExprPtr& arg : e.args) {
    if (!IsConstant(*arg)) return false;
  }
  return true;
}

std::shared_ptr<Node> MakeNode(NodeKind kind, std::vector<NodePtr> children) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  if (!children.empty()) {
    node->columns = children[0]->columns;
    node->serialized = children[0]->serialized;
    node->sorted = children[0]->sorted;
  }
  node->children = std::move(children);
  return node;
}

NodePtr MakeFilter(NodePtr child, ExprPtr predicate) {
  auto node = MakeNode(NodeKind::kFilter, {std::move(child)});
  node->predicate = std::move(predicate);
  return node;
}

NodePtr MakeLimit(NodePtr child, int64_t limit) {
  auto node = MakeNode(NodeKind::kLimit, {std::move(child)});
  node->limit = limit;
  return node;
}

NodePtr MakeCompute(NodePtr child, std::vector<std::pair<ColumnId, ExprPtr>> assignments,
                    bool windows) {
  auto node = MakeNode(NodeKind::kProject, {std::move(child)});
  node->assignments = std::move(assignments);
  node->windows = windows;
  return node;
}

NodePtr MakeShow(NodePtr child, std::vector<Column> columns) {
  auto node = MakeNode(NodeKind::kProject, {std::move(child)});
  node->columns = std::move(columns);
  return node;
}

}  // namespace kc::kql
