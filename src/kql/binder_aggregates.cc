// Aggregate functions with one result.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

enum class Kind : uint8_t {
  kCount,
  kDcount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kStatistic,  // stdev, variance …: reals
  kCovariance,
  kMakeList,
  kMakeSet,
  kAny,
  kBits,
  kPercentile,
  kPercentilesArray,
  kBag,
  kSchema,
  kHll,     // the argument's hash
  kDigest,  // a number and its weight
  kMerged,  // of states
  kMulti,   // several result columns: see BindMultiAggregate
};

struct AggregateInfo {
  std::string_view name;
  Kind kind;
  std::string_view prefix;  // of the implied column name; "" = the argument's own name
  bool has_if = false;      // the last argument is a condition
  std::string_view sql = {};
};

constexpr AggregateInfo kAggregates[] = {
    {"count", Kind::kCount, "count_"},
    {"countif", Kind::kCount, "countif_", true},
    {"dcount", Kind::kDcount, "dcount_"},
    {"dcountif", Kind::kDcount, "dcountif_", true},
    {"count_distinct", Kind::kDcount, "count_distinct_"},
    {"count_distinctif", Kind::kDcount, "count_distinctif_", true},
    {"sum", Kind::kSum, "sum_"},
    {"sumif", Kind::kSum, "sumif_", true},
    {"avg", Kind::kAvg, "avg_"},
    {"avgif", Kind::kAvg, "avgif_", true},
    {"min", Kind::kMin, "min_"},
    {"minif", Kind::kMin, "minif_", true},
    {"max", Kind::kMax, "max_"},
    {"maxif", Kind::kMax, "maxif_", true},
    {"stdev", Kind::kStatistic, "stdev_", false, "stddev_samp"},
    {"stdevif", Kind::kStatistic, "stdevif_", true, "stddev_samp"},
    {"stdevp", Kind::kStatistic, "stdevp_", false, "stddev_pop"},
    {"variance", Kind::kStatistic, "variance_", false, "var_samp"},
    {"varianceif", Kind::kStatistic, "varianceif_", true, "var_samp"},
    {"variancep", Kind::kStatistic, "variancep_", false, "var_pop"},
    {"variancepif", Kind::kStatistic, "variancepif_", true, "var_pop"},
    {"covariance", Kind::kCovariance, "covariance_", false, "covar_samp"},
    {"covarianceif", Kind::kCovariance, "covarianceif_", true, "covar_samp"},
    {"covariancep", Kind::kCovariance, "covariancep_", false, "covar_pop"},
    {"covariancepif", Kind::kCovariance, "covariancepif_", true, "covar_pop"},
    {"make_list", Kind::kMakeList, "list_"},
    {"makelist", Kind::kMakeList, "list_"},
    {"make_list_if", Kind::kMakeList, "list_", true},
    {"make_list_with_nulls", Kind::kMakeList, "list_", false, "nulls"},
    {"make_set", Kind::kMakeSet, "set_"},
    {"makeset", Kind::kMakeSet, "set_"},
    {"make_set_if", Kind::kMakeSet, "set_", true},
    {"take_any", Kind::kAny, ""},
    {"take_anyif", Kind::kAny, "", true},
    {"any", Kind::kAny, "any_"},
    {"anyif", Kind::kAny, "anyif_", true},
    {"binary_all_and", Kind::kBits, "", false, "bit_and"},
    {"binary_all_or", Kind::kBits, "", false, "bit_or"},
    {"binary_all_xor", Kind::kBits, "", false, "bit_xor"},
    {"percentile", Kind::kPercentile, ""},
    {"percentilew", Kind::kPercentile, "", false, "w"},
    {"percentiles_array", Kind::kPercentilesArray, "percentiles_"},
    {"percentilesw_array", Kind::kPercentilesArray, "percentiles_", false, "w"},
    {"percentilesw", Kind::kMulti, ""},
    {"make_bag", Kind::kBag, "bag_"},
    {"make_bag_if", Kind::kBag, "bag_", true},
    {"make_dictionary", Kind::kBag, "dictionary_"},
    {"buildschema", Kind::kSchema, "schema_"},
    {"hll", Kind::kHll, "hll_"},
    {"hll_if", Kind::kHll, "hll_", true},
    {"hll_merge", Kind::kMerged, "hll_merge_", false, "kql_hll_merge"},
    {"tdigest", Kind::kDigest, "tdigest_"},
    {"tdigest_merge", Kind::kMerged, "tdigest_merge_", false, "kql_tdigest_merge"},
    {"merge_tdigest", Kind::kMerged, "merge_tdigest_", false, "kql_tdigest_merge"},
    {"merge_tdigests", Kind::kMerged, "merge_tdigests_", false, "kql_tdigest_merge"},
    {"percentiles", Kind::kMulti, ""},
    {"arg_max", Kind::kMulti, ""},
    {"arg_min", Kind::kMulti, ""},
    {"argmax", Kind::kMulti, ""},
    {"argmin", Kind::kMulti, ""},
};

