// Which queries only choose rows of a stored table and show its columns.
#include <algorithm>
#include <unordered_map>

#include "engine/emit.h"

namespace kc::engine {

using kql::Expr;
using kql::ExprKind;
using kql::ExprPtr;
using kql::Node;
using kql::NodeKind;
using kql::NodePtr;

namespace {

// Of this row alone, and the same at each time.
bool IsPure(const Expr& e) {
  if (e.kind == ExprKind::kInQuery || e.kind == ExprKind::kSubquery) return false;
  if (e.kind == ExprKind::kSql && e.volatility != kql::Volatility::kPure) return false;
  return std::all_of(e.args.begin(), e.args.end(), [](const ExprPtr& a) { return IsPure(*a); });
}

// The expressions that columns are assigned from, down to the scan; null if anything else is there.
const Node* FindScan(const NodePtr& plan,
                     std::unordered_map<kql::ColumnId, const Expr*>& assigned) {
  const Node* at = plan.get();
  while (at->kind == NodeKind::kFilter || at->kind == NodeKind::kProject) {
    if (at->kind == NodeKind::kFilter) {
      if (!IsPure(*at->predicate)) return nullptr;
    } else {
      if (at->windows) return nullptr;
      for (const auto& [id, expr] : at->assignments) {
        if (!IsPure(*expr)) return nullptr;
        assigned.emplace(id, expr.get());
      }
    }
    at = at->children[0].get();
  }
  return at->kind == NodeKind::kScan ? at : nullptr;
}

}  // namespace

std::optional<RowsOfTable> FindRowsOfTable(const NodePtr& plan) {
  std::unordered_map<kql::ColumnId, const Expr*> assigned;
  const Node* scan = FindScan(plan, assigned);
  if (scan == nullptr) return std::nullopt;
  RowsOfTable rows;
  rows.table = scan->table;
  for (const kql::Column& column : plan->columns) {
    kql::ColumnId id = column.id;
    for (auto it = assigned.find(id); it != assigned.end(); it = assigned.find(id)) {
      id = it->second->kind == ExprKind::kColumn ? it->second->column : kql::kNoColumn;
    }
    auto same = [id](const kql::Column& c) { return c.id == id; };
    auto at = std::find_if(scan->columns.begin(), scan->columns.end(), same);
    std::optional<size_t> stored;
    if (at != scan->columns.end() && at->type == column.type) {
      stored = static_cast<size_t>(at - scan->columns.begin());
    }
    rows.stored.push_back(stored);
  }
  return rows;
}

}  // namespace kc::engine
