#include "engine/udf/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace kc::engine::udf {
namespace {

std::string Sorted(std::string_view json) {
  std::string out;
  AppendSortedJson(out, json);
  return out;
}

TEST(JsonText, KeysAreSortedAtEveryDepth) {
  EXPECT_EQ(Sorted(R"({"b":[{"z":1,"a":{"y":2,"x":"]}"}}],"a":null})"),
            R"({"a":null,"b":[{"a":{"x":"]}","y":2},"z":1}]})");
  EXPECT_EQ(Sorted("{}"), "{}");
  EXPECT_EQ(Sorted(R"([{"b":1,"a":2},[]])"), R"([{"a":2,"b":1},[]])");
}

// Not JSON, which is never stored: nothing is written beyond the memory.
TEST(JsonText, TextsThatAreNotJsonDoNoHarm) {
  for (const std::string_view text :
       {"[", "{", "[[[[[[", "{\"a\"1}", "[\"a\"\"b\"\"c\"]", "{:1}", "{\"a\":{\"b\":[",
        "[1[2[3{\"x\"", "{\"a\" 1}", "[{}{}{}[][]]"}) {
    EXPECT_LT(Sorted(text).size(), 3 * text.size()) << text;
  }
  EXPECT_EQ(Sorted(R"({"b" : 1, "a":[ 1 ,{"d":2,"c":3} ]})"), R"({"a":[1,{"c":3,"d":2}],"b":1})");
}

// Objects of few keys are sorted another way than those of many: both, and the step between.
TEST(JsonText, ObjectsOfEverySizeAreSortedAndEqualKeysKeepTheirOrder) {
  for (int count = 1; count < 40; ++count) {
    std::string json = "{", expected = "{";
    for (int i = 0; i < count; ++i) {
      const auto entry = [](int key, int value) {
        return "\"" + std::to_string(100 + key) + "\":" + std::to_string(value);
      };
      json += (i > 0 ? "," : "") + entry((count - 1 - i) / 2, i);
      // Pairs of equal keys, the first of each pair first.
      const int key = i / 2;
      const int first = count - 1 - (2 * key + 1) >= 0 ? count - 1 - (2 * key + 1) : 0;
      expected += (i > 0 ? "," : "") + entry(key, first + i % 2);
    }
    EXPECT_EQ(Sorted(json + "}"), expected + "}") << count;
  }
}

// What ingestion takes over without writing it anew.
TEST(JsonText, NormalIsWhatNormalizingLeavesAsItIs) {
  constexpr const char* kTexts[] = {"",
                                    " ",
                                    "null",
                                    "true",
                                    "1",
                                    "-1",
                                    "-0",
                                    "01",
                                    "1.0",
                                    "1.50",
                                    "1e3",
                                    "1000.0",
                                    "1e400",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "1e21",
                                    "0.1",
                                    "\"a\"",
                                    "\"a",
                                    "\"a\\/b\"",
                                    "\"a\\nb\"",
                                    "\"\\u000a\"",
                                    "\"\\u00e9\"",
                                    "\"\xC3\xA9\"",
                                    "[]",
                                    "[ ]",
                                    "[1,2]",
                                    "[1, 2]",
                                    "[1,]",
                                    "{}",
                                    "{\"a\":1}",
                                    "{\"a\": 1}",
                                    "{ \"a\":1}",
                                    "{\"a\":1,\"a\":2}",
                                    "{\"b\":{\"{\":[{}]},\"a\":\"{\"}",
                                    "{\"a\":1} ",
                                    " {\"a\":1}",
                                    "{\"a\":1}{",
                                    "{a:1}",
                                    "{\"a\"}",
                                    "[1]]",
                                    "nul",
                                    "\"\x01\"",
                                    "\"\\u0001\"",
                                    "\"\\ud800\""};
  for (const std::string text : kTexts) {
    std::string normal;
    const bool same = NormalizeJson(text, normal) && normal == text;
    EXPECT_EQ(IsNormalJson(text), same) << text;
  }
  EXPECT_TRUE(IsNormalJson(R"({"b":{"{":[{},1.5,"x\"y"]},"a":null})"));
  EXPECT_FALSE(IsNormalJson(R"({"b": 1})"));
}

}  // namespace
}  // namespace kc::engine::udf
