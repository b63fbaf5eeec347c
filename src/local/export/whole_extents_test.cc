// Exports of whole extents and their ingestion, both without encoding again: the same rows as by
// the long way, and the short one only where it gives them.
#include <gtest/gtest.h>

#include "local/storage/parquet_file.h"
#include "local/testing/command_fixture.h"

namespace kc::local {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kTypes =
    "(b:bool, i:int, l:long, r:real, m:decimal, d:datetime, t:timespan, g:guid, s:string, "
    "x:dynamic, S:string)";
// Rows with nulls, empty texts and every type.
constexpr const char* kRows =
    "range n from 1 to 30000 step 1 | extend h = hash_xxhash64(tostring(n)) | project "
    "b = iff(n % 7 == 0, bool(null), h % 2 == 0), i = iff(n % 11 == 0, int(null), toint(n)), "
    "l = h, r = iff(n % 5 == 0, real(nan), h / 3.0), m = todecimal(n) / 4, "
    "d = datetime(2024-01-01) + n * 1tick, t = n * 1s, g = hash_md5(tostring(n)), "
    "s = iff(n % 3 == 0, '', strcat('text ', n)), "
    "x = case(n % 4 == 0, dynamic(null), n % 4 == 1, todynamic(strcat('\"', n, '\"')), "
    "bag_pack('a', n)), S = strcat('\xC3\xA9', n % 10) | extend g = toguid(strcat("
    "substring(g, 0, 8), '-0000-0000-0000-', substring(g, 8, 12)))";
constexpr const char* kSum =
    " | summarize count(), sum(hash_xxhash64(strcat_delim('|', b, i, l, tostring(r), s, "
    "tostring(x), S)) % 1000000007), countif(isnull(x)), max(d), dcount(s)";

class WholeExtentsTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    Run(std::string(".create table T ") + kTypes);
    Run(std::string(".append T <| ") + kRows);
    Run(std::string(".create table U ") + kTypes);
  }
  ValueTable Export(const std::string& query, const std::string& codec = "zstd") {
    return Run(".export compressed to parquet (@'" + scratch() + "/out') with (compressionType='" +
               codec + "', parquetDatetimePrecision='microsecond') <| " + query);
  }
  std::string PathOf(const ValueTable& artifacts, size_t row = 0) {
    return Text(artifacts.rows[row][0]).substr(std::string("file://").size());
  }
  void IngestIntoU(const ValueTable& artifacts) {
    for (const auto& row : artifacts.rows) {
      Run(".ingest into table U ('" + Text(row[0]) + "') with (format='parquet')");
    }
  }
  std::string Stored(const std::string& table) {
    auto state = database()->state()->FindTable(table);
    std::string key;
    for (const auto& [ordinal, extent] : state->extents) key = extent->file->key;
    return database()->extents().PathOf(key);
  }
  // The compressed bytes of a column's first piece.
  std::string Piece(const std::string& path, int column) {
    auto file = ParquetFile::Open(files(), path);
    EXPECT_TRUE(file) << file.error().message;
    const auto& chunks = file->footer.Items(parquet::kRowGroups)[0].Items(parquet::kChunks);
    const ThriftValue& meta = *chunks[static_cast<size_t>(column)].Find(parquet::kChunkMeta);
    const int64_t dictionary = meta.Number(parquet::kDictionaryOffset);
    return *files().ReadRange(path, dictionary > 0 ? dictionary : meta.Number(parquet::kDataOffset),
                              meta.Number(parquet::kCompressed));
  }
  // Was it put together from pieces of other files? DuckDB itself says in which order the smallest
  // and largest values are meant (column_orders, 7).
  bool CreatedWhole(const std::string& path) {
    auto file = ParquetFile::Open(files(), path);
    return file && file->footer.Find(7) == nullptr;
  }
};

