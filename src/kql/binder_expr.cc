// Scalar expressions: dispatch over the syntax tree.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

Result<Bound> Binder::BindAny(const ast::Expr& expr, const Scope& scope) {
  DepthGuard guard(*this);
  KC_TRY(guard.status());
  switch (expr.kind) {
    case ast::ExprKind::kName: {
      if (scope.rows != nullptr && FindColumn(*scope.rows, expr.text) != nullptr) break;
      if (const auto name = FindName(scope.env, expr.text)) return UseName(name, expr.text);
      if (scope.rows != nullptr) break;
      KC_ASSIGN(NodePtr table, TryResolveTable(scope.env->database, expr.text, scope.env));
      if (table) return Bound{nullptr, std::move(table)};
      break;
    }
    case ast::ExprKind::kWildcard:
    case ast::ExprKind::kQuery:
    case ast::ExprKind::kDataTable:
    case ast::ExprKind::kExternalData:
    case ast::ExprKind::kMaterialize: {
      KC_ASSIGN(NodePtr table, BindTabular(expr, scope.env));
      return Bound{nullptr, std::move(table)};
    }
    case ast::ExprKind::kCall: {
      KC_ASSIGN(std::optional<Bound> table, BindTableFunction(expr, scope));
      if (table) return std::move(*table);
      return BindCall(expr, scope);
    }
    case ast::ExprKind::kMember:
    case ast::ExprKind::kMemberCall: {
      const ast::Expr* root = &expr;
      while (!root->args.empty() &&
             (root->kind == ast::ExprKind::kMember || root->kind == ast::ExprKind::kMemberCall)) {
        root = root->args[0].get();
      }
      const bool qualified = root->kind == ast::ExprKind::kCall &&
                             (root->text == "cluster" || root->text == "database");
      if (!qualified) break;
      KC_ASSIGN(std::optional<Bound> table, BindTableFunction(expr, scope));
      if (table) return std::move(*table);
      break;
    }
    default:
      break;
  }
  KC_ASSIGN(ExprPtr scalar, BindScalarInner(expr, scope));
  return Bound{std::move(scalar), nullptr};
}

Result<ExprPtr> Binder::BindScalar(const ast::Expr& expr, const Scope& scope) {
  DepthGuard guard(*this);
  KC_TRY(guard.status());
  KC_TRY(Count());
  if (expr.kind == ast::ExprKind::kCall || expr.kind == ast::ExprKind::kMemberCall) {
    KC_ASSIGN(Bound bound, BindAny(expr, scope));
    if (bound.scalar) return std::move(bound.scalar);
    return Semantic("SEM0040", "A scalar expression is expected, '" + expr.text +
                                   "' is a table; use toscalar() to take a value of it");
  }
  return BindScalarInner(expr, scope);
}

Result<ExprPtr> Binder::BindScalarInner(const ast::Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case ast::ExprKind::kLiteral:
      return MakeLiteral(expr.type, expr.value);
    case ast::ExprKind::kName:
      return BindName(expr, scope);
    case ast::ExprKind::kMember:
      return BindMember(expr, scope);
    case ast::ExprKind::kIndex:
      return BindIndex(expr, scope);
    case ast::ExprKind::kCall: {
      KC_ASSIGN(Bound bound, BindCall(expr, scope));
      if (bound.scalar) return std::move(bound.scalar);
      break;
    }
    case ast::ExprKind::kNegate: {
      KC_ASSIGN(ExprPtr arg, BindScalar(*expr.args[0], scope));
      return Negate(std::move(arg));
    }
    case ast::ExprKind::kBinary:
      return BindBinary(expr, scope);
    case ast::ExprKind::kInList:
      return BindInList(expr, scope);
    case ast::ExprKind::kBetween:
      return BindBetween(expr, scope);
    case ast::ExprKind::kToScalar:
      return BindToScalar(expr, scope);
    case ast::ExprKind::kStar:
      return Semantic("SEM0001", "'*' is not allowed here");
    case ast::ExprKind::kNamed:
      return Semantic("SEM0001", "A named expression is not allowed here");
    case ast::ExprKind::kTypeOf:
      if (expr.columns.empty()) return MakeString(std::string(KustoName(expr.type)));
      break;
    case ast::ExprKind::kQuery:
      if (expr.query && expr.query->operators.empty() && expr.query->source) {
        return BindScalar(*expr.query->source, scope);
      }
      break;
    default:
      break;
  }
  return Semantic("SEM0040", "A scalar expression is expected here");
}

