// .export, and what comes back when its files are ingested again.
#include <gtest/gtest.h>

#include "base/text.h"
#include "local/testing/command_fixture.h"

namespace kc::local {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kAllTypes =
    "(b:bool, i:int, l:long, r:real, m:decimal, d:datetime, t:timespan, g:guid, s:string, "
    "x:dynamic)";

class ExportTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    Run(std::string(".create table T ") + kAllTypes);
    Run(".ingest inline into table T <|\n"
        "true,1,-1,1.5,12.25,2020-01-02T03:04:05.1234567Z,1.02:03:04.5000001,"
        "aaaabbbb-0000-1111-2222-333344445555,\"a,\"\"b\r\nc\",\"{\"\"k\"\":[1,\"\"two\"\",null]}"
        "\"\n"
        "false,-2147483648,9223372036854775807,NaN,-0.5,0001-01-01,-00:00:00.0000001,"
        "00000000-0000-0000-0000-000000000001, blank ,[]\n"
        ",,,,,,,,,\n"
        "true,2147483647,-9223372036854775808,-Infinity,99999999999999999999.125,"
        "9999-12-31T23:59:59.9999999Z,10675199.02:48:05.4775807,"
        "ffffffff-ffff-ffff-ffff-ffffffffffff,\xF0\x9F\x98\x80,5");
    Run(std::string(".create table U ") + kAllTypes);
  }
  // Exports T's rows and ingests the files into U.
  ValueTable RoundTrip(const std::string& how, const std::string& with, const std::string& format) {
    ValueTable artifacts =
        Run(".export " + how + " (@'" + scratch() + "/out') with (" + with + ") <| T");
    EXPECT_EQ(artifacts.columns.size(), 3u);
    for (const auto& row : artifacts.rows) {
      Run(".ingest into table U ('" + Text(row[0]) + "') with (format='" + format + "')");
    }
    return artifacts;
  }
  // Rows of T that U lacks, by their texts.
  Lines Missing(const std::string& columns) {
    Lines from = Rows("T | project " + columns);
    Lines to = Rows("U | project " + columns);
    Lines missing;
    for (const std::string& row : from) {
      if (std::find(to.begin(), to.end(), row) == to.end()) missing.push_back(row);
    }
    EXPECT_EQ(from.size(), to.size());
    return missing;
  }
  static constexpr const char* kTexts =
      "b, i, l, tostring(r), tostring(m), tostring(d), tostring(t), tostring(g), s, tostring(x)";
};

TEST_F(ExportTest, CsvBringsEveryValueBack) {
  ValueTable artifacts = RoundTrip("compressed to csv", "namePrefix='p'", "csv");
  ASSERT_EQ(artifacts.rows.size(), 1u);
  EXPECT_EQ(Text(artifacts.rows[0][1]), "4");
  std::string path = Text(artifacts.rows[0][0]);
  EXPECT_TRUE(path.starts_with("file://")) << path;
  EXPECT_NE(path.find("/p_1_"), std::string::npos) << path;
  EXPECT_TRUE(path.ends_with(".csv.gz")) << path;
  EXPECT_EQ(Missing(kTexts), Lines{});
  // No temporary files are left.
  EXPECT_EQ(files().List(scratch() + "/out")->size(), 1u);
  EXPECT_TRUE(files().List(scratch() + "/storage/tmp")->empty());
}

TEST_F(ExportTest, TsvAndJsonBringEveryValueBack) {
  RoundTrip("to tsv", "includeHeaders='none'", "tsv");
  EXPECT_EQ(Missing(kTexts), Lines{});
  Run(".clear table U data");
  RoundTrip("to json", "namePrefix='j'", "json");
  EXPECT_EQ(Missing(kTexts), Lines{});
}

TEST_F(ExportTest, ParquetKeepsWhatTheDocumentationSays) {
  RoundTrip("compressed to parquet", "compressionType='zstd'", "parquet");
  EXPECT_EQ(Missing("b, i, l, tostring(r), s, tostring(x)"), Lines{});
  // Milliseconds by default; timespans and guids become null.
  EXPECT_EQ(Rows("U | where i == 1 | project tostring(d), isnull(t), isnull(g), tostring(m)"),
            Lines{"2020-01-02T03:04:05.1230000Z|true|true|12.25"});
  // Cut, not rounded, and the ends of the range are there.
  EXPECT_EQ(Rows("U | where i == 2147483647 | project tostring(d)"),
            Lines{"9999-12-31T23:59:59.9990000Z"});
  EXPECT_EQ(Rows("U | where i == -2147483648 | project tostring(d)"),
            Lines{"0001-01-01T00:00:00.0000000Z"});
  Run(".clear table U data");
  RoundTrip("compressed to parquet",
            "compressionType='snappy', parquetDatetimePrecision='microsecond', namePrefix='u'",
            "parquet");
  EXPECT_EQ(Rows("U | where i == 1 | project tostring(d)"), Lines{"2020-01-02T03:04:05.1234560Z"});
}

