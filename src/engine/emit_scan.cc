// Scans of stored tables: which columns are needed, and what the filters above say about extents.
#include <algorithm>

#include "base/text.h"
#include "engine/emit.h"

namespace kc::engine {

using kql::ColumnId;
using kql::Compare;
using kql::Expr;
using kql::ExprKind;
using kql::ExprPtr;
using kql::Node;
using kql::NodePtr;

namespace {

// ---- used columns -------------------------------------------------------------------------------

class UsedColumns {
 public:
  explicit UsedColumns(std::unordered_set<ColumnId>& used) : used_(used) {}

  void Run(const NodePtr& plan) {
    Root(plan);
    Visit(plan);
    // Those that come later in `order_` are below: a node is worked once all that read it are.
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) Mark(**it);
  }

 private:
  void Root(const NodePtr& plan) {
    for (const kql::Column& column : plan->columns) used_.insert(column.id);
  }
  void Visit(const NodePtr& node) {
    if (!seen_.insert(node.get()).second) return;
    for (const NodePtr& child : node->children) Visit(child);
    EachExpr(*node, [&](const ExprPtr& e) { VisitQueries(*e); });
    order_.push_back(node.get());
  }
  void VisitQueries(const Expr& e) {
    if (!visited_.insert(&e).second) return;
    if (e.query) {
      Root(e.query);
      Visit(e.query);
    }
    for (const ExprPtr& arg : e.args) VisitQueries(*arg);
  }
  template <typename F>
  static void EachExpr(const Node& node, const F& f) {
    if (node.predicate) f(node.predicate);
    for (const auto& [id, expr] : node.assignments) f(expr);
    for (const kql::Aggregate& aggregate : node.aggregates) {
      for (const ExprPtr& arg : aggregate.args) f(arg);
      if (aggregate.filter) f(aggregate.filter);
    }
    for (const kql::SortKey& key : node.sort) f(key.expr);
    for (const ExprPtr& key : node.partition) f(key);
    for (const auto& [a, b] : node.join_keys) f(a), f(b);
    for (const auto& inputs : node.inputs) {
      for (const ExprPtr& e : inputs) f(e);
    }
    for (const kql::ExpandItem& item : node.expand) f(item.array);
  }
  void Use(const Expr& e) {
    if (e.kind == ExprKind::kColumn) {
      used_.insert(e.column);
      return;
    }
    if (!used_exprs_.insert(&e).second) return;
    for (const ExprPtr& arg : e.args) Use(*arg);
  }
  void Mark(const Node& node) {
    using kql::NodeKind;
    switch (node.kind) {
      case NodeKind::kProject:
        for (const auto& [id, expr] : node.assignments) {
          if (used_.contains(id)) Use(*expr);
        }
        return;
      case NodeKind::kAggregate:
        for (const auto& [id, expr] : node.assignments) Use(*expr);
        for (const kql::Aggregate& aggregate : node.aggregates) {
          if (!used_.contains(aggregate.id)) continue;
          for (const ExprPtr& arg : aggregate.args) Use(*arg);
          if (aggregate.filter) Use(*aggregate.filter);
        }
        return;
      case NodeKind::kUnion:
      case NodeKind::kRename:
        for (const auto& inputs : node.inputs) {
          for (size_t j = 0; j < inputs.size(); ++j) {
            if (used_.contains(node.columns[j].id)) Use(*inputs[j]);
          }
        }
        for (const auto& [id, expr] : node.assignments) {
          if (used_.contains(id)) Use(*expr);
        }
        return;
      case NodeKind::kSql:
        for (const NodePtr& child : node.children) Root(child);
        return;
      default:
        EachExpr(node, [&](const ExprPtr& e) { Use(*e); });
    }
  }

