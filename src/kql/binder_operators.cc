// Operators over bound values: which types they take, what the result's type is, conversions.
#include <cmath>

#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

bool IsNumber(ScalarType type) {
  return type == ScalarType::kInt || type == ScalarType::kLong || type == ScalarType::kReal ||
         type == ScalarType::kDecimal;
}

std::string TypeName(const ExprPtr& e) {
  return std::string(KustoName(e->type));
}

// int < long < real < decimal.
ScalarType Wider(ScalarType a, ScalarType b) {
  for (const ScalarType type : {ScalarType::kDecimal, ScalarType::kReal, ScalarType::kLong}) {
    if (a == type || b == type) return type;
  }
  return ScalarType::kInt;
}

// The type that a dynamic operand is read as when it meets a value of `other`.
ScalarType LeafType(ScalarType other) {
  return other == ScalarType::kInt ? ScalarType::kLong : other;
}

}  // namespace

Result<ExprPtr> Binder::Convert(ExprPtr expr, ScalarType type) {
  if (expr->type == type) return expr;
  if (IsNullLiteral(expr) && type != ScalarType::kString) return MakeNull(type);
  if (IsLiteral(expr)) {
    if (const auto* number = std::get_if<int64_t>(&expr->value)) {
      const bool integer = expr->type == ScalarType::kInt || expr->type == ScalarType::kLong;
      if (integer && type == ScalarType::kLong) return MakeLong(*number);
      if (integer && type == ScalarType::kReal) {
        return MakeLiteral(type, static_cast<double>(*number));
      }
    }
  }
  const std::string name(KustoName(type));
  for (const ScalarFunction& row : ScalarFunctions()) {
    if (row.name == "cast:" + name && row.arguments == KustoName(expr->type)) {
      return CallFunction(row.name, {std::move(expr)});
    }
  }
  return CallFunction(type == ScalarType::kReal ? "todouble" : "to" + name, {std::move(expr)});
}

Result<ExprPtr> Binder::Arithmetic(ast::Op op, ExprPtr left, ExprPtr right) {
  const std::string name = "op:" + std::string(ast::OpName(op));
  const auto refuse = [&] {
    return Semantic("SEM0025", "The operator '" + std::string(ast::OpName(op)) +
                                   "' is not defined for the types " + TypeName(left) + " and " +
                                   TypeName(right));
  };
  if (left->type == ScalarType::kDynamic && right->type == ScalarType::kDynamic) {
    KC_ASSIGN(ExprPtr a, Convert(left, ScalarType::kReal));
    KC_ASSIGN(ExprPtr b, Convert(right, ScalarType::kReal));
    KC_ASSIGN(ExprPtr result, Arithmetic(op, a, b));
    return Convert(std::move(result), ScalarType::kDynamic);
  }
  if (left->type == ScalarType::kDynamic) {
    KC_ASSIGN(left, Convert(left, LeafType(right->type)));
  } else if (right->type == ScalarType::kDynamic) {
    const bool span = left->type == ScalarType::kDateTime;
    KC_ASSIGN(right, Convert(right, span ? ScalarType::kTimeSpan : LeafType(left->type)));
  }
  const bool left_number = IsNumber(left->type), right_number = IsNumber(right->type);
  if (left_number && right_number) {
    ScalarType type = Wider(left->type, right->type);
    if (type == ScalarType::kInt && (op == ast::Op::kDiv || op == ast::Op::kMod)) {
      type = ScalarType::kLong;
    }
    KC_ASSIGN(left, Convert(std::move(left), type));
    KC_ASSIGN(right, Convert(std::move(right), type));
    return CallFunction(name, {std::move(left), std::move(right)});
  }
  if (left_number || right_number) {
    ExprPtr& number = left_number ? left : right;
    if (number->type == ScalarType::kInt) {
      KC_ASSIGN(number, Convert(number, ScalarType::kLong));
    } else if (number->type == ScalarType::kDecimal) {
      KC_ASSIGN(number, Convert(number, ScalarType::kReal));
    }
  }
  for (const ScalarFunction& row : ScalarFunctions()) {
    if (row.name != name) continue;
    if (row.arguments == TypeName(left) + "," + TypeName(right)) {
      return CallFunction(name, {std::move(left), std::move(right)});
    }
  }
  return refuse();
}

Result<ExprPtr> Binder::Negate(ExprPtr arg) {
  if (IsLiteral(arg)) {
    if (const auto* number = std::get_if<int64_t>(&arg->value)) {
      if (arg->type != ScalarType::kDateTime) {
        // Wraps, as the engine does for the smallest number.
        const ScalarType type = arg->type == ScalarType::kInt ? ScalarType::kLong : arg->type;
        return MakeLiteral(type, static_cast<int64_t>(0 - static_cast<uint64_t>(*number)));
      }
    } else if (const auto* real = std::get_if<double>(&arg->value)) {
      return MakeLiteral(arg->type, -*real);
    }
  }
  if (arg->type == ScalarType::kDynamic) {
    KC_ASSIGN(arg, Convert(std::move(arg), ScalarType::kReal));
  }
  if (arg->type == ScalarType::kInt) {
    KC_ASSIGN(arg, Convert(std::move(arg), ScalarType::kLong));
  }
  return CallFunction("op:neg", {std::move(arg)});
}

