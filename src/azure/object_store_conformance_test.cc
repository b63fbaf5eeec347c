// One suite for every kind of lake: in memory, a local folder, and blob storage, for which
// KC_AZURITE_URL and KC_AZURITE_KEY name an emulator's account (tools/with_azurite.sh; ctest does).
#include <gtest/gtest.h>

#include <filesystem>

#include "azure/blob_store.h"
#include "azure/memory_store.h"
#include "azure/object_store.h"
#include "azure/test_clock.h"
#include "http/curl_transport.h"
#include "world/processes.h"

namespace kc::azure {
namespace {

constexpr auto kLease = std::chrono::seconds(15);

// A lake that several stores may open.
class Lake {
 public:
  virtual ~Lake() = default;
  virtual std::unique_ptr<ObjectStore> Open() = 0;
  // Lets time pass, for leases.
  virtual void Wait(world::Duration duration) = 0;
};

class InMemory final : public Lake {
 public:
  std::unique_ptr<ObjectStore> Open() override { return MakeMemoryStore(lake_, clock_); }
  void Wait(world::Duration duration) override { clock_.Advance(duration); }

 private:
  TestClock clock_;
  MemoryLake lake_;
};

class InFolder final : public Lake {
 public:
  InFolder() : folder_("/tmp/kc-lake-" + world::SystemRandom().Guid()) {}
  ~InFolder() override { (void)world::PosixFiles().RemoveAll(folder_); }
  std::unique_ptr<ObjectStore> Open() override {
    StoreWorld world{
        .clock = &clock_, .random = &world::SystemRandom(), .files = &world::PosixFiles()};
    return *OpenStore(*ParseStorageUrl(folder_), world);
  }
  void Wait(world::Duration duration) override { clock_.Advance(duration); }

 private:
  TestClock clock_;
  std::string folder_;
};

class InBlobStorage final : public Lake {
 public:
  explicit InBlobStorage(const std::string& url) : transport_(http::MakeCurlTransport()) {
    auto parsed = ParseStorageUrl(url);
    EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
    url_ = *parsed;
    Status created = CreateContainer(url_, World());
    EXPECT_TRUE(created) << created.error().message;
    url_.path = "conformance/" + world::SystemRandom().Guid();
  }
  ~InBlobStorage() override {
    auto store = Open();
    (void)store->DeletePrefix("t/");
  }
  std::unique_ptr<ObjectStore> Open() override { return *OpenStore(url_, World()); }
  void Wait(world::Duration duration) override { world::SystemClock().Sleep(duration, nullptr); }

 private:
  StoreWorld World() {
    return {.transport = transport_.get(),
            .clock = &world::SystemClock(),
            .random = &world::SystemRandom()};
  }
  std::unique_ptr<world::Transport> transport_;
  StorageUrl url_;
};

class ObjectStoreTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Memory") lake_ = std::make_unique<InMemory>();
    if (GetParam() == "Folder") lake_ = std::make_unique<InFolder>();
    if (GetParam() == "Blob") {
      std::string url = world::Environment("KC_AZURITE_URL");
      ASSERT_NE(url, "") << "run it under tools/with_azurite.sh";
      lake_ = std::make_unique<InBlobStorage>(url + "/kc-conformance;" +
                                              world::Environment("KC_AZURITE_KEY"));
    }
    store_ = lake_->Open();
  }

  static std::string Id() { return world::SystemRandom().Guid(); }

  std::unique_ptr<Lake> lake_;
  std::unique_ptr<ObjectStore> store_;
};

template <typename T>
std::string ReasonOf(const Result<T>& result) {
  return result ? "success" : result.error().reason;
}

TEST_P(ObjectStoreTest, PutIsReadBack) {
  std::string bytes("a\0b\xff\n", 5);
  auto tag = store_->Put("t/one", bytes);
  ASSERT_TRUE(tag) << tag.error().message;
  auto got = store_->Get("t/one");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->bytes, bytes);
  EXPECT_EQ(got->etag, *tag);
  auto info = store_->Stat("t/one");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 5);
  EXPECT_EQ(info->etag, *tag);
  EXPECT_GT(info->modified_ticks, 0);
}

