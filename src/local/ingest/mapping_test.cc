#include "local/ingest/mapping.h"

#include <gtest/gtest.h>

namespace kc::local {
namespace {

TEST(JsonPath, Steps) {
  EXPECT_EQ(ParseJsonPath("$"), std::vector<PathStep>{});
  EXPECT_EQ(ParseJsonPath("$.a.b"), (std::vector<PathStep>{{"a", {}}, {"b", {}}}));
  EXPECT_EQ(ParseJsonPath("$.a[2]"), (std::vector<PathStep>{{"a", {}}, {"", 2}}));
  EXPECT_EQ(ParseJsonPath("$['a b'].c"), (std::vector<PathStep>{{"a b", {}}, {"c", {}}}));
  EXPECT_EQ(ParseJsonPath("$.['it\\'s']"), (std::vector<PathStep>{{"it's", {}}}));
  for (const char* bad : {"", "a", "$a", "$.", "$.a[", "$.a[x]", "$.*", "$['a"}) {
    EXPECT_FALSE(ParseJsonPath(bad)) << bad;
  }
}

TEST(Mapping, TodaysShape) {
  auto mapping = ParseMapping(
      R"([{"Column":"a","Datatype":"long","Properties":{"Ordinal":"2"}},
          {"column":"b","Properties":{"ConstValue":"x"}},
          {"Column":"c","Properties":{"Transform":"SourceLineNumber"}}])",
      DataFormat::kCsv);
  ASSERT_TRUE(mapping) << mapping.error().message;
  ASSERT_EQ(mapping->size(), 3u);
  EXPECT_EQ((*mapping)[0].type, ScalarType::kLong);
  EXPECT_EQ((*mapping)[0].source.ordinal, 2);
  EXPECT_EQ((*mapping)[1].source.constant, "x");
  EXPECT_EQ((*mapping)[2].source.transform, Transform::kSourceLineNumber);
}

TEST(Mapping, LegacyShapes) {
  auto csv = ParseMapping(R"([{"Name":"a","DataType":"int","CsvDataType":null,"Ordinal":1,
                               "ConstValue":null}])",
                          DataFormat::kCsv);
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ((*csv)[0].column, "a");
  EXPECT_EQ((*csv)[0].source.ordinal, 1);
  auto json =
      ParseMapping(R"([{"column":"a","path":"$.x","datatype":"string"}])", DataFormat::kJson);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)[0].source.path, (std::vector<PathStep>{{"x", {}}}));
}

TEST(Mapping, APathWithoutDollarIsAConstant) {
  auto mapping =
      ParseMapping(R"([{"Column":"a","Properties":{"Path":"fixed"}}])", DataFormat::kParquet);
  ASSERT_TRUE(mapping);
  EXPECT_EQ((*mapping)[0].source.kind, CellSource::Kind::kConstant);
  EXPECT_EQ((*mapping)[0].source.constant, "fixed");
}

TEST(Mapping, Refusals) {
  for (const char* bad : {"", "{}", "[]", "[1]", R"([{"Properties":{}}])",
                          R"([{"Column":"a","Properties":{"Ordinal":"-1"}}])",
                          R"([{"Column":"a","Datatype":"widget"}])",
                          R"([{"Column":"a","Properties":{"Transform":"Nonsense"}}])"}) {
    auto mapping = ParseMapping(bad, DataFormat::kCsv);
    ASSERT_FALSE(mapping) << bad;
    EXPECT_EQ(mapping.error().reason, "BadRequest_InvalidMapping") << bad;
  }
  std::vector<ColumnSchema> columns{{"a", ScalarType::kLong}};
  auto bind = [&](const char* json) {
    return BindMapping(columns, *ParseMapping(json, DataFormat::kCsv));
  };
  EXPECT_TRUE(bind(R"([{"Column":"a","Properties":{"Ordinal":0}}])"));
  EXPECT_FALSE(bind(R"([{"Column":"A","Properties":{"Ordinal":0}}])"));
  EXPECT_FALSE(bind(R"([{"Column":"a","Datatype":"string","Properties":{"Ordinal":0}}])"));
  EXPECT_FALSE(bind(R"([{"Column":"a","Properties":{"Ordinal":0}},
                        {"Column":"a","Properties":{"Ordinal":1}}])"));
}

}  // namespace
}  // namespace kc::local
