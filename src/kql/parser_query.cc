// Pipes, the choice of the operator, and the simple operators.
#include <algorithm>
#include <array>

#include "kql/parser_impl.h"

namespace kc::kql {

using ast::ExprKind;
using ast::ExprList;
using ast::ExprPtr;
using ast::Operator;

// Words that begin a query without a source before it. They are also names: `print = 1`, `range(1,
// 2)`.
bool Parser::AtSourceOperator() const {
  if (!Peek().Is(TokenKind::kIdentifier)) return false;
  if (IsWord("range")) {
    const size_t name = NameLength(1);
    return name > 0 && Peek(1 + name).IsWord("from");
  }
  if (IsWord("macro-expand")) return true;
  if (IsWord("evaluate")) return Peek(1).Is(TokenKind::kIdentifier);
  if (!IsWord("print") && !IsWord("union") && !IsWord("search") && !IsWord("find")) return false;
  const Token& next = Peek(1);
  if (next.Is(TokenKind::kEnd)) return false;
  static constexpr std::array<std::string_view, 8> kAfterNames = {"=", ".", "|", ",",
                                                                  ";", ")", "]", "}"};
  if (!next.Is(TokenKind::kPunctuation)) return !next.Is(TokenKind::kWordOperator);
  return std::find(kAfterNames.begin(), kAfterNames.end(), next.text) == kAfterNames.end();
}

ExprPtr Parser::ParsePipes(ExprPtr source) {
  const DepthGuard guard(this);
  const uint32_t begin = source ? source->at.offset : Peek().offset;
  auto expr = Make(ExprKind::kQuery);
  expr->query = std::make_unique<ast::Query>();
  const bool in_search = std::exchange(in_search_, false);
  if (source) {
    expr->query->source = std::move(source);
  } else {
    expr->query->operators.push_back(ParseOperator());
  }
  while (Accept("|")) expr->query->operators.push_back(ParseOperator());
  in_search_ = in_search;
  return Finish(std::move(expr), begin);
}

std::unique_ptr<ast::Query> Parser::ParseSubpipe() {
  const DepthGuard guard(this);
  auto query = std::make_unique<ast::Query>();
  Accept("|");
  do {
    query->operators.push_back(ParseOperator());
  } while (Accept("|"));
  return query;
}

// "project-away": identifiers joined by hyphens that touch.
std::string Parser::OperatorName() const {
  std::string name;
  if (!Peek().Is(TokenKind::kIdentifier)) return name;
  name = Peek().text;
  for (size_t i = 1; Adjacent(i) && Peek(i).IsPunctuation("-") && Adjacent(i + 1) &&
                     Peek(i + 1).Is(TokenKind::kIdentifier);
       i += 2) {
    name += "-" + std::string(Peek(i + 1).text);
  }
  return name;
}

namespace {

constexpr std::array<std::string_view, 9> kRefused = {
    "make-graph",           "graph-match",       "graph-to-table",
    "graph-shortest-paths", "graph-where",       "graph-mark-components",
    "graph-where-nodes",    "graph-where-edges", "assert-schema"};

}  // namespace

Operator Parser::ParseOperator() {
  const DepthGuard guard(this);
  Operator result;
  const uint32_t begin = Peek().offset;
  const std::string name = OperatorName();
  if (error_) return result;
  if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end()) {
    Fail("The operator '" + name + "' is not supported.");
    return result;
  }
  if (DispatchOperator(name, &result)) {
    result.at = From(begin);
  } else if (name.empty()) {
    FailHere();
  } else {
    Fail("Unknown operator: " + name);
  }
  return result;
}

#define KC_OP(NAME, CALL)                                 \
  {                                                       \
    NAME, [](Parser* p, Operator* o) { o->op = p->CALL; } \
  }
#define KC_LIST(NAME, TYPE, CALL)                                    \
  {                                                                  \
    NAME, [](Parser* p, Operator* o) { o->op = ast::TYPE{p->CALL}; } \
  }
// True if there is such an operator; it has been parsed then.
bool Parser::DispatchOperator(std::string_view name, Operator* result) {
  struct Entry {
    std::string_view name;
    void (*parse)(Parser*, Operator*);
  };
  static constexpr std::array kEntries = std::to_array<Entry>({
      KC_OP("where", ParseWhere()),
      KC_OP("filter", ParseWhere()),
      KC_LIST("extend", Extend, ParseNamedList()),
      KC_LIST("project", Project, ParseNamedListOrNothing()),
      KC_LIST("project-away", ProjectAway, ParseColumnNames()),
      KC_LIST("project-keep", ProjectKeep, ParseColumnNames()),
      KC_LIST("project-rename", ProjectRename, ParseNamedListOrNothing()),
      KC_OP("project-reorder", ParseReorder()),
      KC_LIST("project-by-names", ProjectByNames, ParseColumnNames()),
      KC_OP("summarize", ParseSummarize()),
      KC_OP("sort", ParseSort()),
      KC_OP("order", ParseSort()),
      KC_OP("top", ParseTop()),
      KC_OP("take", ParseTake()),
      KC_OP("limit", ParseTake()),
      KC_OP("distinct", ParseDistinct()),
      KC_OP("count", ParseCount()),
      KC_OP("join", ParseJoin(false)),
      KC_OP("lookup", ParseJoin(true)),
      KC_OP("union", ParseUnion()),
      KC_OP("range", ParseRange()),
      KC_LIST("print", Print, ParseNamedList()),
      KC_OP("mv-expand", ParseMvExpand()),
      KC_OP("mvexpand", ParseMvExpand()),
      KC_OP("mv-apply", ParseMvApply()),
      KC_OP("mvapply", ParseMvApply()),
      KC_OP("parse", ParseParse(false)),
      KC_OP("parse-where", ParseParse(true)),
      KC_OP("parse-kv", ParseParseKv()),
      KC_OP("make-series", ParseMakeSeries()),
      KC_OP("evaluate", ParseEvaluate()),
      KC_LIST("invoke", Invoke, ParsePostfix()),
      KC_OP("render", ParseRender()),
      KC_OP("serialize", ParseSerialize()),
      KC_LIST("sample", Sample, ParseExpr()),
      KC_OP("sample-distinct", ParseSampleDistinct()),
      KC_OP("search", ParseSearch()),
      KC_OP("find", ParseFind()),
      KC_OP("partition", ParsePartition()),
      KC_OP("fork", ParseFork()),
      KC_OP("facet", ParseFacet()),
      KC_OP("as", ParseAs()),
      KC_LIST("consume", Consume, ParseParameters({"decodeblocks"})),
      {"getschema", [](Parser*, Operator* o) { o->op = ast::GetSchema{}; }},
      KC_OP("reduce", ParseReduce()),
      KC_OP("scan", ParseScan()),
      KC_OP("top-nested", ParseTopNested()),
      KC_OP("top-hitters", ParseTopHitters()),
      KC_OP("macro-expand", ParseMacroExpand()),
      {"execute_and_cache", [](Parser*, Operator* o) { o->op = ast::ExecuteAndCache{}; }},
  });
  const auto entry = std::find_if(kEntries.begin(), kEntries.end(),
                                  [&](const Entry& candidate) { return candidate.name == name; });
  if (entry == kEntries.end()) return false;
  ConsumeWord(name.size());
  entry->parse(this, result);
  return true;
}
#undef KC_OP
#undef KC_LIST

