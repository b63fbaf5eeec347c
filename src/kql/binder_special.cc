// Functions that the binder implements itself: conditionals, the clock, names of the environment.
#include <functional>

#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// A condition's value, read as Kusto reads it.
Result<ExprPtr> ToCondition(Binder& binder, ExprPtr e) {
  if (e->type == ScalarType::kBool) return e;
  if (e->type == ScalarType::kInt || e->type == ScalarType::kLong) {
    return MakeSql(ScalarType::kBool, "($1 <> 0)", {std::move(e)});
  }
  if (e->type == ScalarType::kDynamic) return binder.Convert(std::move(e), ScalarType::kBool);
  return Binder::Semantic("SEM0024", "A boolean expression is expected, not one of type " +
                                         std::string(KustoName(e->type)));
}

Result<ExprPtr> BindBranches(Binder& binder, std::vector<ExprPtr> args) {
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool last = i + 1 == args.size();
    if (i % 2 == 1 || last) {
      // null fits any type
      if (!IsNullLiteral(args[i]) || args[i]->type != ScalarType::kDynamic) {
        values.push_back(args[i]);
      }
      continue;
    }
    KC_ASSIGN(args[i], ToCondition(binder, std::move(args[i])));
  }
  auto type = Binder::CommonType(values);
  if (values.empty()) type = ScalarType::kDynamic;
  if (!type) {
    return Binder::Semantic("SEM0027", "The branches have no common type");
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (i % 2 == 1 || i + 1 == args.size()) {
      KC_ASSIGN(args[i], binder.Convert(std::move(args[i]), *type));
    }
  }
  return MakeCase(*type, std::move(args));
}

Result<ExprPtr> Coalesce(Binder& binder, std::vector<ExprPtr> args) {
  const auto type = Binder::CommonType(args);
  if (!type) return Binder::Semantic("SEM0027", "coalesce(): the arguments have no common type");
  std::vector<ExprPtr> branches;
  for (size_t i = 0; i < args.size(); ++i) {
    KC_ASSIGN(args[i], binder.Convert(std::move(args[i]), *type));
    if (i + 1 < args.size()) {
      const std::string_view test =
          *type == ScalarType::kString ? "($1 <> '')" : "($1 IS NOT NULL)";
      branches.push_back(MakeSql(ScalarType::kBool, std::string(test), {args[i]}));
    }
    branches.push_back(args[i]);
  }
  return MakeCase(*type, std::move(branches));
}

Result<std::optional<ExprPtr>> Wrap(Result<ExprPtr> e) {
  if (!e) return Fail(std::move(e).error());
  return std::optional<ExprPtr>(std::move(*e));
}

// Bytes: of texts their length, of all else the size of the type.
Result<ExprPtr> EstimateDataSize(std::vector<ExprPtr> args) {
  int64_t fixed = 0;
  std::string sql;
  std::vector<ExprPtr> texts;
  for (ExprPtr& arg : args) {
    switch (arg->type) {
      case ScalarType::kString:
        texts.push_back(std::move(arg));
        sql += "strlen($" + std::to_string(texts.size()) + ") + ";
        break;
      case ScalarType::kBool:
        fixed += 1;
        break;
      case ScalarType::kInt:
        fixed += 4;
        break;
      case ScalarType::kGuid:
        fixed += 16;
        break;
      case ScalarType::kDynamic:
      case ScalarType::kDecimal:
        return Binder::Semantic("SEM0002",
                                "estimate_data_size() of dynamic and decimal values is "
                                "not supported by this engine");
      default:
        fixed += 8;
    }
  }
  if (texts.empty()) return MakeLong(fixed);
  return MakeSql(ScalarType::kLong, "(" + sql + std::to_string(fixed) + ")", std::move(texts));
}

ExprPtr IsNullTest(const ExprPtr& arg, bool negated) {
  if (!MayBeNull(*arg)) return MakeBool(negated);
  auto e = std::make_shared<Expr>();
  e->kind = ExprKind::kSql;
  e->type = ScalarType::kBool;
  e->sql = negated ? "($1 IS NOT NULL)" : "($1 IS NULL)";
  e->never_null = true;
  e->args = {arg};
  return e;
}

}  // namespace

// bin() by what the query has set.
Result<ExprPtr> Binder::BindBinAuto(const ast::Expr& arg, const Scope& scope) {
  const auto size = bin_auto_.find("query_bin_auto_size");
  if (size == bin_auto_.end()) {
    return Semantic("SEM0001", "bin_auto(): set query_bin_auto_size = …; is missing");
  }
  KC_ASSIGN(ExprPtr value, BindScalar(arg, scope));
  const auto at = bin_auto_.find("query_bin_auto_at");
  if (at == bin_auto_.end()) return CallFunction("bin", {std::move(value), size->second});
  return CallFunction("bin_at", {std::move(value), size->second, at->second});
}

