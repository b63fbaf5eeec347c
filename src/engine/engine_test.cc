// Whole queries, from text to values.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/no_tables_test_base.h"

namespace kc::engine {
namespace {

std::string Text(const Value& value) {
  if (IsNull(value)) return "null";
  if (const auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return FormatDouble(*d);
  return std::get<std::string>(value);
}

// "a:long,b:string|1,x|2,y", or "error: …".
std::string Query(const std::string& text) {
  NoTables catalog;
  NoScans provider;
  QueryRequest request;
  request.text = text;
  const auto table = TheEngine().Collect(request, catalog, provider);
  if (!table) return "error: " + table.error().message;
  std::vector<std::string> head;
  for (const ColumnSchema& column : table->columns) {
    head.push_back(column.name + ":" + std::string(KustoName(column.type)));
  }
  std::string out = Join(head, ",");
  for (const std::vector<Value>& row : table->rows) {
    std::vector<std::string> cells;
    for (const Value& value : row) cells.push_back(Text(value));
    out += "|" + Join(cells, ",");
  }
  return out;
}

constexpr char kSales[] =
    "let Sales = datatable(shop:string, item:string, n:int, price:real)"
    "['north','tea',3,2.5, 'north','rum',1,19.0, 'south','tea',7,2.25, "
    "'south','ale',int(null),4.0];";

TEST(EngineTest, NamesColumnsAsKustoDoes) {
  EXPECT_EQ(Query("print 1, x=2, 'a'"), "print_0:long,x:long,print_2:string|1,2,a");
  EXPECT_EQ(Query(std::string(kSales) + "Sales | summarize sum(n), avg(price), count() by shop "
                                        "| project-rename total=sum_n | sort by shop asc"),
            "shop:string,total:long,avg_price:real,count_:long|north,4,10.75,2|south,7,3.125,2");
  EXPECT_EQ(Query("print d=dynamic({'a':{'b':[5]}}) | project d.a.b[0], tostring(d.a)"),
            "d_a_b_0:dynamic,d_a:string|5,{\"b\":[5]}");
}

TEST(EngineTest, DynamicsAndDecimalsHaveOneTextWhereverTheyComeFrom) {
  EXPECT_EQ(Query("let text = '{\"num\":1e300, \"r\":1.50, \"s\":\"\\\\u0041\"}';"
                  "print tostring(parse_json(text)) == "
                  "tostring(dynamic({\"num\":1e300, \"r\":1.50, \"s\":\"A\"}))"),
            "print_0:bool|true");
  EXPECT_EQ(Query("print decimal(1.50) == decimal(1.5), tostring(decimal(1.50))"),
            "print_0:bool,print_1:string|true,1.5");
}

TEST(EngineTest, NullLogic) {
  EXPECT_EQ(Query("print int(null) == 1, int(null) != 1, int(null) == int(null), int(null) < 1"),
            "print_0:bool,print_1:bool,print_2:bool,print_3:bool|false,true,null,null");
  EXPECT_EQ(Query(std::string(kSales) + "Sales | where n != 3 | count"), "Count:long|3");
  EXPECT_EQ(Query(std::string(kSales) + "Sales | where not(n == 3) | count"), "Count:long|3");
  EXPECT_EQ(Query("print real(nan) == real(nan), real(nan) > 1.0, real(nan) < 1.0"),
            "print_0:bool,print_1:bool,print_2:bool|false,false,false");
}

TEST(EngineTest, Joins) {
  const std::string pair =
      "let A = datatable(k:int, a:string)[1,'x', 1,'y', int(null),'z'];"
      "let B = datatable(k:int, b:string)[1,'p', int(null),'q', 3,'r'];";
  EXPECT_EQ(Query(pair + "A | join kind=inner B on k | project a, b | sort by a asc"),
            "a:string,b:string|x,p|y,p|z,q");
  EXPECT_EQ(Query(pair + "A | join B on k | summarize count() by b | sort by b asc"),
            "b:string,count_:long|p,1|q,1");
  EXPECT_EQ(Query(pair + "A | join kind=rightouter B on k | where b == 'r'"),
            "k:int,a:string,k1:int,b:string|null,,3,r");
  EXPECT_EQ(Query(pair + "B | join kind=leftanti A on k"), "k:int,b:string|3,r");
  EXPECT_EQ(Query(pair + "B | lookup (A | where a == 'x') on k | sort by b asc"),
            "k:int,b:string,a:string|1,p,x|null,q,|3,r,");
}

TEST(EngineTest, LetsFunctionsAndScalars) {
  EXPECT_EQ(Query("let f = (x:long, y:long = 10) { let z = x * 2; z + y }; print f(1), f(1, y=2)"),
            "print_0:long,print_1:long|12,4");
  EXPECT_EQ(Query("let T = range i from 1 to 4 step 1; let m = toscalar(T | summarize max(i)); "
                  "T | where i == m | join kind=inner T on i"),
            "i:long,i1:long|4,4");
  EXPECT_EQ(
      Query("let T = (t:(i:long)) { t | where i > 2 }; range i from 1 to 4 step 1 | invoke T()"),
      "i:long|3|4");
  EXPECT_TRUE(Query("let f = (x:long) { f(x) }; print f(1)").starts_with("error: "));
}

TEST(EngineTest, RowsInOrder) {
  EXPECT_EQ(
      Query(
          "range i from 1 to 3 step 1 | extend p = prev(i), s = row_cumsum(i), n = next(i, 1, 0)"),
      "i:long,p:long,s:long,n:long|1,null,1,2|2,1,3,3|3,2,6,0");
  EXPECT_EQ(Query(std::string(kSales) + "Sales | sort by price asc | summarize l=make_list(item)"),
            "l:dynamic|[\"tea\",\"tea\",\"ale\",\"rum\"]");
  EXPECT_EQ(Query(std::string(kSales) + "Sales | sort by n asc | project n"), "n:int|null|1|3|7");
  EXPECT_EQ(
      Query(std::string(kSales) + "Sales | summarize arg_max(n, item) by shop | sort by shop asc"),
      "shop:string,n:int,item:string|north,3,tea|south,7,tea");
}

TEST(EngineTest, GroupsAndSetsInOrderOfAppearance) {
  const std::string t = "datatable(g:string, v:int)['z',3, 'a',1, 'z',2, 'm',3, 'a',9] | ";
  EXPECT_EQ(Query(t + "summarize make_set(v) by g"),
            "g:string,set_v:dynamic|z,[3,2]|a,[1,9]|m,[3]");
  EXPECT_EQ(Query(t + "summarize make_set(v, 2)"), "set_v:dynamic|[3,1]");
  EXPECT_EQ(Query("datatable(d:dynamic)[dynamic([1,2]), dynamic([2,3]), dynamic(null)] | "
                  "summarize make_set(d), make_list(d)"),
            "set_d:dynamic,list_d:dynamic|[1,2,3],[1,2,2,3]");
}

TEST(EngineTest, Percentiles) {
  const std::string t =
      "range x from 1 to 10 step 1 | extend w = iff(x == 10, 100, 1) | summarize ";
  EXPECT_EQ(Query(t + "percentile(x, 50), percentiles(x, 5, 99.9)"),
            "percentile_x_50:long,percentile_x_5:long,percentile_x_99_9:long|5,1,10");
  EXPECT_EQ(Query(t + "percentilew(x, w, 50), percentiles_array(x, dynamic([20, 90]))"),
            "percentile_x_50:long,percentiles_x:dynamic|10,[2,9]");
  EXPECT_EQ(Query(t + "make_bag(bag_pack('k', x))"), "bag_:dynamic|{\"k\":1}");
}

TEST(EngineTest, Expands) {
  EXPECT_EQ(Query("print a=dynamic([1,2]), b=dynamic(['x']) | mv-expand with_itemindex=i a to "
                  "typeof(long), b"),
            "a:long,b:dynamic,i:long|1,\"x\",0|2,null,1");
  EXPECT_EQ(Query("print a=dynamic({'p':1,'q':[2]}) | mv-expand a"),
            "a:dynamic|{\"p\":1}|{\"q\":[2]}");
  EXPECT_EQ(Query("print a=dynamic([]) | mv-expand a | count"), "Count:long|0");
}

TEST(EngineTest, Unions) {
  EXPECT_EQ(Query("union withsource=s (print a=1), (print a='x', b=2) | sort by s asc"),
            "s:string,a_long:long,a_string:string,b:long|union_arg0,1,,null|union_arg1,null,x,2");
}

TEST(EngineTest, ErrorsAreKustos) {
  EXPECT_EQ(Query("print nope"),
            "error: Semantic error: SEM0100: Failed to resolve table or column or scalar "
            "expression named 'nope'");
  EXPECT_EQ(Query("print nope(1)"), "error: Semantic error: SEM0260: Unknown function: 'nope'");
  EXPECT_TRUE(Query("print 1 == 'a'").starts_with("error: Semantic error: SEM0064"));
  EXPECT_TRUE(Query("print 1 | summarize x = nope()").starts_with("error: "));
}

}  // namespace
}  // namespace kc::engine