TEST_P(ObjectStoreTest, PutReplacesAndChangesTheTag) {
  auto first = store_->Put("t/one", "first");
  auto second = store_->Put("t/one", "second, longer");
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(store_->Get("t/one")->bytes, "second, longer");
}

TEST_P(ObjectStoreTest, LargeObjectsKeepEveryByte) {
  std::string bytes;
  for (int i = 0; bytes.size() < (size_t{40} << 20); ++i) bytes += std::to_string(i) + ",";
  ASSERT_TRUE(store_->Put("t/large", bytes));
  auto got = store_->Get("t/large");
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->bytes == bytes);
  EXPECT_EQ(*store_->GetRange("t/large", 33'000'000, 10), bytes.substr(33'000'000, 10));
  EXPECT_EQ(ReasonOf(store_->PutIfAbsent("t/large", bytes + "x")), "Exists");
}

TEST_P(ObjectStoreTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(ReasonOf(store_->Get("t/none")), "NotFound");
  EXPECT_EQ(ReasonOf(store_->GetRange("t/none", 0, 1)), "NotFound");
  EXPECT_EQ(ReasonOf(store_->Stat("t/none")), "NotFound");
  EXPECT_EQ(ReasonOf(store_->Append("t/none", "x", 0, "")), "NotFound");
  EXPECT_EQ(ReasonOf(store_->AcquireLease("t/none", Id(), 15)), "NotFound");
  EXPECT_TRUE(store_->Delete("t/none"));
  EXPECT_EQ(*store_->DeletePrefix("t/none/"), 0);
  EXPECT_TRUE(store_->List("t/none/")->objects.empty());
}

TEST_P(ObjectStoreTest, PutIfAbsentHasOneWinner) {
  auto other = lake_->Open();
  ASSERT_TRUE(store_->PutIfAbsent("t/once", "mine"));
  auto second = other->PutIfAbsent("t/once", "theirs");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "Exists");
  EXPECT_EQ(second.error().code, ErrorCode::kRedo);
  EXPECT_EQ(store_->Get("t/once")->bytes, "mine");
}

TEST_P(ObjectStoreTest, PutIfAbsentRacesHaveOneWinner) {
  constexpr int kThreads = 8;
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      auto store = lake_->Open();
      if (store->PutIfAbsent("t/race", "thread " + std::to_string(i))) ++winners;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

TEST_P(ObjectStoreTest, RangesEndAtTheEnd) {
  ASSERT_TRUE(store_->Put("t/r", "0123456789"));
  EXPECT_EQ(*store_->GetRange("t/r", 2, 3), "234");
  EXPECT_EQ(*store_->GetRange("t/r", 8, 100), "89");
  EXPECT_EQ(*store_->GetRange("t/r", 10, 5), "");
  EXPECT_EQ(*store_->GetRange("t/r", 50, 5), "");
  EXPECT_EQ(*store_->GetRange("t/r", 0, 0), "");
}

TEST_P(ObjectStoreTest, ListIsSortedInPages) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(store_->Put("t/list/" + std::to_string(i % 3) + "/" + std::to_string(i), "x"));
  }
  ASSERT_TRUE(store_->Put("t/listen", "not in the folder"));
  std::vector<std::string> names;
  std::string next;
  int pages = 0;
  do {
    auto page = store_->List("t/list/", next, 3);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_LE(page->objects.size(), 3u);
    for (const ObjectInfo& object : page->objects) names.push_back(object.name);
    next = page->next;
    ASSERT_LE(++pages, 5);
  } while (!next.empty());
  EXPECT_EQ(names.size(), 7u);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(names.front(), "t/list/0/0");
  EXPECT_EQ(store_->List("t/list")->objects.size(), 8u);
  EXPECT_EQ(store_->List("t/list/1")->objects.size(), 2u);
}