Result<ExprPtr> Binder::BindPredicate(const ast::Expr& expr, const Scope& scope) {
  KC_ASSIGN(ExprPtr predicate, BindScalar(expr, scope));
  switch (predicate->type) {
    case ScalarType::kBool:
      return predicate;
    case ScalarType::kInt:
    case ScalarType::kLong:
    case ScalarType::kReal:
      return MakeSql(ScalarType::kBool, "($1 <> 0)", {std::move(predicate)});
    case ScalarType::kDynamic:
      return Convert(std::move(predicate), ScalarType::kBool);
    default:
      return Semantic("SEM0024", "A boolean expression is expected, not one of type " +
                                     std::string(KustoName(predicate->type)));
  }
}

Result<NamedExpr> Binder::BindNamed(const ast::Expr& expr, const Scope& scope) {
  NamedExpr named;
  const ast::Expr* value = &expr;
  if (expr.kind == ast::ExprKind::kNamed) {
    named.name = expr.names.empty() ? "" : expr.names[0];
    named.is_explicit = true;
    value = expr.args[0].get();
  } else {
    named.name = ImpliedName(expr, scope);
  }
  KC_ASSIGN(named.expr, BindScalar(*value, scope));
  return named;
}

Result<ExprPtr> Binder::BindName(const ast::Expr& expr, const Scope& scope) {
  if (scope.rows != nullptr) {
    if (const Column* column = FindColumn(*scope.rows, expr.text)) return MakeColumn(*column);
  }
  if (const auto name = FindName(scope.env, expr.text)) {
    KC_ASSIGN(Bound bound, UseName(name, expr.text));
    if (bound.scalar) return std::move(bound.scalar);
    return Semantic("SEM0040", "A scalar expression is expected, '" + expr.text + "' is a table");
  }
  return Semantic("SEM0100", "Failed to resolve table or column or scalar expression named '" +
                                 expr.text + "'");
}

Result<ExprPtr> Binder::BindMember(const ast::Expr& expr, const Scope& scope) {
  const ast::Expr& of = *expr.args[0];
  if (of.kind == ast::ExprKind::kName && scope.rows != nullptr &&
      (of.text == "$left" || of.text == "$right")) {
    const std::vector<Column>* side = of.text == "$left" ? scope.rows->left : scope.rows->right;
    if (side == nullptr) return Semantic("SEM0100", "'" + of.text + "' is known in joins only");
    if (const Column* column = FindColumn(*side, expr.text)) return MakeColumn(*column);
    return Semantic("SEM0100",
                    "Failed to resolve column named '" + of.text + "." + expr.text + "'");
  }
  KC_ASSIGN(ExprPtr object, BindScalar(of, scope));
  if (object->type != ScalarType::kDynamic) {
    return Semantic("SEM0011", "A member ('" + expr.text +
                                   "') can be taken of a dynamic only, not of " +
                                   std::string(KustoName(object->type)));
  }
  return CallFunction("op:index", {std::move(object), MakeString(expr.text)});
}

Result<ExprPtr> Binder::BindIndex(const ast::Expr& expr, const Scope& scope) {
  KC_ASSIGN(ExprPtr object, BindScalar(*expr.args[0], scope));
  KC_ASSIGN(ExprPtr index, BindScalar(*expr.args[1], scope));
  if (object->type != ScalarType::kDynamic) {
    return Semantic("SEM0011", "An element can be taken of a dynamic only, not of " +
                                   std::string(KustoName(object->type)));
  }
  if (index->type == ScalarType::kDynamic) {
    // By the kind of the index's value.
    KC_ASSIGN(ExprPtr text, Convert(index, ScalarType::kString));
    KC_ASSIGN(ExprPtr number, Convert(index, ScalarType::kLong));
    KC_ASSIGN(ExprPtr member, CallFunction("op:index", {object, text}));
    KC_ASSIGN(ExprPtr element, CallFunction("op:index", {object, number}));
    return MakeCase(
        ScalarType::kDynamic,
        {MakeSql(ScalarType::kBool, "starts_with($1, '\"')", {index}), member, element});
  }
  return CallFunction("op:index", {std::move(object), std::move(index)});
}

