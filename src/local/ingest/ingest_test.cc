// Ingestion through commands.
#include <gtest/gtest.h>

#include "local/ingest/streaming.h"
#include "local/testing/command_fixture.h"

namespace kc::local {
namespace {

using Lines = std::vector<std::string>;

class IngestTest : public CommandFixture {
 protected:
  void MakeAllTypes() {
    Run(".create table T (b:bool, i:int, l:long, r:real, m:decimal, d:datetime, t:timespan, "
        "g:guid, "
        "s:string, x:dynamic)");
  }
  std::string Count(const std::string& table) { return Cell(table + " | count"); }
};

TEST_F(IngestTest, EveryTypeFromCsv) {
  MakeAllTypes();
  Run(".ingest inline into table T <|\n"
      "true,-2147483648,9223372036854775807,1.5,1.50,2020-01-02T03:04:05.1234567Z,1.02:03:04.5,"
      "AAAABBBB-0000-1111-2222-333344445555,\"a,\"\"b\",\"{\"\"k\"\": [1, 2]}\"\n"
      ",,,,,,,,,\n"
      "x,5.7,1e3,x,x,x,x,x, ,text");
  Lines rows = Rows(
      "T | project b, i, l, r, tostring(m), tostring(d), tostring(t), tostring(g), s, tostring(x)");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0],
            "true|-2147483648|9223372036854775807|1.500000|1.5|2020-01-02T03:04:05.1234567Z|"
            "1.02:03:04.5000000|aaaabbbb-0000-1111-2222-333344445555|a,\"b|{\"k\":[1,2]}");
  EXPECT_EQ(rows[1], "null|null|null|null||||||");
  EXPECT_EQ(rows[2], "null|null|null|null||||| |text");
}

TEST_F(IngestTest, RealsKeepNanAndInfinities) {
  Run(".create table T (r:real)");
  Run(".ingest inline into table T <|\nNaN\nInfinity\n-Infinity\ninf\n-0.0\n1e308");
  EXPECT_EQ(Rows("T | where isnan(r) | count"), Lines{"1"});
  EXPECT_EQ(Rows("T | where isinf(r) | count"), Lines{"3"});
}

TEST_F(IngestTest, AFailedIngestionLeavesNothing) {
  Run(".create table T (a:long, s:string)");
  std::string bad = WriteFile("bad.csv", "1,a\n2,b\n3\n");
  std::string good = WriteFile("good.csv", "1,a\n");
  EXPECT_EQ(Fails(".ingest into table T ('" + good + "', '" + bad + "')"),
            "Stream_WrongNumberOfFields");
  EXPECT_EQ(Count("T"), "0");
  EXPECT_EQ(Rows(".show table T extents | count"), Lines{"0"});
  database()->extents().CollectGarbage();
  auto left = files().List(database()->extents().folder());
  EXPECT_TRUE(!left || left->empty());
  ValueTable failures = Run(".show ingestion failures");
  ASSERT_EQ(failures.rows.size(), 1u);
  EXPECT_EQ(Text(failures.rows[0][*failures.Find("ErrorCode")]), "Stream_WrongNumberOfFields");
  EXPECT_EQ(Text(failures.rows[0][*failures.Find("FailureKind")]), "Permanent");
}

TEST_F(IngestTest, ErrorsOfText) {
  Run(".create table T (a:long, s:string)");
  EXPECT_EQ(Fails(".ingest into table T ('" + WriteFile("q.csv", "1,\"a\n") + "')"),
            "Stream_ClosingQuoteMissing");
  EXPECT_EQ(Fails(".ingest into table T ('" + WriteFile("e.csv", "") + "')"),
            "BadRequest_NoRecordsOrWrongFormat");
  EXPECT_EQ(Fails(".ingest into table T ('/no/such/file.csv')"), "Download_SourceNotFound");
  EXPECT_EQ(Fails(".ingest into table Nope ('/no/such/file.csv')"), "BadRequest_EntityNotFound");
  EXPECT_EQ(Fails(".ingest into table T ('/x') with (format='orc')"),
            "BadRequest_FormatNotSupported");
  EXPECT_EQ(Fails(".ingest into table T ('" + WriteFile("m.json", "{\"a\":1}\n{\"a\":") +
                  "') with (format='multijson')"),
            "BadRequest_InvalidBlob");
  EXPECT_EQ(Fails(".ingest into table T ('" + WriteFile("p.parquet", "nonsense") + "')"),
            "BadRequest_InvalidBlob");
  EXPECT_EQ(Count("T"), "0");
}

