// What only lakes in folders have to stand: dead and stopped holders, full disks, leftovers.
#include "azure/file_store.h"

#include <gtest/gtest.h>

#include "azure/file_lease.h"
#include "azure/test_clock.h"
#include "azure/versioned_file.h"
#include "world/random.h"

namespace kc::azure {
namespace {

class FileStoreTest : public testing::Test {
 protected:
  FileStoreTest() : folder_("/tmp/kc-file-store-" + world::SystemRandom().Guid()) {}
  ~FileStoreTest() override { (void)world::PosixFiles().RemoveAll(folder_); }
  std::unique_ptr<ObjectStore> Open() {
    return MakeFileStore(
        *ParseStorageUrl(folder_),
        {.clock = &clock_, .random = &world::SystemRandom(), .files = &world::PosixFiles()});
  }
  TestClock clock_;
  std::string folder_;
};

TEST_F(FileStoreTest, ADeadHoldersLeaseIsFreeAtOnce) {
  auto store = Open();
  ASSERT_TRUE(store->Put("m", "x"));
  ASSERT_TRUE(store->AcquireLease("m", "first", 60));
  auto other = Open();
  EXPECT_EQ(other->AcquireLease("m", "second", 60).error().reason, "LeaseAlreadyPresent");
  store.reset();  // as a killed process: nothing released, its file lock gone
  EXPECT_TRUE(other->AcquireLease("m", "second", 60));
}

// The holder sleeps (SIGSTOP) through its lease, between its look and its write.
TEST_F(FileStoreTest, AWriterThatSleptOverwritesNothing) {
  VersionedFile first(world::PosixFiles(), folder_ + "/v");
  VersionedFile second(world::PosixFiles(), folder_ + "/v");
  ASSERT_TRUE(first.Swap(0, "1"));
  int64_t seen = first.Read()->version;
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(second.Swap(*second.Newest(), "n"));
  // Its number was used, and removed again since.
  auto late = first.Swap(seen, "late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "Exists");
  EXPECT_EQ(second.Read()->bytes, "n");
}

TEST_F(FileStoreTest, AnAppendAfterTheTakeoverIsReportedLost) {
  auto store = Open();
  auto other = Open();
  ASSERT_TRUE(store->CreateAppend("log"));
  ASSERT_TRUE(store->AcquireLease("log", "first", 15));
  ASSERT_TRUE(store->Append("log", "a", 0, "first"));
  EXPECT_FALSE(other->AcquireLease("log", "second", 15));
  clock_.Advance(std::chrono::seconds(16));
  ASSERT_TRUE(other->AcquireLease("log", "second", 15));
  EXPECT_EQ(store->Append("log", "b", 1, "first").error().reason, "LeaseLost");
  EXPECT_EQ(store->Put("log", "x", {.lease_id = "first"}).error().reason, "LeaseLost");
}

TEST_F(FileStoreTest, LeftoversOfCrashesAreInvisibleAndRemoved) {
  auto store = Open();
  ASSERT_TRUE(store->Put("d/x", "1"));
  ASSERT_TRUE(world::PosixFiles().WriteAtomic(folder_ + "/d/y.tmp-abcdefghijkl", "half"));
  EXPECT_EQ(store->List("d/")->objects.size(), 1u);
  EXPECT_EQ(*store->DeletePrefix("d/"), 1);
  EXPECT_FALSE(world::PosixFiles().Exists(folder_ + "/d"));
}

TEST_F(FileStoreTest, EmptyFoldersGoWithTheirLastObject) {
  auto store = Open();
  ASSERT_TRUE(store->Put("a/b/c", "1"));
  ASSERT_TRUE(store->Delete("a/b/c"));
  EXPECT_FALSE(world::PosixFiles().Exists(folder_ + "/a"));
}

TEST_F(FileStoreTest, AProbeLeavesNoFolderThatItMade) {
  const auto probe = [&](const std::string& folder) {
    const auto store = MakeFileStore(
        *ParseStorageUrl(folder),
        {.clock = &clock_, .random = &world::SystemRandom(), .files = &world::PosixFiles()});
    return ProbeStore(*store, world::SystemRandom());
  };
  ASSERT_TRUE(world::PosixFiles().MakeFolders(folder_ + "/empty"));
  EXPECT_TRUE(probe(folder_ + "/empty"));
  EXPECT_TRUE(probe(folder_ + "/empty/new/lake"));
  EXPECT_FALSE(world::PosixFiles().Exists(folder_ + "/empty/new"));
  EXPECT_TRUE(world::PosixFiles().Exists(folder_ + "/empty"));
}

TEST_F(FileStoreTest, AMissingOrUnwritableFolderIsNamed) {
  ASSERT_TRUE(world::PosixFiles().MakeFolders(folder_));
  ASSERT_TRUE(world::PosixFiles().WriteAtomic(folder_ + "/file", "x"));
  auto store = MakeFileStore(
      *ParseStorageUrl(folder_ + "/file/lake"),
      {.clock = &clock_, .random = &world::SystemRandom(), .files = &world::PosixFiles()});
  auto probed = ProbeStore(*store, world::SystemRandom());
  ASSERT_FALSE(probed);
  EXPECT_NE(probed.error().message.find(folder_), std::string::npos);
  auto nowhere = MakeFileStore(
      *ParseStorageUrl("/proc/kc-no-such/lake"),
      {.clock = &clock_, .random = &world::SystemRandom(), .files = &world::PosixFiles()});
  auto refused = ProbeStore(*nowhere, world::SystemRandom());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("create it first"), std::string::npos)
      << refused.error().message;
}

TEST_F(FileStoreTest, RenewingManyTimesLeavesFewFiles) {
  auto store = Open();
  ASSERT_TRUE(store->Put("m", "x"));
  ASSERT_TRUE(store->AcquireLease("m", "first", 60));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->RenewLease("m", "first"));
  auto leases = world::PosixFiles().List(folder_ + "/.kc-store/leases");
  ASSERT_TRUE(leases);
  ASSERT_EQ(leases->size(), 1u);
  auto files = world::PosixFiles().List(folder_ + "/.kc-store/leases/" + (*leases)[0].name);
  EXPECT_LE(files->size(), 5u);
}

}  // namespace
}  // namespace kc::azure
