#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "base/ticks.h"
#include "cli/exit_codes.h"

namespace kc::cli {
namespace {

std::variant<Arguments, int> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "kusto-copy");
  return ParseArguments(static_cast<int>(words.size()), words.data());
}

TEST(Arguments, TakesTheClassicCommandLine) {
  const auto parsed = Parse(
      {"-l", "https://a.blob.core.windows.net/copy/d16", "-s", "https://help.kusto.windows.net/",
       "-d", "https://mine.eastus.kusto.windows.net", "--db", "Samples", "--tables-include",
       "StormEvents", "ConferenceSessions", "-r", "2m", "-b", "30d", "--continuous"});
  const auto* arguments = std::get_if<Arguments>(&parsed);
  ASSERT_NE(arguments, nullptr);
  EXPECT_EQ(arguments->command, Command::kCopy);
  ASSERT_EQ(arguments->options.databases.size(), 1u);
  EXPECT_EQ(arguments->options.databases[0].destination, "Samples");
  EXPECT_EQ(arguments->options.tables_include.size(), 2u);
  EXPECT_EQ(arguments->options.rpo_ticks, 2 * kTicksPerMinute);
  EXPECT_EQ(arguments->options.horizon_before, 30 * kTicksPerDay);
  EXPECT_TRUE(arguments->options.continuous);
}

TEST(Arguments, TakesSeveralDatabasesWithOtherNames) {
  const auto parsed =
      Parse({"copy", "-l", "/l", "-s", "http://a", "-d", "http://b", "--db", "A=B c", "--db", "C"});
  const auto* arguments = std::get_if<Arguments>(&parsed);
  ASSERT_NE(arguments, nullptr);
  ASSERT_EQ(arguments->options.databases.size(), 2u);
  EXPECT_EQ(arguments->options.databases[0].source, "A");
  EXPECT_EQ(arguments->options.databases[0].destination, "B c");
}

TEST(Arguments, RefusesWhatIsWrong) {
  const std::vector<std::vector<const char*>> wrong = {
      {"--no-such-option"},
      {"-l", "/l", "-s", "http://a", "--db", "X"},
      {"-l", "/l", "-s", "http://a", "-d", "http://b", "--db", "=X"},
      {"-l", "/l", "-s", "http://a", "-d", "http://b", "--db", "X", "--rpo", "soon"},
      {"-l", "/l", "-s", "http://a", "-d", "http://b", "--db", "X", "--db", "Y=X"},
      {"-l", "/l", "-s", "http://a", "-d", "http://b", "--db", "X", "--export-slots", "0"},
      {"follow", "attach"},
  };
  for (const auto& words : wrong) {
    const auto parsed = Parse(words);
    const int* code = std::get_if<int>(&parsed);
    ASSERT_NE(code, nullptr) << words.back();
    EXPECT_EQ(*code, kExitUsage) << words.back();
  }
}

TEST(Period, TakesTheFormsOfTheManual) {
  EXPECT_EQ(ParsePeriod("5m"), 5 * kTicksPerMinute);
  EXPECT_EQ(ParsePeriod("00:05:00"), 5 * kTicksPerMinute);
  EXPECT_EQ(ParsePeriod("5 minutes"), 5 * kTicksPerMinute);
  EXPECT_EQ(ParsePeriod("1 day"), kTicksPerDay);
  EXPECT_EQ(ParsePeriod("90 seconds"), 90 * kTicksPerSecond);
  EXPECT_FALSE(ParsePeriod("soon").has_value());
  EXPECT_FALSE(ParsePeriod("-5m").has_value());
  EXPECT_FALSE(ParsePeriod("").has_value());
}

}  // namespace
}  // namespace kc::cli