const AggregateInfo* FindAggregate(std::string_view name) {
  for (const AggregateInfo& info : kAggregates) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

// Elements that make_list and make_set keep unless told otherwise, as Kusto's do.
const std::string kMaxListSize = "1048576";

// sum() of integers wraps as Kusto's does; DuckDB's sum is 128 bits wide.
constexpr std::string_view kWrappedSum =
    "CAST((((coalesce(sum($1) $F, 0) + 9223372036854775808::HUGEINT) % "
    "18446744073709551616::HUGEINT "
    "+ 18446744073709551616::HUGEINT) % 18446744073709551616::HUGEINT) - "
    "9223372036854775808::HUGEINT AS BIGINT)";

}  // namespace

bool Binder::IsAggregate(std::string_view name) {
  return FindAggregate(name) != nullptr;
}

ExprPtr Binder::AddAggregate(Rows& rows, ScalarType type, std::string sql,
                             std::vector<ExprPtr> args, ExprPtr filter) {
  Aggregate aggregate;
  aggregate.id = NewColumn();
  aggregate.type = type;
  aggregate.sql = std::move(sql);
  aggregate.args = std::move(args);
  aggregate.filter = std::move(filter);
  rows.aggregates->push_back(std::move(aggregate));
  return MakeColumn(rows.aggregates->back().id, type);
}

std::string Binder::AggregateName(const ast::Expr& call, const Scope& scope) {
  if (call.kind != ast::ExprKind::kCall) return "";
  const AggregateInfo* info = FindAggregate(call.text);
  if (info == nullptr) return ImpliedName(call, scope);
  const std::string first = call.args.empty() ? "" : ImpliedName(*call.args[0], scope);
  if (info->kind == Kind::kPercentile && !call.args.empty()) {
    return "percentile_" + first + "_" + PercentileSuffix(*call.args.back());
  }
  if (info->kind == Kind::kCovariance && call.args.size() > 1) {
    return std::string(info->prefix) + first + "_" + ImpliedName(*call.args[1], scope);
  }
  return std::string(info->prefix) + first;
}

namespace {

// One aggregate call being bound.
class AggregateBinder {
 public:
  AggregateBinder(Binder& binder, const AggregateInfo& info, Rows& rows, std::vector<ExprPtr> args,
                  ExprPtr filter)
      : binder_(binder),
        info_(info),
        rows_(rows),
        args_(std::move(args)),
        filter_(std::move(filter)) {}

  Result<ExprPtr> Bind();

 private:
  ExprPtr Add(ScalarType type, std::string sql) {
    return binder_.AddAggregate(rows_, type, std::move(sql), args_, filter_);
  }
  tl::unexpected<Error> Refuse() const {
    return Binder::Semantic(
        "SEM0026", std::string(info_.name) + "(): arguments of these types are not supported");
  }
  Status ToReal(size_t i) {
    KC_ASSIGN(args_[i], binder_.Convert(std::move(args_[i]), ScalarType::kReal));
    return {};
  }
  Result<ExprPtr> Sum();
  Result<ExprPtr> Avg();
  Result<ExprPtr> Extreme();
  Result<ExprPtr> List(bool set);
  Result<ExprPtr> Sketch();

