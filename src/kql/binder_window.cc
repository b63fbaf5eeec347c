// Functions over neighbouring rows: row_number, prev, next, row_cumsum, row_rank_*.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

class WindowBinder {
 public:
  WindowBinder(Binder& binder, Rows& rows) : binder_(binder), rows_(rows) {}

  // A window function over the rows' order, as a hidden column.
  ExprPtr Add(ScalarType type, std::string sql, std::vector<ExprPtr> args = {}) {
    const ColumnId id = binder_.NewColumn();
    rows_.node = MakeCompute(
        rows_.node, {{id, MakeSql(type, std::move(sql), std::move(args), Volatility::kWindow)}},
        true);
    return MakeColumn(id, type);
  }

  // The same, begun anew at each row where `restart` holds; `sql` has "$W" for the inside of OVER
  // (…) after its partition.
  ExprPtr AddRestarted(ScalarType type, const std::string& sql, std::vector<ExprPtr> args,
                       const ExprPtr& restart) {
    if (!restart) return Add(type, Over(sql, ""), std::move(args));
    const ExprPtr row = Add(ScalarType::kLong, "row_number() OVER ()");
    const ExprPtr group =
        Add(ScalarType::kLong,
            "CAST(sum(CASE WHEN $1 THEN 1 ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT)",
            {restart});
    const size_t n = args.size();
    args.push_back(group);
    args.push_back(row);
    const ExprPtr result = Add(
        type,
        Over(sql, "PARTITION BY $" + std::to_string(n + 1) + " ORDER BY $" + std::to_string(n + 2)),
        std::move(args));
    // The partitions came out in any order.
    auto sort = MakeNode(NodeKind::kSort, {rows_.node});
    sort->sort.push_back({row, true, false});
    rows_.node = std::move(sort);
    return result;
  }

  // Ranks over the given order: a new rank where the value differs from the row before.
  ExprPtr Rank(const ExprPtr& value, const ExprPtr& restart, bool dense) {
    const ExprPtr changed = AddRestarted(
        ScalarType::kBool, "(row_number() OVER ($W) = 1 OR $1 IS DISTINCT FROM lag($1) OVER ($W))",
        {value}, restart);
    if (dense) {
      return AddRestarted(
          ScalarType::kLong,
          "CAST(sum(CASE WHEN $1 THEN 1 ELSE 0 END) OVER ($W ROWS UNBOUNDED PRECEDING) AS BIGINT)",
          {changed}, restart);
    }
    const ExprPtr row = AddRestarted(ScalarType::kLong, "row_number() OVER ($W)", {}, restart);
    return AddRestarted(ScalarType::kLong,
                        "max(CASE WHEN $1 THEN $2 END) OVER ($W ROWS UNBOUNDED PRECEDING)",
                        {changed, row}, restart);
  }

 private:
  static std::string Over(std::string sql, const std::string& inside) {
    for (size_t at; (at = sql.find("$W")) != std::string::npos;) sql.replace(at, 2, inside);
    return sql;
  }
  Binder& binder_;
  Rows& rows_;
};

bool IsWindowFunction(const std::string& f) {
  return f == "row_number" || f == "prev" || f == "next" || f == "row_cumsum" ||
         f == "row_rank_dense" || f == "row_rank_min";
}

}  // namespace

Result<std::optional<ExprPtr>> Binder::BindWindow(const ast::Expr& call, const Scope& scope) {
  const std::string& f = call.text;
  if (!IsWindowFunction(f)) return std::optional<ExprPtr>();
  if (scope.rows == nullptr || !scope.rows->node || !scope.rows->node->serialized) {
    return Semantic("SEM0029", "Function '" + f +
                                   "' cannot be invoked in current context. Details: the row set "
                                   "must be serialized");
  }
  KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
  WindowBinder window(*this, *scope.rows);
  const size_t n = args.size();
  const auto wrong = [&] { return Semantic("SEM0219", f + "(): wrong number of arguments"); };
  if (f == "row_number") {
    if (n > 2) return wrong();
    ExprPtr start = MakeLong(1);
    if (n > 0) {
      KC_ASSIGN(start, Convert(args[0], ScalarType::kLong));
    }
    const ExprPtr row = window.AddRestarted(ScalarType::kLong, "row_number() OVER ($W)", {},
                                            n > 1 ? args[1] : nullptr);
    return std::optional<ExprPtr>(
        MakeSql(ScalarType::kLong, "($1 + $2 - 1)", {row, std::move(start)}));
  }
  if (f == "prev" || f == "next") {
    if (n < 1 || n > 3) return wrong();
    ExprPtr offset = MakeLong(1);
    if (n > 1) {
      KC_ASSIGN(offset, Convert(args[1], ScalarType::kLong));
      KC_ASSIGN(offset, Fold(offset));
    }
    ExprPtr fallback = MakeNull(args[0]->type);
    if (n > 2) {
      if (!IsConstant(*args[2])) {
        return Semantic("SEM0041", f + "(): the default value must be a constant");
      }
      KC_ASSIGN(fallback, Convert(args[2], args[0]->type));
    }
    const std::string name = f == "prev" ? "lag" : "lead";
    return std::optional<ExprPtr>(
        window.Add(args[0]->type, name + "($1, $2, $3) OVER ()", {args[0], offset, fallback}));
  }
  if (n < 1 || n > 2) return wrong();
  const ExprPtr restart = n > 1 ? args[1] : nullptr;
  if (f == "row_cumsum") {
    const ScalarType type = args[0]->type;
    switch (type) {
      case ScalarType::kInt:
      case ScalarType::kLong:
      case ScalarType::kTimeSpan:
        return std::optional<ExprPtr>(window.AddRestarted(
            type,
            std::string("CAST(coalesce(sum($1) OVER ($W ROWS UNBOUNDED PRECEDING), 0) AS ") +
                (type == ScalarType::kInt ? "INTEGER)" : "BIGINT)"),
            {args[0]}, restart));
      case ScalarType::kReal:
        return std::optional<ExprPtr>(window.AddRestarted(
            type, "coalesce(sum($1) OVER ($W ROWS UNBOUNDED PRECEDING), 0.0)", {args[0]}, restart));
      default:
        return Semantic("SEM0026", "row_cumsum(): a number or a timespan is expected");
    }
  }
  return std::optional<ExprPtr>(window.Rank(args[0], restart, f == "row_rank_dense"));
}

}  // namespace kc::kql
