#include "copy/tables/setup.h"

#include <gtest/gtest.h>

namespace kc::copy {
namespace {

TEST(SelectTables, AppliesIncludeThenExclude) {
  const std::vector<std::string> all = {"A1", "A2", "B", "KcStaging_x_1"};
  EXPECT_EQ(SelectTables(all, {}, {}).value(), (std::vector<std::string>{"A1", "A2", "B"}));
  EXPECT_EQ(SelectTables(all, {"A*", "B"}, {"A2"}).value(), (std::vector<std::string>{"A1", "B"}));
  const auto missing = SelectTables(all, {"b"}, {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("did you mean 'B'"), std::string::npos);
  EXPECT_FALSE(SelectTables(all, {"X*"}, {}).has_value());
  // Asked for by name it is refused, not left out: also where names may be missing.
  std::vector<std::string> gone;
  for (auto* names : {static_cast<std::vector<std::string>*>(nullptr), &gone}) {
    const auto staging = SelectTables(all, {"B", "KcStaging_x_1"}, {}, names);
    ASSERT_FALSE(staging.has_value());
    EXPECT_NE(staging.error().message.find("'KcStaging_x_1' can't be copied"), std::string::npos);
  }
}

TEST(MissingColumns, NamesEveryDifference) {
  using kusto::commands::TableSchema;
  const TableSchema source{"T", {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}, "", ""};
  TableSchema destination{"T", {{"b", ScalarType::kString}}, "", ""};
  EXPECT_EQ(MissingColumns(source, destination)->size(), 1u);
  destination.columns = {
      {"a", ScalarType::kString}, {"b", ScalarType::kString}, {"c", ScalarType::kInt}};
  const auto refused = MissingColumns(source, destination);
  ASSERT_FALSE(refused.has_value());
  for (const char* word : {"'T'", "'a'", "long", "string", "'c'"}) {
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace kc::copy