Result<ExprPtr> Binder::BindBinary(const ast::Expr& expr, const Scope& scope) {
  if (expr.op == ast::Op::kAnd || expr.op == ast::Op::kOr) {
    std::vector<ExprPtr> args;
    for (const ast::ExprPtr& arg : expr.args) {
      KC_ASSIGN(ExprPtr bound, BindPredicate(*arg, scope));
      args.push_back(std::move(bound));
    }
    return expr.op == ast::Op::kAnd ? MakeAnd(std::move(args)) : MakeOr(std::move(args));
  }
  const ast::Expr& left_ast = *expr.args[0];
  // `* has "x"`: any column.
  if (left_ast.kind == ast::ExprKind::kStar && scope.rows != nullptr) {
    KC_ASSIGN(ExprPtr right, BindScalar(*expr.args[1], scope));
    std::vector<ExprPtr> any;
    for (const Column& column : scope.rows->columns) {
      KC_ASSIGN(ExprPtr text, Convert(MakeColumn(column), ScalarType::kString));
      KC_ASSIGN(ExprPtr needle, Convert(right, ScalarType::kString));
      KC_ASSIGN(ExprPtr match, expr.op == ast::Op::kEq
                                   ? Comparison(expr.op, std::move(text), std::move(needle))
                                   : StringOperator(expr.op, std::move(text), std::move(needle)));
      any.push_back(std::move(match));
    }
    if (any.empty()) return MakeBool(false);
    // `* !has x`: no column has it.
    const bool negative = ast::OpName(expr.op).starts_with('!');
    return negative ? MakeAnd(std::move(any)) : MakeOr(std::move(any));
  }
  KC_ASSIGN(ExprPtr left, BindScalar(left_ast, scope));
  KC_ASSIGN(ExprPtr right, BindScalar(*expr.args[1], scope));
  switch (expr.op) {
    case ast::Op::kAdd:
    case ast::Op::kSub:
    case ast::Op::kMul:
    case ast::Op::kDiv:
    case ast::Op::kMod:
      return Arithmetic(expr.op, std::move(left), std::move(right));
    case ast::Op::kEq:
    case ast::Op::kNe:
    case ast::Op::kLt:
    case ast::Op::kLe:
    case ast::Op::kGt:
    case ast::Op::kGe:
      return Comparison(expr.op, std::move(left), std::move(right));
    case ast::Op::kHasAny:
    case ast::Op::kHasAll:
      return HasAnyOrAll(expr.op, std::move(left), {std::move(right)});
    default:
      return StringOperator(expr.op, std::move(left), std::move(right));
  }
}

Result<ExprPtr> Binder::HasAnyOrAll(ast::Op op, ExprPtr left, std::vector<ExprPtr> list) {
  KC_ASSIGN(left, Convert(std::move(left), ScalarType::kString));
  ExprPtr array;
  if (list.size() == 1 && list[0]->type == ScalarType::kDynamic) {
    array = list[0];
  } else {
    for (ExprPtr& item : list) {
      if (item->type != ScalarType::kString && item->type != ScalarType::kDynamic) {
        KC_ASSIGN(item, Convert(std::move(item), ScalarType::kString));
      }
    }
    KC_ASSIGN(array, CallFunction("array:make", std::move(list)));
  }
  return CallFunction("op:" + std::string(ast::OpName(op)), {std::move(left), std::move(array)});
}

