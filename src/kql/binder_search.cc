// search and find: terms looked for in all columns of one or many tables.
#include <algorithm>

#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// The columns that a bare term is looked for in.
bool IsSearchable(ScalarType type) {
  switch (type) {
    case ScalarType::kString:
    case ScalarType::kDynamic:
    case ScalarType::kInt:
    case ScalarType::kLong:
    case ScalarType::kReal:
    case ScalarType::kDecimal:
    case ScalarType::kGuid:
      return true;
    default:
      return false;
  }
}

struct Term {
  ast::Op op = ast::Op::kHas;
  std::string text;
  bool all = false;  // "*"
};

// abc: a term, abc*: a prefix, *abc: a suffix, *abc*: anywhere.
Result<Term> ReadTerm(std::string text, bool case_sensitive) {
  Term term;
  if (!text.empty() && text.find_first_not_of('*') == std::string::npos) {
    term.all = true;
    return term;
  }
  const bool before = text.starts_with('*');
  const bool after = text.ends_with('*');
  if (before) text.erase(0, 1);
  if (after) text.pop_back();
  if (text.find('*') != std::string::npos) {
    return Binder::Semantic("SEM0002", "search: '*' inside of a term is not supported");
  }
  using ast::Op;
  if (before && after) {
    term.op = case_sensitive ? Op::kContainsCs : Op::kContains;
  } else if (after) {
    term.op = case_sensitive ? Op::kHasPrefixCs : Op::kHasPrefix;
  } else if (before) {
    term.op = case_sensitive ? Op::kHasSuffixCs : Op::kHasSuffix;
  } else {
    term.op = case_sensitive ? Op::kHasCs : Op::kHas;
  }
  term.text = std::move(text);
  return term;
}

bool IsText(const ast::Expr& e) {
  return e.kind == ast::ExprKind::kLiteral && e.type == ScalarType::kString;
}

}  // namespace

Result<ExprPtr> Binder::MatchTerm(const std::vector<Column>& columns, const std::string& text,
                                  bool case_sensitive) {
  KC_ASSIGN(Term term, ReadTerm(text, case_sensitive));
  if (term.all) return MakeBool(true);
  std::vector<ExprPtr> matches;
  for (const Column& column : columns) {
    if (!IsSearchable(column.type)) continue;
    KC_ASSIGN(ExprPtr value, Convert(MakeColumn(column), ScalarType::kString));
    KC_ASSIGN(ExprPtr match, StringOperator(term.op, std::move(value), MakeString(term.text)));
    matches.push_back(std::move(match));
  }
  if (matches.empty()) return MakeBool(false);
  return MakeOr(std::move(matches));
}

// A predicate in which a bare text is a term, column:"text" a term of one column.
Result<ExprPtr> Binder::BindSearch(const ast::Expr& expr, const Scope& scope, bool case_sensitive) {
  DepthGuard guard(*this);
  KC_TRY(guard.status());
  if (IsText(expr)) {
    return MatchTerm(scope.rows->columns, std::get<std::string>(expr.value), case_sensitive);
  }
  if (expr.kind == ast::ExprKind::kStar) return MakeBool(true);
  const bool logical =
      expr.kind == ast::ExprKind::kBinary && (expr.op == ast::Op::kAnd || expr.op == ast::Op::kOr);
  const bool negation =
      expr.kind == ast::ExprKind::kCall && expr.text == "not" && expr.args.size() == 1;
  if (logical || negation) {
    std::vector<ExprPtr> args;
    for (const ast::ExprPtr& arg : expr.args) {
      KC_ASSIGN(ExprPtr bound, BindSearch(*arg, scope, case_sensitive));
      args.push_back(std::move(bound));
    }
    if (negation) return MakeNot(std::move(args[0]));
    return expr.op == ast::Op::kAnd ? MakeAnd(std::move(args)) : MakeOr(std::move(args));
  }
  // column:"te*" (marked by the parser) reads its text as search does.
  if (expr.kind == ast::ExprKind::kBinary && expr.star) {
    const ast::Expr& value = *expr.args[1];
    if (expr.args[0]->kind == ast::ExprKind::kStar && IsText(value)) {
      return BindSearch(value, scope, case_sensitive);
    }
    KC_ASSIGN(ExprPtr column, BindScalar(*expr.args[0], scope));
    if (!IsText(value)) {
      KC_ASSIGN(ExprPtr right, BindScalar(value, scope));
      return Comparison(ast::Op::kEq, std::move(column), std::move(right));
    }
    KC_ASSIGN(Term term, ReadTerm(std::get<std::string>(value.value), case_sensitive));
    if (term.all) return MakeBool(true);
    KC_ASSIGN(column, Convert(std::move(column), ScalarType::kString));
    return StringOperator(term.op, std::move(column), MakeString(term.text));
  }
  return BindPredicate(expr, scope);
}

