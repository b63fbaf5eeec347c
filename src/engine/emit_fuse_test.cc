// The fused hash of a row gives what the functions it stands for give.
#include "engine/emit_fuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/no_tables_test_base.h"

namespace kc::engine {
namespace {

// Rows of hard values, and the texts that a fingerprint makes of them.
constexpr char kPrelude[] = R"(
let real_text = (x:real) {
  case(isnull(x), '', isnan(x), 'nan', isinf(x), iff(x > 0, '+inf', '-inf'),
    x == 0, iff(1.0 / x < 0, '-0', '+0'),
    strcat(tostring(x), '~', tostring(x - toreal(tostring(x))))) };
let decimal_text = (d:decimal) { let s = tostring(d);
  case(isnull(d), '', d == decimal(0), '0', s matches regex @'^-?[0-9]+([.][0-9]+)?$',
    replace_regex(replace_regex(s, @'([.][0-9]*[1-9])0+$', @'\1'), @'[.]0*$', ''),
    strcat('?', s)) };
let dynamic_text = (d:dynamic) { let g = gettype(d);
  iff(isnull(d), '', strcat(case(g in ('array', 'dictionary', 'bool'), g,
      g in ('int', 'long', 'real', 'double', 'decimal'), 'num', 'txt'), ':',
    tostring(hash_xxhash64(strcat('j', dynamic_to_json(d)))))) };
let T = datatable(b:bool, i:int, l:long, r:real, d:decimal, t:datetime, p:timespan, g:guid,
                  s:string, y:dynamic)[
  true, 1, 2, 0.1, decimal(1.50), datetime(2020-01-02 03:04:05.1234567), 1d,
    guid(a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11), 'x', dynamic({"b":[1,{"z":1,"y":2}],"a":"q"}),
  false, int(-2147483648), long(-9223372036854775807), -0.0, decimal(0), datetime(0001-01-01),
    -1tick, guid(00000000-0000-0000-0000-000000000000), '', dynamic("txt"),
  bool(null), int(null), long(null), real(null), decimal(null), datetime(null), timespan(null),
    guid(null), 'a|b', dynamic(null),
  true, 0, 0, real(nan), decimal(-123456789012345678901234567890.25),
    datetime(9999-12-31 23:59:59.9999999), -99d, guid(ffffffff-ffff-ffff-ffff-ffffffffffff),
    'naïve 😀', dynamic(1.5),
  true, 7, 7, real(-inf), decimal(1e30), datetime(2000-02-29), 0s, guid(null),
    'long text of some size', dynamic(true),
  true, 7, 7, 1e300, decimal(100), datetime(1900-01-01), 0s, guid(null), ' ', dynamic([]) ];
)";

std::string Joined(const std::string& first) {
  return "strcat_delim('|', '" + first +
         "', iff(isnull(b), '', iff(b, 't', 'f')), tostring(i), tostring(l), real_text(r), "
         "decimal_text(d), iff(isnull(t), '', format_datetime(t, 'yyyy-MM-dd HH:mm:ss.fffffff')), "
         "tostring(p), tostring(g), iff(isempty(s), '', tostring(hash_xxhash64(s))), "
         "dynamic_text(y))";
}

TEST(EmitFuseTest, TheSameValuesAsTheFunctions) {
  NoTables catalog;
  NoScans provider;
  QueryRequest request;
  // The outer strcat() keeps the second hash from being fused.
  request.text = std::string(kPrelude) + "T | project fused = hash_xxhash64(" + Joined("0") +
                 "), plain = hash_xxhash64(strcat(" + Joined("0") + ", ''))";
  const auto table = TheEngine().Collect(request, catalog, provider);
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->rows.size(), 6u);
  for (const std::vector<Value>& row : table->rows) {
    ASSERT_FALSE(IsNull(row[0]));
    EXPECT_EQ(std::get<int64_t>(row[0]), std::get<int64_t>(row[1]));
  }
}

TEST(EmitFuseTest, TheFingerprintIsFused) {
  NoTables catalog;
  NoScans provider;
  QueryRequest request;
  request.text = std::string(kPrelude) + "T | project h = hash_xxhash64(" + Joined("0") + ")";
  const auto select = TheEngine().Prepare(request, catalog, provider);
  ASSERT_TRUE(select) << select.error().message;
  EXPECT_THAT(select->sql, testing::HasSubstr("kql_hash_row('|', 'sbilrdtpghy', '0', "));
  EXPECT_THAT(select->sql, testing::Not(testing::HasSubstr("kql_tostring")));
}

TEST(EmitFuseTest, OtherTextsStayAsTheyAre) {
  NoTables catalog;
  NoScans provider;
  QueryRequest request;
  request.text =
      "datatable(a:long, s:string)[1,'x'] | project strcat(tostring(hash_xxhash64("
      "strcat_delim('-', s, strcat(s, 'y'), tostring(a + 1)))), ' ', "
      "tostring(hash_xxhash64('x-xy-2')))";
  const auto table = TheEngine().Collect(request, catalog, provider);
  ASSERT_TRUE(table) << table.error().message;
  const std::string text = std::get<std::string>(table->rows[0][0]);
  EXPECT_EQ(text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1));
}

}  // namespace
}  // namespace kc::engine
