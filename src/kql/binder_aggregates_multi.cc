// Aggregates that give several columns: arg_max, arg_min, take_any(*), percentiles.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

bool IsKey(const std::vector<Column>& keys, const Column& column) {
  for (const Column& key : keys) {
    if (key.id == column.id) return true;
  }
  return false;
}

}  // namespace

Result<bool> Binder::BindMultiAggregate(const ast::Expr& item, const Scope& scope,
                                        const std::vector<Column>& keys,
                                        std::vector<NamedExpr>* out) {
  const ast::Expr& call = item.kind == ast::ExprKind::kNamed ? *item.args[0] : item;
  const std::vector<std::string> given =
      item.kind == ast::ExprKind::kNamed ? item.names : std::vector<std::string>();
  if (call.kind != ast::ExprKind::kCall || FindName(scope.env, call.text)) return false;
  const std::string& f = call.text;
  Rows& rows = *scope.rows;
  std::vector<NamedExpr> results;
  const auto finish = [&] {
    for (size_t i = 0; i < results.size(); ++i) {
      if (i < given.size()) {
        results[i].name = given[i];
        results[i].is_explicit = true;
      }
      out->push_back(std::move(results[i]));
    }
    return true;
  };
  // Binds an argument against the plain row.
  const auto bind = [&](const ast::Expr& arg) {
    std::vector<Aggregate>* aggregates = std::exchange(rows.aggregates, nullptr);
    auto bound = BindScalar(arg, scope);
    rows.aggregates = aggregates;
    return bound;
  };
  const bool weighted = f == "percentilesw";
  const size_t first_percentile = weighted ? 2 : 1;
  if ((weighted || f == "percentiles") && call.args.size() > first_percentile) {
    ExprPtr weight;
    if (weighted) {
      KC_ASSIGN(weight, bind(*call.args[1]));
    }
    for (size_t i = first_percentile; i < call.args.size(); ++i) {
      KC_ASSIGN(ExprPtr value, bind(*call.args[0]));
      KC_ASSIGN(ExprPtr p, BindConstant(*call.args[i], scope.env, f));
      KC_ASSIGN(ExprPtr column, PercentileOf(std::move(value), weight, p, rows));
      results.push_back({"percentile_" + ImpliedName(*call.args[0], scope) + "_" +
                             PercentileSuffix(*call.args[i]),
                         false, std::move(column)});
    }
    return finish();
  }
  const bool any = f == "take_any" || f == "any";
  const bool star_only = call.args.size() == 1 && call.args[0]->kind == ast::ExprKind::kStar;
  if (any && (call.args.size() > 1 || star_only)) {
    // All from one row: the first of each group.
    auto rank = MakeNode(NodeKind::kTopRows, {rows.node});
    for (const Column& key : keys) rank->partition.push_back(MakeColumn(key));
    rank->item_index = NewColumn();
    const ExprPtr first =
        MakeCompare(Compare::kEq, MakeColumn(rank->item_index, ScalarType::kLong), MakeLong(1));
    const std::string prefix = f == "any" ? "any_" : "";
    const auto add = [&](const std::string& name, const ExprPtr& value) {
      const bool text = value->type == ScalarType::kString;
      results.push_back({name.empty() ? "" : prefix + name, false,
                         AddAggregate(rows, value->type,
                                      text ? "coalesce(any_value($1) $F, '')" : "any_value($1) $F",
                                      {value}, first)});
    };
    for (const ast::ExprPtr& arg : call.args) {
      if (arg->kind == ast::ExprKind::kStar) {
        for (const Column& column : rows.columns) {
          if (!IsKey(keys, column)) add(column.name, MakeColumn(column));
        }
        continue;
      }
      KC_ASSIGN(ExprPtr value, bind(*arg));
      add(ImpliedName(*arg, scope), value);
    }
    rows.node = std::move(rank);
    return finish();
  }
  const bool max = f == "arg_max" || f == "argmax";
  if (!max && f != "arg_min" && f != "argmin") return false;
  if (call.args.empty()) return Semantic("SEM0219", f + "(): arguments expected");
  KC_ASSIGN(ExprPtr by, bind(*call.args[0]));
  struct Part {
    std::string name;
    ExprPtr value;
  };
  std::vector<Part> parts;
  std::string by_name = ImpliedName(*call.args[0], scope);
  if (by_name.empty()) by_name = max ? "max_" : "min_";
  parts.push_back({by_name, by});
  for (size_t i = 1; i < call.args.size(); ++i) {
    const ast::Expr& arg = *call.args[i];
    if (arg.kind == ast::ExprKind::kStar) {
      for (const Column& column : rows.columns) {
        const bool is_by = by->kind == ExprKind::kColumn && by->column == column.id;
        if (!is_by && !IsKey(keys, column)) parts.push_back({column.name, MakeColumn(column)});
      }
      continue;
    }
    KC_ASSIGN(ExprPtr value, bind(arg));
    parts.push_back({ImpliedName(arg, scope), std::move(value)});
  }
  auto rank = MakeNode(NodeKind::kTopRows, {rows.node});
  for (const Column& key : keys) rank->partition.push_back(MakeColumn(key));
  rank->sort.push_back({by, !max, false, true});
  rank->item_index = NewColumn();
  const ExprPtr first =
      MakeCompare(Compare::kEq, MakeColumn(rank->item_index, ScalarType::kLong), MakeLong(1));
  for (const Part& part : parts) {
    const bool text = part.value->type == ScalarType::kString;
    results.push_back({part.name, false,
                       AddAggregate(rows, part.value->type,
                                    text ? "coalesce(any_value($1) $F, '')" : "any_value($1) $F",
                                    {part.value}, first)});
  }
  rows.node = std::move(rank);
  return finish();
}

}  // namespace kc::kql
