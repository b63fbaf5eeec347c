// Operators that name other tables: join, lookup, union, search, find, partition, fork, facet.
#include "kql/parser_impl.h"

namespace kc::kql {

using ast::ExprKind;
using ast::ExprList;
using ast::ExprPtr;

// A name, a wildcard (T*, database('d').*), a call, or a query in parentheses.
ExprPtr Parser::ParseTableReference() {
  const uint32_t begin = Peek().offset;
  const bool wildcard =
      Is("*") || (AtName() && !Is("[") && Peek(1).IsPunctuation("*") && Adjacent(1));
  if (wildcard) return ParseWildcardOrName();
  ExprPtr expr = ParsePrimary();
  while (Is(".") && !error_) {
    Next();
    auto member = Make(ExprKind::kMember);
    member->args.push_back(std::move(expr));
    ExprPtr name = ParseWildcardOrName();
    member->text = name->text;
    member->quoted = name->quoted;
    member->star = name->kind != ExprKind::kName;
    if (Is("(") && !member->quoted) {
      member->kind = ExprKind::kMemberCall;
      ParseArguments(member.get());
    }
    expr = Finish(std::move(member), begin);
  }
  return expr;
}

ExprList Parser::ParseTableList() {
  ExprList tables;
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    tables.push_back(ParseTableReference());
    if (!Accept(",")) break;
  }
  Expect(")");
  return tables;
}

ast::Join Parser::ParseJoin(bool lookup) {
  ast::Join join;
  join.lookup = lookup;
  join.params = ParseParameters({"kind"});
  join.right = ParsePostfix();
  if (AcceptWord("on")) {
    join.on = ParseExprList();
  } else if (!IsWord("where")) {
    FailHere();
  } else {
    Fail("join with where is not supported.");
  }
  return join;
}

ast::Union Parser::ParseUnion() {
  ast::Union result;
  result.params = ParseParameters({"kind", "withsource", "with_source", "isfuzzy"});
  do {
    result.tables.push_back(ParseTableReference());
  } while (Accept(","));
  return result;
}

ast::Search Parser::ParseSearch() {
  ast::Search search;
  search.params = ParseParameters({"kind"});
  if (IsWord("in") && Peek(1).IsPunctuation("(")) {
    Next();
    search.tables = ParseTableList();
  }
  in_search_ = true;
  search.predicate = ParseExpr();
  in_search_ = false;
  return search;
}

ast::Find Parser::ParseFind() {
  ast::Find find;
  find.params = ParseParameters({"withsource", "with_source", "datascope", "isfuzzy"});
  if (IsWord("in") && Peek(1).IsPunctuation("(")) {
    Next();
    find.tables = ParseTableList();
  }
  AcceptWord("where");
  const bool output = IsWord("project") || IsWord("project-smart") || IsWord("project-away");
  if (!output) {
    in_search_ = true;
    find.predicate = ParseExpr();
    in_search_ = false;
  }
  ParseFindOutput(&find);
  return find;
}

void Parser::ParseFindOutput(ast::Find* find) {
  if (AcceptWord("project-smart")) return;
  if (AcceptWord("project-away")) {
    find->output = ast::Find::Output::kAway;
  } else if (AcceptWord("project")) {
    find->output = ast::Find::Output::kColumns;
  } else {
    return;
  }
  do {
    if (IsWord("pack") || IsWord("pack_all")) {
      Next();
      Expect("(");
      Accept("*");
      Expect(")");
      find->pack_all = true;
      continue;
    }
    ExprPtr name = ParseWildcardOrName();
    if (name->kind == ExprKind::kName && Accept(":")) {
      name->kind = ExprKind::kTypedName;
      name->type = ParseType();
    }
    find->columns.push_back(std::move(name));
  } while (Accept(","));
}

// a.b.c, without calls: a parenthesis after it belongs to the operator.
ExprPtr Parser::ParseColumnPath() {
  const uint32_t begin = Peek().offset;
  auto path = Make(ExprKind::kName);
  path->text = ParseName(&path->quoted);
  path = Finish(std::move(path), begin);
  while (Accept(".")) {
    auto member = Make(ExprKind::kMember);
    member->args.push_back(std::move(path));
    member->text = ParseName(&member->quoted);
    path = Finish(std::move(member), begin);
  }
  return path;
}

ast::Partition Parser::ParsePartition() {
  ast::Partition partition;
  partition.params = ParseParameters({});
  ExpectWord("by");
  partition.by = ParseColumnPath();
  const auto more = ParseParameters({});
  partition.params.insert(partition.params.end(), more.begin(), more.end());
  if (Accept("{")) {
    partition.legacy = true;
    ExprPtr query = ParseExpressionOrQuery();
    if (query->kind == ExprKind::kQuery) {
      partition.subquery = std::move(query->query);
    } else {
      partition.subquery = std::make_unique<ast::Query>();
      partition.subquery->source = std::move(query);
    }
    Expect("}");
    return partition;
  }
  Expect("(");
  partition.subquery = ParseSubpipe();
  Expect(")");
  return partition;
}

ast::Fork Parser::ParseFork() {
  ast::Fork fork;
  do {
    ast::ForkBranch branch;
    if (AtNamed()) {
      branch.name = ParseName();
      Expect("=");
    }
    Expect("(");
    branch.query = ParseSubpipe();
    Expect(")");
    fork.branches.push_back(std::move(branch));
    Accept(",");
  } while (Is("(") || AtNamed());
  return fork;
}

ast::Facet Parser::ParseFacet() {
  ast::Facet facet;
  ExpectWord("by");
  facet.by = ParseExprList();
  if (AcceptWord("with")) {
    Expect("(");
    facet.with = ParseSubpipe();
    Expect(")");
  }
  return facet;
}

ast::MacroExpand Parser::ParseMacroExpand() {
  ast::MacroExpand macro;
  macro.params = ParseParameters({"isfuzzy", "kind"});
  if (AcceptWord("entity_group")) {
    Expect("[");
    do {
      macro.entities.push_back(ParseTableReference());
    } while (Accept(","));
    Expect("]");
  } else {
    macro.entities.push_back(ParseTableReference());
  }
  ExpectWord("as");
  macro.name = ParseName();
  Expect("(");
  while (!Is(")") && !AtEnd()) {
    if (Accept(";")) continue;
    macro.body.push_back(ParseStatement());
    if (!Is(";")) break;
  }
  Expect(")");
  return macro;
}

}  // namespace kc::kql