TEST_F(WholeExtentsTest, BringsEveryValueThatParquetCanCarry) {
  ValueTable artifacts = Export("T");
  ASSERT_EQ(artifacts.rows.size(), 1u);
  EXPECT_EQ(Text(artifacts.rows[0][1]), "30000");
  EXPECT_TRUE(CreatedWhole(PathOf(artifacts)));
  // Strings and dynamics as they lie there, times not.
  EXPECT_EQ(Piece(PathOf(artifacts), 8), Piece(Stored("T"), 8));
  EXPECT_EQ(Piece(PathOf(artifacts), 9), Piece(Stored("T"), 9));
  EXPECT_NE(Piece(PathOf(artifacts), 5), Piece(Stored("T"), 5));
  IngestIntoU(artifacts);
  EXPECT_TRUE(CreatedWhole(Stored("U")));
  EXPECT_EQ(Piece(Stored("U"), 8), Piece(Stored("T"), 8));
  const Lines whole = Rows(std::string("U") + kSum);
  // The same as by the long way.
  Run(".clear table U data");
  ValueTable slow = Export("T", "snappy");
  EXPECT_FALSE(CreatedWhole(PathOf(slow)));
  IngestIntoU(slow);
  EXPECT_FALSE(CreatedWhole(Stored("U")));
  EXPECT_EQ(Rows(std::string("U") + kSum), whole);
  // Cut to microseconds, though ticks were there; timespans and guids become null, as documented.
  EXPECT_EQ(Rows("U | where i == 19 | project tostring(d), isnull(t), isnull(g), s"),
            Lines{"2024-01-01T00:00:00.0000010Z|true|true|text 19"});
}

TEST_F(WholeExtentsTest, OtherNamesOrderAndComputedColumns) {
  Run(".create table V (S:string, s:string, n:long, again:string, b:bool)");
  ValueTable artifacts = Export(
      "T | project S, s, n = l + 1, again = S, b | project-rename B = b | project-rename b = B");
  EXPECT_TRUE(CreatedWhole(PathOf(artifacts)));
  Run(".ingest into table V ('" + Text(artifacts.rows[0][0]) + "') with (format='parquet')");
  EXPECT_TRUE(CreatedWhole(Stored("V")));
  const char* sum = " | summarize count(), sum(n), dcount(s), countif(S == again), countif(b)";
  EXPECT_EQ(Rows(std::string("V") + sum),
            Rows(std::string("T | project S, s, n = l + 1, again = S, b") + sum));
  EXPECT_EQ(Rows("V | where s == 'text 17' | project S, n"),
            Rows("T | where s == 'text 17' | project S, n = l + 1"));
}

TEST_F(WholeExtentsTest, OnlyWhenAllRowsAreWanted) {
  for (const char* query : {"T | where i != 17",
                            "T | where S != '\xC3\xA9"
                            "3'",
                            "T | take 29999", "T | sort by i asc | where l > 0", "T | distinct *",
                            "T | where rand() < 2", "union T, T"}) {
    ValueTable artifacts = Export(query);
    for (size_t i = 0; i < artifacts.rows.size(); ++i) {
      EXPECT_FALSE(CreatedWhole(PathOf(artifacts, i))) << query;
    }
  }
  ValueTable artifacts = Export("T | where i != 17");
  IngestIntoU(artifacts);
  EXPECT_EQ(Rows(std::string("U") + kSum), Rows(std::string("T | where i != 17") + kSum));
  // A filter that every row passes is none.
  EXPECT_TRUE(CreatedWhole(PathOf(Export("T | where l != 17 and ingestion_time() > ago(1d)"))));
}

TEST_F(WholeExtentsTest, ExtentsThatLackAColumnGoTheLongWay) {
  Run(".alter-merge table T (later:string)");
  ValueTable artifacts = Export("T | project s, later");
  EXPECT_FALSE(CreatedWhole(PathOf(artifacts)));
  Run(".create table V (s:string, later:string)");
  Run(".ingest into table V ('" + Text(artifacts.rows[0][0]) + "') with (format='parquet')");
  EXPECT_EQ(Rows("V | summarize count(), countif(isempty(later)), dcount(s)"),
            Rows("T | summarize count(), countif(isempty(later)), dcount(s)"));
  EXPECT_TRUE(CreatedWhole(PathOf(Export("T | project s"))));
}

