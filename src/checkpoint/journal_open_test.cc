// How an owner comes to own, and how a start ends that doesn't.
#include <gtest/gtest.h>

#include <optional>

#include "checkpoint/test_journal.h"

namespace kc::checkpoint {
namespace {

// Longer than a lease.
constexpr std::chrono::seconds kOutage{100};
constexpr std::chrono::seconds kLeaseEnded{2 * kLeaseSeconds};

// The holder's beat goes on while another one waits.
class Beating : public world::Clock {
 public:
  explicit Beating(azure::TestClock& clock) : clock_(clock) {}
  int64_t NowTicks() const override { return clock_.NowTicks(); }
  world::Duration Monotonic() const override { return clock_.Monotonic(); }
  bool Sleep(world::Duration duration, world::CancelToken*) override {
    clock_.Advance(duration);
    EXPECT_TRUE(holder == nullptr || holder->Renew());
    return true;
  }
  Journal* holder = nullptr;

 private:
  azure::TestClock& clock_;
};

TEST_F(JournalTest, AHolderThatIsAliveIsNamed) {
  auto first = Open();
  Beating beating(clock_);
  beating.holder = first.get();
  Journal second(*store_, beating, random_, "B/checkpoint/");
  const auto opened = second.Open(kIdentity, "other", nullptr);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, "LeaseHeld");
  EXPECT_NE(opened.error().message.find("me"), std::string::npos);
  EXPECT_TRUE(first->Append({Numbered("a", "1")}));
}

TEST_F(JournalTest, ADeadHoldersLeaseEndsAndItsAppendsAreRefusedFromThenOn) {
  auto first = Open();
  ASSERT_TRUE(first->Append({Numbered("a", "1")}));
  const auto before = clock_.Monotonic();
  Opened opened;
  auto second = Open(&opened);
  EXPECT_LE(clock_.Monotonic() - before, std::chrono::seconds(kLeaseSeconds + 5));
  ASSERT_EQ(opened.records.size(), 2u);
  const Status late = first->Append({Numbered("a", "zombie")});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().reason, "LeaseLost");
  EXPECT_FALSE(first->Renew().has_value());
  // Nor can it roll to a segment that nobody reads.
  EXPECT_FALSE(first->Begin(Journal::OnePiece({})).has_value());
  EXPECT_FALSE(first->MaySend());
  EXPECT_TRUE(second->Append({Numbered("a", "2")}));
  ASSERT_TRUE(second->Close());
  auto third = Open(&opened);
  EXPECT_EQ(opened.records.back().state, "2");
}

TEST_F(JournalTest, AnotherCopysCheckpointIsRefused) {
  auto first = Open();
  ASSERT_TRUE(first->Close());
  auto other = Make();
  Identity identity = kIdentity;
  identity.source = "http://c";
  const auto opened = other->Open(identity, "me", nullptr);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, "OtherCopy");
}

TEST_F(JournalTest, ANewerManifestIsRefused) {
  ASSERT_TRUE(store_->Put("B/checkpoint/manifest.json", R"({"version":3,"generation":1})"));
  const auto opened = Make()->Open(kIdentity, "me", nullptr);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, "NewerVersion");
}

TEST_F(JournalTest, AStartWaitsForStorageThatFallsSilent) {
  for (const bool begun : {false, true}) {
    for (const auto fault : {azure::StoreFault::kNotSent, azure::StoreFault::kLostRequest,
                             azure::StoreFault::kLostResponse}) {
      // From the second call on: the first one tells whether there is storage at all.
      bool met = true;
      for (int from = 2; met; ++from) {
        SCOPED_TRACE(testing::Message() << begun << " " << static_cast<int>(fault) << " " << from);
        lake_.fault = nullptr;
        lake_.objects.clear();
        if (begun) {
          ASSERT_TRUE(Open()->Append({Numbered("a", "1")}));
          clock_.Advance(kLeaseEnded);  // killed
        }
        int calls = 0;
        std::optional<world::Duration> until;
        lake_.fault = [&](std::string_view, const std::string&) {
          if (++calls == from) until = clock_.Monotonic() + kOutage;
          return until && clock_.Monotonic() < *until ? fault : azure::StoreFault::kNone;
        };
        const auto opened = Make()->Open(kIdentity, "me", nullptr);
        met = until.has_value();
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ(opened->is_new, !begun);
        if (begun) {
          EXPECT_EQ(opened->records.back().state, "1");
        }
      }
    }
  }
}

TEST_F(JournalTest, StorageThatNeverAnsweredIsAnError) {
  lake_.fault = [](std::string_view, const std::string&) { return azure::StoreFault::kNotSent; };
  EXPECT_EQ(Make()->Open(kIdentity, "me", nullptr).error().code, ErrorCode::kRetry);
  EXPECT_LT(clock_.Monotonic(), std::chrono::seconds(2));
}

TEST_F(JournalTest, AWaitingStartCanBeInterrupted) {
  world::CancelToken cancel;
  int calls = 0;
  lake_.fault = [&](std::string_view, const std::string&) {
    if (++calls == 10) cancel.Cancel();
    return calls == 1 ? azure::StoreFault::kNone : azure::StoreFault::kNotSent;
  };
  EXPECT_EQ(Make()->Open(kIdentity, "me", &cancel).error().reason, "Cancelled");
}

// It was stopped between the lease and the reading, and another one began meanwhile.
TEST_F(JournalTest, AStartThatWasTakenOverNamesTheOwner) {
  for (const std::string call : {"Put", "AcquireLease", "Get"}) {
    SCOPED_TRACE(call);
    ASSERT_TRUE(Open()->Append({Numbered("a", "1")}));
    clock_.Advance(kLeaseEnded);  // killed
    Beating beating(clock_);
    Journal late(*store_, beating, random_, "B/checkpoint/");
    const std::string object = call == "Put" ? "manifest.json" : "/g";
    std::unique_ptr<Journal> other;
    bool stopped = false;
    lake_.fault = [&](std::string_view name, const std::string& at) {
      if (stopped || name != call || at.find(object) == std::string::npos) {
        return azure::StoreFault::kNone;
      }
      stopped = true;
      clock_.Advance(kLeaseEnded);
      other = Open();
      EXPECT_TRUE(other->DeleteOldSegments());
      beating.holder = other.get();
      return azure::StoreFault::kNone;
    };
    const auto opened = late.Open(kIdentity, "late", nullptr);
    lake_.fault = nullptr;
    ASSERT_TRUE(stopped);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().reason, "LeaseHeld") << opened.error().message;
    EXPECT_TRUE(other->Append({Numbered("a", "2")}));
  }
}

// Whether the holder lives isn't known while its beat can't be read.
TEST_F(JournalTest, AFailedLookAtTheBeatIsNoSignOfLife) {
  ASSERT_TRUE(Open()->Append({Numbered("a", "1")}));
  bool failed = false;
  lake_.fault = [&](std::string_view call, const std::string&) {
    if (call != "Stat" || clock_.Monotonic() > std::chrono::seconds(3)) {
      return azure::StoreFault::kNone;
    }
    failed = true;
    return azure::StoreFault::kNotSent;
  };
  Opened opened;
  auto second = Open(&opened);
  EXPECT_TRUE(failed);
  EXPECT_EQ(opened.records.back().state, "1");
}

}  // namespace
}  // namespace kc::checkpoint
