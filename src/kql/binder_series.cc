// make-series: aggregates on a regular axis, the bins without rows filled with a default.
//
// Rows are aggregated by the keys and the number of their bin; then every key gets all bins, and
// its values are put together into one array per aggregate.
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// Kusto's limit on the length of a series.
constexpr int64_t kMaxSeriesLength = 1'048'576;

// The axis: `count` points from `from` on. Integers hold long, datetime and timespan, reals the
// rest.
struct Axis {
  ScalarType type = ScalarType::kLong;
  int64_t from = 0, step = 1;
  double real_from = 0, real_step = 1;
  int64_t count = 0;
  bool is_real() const { return type == ScalarType::kReal; }
};

std::string AxisJson(const Axis& axis) {
  std::string json = "[";
  for (int64_t i = 0; i < axis.count; ++i) {
    if (i > 0) json += ',';
    if (axis.is_real()) {
      json += FormatDouble(axis.real_from + static_cast<double>(i) * axis.real_step);
      continue;
    }
    const int64_t value = axis.from + i * axis.step;
    if (axis.type == ScalarType::kDateTime) {
      json += "\"" + FormatDateTime(value) + "\"";
    } else if (axis.type == ScalarType::kTimeSpan) {
      json += "\"" + FormatTimeSpan(value) + "\"";
    } else {
      json += std::to_string(value);
    }
  }
  return json + "]";
}

std::string SqlColumn(ColumnId id) {
  return "c" + std::to_string(id);
}

// A SQL literal without '$', which would stand for a child.
std::string SqlText(const std::string& text) {
  return "'" + ReplaceAll(ReplaceAll(text, "'", "''"), "$", "' || chr(36) || '") + "'";
}

bool IsAxisType(ScalarType type) {
  return type == ScalarType::kInt || type == ScalarType::kLong || type == ScalarType::kReal ||
         type == ScalarType::kDateTime || type == ScalarType::kTimeSpan;
}

std::optional<double> AsReal(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

// How many bins [from, to) has; -1 if that is no number.
int64_t BinCount(const Axis& axis, const Value& to, bool inclusive) {
  if (axis.is_real()) {
    const auto end = AsReal(to);
    if (!end || !std::isfinite(*end)) return -1;
    const double bins = (*end - axis.real_from) / axis.real_step;
    if (bins > static_cast<double>(kMaxSeriesLength)) return kMaxSeriesLength + 1;
    if (bins < 0) return 0;
    return inclusive ? static_cast<int64_t>(std::floor(bins)) + 1
                     : static_cast<int64_t>(std::ceil(bins));
  }
  const auto* end = std::get_if<int64_t>(&to);
  if (end == nullptr) return -1;
  int64_t span = 0;
  if (__builtin_sub_overflow(*end, axis.from, &span)) return -1;
  if (span < 0) return 0;
  return inclusive ? span / axis.step + 1 : span / axis.step + (span % axis.step != 0 ? 1 : 0);
}

}  // namespace

namespace {

// One series being bound.
class SeriesBinder {
 public:
  SeriesBinder(Binder& binder, const ast::MakeSeries& op, const EnvPtr& env)
      : binder_(binder), op_(op), env_(env) {}
  Result<NodePtr> Bind(const NodePtr& in);

 private:
  struct Series {
    Column values;           // of the aggregated rows, as JSON texts
    std::string empty_json;  // for bins without rows
    Column column;           // of the result
  };
  Status BindAxis(Rows& rows);
  Result<ExprPtr> Bound(const ast::ExprPtr& expr, std::string_view what);
  Status BindKeys(Rows& rows);
  Result<NodePtr> Aggregated(Rows& rows);
  Result<std::string> DefaultJson(const ast::ExprPtr& given, ScalarType type);
  NodePtr Assemble(const NodePtr& aggregated);
  Result<NodePtr> AssembleOpen(const NodePtr& aggregated);
  std::string ListsSql();
  // Without from or to, each series has bounds of its own: from its first bin to its last.
  bool open() const { return !op_.from || !op_.to; }

