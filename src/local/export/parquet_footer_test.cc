#include "local/export/parquet_footer.h"

#include <gtest/gtest.h>

#include "world/random.h"

namespace kc::local {
namespace {

const std::map<std::string, std::string> kNames = {{"o0", "Foo"}, {"o1", "a longer name"}};

// FileMetaData{2: [SchemaElement{4: name}…], 3: i64, 4: [RowGroup{1: [ColumnChunk{3: {3:
// [name]}}]}]}
std::string Footer(const std::string& a, const std::string& b) {
  auto text = [](const std::string& s) { return std::string(1, static_cast<char>(s.size())) + s; };
  auto element = [&](const std::string& s) { return "\x48" + text(s) + std::string(1, '\0'); };
  auto chunk = [&](const std::string& s) {
    return "\x3C\x39\x18" + text(s) + std::string(2, '\0');
  };
  return "\x29\x2C" + element(a) + element(b) + "\x16\x08\x19\x1C\x19\x2C" + chunk(a) + chunk(b) +
         std::string(2, '\0');
}

TEST(ParquetFooter, NamesAreReplacedInSchemaAndChunks) {
  auto renamed = RenameInFooter(Footer("o0", "o1"), kNames);
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(*renamed, Footer("Foo", "a longer name"));
  EXPECT_EQ(*RenameInFooter(Footer("x", "o11"), kNames), Footer("x", "o11"));
}

TEST(ParquetFooter, MalformedOnesAreRefused) {
  std::string footer = Footer("o0", "o1");
  for (size_t length = 0; length < footer.size(); ++length) {
    EXPECT_FALSE(RenameInFooter(footer.substr(0, length), kNames)) << length;
  }
  EXPECT_FALSE(RenameInFooter(footer + "x", kNames));
  // Any bytes end in an answer.
  for (int round = 0; round < 2000; ++round) {
    std::string broken = footer;
    for (int i = 0; i < 3; ++i) {
      broken[world::SystemRandom().Below(broken.size())] =
          static_cast<char>(world::SystemRandom().Next());
    }
    (void)RenameInFooter(broken, kNames);
  }
}

}  // namespace
}  // namespace kc::local
