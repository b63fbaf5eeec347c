#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

using NetworkTest = UdfTest;

TEST_F(NetworkTest, ParsesAddresses) {
  EXPECT_EQ(
      AskRows("kql_parse_ipv4(x)", "('1.2.3.4'), ('1.2.3.4/8'), ('1.2.3'), ('1.2.3.256'), ('')"),
      "16909060|16777216|null|null|null");
  EXPECT_EQ(Ask("kql_parse_ipv6('10.0.0.1', 128)"), "0000:0000:0000:0000:0000:ffff:0a00:0001");
  EXPECT_EQ(Ask("kql_format_ipv4('192.168.1.77', 24, true)"), "192.168.1.0/24");
  EXPECT_EQ(Ask("kql_format_ipv4('192.168.1.77', 33, true)"), "");
}

TEST_F(NetworkTest, ComparesByTheShorterPrefix) {
  EXPECT_EQ(Ask("kql_ipv4_compare('10.0.0.1/24', '10.0.0.200', 32)"), "0");
  EXPECT_EQ(Ask("kql_ipv4_compare('10.0.0.1', '10.0.0.2', 32)"), "-1");
  EXPECT_EQ(Ask("kql_ipv6_compare('fe80::1', 'fe80::2/120', 128)"), "0");
  EXPECT_EQ(Ask("kql_ipv6_compare('::ffff:10.0.0.1', '10.0.0.1', 128)"), "0");
  EXPECT_EQ(Ask("kql_ipv4_is_in_range('10.0.1.1', '10.0.0.0/23')"), "true");
  EXPECT_EQ(Ask("kql_ipv4_is_in_any_range('10.1.1.1', '[\"9.0.0.0/8\",\"10.0.0.0/8\"]')"), "true");
  EXPECT_EQ(
      AskRows("kql_ipv4_is_private(x)", "('172.31.0.1'), ('172.32.0.1'), ('10.0.0.0/7'), ('x')"),
      "true|false|false|null");
}

TEST_F(NetworkTest, FindsAddressesInText) {
  EXPECT_EQ(Ask("kql_has_ipv4('from 10.0.0.1, to', '10.0.0.1')"), "true");
  EXPECT_EQ(Ask("kql_has_ipv4('from10.0.0.1', '10.0.0.1')"), "false");
  EXPECT_EQ(Ask("kql_has_ipv4('10.0.0.11', '10.0.0.1')"), "false");
  EXPECT_EQ(Ask("kql_has_ipv4_prefix('at 10.0.0.1', '10.0.')"), "true");
  EXPECT_EQ(Ask("kql_has_ipv4_prefix('at 10.0.0.1', '10.0')"), "false");
}

TEST_F(NetworkTest, TakesUrlsApart) {
  EXPECT_EQ(Ask("kql_parse_url('http://u:p@h.org:81/a/b?x=1&y#f')"),
            "{\"Scheme\":\"http\",\"Host\":\"h.org\",\"Port\":\"81\",\"Path\":\"/a/"
            "b\",\"Username\":\"u\","
            "\"Password\":\"p\",\"Query Parameters\":{\"x\":\"1\",\"y\":\"\"},\"Fragment\":\"f\"}");
}

TEST_F(NetworkTest, PathsCsvAndVersions) {
  EXPECT_EQ(Ask("kql_member(kql_parse_path('/a/b/c.tar.gz'), 'Extension')"), "\"gz\"");
  EXPECT_EQ(Ask("kql_member(kql_parse_path('C:\\x\\y.txt'), 'DirectoryPath')"), "\"C:\\\\x\"");
  EXPECT_EQ(Ask("kql_parse_csv('a,\"b \"\"q\"\"\",,c')"), "[\"a\",\"b \\\"q\\\"\",\"\",\"c\"]");
  EXPECT_EQ(Ask("kql_parse_version('1.20')"), "1000000200000000000000000");
  EXPECT_EQ(Ask("kql_parse_version('1.2.3.4.5')"), "null");
}

}  // namespace
}  // namespace kc::engine::udf