Result<ExprPtr> Binder::BindInList(const ast::Expr& expr, const Scope& scope) {
  const ast::Op op = expr.op;
  const bool negated = op == ast::Op::kNotIn || op == ast::Op::kNotInCi;
  const bool ignore_case = op == ast::Op::kInCi || op == ast::Op::kNotInCi;
  std::vector<ExprPtr> list;
  NodePtr table;
  Scope list_scope = scope;
  for (size_t i = 1; i < expr.args.size(); ++i) {
    KC_ASSIGN(Bound bound, BindAny(*expr.args[i], list_scope));
    if (bound.table && expr.args.size() != 2) {
      return Semantic("SEM0040", "A list of values may not contain a table");
    }
    if (bound.table) table = std::move(bound.table);
    if (bound.scalar) list.push_back(std::move(bound.scalar));
  }
  const bool has = op == ast::Op::kHasAny || op == ast::Op::kHasAll;
  const bool star = expr.args[0]->kind == ast::ExprKind::kStar && scope.rows != nullptr;
  ExprPtr left;
  if (!star) {
    KC_ASSIGN(left, BindScalar(*expr.args[0], scope));
  }
  if (table) {
    if (table->columns.empty()) return Semantic("SEM0040", "The list's table has no columns");
    const Column column = table->columns[0];
    if (has || ignore_case || star) {
      KC_ASSIGN(ValueTable rows, RunNow(MakeShow(table, {column})));
      for (std::vector<Value>& row : rows.rows) {
        if (!IsNull(row[0])) list.push_back(MakeLiteral(column.type, std::move(row[0])));
      }
    } else {
      KC_ASSIGN(std::optional<ScalarType> type,
                Result<std::optional<ScalarType>>(CommonType({left, MakeNull(column.type)})));
      if (!type) type = column.type;
      KC_ASSIGN(left, Convert(std::move(left), *type));
      KC_ASSIGN(ExprPtr value, Convert(MakeColumn(column), *type));
      const ColumnId id = NewColumn();
      auto in = std::make_shared<Expr>();
      in->kind = ExprKind::kInQuery;
      in->type = ScalarType::kBool;
      in->negated = negated;
      in->args = {std::move(left)};
      in->query = MakeShow(MakeCompute(table, {{id, value}}), {{column.name, *type, id}});
      return ExprPtr(std::move(in));
    }
  }
  if (star) {
    std::vector<ExprPtr> any;
    for (const Column& column : scope.rows->columns) {
      KC_ASSIGN(ExprPtr text, Convert(MakeColumn(column), ScalarType::kString));
      KC_ASSIGN(ExprPtr match, has ? HasAnyOrAll(op, std::move(text), list)
                                   : In(std::move(text), list, negated, ignore_case));
      any.push_back(std::move(match));
    }
    return any.empty() ? MakeBool(false) : MakeOr(std::move(any));
  }
  if (has) return HasAnyOrAll(op, std::move(left), std::move(list));
  return In(std::move(left), std::move(list), negated, ignore_case);
}

Result<ExprPtr> Binder::BindBetween(const ast::Expr& expr, const Scope& scope) {
  KC_ASSIGN(ExprPtr value, BindScalar(*expr.args[0], scope));
  KC_ASSIGN(ExprPtr low, BindScalar(*expr.args[1], scope));
  KC_ASSIGN(ExprPtr high, BindScalar(*expr.args[2], scope));
  // datetime between (datetime .. timespan): the end is an offset from the beginning.
  if (low->type == ScalarType::kDateTime && high->type == ScalarType::kTimeSpan) {
    KC_ASSIGN(high, Arithmetic(ast::Op::kAdd, low, std::move(high)));
  }
  KC_ASSIGN(ExprPtr from, Comparison(ast::Op::kGe, value, std::move(low)));
  KC_ASSIGN(ExprPtr to, Comparison(ast::Op::kLe, value, std::move(high)));
  ExprPtr both = MakeAnd({std::move(from), std::move(to)});
  return expr.op == ast::Op::kNotBetween ? MakeNot(std::move(both)) : both;
}

Result<ExprPtr> Binder::BindToScalar(const ast::Expr& expr, const Scope& scope) {
  Scope constant;
  constant.env = scope.env;
  KC_ASSIGN(Bound bound, BindAny(*expr.args[0], constant));
  if (bound.scalar) return std::move(bound.scalar);
  if (bound.table->columns.empty()) return Semantic("SEM0040", "toscalar(): no column");
  const Column column = bound.table->columns[0];
  // Computed once, before the query itself, as Kusto does: then it is a constant for everything
  // that wants one, and lets row groups be left out.
  KC_ASSIGN(ValueTable rows, RunNow(MakeLimit(MakeShow(bound.table, {column}), 1)));
  if (rows.rows.empty()) return MakeNull(column.type);
  return MakeLiteral(column.type, std::move(rows.rows[0][0]));
}

}  // namespace kc::kql