TEST_P(ObjectStoreTest, NamesOfAnyText) {
  for (std::string name : {"t/with space", "t/ünïcode-✓", "t/a+b=c&d?e#f%20g", "t/it's \"q\"<x>",
                           "t/[brackets];comma,", "t/UPPER", "t/upper"}) {
    ASSERT_TRUE(store_->Put(name, name)) << name;
    auto got = store_->Get(name);
    ASSERT_TRUE(got) << name << ": " << got.error().message;
    EXPECT_EQ(got->bytes, name);
    auto page = store_->List(name);
    ASSERT_TRUE(page) << name;
    ASSERT_EQ(page->objects.size(), 1u) << name;
    EXPECT_EQ(page->objects[0].name, name);
    auto address = store_->NameOf(store_->url().UrlOf(name));
    ASSERT_TRUE(address) << name;
    EXPECT_EQ(*address, name);
  }
}

TEST_P(ObjectStoreTest, BadNamesAreRefused) {
  for (std::string name :
       {"", "/t", "t/", "t//u", "t/../u", "./t", "t/.", "a\nb", "a\\b", "\xff", ".kc-store/x"}) {
    EXPECT_EQ(ReasonOf(store_->Put(name, "x")), "BadName") << name;
  }
  EXPECT_EQ(ReasonOf(store_->DeletePrefix("")), "BadName");
}

TEST_P(ObjectStoreTest, DeletePrefixLeavesTheRest) {
  for (std::string name : {"t/d/1", "t/d/e/2", "t/d/e/3", "t/do", "t/x"}) {
    ASSERT_TRUE(store_->Put(name, "x"));
  }
  auto deleted = store_->DeletePrefix("t/d/");
  ASSERT_TRUE(deleted) << deleted.error().message;
  EXPECT_EQ(*deleted, 3);
  EXPECT_EQ(store_->List("t/")->objects.size(), 2u);
  ASSERT_TRUE(store_->Delete("t/x"));
  EXPECT_EQ(ReasonOf(store_->Get("t/x")), "NotFound");
}

TEST_P(ObjectStoreTest, ConditionalPutSeesForeignWrites) {
  auto other = lake_->Open();
  auto first = store_->Put("t/m", "one");
  ASSERT_TRUE(first);
  auto second = store_->Put("t/m", "two", {.if_match = *first});
  ASSERT_TRUE(second) << second.error().message;
  auto late = other->Put("t/m", "three", {.if_match = *first});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "ConditionNotMet");
  EXPECT_EQ(late.error().code, ErrorCode::kRedo);
  auto got = other->Get("t/m");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->bytes, "two");
  EXPECT_EQ(got->etag, *second);
  EXPECT_EQ(*other->GetRange("t/m", 0, 2), "tw");
  ASSERT_TRUE(other->Put("t/m", "four", {.if_match = got->etag}));
  EXPECT_EQ(store_->Get("t/m")->bytes, "four");
  EXPECT_EQ(ReasonOf(store_->Put("t/none", "x", {.if_match = *first})), "ConditionNotMet");
}

TEST_P(ObjectStoreTest, ConditionalPutsHaveOneWinner) {
  constexpr int kThreads = 8;
  auto tag = store_->Put("t/m", "start");
  ASSERT_TRUE(tag);
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      auto store = lake_->Open();
      if (store->Put("t/m", "thread " + std::to_string(i), {.if_match = *tag})) ++winners;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

TEST_P(ObjectStoreTest, AppendsGoToTheirPositions) {
  ASSERT_TRUE(store_->CreateAppend("t/log"));
  EXPECT_EQ(ReasonOf(store_->CreateAppend("t/log")), "Exists");
  ASSERT_TRUE(store_->Append("t/log", "one\n", 0, ""));
  ASSERT_TRUE(store_->Append("t/log", "two\n", 4, ""));
  EXPECT_EQ(store_->Get("t/log")->bytes, "one\ntwo\n");
  EXPECT_EQ(store_->Stat("t/log")->size, 8);
  // The same bytes again at their place: an earlier send had arrived.
  EXPECT_TRUE(store_->Append("t/log", "two\n", 4, ""));
  EXPECT_EQ(store_->Get("t/log")->bytes, "one\ntwo\n");
  // Other bytes: somebody else writes here.
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "TWO\n", 4, "")), "LeaseLost");
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "three\n", 20, "")), "LeaseLost");
  EXPECT_EQ(store_->Get("t/log")->bytes, "one\ntwo\n");
}