  Binder& binder_;
  const AggregateInfo& info_;
  Rows& rows_;
  std::vector<ExprPtr> args_;
  ExprPtr filter_;
};

Result<ExprPtr> AggregateBinder::Sum() {
  switch (args_[0]->type) {
    case ScalarType::kInt:
    case ScalarType::kLong:
      return Add(ScalarType::kLong, std::string(kWrappedSum));
    case ScalarType::kTimeSpan:
      return Add(ScalarType::kTimeSpan, std::string(kWrappedSum));
    case ScalarType::kDynamic:
      KC_TRY(ToReal(0));
      [[fallthrough]];
    case ScalarType::kReal:
      return Add(ScalarType::kReal, "coalesce(sum($1) $F, 0.0)");
    case ScalarType::kDecimal:
      return Add(ScalarType::kDecimal, "coalesce(kql_dec_sum($1) $F, '0')");
    default:
      return Refuse();
  }
}

Result<ExprPtr> AggregateBinder::Avg() {
  switch (args_[0]->type) {
    case ScalarType::kTimeSpan:
    case ScalarType::kDateTime:
      return Add(args_[0]->type, "CAST(sum($1) $F // count($1) $F AS BIGINT)");
    case ScalarType::kDecimal:
      return Add(ScalarType::kDecimal,
                 "kql_dec_div(kql_dec_sum($1) $F, CAST(nullif(count($1) $F, 0) AS VARCHAR))");
    case ScalarType::kInt:
      return Add(ScalarType::kReal, "coalesce(avg($1) $F, 'nan'::DOUBLE)");
    case ScalarType::kLong:  // of the sum that may have wrapped
      return Add(ScalarType::kReal,
                 "(CAST(" + std::string(kWrappedSum) + " AS DOUBLE) / count($1) $F)");
    case ScalarType::kDynamic:
      KC_TRY(ToReal(0));
      [[fallthrough]];
    case ScalarType::kReal:
      return Add(ScalarType::kReal, "coalesce(avg($1) $F, 'nan'::DOUBLE)");
    default:
      return Refuse();
  }
}

Result<ExprPtr> AggregateBinder::Extreme() {
  const bool is_min = info_.kind == Kind::kMin;
  const std::string f = is_min ? "min" : "max";
  switch (args_[0]->type) {
    case ScalarType::kReal:
      // NaN wins both; DuckDB holds it for the greatest number.
      return Add(ScalarType::kReal, is_min
                                        ? "(CASE WHEN coalesce(bool_or(isnan($1)) $F, false) THEN "
                                          "'nan'::DOUBLE ELSE min($1) $F END)"
                                        : "max($1) $F");
    case ScalarType::kString:
      return Add(ScalarType::kString, "coalesce(" + f + "($1) $F, '')");
    case ScalarType::kDecimal:
      return Add(ScalarType::kDecimal, "arg_" + f + "($1, kql_dec_key($1)) $F");
    case ScalarType::kDynamic:
      return Refuse();
    default:
      return Add(args_[0]->type, f + "($1) $F");
  }
}

Result<ExprPtr> AggregateBinder::List(bool set) {
  const bool nulls = info_.sql == "nulls";
  std::string size;
  if (args_.size() > 1) {
    KC_ASSIGN(ExprPtr max, binder_.Convert(args_[1], ScalarType::kLong));
    KC_ASSIGN(Value value, binder_.Evaluate(max));
    const auto* number = std::get_if<int64_t>(&value);
    if (number == nullptr || *number < 0) return Refuse();
    size = std::to_string(*number);
    args_.resize(1);
  }
  const bool dynamic = args_[0]->type == ScalarType::kDynamic;
  KC_ASSIGN(args_[0], binder_.Convert(std::move(args_[0]), ScalarType::kDynamic));
  if (set) {
    return Add(ScalarType::kDynamic, "coalesce(kql_make_set($1, " +
                                         (size.empty() ? kMaxListSize : size) +
                                         "::BIGINT) $F, '[]')");
  }
  if (dynamic && !nulls) {
    // An array gives its elements, not itself.
    args_[0] = MakeSql(
        ScalarType::kDynamic,
        "(CASE WHEN starts_with($1, '[') THEN nullif(trim($1[2:-2]), '') ELSE $1 END)", {args_[0]});
  }
  std::string order;
  if (rows_.node && rows_.node->sorted) {
    const ColumnId row = binder_.NewColumn();
    rows_.node = MakeCompute(
        rows_.node,
        {{row, MakeSql(ScalarType::kLong, "row_number() OVER ()", {}, Volatility::kWindow)}}, true);
    args_.push_back(MakeColumn(row, ScalarType::kLong));
    order = " ORDER BY $2";
  }
  const std::string item = nulls ? "coalesce($1, 'null')" : "$1";
  std::string sql;
  if (size.empty()) {
    sql = "('[' || coalesce(string_agg(" + item + ", ','" + order + ") $F, '') || ']')";
  } else {
    sql = "('[' || coalesce(array_to_string(list_slice(list_filter(list(" + item + order +
          ") $F, x -> x IS NOT NULL), 1, " + size + "), ','), '') || ']')";
  }
  return Add(ScalarType::kDynamic, std::move(sql));
}

Result<ExprPtr> AggregateBinder::Sketch() {
  if (info_.kind == Kind::kDigest) {
    KC_TRY(ToReal(0));
    if (args_.size() == 1) args_.push_back(MakeLong(1));
    KC_ASSIGN(args_[1], binder_.Convert(std::move(args_[1]), ScalarType::kLong));
    return Add(ScalarType::kDynamic, "kql_tdigest($1, $2) $F");
  }
  args_.resize(1);  // the accuracy of hll() doesn't matter: ours is better than any
  if (info_.kind == Kind::kMerged) {
    KC_TRY(args_[0]->type == ScalarType::kDynamic ? Status() : Status(Refuse()));
    return Add(ScalarType::kDynamic, std::string(info_.sql) + "($1) $F");
  }
  const ExprPtr is_null = MakeSql(ScalarType::kBool, "($1 IS NULL)", {args_[0]});
  KC_ASSIGN(ExprPtr text, binder_.CallFunction("tostring", {args_[0]}));
  KC_ASSIGN(ExprPtr hash, binder_.CallFunction("hash_xxhash64", {std::move(text)}));
  args_[0] = MakeCase(ScalarType::kLong, {is_null, MakeNull(ScalarType::kLong), std::move(hash)});
  return Add(ScalarType::kDynamic, "kql_hll($1) $F");
}

Result<ExprPtr> AggregateBinder::Bind() {
  switch (info_.kind) {
    case Kind::kCount:
      args_.clear();
      return Add(ScalarType::kLong, "count(*) $F");
    case Kind::kDcount:
      args_.resize(1);
      return Add(ScalarType::kLong, "count(DISTINCT $1) $F");
    case Kind::kSum:
      return Sum();
    case Kind::kAvg:
      return Avg();
    case Kind::kMin:
    case Kind::kMax:
      return Extreme();
    case Kind::kCovariance:
      if (args_.size() != 2) return Refuse();
      KC_TRY(ToReal(1));
      [[fallthrough]];
    case Kind::kStatistic: {
      KC_TRY(ToReal(0));
      const std::string list = info_.kind == Kind::kCovariance ? "($1, $2)" : "($1)";
      return Add(ScalarType::kReal, "coalesce(" + std::string(info_.sql) + list + " $F, 0.0)");
    }
    case Kind::kMakeList:
      return List(false);
    case Kind::kMakeSet:
      return List(true);
    case Kind::kAny:
      if (args_[0]->type == ScalarType::kString) {
        return Add(ScalarType::kString, "coalesce(any_value($1) $F, '')");
      }
      return Add(args_[0]->type, "any_value($1) $F");
    case Kind::kBits: {
      KC_ASSIGN(args_[0], binder_.Convert(std::move(args_[0]), ScalarType::kLong));
      return Add(ScalarType::kLong, std::string(info_.sql) + "($1) $F");
    }
    case Kind::kPercentile:
      if (args_.size() != (info_.sql == "w" ? 3 : 2)) return Refuse();
      return binder_.PercentileOf(args_[0], info_.sql == "w" ? args_[1] : nullptr, args_.back(),
                                  rows_);
    case Kind::kPercentilesArray:
      return binder_.PercentilesArray(std::move(args_), info_.sql == "w", rows_);
    case Kind::kBag:
      KC_TRY(args_[0]->type == ScalarType::kDynamic ? Status() : Status(Refuse()));
      args_.resize(1);
      return Add(ScalarType::kDynamic, "coalesce(kql_make_bag($1) $F, '{}')");
    case Kind::kSchema:
      KC_TRY(args_[0]->type == ScalarType::kDynamic ? Status() : Status(Refuse()));
      return Add(ScalarType::kDynamic, "kql_buildschema($1) $F");
    case Kind::kHll:
    case Kind::kDigest:
    case Kind::kMerged:
      return Sketch();
    default:
      return Refuse();
  }
}

}  // namespace