  std::unordered_set<ColumnId>& used_;
  std::unordered_set<const Node*> seen_;
  std::unordered_set<const Expr*> visited_, used_exprs_;
  std::vector<const Node*> order_;
};

// ---- filters ------------------------------------------------------------------------------------

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

ScanFilter Everything() {
  return {};
}
bool IsEverything(const ScanFilter& f) {
  return f.kind == ScanFilter::Kind::kAll && f.children.empty();
}

// The column under conversions that keep the order of integers.
const Expr* PlainColumn(const Expr& e) {
  if (e.kind == ExprKind::kColumn) return &e;
  if (e.kind == ExprKind::kSql && e.args.size() == 1 && e.sql == "CAST($1 AS BIGINT)" &&
      e.args[0]->type == ScalarType::kInt) {
    return PlainColumn(*e.args[0]);
  }
  return nullptr;
}

// extent_tags(), possibly as text.
bool IsTags(const Expr& e, const Node& scan) {
  if (e.kind == ExprKind::kColumn) return e.column == scan.extent_tags;
  return e.kind == ExprKind::kSql && e.args.size() == 1 && e.type == ScalarType::kString &&
         IsTags(*e.args[0], scan);
}

ScanFilter OfRange(ColumnId id, Compare compare, int64_t value, const Node& scan) {
  ScanFilter f;
  if (compare == Compare::kGt) {
    if (value == kMax) return {ScanFilter::Kind::kAny, {}};
    f.minimum = value + 1;
  } else if (compare == Compare::kGe) {
    f.minimum = value;
  } else if (compare == Compare::kLt) {
    if (value == kMin) return {ScanFilter::Kind::kAny, {}};
    f.maximum = value - 1;
  } else if (compare == Compare::kLe) {
    f.maximum = value;
  } else if (compare == Compare::kEq) {
    f.minimum = f.maximum = value;
  } else {
    return Everything();
  }
  if (id == scan.cursor) {
    f.kind = ScanFilter::Kind::kCursor;
    // minimum < cursor
    if (f.minimum != kMin) --f.minimum;
    return f;
  }
  if (id == scan.ingestion_time) {
    f.kind = ScanFilter::Kind::kIngestion;
    return f;
  }
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.columns[i].id != id) continue;
    f.kind = ScanFilter::Kind::kColumnRange;
    f.column = i;
    return f;
  }
  return Everything();
}

ScanFilter OfCompare(const Expr& e, const Node& scan) {
  const Expr* column = PlainColumn(*e.args[0]);
  const Expr* literal = e.args[1].get();
  Compare compare = e.compare;
  if (column == nullptr || literal->kind != ExprKind::kLiteral) {
    column = PlainColumn(*e.args[1]);
    literal = e.args[0].get();
    compare = compare == Compare::kLt   ? Compare::kGt
              : compare == Compare::kLe ? Compare::kGe
              : compare == Compare::kGt ? Compare::kLt
              : compare == Compare::kGe ? Compare::kLe
                                        : compare;
  }
  if (column == nullptr || literal->kind != ExprKind::kLiteral) return Everything();
  if (const auto* value = std::get_if<int64_t>(&literal->value)) {
    return OfRange(column->column, compare, *value, scan);
  }
  const auto* text = std::get_if<std::string>(&literal->value);
  if (text != nullptr && compare == Compare::kEq && column->column == scan.extent_id) {
    ScanFilter f;
    f.kind = ScanFilter::Kind::kExtentId;
    f.texts = {ToLowerAscii(*text)};
    return f;
  }
  return Everything();
}

ScanFilter OfIn(const Expr& e, const Node& scan) {
  const Expr* column = PlainColumn(*e.args[0]);
  if (e.negated || column == nullptr) return Everything();
  ScanFilter f;
  int64_t low = kMax, high = kMin;
  for (size_t i = 1; i < e.args.size(); ++i) {
    if (e.args[i]->kind != ExprKind::kLiteral) return Everything();
    if (const auto* text = std::get_if<std::string>(&e.args[i]->value)) {
      f.texts.push_back(ToLowerAscii(*text));
    } else if (const auto* value = std::get_if<int64_t>(&e.args[i]->value)) {
      low = std::min(low, *value);
      high = std::max(high, *value);
    } else {
      return Everything();
    }
  }
  if (column->column == scan.extent_id && !f.texts.empty()) {
    f.kind = ScanFilter::Kind::kExtentId;
    return f;
  }
  if (!f.texts.empty() || low > high) return Everything();
  ScanFilter both;
  both.children = {OfRange(column->column, Compare::kGe, low, scan),
                   OfRange(column->column, Compare::kLe, high, scan)};
  return both;
}

