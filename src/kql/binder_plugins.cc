// evaluate: plugins. Those whose columns depend on the data run a query first to find them out.
#include <algorithm>

#include "base/json.h"
#include "kql/binder_impl.h"
#include "kql/binder_plugins_more.h"

namespace kc::kql {

namespace {

// More columns than this would be no table any more; Kusto refuses as well.
constexpr size_t kMaxDiscoveredColumns = 10'000;

const ast::Expr& Unnamed(const ast::Expr& arg) {
  return arg.kind == ast::ExprKind::kNamed ? *arg.args[0] : arg;
}

// The argument given by name, or the one at `position` among those without names.
const ast::Expr* Argument(const ast::Expr& call, std::string_view name, size_t position) {
  size_t at = 0;
  for (const ast::ExprPtr& arg : call.args) {
    if (arg->kind == ast::ExprKind::kNamed) {
      if (arg->names.at(0) == name) return arg->args[0].get();
    } else if (at++ == position) {
      return arg.get();
    }
  }
  return nullptr;
}

size_t PositionalCount(const ast::Expr& call) {
  return static_cast<size_t>(
      std::count_if(call.args.begin(), call.args.end(),
                    [](const ast::ExprPtr& arg) { return arg->kind != ast::ExprKind::kNamed; }));
}

std::string SqlColumn(ColumnId id) {
  return "c" + std::to_string(id);
}

// What DuckDB calls the type of a JSON value.
ScalarType TypeOfJson(const std::string& type) {
  if (type == "VARCHAR") return ScalarType::kString;
  if (type == "BOOLEAN") return ScalarType::kBool;
  if (type == "DOUBLE") return ScalarType::kReal;
  if (type == "BIGINT" || type == "UBIGINT") return ScalarType::kLong;
  return ScalarType::kDynamic;
}

const std::string* TextOf(const Value& value) {
  return std::get_if<std::string>(&value);
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::Evaluate& op, NodePtr in, const EnvPtr& env) {
  const std::string& name = op.call->text;
  if (name == "execute_show_command") return EvaluateShowCommand(*op.call, in, env);
  if (!in) return Semantic("SEM0003", "evaluate " + name + ": a table is expected before it");
  if (name == "bag_unpack") return EvaluateBagUnpack(op, std::move(in), env);
  if (name == "pivot") return EvaluatePivot(op, std::move(in), env);
  if (op.schema) {
    return Semantic("SEM0002", "evaluate " + name + ": an output schema is not supported");
  }
  if (name == "narrow") return EvaluateNarrow(std::move(in));
  if (name == "rows_near") return EvaluateRowsNear(*op.call, std::move(in), env);
  if (name == "ipv4_lookup" || name == "ipv6_lookup") {
    return EvaluateIpLookup(*op.call, std::move(in), env);
  }
  KC_ASSIGN(std::optional<NodePtr> more, EvaluateMore(*this, op, in, env));
  if (more) return std::move(*more);
  return Semantic("SEM0002", "The plugin '" + name + "' is not supported by this engine");
}

Result<NodePtr> Binder::EvaluateShowCommand(const ast::Expr& call, const NodePtr& in,
                                            const EnvPtr& env) {
  if (in || call.args.size() != 2) {
    return Semantic("SEM0219", "execute_show_command(): two texts expected");
  }
  KC_ASSIGN(std::string connection, BindConstantText(Unnamed(*call.args[0]), env, call.text));
  KC_ASSIGN(std::string command, BindConstantText(Unnamed(*call.args[1]), env, call.text));
  KC_ASSIGN(ValueTable table, request_.catalog->ExecuteShowCommand(connection, command));
  return FromValues(std::make_shared<ValueTable>(std::move(table)));
}

// ---- bag_unpack
// -----------------------------------------------------------------------------------

// The keys of the bags in `bag` with the type of their values, sorted by key.
Result<std::vector<ColumnSchema>> Binder::DiscoverBag(const NodePtr& in, const Column& bag) {
  auto keys = MakeNode(NodeKind::kSql, {MakeShow(in, {bag})});
  const Column key = NewColumn("key", ScalarType::kString);
  const Column type = NewColumn("type", ScalarType::kString);
  const std::string column = "t." + SqlColumn(bag.id);
  keys->sql = "SELECT DISTINCT e.key AS " + SqlColumn(key.id) + ", e.type AS " +
              SqlColumn(type.id) + " FROM $0 AS t, json_each(" + column + ") AS e WHERE " + column +
              " LIKE '{%' AND e.type <> 'NULL'";
  keys->columns = {key, type};
  keys->serialized = keys->sorted = false;
  KC_ASSIGN(ValueTable table, RunNow(keys));
  std::map<std::string, std::optional<ScalarType>> found;
  for (const std::vector<Value>& row : table.rows) {
    const std::string* name = TextOf(row[0]);
    const std::string* json_type = TextOf(row[1]);
    if (name == nullptr || json_type == nullptr) continue;
    std::optional<ScalarType>& slot = found[*name];
    const ScalarType one = TypeOfJson(*json_type);
    slot = !slot || *slot == one ? one : ScalarType::kDynamic;
  }
  if (found.size() > kMaxDiscoveredColumns) {
    return Semantic("SEM0068", "bag_unpack: the bags have too many different keys");
  }
  std::vector<ColumnSchema> columns;
  for (const auto& [name, slot] : found) columns.push_back({name, *slot});
  return columns;
}

Result<NodePtr> Binder::EvaluateBagUnpack(const ast::Evaluate& op, NodePtr in, const EnvPtr& env) {
  const ast::Expr& call = *op.call;
  const ast::Expr* first = Argument(call, "Column", 0);
  if (first == nullptr) return Semantic("SEM0219", "bag_unpack(): a column is expected");
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr bound, BindScalar(*first, scope));
  if (bound->kind != ExprKind::kColumn || bound->type != ScalarType::kDynamic) {
    return Semantic("SEM0026", "bag_unpack(): a column of type dynamic is expected");
  }
  std::string prefix, conflict = "error";
  std::vector<std::string> ignored;
  if (const ast::Expr* given = Argument(call, "OutputColumnPrefix", 1)) {
    KC_ASSIGN(prefix, BindConstantText(*given, env, call.text));
  }
  if (const ast::Expr* given = Argument(call, "columnsConflict", 2)) {
    KC_ASSIGN(conflict, BindConstantText(*given, env, call.text));
  }
  if (const ast::Expr* given = Argument(call, "ignoredProperties", 3)) {
    KC_ASSIGN(ExprPtr list, BindConstant(*given, env, call.text));
    KC_ASSIGN(std::vector<ExprPtr> items, ExpandDynamicList(list));
    for (const ExprPtr& item : items) {
      if (const std::string* text = TextOf(item->value)) ignored.push_back(*text);
    }
  }
  const Column bag{"", ScalarType::kDynamic, bound->column};
  std::vector<ColumnSchema> found;
  if (op.schema) {
    for (const ast::ColumnDecl& column : op.schema->columns) {
      if (op.schema->star || FindColumn(in->columns, column.name) == nullptr) {
        found.push_back({column.name, column.type});
      }
    }
  } else {
    KC_ASSIGN(found, DiscoverBag(in, bag));
  }
  std::vector<Column> columns;
  for (const Column& column : in->columns) {
    if (column.id != bag.id) columns.push_back(column);
  }
  std::vector<std::pair<ColumnId, ExprPtr>> computed;
  for (const ColumnSchema& slot : found) {
    if (std::find(ignored.begin(), ignored.end(), slot.name) != ignored.end()) continue;
    const std::string name = op.schema ? slot.name : prefix + slot.name;
    const std::string key =
        op.schema && slot.name.starts_with(prefix) ? slot.name.substr(prefix.size()) : slot.name;
    const auto same = std::find_if(columns.begin(), columns.end(),
                                   [&](const Column& c) { return c.name == name; });
    if (same != columns.end() && conflict == "keep_source") continue;
    if (same != columns.end() && conflict != "replace_source") {
      return Semantic("SEM0032", "bag_unpack: a column with the name '" + name +
                                     "' exists already; see columnsConflict");
    }
    KC_ASSIGN(ExprPtr value, CallFunction("op:index", {bound, MakeString(key)}));
    KC_ASSIGN(value, Convert(std::move(value), slot.type));
    const Column column = NewColumn(name, slot.type);
    computed.emplace_back(column.id, std::move(value));
    if (same != columns.end()) {
      *same = column;
    } else {
      columns.push_back(column);
    }
  }
  NodePtr node = std::move(in);
  if (!computed.empty()) node = MakeCompute(std::move(node), std::move(computed));
  return MakeShow(std::move(node), std::move(columns));
}

// ---- pivot
// ----------------------------------------------------------------------------------------

Result<std::vector<Value>> Binder::DistinctValues(const NodePtr& in, const Column& column) {
  auto node = MakeNode(NodeKind::kAggregate, {in});
  const Column out = NewColumn("value", column.type);
  node->assignments = {{out.id, MakeColumn(column)}};
  node->columns = {out};
  node->serialized = node->sorted = false;
  KC_ASSIGN(ValueTable table, RunNow(node));
  std::vector<Value> values;
  for (std::vector<Value>& row : table.rows) values.push_back(std::move(row[0]));
  if (values.size() > kMaxDiscoveredColumns) {
    return Semantic("SEM0068", "pivot: the column has too many different values");
  }
  return values;
}

namespace {

void CollectColumns(const Expr& e, std::set<ColumnId>* ids) {
  if (e.kind == ExprKind::kColumn) ids->insert(e.column);
  for (const ExprPtr& arg : e.args) CollectColumns(*arg, ids);
}

// The values under the names of the columns that they become, in order.
Result<std::map<std::string, Value>> NameValues(Binder& binder, ScalarType type,
                                                std::vector<Value> values) {
  std::map<std::string, Value> named;
  for (Value& value : values) {
    KC_ASSIGN(ExprPtr text, binder.Convert(MakeLiteral(type, value), ScalarType::kString));
    KC_ASSIGN(Value name, binder.Evaluate(text));
    const std::string* as_text = TextOf(name);
    named.emplace(as_text == nullptr ? "" : *as_text, std::move(value));
  }
  return named;
}

// The arguments from `first` on, else all columns that neither the pivot nor the aggregate reads.
Result<std::vector<Column>> PivotKeys(const ast::Expr& call, size_t first,
                                      const std::vector<Column>& columns,
                                      const std::set<ColumnId>& read) {
  std::vector<Column> keys;
  for (size_t i = first; i < call.args.size(); ++i) {
    const Column* column = Binder::FindColumn(columns, call.args[i]->text);
    if (column == nullptr) {
      return Binder::Semantic("SEM0100",
                              "Failed to resolve column named '" + call.args[i]->text + "'");
    }
    keys.push_back(*column);
  }
  if (!keys.empty()) return keys;
  for (const Column& column : columns) {
    if (!read.contains(column.id)) keys.push_back(column);
  }
  return keys;
}

}  // namespace

Result<NodePtr> Binder::EvaluatePivot(const ast::Evaluate& op, NodePtr in, const EnvPtr& env) {
  const ast::Expr& call = *op.call;
  if (op.schema) return Semantic("SEM0002", "pivot: an output schema is not supported");
  if (call.args.empty() || PositionalCount(call) != call.args.size()) {
    return Semantic("SEM0219", "pivot(): a column is expected");
  }
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr pivot, BindScalar(*call.args[0], scope));
  if (pivot->kind != ExprKind::kColumn) {
    return Semantic("SEM0026", "pivot(): the name of a column is expected");
  }
  const Column pivot_column{"", pivot->type, pivot->column};
  KC_ASSIGN(std::vector<Value> values, DistinctValues(in, pivot_column));
  KC_ASSIGN(auto named, NameValues(*this, pivot->type, std::move(values)));
  std::vector<Aggregate> aggregates;
  std::vector<std::pair<ColumnId, ExprPtr>> results;
  std::vector<Column> result_columns;
  std::set<ColumnId> read = {pivot->column};
  auto count = std::make_unique<ast::Expr>();
  count->kind = ast::ExprKind::kCall;
  count->text = "count";
  const bool given = call.args.size() > 1 && call.args[1]->kind == ast::ExprKind::kCall &&
                     IsAggregate(call.args[1]->text);
  const ast::Expr& aggregate = given ? *call.args[1] : *count;
  for (const auto& [name, value] : named) {
    const size_t before = aggregates.size();
    rows.aggregates = &aggregates;
    KC_ASSIGN(ExprPtr result, BindScalar(aggregate, scope));
    rows.aggregates = nullptr;
    const ExprPtr chosen = MakeSql(ScalarType::kBool, "($1 IS NOT DISTINCT FROM $2)",
                                   {pivot, MakeLiteral(pivot->type, value)});
    for (size_t i = before; i < aggregates.size(); ++i) {
      Aggregate& a = aggregates[i];
      for (const ExprPtr& arg : a.args) CollectColumns(*arg, &read);
      a.filter = a.filter ? MakeAnd({a.filter, chosen}) : chosen;
    }
    result_columns.push_back(NewColumn(name, result->type));
    results.emplace_back(result_columns.back().id, std::move(result));
  }
  // The rows: the columns named, else all that neither the pivot nor the aggregate reads.
  auto node = MakeNode(NodeKind::kAggregate, {rows.node});
  node->serialized = node->sorted = false;
  node->aggregates = std::move(aggregates);
  node->columns.clear();
  KC_ASSIGN(std::vector<Column> keys, PivotKeys(call, given ? 2 : 1, in->columns, read));
  for (const Column& column : keys) {
    const Column key = NewColumn(column.name, column.type);
    node->assignments.emplace_back(key.id, MakeColumn(column));
    node->columns.push_back(key);
  }
  std::vector<Column> shown = node->columns;
  NameSet names;
  for (const Column& column : shown) names.Reserve(column.name);
  for (Column& column : result_columns) {
    column.name = names.Unique(column.name);
    shown.push_back(column);
  }
  return MakeShow(MakeCompute(std::move(node), std::move(results)), std::move(shown));
}