TEST_P(ObjectStoreTest, AppendsOfAnotherAreSeen) {
  auto other = lake_->Open();
  ASSERT_TRUE(store_->CreateAppend("t/log"));
  ASSERT_TRUE(store_->Append("t/log", "mine\n", 0, ""));
  ASSERT_TRUE(other->Append("t/log", "theirs\n", 5, ""));
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "more\n", 5, "")), "LeaseLost");
  ASSERT_TRUE(store_->Append("t/log", "more\n", 12, ""));
  EXPECT_EQ(other->Get("t/log")->bytes, "mine\ntheirs\nmore\n");
}

TEST_P(ObjectStoreTest, AppendsHaveALimit) {
  ASSERT_TRUE(store_->CreateAppend("t/log"));
  std::string bytes(kMaxAppendBytes, 'x');
  EXPECT_TRUE(store_->Append("t/log", bytes, 0, ""));
  EXPECT_EQ(ReasonOf(store_->Append("t/log", bytes + "y", 4 << 20, "")), "RequestBodyTooLarge");
}

TEST_P(ObjectStoreTest, ALeaseKeepsOthersOut) {
  auto other = lake_->Open();
  std::string mine = Id();
  std::string theirs = Id();
  ASSERT_TRUE(store_->CreateAppend("t/l"));
  ASSERT_TRUE(store_->AcquireLease("t/l", mine, 15));
  EXPECT_TRUE(store_->AcquireLease("t/l", mine, 15)) << "the holder may ask again";
  auto refused = other->AcquireLease("t/l", theirs, 15);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "LeaseAlreadyPresent");
  EXPECT_EQ(refused.error().code, ErrorCode::kRetry);
  EXPECT_TRUE(store_->Append("t/l", "a", 0, mine));
  EXPECT_EQ(ReasonOf(other->Append("t/l", "b", 1, "")), "LeaseLost");
  EXPECT_EQ(ReasonOf(other->Append("t/l", "b", 1, theirs)), "LeaseLost");
  EXPECT_EQ(ReasonOf(other->Delete("t/l")), "LeaseLost");
  EXPECT_TRUE(other->Get("t/l"));
  EXPECT_TRUE(store_->RenewLease("t/l", mine));
  EXPECT_EQ(ReasonOf(other->RenewLease("t/l", theirs)), "LeaseLost");
  EXPECT_TRUE(other->ReleaseLease("t/l", theirs)) << "not held: nothing to do";
  EXPECT_EQ(ReasonOf(other->AcquireLease("t/l", theirs, 15)), "LeaseAlreadyPresent");
}

TEST_P(ObjectStoreTest, PutHonoursLeases) {
  std::string mine = Id();
  auto tag = store_->Put("t/m", "one");
  ASSERT_TRUE(store_->AcquireLease("t/m", mine, 15));
  auto other = lake_->Open();
  EXPECT_EQ(ReasonOf(other->Put("t/m", "two")), "LeaseLost");
  EXPECT_EQ(ReasonOf(other->Put("t/m", "two", {.if_match = *tag, .lease_id = Id()})), "LeaseLost");
  auto put = store_->Put("t/m", "two", {.if_match = *tag, .lease_id = mine});
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(ReasonOf(store_->Put("t/m", "3", {.if_match = *tag, .lease_id = mine})),
            "ConditionNotMet");
  EXPECT_EQ(other->Get("t/m")->bytes, "two");
}

