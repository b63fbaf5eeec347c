#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/scalar.h"
#include "base/utf8.h"

namespace kc {
namespace {

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string>{""}));
}

TEST(Text, WildcardsBacktrack) {
  EXPECT_TRUE(MatchesWildcard("Storm_Events_2020", "Storm*20"));
  EXPECT_TRUE(MatchesWildcard("aXbXc", "*X*c"));
  EXPECT_TRUE(MatchesWildcard("", "*"));
  EXPECT_FALSE(MatchesWildcard("Storm", "storm"));
  EXPECT_TRUE(MatchesWildcard("Storm", "st*", true));
  EXPECT_FALSE(MatchesWildcard("ab", "a"));
}

TEST(Text, Base64RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
    bytes += static_cast<char>(i);
  }
  EXPECT_EQ(Base64Encode("Man"), "TWFu");
  EXPECT_EQ(Base64Encode("M"), "TQ==");
  EXPECT_FALSE(Base64Decode("TQ="));
  EXPECT_FALSE(Base64Decode("T===="));
}

TEST(Text, UrlEncodingRoundTrips) {
  EXPECT_EQ(UrlEncode("a b/ü"), "a%20b%2F%C3%BC");
  EXPECT_EQ(UrlEncode("a/b", "/"), "a/b");
  EXPECT_EQ(UrlDecode("a%20b%2f"), "a b/");
  EXPECT_FALSE(UrlDecode("%2"));
}

TEST(Text, CodePointsAsUtf8) {
  std::string text;
  for (const char32_t c : {U'a', U'ü', U'€', U'🌍', char32_t{0xD800}, char32_t{0x110000}}) {
    AppendUtf8(text, c);
  }
  EXPECT_EQ(text, "aü€🌍\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Text, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(IsValidUtf8("grün 🌍"));
  EXPECT_FALSE(IsValidUtf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_EQ(SanitizeUtf8("a\xFF"
                         "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(CountCodePoints("ü🌍"), 2u);
}

TEST(Text, DoublesReadBackTheSame) {
  for (double value : {0.1, 1e300, 5e-324, -0.0, 1.0 / 3, 123456789012345678.0}) {
    auto back = ParseDouble(FormatDouble(value));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::signbit(*back), std::signbit(value));
    EXPECT_EQ(*back, value);
  }
  EXPECT_EQ(FormatDouble(1), "1.0");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::infinity()), "Infinity");
}

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(FormatThousands(1234567), "1,234,567");
  EXPECT_EQ(FormatThousands(-999), "-999");
  EXPECT_EQ(FormatThousands(-1000), "-1,000");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
}

TEST(Text, GuidsAreNormalized) {
  constexpr const char* kGuid = "74be27de-1e4e-49d9-b579-fe0b331d3642";
  EXPECT_EQ(NormalizeGuid("74BE27DE1E4E49D9B579FE0B331D3642"), kGuid);
  EXPECT_EQ(NormalizeGuid("{74be27de-1e4e-49d9-b579-fe0b331d3642}"), kGuid);
  EXPECT_FALSE(NormalizeGuid("74be27de-1e4e-49d9-b579-fe0b331d364"));
  EXPECT_FALSE(NormalizeGuid("74be27de-1e4e-49d9-b579-fe0b331d364g"));
}

TEST(Text, KqlLiteralsAndNamesAreEscaped) {
  EXPECT_EQ(KqlStringLiteral("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  EXPECT_EQ(KqlName("my 'table'"), R"(['my \'table\''])");
  EXPECT_EQ(KqlName("_x"), "_x");
}

TEST(Hash, KnownDigests) {
  // XXH64 of "World" as Microsoft documents it for hash_xxhash64: 1846988464401551951.
  EXPECT_EQ(XxHash64("World"), 1846988464401551951u);
  EXPECT_EQ(Md5Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Json, DepthIsLimited) {
  std::string deep(kMaxJsonDepth + 1, '[');
  deep += std::string(kMaxJsonDepth + 1, ']');
  EXPECT_FALSE(ParseJson(deep));
  EXPECT_TRUE(ParseJson("[[\"[[[\"]]"));
  EXPECT_FALSE(ParseJson("{"));
  EXPECT_EQ(JsonString("a\"\n\x01"), "\"a\\\"\\n\\u0001\"");
}

TEST(Scalar, NamesGoBothWays) {
  for (int i = 0; i < kScalarTypeCount; ++i) {
    auto type = static_cast<ScalarType>(i);
    EXPECT_EQ(ParseScalarType(KustoName(type)), type);
    EXPECT_EQ(ParseScalarType(DotNetName(type)), type);
    EXPECT_EQ(ParseScalarType("System." + std::string(DotNetName(type))), type);
  }
  EXPECT_EQ(ParseScalarType("uniqueid"), ScalarType::kGuid);
  EXPECT_FALSE(ParseScalarType("text"));
}

TEST(Log, SecretsAreRedacted) {
  EXPECT_EQ(Redact("https://a/b?sv=1&sig=abc%3D&se=2"), "https://a/b?sv=1&sig=***&se=2");
  EXPECT_EQ(Redact("AppKey=secret;x"), "AppKey=***;x");
  EXPECT_EQ(Redact("to csv (h@\"https://x;key\")"), "to csv (h@\"***\")");
  std::string key(88, 'k');
  EXPECT_EQ(Redact("https://a/b;" + key), "https://a/b;***");
}

}  // namespace
}  // namespace kc
