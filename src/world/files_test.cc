#include "world/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "world/clock.h"
#include "world/random.h"

namespace kc::world {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "kc-files-" + SystemRandom().Word(8);
    ASSERT_TRUE(files_.MakeFolders(folder_ + "/a/b"));
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveAll(folder_)); }

  Files& files_ = PosixFiles();
  std::string folder_;
};

TEST_F(FilesTest, WriteReadListRemove) {
  std::string path = folder_ + "/a/file";
  ASSERT_TRUE(files_.WriteAtomic(path, "one"));
  ASSERT_TRUE(files_.WriteAtomic(path, "second"));
  EXPECT_EQ(files_.Read(path).value(), "second");
  EXPECT_EQ(files_.ReadRange(path, 2, 3).value(), "con");
  EXPECT_EQ(files_.ReadRange(path, 4, 100).value(), "nd");
  auto list = files_.List(folder_ + "/a");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 2u);  // no temporary file is left
  EXPECT_EQ(files_.Stat(path)->size, 6);
  ASSERT_TRUE(files_.Remove(path));
  ASSERT_TRUE(files_.Remove(path));
  EXPECT_EQ(files_.Read(path).error().reason, "NotFound");
}

TEST_F(FilesTest, OfRacingCreatorsExactlyOneWins) {
  for (int round = 0; round < 20; ++round) {
    std::string path = folder_ + "/race" + std::to_string(round);
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        Status status = files_.CreateExclusive(path, std::string(1000, static_cast<char>('a' + i)));
        if (status) {
          ++winners;
        } else {
          EXPECT_EQ(status.error().code, ErrorCode::kRedo);
          EXPECT_EQ(status.error().reason, "Exists");
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(files_.Read(path)->size(), 1000u);
  }
}

TEST_F(FilesTest, AppendContinuesWhereTheFileEnds) {
  std::string path = folder_ + "/log";
  {
    auto file = files_.OpenAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append("ab"));
    ASSERT_TRUE((*file)->Sync());
  }
  auto file = files_.OpenAppend(path);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 2);
  ASSERT_TRUE((*file)->Append("c"));
  EXPECT_EQ(files_.Read(path).value(), "abc");
}

TEST_F(FilesTest, ALockKeepsOthersOutUntilItIsGone) {
  auto lock = files_.Lock(folder_ + "/lock");
  ASSERT_TRUE(lock);
  auto second = files_.Lock(folder_ + "/lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "Locked");
  lock->reset();
  EXPECT_TRUE(files_.Lock(folder_ + "/lock"));
}

TEST_F(FilesTest, LinkOrCopyGivesASecondName) {
  ASSERT_TRUE(files_.WriteAtomic(folder_ + "/from", "x"));
  ASSERT_TRUE(files_.LinkOrCopy(folder_ + "/from", folder_ + "/to"));
  ASSERT_TRUE(files_.Remove(folder_ + "/from"));
  EXPECT_EQ(files_.Read(folder_ + "/to").value(), "x");
  EXPECT_FALSE(files_.LinkOrCopy(folder_ + "/missing", folder_ + "/other"));
}

TEST(Clock, SleepIsCutShortByCancel) {
  CancelToken cancel;
  std::thread thread([&] {
    SystemClock().Sleep(std::chrono::milliseconds(30), nullptr);
    cancel.Cancel();
  });
  auto begin = SystemClock().Monotonic();
  EXPECT_FALSE(SystemClock().Sleep(std::chrono::seconds(20), &cancel));
  EXPECT_LT(SystemClock().Monotonic() - begin, std::chrono::seconds(10));
  thread.join();
  EXPECT_FALSE(SystemClock().Sleep(std::chrono::seconds(20), &cancel));
  EXPECT_TRUE(SystemClock().Sleep(std::chrono::milliseconds(1), nullptr));
}

TEST(Random, GuidsAreVersionFourAndDiffer) {
  std::string a = SystemRandom().Guid();
  EXPECT_EQ(a.size(), 36u);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(a, SystemRandom().Guid());
  EXPECT_EQ(SystemRandom().Word(13).size(), 13u);
}

}  // namespace
}  // namespace kc::world
