// Names: scopes, fresh columns, the names that expressions give to their columns.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

tl::unexpected<Error> Binder::Semantic(std::string_view code, std::string message) {
  Error error;
  error.code = ErrorCode::kStop;
  error.message = "Semantic error: " + std::string(code) + ": " + std::move(message);
  error.reason = std::string(code);
  return Fail(std::move(error));
}

Status DepthGuard::status() const {
  if (binder_.depth_ <= kMaxBindDepth) return {};
  return Binder::Semantic("SEM0064", "The query nests too deeply (more than " +
                                         std::to_string(kMaxBindDepth) +
                                         " levels); recursive functions are not supported");
}

Status Binder::Count(int nodes) {
  size_ += nodes;
  if (size_ <= kMaxPlanSize) return {};
  return Semantic("SEM0065", "The query is too complex (more than " + std::to_string(kMaxPlanSize) +
                                 " nodes after functions are expanded)");
}

std::string NameSet::Unique(const std::string& name) {
  std::string unique = name;
  for (int i = 1; used_.contains(unique); ++i) unique = name + std::to_string(i);
  used_.insert(unique);
  return unique;
}

std::string NameSet::NextColumn() {
  return Unique("Column" + std::to_string(next_column_++));
}

const Column* Binder::FindColumn(const std::vector<Column>& columns, std::string_view name) {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const Column* Binder::FindColumn(Rows& rows, std::string_view name) const {
  constexpr size_t kLinearSearch = 16;
  if (rows.columns.size() <= kLinearSearch) return FindColumn(rows.columns, name);
  if (rows.index.empty()) {
    rows.index.reserve(rows.columns.size());
    for (size_t i = 0; i < rows.columns.size(); ++i)
      rows.index.try_emplace(rows.columns[i].name, i);
  }
  const auto it = rows.index.find(name);
  return it == rows.index.end() ? nullptr : &rows.columns[it->second];
}

std::shared_ptr<Name> Binder::FindName(const EnvPtr& env, std::string_view name) {
  for (const Env* e = env.get(); e != nullptr; e = e->parent.get()) {
    if (const auto it = e->names.find(name); it != e->names.end()) return it->second;
  }
  return nullptr;
}

EnvPtr Binder::WithName(const EnvPtr& env, const std::string& name,
                        std::shared_ptr<Name> value) const {
  auto next = std::make_shared<Env>();
  next->parent = env;
  next->database = env->database;
  next->plain_table = env->plain_table;
  next->names.emplace(name, std::move(value));
  return next;
}

Result<Bound> Binder::UseName(const std::shared_ptr<Name>& name, const std::string& text) {
  if (name->function != nullptr) {
    return Semantic("SEM0260", "'" + text + "' is a function and needs its arguments");
  }
  if (!name->bound) {
    if (name->binding) {
      return Semantic("SEM0066", "'" + text + "' is defined by itself");
    }
    name->binding = true;
    Scope scope;
    scope.env = name->env;
    auto bound = BindAny(*name->expr, scope);
    name->binding = false;
    if (!bound) return Fail(std::move(bound).error());
    name->bound = std::move(*bound);
  }
  if (name->bound->scalar) return *name->bound;
  // The first use shows the plan itself, later ones the same rows under other ids, so that a
  // relation may be joined with itself.
  if (name->uses++ == 0) return *name->bound;
  return Bound{nullptr, Fresh(name->bound->table)};
}

namespace {

// How a function names its column (Kusto.Language's ResultNameKind), where it is not the default.
enum class Naming { kFirst, kNameAndFirst, kPrefixAndFirst, kPrefixOnly, kFirstValue };
struct FunctionNaming {
  std::string_view function;
  Naming naming;
  std::string_view prefix;
};
constexpr FunctionNaming kNamings[] = {
    {"strlen", Naming::kNameAndFirst, "strlen"},
    {"string_size", Naming::kNameAndFirst, "string_size"},
    {"percentile_tdigest", Naming::kNameAndFirst, "percentile_tdigest"},
    {"dcount_hll", Naming::kNameAndFirst, "dcount_hll"},
    {"gettype", Naming::kPrefixAndFirst, "type"},
    {"treepath", Naming::kPrefixAndFirst, "tree"},
    {"repeat", Naming::kPrefixAndFirst, "repeat"},
    {"percentiles_array_tdigest", Naming::kPrefixAndFirst, "percentile_tdigest"},
    {"tdigest_merge", Naming::kPrefixOnly, "tdigests_merge_result"},
    {"merge_tdigest", Naming::kPrefixOnly, "tdigests_merge_result"},
    {"hll_merge", Naming::kPrefixOnly, "hll_merged_result"},
    {"ingestion_time", Naming::kPrefixOnly, "$IngestionTime"},
    {"columnifexists", Naming::kFirstValue, ""},
    {"column_ifexists", Naming::kFirstValue, ""},
};
// The column is called as the first argument would be.
constexpr std::string_view kNamedAsFirst[] = {
    "split",
    "tostring",
    "tohex",
    "todynamic",
    "toobject",
    "tolong",
    "toint",
    "toreal",
    "todouble",
    "todatetime",
    "totimespan",
    "totime",
    "tobool",
    "toboolean",
    "todecimal",
    "toguid",
    "parse_csv",
    "parsejson",
    "parse_json",
    "parse_xml",
    "format_datetime",
    "format_timespan",
    "startofday",
    "bin",
    "floor",
    "bin_at",
    "bin_auto",
    "bin_auto",
    "binary_and",
    "binary_or",
    "binary_xor",
    "binary_not",
    "binary_shift_right",
    "binary_shift_left",
    "bitset_count_ones",
    "series_fir",
    "series_outliers",
    "series_iir",
    "series_fill_backward",
    "series_fill_forward",
    "series_fill_const",
    "series_fill_linear",
    "round",
    "ceiling",
    "pow",
    "sqrt",
    "log",
    "log2",
    "log10",
    "exp",
    "exp2",
    "exp10",
    "cos",
    "sin",
    "tan",
    "acos",
    "asin",
    "atan",
    "atan2",
    "abs",
    "rand",
    "gamma",
    "loggamma",
    "erf",
    "erfc",
    "format_bytes",
    "make_datetime",
    "make_timespan",
};

bool IsNamedAsFirst(std::string_view function) {
  for (const std::string_view name : kNamedAsFirst) {
    if (name == function) return true;
  }
  return false;
}

std::string IndexSuffix(const ast::Expr& index) {
  if (index.kind != ast::ExprKind::kLiteral) return "";
  if (const auto* text = std::get_if<std::string>(&index.value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&index.value)) return std::to_string(*number);
  return "";
}

}  // namespace

std::string Binder::ImpliedName(const ast::Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case ast::ExprKind::kName:
      return expr.text == "$left" || expr.text == "$right" ? "" : expr.text;
    case ast::ExprKind::kMember: {
      const ast::Expr& of = *expr.args[0];
      if (of.kind == ast::ExprKind::kName && (of.text == "$left" || of.text == "$right")) {
        return expr.text;
      }
      const std::string base = ImpliedName(of, scope);
      return base.empty() ? "" : base + "_" + expr.text;
    }
    case ast::ExprKind::kIndex: {
      const std::string base = ImpliedName(*expr.args[0], scope);
      const std::string suffix = IndexSuffix(*expr.args[1]);
      return base.empty() || suffix.empty() ? "" : base + "_" + suffix;
    }
    case ast::ExprKind::kCall:
      break;
    default:
      return "";
  }
  if (FindName(scope.env, expr.text) || expr.args.empty()) {
    return expr.text == "ingestion_time" ? "$IngestionTime" : "";
  }
  if (IsNamedAsFirst(expr.text)) return ImpliedName(*expr.args[0], scope);
  for (const FunctionNaming& naming : kNamings) {
    if (naming.function != expr.text) continue;
    const std::string prefix(naming.prefix);
    if (naming.naming == Naming::kPrefixOnly) return prefix;
    const ast::Expr& first = *expr.args[0];
    if (naming.naming == Naming::kFirstValue) {
      const bool text = first.kind == ast::ExprKind::kLiteral && first.type == ScalarType::kString;
      return text ? std::get<std::string>(first.value) : "";
    }
    return prefix + "_" + ImpliedName(first, scope);
  }
  return "";
}

}  // namespace kc::kql
