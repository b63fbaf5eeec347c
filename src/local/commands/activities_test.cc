#include "local/commands/activities.h"

#include <gtest/gtest.h>

#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class ActivitiesTest : public ::testing::Test {
 protected:
  Result<Activities::Running> Begin(const std::string& id, bool command = false) {
    tokens_.push_back(std::make_shared<world::CancelToken>());
    return activities_.Begin(
        {.is_command = command, .client_request_id = id, .text = "print h'secret'"},
        tokens_.back());
  }
  ManualClock clock_;
  Activities activities_{clock_, 2};
  std::vector<std::shared_ptr<world::CancelToken>> tokens_;
};

TEST_F(ActivitiesTest, QueriesOverTheCapacityAreThrottledCommandsAreNot) {
  auto first = Begin("1");
  {
    auto second = Begin("2");
    const auto third = Begin("3");
    ASSERT_FALSE(third.has_value());
    EXPECT_EQ(third.error().http_status, 429);
    EXPECT_EQ(third.error().code, ErrorCode::kRetry);
    EXPECT_TRUE(Begin("4", true).has_value());
    EXPECT_EQ(activities_.running_queries(), 2);
  }
  EXPECT_TRUE(Begin("5").has_value());
}

TEST_F(ActivitiesTest, RemembersHowRequestsEnded) {
  { auto done = Begin("done"); }
  {
    auto failed = Begin("failed");
    clock_.Advance(50);
    failed->Fail({ErrorCode::kStop, "no such thing"});
  }
  auto running = Begin("running");
  clock_.Advance(70);
  const std::vector<Activity> all = activities_.List();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].state, "Completed");
  EXPECT_EQ(all[1].state, "Failed");
  EXPECT_EQ(all[1].failure, "no such thing");
  EXPECT_EQ(all[1].duration_ticks, 50);
  EXPECT_EQ(all[2].state, "InProgress");
  EXPECT_EQ(all[2].duration_ticks, 70);
  EXPECT_EQ(all[2].text.find("secret"), std::string::npos);
}

TEST_F(ActivitiesTest, CancelsByClientRequestId) {
  auto a = Begin("same");
  auto b = Begin("same", true);
  auto c = Begin("other");
  EXPECT_EQ(activities_.Cancel("same"), 2);
  EXPECT_EQ(activities_.Cancel("unknown"), 0);
  EXPECT_TRUE(tokens_[0]->cancelled());
  EXPECT_TRUE(tokens_[1]->cancelled());
  EXPECT_FALSE(tokens_[2]->cancelled());
}

TEST_F(ActivitiesTest, NothingBeginsAfterTheEnd) {
  auto running = Begin("1");
  activities_.Close();
  EXPECT_TRUE(tokens_[0]->cancelled());
  const auto late = Begin("2");
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().http_status, 503);
}

}  // namespace
}  // namespace kc::local