Result<NodePtr> Binder::FilterBySearch(NodePtr in, const ast::Expr& predicate, const EnvPtr& env,
                                       bool case_sensitive) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr bound, BindSearch(predicate, scope, case_sensitive));
  return MakeFilter(std::move(rows.node), std::move(bound));
}

Result<std::vector<Binder::UnionLeg>> Binder::BindSearchedTables(const ast::ExprList& tables,
                                                                 const EnvPtr& env) {
  if (!tables.empty()) return BindLegs(tables, env, false);
  ast::ExprList all;
  all.push_back(std::make_unique<ast::Expr>());
  all.back()->kind = ast::ExprKind::kStar;
  return BindLegs(all, env, false);
}

Result<NodePtr> Binder::Operate(const ast::Search& op, NodePtr in, const EnvPtr& env) {
  const std::string* kind = ast::FindParameter(op.params, "kind");
  if (kind != nullptr && *kind != "case_sensitive" && *kind != "case_insensitive" &&
      *kind != "default") {
    return Semantic("SEM0037", "search: unknown kind '" + *kind + "'");
  }
  const bool case_sensitive = kind != nullptr && *kind == "case_sensitive";
  std::vector<UnionLeg> legs;
  if (in) {
    if (!op.tables.empty()) return Semantic("SEM0003", "search in (…) does not take an input");
    legs.push_back({"", std::move(in)});
  } else {
    KC_ASSIGN(legs, BindSearchedTables(op.tables, env));
  }
  std::vector<NodePtr> nodes;
  std::vector<std::string> names;
  for (size_t i = 0; i < legs.size(); ++i) {
    KC_ASSIGN(NodePtr node,
              FilterBySearch(std::move(legs[i].node), *op.predicate, env, case_sensitive));
    nodes.push_back(std::move(node));
    names.push_back(legs[i].name.empty() ? "search_arg" + std::to_string(i) : legs[i].name);
  }
  return UnionTables(nodes, true, "$table", names);
}

namespace {

// Names of columns that a predicate mentions, in order.
void CollectNames(const ast::Expr& expr, std::vector<std::string>* names) {
  if (expr.kind == ast::ExprKind::kName &&
      std::find(names->begin(), names->end(), expr.text) == names->end()) {
    names->push_back(expr.text);
  }
  for (const ast::ExprPtr& arg : expr.args) CollectNames(*arg, names);
}

}  // namespace

