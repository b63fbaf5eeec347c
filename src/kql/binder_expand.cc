// mv-expand.
#include <algorithm>

#include "kql/binder_impl.h"

namespace kc::kql {

// Expands `items` of `in`; `index_name` (may be empty) counts from 0 within each row.
Result<NodePtr> Binder::ExpandRows(const ast::Parameters& params,
                                   const std::vector<ast::ExpandItem>& asked,
                                   const ast::Expr* limit, NodePtr in, const EnvPtr& env,
                                   const std::string& what) {
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  const std::string* kind = ast::FindParameter(params, "kind");
  if (kind == nullptr) kind = ast::FindParameter(params, "bagexpansion");
  const bool as_array = kind != nullptr && *kind == "array";
  if (kind != nullptr && *kind != "array" && *kind != "bag") {
    return Semantic("SEM0037", what + ": kind is bag or array, not '" + *kind + "'");
  }
  std::vector<Column> columns = in->columns;
  std::vector<ExpandItem> items;
  std::vector<std::pair<ColumnId, ExprPtr>> typed;
  NameSet names;
  for (const ast::ExpandItem& item : asked) {
    KC_ASSIGN(NamedExpr named, BindNamed(*item.expr, scope));
    if (named.expr->type != ScalarType::kDynamic) {
      return Semantic("SEM0045", what + ": an expression of type dynamic is expected, not " +
                                     std::string(KustoName(named.expr->type)));
    }
    if (named.name.empty()) named.name = names.NextColumn();
    ExpandItem expand;
    expand.array = std::move(named.expr);
    expand.id = NewColumn();
    expand.bag_as_array = as_array;
    Column column{named.name, ScalarType::kDynamic, expand.id};
    if (item.to_type && *item.to_type != ScalarType::kDynamic) {
      column.type = *item.to_type;
      column.id = NewColumn();
      KC_ASSIGN(ExprPtr value, Convert(MakeColumn(expand.id, ScalarType::kDynamic), *item.to_type));
      typed.emplace_back(column.id, std::move(value));
    }
    items.push_back(std::move(expand));
    const auto same = std::find_if(columns.begin(), columns.end(),
                                   [&](const Column& c) { return c.name == named.name; });
    if (same != columns.end()) {
      *same = std::move(column);
    } else {
      columns.push_back(std::move(column));
    }
  }
  auto node = MakeNode(NodeKind::kExpand, {std::move(rows.node)});
  node->expand = std::move(items);
  if (const std::string* index = ast::FindParameter(params, "with_itemindex")) {
    Column column = NewColumn(*index, ScalarType::kLong);
    node->item_index = column.id;
    columns.push_back(std::move(column));
  }
  if (limit != nullptr) {
    KC_ASSIGN(node->limit, BindCount(*limit, env, what + " limit"));
  }
  NodePtr result = std::move(node);
  if (!typed.empty()) result = MakeCompute(std::move(result), std::move(typed));
  return MakeShow(std::move(result), std::move(columns));
}

Result<NodePtr> Binder::Operate(const ast::MvExpand& op, NodePtr in, const EnvPtr& env) {
  return ExpandRows(op.params, op.items, op.limit.get(), std::move(in), env, "mv-expand");
}

}  // namespace kc::kql
