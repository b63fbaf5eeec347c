// Where rows come from: tables, functions without arguments, datatable, range, print, materialize.
#include <cmath>

#include "base/text.h"
#include "kql/binder_impl.h"
#include "kql/parser.h"

namespace kc::kql {

NodePtr Binder::ScanTable(TablePtr table) {
  auto node = MakeNode(NodeKind::kScan);
  for (const ColumnSchema& column : table->columns) {
    node->columns.push_back(NewColumn(column.name, column.type));
  }
  if (table->has_hidden_columns) {
    node->ingestion_time = NewColumn();
    node->cursor = NewColumn();
    node->extent_id = NewColumn();
    node->extent_tags = NewColumn();
  }
  node->table = std::move(table);
  return node;
}

NodePtr Binder::FromValues(std::shared_ptr<const ValueTable> values) {
  auto node = MakeNode(NodeKind::kValues);
  for (const ColumnSchema& column : values->columns) {
    node->columns.push_back(NewColumn(column.name, column.type));
  }
  node->values = std::move(values);
  node->serialized = true;
  return node;
}

// A function without parameters as a table; null if there is none.
Result<NodePtr> Binder::TryFunctionAsTable(const DatabaseRef& where, const std::string& name,
                                           const EnvPtr& env) {
  KC_ASSIGN(auto stored, StoredFunction(where, name));
  if (stored.first == nullptr) return NodePtr();
  ast::Expr call;
  call.kind = ast::ExprKind::kCall;
  call.text = name;
  KC_ASSIGN(Bound bound, CallUser(*stored.first, stored.second, name, call, Scope{env, nullptr}));
  if (bound.table) return std::move(bound.table);
  return Semantic("SEM0040", "A table is expected, '" + name + "' gives a scalar");
}

// By its name alone a function hides a table that is called the same.
Result<NodePtr> Binder::TryResolveTable(const DatabaseRef& where, const std::string& name,
                                        const EnvPtr& env, TableKind kind) {
  if (kind == TableKind::kTable) {
    KC_ASSIGN(NodePtr function, TryFunctionAsTable(where, name, env));
    if (function) return function;
  }
  return TryStoredTable(where, name, env, kind);
}

Result<NodePtr> Binder::TryStoredTable(const DatabaseRef& where, const std::string& name,
                                       const EnvPtr& env, TableKind kind) {
  if (request_.catalog == nullptr) return NodePtr();
  KC_ASSIGN(TablePtr table, request_.catalog->FindTable(where, name, kind));
  if (!table) return NodePtr();
  if (!table->row_level_security.empty() && env->plain_table != table->name) {
    auto policy = ParseExpression(table->row_level_security);
    if (!policy)
      return Fail(std::move(policy).error().Within("row level security of '" + name + "'"));
    const ast::Expr* query = Keep(std::move(*policy))->get();
    auto inner = std::make_shared<Env>();
    inner->database = where;
    if (!table->database.empty()) inner->database.database = table->database;
    inner->plain_table = table->name;
    return BindTabular(*query, inner);
  }
  return ScanTable(std::move(table));
}

Result<NodePtr> Binder::ResolveTable(const DatabaseRef& where, const std::string& name,
                                     const EnvPtr& env, TableKind kind) {
  KC_ASSIGN(NodePtr table, TryResolveTable(where, name, env, kind));
  if (table) return table;
  return Semantic("SEM0100",
                  "Failed to resolve table or column or scalar expression named '" + name + "'");
}

Result<std::optional<DatabaseRef>> Binder::BindDatabaseRef(const ast::Expr& expr,
                                                           const EnvPtr& env) {
  using ast::ExprKind;
  const bool call = expr.kind == ExprKind::kCall;
  if (call && (expr.text == "cluster" || expr.text == "database") && expr.args.size() == 1) {
    KC_ASSIGN(std::string name, BindConstantText(*expr.args[0], env, expr.text));
    for (const Env* e = env.get(); expr.text == "database" && e != nullptr; e = e->parent.get()) {
      if (!e->alias.empty() && e->alias == name) return std::optional<DatabaseRef>(e->alias_of);
    }
    DatabaseRef where = env->database;
    (expr.text == "cluster" ? where.cluster : where.database) = std::move(name);
    return std::optional<DatabaseRef>(std::move(where));
  }
  if (expr.kind == ExprKind::kMemberCall && expr.text == "database" && expr.args.size() == 2) {
    KC_ASSIGN(std::optional<DatabaseRef> where, BindDatabaseRef(*expr.args[0], env));
    if (!where) return std::optional<DatabaseRef>();
    KC_ASSIGN(where->database, BindConstantText(*expr.args[1], env, expr.text));
    return where;
  }
  return std::optional<DatabaseRef>();
}

// table('T', 'scope') and the like: a function only where there is no such table.
Result<NodePtr> Binder::ResolveTableCall(const ast::Expr& call, size_t first,
                                         const DatabaseRef& where, const EnvPtr& env,
                                         TableKind kind) {
  KC_ASSIGN(const std::string name, BindConstantText(*call.args[first], env, call.text));
  if (call.args.size() > first + 2) {
    return Semantic("SEM0219", call.text + "(): wrong number of arguments");
  }
  if (kind == TableKind::kTable && call.args.size() == first + 2) {
    // All data is in the hot cache here.
    KC_ASSIGN(const std::string scope, BindConstantText(*call.args[first + 1], env, call.text));
    if (scope != "all" && scope != "hotcache" && scope != "default") {
      return Semantic("SEM0041", "table(): '" + scope + "' is no scope: all, hotcache or default");
    }
  }
  KC_ASSIGN(NodePtr stored, TryStoredTable(where, name, env, kind));
  if (stored) return stored;
  return ResolveTable(where, name, env, kind);
}

namespace {

std::optional<TableKind> TableFunctionKind(const std::string& name) {
  if (name == "table") return TableKind::kTable;
  if (name == "external_table") return TableKind::kExternalTable;
  if (name == "materialized_view") return TableKind::kMaterializedView;
  return std::nullopt;
}

}  // namespace

Result<std::optional<Bound>> Binder::BindTableFunction(const ast::Expr& call, const Scope& scope) {
  using ast::ExprKind;
  const auto table = [](Result<NodePtr> node) -> Result<std::optional<Bound>> {
    if (!node) return Fail(std::move(node).error());
    return std::optional<Bound>(Bound{nullptr, std::move(*node)});
  };
  const EnvPtr& env = scope.env;
  if (call.kind == ExprKind::kCall) {
    const auto kind = TableFunctionKind(call.text);
    if (kind && !call.args.empty() && !FindName(env, call.text)) {
      KC_ASSIGN(std::string name, BindConstantText(*call.args[0], env, call.text));
      // A let may define what table('x') names.
      if (*kind == TableKind::kTable) {
        if (const auto let = FindName(env, name); let && let->function == nullptr) {
          KC_ASSIGN(Bound bound, UseName(let, name));
          if (bound.table) return std::optional<Bound>(std::move(bound));
        }
      }
      return table(ResolveTableCall(call, 0, env->database, env, *kind));
    }
    if (call.text == "view" || call.text == "typeof") return std::optional<Bound>();
    return std::optional<Bound>();
  }
  if (call.args.empty()) return std::optional<Bound>();
  KC_ASSIGN(std::optional<DatabaseRef> where, BindDatabaseRef(*call.args[0], env));
  if (!where) return std::optional<Bound>();
  if (call.kind == ExprKind::kMember) {
    return table(ResolveTable(*where, call.text, env, TableKind::kTable));
  }
  const auto kind = TableFunctionKind(call.text);
  if (kind && call.args.size() >= 2) {
    return table(ResolveTableCall(call, 1, *where, env, *kind));
  }
  KC_ASSIGN(auto stored, StoredFunction(*where, call.text));
  if (stored.first == nullptr) {
    return Semantic("SEM0260", "Unknown function: '" + call.text + "'");
  }
  // The arguments are those after the database.
  auto bound = CallUser(*stored.first, stored.second, call.text, call, scope, nullptr, 1);
  if (!bound) return Fail(std::move(bound).error());
  return std::optional<Bound>(std::move(*bound));
}

Result<NodePtr> Binder::BindDataTable(const ast::Expr& expr, const EnvPtr& env) {
  auto rows = std::make_shared<ValueTable>();
  for (const ast::ColumnDecl& column : expr.columns) {
    rows->columns.push_back({column.name, column.type});
  }
  const size_t width = rows->columns.size();
  if (width == 0 || expr.args.size() % width != 0) {
    return Semantic("SEM0034", "datatable: the number of values is no multiple of the columns");
  }
  for (size_t i = 0; i < expr.args.size(); ++i) {
    if (i % width == 0) rows->rows.emplace_back();
    const ScalarType type = rows->columns[i % width].type;
    KC_ASSIGN(ExprPtr cell, BindConstant(*expr.args[i], env, "datatable"));
    // Of another type than the column: converted as to<type>() does, null if it can't be.
    KC_ASSIGN(cell, Convert(std::move(cell), type));
    KC_ASSIGN(Value value, Evaluate(cell));
    rows->rows.back().push_back(std::move(value));
  }
  return FromValues(std::move(rows));
}

Result<NodePtr> Binder::BindExternalData(const ast::Expr& expr, const EnvPtr& env) {
  std::vector<ColumnSchema> columns;
  for (const ast::ColumnDecl& column : expr.columns) columns.push_back({column.name, column.type});
  std::vector<std::string> uris;
  for (const ast::ExprPtr& arg : expr.args) {
    KC_ASSIGN(std::string uri, BindConstantText(*arg, env, "externaldata"));
    uris.push_back(std::move(uri));
  }
  std::vector<std::pair<std::string, std::string>> properties;
  for (const ast::Parameter& p : expr.params) properties.emplace_back(p.name, p.value);
  KC_ASSIGN(ValueTable table, request_.catalog->ReadExternalData(columns, uris, properties));
  return FromValues(std::make_shared<ValueTable>(std::move(table)));
}

Result<NodePtr> Binder::BindMaterialize(const ast::Expr& expr, const EnvPtr& env) {
  KC_ASSIGN(NodePtr inner, BindTabular(*expr.args[0], env));
  return Share(std::move(inner));
}

NodePtr Binder::Share(NodePtr inner) {
  auto node = MakeNode(NodeKind::kShared, {inner});
  node->shared_id = next_shared_++;
  node->inputs.emplace_back();
  for (Column& column : node->columns) {
    node->inputs[0].push_back(MakeColumn(column));
    column.id = NewColumn();
  }
  return node;
}

Result<NodePtr> Binder::Operate(const ast::Print& op, NodePtr in, const EnvPtr& env) {
  auto one = std::make_shared<Node>();
  one->serialized = true;
  if (in) return Semantic("SEM0003", "print does not take an input");
  Rows rows = RowsOf(one);
  const Scope scope{env, &rows};
  std::vector<Column> columns;
  std::vector<std::pair<ColumnId, ExprPtr>> assignments;
  NameSet names;
  KC_ASSIGN(std::vector<NamedExpr> named, BindNamedList(op.columns, scope));
  for (const NamedExpr& item : named) {
    if (item.is_explicit) names.Reserve(item.name);
  }
  for (size_t i = 0; i < named.size(); ++i) {
    std::string name = named[i].name;
    if (!named[i].is_explicit) name = names.Unique("print_" + std::to_string(i));
    const Column column = NewColumn(std::move(name), named[i].expr->type);
    assignments.emplace_back(column.id, std::move(named[i].expr));
    columns.push_back(column);
  }
  return MakeShow(MakeCompute(std::move(rows.node), std::move(assignments)), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::Range& op, NodePtr in, const EnvPtr& env) {
  if (in) return Semantic("SEM0003", "range does not take an input");
  KC_ASSIGN(ExprPtr from, BindConstant(*op.from, env, "range"));
  KC_ASSIGN(ExprPtr to, BindConstant(*op.to, env, "range"));
  KC_ASSIGN(ExprPtr step, BindConstant(*op.step, env, "range"));
  const bool moment = from->type == ScalarType::kDateTime;
  std::optional<ScalarType> type = moment ? ScalarType::kDateTime : CommonType({from, to, step});
  if (!type || *type == ScalarType::kString || *type == ScalarType::kBool ||
      *type == ScalarType::kDynamic || *type == ScalarType::kGuid ||
      *type == ScalarType::kDecimal) {
    return Semantic("SEM0035", "range: numbers, datetimes or timespans of one kind expected");
  }
  KC_ASSIGN(from, Convert(std::move(from), *type));
  KC_ASSIGN(to, Convert(std::move(to), *type));
  KC_ASSIGN(step, Convert(std::move(step), moment ? ScalarType::kTimeSpan : *type));
  const Column column = NewColumn(op.name, *type);
  if (IsNull(from->value) || IsNull(to->value) || IsNull(step->value)) {
    return Semantic("SEM0036", "range: null is not allowed");
  }
  auto node = MakeNode(NodeKind::kSql);
  node->columns = {column};
  node->serialized = true;
  const std::string name = "c" + std::to_string(column.id);
  if (*type == ScalarType::kReal) {
    const double a = std::get<double>(from->value), b = std::get<double>(to->value);
    const double s = std::get<double>(step->value);
    if (s == 0 || !std::isfinite(a) || !std::isfinite(b) || !std::isfinite(s)) {
      return Semantic("SEM0036", "range: the step must not be 0");
    }
    // A little more than the quotient, so that 0 to 1 step 0.1 has its end.
    const double steps = std::floor((b - a) / s + 1e-9);
    node->sql = "SELECT " + FormatDouble(a) + "::DOUBLE + i * " + FormatDouble(s) + "::DOUBLE AS " +
                name + " FROM range(" +
                std::to_string(steps < 0 ? 0 : static_cast<int64_t>(steps) + 1) + ") t(i)";
    return NodePtr(std::move(node));
  }
  const int64_t a = std::get<int64_t>(from->value), b = std::get<int64_t>(to->value);
  const int64_t s = std::get<int64_t>(step->value);
  if (s == 0) return Semantic("SEM0036", "range: the step must not be 0");
  node->sql = "SELECT CAST(i AS " + std::string(*type == ScalarType::kInt ? "INTEGER" : "BIGINT") +
              ") AS " + name + " FROM generate_series(" + std::to_string(a) + "::BIGINT, " +
              std::to_string(b) + "::BIGINT, " + std::to_string(s) + "::BIGINT) t(i)";
  return NodePtr(std::move(node));
}

}  // namespace kc::kql
