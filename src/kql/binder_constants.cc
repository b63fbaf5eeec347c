// Constants: what an operator or a function must know while the query is bound.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "kql/binder_impl.h"

namespace kc::kql {

Result<ValueTable> Binder::RunNow(const NodePtr& plan) {
  if (request_.runner == nullptr) return Semantic("SEM0001", "Nothing can be computed here");
  return request_.runner->Run(plan, kMaxDiscoveredRows);
}

Result<Value> Binder::Evaluate(const ExprPtr& expr) {
  if (IsLiteral(expr)) return expr->value;
  const Column column = NewColumn("value", expr->type);
  const NodePtr plan =
      MakeShow(MakeCompute(MakeNode(NodeKind::kOneRow), {{column.id, expr}}), {column});
  KC_ASSIGN(ValueTable rows, RunNow(plan));
  KC_ASSERT(rows.rows.size() == 1);
  return std::move(rows.rows[0][0]);
}

Result<ExprPtr> Binder::Fold(const ExprPtr& expr) {
  if (IsLiteral(expr) || !IsConstant(*expr)) return expr;
  KC_ASSIGN(Value value, Evaluate(expr));
  return MakeLiteral(expr->type, std::move(value));
}

Result<ExprPtr> Binder::BindConstant(const ast::Expr& expr, const EnvPtr& env,
                                     std::string_view what) {
  Scope scope;
  scope.env = env;
  KC_ASSIGN(ExprPtr bound, BindScalar(expr, scope));
  if (!IsConstant(*bound)) {
    return Semantic("SEM0041", std::string(what) + ": a constant is expected");
  }
  return Fold(bound);
}

Result<int64_t> Binder::BindCount(const ast::Expr& expr, const EnvPtr& env, std::string_view what) {
  KC_ASSIGN(ExprPtr bound, BindConstant(expr, env, what));
  KC_ASSIGN(bound, Convert(std::move(bound), ScalarType::kLong));
  KC_ASSIGN(Value value, Evaluate(bound));
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr || *number < 0) {
    return Semantic("SEM0042", std::string(what) + ": a number that is not negative is expected");
  }
  return *number;
}

Result<std::string> Binder::BindConstantText(const ast::Expr& expr, const EnvPtr& env,
                                             std::string_view what) {
  KC_ASSIGN(ExprPtr bound, BindConstant(expr, env, what));
  KC_ASSIGN(bound, Convert(std::move(bound), ScalarType::kString));
  KC_ASSIGN(Value value, Evaluate(bound));
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string() : *text;
}

namespace {

// A JSON value as the Kusto value that it is inside a dynamic.
ExprPtr FromJson(const Json& json) {
  if (json.is_string()) return MakeString(json.get<std::string>());
  if (json.is_boolean()) return MakeBool(json.get<bool>());
  if (json.is_number_unsigned() || json.is_number_integer()) return MakeLong(json.get<int64_t>());
  if (json.is_number()) return MakeLiteral(ScalarType::kReal, json.get<double>());
  if (json.is_null()) return MakeNull(ScalarType::kDynamic);
  return MakeLiteral(ScalarType::kDynamic, DumpJson(json));
}

}  // namespace

Result<std::vector<ExprPtr>> Binder::ExpandDynamicList(const ExprPtr& list) {
  KC_ASSIGN(Value value, Evaluate(list));
  const auto* text = std::get_if<std::string>(&value);
  std::vector<ExprPtr> items;
  if (text == nullptr) return items;
  KC_ASSIGN(Json json, ParseJson(*text));
  if (!json.is_array()) {
    items.push_back(FromJson(json));
    return items;
  }
  for (const Json& element : json) items.push_back(FromJson(element));
  return items;
}

}  // namespace kc::kql