TEST_F(ExportTest, AllCodecs) {
  for (const char* codec : {"gzip", "snappy", "lz4_raw", "brotli", "zstd"}) {
    Run(".clear table U data");
    RoundTrip("compressed to parquet", std::string("compressionType='") + codec + "'", "parquet");
    EXPECT_EQ(Missing("b, i, l, s"), Lines{}) << codec;
  }
}

TEST_F(ExportTest, NamesOfAnyKind) {
  const std::string columns =
      "(['a b']:long, Foo:long, foo:string, FOO:real, ['q\"uote']:string, ['\xC3\xA9.x']:bool)";
  Run(".create table V " + columns);
  Run(".create table W " + columns);
  Run(".ingest inline into table V <|\n1,2,three,4.5,five,true\n6,7,eight,9.5,ten,false");
  for (const char* to : {"compressed to parquet", "compressed to json"}) {
    Run(".clear table W data");
    ValueTable artifacts = Run(std::string(".export ") + to + " (@'" + scratch() + "/out') <| V");
    ASSERT_EQ(artifacts.rows.size(), 1u);
    Run(".ingest into table W ('" + Text(artifacts.rows[0][0]) + "') with (format='" +
        (std::string(to).ends_with("json") ? "json" : "parquet") + "')");
    EXPECT_EQ(Rows("W | sort by Foo asc"), Rows("V | sort by Foo asc")) << to;
  }
}

TEST_F(ExportTest, AsyncWithDetails) {
  std::string operation = Cell(".export async compressed to parquet (@'" + scratch() +
                               "/out') with (compressionType='zstd') <| T | where i > 0");
  EXPECT_EQ(Await(operation), "Completed");
  ValueTable details = Run(".show operation " + operation + " details");
  ASSERT_EQ(details.rows.size(), 1u);
  EXPECT_EQ(details.columns[0].name, "Path");
  EXPECT_EQ(Text(details.rows[0][1]), "2");
  EXPECT_EQ(
      Rows(".show operations | where tostring(OperationId) == '" + operation + "' | project State"),
      (Lines{"InProgress", "Completed"}));
}

TEST_F(ExportTest, NoRowsNoArtifacts) {
  for (const char* format : {"csv", "parquet"}) {
    EXPECT_EQ(Run(std::string(".export to ") + format + " (@'" + scratch() +
                  "/none') <| T | where i == 77")
                  .rows.size(),
              0u);
  }
}

TEST_F(ExportTest, AFailingQueryLeavesNoFiles) {
  EXPECT_FALSE(
      Fails(".export to csv (@'" + scratch() + "/out') <| T | where nonsense > 1").empty());
  auto left = files().List(scratch() + "/out");
  EXPECT_TRUE(!left || left->empty());
}

TEST_F(ExportTest, HeadersByteOrderMarkAndLoneEmptyCells) {
  Run(".create table V (s:string)");
  Run(".ingest inline into table V <|\na\n\"\"\nb");
  ValueTable artifacts = Run(".export to csv (@'" + scratch() +
                             "/out') with (includeHeaders='all', encoding='UTF8BOM') <| V");
  auto bytes = files().Read(Text(artifacts.rows[0][0]).substr(7));
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*bytes, "\xEF\xBB\xBFs\r\na\r\n\"\"\r\nb\r\n");
  Run(".ingest into table V ('" + Text(artifacts.rows[0][0]) +
      "') with (format='csv', ignoreFirstRecord=true)");
  EXPECT_EQ(Rows("V | count"), Lines{"6"});
}

TEST_F(ExportTest, Refusals) {
  const std::string to = " (@'" + scratch() + "/out')";
  EXPECT_EQ(Fails(".export to csv" + to + " with (sizeLimit=5) <| T"),
            "BadRequest_InvalidExportProperty");
  EXPECT_EQ(Fails(".export to csv" + to + " with (namePrefix='../x') <| T"),
            "BadRequest_InvalidExportProperty");
  EXPECT_EQ(Fails(".export compressed to csv" + to + " with (compressionType='zstd') <| T"),
            "BadRequest_InvalidExportProperty");
  EXPECT_EQ(Fails(".export to csv ('ftp://x/y') <| T"), "BadRequest_InvalidStorageUri");
}

TEST_F(ExportTest, CapacityIsEnforced) {
  auto slot = operations_->capacity().Take(Resource::kDataExport, "test");
  std::vector<Capacity::Slot> slots;
  for (int i = 0; i < 3; ++i) {
    slots.push_back(*operations_->capacity().Take(Resource::kDataExport, "test"));
  }
  auto refused = Try(".export async to csv (@'" + scratch() + "/out') <| T");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().http_status, 429);
  EXPECT_NE(refused.error().message.find("CommandType: 'DataExport', Capacity: 4, Origin: "
                                         "'CapacityPolicy/Export'"),
            std::string::npos)
      << refused.error().message;
  EXPECT_EQ(Rows(".show capacity data-export | project Resource, Total, Consumed, Remaining"),
            Lines{"DataExport|4|4|0"});
}

}  // namespace
}  // namespace kc::local