std::optional<ScalarType> Binder::CommonType(const std::vector<ExprPtr>& args) {
  std::optional<ScalarType> common;
  bool dynamic = false;
  for (const ExprPtr& arg : args) {
    if (arg->type == ScalarType::kDynamic) {
      dynamic = true;
    } else if (!common) {
      common = arg->type;
    } else if (IsNumber(*common) && IsNumber(arg->type)) {
      common = Wider(*common, arg->type);
    } else if (*common != arg->type) {
      return std::nullopt;
    }
  }
  if (!common && dynamic) return ScalarType::kDynamic;
  return common;
}

Result<ExprPtr> Binder::Comparison(ast::Op op, ExprPtr left, ExprPtr right) {
  const auto compare = [&] {
    switch (op) {
      case ast::Op::kEq:
        return Compare::kEq;
      case ast::Op::kNe:
        return Compare::kNe;
      case ast::Op::kLt:
        return Compare::kLt;
      case ast::Op::kLe:
        return Compare::kLe;
      case ast::Op::kGt:
        return Compare::kGt;
      default:
        return Compare::kGe;
    }
  }();
  const auto is_integer = [](const ExprPtr& e) {
    return e->type == ScalarType::kInt || e->type == ScalarType::kLong;
  };
  if (left->type == ScalarType::kBool && is_integer(right)) {
    left = MakeSql(ScalarType::kLong, "CAST($1 AS BIGINT)", {std::move(left)});
  } else if (right->type == ScalarType::kBool && is_integer(left)) {
    right = MakeSql(ScalarType::kLong, "CAST($1 AS BIGINT)", {std::move(right)});
  }
  const std::optional<ScalarType> common = CommonType({left, right});
  if (!common) {
    return Semantic("SEM0064", "Cannot compare values of types " + TypeName(left) + " and " +
                                   TypeName(right) + ". Try adding explicit casts");
  }
  KC_ASSIGN(left, Convert(std::move(left), *common));
  KC_ASSIGN(right, Convert(std::move(right), *common));
  return MakeCompare(compare, std::move(left), std::move(right));
}

Result<ExprPtr> Binder::StringOperator(ast::Op op, ExprPtr left, ExprPtr right) {
  const std::string name(ast::OpName(op));
  for (ExprPtr* side : {&left, &right}) {
    if ((*side)->type == ScalarType::kString) continue;
    if ((*side)->type != ScalarType::kDynamic) {
      return Semantic("SEM0025", "The operator '" + name + "' is not defined for the types " +
                                     TypeName(left) + " and " + TypeName(right));
    }
    KC_ASSIGN(*side, Convert(*side, ScalarType::kString));
  }
  if (op == ast::Op::kMatchesRegex) {
    KC_ASSIGN(right, Fold(right));
  }
  return CallFunction("op:" + name, {std::move(left), std::move(right)});
}

Result<ExprPtr> Binder::In(ExprPtr left, std::vector<ExprPtr> list, bool negated,
                           bool ignore_case) {
  // A constant array stands for its elements.
  std::vector<ExprPtr> items;
  for (ExprPtr& item : list) {
    if (item->type == ScalarType::kDynamic && IsConstant(*item)) {
      KC_ASSIGN(std::vector<ExprPtr> elements, ExpandDynamicList(item));
      for (ExprPtr& element : elements) items.push_back(std::move(element));
    } else {
      items.push_back(std::move(item));
    }
  }
  const std::string no = negated ? "!" : "";
  if (ignore_case) {
    KC_ASSIGN(left, Convert(std::move(left), ScalarType::kString));
    for (ExprPtr& item : items) {
      KC_ASSIGN(item, Convert(std::move(item), ScalarType::kString));
    }
    KC_ASSIGN(ExprPtr array, CallFunction("array:make", std::move(items)));
    return CallFunction("op:" + no + "in~", {std::move(left), std::move(array)});
  }
  if (items.size() == 1 && items[0]->type == ScalarType::kDynamic) {
    return CallFunction("op:" + no + "in_array", {std::move(left), std::move(items[0])});
  }
  if (left->type == ScalarType::kDynamic && !items.empty()) {
    const auto type = CommonType(items);
    KC_ASSIGN(left, Convert(std::move(left),
                            type && *type != ScalarType::kDynamic ? *type : ScalarType::kString));
  }
  ScalarType type = left->type;
  std::vector<ExprPtr> args = {left};
  for (ExprPtr& item : items) {
    if (IsNull(item->value) && IsLiteral(item) && item->type != ScalarType::kString) continue;
    const auto common = CommonType({args[0], item});
    if (!common) {
      // Values of another kind never match; texts are compared with texts as Kusto does.
      if (item->type != ScalarType::kString) continue;
      return Semantic("SEM0064", "Cannot compare values of types " + TypeName(left) + " and " +
                                     TypeName(item) + ". Try adding explicit casts");
    }
    if (*common != ScalarType::kDynamic && IsNumber(*common)) type = Wider(type, *common);
    args.push_back(std::move(item));
  }
  if (args.size() == 1) return MakeBool(negated);
  for (ExprPtr& arg : args) {
    KC_ASSIGN(arg, Convert(std::move(arg), type));
  }
  auto in = std::make_shared<Expr>();
  in->kind = ExprKind::kIn;
  in->type = ScalarType::kBool;
  in->negated = negated;
  in->args = std::move(args);
  return ExprPtr(std::move(in));
}

}  // namespace kc::kql
