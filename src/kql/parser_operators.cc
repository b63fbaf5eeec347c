// The remaining operators: mv-expand, mv-apply, parse*, make-series, evaluate, render, reduce,
// scan, top-nested, top-hitters, sample-distinct.
#include "kql/parser_impl.h"

namespace kc::kql {

using ast::ExprKind;
using ast::ExprPtr;

ast::ExpandItem Parser::ParseExpandItem() {
  ast::ExpandItem item;
  item.expr = ParseNamedExpr();
  if (AcceptWord("to")) {
    ExpectWord("typeof");
    Expect("(");
    item.to_type = ParseType();
    Expect(")");
  }
  return item;
}

ast::MvExpand Parser::ParseMvExpand() {
  ast::MvExpand expand;
  expand.params = ParseParameters({"kind", "bagexpansion", "with_itemindex"});
  do {
    expand.items.push_back(ParseExpandItem());
  } while (Accept(","));
  if (AcceptWord("limit")) expand.limit = ParseExpr();
  return expand;
}

ast::MvApply Parser::ParseMvApply() {
  ast::MvApply apply;
  apply.params = ParseParameters({"kind", "bagexpansion", "with_itemindex"});
  do {
    apply.items.push_back(ParseExpandItem());
  } while (Accept(","));
  if (AcceptWord("limit")) apply.limit = ParseExpr();
  if (AcceptWord("id")) apply.id = std::string(Next().text);
  ExpectWord("on");
  Expect("(");
  apply.subquery = ParseSubpipe();
  Expect(")");
  return apply;
}

ast::ParseOp Parser::ParseParse(bool where) {
  ast::ParseOp parse;
  parse.where = where;
  parse.params = ParseParameters({"kind", "flags"});
  parse.source = ParsePostfix();
  ExpectWord("with");
  while (Is("*") || AtName() || Peek().Is(TokenKind::kString)) {
    const bool after_column =
        !parse.parts.empty() && parse.parts.back().kind == ast::ParsePart::Kind::kColumn;
    if (after_column && AtName()) FailHere();  // what separates the two columns is missing
    parse.parts.push_back(ParseParsePart());
  }
  if (parse.parts.empty()) FailHere();
  return parse;
}

ast::ParsePart Parser::ParseParsePart() {
  ast::ParsePart part;
  const uint32_t begin = Peek().offset;
  if (Accept("*")) {
    part.kind = ast::ParsePart::Kind::kStar;
  } else if (Peek().Is(TokenKind::kString)) {
    part.kind = ast::ParsePart::Kind::kText;
    part.text = std::get<std::string>(ParseStringLiteral()->value);
  } else {
    part.kind = ast::ParsePart::Kind::kColumn;
    part.text = ParseDeclaredName();
    if (Accept(":")) part.type = ParseType();
  }
  part.at = From(begin);
  return part;
}

ast::ParseKv Parser::ParseParseKv() {
  ast::ParseKv parse;
  parse.source = ParsePostfix();
  ExpectWord("as");
  parse.columns = ParseSchema(nullptr);
  if (AcceptWord("with")) parse.params = ParseWithList();
  return parse;
}

ast::MakeSeries Parser::ParseMakeSeries() {
  ast::MakeSeries series;
  series.params = ParseParameters({"kind"});
  do {
    ast::SeriesAggregate aggregate;
    aggregate.expr = ParseNamedExpr();
    if (AcceptWord("default")) {
      Expect("=");
      aggregate.default_value = ParseExpr();
    }
    series.aggregates.push_back(std::move(aggregate));
  } while (Accept(","));
  ExpectWord("on");
  series.on = ParseNamedExpr();
  ParseSeriesRange(&series);
  if (AcceptWord("by")) series.by = ParseNamedList();
  return series;
}

void Parser::ParseSeriesRange(ast::MakeSeries* series) {
  if (AcceptWord("in")) {
    ExpectWord("range");
    series->in_range = true;
    Expect("(");
    series->from = ParseExpr();
    Expect(",");
    series->to = ParseExpr();
    Expect(",");
    series->step = ParseExpr();
    Expect(")");
    return;
  }
  if (AcceptWord("from")) series->from = ParseExpr();
  if (AcceptWord("to")) series->to = ParseExpr();
  ExpectWord("step");
  series->step = ParseExpr();
}

ast::Evaluate Parser::ParseEvaluate() {
  ast::Evaluate evaluate;
  evaluate.params = ParseParameters({});
  evaluate.call = ParsePrimary();
  if (evaluate.call->kind != ExprKind::kCall) Fail("Expected: the call of a plugin");
  if (Accept(":")) {
    ast::OutputSchema schema;
    schema.columns = ParseSchema(&schema.star);
    evaluate.schema = std::move(schema);
  }
  return evaluate;
}

ast::Render Parser::ParseRender() {
  ast::Render render;
  if (AtName() && !AtNamed()) render.chart = ParseName();
  if (AcceptWord("with")) {
    render.params = ParseWithList();
  } else if (AtNamed()) {
    render.params = ParseWithList();
  } else if (IsWord("by")) {
    Fail("render with by is not supported.");
  }
  return render;
}

ast::SampleDistinct Parser::ParseSampleDistinct() {
  ast::SampleDistinct sample;
  sample.count = ParseExpr();
  ExpectWord("of");
  sample.of = ParseNamedExpr();
  return sample;
}

ast::Reduce Parser::ParseReduce() {
  ast::Reduce reduce;
  reduce.params = ParseParameters({"kind"});
  ExpectWord("by");
  reduce.by = ParseExpr();
  if (AcceptWord("with")) reduce.with = ParseWithList();
  return reduce;
}

ast::Scan Parser::ParseScan() {
  ast::Scan scan;
  scan.params = ParseParameters({"with_match_id", "kind"});
  if (AcceptWord("order")) {
    ExpectWord("by");
    scan.order_by = ParseSortKeys();
  }
  if (AcceptWord("partition")) {
    ExpectWord("by");
    scan.partition_by = ParseExprList();
  }
  if (AcceptWord("declare")) {
    Expect("(");
    while (!Is(")") && !AtEnd()) {
      scan.declared.push_back(ParseScanColumn());
      if (!Accept(",")) break;
    }
    Expect(")");
  }
  ExpectWord("with");
  Expect("(");
  while (IsWord("step")) {
    scan.steps.push_back(ParseScanStep());
    if (!Accept(";")) break;
  }
  Expect(")");
  return scan;
}

ast::ScanColumn Parser::ParseScanColumn() {
  ast::ScanColumn column;
  column.column = ParseColumnDecl();
  if (Accept("=")) column.default_value = ParseExpr();
  return column;
}

ast::ScanStep Parser::ParseScanStep() {
  using Output = ast::ScanStep::Output;
  ast::ScanStep step;
  const uint32_t begin = Peek().offset;
  ExpectWord("step");
  step.name = ParseName();
  step.optional = AcceptWord("optional");
  if (AcceptWord("output")) {
    Expect("=");
    if (AcceptWord("all")) {
      step.output = Output::kAll;
    } else if (AcceptWord("last")) {
      step.output = Output::kLast;
    } else {
      ExpectWord("none");
      step.output = Output::kNone;
    }
  }
  Expect(":");
  step.condition = ParseExpr();
  if (Accept("=>")) {
    do {
      std::string name = ParseName();
      Expect("=");
      step.assignments.emplace_back(std::move(name), ParseExpr());
    } while (Accept(","));
  }
  step.at = From(begin);
  return step;
}

ast::TopNested Parser::ParseTopNested() {
  ast::TopNested nested;
  do {
    if (!nested.clauses.empty()) ExpectWord("top-nested");
    nested.clauses.push_back(ParseTopNestedClause());
  } while (Accept(","));
  return nested;
}

ast::TopNestedClause Parser::ParseTopNestedClause() {
  ast::TopNestedClause clause;
  if (!IsWord("of")) clause.count = ParseExpr();
  ExpectWord("of");
  clause.of = ParseNamedExpr();
  if (AcceptWord("with")) {
    ExpectWord("others");
    Expect("=");
    clause.others = ParseExpr();
  }
  ExpectWord("by");
  clause.by = ParseSortKey();
  return clause;
}

ast::TopHitters Parser::ParseTopHitters() {
  ast::TopHitters hitters;
  hitters.count = ParseExpr();
  ExpectWord("of");
  hitters.of = ParseNamedExpr();
  if (AcceptWord("by")) hitters.by = ParseNamedExpr();
  return hitters;
}

}  // namespace kc::kql
