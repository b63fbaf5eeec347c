#include "local/operations/operations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "local/operations/operation_history.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class OperationsTest : public StorageFixture {
 protected:
  static OperationRequest Request(Resource resource) {
    OperationRequest request;
    request.kind = "Test";
    request.resource = resource;
    request.persist_details = true;
    return request;
  }
  static std::string Id(const Result<CommandResult>& started) {
    return std::get<std::string>(started->tables[0].rows[0][0]);
  }
  static OperationRow Await(Operations& operations, const std::string& id) {
    while (true) {
      auto rows = operations.Latest({id});
      if (rows.at(0).state != OperationState::kInProgress) return rows.at(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

OperationOutcome Done(int64_t value) {
  OperationOutcome outcome;
  outcome.result = OneTable({{"x", ScalarType::kLong}}, {{value}});
  return outcome;
}

TEST_F(OperationsTest, AnAsyncOperationLeavesItsDetails) {
  Operations operations(clock(), random(), {1, 1, 1, 1});
  auto started =
      operations.Start(Request(Resource::kOther), [](OperationContext&) { return Done(7); });
  ASSERT_TRUE(started);
  EXPECT_EQ(Await(operations, Id(started)).state, OperationState::kCompleted);
  EXPECT_EQ(std::get<int64_t>(operations.Details(Id(started))->rows[0][0]), 7);
  EXPECT_EQ(operations.Log().size(), 2u);
}

TEST_F(OperationsTest, OverCapacityNothingStarts) {
  Operations operations(clock(), random(), {1, 1, 1, 1});
  std::atomic<bool> go{false};
  auto first = operations.Start(Request(Resource::kDataExport), [&](OperationContext&) {
    while (!go) std::this_thread::yield();
    return Done(1);
  });
  ASSERT_TRUE(first);
  auto second =
      operations.Start(Request(Resource::kDataExport), [](OperationContext&) { return Done(2); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().http_status, 429);
  EXPECT_EQ(second.error().code, ErrorCode::kRetry);
  EXPECT_EQ(operations.Log().back().state, OperationState::kThrottled);
  // Another resource has capacity of its own.
  EXPECT_TRUE(operations.Run(
      Request(Resource::kIngestions), [](OperationContext&) { return Done(3); }, nullptr));
  go = true;
  Await(operations, Id(first));
  // The slot is given back a moment after the state is shown.
  Result<CommandResult> third = Fail(ErrorCode::kRetry, "");
  for (int i = 0; i < 60'000 && !third; ++i) {
    third = operations.Run(
        Request(Resource::kDataExport), [](OperationContext&) { return Done(4); }, nullptr);
    if (!third) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(third);
}

TEST_F(OperationsTest, FailuresAreStatesNotDetails) {
  Operations operations(clock(), random(), {1, 1, 1, 1});
  auto fail = [&](ErrorCode code, const char* reason) {
    return Id(operations.Start(Request(Resource::kOther), [=](OperationContext&) {
      return Result<OperationOutcome>(Fail(code, "why", reason));
    }));
  };
  OperationRow bad = Await(operations, fail(ErrorCode::kStop, "BadRequest_InvalidBlob"));
  EXPECT_EQ(bad.state, OperationState::kBadInput);
  EXPECT_FALSE(bad.should_retry);
  EXPECT_NE(bad.status.find("why"), std::string::npos);
  OperationRow retry = Await(operations, fail(ErrorCode::kRetry, ""));
  EXPECT_EQ(retry.state, OperationState::kFailed);
  EXPECT_TRUE(retry.should_retry);
  EXPECT_FALSE(operations.Details(retry.id));
}

TEST_F(OperationsTest, OldOnesAreForgotten) {
  Operations operations(clock(), random(), {1, 1, 1, 1});
  std::string id =
      Id(operations.Start(Request(Resource::kOther), [](OperationContext&) { return Done(1); }));
  Await(operations, id);
  clock().Advance(7 * 36'000'000'000);
  EXPECT_TRUE(operations.Latest({id}).empty());  // six hours
  EXPECT_EQ(operations.Log().size(), 2u);
  clock().Advance(int64_t{15} * 864'000'000'000);
  ASSERT_TRUE(operations.Run(
      Request(Resource::kOther), [](OperationContext&) { return Done(1); }, nullptr));
  EXPECT_EQ(operations.Log().size(), 2u);  // two weeks: only the new one is left
}

TEST_F(OperationsTest, OnlyIngestionFromQueriesCanBeCancelled) {
  Operations operations(clock(), random(), {1, 1, 1, 1});
  auto wait = [](OperationContext& context) -> Result<OperationOutcome> {
    while (!context.cancel.cancelled()) std::this_thread::yield();
    return Stop("cancelled", "Cancelled");
  };
  OperationRequest request = Request(Resource::kOther);
  std::string fixed = Id(operations.Start(request, wait));
  EXPECT_FALSE(operations.Cancel(fixed, ""));
  request.cancellable = true;
  std::string other = Id(operations.Start(request, wait));
  EXPECT_TRUE(operations.Cancel(other, "because"));
  EXPECT_EQ(Await(operations, other).state, OperationState::kCanceled);
  operations.Shutdown();  // ends the first one too
  EXPECT_EQ(operations.Latest({fixed}).at(0).state, OperationState::kAbandoned);
  EXPECT_FALSE(operations.Start(request, wait));
}

class HistoryTest : public OperationsTest {
 protected:
  std::unique_ptr<Operations> Start() {
    auto operations = std::make_unique<Operations>(clock(), random(), CapacityOptions{1, 1, 1, 1});
    operations->Remember(std::make_unique<OperationHistory>(files(), clock(), folder()));
    return operations;
  }
  std::string folder() { return scratch() + "/operations"; }
};

TEST_F(HistoryTest, WhatIsDoneIsShownAfterARestart) {
  auto first = Start();
  std::string done =
      Id(first->Start(Request(Resource::kOther), [](OperationContext&) { return Done(7); }));
  Await(*first, done);
  IngestionFailure failure;
  failure.table = "T";
  failure.permanent = false;
  first->AddFailure(failure);
  first.reset();
  auto next = Start();
  auto rows = next->Latest({done});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, OperationState::kCompleted);
  EXPECT_EQ(rows[0].kind, "Test");
  auto details = next->Details(done);
  ASSERT_TRUE(details) << details.error().message;
  EXPECT_EQ(details->columns[0].name, "x");
  EXPECT_EQ(std::get<int64_t>(details->rows[0][0]), 7);
  ASSERT_EQ(next->Failures().size(), 1u);
  EXPECT_EQ(next->Failures()[0].table, "T");
  EXPECT_FALSE(next->Failures()[0].permanent);
  EXPECT_EQ(next->Log().size(), 2u);
}

TEST_F(HistoryTest, WhatRanWhenTheProcessDiedIsAbandoned) {
  {
    // What a killed process leaves: a beginning without an end, and half a line.
    OperationHistory killed(files(), clock(), folder());
    OperationRow row;
    row.id = "11111111-2222-3333-4444-555555555555";
    row.kind = "DataExport";
    row.started_ticks = row.updated_ticks = clock().NowTicks();
    killed.Write(row);
    auto list = files().List(folder());
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 1u);
    auto file = files().OpenAppend(folder() + "/" + list->at(0).name);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append("{\"op\":\"opera"));
  }
  clock().Advance(10'000'000);
  for (int restart = 0; restart < 3; ++restart) {
    auto next = Start();
    ASSERT_EQ(next->Log().size(), 2u) << restart;  // told once, however often it is started
    OperationRow last = next->Log().back();
    EXPECT_EQ(last.kind, "DataExport");
    EXPECT_EQ(last.state, OperationState::kAbandoned);
    EXPECT_TRUE(last.should_retry);
    EXPECT_FALSE(next->Details(last.id));
  }
  clock().Advance(int64_t{15} * 864'000'000'000);
  EXPECT_TRUE(Start()->Log().empty());
}

TEST_F(HistoryTest, FilesOfEarlierRunsAreJoined) {
  for (int i = 1; i <= 5; ++i) {
    auto operations = Start();
    ASSERT_TRUE(operations->Run(
        Request(Resource::kOther), [](OperationContext&) { return Done(1); }, nullptr));
    EXPECT_EQ(operations->Log().size(), 2u * i);
    clock().Advance(1);
  }
  Start()->Log();
  EXPECT_LE(files().List(folder())->size(), 2u);
}

TEST_F(HistoryTest, AFolderThatCannotBeWrittenFailsNoOperation) {
  ASSERT_TRUE(files().WriteAtomic(folder(), "a file is in the way"));
  auto operations = Start();
  EXPECT_TRUE(operations->Run(
      Request(Resource::kOther), [](OperationContext&) { return Done(1); }, nullptr));
  EXPECT_EQ(operations->Log().size(), 2u);
}

}  // namespace
}  // namespace kc::local
