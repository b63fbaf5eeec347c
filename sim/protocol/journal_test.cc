// Protocol F31-F35 and F41: the checkpoint under two owners, torn appends and lost answers.
#include "checkpoint/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "azure/file_store.h"
#include "azure/memory_store.h"
#include "azure/test_clock.h"
#include "base/log.h"
#include "copy/recorder.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::sim {
namespace {

using azure::StoreFault;
using checkpoint::Journal;
using checkpoint::Opened;
using checkpoint::Record;
using std::chrono::seconds;

Record Of(const std::string& table, std::string state) {
  Record record;
  record.level = checkpoint::kLevelTable;
  record.table = table;
  record.state = std::move(state);
  record.details = "{}";
  return record;
}

class JournalWorld {
 public:
  JournalWorld() : store(azure::MakeMemoryStore(lake, clock)) { SetLogLevel(LogLevel::kOff); }
  std::unique_ptr<Journal> Start(std::vector<Record>* found = nullptr) {
    auto journal = std::make_unique<Journal>(*store, clock, world::SystemRandom(), "B/");
    auto opened = journal->Open({"a", "A", "b", "B"}, "me", nullptr);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    if (found != nullptr) *found = opened->records;
    EXPECT_TRUE(journal->Begin(Journal::OnePiece(opened->records)).has_value());
    return journal;
  }
  azure::TestClock clock;
  azure::MemoryLake lake;
  std::unique_ptr<azure::ObjectStore> store;
};

bool Holds(const std::vector<Record>& records, const std::string& table, const std::string& state) {
  for (const auto& record : records) {
    if (record.table == table && record.state == state) return true;
  }
  return false;
}

TEST(Protocol, F31_AZombieCantRollToASegmentThatNobodyReads) {
  JournalWorld world;
  auto zombie = world.Start();
  ASSERT_TRUE(zombie->Append({Of("t", "before")}));
  world.clock.Advance(seconds(120));  // stopped for longer than its lease
  std::vector<Record> found;
  auto owner = world.Start(&found);
  EXPECT_TRUE(Holds(found, "t", "before"));
  // It rolls: its new segment would be its own and unleased by others, but no manifest names it.
  const Status rolled = zombie->Begin(Journal::OnePiece({Of("t", "zombie")}));
  ASSERT_FALSE(rolled.has_value());
  EXPECT_EQ(rolled.error().reason, "LeaseLost");
  EXPECT_EQ(zombie->Append({Of("t", "zombie")}).error().reason, "LeaseLost");
  ASSERT_TRUE(owner->Append({Of("t", "owner")}));
  world.clock.Advance(seconds(120));
  auto third = world.Start(&found);
  EXPECT_TRUE(Holds(found, "t", "owner"));
  EXPECT_FALSE(Holds(found, "t", "zombie"));
  // The takeover holds the segment too: not even an append that was under way comes in.
  EXPECT_EQ(owner->Append({Of("t", "late")}).error().reason, "LeaseLost");
}

// One thread, so that appends wait for each other.
TEST(Protocol, F32_RecordsThatWaitShareAnAppendAndSegmentsRollInTime) {
  JournalWorld world;
  auto journal = world.Start();
  journal->RollAfter(10);
  auto executor = world::MakeThreadExecutor(world::SystemClock(), 1);
  world::Sleeper sleeper(*executor);
  std::vector<Record> written;
  int rolls = 0;
  copy::Recorder recorder(
      *executor, sleeper, *journal,
      [&](bool) -> checkpoint::Journal::Pieces {
        return [all = written]() mutable { return std::exchange(all, {}); };
      },
      [&] { ++rolls; });
  const auto before = world.lake.objects.at("lake/" + journal->segment()).appends;
  struct Writers {
    static world::Task<void> One(copy::Recorder* recorder, int i) {
      auto write = recorder->Write({Of("t" + std::to_string(i), "x")});
      EXPECT_TRUE(co_await write);
    }
    static world::Task<int> All(copy::Recorder* recorder) {
      world::TaskGroup group;
      for (int i = 0; i < 1000; ++i) group.Start(One(recorder, i));
      auto join = group.Join();
      co_await join;
      co_return 1;
    }
    static world::Task<int> Rolling(copy::Recorder* recorder, std::vector<Record>* written) {
      for (int i = 0; i < 35; ++i) {
        written->push_back(Of("r" + std::to_string(i), "x"));
        auto write = recorder->Write({written->back()});
        EXPECT_TRUE(co_await write);
      }
      co_return 1;
    }
  };
  world::RunLoop(*executor, Writers::All(&recorder));
  const auto after = world.lake.objects.at("lake/" + journal->segment()).appends;
  std::printf("1,000 records that waited: %d appends\n", after - before);
  EXPECT_LE(after - before, 3);
  world::RunLoop(*executor, Writers::Rolling(&recorder, &written));
  EXPECT_GE(rolls, 3);
  EXPECT_LE(world.lake.objects.at("lake/" + journal->segment()).appends, 11);
  ASSERT_TRUE(journal->Close());
  std::vector<Record> found;
  auto next = world.Start(&found);
  for (int i = 0; i < 35; ++i) EXPECT_TRUE(Holds(found, "r" + std::to_string(i), "x"));
  // The real limit leaves room below the service's.
  EXPECT_LT(checkpoint::kMaxAppendsPerSegment, 50'000);
}

TEST(Protocol, F33_ALostAnswerOfAnAppendIsMineOrTheLeaseIsLost) {
  JournalWorld world;
  auto journal = world.Start();
  int lose = 1;
  world.lake.fault = [&](std::string_view call, const std::string&) {
    if (call != "Append" || lose-- != 1) return StoreFault::kNone;
    return StoreFault::kLostResponse;
  };
  EXPECT_TRUE(journal->Append({Of("t", "mine")}).has_value());  // read back: my bytes
  // The request got lost instead: the bytes aren't there, nobody else's either.
  lose = 1;
  world.lake.fault = [&](std::string_view call, const std::string&) {
    if (call != "Append" || lose-- != 1) return StoreFault::kNone;
    return StoreFault::kLostRequest;
  };
  const Status unsent = journal->Append({Of("t", "second")});
  world.lake.fault = nullptr;
  // Somebody else's bytes at the position: never taken for mine.
  azure::MemoryObject& object = world.lake.objects.at("lake/" + journal->segment());
  const size_t size = object.bytes.size();
  object.bytes += checkpoint::RecordLine(Of("t", "other"));
  const Status lost = journal->Append({Of("t", "third")});
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().reason, "LeaseLost");
  object.bytes.resize(size);
  ASSERT_TRUE(journal->Close());
  std::vector<Record> found;
  auto next = world.Start(&found);
  EXPECT_TRUE(Holds(found, "t", "mine"));
  EXPECT_EQ(Holds(found, "t", "second"), unsent.has_value());
  EXPECT_FALSE(Holds(found, "t", "third"));
}

class FolderWorld {
 public:
  FolderWorld() : folder("/tmp/kc-protocol-" + world::SystemRandom().Guid()) {
    SetLogLevel(LogLevel::kOff);
  }
  ~FolderWorld() { (void)world::PosixFiles().RemoveAll(folder); }
  std::unique_ptr<azure::ObjectStore> Open() {
    return azure::MakeFileStore(
        *azure::ParseStorageUrl(folder),
        {.clock = &clock, .random = &world::SystemRandom(), .files = &world::PosixFiles()});
  }
  azure::TestClock clock;
  std::string folder;
};

TEST(Protocol, F34_OnAFileLakeAStoppedHolderIsReplacedAndWhatItAppendsIsReportedLost) {
  FolderWorld world;
  auto first_store = world.Open();
  auto second_store = world.Open();
  Journal zombie(*first_store, world.clock, world::SystemRandom(), "B/");
  ASSERT_TRUE(zombie.Open({"a", "A", "b", "B"}, "zombie", nullptr).has_value());
  ASSERT_TRUE(zombie.Begin(Journal::OnePiece({})));
  ASSERT_TRUE(zombie.Append({Of("t", "before")}));
  // SIGSTOP: it holds its locks and file descriptors for ever, only its heartbeat stands still. The
  // taker waits a whole lease of its own clock (TestClock moves when it sleeps).
  const auto began = world.clock.Monotonic();
  Journal owner(*second_store, world.clock, world::SystemRandom(), "B/");
  const auto opened = owner.Open({"a", "A", "b", "B"}, "owner", nullptr);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_GE(world.clock.Monotonic() - began, seconds(checkpoint::kLeaseSeconds));
  EXPECT_LE(world.clock.Monotonic() - began, seconds(checkpoint::kLeaseSeconds + 5));
  EXPECT_TRUE(Holds(opened->records, "t", "before"));
  ASSERT_TRUE(owner.Begin(Journal::OnePiece(opened->records)));
  // SIGCONT: append → fsync → read the generation again → "lost", so nothing is sent on it.
  EXPECT_FALSE(zombie.MaySend());
  const Status late = zombie.Append({Of("t", "zombie")});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().reason, "LeaseLost");
  EXPECT_FALSE(zombie.Renew().has_value());
  EXPECT_FALSE(zombie.Begin(Journal::OnePiece({})).has_value());
  ASSERT_TRUE(owner.Append({Of("t", "owner")}));
  const auto seen = Journal::Look(*second_store, "B/");
  ASSERT_TRUE(seen.has_value());
  EXPECT_TRUE(Holds(seen->records, "t", "owner"));
  EXPECT_FALSE(Holds(seen->records, "t", "zombie"));
}

