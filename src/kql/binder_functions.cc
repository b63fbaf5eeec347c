// User functions: let functions and stored ones, inlined at each call.
#include "base/text.h"
#include "kql/binder_impl.h"
#include "kql/parser.h"

namespace kc::kql {

Result<std::pair<const ast::Function*, EnvPtr>> Binder::StoredFunction(const DatabaseRef& database,
                                                                       std::string_view name) {
  const std::string key = database.cluster + "\n" + database.database + "\n" + std::string(name);
  if (const auto it = stored_.find(key); it != stored_.end()) return it->second;
  std::pair<const ast::Function*, EnvPtr> found{nullptr, nullptr};
  if (request_.catalog != nullptr) {
    KC_ASSIGN(FunctionPtr info, request_.catalog->FindFunction(database, name));
    if (info) {
      auto function = std::make_shared<ast::Function>();
      auto parameters = ParseParameters(info->parameters);
      if (!parameters) {
        return Fail(std::move(parameters).error().Within("function '" + info->name + "'"));
      }
      auto body = ParseFunctionBody(info->body);
      if (!body) return Fail(std::move(body).error().Within("function '" + info->name + "'"));
      function->parameters = std::move(*parameters);
      function->body = std::move(*body);
      auto env = std::make_shared<Env>();
      env->database = database;
      if (!info->database.empty()) env->database.database = info->database;
      kept_.push_back(function);
      found = {function.get(), std::move(env)};
    }
  }
  stored_.emplace(key, found);
  return found;
}

namespace {

// The argument of each parameter: positional ones first, then named ones; null where none is given.
Result<std::vector<const ast::Expr*>> AssignArguments(const ast::Function& function,
                                                      const std::string& name,
                                                      const ast::Expr& call, size_t first_arg,
                                                      size_t skip) {
  std::vector<const ast::Expr*> given(function.parameters.size(), nullptr);
  size_t position = skip;
  for (size_t a = first_arg; a < call.args.size(); ++a) {
    const ast::ExprPtr& arg = call.args[a];
    if (arg->kind == ast::ExprKind::kNamed && !arg->names.empty()) {
      bool found = false;
      for (size_t i = 0; i < given.size(); ++i) {
        if (function.parameters[i].name != arg->names[0]) continue;
        given[i] = arg->args[0].get();
        found = true;
      }
      if (found) continue;
      return Binder::Semantic(
          "SEM0262", "The function '" + name + "' has no parameter '" + arg->names[0] + "'");
    }
    if (position >= given.size()) {
      return Binder::Semantic("SEM0219", "The function '" + name + "' takes at most " +
                                             std::to_string(given.size()) + " argument(s)");
    }
    given[position++] = arg.get();
  }
  return given;
}

// The columns that a tabular parameter declares must be there; the others are hidden from the body.
Result<NodePtr> CheckTable(Binder& binder, const ast::FunctionParameter& parameter, NodePtr table) {
  if (parameter.any_columns) return table;
  std::vector<Column> columns;
  for (const ast::ColumnDecl& declared : parameter.columns) {
    const Column* column = Binder::FindColumn(table->columns, declared.name);
    if (column == nullptr || column->type != declared.type) {
      return binder.Semantic("SEM0263", "The table given for '" + parameter.name +
                                            "' has no column '" + declared.name + "' of type " +
                                            std::string(KustoName(declared.type)));
    }
    columns.push_back(*column);
  }
  return MakeShow(std::move(table), std::move(columns));
}

}  // namespace

Result<Bound> Binder::CallUser(const ast::Function& function, const EnvPtr& definition,
                               const std::string& name, const ast::Expr& call, const Scope& scope,
                               const NodePtr& piped, size_t first_arg) {
  DepthGuard guard(*this);
  KC_TRY(guard.status());
  KC_ASSIGN(std::vector<const ast::Expr*> given,
            AssignArguments(function, name, call, first_arg, piped ? 1 : 0));
  EnvPtr env = definition;
  for (size_t i = 0; i < given.size(); ++i) {
    const ast::FunctionParameter& parameter = function.parameters[i];
    auto value = std::make_shared<Name>();
    value->env = scope.env;
    if (parameter.tabular) {
      NodePtr table;
      if (i == 0 && piped) {
        table = piped;
      } else if (given[i] != nullptr) {
        KC_ASSIGN(table, BindTabular(*given[i], scope.env));
      } else {
        return Semantic("SEM0219",
                        "The function '" + name + "' needs a table for '" + parameter.name + "'");
      }
      KC_ASSIGN(table, CheckTable(*this, parameter, std::move(table)));
      value->bound = Bound{nullptr, std::move(table)};
    } else {
      const ast::Expr* arg = given[i];
      Scope arg_scope = scope;
      if (arg == nullptr) {
        arg = parameter.default_value.get();
        arg_scope = Scope{definition, nullptr};
      }
      if (arg == nullptr) {
        return Semantic("SEM0219", "The function '" + name + "' needs an argument for '" +
                                       parameter.name + "'");
      }
      KC_ASSIGN(ExprPtr bound, BindScalar(*arg, arg_scope));
      KC_ASSIGN(bound, Convert(std::move(bound), parameter.type));
      value->bound = Bound{std::move(bound), nullptr};
    }
    env = WithName(env, parameter.name, std::move(value));
  }
  KC_ASSIGN(Body body, EnterBody(function.body, env));
  if (body.result == nullptr) {
    return Semantic("SEM0264", "The function '" + name + "' has no expression for its result");
  }
  Scope inner;
  inner.env = body.env;
  // A scalar body sees its parameters only, not the columns of the row that it is called for; it
  // may still add window functions and aggregates to the caller's relation through them.
  return BindAny(*body.result, inner);
}

Result<NodePtr> Binder::Operate(const ast::Invoke& op, NodePtr in, const EnvPtr& env) {
  Scope scope;
  scope.env = env;
  const ast::Expr& call = *op.call;
  Bound bound;
  if (const auto name = FindName(env, call.text); name && name->function != nullptr) {
    KC_ASSIGN(bound, CallUser(*name->function, name->env, call.text, call, scope, in));
  } else {
    KC_ASSIGN(auto stored, StoredFunction(env->database, call.text));
    if (stored.first == nullptr) {
      return Semantic("SEM0260", "Unknown function: '" + call.text + "'");
    }
    KC_ASSIGN(bound, CallUser(*stored.first, stored.second, call.text, call, scope, in));
  }
  if (!bound.table) {
    return Semantic("SEM0040", "invoke: the function '" + call.text + "' gives no table");
  }
  return std::move(bound.table);
}

}  // namespace kc::kql