// ---- narrow, rows_near, ip lookups
// ----------------------------------------------------------------

Result<NodePtr> Binder::EvaluateNarrow(NodePtr in) {
  const Column row = NewColumn("Row", ScalarType::kLong);
  std::vector<Column> columns = in->columns;
  columns.push_back(row);
  const NodePtr numbered =
      Share(MakeShow(MakeCompute(in,
                                 {{row.id, MakeSql(ScalarType::kLong, "(row_number() OVER () - 1)",
                                                   {}, Volatility::kWindow)}},
                                 true),
                     columns));
  std::vector<NodePtr> legs;
  for (size_t i = 0; i + 1 < columns.size(); ++i) {
    const NodePtr leg = i == 0 ? numbered : Fresh(numbered);
    KC_ASSIGN(ExprPtr text, Convert(MakeColumn(leg->columns[i]), ScalarType::kString));
    const Column name = NewColumn("Column", ScalarType::kString);
    const Column value = NewColumn("Value", ScalarType::kString);
    legs.push_back(MakeShow(
        MakeCompute(leg, {{name.id, MakeString(columns[i].name)}, {value.id, std::move(text)}}),
        {leg->columns.back(), name, value}));
  }
  KC_ASSIGN(NodePtr all, UnionTables(legs, true, "", std::vector<std::string>(legs.size())));
  auto sort = MakeNode(NodeKind::kSort, {all});
  sort->sort.push_back({MakeColumn(all->columns[0]), true, false});
  return NodePtr(std::move(sort));
}

