// Operators that choose, name, order and compute columns: extend and project*.
#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

Result<std::vector<NamedExpr>> Binder::BindNamedList(const ast::ExprList& list,
                                                     const Scope& scope) {
  std::vector<NamedExpr> named;
  for (const ast::ExprPtr& item : list) {
    if (item->kind == ast::ExprKind::kStar && scope.rows != nullptr) {
      for (const Column& column : scope.rows->columns) {
        named.push_back({column.name, false, MakeColumn(column)});
      }
      continue;
    }
    if (item->kind == ast::ExprKind::kWildcard && scope.rows != nullptr) {
      for (const Column& column : scope.rows->columns) {
        if (MatchesWildcard(column.name, item->text)) {
          named.push_back({column.name, false, MakeColumn(column)});
        }
      }
      continue;
    }
    const bool has_name = item->kind == ast::ExprKind::kNamed;
    KC_ASSIGN(auto results, BindResults(has_name ? *item->args[0] : *item, scope));
    if (results) {
      // x = f() takes the first result, (a, b) = f() the first two.
      if (has_name) results->resize(std::min(results->size(), item->names.size()));
      for (size_t i = 0; i < results->size(); ++i) {
        if (has_name) (*results)[i].name = item->names[i];
        named.push_back(std::move((*results)[i]));
      }
      continue;
    }
    if (item->kind == ast::ExprKind::kNamed && item->tuple) {
      // (a, b) = f(): the elements of the function's dynamic result.
      KC_ASSIGN(ExprPtr value, BindScalar(*item->args[0], scope));
      if (value->type != ScalarType::kDynamic) {
        if (item->names.size() != 1) {
          return Semantic("SEM0031", "The expression gives one value, not " +
                                         std::to_string(item->names.size()));
        }
        named.push_back({item->names[0], true, std::move(value)});
        continue;
      }
      for (size_t i = 0; i < item->names.size(); ++i) {
        KC_ASSIGN(ExprPtr element,
                  CallFunction("op:index", {value, MakeLong(static_cast<int64_t>(i))}));
        named.push_back({item->names[i], true, std::move(element)});
      }
      continue;
    }
    KC_ASSIGN(NamedExpr one, BindNamed(*item, scope));
    named.push_back(std::move(one));
  }
  return named;
}

Result<NodePtr> Binder::AddColumns(NodePtr in, std::vector<NamedExpr> named) {
  std::vector<Column> columns = in->columns;
  std::vector<std::pair<ColumnId, ExprPtr>> assignments;
  std::set<std::string> written;
  NameSet names;
  for (NamedExpr& item : named) {
    const std::string name = item.name.empty() ? names.NextColumn() : item.name;
    if (item.is_explicit && !written.insert(name).second) {
      return Semantic("SEM0032", "A column with the name '" + name + "' is already declared");
    }
    Column column = NewColumn(name, item.expr->type);
    assignments.emplace_back(column.id, std::move(item.expr));
    const auto same = std::find_if(columns.begin(), columns.end(),
                                   [&](const Column& c) { return c.name == name; });
    if (same != columns.end()) {
      *same = std::move(column);
    } else {
      columns.push_back(std::move(column));
    }
  }
  return MakeShow(MakeCompute(std::move(in), std::move(assignments)), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::Extend& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> named, BindNamedList(op.columns, scope));
  return AddColumns(std::move(rows.node), std::move(named));
}

Result<NodePtr> Binder::Operate(const ast::Project& op, NodePtr in, const EnvPtr& env) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(std::vector<NamedExpr> named, BindNamedList(op.columns, scope));
  std::vector<Column> columns;
  std::vector<std::pair<ColumnId, ExprPtr>> assignments;
  NameSet names;
  for (const NamedExpr& item : named) {
    if (!item.is_explicit) continue;
    if (names.Contains(item.name)) {
      return Semantic("SEM0032", "A column with the name '" + item.name + "' is already declared");
    }
    names.Reserve(item.name);
  }
  for (NamedExpr& item : named) {
    std::string name = item.name;
    if (!item.is_explicit) name = name.empty() ? names.NextColumn() : names.Unique(name);
    if (item.expr->kind == ExprKind::kColumn) {
      // The same column under another name; a second showing needs an id of its own.
      const bool shown = std::any_of(columns.begin(), columns.end(),
                                     [&](const Column& c) { return c.id == item.expr->column; });
      if (!shown) {
        columns.push_back({std::move(name), item.expr->type, item.expr->column});
        continue;
      }
    }
    Column column = NewColumn(std::move(name), item.expr->type);
    assignments.emplace_back(column.id, std::move(item.expr));
    columns.push_back(std::move(column));
  }
  NodePtr node = std::move(rows.node);
  if (!assignments.empty()) node = MakeCompute(std::move(node), std::move(assignments));
  return MakeShow(std::move(node), std::move(columns));
}

namespace {

// The columns that `item` (a name or a pattern) means, as indexes; an unknown plain name is an
// error.
Result<std::vector<size_t>> MatchColumns(const std::vector<Column>& columns,
                                         const ast::Expr& item) {
  std::vector<size_t> matches;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool match =
        item.kind == ast::ExprKind::kStar ||
        (item.kind == ast::ExprKind::kWildcard ? MatchesWildcard(columns[i].name, item.text)
                                               : columns[i].name == item.text);
    if (match) matches.push_back(i);
  }
  if (matches.empty() && item.kind == ast::ExprKind::kName) {
    return Binder::Semantic(
        "SEM0100",
        "Failed to resolve table or column or scalar expression named '" + item.text + "'");
  }
  return matches;
}

