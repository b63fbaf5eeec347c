// percentile and its relatives: nearest rank, plain or by weights.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

std::string PercentileSuffix(const ast::Expr& p) {
  std::string text;
  if (const auto* number = std::get_if<int64_t>(&p.value)) text = std::to_string(*number);
  if (const auto* real = std::get_if<double>(&p.value)) text = FormatDouble(*real);
  return ReplaceAll(text, ".", "_");
}

Result<ExprPtr> Binder::PercentileOf(ExprPtr value, ExprPtr weight, const ExprPtr& p, Rows& rows) {
  KC_ASSIGN(ExprPtr percent, Convert(p, ScalarType::kReal));
  KC_ASSIGN(Value constant, Evaluate(percent));
  const auto* number = std::get_if<double>(&constant);
  if (number == nullptr || !(*number >= 0 && *number <= 100)) {
    return Semantic("SEM0044", "A percentile between 0 and 100 is expected");
  }
  switch (value->type) {
    case ScalarType::kInt: {
      KC_ASSIGN(value, Convert(std::move(value), ScalarType::kLong));
      break;
    }
    case ScalarType::kDynamic: {
      KC_ASSIGN(value, Convert(std::move(value), ScalarType::kReal));
      break;
    }
    case ScalarType::kLong:
    case ScalarType::kReal:
    case ScalarType::kDateTime:
    case ScalarType::kTimeSpan:
      break;
    default:
      return Semantic("SEM0026", "percentile(): a number, datetime or timespan is expected");
  }
  const ScalarType type = value->type;
  if (weight == nullptr) {
    return AddAggregate(rows, type, "quantile_disc($1, " + FormatDouble(*number / 100) + ") $F",
                        {std::move(value)});
  }
  KC_ASSIGN(weight, Convert(std::move(weight), ScalarType::kLong));
  const std::string_view f = type == ScalarType::kReal ? "kql_percentilew_real" : "kql_percentilew";
  return AddAggregate(rows, type,
                      std::string(f) + "($1, $2, " + FormatDouble(*number) + "::DOUBLE) $F",
                      {std::move(value), std::move(weight)});
}

Result<ExprPtr> Binder::PercentilesArray(std::vector<ExprPtr> args, bool weighted, Rows& rows) {
  const size_t first = weighted ? 2 : 1;
  if (args.size() <= first) {
    return Semantic("SEM0219", "percentiles_array(): at least one percentile is expected");
  }
  std::vector<ExprPtr> percentiles;
  for (size_t i = first; i < args.size(); ++i) {
    if (args[i]->type != ScalarType::kDynamic) {
      percentiles.push_back(args[i]);
      continue;
    }
    KC_ASSIGN(std::vector<ExprPtr> list, ExpandDynamicList(args[i]));
    for (ExprPtr& item : list) percentiles.push_back(std::move(item));
  }
  std::vector<ExprPtr> values;
  for (const ExprPtr& p : percentiles) {
    KC_ASSIGN(ExprPtr value, PercentileOf(args[0], weighted ? args[1] : nullptr, p, rows));
    values.push_back(std::move(value));
  }
  return CallFunction("array:make", std::move(values));
}

}  // namespace kc::kql