TEST(Protocol, F35_ATornGroupCountsWholeOrNotAtAll) {
  JournalWorld world;
  auto journal = world.Start();
  ASSERT_TRUE(journal->Append({Of("alone", "x")}));
  const std::string name = "lake/" + journal->segment();
  const std::string before = world.lake.objects.at(name).bytes;
  ASSERT_TRUE(journal->Append({Of("a", "x"), Of("b", "x"), Of("c", "x")}));
  const std::string whole = world.lake.objects.at(name).bytes;
  int cuts = 0;
  for (size_t size = before.size(); size < whole.size(); ++size, ++cuts) {
    const auto read = checkpoint::ReadSegment(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(read.has_value()) << "cut at " << size << ": " << read.error().message;
    ASSERT_TRUE(Holds(read->records, "alone", "x"));
    for (const char* table : {"a", "b", "c"}) ASSERT_FALSE(Holds(read->records, table, "x"));
  }
  EXPECT_GT(cuts, 200);
  const auto read = checkpoint::ReadSegment(whole);
  for (const char* table : {"a", "b", "c"}) EXPECT_TRUE(Holds(read->records, table, "x"));
}

TEST(Protocol, F41_TheLeaseIsCountedFromBeforeItsRenewalAndChangesStopAtTwoThirds) {
  JournalWorld world;
  auto journal = world.Start();
  ASSERT_TRUE(journal->Renew());
  EXPECT_TRUE(journal->MaySend());
  world.clock.Advance(seconds(checkpoint::kLeaseSeconds * 2 / 3) - std::chrono::milliseconds(1));
  EXPECT_TRUE(journal->MaySend());
  world.clock.Advance(std::chrono::milliseconds(2));
  EXPECT_FALSE(journal->MaySend());
  // A renewal whose answer takes 15 s is worth 5 s of sending, not 20.
  world.lake.fault = [&](std::string_view call, const std::string&) {
    if (call == "RenewLease") world.clock.Advance(seconds(5));
    return StoreFault::kNone;
  };
  ASSERT_TRUE(journal->Renew());  // of manifest and segment: 10 s
  world.lake.fault = nullptr;
  EXPECT_TRUE(journal->MaySend());
  world.clock.Advance(seconds(checkpoint::kLeaseSeconds * 2 / 3 - 10));
  EXPECT_FALSE(journal->MaySend());
  // The generation goes up before anything else: a start that dies right after it leaves a number
  // that nobody uses again.
  const int64_t generation = journal->generation();
  ASSERT_TRUE(journal->Close());
  std::vector<std::string> calls;
  world.lake.fault = [&](std::string_view call, const std::string& name) {
    calls.push_back(std::string(call) + " " + name);
    return StoreFault::kNone;
  };
  Journal next(*world.store, world.clock, world::SystemRandom(), "B/");
  ASSERT_TRUE(next.Open({"a", "A", "b", "B"}, "next", nullptr).has_value());
  world.lake.fault = nullptr;
  EXPECT_EQ(next.generation(), generation + 1);
  const auto put = std::find(calls.begin(), calls.end(), "Put B/manifest.json");
  ASSERT_NE(put, calls.end());
  for (auto it = calls.begin(); it != put; ++it) {
    EXPECT_EQ(it->find(".csv"), std::string::npos) << *it << " before the generation was written";
  }
}

}  // namespace
}  // namespace kc::sim
