// union, and the tables that union, search and find name.
#include <algorithm>

#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

Result<std::vector<Binder::UnionLeg>> Binder::BindLegsOf(const ast::Expr& table,
                                                         const EnvPtr& env) {
  std::vector<UnionLeg> legs;
  const bool wildcard =
      table.kind == ast::ExprKind::kWildcard || table.kind == ast::ExprKind::kStar;
  // database('d').T* has the pattern as its last member.
  const bool member =
      table.kind == ast::ExprKind::kMember && table.text.find('*') != std::string::npos;
  if (wildcard || member) {
    DatabaseRef where = env->database;
    if (member) {
      KC_ASSIGN(std::optional<DatabaseRef> named, BindDatabaseRef(*table.args[0], env));
      if (!named) return Semantic("SEM0040", "A table is expected here");
      where = *named;
    }
    const std::string pattern = table.kind == ast::ExprKind::kStar ? "*" : table.text;
    KC_ASSIGN(std::vector<std::string> names, request_.catalog->ListTables(where, pattern));
    for (const std::string& name : names) {
      KC_ASSIGN(NodePtr node, ResolveTable(where, name, env));
      legs.push_back({name, std::move(node)});
    }
    // Tabular lets that match belong to it as well when they are views.
    for (const Env* e = member ? nullptr : env.get(); e != nullptr; e = e->parent.get()) {
      for (const auto& [name, value] : e->names) {
        if (value->function == nullptr || !value->function->view) continue;
        if (!MatchesWildcard(name, pattern)) continue;
        ast::Expr call;
        call.kind = ast::ExprKind::kCall;
        call.text = name;
        KC_ASSIGN(Bound bound,
                  CallUser(*value->function, value->env, name, call, Scope{env, nullptr}));
        if (bound.table) legs.push_back({name, std::move(bound.table)});
      }
    }
    return legs;
  }
  KC_ASSIGN(NodePtr node, BindTabular(table, env));
  std::string name;
  // Stored tables and views have names, other lets have not; `as` gives one.
  const auto let = table.kind == ast::ExprKind::kName ? FindName(env, table.text) : nullptr;
  if (table.kind == ast::ExprKind::kMember ||
      (table.kind == ast::ExprKind::kName &&
       (let == nullptr || (let->function != nullptr && let->function->view)))) {
    name = table.text;
  } else if (table.kind == ast::ExprKind::kQuery && !table.query->operators.empty()) {
    const auto* as = std::get_if<ast::As>(&table.query->operators.back().op);
    if (as != nullptr) name = as->name;
  }
  legs.push_back({std::move(name), std::move(node)});
  return legs;
}

Result<std::vector<Binder::UnionLeg>> Binder::BindLegs(const ast::ExprList& tables,
                                                       const EnvPtr& env, bool fuzzy) {
  std::vector<UnionLeg> legs;
  for (const ast::ExprPtr& table : tables) {
    auto some = BindLegsOf(*table, env);
    if (!some) {
      // Only what can't be resolved is left out; a wrong query still fails.
      if (fuzzy && some.error().reason == "SEM0100") continue;
      return Fail(std::move(some).error());
    }
    for (UnionLeg& leg : *some) legs.push_back(std::move(leg));
  }
  if (legs.empty()) return Semantic("SEM0100", "Failed to resolve any of the tables");
  return legs;
}

Result<NodePtr> Binder::UnionTables(const std::vector<NodePtr>& legs, bool outer,
                                    const std::string& source,
                                    const std::vector<std::string>& names) {
  auto node = MakeNode(NodeKind::kUnion);
  node->children = legs;
  // Columns by name, in the order of their first appearance, with all types that they have.
  struct Unified {
    std::string name;
    std::vector<ScalarType> types;
    size_t legs = 0;
  };
  std::vector<Unified> unified;
  std::unordered_map<std::string, size_t> index;
  for (const NodePtr& leg : legs) {
    for (const Column& column : leg->columns) {
      const auto [at, fresh] = index.try_emplace(column.name, unified.size());
      if (fresh) unified.push_back({column.name, {}, 0});
      Unified& u = unified[at->second];
      ++u.legs;
      if (std::find(u.types.begin(), u.types.end(), column.type) == u.types.end()) {
        u.types.push_back(column.type);
      }
    }
  }
  node->inputs.resize(legs.size());
  NameSet used;
  for (const Unified& u : unified) used.Reserve(u.name);
  if (!source.empty()) {
    node->columns.push_back(NewColumn(source, ScalarType::kString));
    for (size_t i = 0; i < legs.size(); ++i) {
      node->inputs[i].push_back(
          MakeString(names[i].empty() ? "union_arg" + std::to_string(i) : names[i]));
    }
  }
  for (const Unified& u : unified) {
    if (!outer && u.legs != legs.size()) continue;
    for (const ScalarType type : u.types) {
      const std::string name =
          u.types.size() == 1 ? u.name : used.Unique(u.name + "_" + std::string(KustoName(type)));
      node->columns.push_back(NewColumn(name, type));
      for (size_t i = 0; i < legs.size(); ++i) {
        const Column* column = FindColumn(legs[i]->columns, u.name);
        const bool here = column != nullptr && column->type == type;
        node->inputs[i].push_back(here ? MakeColumn(*column) : MakeNull(type));
      }
    }
  }
  return NodePtr(std::move(node));
}

Result<NodePtr> Binder::Operate(const ast::Union& op, NodePtr in, const EnvPtr& env) {
  const std::string* kind = ast::FindParameter(op.params, "kind");
  const std::string* fuzzy = ast::FindParameter(op.params, "isfuzzy");
  const std::string* source = ast::FindParameter(op.params, "withsource");
  if (source == nullptr) source = ast::FindParameter(op.params, "with_source");
  if (kind != nullptr && *kind != "inner" && *kind != "outer") {
    return Semantic("SEM0037", "union: kind is inner or outer, not '" + *kind + "'");
  }
  std::vector<UnionLeg> legs;
  if (in) legs.push_back({"", in});
  const bool is_fuzzy = fuzzy != nullptr && *fuzzy == "true";
  if (!op.tables.empty()) {
    auto more = BindLegs(op.tables, env, is_fuzzy);
    if (!more && !(is_fuzzy && in)) return Fail(std::move(more).error());
    if (more) {
      for (UnionLeg& leg : *more) legs.push_back(std::move(leg));
    }
  }
  std::vector<NodePtr> nodes;
  std::vector<std::string> names;
  for (UnionLeg& leg : legs) {
    nodes.push_back(std::move(leg.node));
    names.push_back(std::move(leg.name));
  }
  return UnionTables(nodes, kind == nullptr || *kind != "inner", source == nullptr ? "" : *source,
                     names);
}

}  // namespace kc::kql