Result<NodePtr> Binder::EvaluateRowsNear(const ast::Expr& call, NodePtr in, const EnvPtr& env) {
  const size_t n = call.args.size();
  if (n < 2 || n > 3 || PositionalCount(call) != n) {
    return Semantic("SEM0219", "rows_near(): a condition and one or two numbers are expected");
  }
  if (!in->serialized) {
    return Semantic("SEM0029", "rows_near(): the rows must be serialized");
  }
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr condition, BindPredicate(*call.args[0], scope));
  KC_ASSIGN(int64_t before, BindCount(*call.args[1], env, "rows_near"));
  int64_t after = before;
  if (n > 2) {
    KC_ASSIGN(after, BindCount(*call.args[2], env, "rows_near"));
  }
  const ColumnId near = NewColumn();
  // A row is near if a match lies within the `after` rows before it or the `before` rows after it.
  rows.node =
      MakeCompute(std::move(rows.node),
                  {{near, MakeSql(ScalarType::kBool,
                                  "coalesce(bool_or(coalesce($1, false)) OVER (ROWS BETWEEN " +
                                      std::to_string(after) + " PRECEDING AND " +
                                      std::to_string(before) + " FOLLOWING), false)",
                                  {condition}, Volatility::kWindow)}},
                  true);
  return MakeShow(MakeFilter(std::move(rows.node), MakeColumn(near, ScalarType::kBool)),
                  in->columns);
}

