#include <gtest/gtest.h>

#include <deque>

#include "checkpoint/test_journal.h"

namespace kc::checkpoint {
namespace {

TEST_F(JournalTest, TheNextOwnerReadsWhatWasAppended) {
  Opened opened;
  auto first = Open(&opened);
  EXPECT_TRUE(opened.is_new);
  EXPECT_EQ(opened.generation, 1);
  ASSERT_TRUE(first->Append({Numbered("a", "1"), Numbered("b", "1")}));
  ASSERT_TRUE(first->Append({Numbered("a", "2")}));
  ASSERT_TRUE(first->Close());
  auto second = Open(&opened);
  EXPECT_FALSE(opened.is_new);
  EXPECT_EQ(opened.generation, 2);
  EXPECT_EQ(second->copy_id(), first->copy_id());
  ASSERT_EQ(opened.records.size(), 4u);  // the header's too
  EXPECT_EQ(opened.records[1].table, "a");
  EXPECT_EQ(opened.records[1].group, opened.records[2].group);
  EXPECT_EQ(opened.records[3].state, "2");
  EXPECT_GT(opened.records[3].sequence, opened.records[2].sequence);
}

// The storage was away for longer than the lease lasts, and nobody else came.
TEST_F(JournalTest, ALeaseThatEndedUnseenIsTakenUpAgain) {
  auto first = Open();
  ASSERT_TRUE(first->Append({Numbered("a", "1")}));
  clock_.Advance(std::chrono::seconds(3 * kLeaseSeconds));
  EXPECT_FALSE(first->MaySend());
  const Status late = first->Append({Numbered("a", "2")});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "LeaseEnded");
  EXPECT_EQ(late.error().code, ErrorCode::kRetry);
  EXPECT_TRUE(first->MaySend());
  EXPECT_TRUE(first->AppendAgain());
  clock_.Advance(std::chrono::seconds(3 * kLeaseSeconds));
  EXPECT_TRUE(first->Renew());
  clock_.Advance(std::chrono::seconds(3 * kLeaseSeconds));
  EXPECT_EQ(first->Begin(Journal::OnePiece({Numbered("a", "2")})).error().code, ErrorCode::kRetry);
  EXPECT_TRUE(first->Begin(Journal::OnePiece({Numbered("a", "2")})));
  ASSERT_TRUE(first->Close());
  Opened opened;
  Open(&opened);
  EXPECT_EQ(opened.records.back().state, "2");
}

// It came, and ended or died: what the first one holds is an old lease.
TEST_F(JournalTest, ALeaseThatAnotherHadMeanwhileIsLost) {
  auto first = Open();
  {
    auto second = Open();
    ASSERT_TRUE(second->Append({Numbered("a", "theirs")}));
    ASSERT_TRUE(second->Close());
  }
  EXPECT_EQ(first->Append({Numbered("a", "late")}).error().reason, "LeaseLost");
  auto third = Open();
  auto fourth = Open();  // the third one died
  clock_.Advance(std::chrono::seconds(3 * kLeaseSeconds));
  EXPECT_EQ(third->Append({Numbered("a", "late")}).error().reason, "LeaseLost");
  EXPECT_EQ(third->Renew().error().reason, "LeaseLost");
}

TEST_F(JournalTest, AnOwnerWhoseSegmentWasDeletedWasTakenOver) {
  auto first = Open();
  auto second = Open();
  ASSERT_TRUE(second->DeleteOldSegments());
  EXPECT_EQ(first->Append({Numbered("a", "zombie")}).error().reason, "LeaseLost");
  EXPECT_EQ(first->Renew().error().reason, "LeaseLost");
}

TEST_F(JournalTest, AnOldOwnerLeavesTheNewOwnersSegment) {
  auto first = Open();
  auto second = Open();  // the first was only stopped, and goes on now
  (void)first->DeleteOldSegments();
  EXPECT_TRUE(second->Append({Numbered("a", "1")}));
  ASSERT_TRUE(second->Close());
  EXPECT_TRUE(Open()->Append({Numbered("a", "2")}));
}

TEST_F(JournalTest, ATakeOverInTheMiddleOfARollIsALostLease) {
  auto first = Open();
  bool taken = false;
  lake_.fault = [&](std::string_view call, const std::string& name) {
    if (!taken && call == "AcquireLease" && name.find("/g") != std::string::npos) {
      taken = true;
      EXPECT_TRUE(Open()->DeleteOldSegments());
    }
    return azure::StoreFault::kNone;
  };
  EXPECT_EQ(first->Begin(Journal::OnePiece({})).error().reason, "LeaseLost");
  EXPECT_TRUE(taken);
}

TEST_F(JournalTest, ALostAppendIsSentAgainAsItIs) {
  auto first = Open();
  std::deque<azure::StoreFault> faults;
  lake_.fault = [&](std::string_view call, const std::string&) {
    if (call != "Append" || faults.empty()) return azure::StoreFault::kNone;
    const auto fault = faults.front();
    faults.pop_front();
    return fault;
  };
  faults = {azure::StoreFault::kLostRequest, azure::StoreFault::kNotSent,
            azure::StoreFault::kLostResponse};
  EXPECT_EQ(first->Append({Numbered("a", "1")}).error().code, ErrorCode::kUnknownOutcome);
  EXPECT_EQ(first->AppendAgain().error().code, ErrorCode::kRetry);
  EXPECT_TRUE(first->AppendAgain());
  EXPECT_TRUE(first->AppendAgain()) << "nothing is left";
  EXPECT_TRUE(first->Append({Numbered("a", "2")}));
  ASSERT_TRUE(first->Close());
  Opened opened;
  auto second = Open(&opened);
  ASSERT_EQ(opened.records.size(), 3u);  // with the header
  EXPECT_EQ(opened.records[1].state, "1");
  EXPECT_EQ(opened.records[2].state, "2");
}

TEST_F(JournalTest, AManifestsLostAnswerIsNoLostLease) {
  auto first = Open();
  ASSERT_TRUE(first->Append({Numbered("a", "1")}));
  for (const auto fault : {azure::StoreFault::kLostResponse, azure::StoreFault::kLostRequest}) {
    bool done = false;
    lake_.fault = [&](std::string_view call, const std::string& name) {
      const bool hit = !done && call == "Put" && name.ends_with("manifest.json");
      done |= hit;
      return hit ? fault : azure::StoreFault::kNone;
    };
    EXPECT_TRUE(first->Begin(Journal::OnePiece({Numbered("a", "1")})));
    EXPECT_TRUE(done);
    EXPECT_TRUE(first->Append({Numbered("a", "2")}));
  }
  // A segment that could not be begun: the next try begins another one.
  int creations = 0;
  lake_.fault = [&](std::string_view call, const std::string&) {
    return call == "CreateAppend" && creations++ == 0 ? azure::StoreFault::kLostResponse
                                                      : azure::StoreFault::kNone;
  };
  EXPECT_EQ(first->Begin(Journal::OnePiece({Numbered("a", "3")})).error().code,
            ErrorCode::kUnknownOutcome);
  EXPECT_TRUE(first->Begin(Journal::OnePiece({Numbered("a", "3")})));
  ASSERT_TRUE(first->DeleteOldSegments());
  EXPECT_EQ(azure::ListAll(*store_, "B/checkpoint/g")->size(), 1u);
}

TEST_F(JournalTest, ATornLastAppendIsLeftOut) {
  auto first = Open();
  ASSERT_TRUE(first->Append({Numbered("a", "1")}));
  ASSERT_TRUE(first->Append({Numbered("a", "2"), Numbered("b", "2")}));
  const std::string segment = first->segment();
  clock_.Advance(std::chrono::minutes(2));  // killed
  std::string& bytes = lake_.objects.at("lake/" + segment).bytes;
  bytes.resize(bytes.size() - 5);
  Opened opened;
  auto second = Open(&opened);
  EXPECT_EQ(opened.records.back().state, "1");
}

TEST_F(JournalTest, ALostAnswerOfAnAppendIsSettledByReading) {
  auto first = Open();
  bool lost = false;
  lake_.fault = [&](std::string_view call, const std::string&) {
    if (call != "Append" || lost) return azure::StoreFault::kNone;
    lost = true;
    return azure::StoreFault::kLostResponse;
  };
  const Status status = first->Append({Numbered("a", "1")});
  lake_.fault = nullptr;
  EXPECT_TRUE(lost);
  EXPECT_TRUE(status.has_value()) << status.error().message;
  ASSERT_TRUE(first->Append({Numbered("a", "2")}));
  ASSERT_TRUE(first->Close());
  Opened opened;
  auto second = Open(&opened);
  ASSERT_EQ(opened.records.size(), 3u);
}

TEST_F(JournalTest, ADeadOwnersSegmentsAreDeletedToo) {
  auto first = Open();
  // Its first segment is named by nobody any more, but leased.
  ASSERT_TRUE(first->Begin(Journal::OnePiece({})));
  auto second = Open();
  const Status deleted = second->DeleteOldSegments();
  EXPECT_TRUE(deleted.has_value()) << deleted.error().message;
  int segments = 0;
  for (const auto& [name, object] : lake_.objects) segments += name.ends_with(".csv");
  EXPECT_EQ(segments, 1);
}

TEST_F(JournalTest, RollingKeepsOnlyTheCurrentSegment) {
  auto first = Open();
  ASSERT_TRUE(first->Append({Numbered("a", "1")}));
  ASSERT_TRUE(first->Begin(Journal::OnePiece({Numbered("a", "1")})));
  ASSERT_TRUE(first->Append({Numbered("a", "2")}));
  ASSERT_TRUE(first->DeleteOldSegments());
  int segments = 0;
  for (const auto& [name, object] : lake_.objects) segments += name.ends_with(".csv");
  EXPECT_EQ(segments, 1);
  const auto seen = Journal::Look(*store_, "B/checkpoint/");
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->records.back().state, "2");
  EXPECT_EQ(seen->identity, kIdentity);
}

}  // namespace
}  // namespace kc::checkpoint
