#include "copy/policies.h"

#include <gtest/gtest.h>

#include "base/ticks.h"

namespace kc::copy {
namespace {

TEST(UpdatePolicies, AreRefusedWhereRowsWouldComeTwice) {
  const auto policies = ReadUpdatePolicies(
      {{"Derived", R"([{"IsEnabled":true,"Source":"Raw","SourceIsWildCard":false},
                       {"IsEnabled":false,"Source":"Off"}])"}});
  ASSERT_EQ(policies.size(), 1u);
  EXPECT_FALSE(JudgeUpdatePolicies(policies, {"Raw", "Derived"}, "KcStaging_").has_value());
  const auto notices = JudgeUpdatePolicies(policies, {"Raw"}, "KcStaging_");
  ASSERT_TRUE(notices.has_value());
  EXPECT_EQ(notices->size(), 1u);
  EXPECT_TRUE(JudgeUpdatePolicies(policies, {"Other"}, "KcStaging_")->empty());
}

TEST(UpdatePolicies, WildcardsThatTakeStagingTablesAreRefused) {
  const auto policies =
      ReadUpdatePolicies({{"D", R"([{"IsEnabled":true,"Source":"*","SourceIsWildCard":true}])"}});
  EXPECT_FALSE(JudgeUpdatePolicies(policies, {"Raw"}, "KcStaging_").has_value());
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