Result<std::vector<bool>> MarkColumns(const std::vector<Column>& columns,
                                      const ast::ExprList& items) {
  std::vector<bool> marks(columns.size(), false);
  for (const ast::ExprPtr& item : items) {
    KC_ASSIGN(std::vector<size_t> matches, MatchColumns(columns, *item));
    for (const size_t i : matches) marks[i] = true;
  }
  return marks;
}

NodePtr ShowMarked(NodePtr in, const std::vector<bool>& marks, bool keep) {
  std::vector<Column> columns;
  for (size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == keep) columns.push_back(in->columns[i]);
  }
  return MakeShow(std::move(in), std::move(columns));
}

// "granny" order compares runs of digits as numbers: a2 < a10.
bool NaturalLess(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      uint64_t x = 0, y = 0;
      const auto end_a = std::from_chars(a.data() + i, a.data() + a.size(), x).ptr;
      const auto end_b = std::from_chars(b.data() + j, b.data() + b.size(), y).ptr;
      if (x != y) return x < y;
      i = static_cast<size_t>(end_a - a.data());
      j = static_cast<size_t>(end_b - b.data());
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i, ++j;
  }
  return a.size() - i < b.size() - j;
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::ProjectAway& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  KC_ASSIGN(std::vector<bool> marks, MarkColumns(in->columns, op.columns));
  return ShowMarked(std::move(in), marks, false);
}

Result<NodePtr> Binder::Operate(const ast::ProjectKeep& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  KC_ASSIGN(std::vector<bool> marks, MarkColumns(in->columns, op.columns));
  return ShowMarked(std::move(in), marks, true);
}

Result<NodePtr> Binder::Operate(const ast::ProjectRename& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  std::vector<Column> columns = in->columns;
  for (const ast::ExprPtr& item : op.columns) {
    if (item->kind != ast::ExprKind::kNamed || item->args[0]->kind != ast::ExprKind::kName) {
      return Semantic("SEM0033", "project-rename: new = old expected");
    }
    KC_ASSIGN(std::vector<size_t> old, MatchColumns(in->columns, *item->args[0]));
    columns[old[0]].name = item->names.at(0);
  }
  std::set<std::string> names;
  for (const Column& column : columns) {
    if (!names.insert(column.name).second) {
      return Semantic("SEM0032",
                      "A column with the name '" + column.name + "' is already declared");
    }
  }
  return MakeShow(std::move(in), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::ProjectReorder& op, NodePtr in, const EnvPtr& env) {
  (void)env;
  using Order = ast::ReorderColumn::Order;
  // A plain name wins over a pattern that matches it as well; '*' takes what is left.
  std::vector<bool> named(in->columns.size(), false);
  for (const ast::ReorderColumn& item : op.columns) {
    if (item.name->kind != ast::ExprKind::kName) continue;
    KC_ASSIGN(std::vector<size_t> matches, MatchColumns(in->columns, *item.name));
    for (const size_t i : matches) named[i] = true;
  }
  std::vector<bool> taken(in->columns.size(), false);
  std::vector<Column> columns;
  for (const ast::ReorderColumn& item : op.columns) {
    KC_ASSIGN(std::vector<size_t> matches, MatchColumns(in->columns, *item.name));
    std::vector<Column> group;
    for (const size_t i : matches) {
      if (taken[i] || (named[i] && item.name->kind != ast::ExprKind::kName)) continue;
      taken[i] = true;
      group.push_back(in->columns[i]);
    }
    if (item.order != Order::kNone) {
      const bool natural = item.order == Order::kGrannyAsc || item.order == Order::kGrannyDesc;
      const bool descending = item.order == Order::kDesc || item.order == Order::kGrannyDesc;
      std::stable_sort(group.begin(), group.end(), [&](const Column& a, const Column& b) {
        const std::string& x = descending ? b.name : a.name;
        const std::string& y = descending ? a.name : b.name;
        return natural ? NaturalLess(x, y) : x < y;
      });
    }
    for (Column& column : group) columns.push_back(std::move(column));
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) columns.push_back(in->columns[i]);
  }
  return MakeShow(std::move(in), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::ProjectByNames& op, NodePtr in, const EnvPtr& env) {
  std::vector<Column> columns;
  const auto take = [&](const std::string& pattern) {
    for (const Column& column : in->columns) {
      if (!MatchesWildcard(column.name, pattern) || FindColumn(columns, column.name)) continue;
      columns.push_back(column);
    }
  };
  for (const ast::ExprPtr& item : op.columns) {
    if (item->kind == ast::ExprKind::kStar) {
      take("*");
      continue;
    }
    KC_ASSIGN(ExprPtr names, BindConstant(*item, env, "project-by-names"));
    if (names->type == ScalarType::kString) {
      take(std::get<std::string>(names->value));
      continue;
    }
    KC_ASSIGN(std::vector<ExprPtr> list, ExpandDynamicList(names));
    for (const ExprPtr& name : list) {
      if (name->type == ScalarType::kString) take(std::get<std::string>(name->value));
    }
  }
  return MakeShow(std::move(in), std::move(columns));
}

}  // namespace kc::kql
