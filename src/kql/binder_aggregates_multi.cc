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

class MultiAggregate {
 public:
  MultiAggregate(Binder& binder, const ast::Expr& call, const Scope& scope,
                 const std::vector<Column>& keys)
      : binder_(binder), call_(call), scope_(scope), rows_(*scope.rows), keys_(keys) {}

  std::vector<NamedExpr> results;

  Status Percentiles(bool weighted) {
    const size_t first = weighted ? 2 : 1;
    ExprPtr weight;
    if (weighted) {
      KC_ASSIGN(weight, Bind(*call_.args[1]));
    }
    for (size_t i = first; i < call_.args.size(); ++i) {
      KC_ASSIGN(ExprPtr value, Bind(*call_.args[0]));
      KC_ASSIGN(ExprPtr p, binder_.BindConstant(*call_.args[i], scope_.env, call_.text));
      KC_ASSIGN(ExprPtr column, binder_.PercentileOf(std::move(value), weight, p, rows_));
      results.push_back({"percentile_" + binder_.ImpliedName(*call_.args[0], scope_) + "_" +
                             PercentileSuffix(*call_.args[i]),
                         false, std::move(column)});
    }
    return {};
  }

  // All values from one row of each group: any row.
  Status TakeAny(const std::string& prefix) {
    KC_TRY(AddParts(0, kNoColumn));
    for (Part& part : parts_) {
      if (!part.name.empty()) part.name = prefix + part.name;
    }
    FromFirstRow({});
    return {};
  }

  // The row in which the first argument is the greatest or the smallest.
  Status ArgExtreme(bool max) {
    KC_ASSIGN(ExprPtr by, Bind(*call_.args[0]));
    std::string name = binder_.ImpliedName(*call_.args[0], scope_);
    if (name.empty()) name = max ? "max_" : "min_";
    parts_.push_back({std::move(name), by});
    KC_TRY(AddParts(1, by->kind == ExprKind::kColumn ? by->column : kNoColumn));
    FromFirstRow({SortKey{by, !max, false, true}});
    return {};
  }

 private:
  struct Part {
    std::string name;
    ExprPtr value;
  };

  // Binds an argument against the plain row: aggregates don't nest.
  Result<ExprPtr> Bind(const ast::Expr& arg) {
    std::vector<Aggregate>* aggregates = std::exchange(rows_.aggregates, nullptr);
    auto bound = binder_.BindScalar(arg, scope_);
    rows_.aggregates = aggregates;
    return bound;
  }

  // The arguments from `first` on; * stands for all columns but the keys and `but`.
  Status AddParts(size_t first, ColumnId but) {
    for (size_t i = first; i < call_.args.size(); ++i) {
      const ast::Expr& arg = *call_.args[i];
      if (arg.kind == ast::ExprKind::kStar) {
        for (const Column& column : rows_.columns) {
          if (column.id != but && !IsKey(keys_, column)) {
            parts_.push_back({column.name, MakeColumn(column)});
          }
        }
        continue;
      }
      KC_ASSIGN(ExprPtr value, Bind(arg));
      parts_.push_back({binder_.ImpliedName(arg, scope_), std::move(value)});
    }
    return {};
  }

  // Numbers the rows of each group and takes the parts from the first.
  void FromFirstRow(std::vector<SortKey> order) {
    auto rank = MakeNode(NodeKind::kTopRows, {rows_.node});
    for (const Column& key : keys_) rank->partition.push_back(MakeColumn(key));
    rank->sort = std::move(order);
    rank->item_index = binder_.NewColumn();
    const ExprPtr first =
        MakeCompare(Compare::kEq, MakeColumn(rank->item_index, ScalarType::kLong), MakeLong(1));
    for (const Part& part : parts_) {
      const bool text = part.value->type == ScalarType::kString;
      const char* sql = text ? "coalesce(any_value($1) $F, '')" : "any_value($1) $F";
      results.push_back({part.name, false,
                         binder_.AddAggregate(rows_, part.value->type, sql, {part.value}, first)});
    }
    rows_.node = std::move(rank);
  }

  Binder& binder_;
  const ast::Expr& call_;
  const Scope& scope_;
  Rows& rows_;
  const std::vector<Column>& keys_;
  std::vector<Part> parts_;
};

}  // namespace

Result<bool> Binder::BindMultiAggregate(const ast::Expr& item, const Scope& scope,
                                        const std::vector<Column>& keys,
                                        std::vector<NamedExpr>* out) {
  const bool named = item.kind == ast::ExprKind::kNamed;
  const ast::Expr& call = named ? *item.args[0] : item;
  if (call.kind != ast::ExprKind::kCall || FindName(scope.env, call.text)) return false;
  const std::string& f = call.text;
  const bool any = f == "take_any" || f == "any";
  const bool max = f == "arg_max" || f == "argmax";
  const bool min = f == "arg_min" || f == "argmin";
  const bool weighted = f == "percentilesw";
  MultiAggregate multi(*this, call, scope, keys);
  if ((f == "percentiles" && call.args.size() > 1) || (weighted && call.args.size() > 2)) {
    KC_TRY(multi.Percentiles(weighted));
  } else if (any && (call.args.size() > 1 ||
                     (call.args.size() == 1 && call.args[0]->kind == ast::ExprKind::kStar))) {
    KC_TRY(multi.TakeAny(f == "any" ? "any_" : ""));
  } else if (max || min) {
    if (call.args.empty()) return Semantic("SEM0219", f + "(): arguments expected");
    KC_TRY(multi.ArgExtreme(max));
  } else {
    return false;
  }
  for (size_t i = 0; i < multi.results.size(); ++i) {
    NamedExpr& result = multi.results[i];
    if (named && i < item.names.size()) {
      result.name = item.names[i];
      result.is_explicit = true;
    }
    out->push_back(std::move(result));
  }
  return true;
}

}  // namespace kc::kql
