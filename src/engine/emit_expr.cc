// Scalar expressions as SQL.
#include <cmath>

#include "base/text.h"
#include "engine/canonical_text.h"
#include "engine/emit.h"

namespace kc::engine {

using kql::Compare;
using kql::Expr;
using kql::ExprKind;
using kql::ExprPtr;

std::string From(const std::string& relation) {
  return " FROM (" + relation + ")";
}

std::string SelectList(const std::vector<std::string>& items) {
  return items.empty() ? "0 AS k" : Join(items, ", ");
}

std::string ColumnSql(kql::ColumnId id) {
  return "c" + std::to_string(id);
}

std::string LiteralSql(ScalarType type, const Value& value) {
  const std::string sql_type(SqlType(type));
  if (IsNull(value)) {
    return type == ScalarType::kString ? "''" : "CAST(NULL AS " + sql_type + ")";
  }
  if (const auto* b = std::get_if<bool>(&value)) return *b ? "TRUE" : "FALSE";
  if (const auto* i = std::get_if<int64_t>(&value)) {
    return "CAST(" + std::to_string(*i) + " AS " + sql_type + ")";
  }
  if (const auto* d = std::get_if<double>(&value)) {
    const std::string text = std::isnan(*d)   ? "nan"
                             : std::isinf(*d) ? (*d > 0 ? "inf" : "-inf")
                                              : FormatDouble(*d);
    return "CAST('" + text + "' AS DOUBLE)";
  }
  const std::string text = SqlString(CanonicalText(type, std::get<std::string>(value)));
  return type == ScalarType::kGuid ? "CAST(" + text + " AS UUID)" : text;
}

Result<std::string> Emitter::Template(const std::string& sql, const std::vector<ExprPtr>& args) {
  std::string out;
  const auto append_range = [&](size_t first) -> Status {
    for (size_t i = first; i < args.size(); ++i) {
      KC_ASSIGN(const std::string arg, Scalar(args[i]));
      if (i > first) out += ", ";
      out += arg;
    }
    return {};
  };
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '$' || i + 1 == sql.size()) {
      out += sql[i];
      continue;
    }
    const char next = sql[i + 1];
    if (next == '*' || next == '+') {
      KC_TRY(append_range(next == '*' ? 0 : 1));
      ++i;
    } else if (next >= '0' && next <= '9') {
      size_t index = 0;
      while (i + 1 < sql.size() && sql[i + 1] >= '0' && sql[i + 1] <= '9') {
        index = index * 10 + static_cast<size_t>(sql[++i] - '0');
      }
      KC_ASSERT(index >= 1 && index <= args.size());
      KC_ASSIGN(const std::string arg, Scalar(args[index - 1]));
      out += arg;
    } else {
      out += '$';
    }
  }
  emitted_ += out.size();
  if (emitted_ > kMaxSqlBytes) {
    return Stop("The query is too complex: its plan is too large once its functions are expanded",
                "SEM0065");
  }
  return out;
}

namespace {

std::string_view CompareSql(Compare compare) {
  switch (compare) {
    case Compare::kEq:
      return " = ";
    case Compare::kNe:
      return " <> ";
    case Compare::kLt:
      return " < ";
    case Compare::kLe:
      return " <= ";
    case Compare::kGt:
      return " > ";
    case Compare::kGe:
      return " >= ";
  }
  return " = ";
}

bool MayBeNan(const Expr& e) {
  if (e.type != ScalarType::kReal) return false;
  if (e.kind != ExprKind::kLiteral) return true;
  const auto* d = std::get_if<double>(&e.value);
  return d != nullptr && std::isnan(*d);
}

}  // namespace

// Kusto: == with one null is false, with two it is null; != is the opposite; < and the like are
// null with any null. NaN equals nothing and is neither less nor greater. In a positive place null
// may stand for false, so that plain comparisons do, from which DuckDB can leave out row groups.
Result<std::string> Emitter::EmitCompare(const Expr& expr, bool positive) {
  const Expr& left = *expr.args[0];
  const Expr& right = *expr.args[1];
  KC_ASSIGN(std::string a, Emit(left, false));
  KC_ASSIGN(std::string b, Emit(right, false));
  const Compare compare = expr.compare;
  const bool equality = compare == Compare::kEq || compare == Compare::kNe;
  if (left.type == ScalarType::kDecimal && !equality) {
    return "(kql_dec_cmp(" + a + ", " + b + ")" + std::string(CompareSql(compare)) + "0)";
  }
  const bool a_null = MayBeNull(left), b_null = MayBeNull(right);
  std::string plain = a + std::string(CompareSql(compare)) + b;
  if (compare == Compare::kNe) {
    if (a_null || b_null) plain = a + " IS DISTINCT FROM " + b;
    if (MayBeNan(left) && MayBeNan(right)) plain += " OR coalesce(isnan(" + a + "), FALSE)";
    if (a_null && b_null && !positive) {
      plain = "CASE WHEN " + a + " IS NULL AND " + b + " IS NULL THEN NULL ELSE " + plain + " END";
    }
    return "(" + plain + ")";
  }
  // NaN is the greatest number and equal to itself in DuckDB.
  const bool nan_left = compare == Compare::kEq ? MayBeNan(left) && MayBeNan(right)
                        : compare == Compare::kGt || compare == Compare::kGe ? MayBeNan(left)
                                                                             : false;
  const bool nan_right =
      compare == Compare::kLt || compare == Compare::kLe ? MayBeNan(right) : false;
  if (nan_left) plain += " AND NOT isnan(" + a + ")";
  if (nan_right) plain += " AND NOT isnan(" + b + ")";
  if (compare == Compare::kEq && !positive && (a_null || b_null)) {
    plain = "coalesce(" + plain + ", FALSE)";
    if (a_null && b_null) {
      plain = "CASE WHEN " + a + " IS NULL AND " + b + " IS NULL THEN NULL ELSE " + plain + " END";
    }
  }
  return "(" + plain + ")";
}

