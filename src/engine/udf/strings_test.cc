#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

using StringsTest = UdfTest;

TEST_F(StringsTest, SubstringsCountCodePoints) {
  EXPECT_EQ(Ask("kql_substring('naïveté', 2, 3)"), "ïve");
  EXPECT_EQ(Ask("kql_substring('kusto', -2, 9)"), "to");
  EXPECT_EQ(Ask("kql_substring('k', -2, 9)"), "");
  EXPECT_EQ(Ask("kql_substring('kusto', 9, 1)"), "");
  EXPECT_EQ(Ask("kql_substring('😀b', 0, 1)"), "😀");
}

TEST_F(StringsTest, IndexOfOccurrences) {
  EXPECT_EQ(Ask("kql_indexof('abcabc', 'c', 0, -1, 1)"), "2");
  EXPECT_EQ(Ask("kql_indexof('abcabc', 'c', 0, -1, 2)"), "5");
  EXPECT_EQ(Ask("kql_indexof('abcabc', 'c', 0, -1, -1)"), "5");
  EXPECT_EQ(Ask("kql_indexof('abcabc', 'a', 1, 2, 1)"), "-1");
  EXPECT_EQ(Ask("kql_indexof('éa', 'a', 0, -1, 1)"), "1");
  EXPECT_EQ(Ask("kql_indexof('a', '', 0, -1, 1)"), "null");
}

TEST_F(StringsTest, TermsEndAtLettersAndDigits) {
  EXPECT_EQ(Ask("kql_has('alpha_beta', 'ALPHA')"), "true");
  EXPECT_EQ(Ask("kql_has('alphabet', 'alpha')"), "false");
  EXPECT_EQ(Ask("kql_has('x alphabet alpha', 'alpha')"), "true");
  EXPECT_EQ(Ask("kql_has('1.2.3', '2.3')"), "true");
  EXPECT_EQ(Ask("kql_has('1.2.34', '2.3')"), "false");
  EXPECT_EQ(Ask("kql_has('naïve', 'na')"), "false");
  EXPECT_EQ(Ask("kql_has('Привет МИР', 'мир')"), "true");
  EXPECT_EQ(Ask("kql_has_cs('Abc', 'abc')"), "false");
  EXPECT_EQ(Ask("kql_has('a b', ' ')"), "true");
  EXPECT_EQ(Ask("kql_hasprefix('category', 'cat')"), "true");
  EXPECT_EQ(Ask("kql_hassuffix('bobcat', 'cat')"), "true");
  EXPECT_EQ(Ask("kql_hassuffix('cats', 'cat')"), "false");
  EXPECT_EQ(Ask("kql_has('', '')"), "true");
}

TEST_F(StringsTest, ListsOfTerms) {
  EXPECT_EQ(Ask("kql_has_any('one two', '[\"x\",\"TWO\"]')"), "true");
  EXPECT_EQ(Ask("kql_has_all('one two', '[\"x\",\"TWO\"]')"), "false");
  EXPECT_EQ(Ask("kql_in_ci('NAÏVE', '[\"naïve\"]')"), "true");
  EXPECT_EQ(Ask("kql_in_array('1', '[1,2]')"), "true");
  EXPECT_EQ(AskRows("kql_has_any(x, '[\"' || x || '\"]')", "('a'),('b')"), "true|true");
}

TEST_F(StringsTest, CaseFoldingGoesBeyondAscii) {
  EXPECT_EQ(Ask("kql_eq_ci('É', 'é')"), "true");
  EXPECT_EQ(Ask("kql_startswith('ÉCOLE', 'éco')"), "true");
  EXPECT_EQ(Ask("kql_endswith('FOO', 'oo')"), "true");
  EXPECT_EQ(Ask("kql_contains('xÉCOLE', 'éco')"), "true");
  EXPECT_EQ(Ask("kql_contains('short', 'much longer')"), "false");
}