TEST_F(IngestTest, ValidationPolicy) {
  Run(".create table T (a:long, s:string)");
  std::string path = WriteFile("v.csv", "1,a\n2\n3,c,d\n");
  Run(".ingest into table T ('" + path +
      "') with (validationPolicy='{\"ValidationOptions\":0,\"ValidationImplications\":0}')");
  EXPECT_EQ(Rows("T | sort by a asc"), (Lines{"1|a", "2|", "3|c"}));
}

TEST_F(IngestTest, ResultAndOperation) {
  Run(".create table T (a:long)");
  std::string path = WriteFile("a.csv", "a\n1\n2\n");
  ValueTable result = Run(".ingest into table T ('" + path + "') with (ignoreFirstRecord=true)");
  ASSERT_EQ(result.columns.size(), 5u);
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_NE(Text(result.rows[0][0]), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(Cell(".show operations " + Text(result.rows[0][4]), "State"), "Completed");
  EXPECT_EQ(Count("T"), "2");
  std::string operation = Cell(".ingest async into table T ('" + path + "')");
  EXPECT_EQ(Await(operation), "Completed");
  EXPECT_EQ(Cell(".show operation " + operation + " details | count"), "1");
  EXPECT_EQ(Count("T"), "5");
}

TEST_F(IngestTest, TagsCreationTimeAndIngestIfNotExists) {
  Run(".create table T (a:long)");
  const std::string with =
      " with (tags='[\"ingest-by:x\",\"t1\"]', ingestIfNotExists='[\"x\"]', "
      "creationTime='2021-02-03T04:05:06Z')";
  Run(".ingest inline into table T" + with + " <|\n1");
  EXPECT_EQ(Cell(".ingest inline into table T" + with + " <|\n1"),
            "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(Rows(".show operations | where State == 'Skipped' | count"), Lines{"1"});
  EXPECT_EQ(Rows(".show table T extents | project tostring(MaxCreatedOn), RowCount, Tags"),
            Lines{"2021-02-03T04:05:06.0000000Z|1|ingest-by:x\r\nt1"});
  Run(".alter table T policy retention '{\"SoftDeletePeriod\":\"30.00:00:00\"}'");
  EXPECT_EQ(Fails(".ingest inline into table T with (creationTime='2021-01-01') <|\n1"),
            "BadRequest_CreationTimeEarlierThanSoftDeletePeriod");
}

TEST_F(IngestTest, CsvMappings) {
  Run(".create table T (a:long, s:string, c:string, n:long)");
  std::string path = WriteFile("a.csv", "x,1,y\nz,2,w\n");
  const std::string mapping =
      R"([{"Column":"a","Properties":{"Ordinal":"1"}},{"Column":"s","Properties":{"Ordinal":"0"}},)"
      R"({"Column":"c","Properties":{"ConstValue":"k"}},)"
      R"({"Column":"n","Properties":{"Transform":"SourceLineNumber"}}])";
  Run(".ingest into table T ('" + path + "') with (ingestionMapping='" + mapping + "')");
  EXPECT_EQ(Rows("T | sort by a asc"), (Lines{"1|x|k|1", "2|z|k|2"}));
  Run(".create table T ingestion csv mapping 'M' '" + mapping + "'");
  Run(".ingest into table T ('" + path + "') with (ingestionMappingReference='M')");
  EXPECT_EQ(Count("T"), "4");
  EXPECT_EQ(Fails(".ingest into table T ('" + path + "') with (ingestionMappingReference='N')"),
            "BadRequest_MappingReferenceWasNotFound");
}

TEST_F(IngestTest, JsonByNameAndByPath) {
  Run(".create table T (a:long, s:string, d:datetime, x:dynamic, r:real)");
  std::string lines = WriteFile(
      "a.json",
      "{\"a\":1,\"s\":\"q\\n\\u00e9\",\"d\":\"2020-01-01\",\"x\":{\"y\":[1,null]},\"r\":1e2}\n"
      "not json\n"
      "{\"A\":9,\"s\":{\"k\":true},\"x\":\"text\",\"r\":\"NaN\"}\n");
  Run(".ingest into table T ('" + lines + "') with (format='json')");
  EXPECT_EQ(Rows("T | project a, s, tostring(d), tostring(x), tostring(r)"),
            (Lines{"1|q\n\xC3\xA9|2020-01-01T00:00:00.0000000Z|{\"y\":[1,null]}|100.0",
                   "null|{\"k\":true}||text|NaN"}));
  Run(".create table U (a:long, b:string)");
  std::string documents = WriteFile("m.json", "[{\"o\":{\"n\":[7,8]}},\n {\"o\":\n{\"n\":[9]}}]");
  Run(".ingest into table U ('" + documents +
      "') with (format='multijson', ingestionMapping='"
      "[{\"Column\":\"a\",\"Properties\":{\"Path\":\"$.o.n[0]\"}},"
      "{\"Column\":\"b\",\"Properties\":{\"Path\":\"$\"}}]')");
  EXPECT_EQ(Rows("U"), (Lines{"7|{\"o\":{\"n\":[7,8]}}", "9|{\"o\":{\"n\":[9]}}"}));
}

TEST_F(IngestTest, LongValues) {
  Run(".create table T (s:string, x:dynamic)");
  std::string big(1'100'000, 'a');
  big.replace(1'048'575, 2, "\xC3\xA9");  // straddles the limit
  std::string path = WriteFile("big.csv", big + ",\"[\"\"" + big + "\"\"]\"\n");
  Run(".ingest into table T ('" + path + "')");
  EXPECT_EQ(Rows("T | project string_size(s), isnull(x)"), Lines{"1048575|true"});
  Run(".create table U (s:string, x:dynamic)");
  Run(".alter column U.x policy encoding type='BigObject32'");
  Run(".ingest into table U ('" + path + "')");
  EXPECT_EQ(Rows("U | project string_size(s), isnull(x)"), Lines{"1048575|false"});
}

TEST_F(IngestTest, FromQueries) {
  Run(".set-or-append T <| range x from 1 to 10 step 1 | project x, s = tostring(x)");
  EXPECT_EQ(Count("T"), "10");
  Run(".append T <| print y = 11, z = 'q'");
  EXPECT_EQ(Cell("T | summarize sum(x)"), "66");
  EXPECT_EQ(Fails(".set T <| print 1"), "BadRequest_EntityAlreadyExists");
  EXPECT_EQ(Fails(".append Nope <| print 1"), "BadRequest_EntityNotFound");
  EXPECT_EQ(Fails(".append T <| print x = 'a', s = 'b'"),
            "BadRequest_QuerySchemaDoesNotMatchTableSchema");
  Run(".append T with (extend_schema=true) <| print x = 12, s = 'r', more = now()");
  EXPECT_EQ(Rows("T | where isnotnull(more) | count"), Lines{"1"});
  Run(".set-or-replace T with (recreate_schema=true) <| print only = 5");
  EXPECT_EQ(Rows("T"), Lines{"5"});
  ValueTable result = Run(".append T <| range only from 1 to 3 step 1");
  EXPECT_EQ(Text(result.rows[0][*result.Find("RowCount")]), "3");
  Run(".set Tables <| .show tables | project TableName");
  EXPECT_EQ(Rows("Tables"), Lines{"T"});
}

TEST_F(IngestTest, Streaming) {
  Run(".create table T (a:long, s:string)");
  StreamRequest request;
  request.database = "NetDefaultDB";
  request.table = "T";
  request.body = "1,x\n2,y\n";
  auto refused = StreamIngest(*cluster_, *operations_, {}, request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "BadRequest_StreamingIngestionPolicyNotEnabled");
  Run(".alter table T policy streamingingestion enable");
  auto done = StreamIngest(*cluster_, *operations_, {}, request);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(Text(done->rows[0][0]), "2");
  request.from_uri = true;
  request.body = "{\"sourceUri\":\"" + WriteFile("s.csv", "3,z\n") + "\"}";
  ASSERT_TRUE(StreamIngest(*cluster_, *operations_, {}, request));
  request.from_uri = false;
  request.format = "json";
  request.mapping_name = "absent";
  EXPECT_FALSE(StreamIngest(*cluster_, *operations_, {}, request));
  request.body.assign(kMaxStreamBytes + 1, ' ');
  EXPECT_EQ(StreamIngest(*cluster_, *operations_, {}, request).error().http_status, 413);
  EXPECT_EQ(Rows("T | sort by a asc"), (Lines{"1|x", "2|y", "3|z"}));
}

TEST_F(IngestTest, SchemaChangesDoNotUndoEachOther) {
  Run(".set T <| print a = 1");
  Run(".alter table T docstring 'kept'");
  Run(".append T with (extend_schema=true) <| print a = 2, b = 'x'");
  EXPECT_EQ(Cell(".show tables | where TableName == 'T' | project DocString"), "kept");
  EXPECT_EQ(Rows("T | sort by a asc"), (Lines{"1|", "2|x"}));
}

TEST_F(IngestTest, ExternalData) {
  std::string csv = WriteFile("x.csv", "a,b\n1,q\n2,\"r,s\"\n");
  EXPECT_EQ(Rows("externaldata(a:long, b:string) [@'" + csv +
                 "'] with (format='csv', ignoreFirstRecord=true) | sort by a asc"),
            (Lines{"1|q", "2|r,s"}));
}

TEST_F(IngestTest, UpdatePolicies) {
  auto policy = [&](const std::string& table, const std::string& query, bool transactional) {
    Run(".alter table " + table +
        " policy update @'[{\"IsEnabled\":true,\"Source\":\"Source\",\"Query\":\"" + query +
        "\",\"IsTransactional\":" + (transactional ? "true" : "false") + "}]'");
  };
  Run(".create table Source (a:long)");
  Run(".create table Twice (a:long)");
  Run(".create table Bad (a:long)");
  policy("Twice", "Source | project a * 2", true);
  Run(".ingest inline into table Source <|\n1\n2");
  Run(".ingest inline into table Source <|\n3");
  EXPECT_EQ(Rows("Twice | sort by a asc"), (Lines{"2", "4", "6"}));
  policy("Bad", "Source | project a", false);
  Run(".alter table Bad (b:string)");  // the policy gives a long
  Run(".ingest inline into table Source <|\n4");
  EXPECT_EQ(Count("Source"), "4");
  EXPECT_EQ(Count("Bad"), "0");
  EXPECT_EQ(Rows(".show ingestion failures | where OriginatesFromUpdatePolicy | count"),
            Lines{"1"});
  Run(".alter table Bad (a:long)");
  policy("Bad", "Source | project a", true);
  Run(".alter table Bad (b:string)");
  EXPECT_EQ(Fails(".ingest inline into table Source <|\n5"),
            "UpdatePolicy_FailedDescendantTransaction");
  EXPECT_EQ(Count("Source"), "4");
  EXPECT_EQ(Count("Twice"), "4");
}

TEST_F(IngestTest, AnUpdatePolicyWithAWildcard) {
  Run(".create table Log_a (a:long)");
  Run(".create table Log_b (a:long)");
  Run(".create table Other (a:long)");
  Run(".create table All (a:long)");
  Run(".alter table All policy update @'[{\"IsEnabled\":true,\"Source\":\"Log_*\","
      "\"SourceIsWildCard\":true,\"Query\":\"union Log_*\",\"IsTransactional\":true}]'");
  Run(".ingest inline into table Log_a <|\n1");
  Run(".ingest inline into table Other <|\n2");
  // Of the source only what is ingested, of the other tables all that is there.
  EXPECT_EQ(Rows("All"), Lines{"1"});
  Run(".ingest inline into table Log_b <|\n3");
  EXPECT_EQ(Rows("All | sort by a asc"), (Lines{"1", "1", "3"}));
}

TEST_F(IngestTest, PoliciesWithQueriesAreCheckedWhenTheyAreSet) {
  Run(".create table S (a:long, b:string)");
  Run(".create table T (a:long)");
  auto update = [&](const std::string& table, const std::string& source, const std::string& query,
                    bool enabled = true) {
    return ".alter-merge table " + table +
           " policy update @'[{\"IsEnabled\":" + (enabled ? "true" : "false") + ",\"Source\":\"" +
           source + "\",\"Query\":\"" + query + "\"}]'";
  };
  EXPECT_EQ(Fails(update("T", "Missing", "S | project a")), "BadRequest_EntityNotFound");
  EXPECT_EQ(Fails(update("T", "S", "S | project nothing")), "SEM0100");
  EXPECT_EQ(Fails(update("T", "S", "S")), "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema");
  EXPECT_EQ(Fails(update("T", "T", "T")), "UpdatePolicy_Cyclic_Update_Not_Allowed");
  EXPECT_EQ(Cell(".show table T policy update", "Policy"), "null");
  Run(update("T", "Missing", "Missing", false));  // what is off is not looked at
  Run(update("T", "S", "S | project a"));
  EXPECT_EQ(Fails(update("S", "T", "T | project a, b=tostring(a)")),
            "UpdatePolicy_Cyclic_Update_Not_Allowed");
  const std::string rls = ".alter table S policy row_level_security ";
  EXPECT_EQ(Fails(rls + "enable 'S | where c == 1'"), "SEM0100");
  EXPECT_NE(Fails(rls + "enable 'S | project a'"), "");
  Run(rls + "disable 'S | project a'");
  Run(rls + "enable 'S | where a > 1'");
  Run(".ingest inline into table S <|\n1,x\n2,y");
  EXPECT_EQ(Rows("S"), Lines{"2|y"});
  EXPECT_EQ(Rows("T | sort by a asc"), (Lines{"1", "2"}));  // the whole source
  EXPECT_NE(Fails(".alter table S policy restricted_view_access true"), "");
  Run(".alter table T policy restricted_view_access true");
  EXPECT_NE(Fails(".alter table T policy row_level_security enable 'T'"), "");
}

}  // namespace
}  // namespace kc::local
