#include "kql/binder_plugins_more.h"

#include <algorithm>

#include "kql/parser.h"

namespace kc::kql {
namespace {

// The number of intersections' terms doubles with each argument.
constexpr size_t kMaxIntersected = 8;

Result<ExprPtr> BindArgument(Binder& binder, const ast::Expr& call, size_t i, Rows& rows,
                             const EnvPtr& env) {
  if (i >= call.args.size() || call.args[i]->kind == ast::ExprKind::kNamed) {
    return Binder::Semantic("SEM0219", call.text + "(): too few arguments");
  }
  return binder.BindScalar(*call.args[i], Scope{env, &rows});
}

// |A ∩ B ∩ …| of the first 1, 2, … states of hll(), by inclusion and exclusion over their unions.
Result<NodePtr> DcountIntersect(Binder& binder, const ast::Expr& call, const NodePtr& in,
                                const EnvPtr& env) {
  const size_t n = call.args.size();
  if (n < 2 || n > kMaxIntersected) {
    return Binder::Semantic("SEM0219", "dcount_intersect(): two to eight states of hll() expected");
  }
  Rows rows = Binder::RowsOf(in);
  std::vector<ExprPtr> states;
  for (size_t i = 0; i < n; ++i) {
    KC_ASSIGN(ExprPtr state, BindArgument(binder, call, i, rows, env));
    states.push_back(std::move(state));
  }
  std::vector<Column> columns = in->columns;
  NameSet names;
  for (const Column& column : columns) names.Reserve(column.name);
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  ExprPtr sum;
  for (size_t i = 0; i < n; ++i) {
    sum = nullptr;
    for (uint32_t set = 1; set < (uint32_t{2} << i); ++set) {
      std::vector<ExprPtr> some;
      for (size_t j = 0; j <= i; ++j) {
        if ((set >> j & 1) != 0) some.push_back(states[j]);
      }
      const bool plus = some.size() % 2 == 1;
      ExprPtr merged = some[0];
      if (some.size() > 1) {
        KC_ASSIGN(merged, binder.CallFunction("hll_merge", std::move(some)));
      }
      KC_ASSIGN(ExprPtr count, binder.CallFunction("dcount_hll", {std::move(merged)}));
      if (!sum) {
        sum = std::move(count);
        continue;
      }
      KC_ASSIGN(sum, binder.Arithmetic(plus ? ast::Op::kAdd : ast::Op::kSub, std::move(sum),
                                       std::move(count)));
    }
    const Column column =
        binder.NewColumn(names.Unique("s" + std::to_string(i)), ScalarType::kLong);
    computed.emplace_back(column.id, std::move(sum));
    columns.push_back(column);
  }
  return MakeShow(MakeCompute(std::move(rows.node), std::move(computed)), std::move(columns));
}

// Schemas that getschema gave, as one.
Result<NodePtr> SchemaMerge(Binder& binder, const ast::Expr& call, const NodePtr& in,
                            const EnvPtr& env) {
  bool keep_order = true;
  if (!call.args.empty()) {
    const ast::Expr& arg = *call.args[0];
    KC_ASSIGN(ExprPtr flag,
              binder.BindConstant(arg.kind == ast::ExprKind::kNamed ? *arg.args[0] : arg, env,
                                  call.text));
    KC_ASSIGN(const Value value, binder.Evaluate(flag));
    if (!std::holds_alternative<bool>(value)) {
      return Binder::Semantic("SEM0219", "schema_merge(): PreserveOrder is true or false");
    }
    keep_order = std::get<bool>(value);
  }
  std::vector<Column> wanted;
  for (const char* name : {"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"}) {
    const Column* column = Binder::FindColumn(in->columns, name);
    if (column == nullptr) {
      return Binder::Semantic("SEM0100", "schema_merge(): the input must come from getschema");
    }
    wanted.push_back(*column);
  }
  KC_ASSIGN(const ValueTable schemas, binder.RunNow(MakeShow(in, wanted)));
  auto merged = std::make_shared<ValueTable>();
  merged->columns = {{"ColumnName", ScalarType::kString},
                     {"ColumnOrdinal", ScalarType::kLong},
                     {"DataType", ScalarType::kString},
                     {"ColumnType", ScalarType::kString}};
  std::vector<Value> ordinals;  // in the schema that named the column first
  for (const std::vector<Value>& row : schemas.rows) {
    const auto same = std::find_if(merged->rows.begin(), merged->rows.end(),
                                   [&](const auto& known) { return known[0] == row[0]; });
    if (same == merged->rows.end()) {
      const auto ordinal = static_cast<int64_t>(merged->rows.size());
      merged->rows.push_back({row[0], ordinal, row[2], row[3]});
      ordinals.push_back(row[1]);
      continue;
    }
    const auto at = static_cast<size_t>(same - merged->rows.begin());
    if ((*same)[3] != row[3] || (keep_order && ordinals[at] != row[1])) {
      return Binder::Semantic("SEM0068",
                              "schema_merge(): the schemas do not agree on the column '" +
                                  std::get<std::string>(row[0]) + "'");
    }
  }
  return binder.FromValues(std::move(merged));
}

constexpr std::string_view kActivityCounts = R"(
let b = materialize(in_rows
  | where in_rows_t between (in_rows_from .. in_rows_to)
  | extend in_rows_t = bin_at(in_rows_t, in_rows_step, in_rows_from));
b | summarize count = count(), dcount = count_distinct(in_rows_id) by in_rows_t
  | join kind=leftouter (b | summarize in_rows_t = min(in_rows_t) by in_rows_id
                           | summarize new_dcount = count() by in_rows_t) on in_rows_t
  | extend new_dcount = coalesce(new_dcount, 0)
  | sort by in_rows_t asc
  | extend aggregated_dcount = row_cumsum(new_dcount)
  | project in_rows_t, count, dcount, new_dcount, aggregated_dcount
)";

// Written in KQL over the rows, under names of its own.
Result<NodePtr> ActivityCounts(Binder& binder, const ast::Expr& call, const NodePtr& in,
                               const EnvPtr& env) {
  if (call.args.size() != 5) {
    return Binder::Semantic("SEM0002",
                            "activity_counts_metrics(): five arguments are expected; dimensions "
                            "are not supported by this engine");
  }
  Rows rows = Binder::RowsOf(in);
  KC_ASSIGN(ExprPtr id, BindArgument(binder, call, 0, rows, env));
  KC_ASSIGN(NamedExpr time, binder.BindNamed(*call.args[1], Scope{env, &rows}));
  const Column id_column = binder.NewColumn("in_rows_id", id->type);
  const Column time_column = binder.NewColumn("in_rows_t", time.expr->type);
  const NodePtr table = MakeShow(MakeCompute(std::move(rows.node), {{id_column.id, std::move(id)},
                                                                    {time_column.id, time.expr}}),
                                 {id_column, time_column});
  EnvPtr inner = env;
  const auto name = [&](const char* text, Bound bound) {
    auto value = std::make_shared<Name>();
    value->bound = std::move(bound);
    inner = binder.WithName(inner, text, std::move(value));
  };
  name("in_rows", Bound{nullptr, table});
  const char* constants[] = {"in_rows_from", "in_rows_to", "in_rows_step"};
  for (size_t i = 0; i < 3; ++i) {
    KC_ASSIGN(ExprPtr value, binder.BindConstant(*call.args[i + 2], env, call.text));
    name(constants[i], Bound{std::move(value), nullptr});
  }
  KC_ASSIGN(ast::Script script, Parse(kActivityCounts));
  const ast::Script* kept = binder.Keep(std::move(script));
  KC_ASSIGN(const Binder::Body body, binder.EnterBody(kept->statements, inner));
  KC_ASSIGN(NodePtr result, binder.BindTabular(*body.result, body.env));
  std::vector<Column> columns = result->columns;
  columns[0].name = time.name.empty() ? "Column1" : time.name;
  return MakeShow(std::move(result), std::move(columns));
}

// The arguments given by name behind the positional ones.
struct LookupOptions {
  bool return_unmatched = false;
  bool return_lookup_key = false;
};
Result<LookupOptions> ReadLookupOptions(Binder& binder, const ast::Expr& call, const EnvPtr& env) {
  LookupOptions options;
  for (const ast::ExprPtr& arg : call.args) {
    if (arg->kind != ast::ExprKind::kNamed) continue;
    const std::string& name = arg->names.at(0);
    KC_ASSIGN(ExprPtr constant, binder.BindConstant(*arg->args[0], env, call.text));
    KC_ASSIGN(const Value value, binder.Evaluate(constant));
    const bool* flag = std::get_if<bool>(&value);
    if (name == "return_unmatched" && flag != nullptr) {
      options.return_unmatched = *flag;
    } else if (name == "return_lookup_key" && flag != nullptr) {
      options.return_lookup_key = *flag;
    } else if (name != "lookup_area_radius") {  // which only hastens the search
      return Binder::Semantic("SEM0219", call.text + "(): wrong argument " + name);
    }
  }
  return options;
}

// Rows beside the lines or polygons of another table that they are on.
Result<NodePtr> GeoLookup(Binder& binder, const ast::Expr& call, const NodePtr& in,
                          const EnvPtr& env) {
  const bool lines = call.text == "geo_line_lookup";
  const auto positional = static_cast<size_t>(
      std::count_if(call.args.begin(), call.args.end(),
                    [](const ast::ExprPtr& arg) { return arg->kind != ast::ExprKind::kNamed; }));
  if (positional < 4 || positional > 5 || (lines && positional != 5)) {
    return Binder::Semantic("SEM0219", call.text + "(): wrong number of arguments");
  }
  KC_ASSIGN(const LookupOptions options, ReadLookupOptions(binder, call, env));
  KC_ASSIGN(NodePtr lookup, binder.BindTabular(*call.args[0], env));
  const Column* key = Binder::FindColumn(lookup->columns, call.args[1]->text);
  if (key == nullptr) {
    return Binder::Semantic("SEM0100",
                            "Failed to resolve column named '" + call.args[1]->text + "'");
  }
  Rows rows = Binder::RowsOf(in);
  KC_ASSIGN(ExprPtr longitude, BindArgument(binder, call, 2, rows, env));
  KC_ASSIGN(ExprPtr latitude, BindArgument(binder, call, 3, rows, env));
  ExprPtr match;
  if (positional == 4) {
    KC_ASSIGN(match,
              binder.CallFunction("geo_point_in_polygon", {longitude, latitude, MakeColumn(*key)}));
  } else {
    KC_ASSIGN(ExprPtr radius, binder.BindConstant(*call.args[4], env, call.text));
    KC_ASSIGN(radius, binder.Convert(std::move(radius), ScalarType::kReal));
    KC_ASSIGN(ExprPtr distance, binder.CallFunction(lines ? "geo_distance_point_to_line"
                                                          : "geo_distance_point_to_polygon",
                                                    {longitude, latitude, MakeColumn(*key)}));
    match = MakeCompare(Compare::kLe, std::move(distance), std::move(radius));
  }
  auto join = MakeNode(NodeKind::kJoin, {rows.node, lookup});
  join->join = options.return_unmatched ? JoinKind::kLeft : JoinKind::kInner;
  join->predicate = std::move(match);
  join->serialized = join->sorted = false;
  join->columns.clear();
  NameSet names;
  for (const std::vector<Column>* side : {&in->columns, &lookup->columns}) {
    for (Column column : *side) {
      if (column.id == key->id && !options.return_lookup_key) continue;
      column.name = names.Unique(column.name);
      join->columns.push_back(std::move(column));
    }
  }
  return NodePtr(std::move(join));
}

}  // namespace

Result<std::optional<NodePtr>> EvaluateMore(Binder& binder, const ast::Evaluate& op,
                                            const NodePtr& in, const EnvPtr& env) {
  const std::string& name = op.call->text;
  Result<NodePtr> node = NodePtr();
  if (name == "dcount_intersect") {
    node = DcountIntersect(binder, *op.call, in, env);
  } else if (name == "schema_merge") {
    node = SchemaMerge(binder, *op.call, in, env);
  } else if (name == "activity_counts_metrics") {
    node = ActivityCounts(binder, *op.call, in, env);
  } else if (name == "geo_polygon_lookup" || name == "geo_line_lookup") {
    node = GeoLookup(binder, *op.call, in, env);
  } else {
    return std::optional<NodePtr>();
  }
  if (!node) return Fail(std::move(node).error());
  return std::optional<NodePtr>(std::move(*node));
}

}  // namespace kc::kql