Result<std::string> Emitter::EmitIn(const Expr& expr, bool positive) {
  KC_ASSIGN(const std::string value, Emit(*expr.args[0], false));
  std::string list;
  if (expr.kind == ExprKind::kInQuery) {
    const auto outer_names = std::exchange(shared_names_, {});
    KC_ASSIGN(const std::string relation, Relation(expr.query, {}));
    shared_names_ = outer_names;
    list = "SELECT " + ColumnSql(expr.query->columns[0].id) + " FROM (" + relation + ")";
  } else {
    for (size_t i = 1; i < expr.args.size(); ++i) {
      KC_ASSIGN(const std::string item, Emit(*expr.args[i], false));
      if (i > 1) list += ", ";
      list += item;
    }
  }
  std::string in = value + " IN (" + list + ")";
  // DuckDB turns IN inside of an expression into a join; comparisons are cheaper for a few values.
  constexpr size_t kFew = 16;
  const bool simple = value.find_first_of("( ") == std::string::npos;
  if (expr.kind == ExprKind::kIn && (!positive || in_case_ > 0) && simple &&
      expr.args.size() <= kFew) {
    in.clear();
    for (size_t i = 1; i < expr.args.size(); ++i) {
      KC_ASSIGN(const std::string item, Emit(*expr.args[i], false));
      in += (i == 1 ? "" : " OR ") + value + " = " + item;
    }
    in = "(" + in + ")";
  }
  if (MayBeNan(*expr.args[0])) in += " AND NOT isnan(" + value + ")";
  const bool plain =
      (positive && !expr.negated) || (expr.kind == ExprKind::kIn && !MayBeNull(*expr.args[0]));
  in = plain ? "(" + in + ")" : "coalesce(" + in + ", FALSE)";
  return expr.negated ? "(NOT " + in + ")" : in;
}

Result<std::string> Emitter::Emit(const Expr& expr, bool positive) {
  if (const auto it = shared_names_.find(&expr); it != shared_names_.end()) return it->second;
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return LiteralSql(expr.type, expr.value);
    case ExprKind::kColumn:
      return ColumnSql(expr.column);
    case ExprKind::kCompare:
      return EmitCompare(expr, positive);
    case ExprKind::kIn:
    case ExprKind::kInQuery:
      return EmitIn(expr, positive);
    case ExprKind::kSql:
      return Template(expr.sql, expr.args);
    case ExprKind::kNot: {
      KC_ASSIGN(const std::string arg, Emit(*expr.args[0], false));
      return "(NOT " + arg + ")";
    }
    case ExprKind::kAnd:
    case ExprKind::kOr: {
      std::string out = "(";
      for (size_t i = 0; i < expr.args.size(); ++i) {
        KC_ASSIGN(const std::string arg, Emit(*expr.args[i], positive));
        if (i > 0) out += expr.kind == ExprKind::kAnd ? " AND " : " OR ";
        out += arg;
      }
      return out + ")";
    }
    case ExprKind::kCase: {
      ++in_case_;
      std::string out = "(CASE";
      for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
        KC_ASSIGN(const std::string condition, Emit(*expr.args[i], true));
        KC_ASSIGN(const std::string value, Emit(*expr.args[i + 1], false));
        out += " WHEN " + condition + " THEN " + value;
      }
      KC_ASSIGN(const std::string otherwise, Emit(*expr.args.back(), false));
      --in_case_;
      return out + " ELSE " + otherwise + " END)";
    }
    case ExprKind::kSubquery: {
      const auto outer_names = std::exchange(shared_names_, {});
      KC_ASSIGN(const std::string relation, Relation(expr.query, {}));
      shared_names_ = outer_names;
      return "(SELECT " + ColumnSql(expr.query->columns[0].id) + " FROM (" + relation +
             ") LIMIT 1)";
    }
  }
  return Stop("unknown expression");
}

// asc: nulls first; desc: nulls last, unless told otherwise. NaN stands with null.
Result<std::string> Emitter::SortKeys(const std::vector<kql::SortKey>& keys) {
  std::string out;
  for (const kql::SortKey& key : keys) {
    KC_ASSIGN(std::string value, Scalar(key.expr));
    if (!out.empty()) out += ", ";
    const std::string nulls = key.nulls_first ? " DESC" : " ASC";
    const std::string direction = key.ascending ? " ASC" : " DESC";
    if (key.expr->kind == ExprKind::kLiteral) value = "(" + value + ")";
    if (key.expr->type == ScalarType::kReal) {
      out += "(" + value + " IS NULL)" + nulls + ", isnan(" + value + ")" +
             (key.nan_first ? " DESC" : nulls) + ", ";
    }
    if (key.expr->type == ScalarType::kDecimal) value = "kql_dec_key(" + value + ")";
    out += value + direction + (key.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  }
  return out;
}

}  // namespace kc::engine