TEST_F(StringsTest, RegularExpressionsAreUnicode) {
  EXPECT_EQ(Ask("kql_extract('(\\d+)', 1, 'x１２')"), "１２");
  EXPECT_EQ(Ask("kql_extract('(?<n>\\w+)', 1, '-naïve-')"), "naïve");
  EXPECT_EQ(Ask("kql_extract('b', 0, 'x')"), "");
  EXPECT_EQ(Ask("kql_extract_all('(\\w)(\\d)', null, 'a1 b2')"), "[[\"a\",\"1\"],[\"b\",\"2\"]]");
  EXPECT_EQ(Ask("kql_extract_all('(\\w)(\\d)', '[2]', 'a1 b2')"), "[\"1\",\"2\"]");
  EXPECT_EQ(Ask("kql_extract_all('(x)', null, 'a')"), "null");
  EXPECT_EQ(Ask("kql_replace_regex('abc abc', '(a)(b)', '\\2\\1')"), "bac bac");
  EXPECT_EQ(Ask("kql_replace_regex('ab', '', '-')"), "-a-b-");
  EXPECT_EQ(Ask("kql_matches_regex('a]b', '[]]b')"), "true");
  EXPECT_THAT(Ask("kql_matches_regex('a', '(')"), testing::HasSubstr("not valid"));
  EXPECT_EQ(Ask("kql_countof_regex('aXbXc', 'X')"), "2");
}

TEST_F(StringsTest, TrimsOneMatchAtEachEnd) {
  EXPECT_EQ(Ask("kql_trim('x', 'xxabcxx')"), "xabcx");
  EXPECT_EQ(Ask("kql_trim('\\s+', '  a b  ')"), "a b");
  EXPECT_EQ(Ask("kql_trim_end('[.]com', 'bing.com')"), "bing");
}

TEST_F(StringsTest, SplitJoinAndReplace) {
  EXPECT_EQ(Ask("kql_split('a,,b', ',')"), "[\"a\",\"\",\"b\"]");
  EXPECT_EQ(Ask("kql_split('', ',')"), "[\"\"]");
  EXPECT_EQ(Ask("kql_split_at('a,b', ',', 1)"), "[\"b\"]");
  EXPECT_EQ(Ask("kql_split_at('a,b', ',', 2)"), "null");
  EXPECT_EQ(Ask("kql_strcat_array('[\"a\",null,1,true]', '|')"), "a||1|true");
  EXPECT_EQ(Ask("kql_replace_string('aaa', '', 'x')"), "aaa");
  EXPECT_EQ(Ask("kql_countof('aaaa', 'aa')"), "3");
  EXPECT_EQ(Ask("kql_translate('abc', 'x', 'aabbcd')"), "xxxxxd");
  EXPECT_EQ(Ask("kql_reverse('añ😀')"), "😀ña");
  EXPECT_EQ(Ask("kql_strcat('a', '', 'b')"), "ab");
  EXPECT_EQ(Ask("kql_strcat_delim('-', 'a', '', 'b')"), "a--b");
}

TEST_F(StringsTest, ManyReplacementsDoNotTouchEachOther) {
  EXPECT_EQ(Ask("kql_replace_strings('ab', '[\"a\",\"b\"]', '[\"b\",\"c\"]')"), "bc");
  EXPECT_EQ(Ask("kql_replace_strings('aXa', '[\"X\",\"a\"]', '[1,\"b\"]')"), "bXb");
}

TEST_F(StringsTest, HashesAreTheEnginesOwn) {
  EXPECT_EQ(Ask("kql_hash_string('World')"), "1846988464401551951");
  EXPECT_EQ(Ask("kql_hash_mod(kql_hash_string('World'), 100)"), "51");
  EXPECT_EQ(Ask("kql_hash_long(635556672000000000)"), "1380966698541616202");
  EXPECT_EQ(Ask("kql_hash_strcat_delim('|', 'a', 'b') = kql_hash_string('a|b')"), "true");
}

TEST_F(StringsTest, Codes) {
  EXPECT_EQ(Ask("kql_base64_decode(kql_base64_encode('Kusto ☃'))"), "Kusto ☃");
  EXPECT_EQ(Ask("kql_base64_encode_fromguid(kql_base64_decode_toguid('JpbpECu8dUy7Pv5gbeJXAA=='))"),
            "JpbpECu8dUy7Pv5gbeJXAA==");
  EXPECT_EQ(Ask("kql_url_encode('a b/ü')"), "a+b%2f%c3%bc");
  EXPECT_EQ(Ask("kql_url_decode('a+b%2f%C3%BC')"), "a b/ü");
  EXPECT_EQ(Ask("kql_codepoints('aé')"), "[97,233]");
  EXPECT_EQ(Ask("kql_from_codepoints('[97,[233]]')"), "aé");
  EXPECT_EQ(Ask("kql_format_bytes(10332, 1, '')"), "10.1 KB");
}

}  // namespace
}  // namespace kc::engine::udf