// The columns of find's result besides its source column, found in all the legs together.
Result<std::vector<Column>> Binder::FindOutput(const ast::Find& op,
                                               const std::vector<UnionLeg>& legs) {
  using Output = ast::Find::Output;
  std::vector<Column> result;
  const auto add = [&](const std::string& name, std::optional<ScalarType> type) {
    if (FindColumn(result, name) != nullptr) return;
    for (const UnionLeg& leg : legs) {
      const Column* column = FindColumn(leg.node->columns, name);
      if (column == nullptr) continue;
      result.push_back({name, type.value_or(column->type), kNoColumn});
      return;
    }
    if (type) result.push_back({name, *type, kNoColumn});
  };
  if (op.output == Output::kColumns) {
    for (const ast::ExprPtr& column : op.columns) {
      if (column->kind == ast::ExprKind::kWildcard) {
        return Semantic("SEM0002", "find: wildcards in project are not supported");
      }
      const bool typed = column->kind == ast::ExprKind::kTypedName;
      add(column->text, typed ? std::optional(column->type) : std::nullopt);
      if (FindColumn(result, column->text) == nullptr) {
        return Semantic("SEM0100", "Failed to resolve column named '" + column->text + "'");
      }
    }
    return result;
  }
  if (op.output == Output::kAway) {
    return Semantic("SEM0002", "find: project-away is not supported by this engine");
  }
  std::vector<std::string> mentioned;
  if (op.predicate) CollectNames(*op.predicate, &mentioned);
  for (const std::string& name : mentioned) add(name, std::nullopt);
  // And those that all tables have.
  for (const Column& column : legs[0].node->columns) {
    const bool common = std::all_of(legs.begin(), legs.end(), [&](const UnionLeg& leg) {
      const Column* same = FindColumn(leg.node->columns, column.name);
      return same != nullptr && same->type == column.type;
    });
    if (common) add(column.name, std::nullopt);
  }
  return result;
}

Result<NodePtr> Binder::Operate(const ast::Find& op, NodePtr in, const EnvPtr& env) {
  if (in) return Semantic("SEM0003", "find does not take an input");
  const std::string* source = ast::FindParameter(op.params, "withsource");
  KC_ASSIGN(std::vector<UnionLeg> legs, BindSearchedTables(op.tables, env));
  KC_ASSIGN(std::vector<Column> output, FindOutput(op, legs));
  const bool pack = op.pack_all || op.output == ast::Find::Output::kSmart;
  std::vector<NodePtr> nodes;
  std::vector<std::string> names;
  for (size_t i = 0; i < legs.size(); ++i) {
    const std::vector<Column> columns = legs[i].node->columns;
    NodePtr node = std::move(legs[i].node);
    if (op.predicate) {
      KC_ASSIGN(node, FilterBySearch(std::move(node), *op.predicate, env, false));
    }
    std::vector<Column> shown;
    std::vector<std::pair<ColumnId, ExprPtr>> computed;
    for (const Column& column : output) {
      const Column* same = FindColumn(columns, column.name);
      shown.push_back(NewColumn(column.name, column.type));
      ExprPtr value = MakeNull(column.type);
      if (same != nullptr) {
        KC_ASSIGN(value, Convert(MakeColumn(*same), column.type));
      }
      computed.emplace_back(shown.back().id, std::move(value));
    }
    if (pack) {
      std::vector<ExprPtr> args;
      for (const Column& column : columns) {
        if (!op.pack_all && FindColumn(output, column.name) != nullptr) continue;
        args.push_back(MakeString(column.name));
        args.push_back(MakeColumn(column));
      }
      ExprPtr bag = MakeLiteral(ScalarType::kDynamic, Value("{}"));
      if (!args.empty()) {
        KC_ASSIGN(bag, CallFunction("bag_pack", std::move(args)));
      }
      shown.push_back(NewColumn("pack_", ScalarType::kDynamic));
      computed.emplace_back(shown.back().id, std::move(bag));
    }
    if (!computed.empty()) node = MakeCompute(std::move(node), std::move(computed));
    nodes.push_back(MakeShow(std::move(node), std::move(shown)));
    names.push_back(legs[i].name.empty() ? "find_arg" + std::to_string(i) : legs[i].name);
  }
  return UnionTables(nodes, true, source == nullptr ? "source_" : *source, names);
}

}  // namespace kc::kql
