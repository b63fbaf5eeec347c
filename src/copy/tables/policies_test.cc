#include "copy/tables/policies.h"

#include <gtest/gtest.h>

#include "base/ticks.h"

namespace kc::copy {
namespace {

TEST(UpdatePolicies, AreRefusedWhereRowsWouldComeTwice) {
  const auto policies = ReadUpdatePolicies(
      {{"Derived", R"([{"IsEnabled":true,"Source":"Raw","SourceIsWildCard":false},
                       {"IsEnabled":false,"Source":"Off"}])"}});
  ASSERT_EQ(policies.size(), 1u);
  const auto both = JudgeUpdatePolicies(policies, {"Raw", "Derived", "Other"}, "KcStaging_");
  ASSERT_EQ(both.size(), 2u);  // 'Other' goes on
  EXPECT_TRUE(both[0].conflict && both[1].conflict);
  EXPECT_EQ(both[0].table, "Derived");
  EXPECT_EQ(both[1].table, "Raw");
  const auto notices = JudgeUpdatePolicies(policies, {"Raw"}, "KcStaging_");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_FALSE(notices[0].conflict);
  EXPECT_TRUE(JudgeUpdatePolicies(policies, {"Other"}, "KcStaging_").empty());
}

TEST(UpdatePolicies, WildcardsThatTakeStagingTablesAreRefused) {
  const auto policies =
      ReadUpdatePolicies({{"D", R"([{"IsEnabled":true,"Source":"*","SourceIsWildCard":true}])"}});
  const auto notices = JudgeUpdatePolicies(policies, {"Raw", "Other"}, "KcStaging_");
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_TRUE(notices[0].conflict && notices[1].conflict);
}

TEST(Encodings, AreReadFromTheSchemaScript) {
  const auto encodings = ReadEncodings({".create table T (a:string)",
                                        ".alter column T.a policy encoding type='BigObject'",
                                        ".alter column ['my \\'t'].['b.c'] policy encoding "
                                        "type=\"BigObject32\""});
  EXPECT_EQ(encodings.at("T").at("a"), "BigObject");
  EXPECT_EQ(encodings.at("my 't").at("b.c"), "BigObject32");
}

TEST(Retention, ReadsThePeriod) {
  EXPECT_EQ(SoftDeletePeriod(R"({"SoftDeletePeriod":"7.00:00:00"})"), 7 * kTicksPerDay);
  EXPECT_FALSE(SoftDeletePeriod("null").has_value());
}

}  // namespace
}  // namespace kc::copy