Result<std::optional<ExprPtr>> Binder::BindSpecial(const ast::Expr& call, const Scope& scope) {
  const std::string& f = call.text;
  const size_t n = call.args.size();
  if (f == "iff" || f == "iif" || f == "case") {
    if (n < 3 || n % 2 == 0 || (f != "case" && n != 3)) {
      return Semantic("SEM0219", f + "(): wrong number of arguments");
    }
    KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
    return Wrap(BindBranches(*this, std::move(args)));
  }
  if (f == "coalesce") {
    KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
    if (args.size() < 2) return Semantic("SEM0219", "coalesce(): at least two arguments expected");
    return Wrap(Coalesce(*this, std::move(args)));
  }
  if ((f == "isnull" || f == "isnotnull" || f == "notnull") && n == 1) {
    KC_ASSIGN(ExprPtr arg, BindScalar(*call.args[0], scope));
    return std::optional<ExprPtr>(IsNullTest(arg, f != "isnull"));
  }
  if (f == "now" || f == "ago") {
    if (n > 1 || (f == "ago" && n != 1))
      return Semantic("SEM0219", f + "(): one timespan expected");
    ExprPtr now = MakeLiteral(ScalarType::kDateTime, request_.now_ticks);
    if (n == 0) return std::optional<ExprPtr>(std::move(now));
    KC_ASSIGN(ExprPtr offset, BindScalar(*call.args[0], scope));
    KC_ASSIGN(offset, Convert(std::move(offset), ScalarType::kTimeSpan));
    KC_ASSIGN(ExprPtr moment, Arithmetic(f == "now" ? ast::Op::kAdd : ast::Op::kSub, std::move(now),
                                         std::move(offset)));
    return Wrap(Fold(moment));
  }
  if (f == "assert" && n == 2) {
    KC_ASSIGN(ExprPtr condition, BindConstant(*call.args[0], scope.env, f));
    KC_ASSIGN(condition, Convert(std::move(condition), ScalarType::kBool));
    KC_ASSIGN(const Value holds, Evaluate(condition));
    KC_ASSIGN(const std::string message, BindConstantText(*call.args[1], scope.env, f));
    if (holds == Value(true)) return std::optional<ExprPtr>(MakeBool(true));
    return Semantic("SEM0001", "assert() has failed with message: '" + message + "'");
  }
  if (f == "bin_auto" && n == 1) return Wrap(BindBinAuto(*call.args[0], scope));
  if ((f == "column_ifexists" || f == "columnifexists") && n == 2) {
    KC_ASSIGN(std::string name, BindConstantText(*call.args[0], scope.env, f));
    if (scope.rows != nullptr) {
      if (const Column* column = FindColumn(*scope.rows, name)) {
        return std::optional<ExprPtr>(MakeColumn(*column));
      }
    }
    return Wrap(BindScalar(*call.args[1], scope));
  }
  KC_ASSIGN(std::optional<ExprPtr> environment, BindEnvironment(call, scope));
  if (environment) return environment;
  KC_ASSIGN(std::optional<ExprPtr> hidden, BindHidden(call, scope));
  if (hidden) return hidden;
  return BindWindow(call, scope);
}

// The names around the query, and functions over all of a row.
Result<std::optional<ExprPtr>> Binder::BindEnvironment(const ast::Expr& call, const Scope& scope) {
  const std::string& f = call.text;
  const size_t n = call.args.size();
  if (n == 0 && request_.catalog != nullptr) {
    const Catalog& catalog = *request_.catalog;
    if (f == "current_database") {
      return std::optional<ExprPtr>(MakeString(catalog.CurrentDatabase()));
    }
    if (f == "current_cluster_endpoint") {
      return std::optional<ExprPtr>(MakeString(catalog.CurrentCluster()));
    }
    if (f == "current_principal") {
      return std::optional<ExprPtr>(MakeString(catalog.CurrentPrincipal()));
    }
  }
  if (f == "materialize" || f == "toscalar") {
    if (n == 1) return Wrap(BindScalar(*call.args[0], scope));
  }
  if ((f == "pack_all" || f == "packall") && scope.rows != nullptr && n <= 1) {
    std::vector<ExprPtr> args;
    for (const Column& column : scope.rows->columns) {
      args.push_back(MakeString(column.name));
      args.push_back(MakeColumn(column));
    }
    if (args.empty()) return std::optional<ExprPtr>(MakeLiteral(ScalarType::kDynamic, Value("{}")));
    return Wrap(CallFunction("bag_pack", std::move(args)));
  }
  if (f == "bag_pack_columns" && n > 0) {
    std::vector<ExprPtr> args;
    for (const ast::ExprPtr& arg : call.args) {
      if (arg->kind != ast::ExprKind::kName) {
        return Semantic("SEM0041", "bag_pack_columns(): names of columns are expected");
      }
      KC_ASSIGN(ExprPtr value, BindScalar(*arg, scope));
      args.push_back(MakeString(arg->text));
      args.push_back(std::move(value));
    }
    return Wrap(CallFunction("bag_pack", std::move(args)));
  }
  if (f == "estimate_data_size" && n > 0) {
    KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
    return Wrap(EstimateDataSize(std::move(args)));
  }
  KC_ASSIGN(std::optional<ExprPtr> results, BindResultsAsArray(call, scope));
  if (results) return results;
  return std::optional<ExprPtr>();
}

}  // namespace kc::kql