TEST_F(WholeExtentsTest, OneFileAnExtentUnlessOneWriterIsAsked) {
  Run(std::string(".append T <| ") + kRows + " | where i > 5000");
  ValueTable artifacts = Export("T");
  ASSERT_EQ(artifacts.rows.size(), 2u);
  IngestIntoU(artifacts);
  const Lines apart = Rows(std::string("U") + kSum);
  EXPECT_EQ(Text(Run("U | count").rows[0][0]), Text(Run("T | count").rows[0][0]));
  Run(".clear table U data");
  ValueTable one = Run(".export compressed to parquet (@'" + scratch() +
                       "/one') with (compressionType='zstd', distribution='single', "
                       "parquetDatetimePrecision='microsecond') <| T");
  ASSERT_EQ(one.rows.size(), 1u);
  EXPECT_TRUE(CreatedWhole(PathOf(one)));
  IngestIntoU(one);
  EXPECT_EQ(Rows(std::string("U") + kSum), apart);
}

// What ingestion changes is changed: it isn't taken over because it lies in such a file.
TEST_F(WholeExtentsTest, ValuesThatIngestionChangesAreWrittenAnew) {
  Run(".create table Texts (s:string)");
  Run(".append Texts <| range n from 1 to 30000 step 1 | project s = case(n == 7, ' {\"a\" : 1}', "
      "n == 8, 'no json', n == 9, '', n == 10, 'null', '[1]')");
  ValueTable artifacts = Export("Texts");
  EXPECT_TRUE(CreatedWhole(PathOf(artifacts)));
  Run(".create table Dynamics (s:dynamic)");
  Run(".ingest into table Dynamics ('" + Text(artifacts.rows[0][0]) + "') with (format='parquet')");
  EXPECT_FALSE(CreatedWhole(Stored("Dynamics")));
  EXPECT_EQ(
      Rows("Dynamics | summarize n = count() by k = tostring(s), z = isnull(s) | sort by k asc"),
      (Lines{"|true|2", "[1]|false|29996", "no json|false|1", "{\"a\":1}|false|1"}));
  // Nulls of a string column become "".
  Run(".create table Nulls (x:dynamic)");
  Run(".append Nulls <| range n from 1 to 30000 step 1 | project x = iff(n == 3, dynamic(null), "
      "todynamic('[2]'))");
  artifacts = Export("Nulls");
  Run(".create table Strings (x:string)");
  Run(".ingest into table Strings ('" + Text(artifacts.rows[0][0]) + "') with (format='parquet')");
  EXPECT_FALSE(CreatedWhole(Stored("Strings")));
  EXPECT_EQ(Rows("Strings | where x == '' | count"), Lines{"1"});
}

// The limit of a value holds for files that are taken over, too.
TEST_F(WholeExtentsTest, LongValuesAreCut) {
  Run(".create table Big (s:string)");
  Run(".alter column Big.s policy encoding type='BigObject'");
  Run(".append Big <| range n from 1 to 20001 step 1 | project s = iff(n == 5, "
      "strrep('x', 1500000), 'y')");
  ASSERT_EQ(Rows("Big | summarize max(strlen(s))"), Lines{"1500000"});
  ValueTable artifacts = Export("Big");
  Run(".create table Small (s:string)");
  Run(".ingest into table Small ('" + Text(artifacts.rows[0][0]) + "') with (format='parquet')");
  EXPECT_EQ(Rows("Small | summarize count(), max(strlen(s))"), Lines{"20001|1048576"});
}

TEST_F(WholeExtentsTest, DamagedFilesAreRefused) {
  ValueTable artifacts = Export("T | project l, s");
  std::string path = PathOf(artifacts);
  std::string bytes = *files().Read(path);
  // Where a page of strings says how long it is.
  const size_t at = bytes.find(Piece(path, 1));
  ASSERT_NE(at, std::string::npos);
  for (size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<char>(~bytes[at + i]);
  ASSERT_TRUE(files().WriteAtomic(path, bytes));
  Run(".create table V (l:long, s:string)");
  EXPECT_FALSE(Try(".ingest into table V ('" + path + "') with (format='parquet')"));
  EXPECT_EQ(Rows("V | count"), Lines{"0"});
  EXPECT_EQ(files().List(database()->extents().folder())->size(), 1u);
}

}  // namespace
}  // namespace kc::local
