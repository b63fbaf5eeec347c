#include "local/storage/parquet_file.h"

#include <gtest/gtest.h>

#include <optional>

#include "engine/duck.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class ParquetFileTest : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    auto duck = engine::Database::Open({});
    ASSERT_TRUE(duck) << duck.error().message;
    duck_ = *std::move(duck);
    connection_.emplace(*duck_->Connect());
  }
  // A file with these rows; its path.
  std::string Write(const std::string& name, const std::string& select,
                    const std::string& options) {
    const std::string path = scratch() + "/" + name;
    auto made = connection_->Execute("COPY (" + select + ") TO '" + path + "' (FORMAT parquet, " +
                                     options + ")");
    EXPECT_TRUE(made) << made.error().message;
    return path;
  }
  ParquetFile Open(const std::string& path) {
    auto file = ParquetFile::Open(files(), path);
    EXPECT_TRUE(file) << path << ": " << file.error().message;
    return file ? *std::move(file) : ParquetFile();
  }
  int64_t Count(const std::string& from) {
    auto value = connection_->QueryValue("SELECT count(*) FROM " + from);
    EXPECT_TRUE(value) << value.error().message;
    return value ? std::get<int64_t>(*value) : -1;
  }

  std::unique_ptr<engine::Database> duck_;
  std::optional<engine::Connection> connection_;
};

TEST_F(ParquetFileTest, AFooterIsWrittenAsItWasRead) {
  const std::string path = Write("a", "SELECT i, i::VARCHAR AS s, [i] AS l FROM range(9) t(i)",
                                 "FIELD_IDS {i: 70000, s: 3}, KV_METADATA {k: 'v'}");
  auto bytes = ReadParquetFooter(files(), path);
  ASSERT_TRUE(bytes) << bytes.error().message;
  auto parsed = ParseThrift(*bytes);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(WriteThrift(*parsed), *bytes);
  for (size_t length = 0; length < bytes->size(); ++length) {
    EXPECT_FALSE(ParseThrift(bytes->substr(0, length))) << length;
  }
  // A list within the column l.
  auto nested = ParquetFile::Open(files(), path);
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().reason, "NotFlat");
  EXPECT_FALSE(ParquetFile::Open(files(), scratch() + "/none"));
}

TEST_F(ParquetFileTest, ColumnsOfSeveralFilesBecomeOne) {
  const char* options = "COMPRESSION zstd, ROW_GROUP_SIZE 2048, FIELD_IDS {i: 5, s: 6}";
  const ParquetFile a =
      Open(Write("a", "SELECT i, 'v' || i % 3 AS s FROM range(5000) t(i)", options));
  const ParquetFile b = Open(Write("b", "SELECT i * 2 AS twice FROM range(5000) t(i)",
                                   "COMPRESSION zstd, ROW_GROUP_SIZE 2048"));
  EXPECT_EQ(a.GroupRows(), (std::vector<int64_t>{2048, 2048, 904}));
  EXPECT_EQ(a.FindField(6), 1);
  EXPECT_EQ(a.FindField(7), -1);
  EXPECT_EQ(b.FindName("twice"), 0);
  EXPECT_TRUE(a.IsZstd(1));
  const std::string out = scratch() + "/out";
  ParquetSplicer splicer(files(), out);
  const std::vector<SplicedColumn> columns = {
      {&b, 0, "TWICE", 9}, {&a, 1, "text"}, {&a, 0, "number", 1}, {&a, 1, "Text"}};
  for (int i = 0; i < 2; ++i) {
    auto added = splicer.Add(columns);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_TRUE(*added);
  }
  ASSERT_TRUE(splicer.Finish());
  EXPECT_EQ(splicer.rows(), 10'000);
  const std::string from = "read_parquet('" + out + "')";
  EXPECT_EQ(Count(from), 10'000);
  EXPECT_EQ(Count(from + " WHERE \"TWICE\" = number * 2 AND text = 'v' || number % 3"), 10'000);
  EXPECT_EQ(Count(from + " WHERE number = 4999"), 2);
  const ParquetFile made = Open(out);
  EXPECT_EQ(made.rows(), 10'000);
  EXPECT_EQ(made.FindField(9), 0);
  EXPECT_EQ(made.FindName("Text"), 3);
  EXPECT_EQ(made.created_by(), a.created_by());
  EXPECT_TRUE(a.created_by().starts_with(engine::WriterName()));
}

TEST_F(ParquetFileTest, OtherRowGroupsOrTypesDontFit) {
  const ParquetFile a = Open(Write("a", "SELECT i FROM range(5000) t(i)", "ROW_GROUP_SIZE 2048"));
  const ParquetFile fewer =
      Open(Write("b", "SELECT i FROM range(4999) t(i)", "ROW_GROUP_SIZE 2048"));
  const ParquetFile text =
      Open(Write("c", "SELECT i::VARCHAR AS i FROM range(5000) t(i)", "ROW_GROUP_SIZE 2048"));
  EXPECT_FALSE(a.IsZstd(0));
  ParquetSplicer splicer(files(), scratch() + "/out");
  auto added = splicer.Add({{&a, 0, "x"}, {&fewer, 0, "y"}});
  ASSERT_TRUE(added);
  EXPECT_FALSE(*added);
  EXPECT_FALSE(files().Exists(scratch() + "/out"));
  EXPECT_TRUE(*splicer.Add({{&a, 0, "x"}}));
  EXPECT_TRUE(*splicer.Add({{&fewer, 0, "x"}}));
  EXPECT_FALSE(*splicer.Add({{&text, 0, "x"}}));
  EXPECT_FALSE(*splicer.Add({{&a, 0, "z"}}));
  ASSERT_TRUE(splicer.Finish());
  EXPECT_EQ(Count("read_parquet('" + scratch() + "/out')"), 9999);
}

}  // namespace
}  // namespace kc::local
