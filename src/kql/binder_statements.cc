// Statements: let, set, declare query_parameters, and the order they are worked through.
#include "base/text.h"
#include "kql/binder_impl.h"
#include "kql/parser.h"

namespace kc::kql {

Result<BoundQuery> Bind(const BindRequest& request) {
  return Binder(request).BindScript();
}

Result<EnvPtr> Binder::BindLet(const ast::Let& let, const EnvPtr& env) {
  auto name = std::make_shared<Name>();
  if (let.value->kind == ast::ExprKind::kFunctionLiteral) {
    name->function = let.value->function.get();
  } else {
    name->expr = let.value.get();
  }
  name->env = env;
  return WithName(env, let.name, std::move(name));
}

// Seen by the query and its lets, not by stored functions.
Result<EnvPtr> Binder::BindAlias(const ast::Alias& alias, const EnvPtr& env) {
  KC_ASSIGN(auto database, BindDatabaseRef(*alias.database, env));
  if (!database || database->cluster.empty() || database->database.empty()) {
    return Semantic("SEM0001", "alias database: cluster('…').database('…') is expected");
  }
  auto next = std::make_shared<Env>();
  next->parent = env;
  next->database = env->database;
  next->plain_table = env->plain_table;
  next->alias = alias.name;
  next->alias_of = *std::move(database);
  return EnvPtr(std::move(next));
}

Status Binder::BindSet(const ast::Set& set, const EnvPtr& env) {
  if (set.value && (set.name == "query_bin_auto_size" || set.name == "query_bin_auto_at")) {
    KC_ASSIGN(bin_auto_[set.name], BindConstant(*set.value, env, "set"));
  }
  std::string text = "true";
  if (set.value) {
    if (set.value->kind == ast::ExprKind::kName) {
      text = set.value->text;
    } else {
      KC_ASSIGN(text, BindConstantText(*set.value, env, "set"));
    }
  }
  output_.options[set.name] = text;
  return {};
}

Result<EnvPtr> Binder::BindParameters(const ast::QueryParameters& parameters, const EnvPtr& env) {
  EnvPtr result = env;
  for (const ast::FunctionParameter& parameter : parameters.parameters) {
    auto name = std::make_shared<Name>();
    name->env = env;
    const auto given = request_.parameters.find(parameter.name);
    if (given == request_.parameters.end()) {
      if (!parameter.default_value) {
        return Semantic("SEM0019", "The query parameter '" + parameter.name +
                                       "' was not specified and has no default value");
      }
      name->expr = parameter.default_value.get();
    } else if (parameter.type == ScalarType::kString) {
      // A string may come as a literal or as it is.
      auto literal = ParseExpression(given->second);
      const bool quoted = literal && (*literal)->kind == ast::ExprKind::kLiteral &&
                          (*literal)->type == ScalarType::kString;
      name->bound = Bound{
          MakeString(quoted ? std::get<std::string>((*literal)->value) : given->second), nullptr};
    } else {
      auto literal = ParseExpression(given->second);
      if (!literal) return Fail(std::move(literal).error());
      name->expr = Keep(std::move(*literal))->get();
    }
    if (!name->bound) {
      KC_ASSIGN(Bound bound, UseName(name, parameter.name));
      if (!bound.scalar) {
        return Semantic("SEM0020", "The query parameter '" + parameter.name + "' is no scalar");
      }
      KC_ASSIGN(ExprPtr converted, Convert(bound.scalar, parameter.type));
      KC_ASSIGN(bound.scalar, Fold(converted));
      name->bound = bound;
    }
    result = WithName(result, parameter.name, std::move(name));
  }
  return result;
}

Result<Binder::Body> Binder::EnterBody(const std::vector<ast::Statement>& statements, EnvPtr env) {
  Body body;
  for (const ast::Statement& statement : statements) {
    if (const auto* let = std::get_if<ast::Let>(&statement.statement)) {
      KC_ASSIGN(env, BindLet(*let, env));
    } else if (const auto* set = std::get_if<ast::Set>(&statement.statement)) {
      KC_TRY(BindSet(*set, env));
    } else if (const auto* parameters = std::get_if<ast::QueryParameters>(&statement.statement)) {
      KC_ASSIGN(env, BindParameters(*parameters, env));
    } else if (const auto* expression = std::get_if<ast::Expression>(&statement.statement)) {
      body.result = expression->expr.get();
    } else {
      return Semantic("SEM0001",
                      "'alias' and 'restrict' in a function are not supported by this engine");
    }
  }
  body.env = std::move(env);
  return body;
}

Result<BoundQuery> Binder::BindScript() {
  auto root = std::make_shared<Env>();
  for (const auto& [name, table] : request_.tables) {
    auto value = std::make_shared<Name>();
    value->bound = Bound{nullptr, FromValues(table)};
    root->names.emplace(name, std::move(value));
  }
  // Statements one after the other: several queries in a text give several results.
  EnvPtr env = root;
  std::vector<ResultPlan> results;
  for (const ast::Statement& statement : request_.script->statements) {
    const auto* expression = std::get_if<ast::Expression>(&statement.statement);
    if (expression == nullptr) {
      if (const auto* let = std::get_if<ast::Let>(&statement.statement)) {
        KC_ASSIGN(env, BindLet(*let, env));
      } else if (const auto* set = std::get_if<ast::Set>(&statement.statement)) {
        KC_TRY(BindSet(*set, env));
      } else if (const auto* declared = std::get_if<ast::QueryParameters>(&statement.statement)) {
        KC_ASSIGN(env, BindParameters(*declared, env));
      } else if (const auto* alias = std::get_if<ast::Alias>(&statement.statement)) {
        KC_ASSIGN(env, BindAlias(*alias, env));
      } else {
        return Semantic("SEM0001", "'restrict access' is not supported by this engine");
      }
      continue;
    }
    KC_ASSIGN(NodePtr plan, BindTabular(*expression->expr, env));
    if (output_.results.empty()) {
      results.push_back({"PrimaryResult", std::move(plan)});
    } else {  // fork and facet made their own
      for (ResultPlan& result : output_.results) results.push_back(std::move(result));
      output_.results.clear();
    }
  }
  if (results.empty()) {
    return Semantic("SEM0003", "The query has no statement that produces a result");
  }
  output_.results = std::move(results);
  return std::move(output_);
}

}  // namespace kc::kql