ExprList Parser::ParseNamedListOrNothing() {
  if (Is("|") || Is(";") || Is(")") || Is("}") || AtEnd()) return {};
  return ParseNamedList();
}

ExprList Parser::ParseColumnNames() {
  ExprList names;
  do {
    if (AtName() && Peek(NameLength()).IsPunctuation("(")) {
      names.push_back(ParsePostfix());  // column_names_of(T) and the like
    } else if (AtLiteral()) {
      names.push_back(ParseLiteral());  // project-by-names dynamic(['a'])
    } else {
      names.push_back(ParseWildcardOrName());
    }
  } while (Accept(","));
  return names;
}

ast::Where Parser::ParseWhere() {
  ast::Where where;
  where.params = ParseParameters({});
  where.predicate = ParseExpr();
  return where;
}

ast::Summarize Parser::ParseSummarize() {
  ast::Summarize summarize;
  summarize.params = ParseParameters({});
  if (!IsWord("by") || AtNamed()) summarize.aggregates = ParseNamedListOrNothing();
  if (AcceptWord("by")) summarize.by = ParseNamedListOrNothing();
  return summarize;
}

ast::SortKey Parser::ParseSortKey() {
  ast::SortKey key;
  key.expr = ParseNamedExpr();
  if (AcceptWord("asc")) {
    key.ascending = true;
  } else {
    AcceptWord("desc");
  }
  if (AcceptWord("nulls")) {
    key.nulls_first = IsWord("first");
    if (!AcceptWord("first")) ExpectWord("last");
  }
  return key;
}

std::vector<ast::SortKey> Parser::ParseSortKeys() {
  std::vector<ast::SortKey> keys;
  do {
    keys.push_back(ParseSortKey());
  } while (Accept(","));
  return keys;
}

ast::Sort Parser::ParseSort() {
  ast::Sort sort;
  sort.params = ParseParameters({});
  ExpectWord("by");
  sort.keys = ParseSortKeys();
  return sort;
}

ast::Top Parser::ParseTop() {
  ast::Top top;
  top.params = ParseParameters({});
  top.count = ParseExpr();
  ExpectWord("by");
  top.keys = ParseSortKeys();
  return top;
}

ast::Take Parser::ParseTake() {
  ast::Take take;
  take.params = ParseParameters({});
  take.count = ParseExpr();
  return take;
}

ast::Distinct Parser::ParseDistinct() {
  ast::Distinct distinct;
  distinct.params = ParseParameters({});
  distinct.columns = ParseNamedList();
  return distinct;
}

ast::Count Parser::ParseCount() {
  ast::Count count;
  ParseParameters({});
  if (AcceptWord("as")) count.as = ParseName();
  return count;
}

ast::As Parser::ParseAs() {
  ast::As as;
  as.params = ParseParameters({});
  as.name = ParseName();
  return as;
}

ast::Serialize Parser::ParseSerialize() {
  ast::Serialize serialize;
  serialize.params = ParseParameters({});
  serialize.columns = ParseNamedListOrNothing();
  return serialize;
}

ast::Range Parser::ParseRange() {
  ast::Range range;
  range.name = ParseName();
  ExpectWord("from");
  range.from = ParseExpr();
  ExpectWord("to");
  range.to = ParseExpr();
  ExpectWord("step");
  range.step = ParseExpr();
  return range;
}

ast::ProjectReorder Parser::ParseReorder() {
  using Order = ast::ReorderColumn::Order;
  ast::ProjectReorder reorder;
  do {
    ast::ReorderColumn column;
    column.name = ParseWildcardOrName();
    for (const auto& [word, order] : {std::pair<std::string_view, Order>{"asc", Order::kAsc},
                                      {"desc", Order::kDesc},
                                      {"granny-asc", Order::kGrannyAsc},
                                      {"granny-desc", Order::kGrannyDesc}}) {
      if (AcceptWord(word)) column.order = order;
    }
    reorder.columns.push_back(std::move(column));
  } while (Accept(","));
  return reorder;
}

}  // namespace kc::kql