TEST_P(ObjectStoreTest, AReleasedLeaseIsFree) {
  auto other = lake_->Open();
  std::string mine = Id();
  std::string theirs = Id();
  ASSERT_TRUE(store_->Put("t/m", "one"));
  ASSERT_TRUE(store_->AcquireLease("t/m", mine, 15));
  ASSERT_TRUE(store_->ReleaseLease("t/m", mine));
  auto acquired = other->AcquireLease("t/m", theirs, 15);
  ASSERT_TRUE(acquired) << acquired.error().message;
  EXPECT_EQ(ReasonOf(store_->RenewLease("t/m", mine)), "LeaseLost");
  EXPECT_EQ(ReasonOf(store_->Put("t/m", "x", {.lease_id = mine})), "LeaseLost");
  EXPECT_TRUE(store_->ReleaseLease("t/m", mine));
  EXPECT_TRUE(other->RenewLease("t/m", theirs)) << "still held";
}

TEST_P(ObjectStoreTest, ABrokenLeaseIsFree) {
  auto other = lake_->Open();
  std::string mine = Id();
  ASSERT_TRUE(store_->CreateAppend("t/log"));
  ASSERT_TRUE(store_->AcquireLease("t/log", mine, 60));
  ASSERT_TRUE(store_->Append("t/log", "a", 0, mine));
  ASSERT_TRUE(other->BreakLease("t/log"));
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "b", 1, mine)), "LeaseLost");
  std::string theirs = Id();
  ASSERT_TRUE(other->AcquireLease("t/log", theirs, 60));
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "b", 1, mine)), "LeaseLost");
  EXPECT_TRUE(other->Append("t/log", "B", 1, theirs));
  EXPECT_EQ(other->Get("t/log")->bytes, "aB");
  EXPECT_TRUE(other->BreakLease("t/none"));
}

TEST_P(ObjectStoreTest, ALeaseEndsWhenItIsNotRenewed) {
  auto other = lake_->Open();
  std::string mine = Id();
  std::string theirs = Id();
  ASSERT_TRUE(store_->CreateAppend("t/log"));
  ASSERT_TRUE(store_->AcquireLease("t/log", mine, 15));
  EXPECT_EQ(ReasonOf(other->AcquireLease("t/log", theirs, 15)), "LeaseAlreadyPresent");
  lake_->Wait(std::chrono::seconds(8));
  ASSERT_TRUE(store_->RenewLease("t/log", mine));
  EXPECT_EQ(ReasonOf(other->AcquireLease("t/log", theirs, 15)), "LeaseAlreadyPresent");
  lake_->Wait(std::chrono::seconds(8));
  EXPECT_EQ(ReasonOf(other->AcquireLease("t/log", theirs, 15)), "LeaseAlreadyPresent");
  lake_->Wait(kLease);
  auto acquired = other->AcquireLease("t/log", theirs, 15);
  ASSERT_TRUE(acquired) << acquired.error().message;
  EXPECT_EQ(ReasonOf(store_->Append("t/log", "late", 0, mine)), "LeaseLost");
  EXPECT_EQ(ReasonOf(store_->RenewLease("t/log", mine)), "LeaseLost");
  EXPECT_TRUE(other->Append("t/log", "new", 0, theirs));
}

TEST_P(ObjectStoreTest, TheProbeLeavesNothing) {
  auto probed = ProbeStore(*store_, world::SystemRandom());
  ASSERT_TRUE(probed) << probed.error().message;
  EXPECT_TRUE(store_->List("")->objects.empty());
}

TEST_P(ObjectStoreTest, AddressesElsewhereAreRefused) {
  EXPECT_EQ(ReasonOf(store_->NameOf("https://other.blob.core.windows.net/x/y")), "OutsideLake");
  EXPECT_EQ(ReasonOf(store_->NameOf("file:///etc/passwd")), "OutsideLake");
  EXPECT_EQ(ReasonOf(store_->NameOf(store_->url().UrlOf("") + "/../x")), "OutsideLake");
}

INSTANTIATE_TEST_SUITE_P(Lakes, ObjectStoreTest, testing::Values("Memory", "Folder", "Blob"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace kc::azure