  Binder& binder_;
  const ast::MakeSeries& op_;
  const EnvPtr& env_;
  Axis axis_;
  ExprPtr axis_expr_;
  std::string axis_name_;
  Column bin_;
  std::vector<Column> keys_;
  std::vector<Series> series_;
  NameSet names_;
  bool nonempty_ = false;  // a series of defaults when there are no rows
};

Result<ExprPtr> SeriesBinder::Bound(const ast::ExprPtr& expr, std::string_view what) {
  KC_ASSIGN(ExprPtr bound, binder_.BindConstant(*expr, env_, what));
  const bool step_of_moment = what == "step" && axis_.type == ScalarType::kDateTime;
  const ScalarType type = step_of_moment ? ScalarType::kTimeSpan : axis_.type;
  const auto is_number = [](ScalarType t) {
    return t == ScalarType::kInt || t == ScalarType::kLong || t == ScalarType::kReal;
  };
  const bool fits = bound->type == type || bound->type == ScalarType::kDynamic ||
                    (is_number(bound->type) && is_number(type));
  if (!fits) {
    return Binder::Semantic("SEM0026", "make-series: '" + std::string(what) + "' is a " +
                                           std::string(KustoName(bound->type)) +
                                           ", which does not fit the axis");
  }
  return binder_.Convert(std::move(bound), type);
}

Status SeriesBinder::BindAxis(Rows& rows) {
  const Scope scope{env_, &rows};
  KC_ASSIGN(NamedExpr on, binder_.BindNamed(*op_.on, scope));
  axis_expr_ = on.expr;
  axis_name_ = on.name.empty() ? "Column1" : on.name;
  if (!IsAxisType(axis_expr_->type)) {
    return Binder::Semantic("SEM0026", "make-series: the axis is a number, datetime or timespan");
  }
  axis_.type = axis_expr_->type == ScalarType::kInt ? ScalarType::kLong : axis_expr_->type;
  KC_ASSIGN(ExprPtr step_type, binder_.BindConstant(*op_.step, env_, "step"));
  if (axis_.type == ScalarType::kLong && step_type->type == ScalarType::kReal) {
    axis_.type = ScalarType::kReal;
  }
  KC_ASSIGN(axis_expr_, binder_.Convert(axis_expr_, axis_.type));
  Value limits[2];
  for (int i = 0; i < 2; ++i) {
    const ast::ExprPtr& given = i == 0 ? op_.from : op_.to;
    if (!given) continue;
    KC_ASSIGN(ExprPtr bound, Bound(given, i == 0 ? "from" : "to"));
    KC_ASSIGN(limits[i], binder_.Evaluate(bound));
    if (IsNull(limits[i])) {
      return Binder::Semantic("SEM0042", "make-series: from and to can't be null");
    }
  }
  KC_ASSIGN(ExprPtr step_expr, Bound(op_.step, "step"));
  KC_ASSIGN(Value step, binder_.Evaluate(step_expr));
  const auto real_step = AsReal(step);
  if (!real_step || !(*real_step > 0)) {
    return Binder::Semantic("SEM0042", "make-series: the step must be positive");
  }
  axis_.real_step = *real_step;
  if (!axis_.is_real()) axis_.step = std::get<int64_t>(step);
  if (op_.from && axis_.is_real()) axis_.real_from = *AsReal(limits[0]);
  if (op_.from && !axis_.is_real()) axis_.from = std::get<int64_t>(limits[0]);
  if (!op_.to) return {};
  if (!op_.from && (axis_.is_real() || std::get<int64_t>(limits[1]) % axis_.step != 0)) {
    // Are the bins multiples of the step, or do they end at `to`?
    return Binder::Semantic(
        "SEM0002", "make-series with `to` alone is supported if it is a multiple of the step");
  }
  axis_.count = BinCount(axis_, limits[1], op_.in_range);
  if (op_.from && (axis_.count < 0 || axis_.count > kMaxSeriesLength)) {
    return Binder::Semantic("SEM0043", "make-series: the series would have more than " +
                                           FormatThousands(kMaxSeriesLength) + " points");
  }
  return {};
}

Status SeriesBinder::BindKeys(Rows& rows) {
  const Scope scope{env_, &rows};
  KC_ASSIGN(std::vector<NamedExpr> by, binder_.BindNamedList(op_.by, scope));
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (NamedExpr& key : by) {
    const std::string name = key.name.empty() ? names_.NextColumn() : names_.Unique(key.name);
    keys_.push_back(binder_.NewColumn(name, key.expr->type));
    computed.emplace_back(keys_.back().id, std::move(key.expr));
  }
  // The number of the bin; null (and then left out) outside of the axis.
  bin_ = binder_.NewColumn("$bin", ScalarType::kLong);
  if (axis_.is_real()) {
    computed.emplace_back(bin_.id,
                          MakeSql(ScalarType::kLong, "TRY_CAST(floor(($1 - $2) / $3) AS BIGINT)",
                                  {axis_expr_, MakeLiteral(ScalarType::kReal, axis_.real_from),
                                   MakeLiteral(ScalarType::kReal, axis_.real_step)}));
  } else {
    const char* sql = op_.from ? "(CASE WHEN $1 >= $2 THEN ($1 - $2) // $3 END)"
                               : "(kql_bin($1, $3) // $3 - $2)";  // which is 0
    computed.emplace_back(
        bin_.id, MakeSql(ScalarType::kLong, sql,
                         {axis_expr_, MakeLiteral(axis_.type, axis_.from), MakeLong(axis_.step)}));
  }
  rows.node = MakeCompute(std::move(rows.node), std::move(computed));
  std::vector<ExprPtr> inside = {
      MakeSql(ScalarType::kBool, "($1 IS NOT NULL)", {MakeColumn(bin_)})};
  if (op_.from) inside.push_back(MakeCompare(Compare::kGe, MakeColumn(bin_), MakeLong(0)));
  if (op_.to) inside.push_back(MakeCompare(Compare::kLt, MakeColumn(bin_), MakeLong(axis_.count)));
  rows.node = MakeFilter(std::move(rows.node), MakeAnd(std::move(inside)));
  return {};
}

Result<std::string> SeriesBinder::DefaultJson(const ast::ExprPtr& given, ScalarType type) {
  ExprPtr value = MakeLong(0);
  if (given) {
    KC_ASSIGN(value, binder_.BindConstant(*given, env_, "default"));
  }
  if (type == ScalarType::kReal && value->type == ScalarType::kLong) {
    KC_ASSIGN(value, binder_.Convert(std::move(value), ScalarType::kReal));
  }
  KC_ASSIGN(value, binder_.Convert(std::move(value), ScalarType::kDynamic));
  KC_ASSIGN(Value json, binder_.Evaluate(value));
  const auto* text = std::get_if<std::string>(&json);
  return text == nullptr ? std::string("null") : *text;
}

Result<NodePtr> SeriesBinder::Aggregated(Rows& rows) {
  const Scope scope{env_, &rows};
  std::vector<Aggregate> aggregates;
  rows.aggregates = &aggregates;
  std::vector<std::pair<ColumnId, ExprPtr>> values;
  for (const ast::SeriesAggregate& item : op_.aggregates) {
    const bool named = item.expr->kind == ast::ExprKind::kNamed;
    const ast::Expr& call = named ? *item.expr->args[0] : *item.expr;
    std::string name = named ? item.expr->names.at(0) : binder_.AggregateName(call, scope);
    KC_ASSIGN(ExprPtr value, binder_.BindScalar(call, scope));
    Series series;
    KC_ASSIGN(series.empty_json, DefaultJson(item.default_value, value->type));
    KC_ASSIGN(value, binder_.Convert(std::move(value), ScalarType::kDynamic));
    series.values = binder_.NewColumn("", ScalarType::kDynamic);
    values.emplace_back(series.values.id, std::move(value));
    name = name.empty() ? names_.NextColumn() : names_.Unique(name);
    series.column = binder_.NewColumn(std::move(name), ScalarType::kDynamic);
    series_.push_back(std::move(series));
  }
  rows.aggregates = nullptr;
  auto node = MakeNode(NodeKind::kAggregate, {std::move(rows.node)});
  node->serialized = node->sorted = false;
  node->aggregates = std::move(aggregates);
  node->columns.clear();
  std::vector<Column> shown;
  const auto group = [&](Column* column) {
    const ExprPtr input = MakeColumn(*column);
    column->id = binder_.NewColumn();
    node->assignments.emplace_back(column->id, input);
    shown.push_back(*column);
  };
  for (Column& key : keys_) group(&key);
  group(&bin_);
  node->columns = shown;
  for (const Series& series : series_) shown.push_back(series.values);
  return MakeShow(MakeCompute(std::move(node), std::move(values)), std::move(shown));
}

// One array per aggregate; g: the numbers of the bins; d: the values that there are.
std::string SeriesBinder::ListsSql() {
  std::string lists;
  for (const Series& series : series_) {
    if (!lists.empty()) lists += ", ";
    lists += "'[' || string_agg(CASE WHEN d." + SqlColumn(bin_.id) + " IS NULL THEN " +
             SqlText(series.empty_json) + " ELSE coalesce(d." + SqlColumn(series.values.id) +
             ", 'null') END, ',' ORDER BY g.i) || ']' AS " + SqlColumn(series.column.id);
  }
  return lists;
}

NodePtr SeriesBinder::Assemble(const NodePtr& aggregated) {
  // k: the keys.
  std::string keys, same, group, group_by;
  std::vector<Column> columns;
  for (const Column& key : keys_) {
    const std::string from = SqlColumn(key.id);
    const Column out = binder_.NewColumn(key.name, key.type);
    keys += (keys.empty() ? "" : ", ") + from;
    group_by += (group_by.empty() ? " GROUP BY k." : ", k.") + from;
    same += " AND k." + from + " IS NOT DISTINCT FROM d." + from;
    group += "k." + from + " AS " + SqlColumn(out.id) + ", ";
    columns.push_back(out);
  }
  for (const Series& series : series_) columns.push_back(series.column);
  auto node = MakeNode(NodeKind::kSql, {aggregated});
  std::string distinct = "SELECT DISTINCT " + keys + " FROM d";
  if (keys_.empty()) distinct = nonempty_ ? "SELECT 1 AS one" : "SELECT 1 AS one FROM d LIMIT 1";
  std::string sql = "WITH d AS MATERIALIZED (SELECT * FROM $0), k AS (" + distinct + ") SELECT " +
                    group + ListsSql() + " FROM k CROSS JOIN range(" + std::to_string(axis_.count) +
                    ") AS g(i) LEFT JOIN d ON d." + SqlColumn(bin_.id) + " = g.i" + same;
  sql += keys_.empty() ? " HAVING count(*) > 0" : group_by;
  node->sql = std::move(sql);
  node->columns = columns;
  node->serialized = node->sorted = false;
  const Column axis = binder_.NewColumn(names_.Unique(axis_name_), ScalarType::kDynamic);
  columns.push_back(axis);
  return MakeShow(
      MakeCompute(std::move(node),
                  {{axis.id, MakeLiteral(ScalarType::kDynamic, Value(AxisJson(axis_)))}}),
      std::move(columns));
}

Result<NodePtr> SeriesBinder::AssembleOpen(const NodePtr& aggregated) {
  // k: the keys with the numbers of their first and last bin.
  std::string keys, same, group, group_by;
  std::vector<Column> columns;
  for (const Column& key : keys_) {
    const std::string from = SqlColumn(key.id);
    const Column out = binder_.NewColumn(key.name, key.type);
    keys += from + ", ";
    same += " AND g." + from + " IS NOT DISTINCT FROM d." + from;
    group += "g." + from + " AS " + SqlColumn(out.id) + ", ";
    group_by += ", g." + from;
    columns.push_back(out);
  }
  for (const Series& series : series_) columns.push_back(series.column);
  const std::string bin = SqlColumn(bin_.id);
  const std::string low = op_.from ? "0" : "min(" + bin + ")";
  const std::string high = op_.to ? std::to_string(axis_.count - 1) : "max(" + bin + ")";
  const std::string too_long = "error('make-series: the series would have more than " +
                               FormatThousands(kMaxSeriesLength) + " points')";
  const Column first = binder_.NewColumn("", ScalarType::kLong);
  const Column last = binder_.NewColumn("", ScalarType::kLong);
  auto node = MakeNode(NodeKind::kSql, {aggregated});
  node->sql =
      "WITH d AS MATERIALIZED (SELECT * FROM $0), k AS (SELECT " + keys + low + " AS low, " + high +
      " AS high FROM d" + (keys_.empty() ? "" : " GROUP BY " + keys.substr(0, keys.size() - 2)) +
      "), g AS (SELECT k.*, unnest(CASE WHEN high - low >= " + std::to_string(kMaxSeriesLength) +
      " THEN " + too_long + " ELSE range(low, high + 1) END) AS i FROM k) SELECT " + group +
      ListsSql() + ", g.low AS " + SqlColumn(first.id) + ", g.high AS " + SqlColumn(last.id) +
      " FROM g LEFT JOIN d ON d." + bin + " = g.i" + same + " GROUP BY g.low, g.high" + group_by;
  node->columns = columns;
  node->columns.push_back(first);
  node->columns.push_back(last);
  node->serialized = node->sorted = false;
  const Column axis = binder_.NewColumn(names_.Unique(axis_name_), ScalarType::kDynamic);
  std::vector<ExprPtr> range;
  for (const Column& end : {first, last}) {
    if (axis_.is_real()) {  // to the middle of the last step, however it is rounded
      range.push_back(MakeSql(ScalarType::kReal,
                              end.id == last.id ? "($1 + ($2 + 0.5) * $3)" : "($1 + $2 * $3)",
                              {MakeLiteral(axis_.type, axis_.real_from), MakeColumn(end),
                               MakeLiteral(axis_.type, axis_.real_step)}));
    } else {
      range.push_back(
          MakeSql(axis_.type, "($1 + $2 * $3)",
                  {MakeLiteral(axis_.type, axis_.from), MakeColumn(end), MakeLong(axis_.step)}));
    }
  }
  const ScalarType step = axis_.type == ScalarType::kDateTime ? ScalarType::kTimeSpan : axis_.type;
  range.push_back(axis_.is_real() ? MakeLiteral(step, axis_.real_step)
                                  : MakeLiteral(step, axis_.step));
  KC_ASSIGN(ExprPtr points, binder_.CallFunction("range", std::move(range)));
  columns.push_back(axis);
  return MakeShow(MakeCompute(std::move(node), {{axis.id, std::move(points)}}), std::move(columns));
}

Result<NodePtr> SeriesBinder::Bind(const NodePtr& in) {
  if (const std::string* kind = ast::FindParameter(op_.params, "kind")) {
    if (*kind != "nonempty" || !op_.by.empty()) {
      return Binder::Semantic("SEM0002", "make-series kind=" + *kind + " is not supported here");
    }
    nonempty_ = true;
  }
  Rows rows = Binder::RowsOf(in);
  if (open() && nonempty_) {
    return Binder::Semantic("SEM0042", "make-series kind=nonempty needs from and to");
  }
  KC_TRY(BindAxis(rows));
  KC_TRY(BindKeys(rows));
  KC_ASSIGN(NodePtr aggregated, Aggregated(rows));
  if (open()) return AssembleOpen(aggregated);
  return Assemble(aggregated);
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::MakeSeries& op, NodePtr in, const EnvPtr& env) {
  return SeriesBinder(*this, op, env).Bind(in);
}

}  // namespace kc::kql
