#include "kql/parser.h"

#include <gtest/gtest.h>

namespace kc::kql {
namespace {

using ast::Expr;
using ast::ExprKind;

std::string Show(const Expr& e);

std::string ShowAll(const ast::ExprList& list, size_t from = 0) {
  std::string out;
  for (size_t i = from; i < list.size(); ++i) {
    if (i > from) out += ", ";
    out += Show(*list[i]);
  }
  return out;
}

std::string ShowValue(const Value& value) {
  if (IsNull(value)) return "null";
  if (const auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return std::to_string(*d);
  return std::get<std::string>(value);
}

std::string ShowQuery(const ast::Query& query) {
  return (query.source ? Show(*query.source) : "") + "|" + std::to_string(query.operators.size());
}

// A compact form with every precedence made visible.
std::string Show(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral:
      return std::string(KustoName(e.type)) + "<" + ShowValue(e.value) + ">";
    case ExprKind::kName:
    case ExprKind::kWildcard:
      return e.text;
    case ExprKind::kStar:
      return "*";
    case ExprKind::kMember:
      return Show(*e.args[0]) + "." + e.text;
    case ExprKind::kIndex:
      return Show(*e.args[0]) + "[" + Show(*e.args[1]) + "]";
    case ExprKind::kCall:
      return e.text + "(" + ShowAll(e.args) + ")";
    case ExprKind::kMemberCall:
      return Show(*e.args[0]) + "." + e.text + "(" + ShowAll(e.args, 1) + ")";
    case ExprKind::kNegate:
      return "-" + Show(*e.args[0]);
    case ExprKind::kBinary: {
      std::string out = "(";
      for (size_t i = 0; i < e.args.size(); ++i) {
        if (i > 0) out += " " + std::string(ast::OpName(e.op)) + " ";
        out += Show(*e.args[i]);
      }
      return out + ")";
    }
    case ExprKind::kInList:
    case ExprKind::kBetween:
      return "(" + Show(*e.args[0]) + " " + std::string(ast::OpName(e.op)) + " {" +
             ShowAll(e.args, 1) + "})";
    case ExprKind::kNamed:
      return (e.tuple ? "tuple:" : "") + e.names[0] + "=" + Show(*e.args[0]);
    case ExprKind::kQuery:
      return "query<" + ShowQuery(*e.query) + ">";
    case ExprKind::kToScalar:
      return "toscalar(" + Show(*e.args[0]) + ")";
    case ExprKind::kMaterialize:
      return "materialize(" + Show(*e.args[0]) + ")";
    case ExprKind::kDataTable:
      return "datatable" + std::to_string(e.columns.size()) + "[" + ShowAll(e.args) + "]";
    default:
      return "?";
  }
}

std::string ShowText(std::string_view text) {
  const auto expr = ParseExpression(text);
  return expr ? Show(**expr) : expr.error().message;
}

ast::Script ParseOk(std::string_view text) {
  auto script = Parse(text);
  EXPECT_TRUE(script) << text << "\n" << (script ? "" : script.error().message);
  return script ? *std::move(script) : ast::Script{};
}

// The last operator of the last statement.
template <typename T>
T LastOperator(std::string_view text) {
  ast::Script script = ParseOk(text);
  if (script.statements.empty()) return T{};
  auto& expression = std::get<ast::Expression>(script.statements.back().statement);
  EXPECT_EQ(expression.expr->kind, ExprKind::kQuery);
  return std::get<T>(std::move(expression.expr->query->operators.back().op));
}

TEST(ParserTest, HonoursPrecedence) {
  EXPECT_EQ(ShowText("a or b and c"), "(a or (b and c))");
  EXPECT_EQ(ShowText("a or b or c"), "(a or b or c)");
  EXPECT_EQ(ShowText("a + b * c - d"), "((a + (b * c)) - d)");
  EXPECT_EQ(ShowText("a < b + 1 == true"), "((a < (b + long<1>)) == bool<true>)");
  EXPECT_EQ(ShowText("'x' + y contains 'z'"), "(string<x> + (y contains string<z>))");
  EXPECT_EQ(ShowText("-a * b"), "(-a * b)");
  EXPECT_EQ(ShowText("(a + b) * c"), "((a + b) * c)");
  EXPECT_EQ(ShowText("a matches regex '.'"), "(a matches regex string<.>)");
  EXPECT_EQ(ShowText("a <> b"), "(a != b)");
}

TEST(ParserTest, ReadsListsAndRanges) {
  EXPECT_EQ(ShowText("a in (1, 2)"), "(a in {long<1>, long<2>})");
  EXPECT_EQ(ShowText("a !in~ ('x')"), "(a !in~ {string<x>})");
  EXPECT_EQ(ShowText("a has_any (T | project b)"), "(a has_any {query<T|1>})");
  EXPECT_EQ(ShowText("a !between (1 .. b + 2)"), "(a !between {long<1>, (b + long<2>)})");
  EXPECT_EQ(ShowText("a between(1..2)"), "(a between {long<1>, long<2>})");
}

TEST(ParserTest, ReadsPathsAndCalls) {
  EXPECT_EQ(ShowText("a.b[0]['c'].['d e']"), "a.b[long<0>][string<c>].d e");
  EXPECT_EQ(ShowText("f(x, y=2, T | count)"), "f(x, y=long<2>, query<T|1>)");
  EXPECT_EQ(ShowText("cluster('c').database('d').T"), "cluster(string<c>).database(string<d>).T");
  EXPECT_EQ(ShowText("toscalar(T | count)"), "toscalar(query<T|1>)");
  EXPECT_EQ(ShowText("['my col'] + [\"b\"]"), "(my col + b)");
}

TEST(ParserTest, ReadsLiteralsOfEveryType) {
  EXPECT_EQ(ShowText("int(null)"), "int<null>");
  EXPECT_EQ(ShowText("int(-0x10)"), "int<-16>");
  EXPECT_EQ(ShowText("long(-9223372036854775808)"), "long<-9223372036854775808>");
  EXPECT_EQ(ShowText("-9223372036854775808"), "long<-9223372036854775808>");
  EXPECT_EQ(ShowText("real(-inf)"), "real<-inf>");
  EXPECT_EQ(ShowText("decimal(1.50)"), "decimal<1.50>");
  EXPECT_EQ(ShowText("bool(1)"), "bool<true>");
  EXPECT_EQ(ShowText("datetime(0001-01-01 00:00:00.0000007)"), "datetime<7>");
  EXPECT_EQ(ShowText("datetime(0001, 1, 2)"), "datetime<864000000000>");
  EXPECT_EQ(ShowText("time(1.00:00:00)"), "timespan<864000000000>");
  EXPECT_EQ(ShowText("-1tick"), "-timespan<1>");
  EXPECT_EQ(ShowText("guid(74BE27DE1E4E49D9B579FE0B331D3642)"),
            "guid<74be27de-1e4e-49d9-b579-fe0b331d3642>");
  EXPECT_EQ(ShowText("'a' \"b\"\n@'c\\'"), "string<abc\\>");
}

TEST(ParserTest, TurnsDynamicIntoJson) {
  EXPECT_EQ(ShowText("dynamic(null)"), "dynamic<null>");
  EXPECT_EQ(ShowText("dynamic({'a': [1, -2.5, \"x\\\"y\"], \"b\": {\"c\": null}})"),
            "dynamic<{\"a\":[1,-2.5,\"x\\\"y\"],\"b\":{\"c\":null}}>");
  EXPECT_EQ(ShowText("dynamic([datetime(2020-01-01), 1h, true, dynamic([])])"),
            "dynamic<[\"2020-01-01T00:00:00.0000000Z\",\"01:00:00\",true,[]]>");
  EXPECT_EQ(ShowText("dynamic(\"x\")"), "dynamic<\"x\">");
}

TEST(ParserTest, RefusesWhatKustoRefuses) {
  for (const char* text : {"T | where",
                           "T | where a ==",
                           "T | frobnicate x",
                           "T | project a b",
                           "T | take",
                           "print (1",
                           "print 1)",
                           "T | where a in 1",
                           "print 9223372036854775808",
                           "T | extend first = 1",
                           "T | project by",
                           "datatable(a:long)[1, 0.0/0.0]",
                           "datatable(a:long, b:string)[1]",
                           "datatable(s:string)[null]",
                           "T | join (U)",
                           "T | top 3",
                           "a = 1",
                           "let = 1; T",
                           "print f(1,)",
                           "T | parse s with a:long b:long",
                           "int(2147483648)",
                           "datetime(2020-13-01)",
                           "T T"}) {
    const auto script = Parse(text);
    ASSERT_FALSE(script) << text;
    EXPECT_EQ(script.error().reason, "SYN0002") << text;
    EXPECT_EQ(script.error().code, ErrorCode::kStop);
    EXPECT_NE(script.error().message.find("[line:position="), std::string::npos);
  }
}

TEST(ParserTest, RefusesByNameWhatIsNotSupported) {
  const auto graph = Parse("E | make-graph a --> b");
  ASSERT_FALSE(graph);
  EXPECT_NE(graph.error().message.find("make-graph"), std::string::npos);
  EXPECT_FALSE(Parse("declare pattern p = (a:string) { ('x') = { print 1 } }; p('x')"));
}

TEST(ParserTest, BoundsDepthAndKeepsLongChains) {
  std::string deep = "print ";
  for (int i = 0; i < 100000; ++i) deep += '(';
  EXPECT_FALSE(Parse(deep));
  deep = "print x = dynamic(";
  for (int i = 0; i < 100000; ++i) deep += '[';
  EXPECT_FALSE(Parse(deep));
  std::string chain = "T | where a == 0";
  for (int i = 0; i < 20000; ++i) chain += " or a == " + std::to_string(i);
  ParseOk(chain);
  std::string sum = "print 1";
  for (int i = 0; i < 900; ++i) sum += " + 1";
  ParseOk(sum);
  for (int i = 0; i < 900; ++i) sum += " + 1";
  EXPECT_FALSE(Parse(sum));
}

TEST(ParserTest, ReadsStatements) {
  const auto script = ParseOk(
      "set notruncation; set maxmemory = 5;\n"
      "declare query_parameters(n:long = 7, s:string);\n"
      "let a = 1d; let f = (T:(x:long), U:(*), k:string = 'q') { let z = 1; T | take z };\n"
      "let v = view () { print 1 }; alias database D = cluster('c').database('d');\n"
      "restrict access to (T, v*); T; print 1;");
  ASSERT_EQ(script.statements.size(), 10u);
  const auto& f = std::get<ast::Let>(script.statements[4].statement);
  ASSERT_EQ(f.value->kind, ExprKind::kFunctionLiteral);
  const ast::Function& function = *f.value->function;
  ASSERT_EQ(function.parameters.size(), 3u);
  EXPECT_TRUE(function.parameters[0].tabular);
  EXPECT_EQ(function.parameters[0].columns[0].name, "x");
  EXPECT_TRUE(function.parameters[1].any_columns);
  EXPECT_EQ(Show(*function.parameters[2].default_value), "string<q>");
  EXPECT_EQ(function.body.size(), 2u);
  EXPECT_TRUE(std::get<ast::Let>(script.statements[5].statement).value->function->view);
  EXPECT_EQ(std::get<ast::Restrict>(script.statements[7].statement).tables.size(), 2u);
}

TEST(ParserTest, TellsSourcesFromNames) {
  EXPECT_EQ(ShowText("range(1, 2)"), "range(long<1>, long<2>)");
  EXPECT_EQ(ShowText("range x from 1 to 2 step 1 | take 1"), "query<|2>");
  EXPECT_EQ(ShowText("union T, U"), "query<|1>");
  EXPECT_EQ(ShowText("toscalar(print 1)"), "toscalar(query<|1>)");
  EXPECT_EQ(ShowText("(print 1) | count"), "query<query<|1>|1>");
}

TEST(ParserTest, ReadsSummarizeSortTopJoin) {
  const auto summarize = LastOperator<ast::Summarize>(
      "T | summarize hint.strategy=shuffle n = count(), (a, b) = arg_max(x, y) by bin(t, 1h), k");
  EXPECT_EQ(summarize.params.size(), 1u);
  EXPECT_EQ(ShowAll(summarize.aggregates), "n=count(), tuple:a=arg_max(x, y)");
  EXPECT_EQ(ShowAll(summarize.by), "bin(t, timespan<36000000000>), k");

  const auto sort = LastOperator<ast::Sort>("T | order by a, b asc nulls last, c nulls first");
  ASSERT_EQ(sort.keys.size(), 3u);
  EXPECT_FALSE(sort.keys[0].ascending);
  EXPECT_FALSE(sort.keys[0].nulls_first.has_value());
  EXPECT_TRUE(sort.keys[1].ascending);
  EXPECT_EQ(sort.keys[1].nulls_first, false);
  EXPECT_EQ(sort.keys[2].nulls_first, true);

  const auto join = LastOperator<ast::Join>(
      "T | join kind=leftouter hint.strategy=broadcast (U | take 1) on a, $left.b == $right.c");
  EXPECT_EQ(*ast::FindParameter(join.params, "kind"), "leftouter");
  EXPECT_EQ(ShowAll(join.on), "a, ($left.b == $right.c)");
  EXPECT_EQ(Show(*join.right), "query<U|1>");
  EXPECT_TRUE(LastOperator<ast::Join>("T | lookup U on k").lookup);
}

TEST(ParserTest, ReadsProjections) {
  EXPECT_EQ(ShowAll(LastOperator<ast::ProjectAway>("T | project-away a*, *b, ['c d']").columns),
            "a*, *b, c d");
  const auto reorder =
      LastOperator<ast::ProjectReorder>("T | project-reorder b, a* granny-desc, *");
  ASSERT_EQ(reorder.columns.size(), 3u);
  EXPECT_EQ(reorder.columns[1].order, ast::ReorderColumn::Order::kGrannyDesc);
  EXPECT_EQ(reorder.columns[2].name->kind, ExprKind::kStar);
  EXPECT_EQ(ShowAll(LastOperator<ast::ProjectRename>("T | project-rename a = b").columns), "a=b");
}

TEST(ParserTest, ReadsExpandAndApply) {
  const auto expand = LastOperator<ast::MvExpand>(
      "T | mv-expand kind=array with_itemindex=i a = d to typeof(long), e limit 10");
  EXPECT_EQ(expand.params.size(), 2u);
  ASSERT_EQ(expand.items.size(), 2u);
  EXPECT_EQ(expand.items[0].to_type, ScalarType::kLong);
  EXPECT_EQ(Show(*expand.limit), "long<10>");
  const auto apply =
      LastOperator<ast::MvApply>("T | mv-apply x = d to typeof(int) on (top 1 by x | project x)");
  EXPECT_EQ(ShowQuery(*apply.subquery), "|2");
}

TEST(ParserTest, ReadsParseAndMakeSeries) {
  const auto parse = LastOperator<ast::ParseOp>(
      "T | parse-where kind=regex flags=Ui s with * 'a=' a:long ' ' b *");
  EXPECT_TRUE(parse.where);
  EXPECT_EQ(*ast::FindParameter(parse.params, "flags"), "Ui");
  ASSERT_EQ(parse.parts.size(), 6u);
  EXPECT_EQ(parse.parts[2].type, ScalarType::kLong);
  EXPECT_FALSE(parse.parts[4].type.has_value());
  const auto kv = LastOperator<ast::ParseKv>(
      "T | parse-kv s as (a:long, b:string) with (pair_delimiter=';', kv_delimiter='=')");
  EXPECT_EQ(kv.columns.size(), 2u);
  EXPECT_EQ(*ast::FindParameter(kv.params, "kv_delimiter"), "=");
  const auto series = LastOperator<ast::MakeSeries>(
      "T | make-series s = sum(v) default=0, avg(w) on t from ago(1d) to now() step 1h by k");
  ASSERT_EQ(series.aggregates.size(), 2u);
  EXPECT_EQ(Show(*series.aggregates[0].default_value), "long<0>");
  EXPECT_EQ(series.aggregates[1].default_value, nullptr);
  EXPECT_EQ(ShowAll(series.by), "k");
}

TEST(ParserTest, ReadsOperatorsWithSubqueries) {
  EXPECT_EQ(LastOperator<ast::Partition>("T | partition by k (top 1 by v)").subquery->source,
            nullptr);
  EXPECT_TRUE(LastOperator<ast::Partition>("T | partition by k { U | take 1 }").legacy);
  EXPECT_EQ(LastOperator<ast::Fork>("T | fork a = (take 1) (count)").branches.size(), 2u);
  EXPECT_EQ(LastOperator<ast::Facet>("T | facet by a, b with (take 1)").by.size(), 2u);
  EXPECT_EQ(ShowAll(LastOperator<ast::Union>(
                        "union kind=outer withsource=S T*, (U | take 1), database('d').V*")
                        .tables),
            "T*, query<U|1>, database(string<d>).V*");
  const auto find = LastOperator<ast::Find>(
      "find withsource=S in (T, U*) where a == 1 project a, b:long, pack(*)");
  EXPECT_EQ(find.columns.size(), 2u);
  EXPECT_TRUE(find.pack_all);
  EXPECT_EQ(Show(*LastOperator<ast::Search>("search in (T) 'x' and a:'y'").predicate),
            "(string<x> and (a has string<y>))");
}

TEST(ParserTest, ReadsScanTopNestedAndTheRest) {
  const auto scan = LastOperator<ast::Scan>(
      "T | scan with_match_id=m partition by k declare (n:long = 0) with "
      "(step a output=none: x > 1 => n = 1, k = a.n; step b: true;)");
  ASSERT_EQ(scan.steps.size(), 2u);
  EXPECT_EQ(scan.steps[0].output, ast::ScanStep::Output::kNone);
  EXPECT_EQ(scan.steps[0].assignments.size(), 2u);
  const auto nested = LastOperator<ast::TopNested>(
      "T | top-nested 2 of a with others='x' by s = sum(v) desc, top-nested of b by count()");
  ASSERT_EQ(nested.clauses.size(), 2u);
  EXPECT_EQ(Show(*nested.clauses[0].by.expr), "s=sum(v)");
  EXPECT_EQ(nested.clauses[1].count, nullptr);
  const auto evaluate =
      LastOperator<ast::Evaluate>("T | evaluate bag_unpack(d) : (*, a:long, b:string)");
  ASSERT_TRUE(evaluate.schema.has_value());
  EXPECT_TRUE(evaluate.schema->star);
  const auto render =
      LastOperator<ast::Render>("T | render timechart with (title='x', ycolumns=a, b)");
  EXPECT_EQ(render.chart, "timechart");
  EXPECT_EQ(*ast::FindParameter(render.params, "ycolumns"), "a,b");
  EXPECT_EQ(LastOperator<ast::Reduce>("T | reduce by a with threshold=0.3").with.size(), 1u);
  EXPECT_EQ(LastOperator<ast::Count>("T | count").as, "");
  EXPECT_EQ(LastOperator<ast::As>("T | as hint.materialized=true X").name, "X");
}

TEST(ParserTest, ReadsPartsOfCommands) {
  const auto columns = ParseColumns("(a:long, ['b c']:string)");
  ASSERT_TRUE(columns);
  EXPECT_EQ((*columns)[1].name, "b c");
  EXPECT_TRUE(ParseColumns("a:long,b:datetime"));
  EXPECT_FALSE(ParseColumns("a:long,b"));
  EXPECT_FALSE(ParseColumns("(a:long) x"));
  EXPECT_EQ(ParseParameters("(a:long, T:(*))")->size(), 2u);
  EXPECT_EQ(ParseFunctionBody("{ let x = 1; T | where a == x }")->size(), 2u);
}

TEST(ParserTest, MarksWhereNodesStand) {
  const std::string text = "T | where abc == 12";
  const auto where = LastOperator<ast::Where>(text);
  const auto at = where.predicate->at;
  EXPECT_EQ(text.substr(at.offset, at.length), "abc == 12");
}

}  // namespace
}  // namespace kc::kql
