// Tabular expressions: sources, and the chain of operators after one.
#include "kql/binder_impl.h"

namespace kc::kql {

Result<NodePtr> Binder::BindTabular(const ast::Expr& expr, const EnvPtr& env) {
  DepthGuard guard(*this);
  KC_TRY(guard.status());
  KC_TRY(Count());
  switch (expr.kind) {
    case ast::ExprKind::kQuery:
      return BindQuery(*expr.query, env);
    case ast::ExprKind::kDataTable:
      return BindDataTable(expr, env);
    case ast::ExprKind::kExternalData:
      return BindExternalData(expr, env);
    case ast::ExprKind::kMaterialize:
      return BindMaterialize(expr, env);
    case ast::ExprKind::kWildcard: {
      KC_ASSIGN(std::vector<UnionLeg> legs, BindLegsOf(expr, env));
      std::vector<NodePtr> nodes;
      std::vector<std::string> names;
      for (UnionLeg& leg : legs) {
        nodes.push_back(std::move(leg.node));
        names.push_back(std::move(leg.name));
      }
      return UnionTables(nodes, true, "", names);
    }
    case ast::ExprKind::kName: {
      const auto name = FindName(env, expr.text);
      // A function that needs no arguments needs no parentheses either.
      if (name && name->function != nullptr && name->function->parameters.empty()) {
        ast::Expr call;
        call.kind = ast::ExprKind::kCall;
        call.text = expr.text;
        KC_ASSIGN(Bound bound,
                  CallUser(*name->function, name->env, expr.text, call, Scope{env, nullptr}));
        if (bound.table) return std::move(bound.table);
        return Semantic("SEM0040", "A table is expected, '" + expr.text + "' gives a scalar");
      }
      if (name && name->function == nullptr) {
        KC_ASSIGN(Bound bound, UseName(name, expr.text));
        if (bound.table) return std::move(bound.table);
        return Semantic("SEM0040", "A table is expected, '" + expr.text + "' is a scalar");
      }
      return ResolveTable(env->database, expr.text, env);
    }
    default:
      break;
  }
  Scope scope;
  scope.env = env;
  KC_ASSIGN(Bound bound, BindAny(expr, scope));
  if (bound.table) return std::move(bound.table);
  return Semantic("SEM0040", "A table is expected here");
}

Result<NodePtr> Binder::BindQuery(const ast::Query& query, const EnvPtr& env, NodePtr input) {
  EnvPtr inner = env;
  NodePtr node = std::move(input);
  if (query.source) {
    KC_ASSIGN(node, BindTabular(*query.source, inner));
  }
  for (const ast::Operator& op : query.operators) {
    KC_TRY(Count());
    KC_ASSIGN(node, BindOperator(op, std::move(node), inner));
  }
  if (!node) return Semantic("SEM0003", "A query is expected here");
  return node;
}

Result<NodePtr> Binder::BindOperator(const ast::Operator& op, NodePtr input, EnvPtr& env) {
  if (const auto* as = std::get_if<ast::As>(&op.op)) {
    auto name = std::make_shared<Name>();
    name->bound = Bound{nullptr, input};
    name->uses = 1;  // the pipe itself
    env = WithName(env, as->name, std::move(name));
    return input;
  }
  // Operators that can stand at the beginning of a query; all others need an input.
  const bool is_source =
      std::holds_alternative<ast::Print>(op.op) || std::holds_alternative<ast::Range>(op.op) ||
      std::holds_alternative<ast::Union>(op.op) || std::holds_alternative<ast::Search>(op.op) ||
      std::holds_alternative<ast::Find>(op.op) || std::holds_alternative<ast::Evaluate>(op.op) ||
      std::holds_alternative<ast::MacroExpand>(op.op);
  if (!input && !is_source) return Semantic("SEM0003", "A table is expected before the operator");
  return std::visit(
      [&](const auto& o) -> Result<NodePtr> {
        if constexpr (std::is_same_v<std::decay_t<decltype(o)>, ast::As>) {
          return input;
        } else {
          return Operate(o, std::move(input), env);
        }
      },
      op.op);
}

}  // namespace kc::kql