Result<NodePtr> Binder::EvaluateIpLookup(const ast::Expr& call, NodePtr in, const EnvPtr& env) {
  const bool v4 = call.text == "ipv4_lookup";
  // return_unmatched may be given without its name; any other further argument is a key.
  const ast::Expr* fourth = Argument(call, "return_unmatched", 3);
  const bool positional = PositionalCount(call) == 4 && fourth->kind == ast::ExprKind::kLiteral &&
                          fourth->type == ScalarType::kBool;
  if (PositionalCount(call) != 3 && !positional) {
    return Semantic("SEM0002", call.text + "(): extra keys are not supported by this engine");
  }
  KC_ASSIGN(NodePtr lookup, BindTabular(*Argument(call, "LookupTable", 0), env));
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr ip, BindScalar(*Argument(call, "SourceIPKey", 1), scope));
  const ast::Expr& key = *Argument(call, "LookupKey", 2);
  const Column* network = FindColumn(lookup->columns, key.text);
  if (network == nullptr) {
    return Semantic("SEM0100", "Failed to resolve column named '" + key.text + "'");
  }
  bool unmatched = false;
  for (const ast::ExprPtr& arg : call.args) {
    if (arg->kind == ast::ExprKind::kNamed && arg->names[0] != "return_unmatched") {
      return Semantic("SEM0219", call.text + "(): unknown argument " + arg->names[0]);
    }
  }
  if (fourth != nullptr) {
    KC_ASSIGN(ExprPtr flag, BindConstant(*fourth, env, call.text));
    KC_ASSIGN(Value value, Evaluate(flag));
    unmatched = std::holds_alternative<bool>(value) && std::get<bool>(value);
  }
  KC_ASSIGN(ExprPtr match, CallFunction(v4 ? "ipv4_is_match" : "ipv6_is_match",
                                        {std::move(ip), MakeColumn(*network)}));
  auto join = MakeNode(NodeKind::kJoin, {rows.node, lookup});
  join->join = unmatched ? JoinKind::kLeft : JoinKind::kInner;
  join->predicate = std::move(match);
  join->serialized = join->sorted = false;
  NameSet names;
  // ipv6_lookup shows the lookup table's columns first.
  const std::vector<Column>& left = v4 ? in->columns : lookup->columns;
  const std::vector<Column>& right = v4 ? lookup->columns : in->columns;
  join->columns.clear();
  for (const std::vector<Column>* side : {&left, &right}) {
    for (Column column : *side) {
      column.name = names.Unique(column.name);
      join->columns.push_back(std::move(column));
    }
  }
  return NodePtr(std::move(join));
}

}  // namespace kc::kql
