#include "kql/lexer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/ticks.h"

namespace kc::kql {
namespace {

std::vector<Token> LexAll(std::string_view text) {
  auto tokens = Lex(text);
  EXPECT_TRUE(tokens) << (tokens ? "" : tokens.error().message);
  return tokens ? *std::move(tokens) : std::vector<Token>(1);
}

std::string Texts(std::string_view text) {
  std::string result;
  for (const Token& token : LexAll(text)) {
    if (!result.empty()) result += ' ';
    result += token.text;
  }
  return result;
}

Token One(std::string_view text) {
  auto tokens = LexAll(text);
  EXPECT_EQ(tokens.size(), 2u) << text;
  return tokens[0];
}

TEST(LexerTest, SplitsOperatorsAndDropsComments) {
  EXPECT_EQ(Texts("T|where a==1 // note\n and b!=2"), "T | where a == 1 and b != 2 ");
  EXPECT_EQ(Texts("a !in~ (b) x!has_cs y in~(z)"), "a !in~ ( b ) x !has_cs y in~ ( z ) ");
  EXPECT_EQ(Texts("(1..5)"), "( 1 .. 5 ) ");
  EXPECT_EQ(Texts("x<|y"), "x <| y ");
  EXPECT_EQ(Texts("a\xC2\xA0\xEF\xBB\xBF"
                  "b"),
            "a b ");
}

TEST(LexerTest, ReadsNumbers) {
  EXPECT_EQ(std::get<int64_t>(One("12").value), 12);
  EXPECT_EQ(std::get<int64_t>(One("0x1F").value), 31);
  EXPECT_EQ(std::get<int64_t>(One("0xFFFFFFFFFFFFFFFF").value), -1);
  EXPECT_EQ(std::get<double>(One("1.25").value), 1.25);
  EXPECT_EQ(std::get<double>(One("3.").value), 3.0);
  EXPECT_EQ(std::get<double>(One("1e3").value), 1000.0);
  EXPECT_EQ(std::get<double>(One("1e999").value), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(IsNull(One("9223372036854775808").value));
  EXPECT_EQ(One("1L").kind, TokenKind::kIdentifier);
  EXPECT_EQ(One("7days_of").kind, TokenKind::kIdentifier);
}

TEST(LexerTest, ReadsTimeSpansExactly) {
  EXPECT_EQ(std::get<int64_t>(One("1d").value), kTicksPerDay);
  EXPECT_EQ(std::get<int64_t>(One("1.5h").value), 90 * kTicksPerMinute);
  EXPECT_EQ(std::get<int64_t>(One("0.1d").value), kTicksPerDay / 10);
  EXPECT_EQ(std::get<int64_t>(One("3microseconds").value), 30);
  EXPECT_EQ(std::get<int64_t>(One("250nanoseconds").value), 2);
  EXPECT_EQ(std::get<int64_t>(One("7ticks").value), 7);
  EXPECT_EQ(One("1us").kind, TokenKind::kIdentifier);  // no such suffix in Kusto
  EXPECT_EQ(One("99999999999d").kind, TokenKind::kIdentifier);
}

TEST(LexerTest, DecodesStrings) {
  EXPECT_EQ(std::get<std::string>(One(R"("a\tb\\\"\u00e9")").value), "a\tb\\\"\xC3\xA9");
  EXPECT_EQ(std::get<std::string>(One(R"('it\'s "ok"')").value), "it's \"ok\"");
  EXPECT_EQ(std::get<std::string>(One(R"(@'c:\d''e')").value), R"(c:\d'e)");
  EXPECT_EQ(std::get<std::string>(One("```a\n\"b\\```").value), "a\n\"b\\");
  EXPECT_EQ(std::get<std::string>(One("~~~x`y~~~").value), "x`y");
  EXPECT_EQ(std::get<std::string>(One(R"("\ud83d\ude00")").value), "\xF0\x9F\x98\x80");
  const Token secret = One("h@\"key\"");
  EXPECT_EQ(std::get<std::string>(secret.value), "key");
  EXPECT_TRUE(secret.obfuscated);
  EXPECT_EQ(One("h1").kind, TokenKind::kIdentifier);
}

TEST(LexerTest, RefusesBrokenStrings) {
  for (const char* text : {"'abc", "\"a\nb\"", "```a", R"("\q")", R"("\u12")"}) {
    const auto tokens = Lex(text);
    ASSERT_FALSE(tokens) << text;
    EXPECT_EQ(tokens.error().reason, "SYN0002");
    EXPECT_EQ(tokens.error().code, ErrorCode::kStop);
  }
}

TEST(LexerTest, TakesTypedLiteralsWhole) {
  const Token date = One("datetime( 2020-01-01 10:00 )");
  EXPECT_EQ(date.kind, TokenKind::kTypedLiteral);
  EXPECT_EQ(date.type, ScalarType::kDateTime);
  EXPECT_EQ(date.inner, "2020-01-01 10:00");
  EXPECT_EQ(One("guid(')')").inner, "')'");
  EXPECT_EQ(LexAll("datetime (x)")[0].kind, TokenKind::kIdentifier);
  EXPECT_EQ(LexAll("dynamic([1])")[0].kind, TokenKind::kIdentifier);
}

TEST(LexerTest, TakesBareGuids) {
  const Token guid = One("0A1b2c3d-1111-2222-3333-444455556666");
  EXPECT_EQ(guid.kind, TokenKind::kGuid);
  EXPECT_EQ(std::get<std::string>(guid.value), "0a1b2c3d-1111-2222-3333-444455556666");
}

TEST(LexerTest, TellsLineAndPosition) {
  const Error error = SyntaxError("ab\n\xC3\xA9x", 5, "Here.");
  EXPECT_EQ(error.message,
            "Syntax error: A recognition error occurred. [line:position=2:1]. Here.");
}

}  // namespace
}  // namespace kc::kql