Result<ExprPtr> Binder::BindAggregate(const ast::Expr& call, const Scope& scope) {
  const AggregateInfo* info = FindAggregate(call.text);
  KC_ASSERT(info != nullptr && scope.rows != nullptr && scope.rows->aggregates != nullptr);
  // Aggregates don't nest: the arguments see the plain row.
  std::vector<Aggregate>* aggregates = scope.rows->aggregates;
  scope.rows->aggregates = nullptr;
  std::vector<ExprPtr> args;
  ExprPtr filter;
  const auto bind = [&]() -> Status {
    for (size_t i = 0; i < call.args.size(); ++i) {
      const ast::Expr& arg = *call.args[i];
      if (arg.kind == ast::ExprKind::kStar) continue;
      // The condition is the second argument (the third of covarianceif), the first of countif.
      const size_t condition = info->kind == Kind::kCount        ? 0
                               : info->kind == Kind::kCovariance ? 2
                                                                 : 1;
      if (info->has_if && i == condition) {
        KC_ASSIGN(filter, BindPredicate(arg, scope));
        continue;
      }
      KC_ASSIGN(ExprPtr bound, BindScalar(arg, scope));
      args.push_back(std::move(bound));
    }
    return {};
  };
  const Status bound = bind();
  scope.rows->aggregates = aggregates;
  if (!bound) return Fail(Error(bound.error()));
  if ((info->has_if && !filter) || (info->kind != Kind::kCount && args.empty())) {
    return Semantic("SEM0219", call.text + "(): wrong number of arguments");
  }
  return AggregateBinder(*this, *info, *scope.rows, std::move(args), std::move(filter)).Bind();
}

}  // namespace kc::kql
