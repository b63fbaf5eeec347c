// Functions of the row's hidden columns: ingestion_time(), extent_id(), extent_tags(), cursors.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

// The node that gives the hidden columns of the rows of `node`, or null. Operators that only
// filter, order or add columns let them through.
const Node* HiddenSource(const Node* node) {
  while (node != nullptr) {
    switch (node->kind) {
      case NodeKind::kScan:
      case NodeKind::kRename:
        return node->ingestion_time == kNoColumn ? nullptr : node;
      case NodeKind::kUnion:
        return node->ingestion_time == kNoColumn ? nullptr : node;
      case NodeKind::kFilter:
      case NodeKind::kProject:
      case NodeKind::kSort:
      case NodeKind::kLimit:
      case NodeKind::kTopRows:
      case NodeKind::kExpand:
        node = node->children[0].get();
        break;
      default:
        return nullptr;
    }
  }
  return nullptr;
}

struct HiddenField {
  ColumnId Node::*field;
  ScalarType type;
};
constexpr HiddenField kHiddenFields[] = {
    {&Node::ingestion_time, ScalarType::kDateTime},
    {&Node::cursor, ScalarType::kLong},
    {&Node::extent_id, ScalarType::kGuid},
    {&Node::extent_tags, ScalarType::kDynamic},
};

}  // namespace

NodePtr Binder::Fresh(NodePtr node) {
  auto fresh = MakeNode(NodeKind::kRename, {node});
  fresh->inputs.emplace_back();
  for (Column& column : fresh->columns) {
    fresh->inputs[0].push_back(MakeColumn(column));
    column.id = NewColumn();
  }
  if (const Node* source = HiddenSource(node.get())) {
    for (const HiddenField& hidden : kHiddenFields) {
      const ColumnId id = NewColumn();
      fresh.get()->*hidden.field = id;
      fresh->assignments.emplace_back(id, MakeColumn(source->*hidden.field, hidden.type));
    }
  }
  return fresh;
}

Result<ExprPtr> Binder::HiddenColumn(const Scope& scope, ColumnId Node::*which, ScalarType type,
                                     std::string_view function) {
  const Node* source = scope.rows == nullptr ? nullptr : HiddenSource(scope.rows->node.get());
  if (source == nullptr) {
    return Semantic("SEM0028", std::string(function) +
                                   "() can be used on the rows of a table only, before they are "
                                   "aggregated, joined or materialized");
  }
  return MakeColumn(source->*which, type);
}

Result<std::optional<ExprPtr>> Binder::BindHidden(const ast::Expr& call, const Scope& scope) {
  const std::string& f = call.text;
  const auto column = [&](ColumnId Node::*which,
                          ScalarType type) -> Result<std::optional<ExprPtr>> {
    KC_ASSIGN(ExprPtr e, HiddenColumn(scope, which, type, f));
    return std::optional<ExprPtr>(std::move(e));
  };
  if (call.args.empty()) {
    if (f == "ingestion_time") return column(&Node::ingestion_time, ScalarType::kDateTime);
    if (f == "extent_id") return column(&Node::extent_id, ScalarType::kGuid);
    if (f == "extent_tags") return column(&Node::extent_tags, ScalarType::kDynamic);
    if (f == "cursor_current" || f == "current_cursor") {
      KC_ASSIGN(output_.cursor, request_.catalog->CursorCurrent(scope.env->database));
      return std::optional<ExprPtr>(MakeString(output_.cursor));
    }
  }
  const bool after = f == "cursor_after";
  if ((after || f == "cursor_before_or_at") && call.args.size() == 1) {
    KC_ASSIGN(std::string text, BindConstantText(*call.args[0], scope.env, f));
    KC_ASSIGN(ExprPtr cursor, HiddenColumn(scope, &Node::cursor, ScalarType::kLong, f));
    KC_ASSIGN(int64_t position, request_.catalog->DecodeCursor(scope.env->database, text));
    KC_ASSIGN(output_.cursor, request_.catalog->CursorCurrent(scope.env->database));
    return std::optional<ExprPtr>(
        MakeCompare(after ? Compare::kGt : Compare::kLe, std::move(cursor), MakeLong(position)));
  }
  return std::optional<ExprPtr>();
}

}  // namespace kc::kql
