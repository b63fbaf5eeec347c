// Functions with several results: series_stats, series_fit_line, array_sort_* of several arrays. In
// a list of columns each result is a column of its own.
#include <algorithm>
#include <span>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

struct ResultColumn {
  std::string_view suffix;
  ScalarType type;
};
struct SeveralResults {
  std::string_view function;
  std::string_view row;  // of the registry: gives an array of the results
  std::span<const ResultColumn> columns;
};

constexpr ResultColumn kStats[] = {{"min", ScalarType::kReal},     {"min_idx", ScalarType::kLong},
                                   {"max", ScalarType::kReal},     {"max_idx", ScalarType::kLong},
                                   {"avg", ScalarType::kReal},     {"stdev", ScalarType::kReal},
                                   {"variance", ScalarType::kReal}};
constexpr ResultColumn kFitLine[] = {
    {"rsquare", ScalarType::kReal},      {"slope", ScalarType::kReal},
    {"variance", ScalarType::kReal},     {"rvariance", ScalarType::kReal},
    {"interception", ScalarType::kReal}, {"line_fit", ScalarType::kDynamic}};
constexpr SeveralResults kFunctions[] = {
    {"series_stats", "series:stats", kStats},
    {"series_fit_line", "series:fit_line", kFitLine},
};

const SeveralResults* Find(const ast::Expr& call) {
  for (const SeveralResults& f : kFunctions) {
    if (call.kind == ast::ExprKind::kCall && f.function == call.text) return &f;
  }
  return nullptr;
}

bool SortsArrays(const ast::Expr& call) {
  return call.kind == ast::ExprKind::kCall &&
         (call.text == "array_sort_asc" || call.text == "array_sort_desc") && !call.args.empty();
}

}  // namespace

Result<std::optional<std::vector<NamedExpr>>> Binder::BindResults(const ast::Expr& call,
                                                                  const Scope& scope) {
  std::vector<NamedExpr> results;
  if (const SeveralResults* f = Find(call)) {
    if (call.args.size() != 1) {
      return Semantic("SEM0219", call.text + "(): one array is expected");
    }
    KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
    KC_ASSIGN(ExprPtr all, CallFunction(f->row, std::move(args)));
    const std::string prefix = call.text + "_" + ImpliedName(*call.args[0], scope) + "_";
    for (size_t i = 0; i < f->columns.size(); ++i) {
      KC_ASSIGN(ExprPtr value, CallFunction("op:index", {all, MakeLong(static_cast<int64_t>(i))}));
      KC_ASSIGN(value, Convert(std::move(value), f->columns[i].type));
      results.push_back({prefix + std::string(f->columns[i].suffix), true, std::move(value)});
    }
    return std::optional(std::move(results));
  }
  if (!SortsArrays(call)) return std::optional<std::vector<NamedExpr>>();
  KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
  // The last argument may tell where nulls go, which the registry has for one array only.
  const bool arrays = std::all_of(args.begin(), args.end(),
                                  [](const ExprPtr& a) { return a->type == ScalarType::kDynamic; });
  if (!arrays) return std::optional<std::vector<NamedExpr>>();
  for (size_t i = 0; i < args.size(); ++i) {
    KC_ASSIGN(ExprPtr sorted, i == 0 ? CallFunction(call.text, {args[0]})
                                     : CallFunction(call.text + ":by", {args[0], args[i]}));
    const std::string name = ImpliedName(*call.args[i], scope);
    results.push_back({name.empty() ? "array" + std::to_string(i) + "_sorted" : name + "_sorted",
                       true, std::move(sorted)});
  }
  return std::optional(std::move(results));
}

Result<std::optional<ExprPtr>> Binder::BindResultsAsArray(const ast::Expr& call,
                                                          const Scope& scope) {
  if (call.text == "column_names_of" && call.args.size() == 1) {
    KC_ASSIGN(NodePtr table, BindTabular(*call.args[0], scope.env));
    Json names = Json::array();
    for (const Column& column : table->columns) names.push_back(column.name);
    return std::optional<ExprPtr>(MakeLiteral(ScalarType::kDynamic, Value(DumpJson(names))));
  }
  if (!SortsArrays(call) || call.args.size() == 1) return std::optional<ExprPtr>();
  KC_ASSIGN(auto results, BindResults(call, scope));
  if (!results) return std::optional<ExprPtr>();
  std::vector<ExprPtr> values;
  for (NamedExpr& result : *results) values.push_back(std::move(result.expr));
  KC_ASSIGN(ExprPtr array, CallFunction("pack_array", std::move(values)));
  return std::optional<ExprPtr>(std::move(array));
}

}  // namespace kc::kql