ScanFilter Derive(const Expr& e, const Node& scan) {
  switch (e.kind) {
    case ExprKind::kAnd: {
      ScanFilter all;
      for (const ExprPtr& arg : e.args) {
        ScanFilter f = Derive(*arg, scan);
        if (!IsEverything(f)) all.children.push_back(std::move(f));
      }
      return all;
    }
    case ExprKind::kOr: {
      ScanFilter any;
      any.kind = ScanFilter::Kind::kAny;
      for (const ExprPtr& arg : e.args) {
        ScanFilter f = Derive(*arg, scan);
        if (IsEverything(f)) return Everything();
        any.children.push_back(std::move(f));
      }
      return any;
    }
    case ExprKind::kLiteral: {
      const auto* truth = std::get_if<bool>(&e.value);
      if (truth != nullptr && *truth) return Everything();
      ScanFilter none;
      none.kind = ScanFilter::Kind::kAny;
      return none;
    }
    case ExprKind::kCompare:
      return OfCompare(e, scan);
    case ExprKind::kIn:
      return OfIn(e, scan);
    case ExprKind::kSql: {
      if (e.args.size() != 2 || !IsTags(*e.args[0], scan)) return Everything();
      // set_has_element() gets its text as a dynamic.
      const bool element = e.function == "set_has_element";
      const Expr* needle = e.args[1].get();
      if (element && needle->args.size() == 1 && needle->type == ScalarType::kDynamic) {
        needle = needle->args[0].get();
      }
      const auto* text =
          needle->type == ScalarType::kString ? std::get_if<std::string>(&needle->value) : nullptr;
      if (needle->kind != ExprKind::kLiteral || text == nullptr || text->empty()) {
        return Everything();
      }
      ScanFilter f;
      f.texts = {*text};
      if (element) {
        f.kind = ScanFilter::Kind::kTagEquals;
        return f;
      }
      const std::string call = e.sql.substr(0, e.sql.find('('));
      // Text forms of tags hold them as JSON: a needle with characters that JSON escapes would not
      // be found in the tag itself.
      const bool simple = text->find_first_of("\"\\[],") == std::string::npos;
      if ((call == "kql_has" || call == "kql_has_cs" || call == "kql_contains" ||
           call == "contains") &&
          simple) {
        f.kind = ScanFilter::Kind::kTagContains;
        return f;
      }
      return Everything();
    }
    default:
      return Everything();
  }
}

}  // namespace

void Emitter::MarkUsed(const NodePtr& plan) {
  UsedColumns(used_).Run(plan);
}

ScanFilter DeriveScanFilter(const std::vector<ExprPtr>& conjuncts, const Node& scan) {
  ScanFilter all;
  for (const ExprPtr& conjunct : conjuncts) {
    ScanFilter f = Derive(*conjunct, scan);
    if (!IsEverything(f)) all.children.push_back(std::move(f));
  }
  return all;
}

Result<std::string> Emitter::Scan(const Node& node, const Filters& above) {
  TableScan scan;
  scan.table = node.table;
  std::vector<std::string> items;
  for (size_t i = 0; i < node.columns.size(); ++i) {
    if (!Used(node.columns[i].id)) continue;
    scan.columns.push_back(i);
    items.push_back("c" + std::to_string(i) + " AS " + ColumnSql(node.columns[i].id));
  }
  const auto hidden = [&](ColumnId id, std::string_view name, bool& need) {
    need = id != kql::kNoColumn && Used(id);
    if (need) items.push_back(std::string(name) + " AS " + ColumnSql(id));
  };
  hidden(node.ingestion_time, kScanIngestionTime, scan.need_ingestion_time);
  hidden(node.cursor, kScanCursor, scan.need_cursor);
  hidden(node.extent_id, kScanExtentId, scan.need_extent_id);
  hidden(node.extent_tags, kScanExtentTags, scan.need_extent_tags);
  scan.filter = DeriveScanFilter(above, node);
  if (provider_ == nullptr) return Stop("no stored tables can be read here");
  KC_ASSIGN(ScanRelation relation, provider_->Open(scan));
  keep_alive_.push_back(std::move(relation.keep_alive));
  return "SELECT " + (items.empty() ? "0 AS k" : kc::Join(items, ", ")) + " FROM (" + relation.sql +
         ")";
}

}  // namespace kc::engine
