#include "local/storage/extent_writer.h"

#include <gtest/gtest.h>

#include "engine/duck.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class ExtentWriterTest : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    engine::Database::Options options;
    options.threads = 2;
    auto duck = engine::Database::Open(options);
    ASSERT_TRUE(duck) << duck.error().message;
    duck_ = *std::move(duck);
    auto connection = duck_->Connect();
    ASSERT_TRUE(connection) << connection.error().message;
    connection_.emplace(*std::move(connection));
    folder_ = scratch() + "/extents";
    ASSERT_TRUE(files().MakeFolders(folder_));
    store_.emplace(files(), random(), folder_);
    ASSERT_TRUE(store_->RemoveOrphans());
  }
  Result<std::vector<ExtentFilePtr>> Write(std::string select, int64_t max_rows = 0,
                                           int64_t original = 0) {
    ExtentWriteRequest request;
    request.select = std::move(select);
    request.columns = {{0, "a", ScalarType::kLong, "", ""}, {1, "b", ScalarType::kString, "", ""}};
    request.max_rows_per_file = max_rows;
    request.original_bytes = original;
    return WriteExtents(*connection_, *store_, request);
  }
  size_t FileCount() { return files().List(folder_)->size(); }

  std::unique_ptr<engine::Database> duck_;
  std::optional<engine::Connection> connection_;
  std::string folder_;
  std::optional<ExtentStore> store_;
};

TEST_F(ExtentWriterTest, TellsTheFactsOfTheFile) {
  auto written = Write("SELECT i * 3 - 5 AS c0, 'text' AS c1 FROM range(1000) t(i)");
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(written->size(), 1u);
  const ExtentFile& file = *(*written)[0];
  EXPECT_EQ(file.rows, 1000);
  EXPECT_EQ(file.column_ids, (std::vector<int>{0, 1}));
  EXPECT_EQ(file.ranges, (std::vector<ColumnRange>{{0, -5, 2992}}));
  EXPECT_EQ(file.original_bytes, 1000 * (8 + 4));
  EXPECT_GT(file.bytes, file.index_bytes);
  EXPECT_GT(file.index_bytes, 0);
  EXPECT_EQ(files().Stat(store_->PathOf(file.key))->size, file.bytes);
}

TEST_F(ExtentWriterTest, NoRowsMakeNoFile) {
  auto written = Write("SELECT 1::BIGINT AS c0, 'text' AS c1 WHERE false");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(written->empty());
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(ExtentWriterTest, ColumnsWithOnlyNullsHaveNoRange) {
  auto written = Write("SELECT NULL::BIGINT AS c0, '' AS c1 FROM range(3)");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE((*written)[0]->ranges.empty());
}

TEST_F(ExtentWriterTest, AFailedSelectLeavesNothing) {
  auto written = Write(
      "SELECT CASE WHEN i = 400000 THEN error('no') ELSE i END AS c0, '' AS c1 "
      "FROM range(500000) t(i)");
  EXPECT_FALSE(written);
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(ExtentWriterTest, ManyRowsMakeSeveralFilesInOrder) {
  auto written = Write("SELECT i AS c0, '' AS c1 FROM range(1000000) t(i)", 300'000, 1'000'000);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_GE(written->size(), 3u);
  int64_t rows = 0;
  for (const ExtentFilePtr& file : *written) {
    ASSERT_EQ(file->ranges.size(), 1u);
    EXPECT_EQ(file->ranges[0].min, rows);
    EXPECT_EQ(file->original_bytes, file->rows);
    rows += file->rows;
  }
  EXPECT_EQ(rows, 1'000'000);
  EXPECT_EQ(FileCount(), written->size());
}

TEST_F(ExtentWriterTest, FilesGoWhenNobodyHoldsThem) {
  auto written = Write("SELECT 1::BIGINT AS c0, '' AS c1");
  ASSERT_TRUE(written) << written.error().message;
  ExtentFilePtr held = (*written)[0];
  written->clear();
  EXPECT_EQ(store_->CollectGarbage(), 0);
  held.reset();
  EXPECT_EQ(store_->CollectGarbage(), 1);
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(ExtentWriterTest, FilesStayWhenTheProcessEnds) {
  auto written = Write("SELECT 1::BIGINT AS c0, '' AS c1");
  ASSERT_TRUE(written) << written.error().message;
  store_->StopCollecting();
  written->clear();
  store_->CollectGarbage();
  EXPECT_EQ(FileCount(), 1u);
}

}  // namespace
}  // namespace kc::local
