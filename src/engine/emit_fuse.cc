#include "engine/emit_fuse.h"

#include <functional>

#include "engine/emit.h"

namespace kc::engine {

using kql::Expr;
using kql::ExprKind;
using kql::ExprPtr;

namespace {

struct KnownShape {
  std::string_view shape;
  char kind;  // see udf/row_hash.cc
};

// The texts that kusto/commands/row_hash.cc asks for, bound; and plain tostring().
constexpr KnownShape kShapes[] = {
    {"case(sql:($1 IS NULL)(#),'',case(#,'t','f'))", 'b'},
    {"sql:kql_tostring_int($1)(#)", 'i'},
    {"sql:kql_tostring_long($1)(#)", 'l'},
    {"sql:kql_tostring_timespan($1)(#)", 'p'},
    {"sql:kql_tostring_guid($1)(#)", 'g'},
    {"case(sql:($1 IS NULL)(#),'',sql:kql_format_datetime($1, $2)(#,'yyyy-MM-dd "
     "HH:mm:ss.fffffff'))",
     't'},
    {"case(sql:($1 = '')(#),'',sql:kql_tostring_long($1)(sql:kql_hash_string($1)(#)))", 'h'},
    {"case(sql:($1 IS NULL)(#),'',sql:isnan($1)(#),'nan',sql:isinf($1)(#),"
     "case(cmp4(#,CAST('0.0' AS DOUBLE)),'+inf','-inf'),cmp0(#,CAST('0.0' AS DOUBLE)),"
     "case(cmp2(sql:($1 / $2)(CAST('1.0' AS DOUBLE),#),CAST('0.0' AS DOUBLE)),'-0','+0'),"
     "sql:kql_strcat($*)(sql:kql_tostring_real($1)(#),'~',sql:kql_tostring_real($1)"
     "(sql:($1 - $2)(#,sql:kql_todouble_string($1)(sql:kql_tostring_real($1)(#))))))",
     'r'},
    {"case(sql:($1 IS NULL)(#),'',cmp0(#,'0'),'0',sql:kql_matches_regex($1, $2)"
     "(sql:coalesce($1, '')(#),'^-?[0-9]+([.][0-9]+)?$'),sql:kql_replace_regex($1, $2, $3)"
     "(sql:kql_replace_regex($1, $2, $3)(sql:coalesce($1, '')(#),'([.][0-9]*[1-9])0+$','\\1'),"
     "'[.]0*$',''),sql:kql_strcat($*)('?',sql:coalesce($1, '')(#)))",
     'd'},
    {"case(sql:($1 IS NULL)(#),'',sql:kql_strcat($*)(case(in(sql:kql_gettype_dynamic($1)(#),"
     "'array','dictionary','bool'),sql:kql_gettype_dynamic($1)(#),"
     "in(sql:kql_gettype_dynamic($1)(#),'int','long','real','double','decimal'),'num','txt'),"
     "':',sql:kql_tostring_long($1)(sql:kql_hash_string($1)(sql:kql_strcat($*)('j',"
     "sql:kql_dynamic_to_json($1)(#))))))",
     'y'},
};

bool IsCall(const Expr& expr, std::string_view sql) {
  return expr.kind == ExprKind::kSql && expr.sql == sql;
}

}  // namespace

std::string ShapeOf(const Expr& expr, ExprPtr& column) {
  bool known = true;
  std::function<std::string(const ExprPtr&, const Expr&)> shape = [&](const ExprPtr& pointer,
                                                                      const Expr& e) {
    std::string head;
    switch (e.kind) {
      case ExprKind::kColumn:
        known = known && pointer && (!column || column->column == e.column);
        column = pointer;
        return std::string("#");
      case ExprKind::kLiteral:
        return LiteralSql(e.type, e.value);
      case ExprKind::kCase:
        head = "case";
        break;
      case ExprKind::kCompare:
        head = "cmp" + std::to_string(static_cast<int>(e.compare));
        break;
      case ExprKind::kIn:
        head = e.negated ? "!in" : "in";
        break;
      case ExprKind::kSql:
        known = known && e.volatility == kql::Volatility::kPure;
        head = "sql:" + e.sql;
        break;
      default:
        known = false;
        return std::string();
    }
    std::string args;
    for (const ExprPtr& arg : e.args) args += (args.empty() ? "" : ",") + shape(arg, *arg);
    return head + "(" + args + ")";
  };
  const std::string text = shape(nullptr, expr);
  return known && column ? text : "";
}

ExprPtr FuseRowHash(const ExprPtr& expr) {
  // hash_xxhash64(strcat_delim(…)), as two functions or already as one.
  const bool fused = IsCall(*expr, "kql_hash_strcat_delim($*)");
  if (!fused && !IsCall(*expr, "kql_hash_string($1)")) return expr;
  const Expr& join = fused ? *expr : *expr->args[0];
  if (!fused && !IsCall(join, "kql_strcat_delim($*)")) return expr;
  if (join.args.size() < 2) return expr;
  std::string kinds;
  std::vector<ExprPtr> args = {join.args[0], nullptr};
  for (size_t i = 1; i < join.args.size(); ++i) {
    ExprPtr column;
    const std::string shape = ShapeOf(*join.args[i], column);
    char kind = 's';
    for (const KnownShape& known : kShapes) {
      if (shape == known.shape) kind = known.kind;
    }
    kinds.push_back(kind);
    args.push_back(kind == 's' ? join.args[i] : column);
  }
  args[1] = kql::MakeString(std::move(kinds));
  return kql::MakeSql(ScalarType::kLong, "kql_hash_row($*)", std::move(args));
}

}  // namespace kc::engine
