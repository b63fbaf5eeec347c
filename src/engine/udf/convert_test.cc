#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

using ConvertTest = UdfTest;

TEST_F(ConvertTest, TextsOfScalars) {
  EXPECT_EQ(Ask("kql_tostring_bool(true) || kql_tostring_bool(false)"), "TrueFalse");
  EXPECT_EQ(Ask("kql_tostring_long(-9223372036854775808)"), "-9223372036854775808");
  EXPECT_EQ(Ask("kql_tostring_real(1)"), "1.0");
  EXPECT_EQ(Ask("kql_tostring_real(0.1::DOUBLE + 0.2::DOUBLE)"), "0.30000000000000007");
  EXPECT_EQ(Ask("kql_tostring_real(100000000000)"), "100000000000.0");
  EXPECT_EQ(Ask("kql_tostring_real(1e300)"), "1e300");
  EXPECT_EQ(Ask("kql_tostring_real(-2.5e-7)"), "-2.5e-7");
  EXPECT_EQ(Ask("kql_tostring_real(0.000025)"), "0.000025");
  EXPECT_EQ(Ask("kql_tostring_real('nan'::DOUBLE)"), "NaN");
  EXPECT_EQ(Ask("kql_tostring_datetime(0)"), "0001-01-01T00:00:00.0000000Z");
  EXPECT_EQ(Ask("kql_tostring_timespan(-864000000001)"), "-1.00:00:00.0000001");
  EXPECT_EQ(Ask("kql_tostring_guid('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::UUID)"),
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
}

TEST_F(ConvertTest, NullsBecomeEmptyTexts) {
  EXPECT_EQ(AskRows("kql_tostring_long(x)", "(1),(null),(3)"), "1||3");
  EXPECT_EQ(Ask("kql_tostring_real(null)"), "");
  EXPECT_EQ(AskRows("kql_tostring_bool(x)", "(true),(null)"), "True|");
  EXPECT_EQ(AskRows("kql_tostring_dynamic(x)", "('\"a\\nb\"'),(null),('true'),('[1]')"),
            "a\nb||true|[1]");
}

TEST_F(ConvertTest, TextsToNumbers) {
  EXPECT_EQ(AskRows("kql_tolong_string(x)",
                    "('12'),(' -7 '),('0x1F'),('+5'),('1.0'),('1e3'),(''),('9223372036854775808')"),
            "12|-7|31|5|null|null|null|null");
  EXPECT_EQ(AskRows("kql_toint_string(x)", "('2147483647'),('2147483648')"), "2147483647|null");
  EXPECT_EQ(
      AskRows("kql_todouble_string(x)", "('1e3'),('.5'),('5.'),('-inf'),('INF'),('0x10'),('1_0')"),
      "1000.0|0.5|5.0|-inf|null|null|null");
  EXPECT_EQ(AskRows("kql_tobool_string(x)", "('TRUE'),('-1'),('0'),('1.0'),(' true')"),
            "true|true|false|null|null");
}

TEST_F(ConvertTest, TextsOfRealsReadBack) {
  EXPECT_EQ(
      Ask("(select count(*) from (select (hash(range)::double / (1 + range)) * power(10, range % "
          "200 - 100) x from range(20000)) where kql_todouble_string(kql_tostring_real(x)) is "
          "distinct from x)"),
      "0");
  EXPECT_EQ(
      AskRows(
          "kql_tostring_real(x)",
          "(5e-324::DOUBLE), (1.7976931348623157e308), ('-0.0'::DOUBLE), (123456789.125), (1e22)"),
      "7e-324|1.7976931348623158e308|-0.0|123456789.125|1e22");
}

TEST_F(ConvertTest, RealsTruncateAndSaturate) {
  EXPECT_EQ(AskRows("kql_tolong_real(x)", "(2.9::DOUBLE),(-2.9),(1e30),(-1e30)"),
            "2|-2|9223372036854775807|-9223372036854775808");
  EXPECT_EQ(Ask("kql_toint_long(36000000000)"), "1640261632");
}

TEST_F(ConvertTest, DynamicLeaves) {
  EXPECT_EQ(AskRows("kql_tolong_dynamic(x)", "('42'),('\"42\"'),('9.99'),('true'),('[1]'),(null)"),
            "42|42|9|1|null|null");
  EXPECT_EQ(AskRows("kql_tobool_dynamic(x)", "('2'),('\"x\"'),('false')"), "true|null|false");
  EXPECT_EQ(
      Ask("kql_tostring_guid(kql_toguid_dynamic('\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"'))"),
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
}

TEST_F(ConvertTest, ParseJsonNormalises) {
  EXPECT_EQ(Ask("kql_parse_json(' { \"a\" : [ 1 , 2.50, \"\\u00e9\\/\" ] , \"b\":null} ')"),
            "{\"a\":[1,2.5,\"é/\"],\"b\":null}");
  EXPECT_EQ(Ask("kql_parse_json('not json')"), "\"not json\"");
  EXPECT_EQ(Ask("kql_parse_json('')"), "null");
  EXPECT_EQ(Ask("kql_parse_json('null')"), "null");
  EXPECT_EQ(Ask("kql_parse_json('[1,]')"), "\"[1,]\"");
  EXPECT_EQ(Ask("kql_parse_json('18446744073709551616')"), "18446744073709553000.0");
  EXPECT_EQ(Ask("kql_parse_json('01')"), "\"01\"");
}

TEST_F(ConvertTest, PathAccess) {
  EXPECT_EQ(Ask("kql_member('{\"a\":{\"b\":[1,2,{\"c\":\"x}\"}]}}', 'a')"),
            "{\"b\":[1,2,{\"c\":\"x}\"}]}");
  EXPECT_EQ(Ask("kql_index('[1,[2,3],\"]\"]', -2)"), "[2,3]");
  EXPECT_EQ(Ask("kql_index('[1]', 1)"), "null");
  EXPECT_EQ(Ask("kql_member('{\"a\":null}', 'a')"), "null");
  EXPECT_EQ(Ask("kql_member('[1]', 'a')"), "null");
}

TEST_F(ConvertTest, SortedJsonAndTypes) {
  EXPECT_EQ(Ask("kql_dynamic_to_json('{\"b\":1,\"a\":{\"d\":[{\"z\":1,\"y\":2}],\"c\":3}}')"),
            "{\"a\":{\"c\":3,\"d\":[{\"y\":2,\"z\":1}]},\"b\":1}");
  EXPECT_EQ(
      AskRows("kql_gettype_dynamic(x)", "('1'),('1.5'),('\"\"'),('{}'),('[]'),(null),('true')"),
      "long|double|string|dictionary|array|null|bool");
}

TEST_F(ConvertTest, Decimals) {
  EXPECT_EQ(Ask("kql_dec_add('0.1', '0.2')"), "0.3");
  EXPECT_EQ(Ask("kql_dec_div('1', '3')"), "0.3333333333333333333333333333333333");
  EXPECT_EQ(Ask("kql_dec_div('1', '0')"), "null");
  EXPECT_EQ(Ask("kql_dec_mod('-7.5', '2')"), "0.5");
  EXPECT_EQ(Ask("kql_todecimal_string(' -001.500 ')"), "-1.5");
  EXPECT_EQ(Ask("kql_todecimal_string('12345678901234567890123456789012345')"),
            "12345678901234567890123456789012340");
  EXPECT_EQ(Ask("kql_todecimal_string('1e-45')"), "1e-45");
  EXPECT_EQ(Ask("kql_dec_round('2.345', 2)"), "2.35");
  EXPECT_EQ(Ask("kql_dec_floor('-1.5')"), "-2");
  EXPECT_EQ(Ask("kql_dec_cmp('10', '9.5')"), "1");
  EXPECT_EQ(AskRows("kql_dec_from_key(kql_dec_key(x))", "('-12.5'),('0'),('1e60'),('0.001')"),
            "-12.5|0|1e60|0.001");
  EXPECT_EQ(Ask("(select string_agg(v, ' ' order by kql_dec_key(v)) from (values ('3'), ('-20'), "
                "('0'), ('0.5'), ('-0.5'), ('100')) t(v))"),
            "-20 -0.5 0 0.5 3 100");
  EXPECT_EQ(Ask("kql_tolong_decimal('-9223372036854775808')"), "-9223372036854775808");
  EXPECT_EQ(Ask("kql_tolong_decimal('9223372036854775808')"), "null");
}

}  // namespace
}  // namespace kc::engine::udf
