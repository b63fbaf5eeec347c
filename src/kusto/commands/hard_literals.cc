// The self-test of queries.h.
#include <array>
#include <map>

#include "base/text.h"
#include "kusto/answers.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/row_hash.h"

namespace kc::kusto::commands {
namespace {

struct Case {
  ScalarType type;
  std::string_view name;
  std::string_view literal;
};

// Of one type, all must have different texts.
constexpr Case kCases[] = {
    {ScalarType::kBool, "null", "bool(null)"},
    {ScalarType::kBool, "true", "true"},
    {ScalarType::kBool, "false", "false"},
    {ScalarType::kInt, "null", "int(null)"},
    {ScalarType::kInt, "zero", "int(0)"},
    {ScalarType::kInt, "least", "int(-2147483648)"},
    {ScalarType::kInt, "most", "int(2147483647)"},
    {ScalarType::kLong, "null", "long(null)"},
    {ScalarType::kLong, "zero", "long(0)"},
    {ScalarType::kLong, "least", "tolong('-9223372036854775808')"},
    {ScalarType::kLong, "most", "long(9223372036854775807)"},
    {ScalarType::kLong, "most_less_one", "long(9223372036854775806)"},
    {ScalarType::kReal, "null", "real(null)"},
    {ScalarType::kReal, "nan", "real(nan)"},
    {ScalarType::kReal, "inf", "real(+inf)"},
    {ScalarType::kReal, "minus_inf", "real(-inf)"},
    {ScalarType::kReal, "zero", "0.0"},
    {ScalarType::kReal, "minus_zero", "0.0 * -1.0"},
    {ScalarType::kReal, "tenth", "0.1"},
    {ScalarType::kReal, "tenth_next", "0.10000000000000002"},
    {ScalarType::kReal, "third", "1.0 / 3.0"},
    {ScalarType::kReal, "largest", "1.7976931348623157e308"},
    {ScalarType::kReal, "largest_before", "1.7976931348623155e308"},
    {ScalarType::kReal, "large", "123456789012345680.0"},
    {ScalarType::kReal, "small", "2.2250738585072014e-308"},
    {ScalarType::kReal, "small_next", "2.2250738585072019e-308"},
    {ScalarType::kDecimal, "null", "decimal(null)"},
    {ScalarType::kDecimal, "zero", "decimal(0)"},
    {ScalarType::kDecimal, "last_digit_4", "decimal(1.234567890123456789012345678901234)"},
    {ScalarType::kDecimal, "last_digit_5", "decimal(1.234567890123456789012345678901235)"},
    {ScalarType::kDecimal, "minus", "decimal(-0.5)"},
    {ScalarType::kDateTime, "null", "datetime(null)"},
    {ScalarType::kDateTime, "least", "datetime(0001-01-01)"},
    {ScalarType::kDateTime, "most", "datetime(9999-12-31T23:59:59.9999999Z)"},
    {ScalarType::kDateTime, "tick", "datetime(2026-01-02T03:04:05.1234567Z)"},
    {ScalarType::kDateTime, "tick_next", "datetime(2026-01-02T03:04:05.1234568Z)"},
    {ScalarType::kTimeSpan, "null", "timespan(null)"},
    {ScalarType::kTimeSpan, "zero", "0s"},
    {ScalarType::kTimeSpan, "tick", "1tick"},
    {ScalarType::kTimeSpan, "minus_tick", "-1tick"},
    {ScalarType::kTimeSpan, "days", "time(10675199.02:48:05.4775807)"},
    {ScalarType::kTimeSpan, "millisecond", "time(1.02:03:04.567)"},
    {ScalarType::kGuid, "null", "guid(null)"},
    {ScalarType::kGuid, "zero", "guid(00000000-0000-0000-0000-000000000000)"},
    {ScalarType::kGuid, "some", "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"},
    {ScalarType::kString, "empty", "''"},
    {ScalarType::kString, "blank", "' '"},
    {ScalarType::kString, "small", "'kusto'"},
    {ScalarType::kString, "capital", "'Kusto'"},
    {ScalarType::kString, "unicode", "'\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80'"},
    {ScalarType::kString, "controls", "'a\\n\\t\\\"\\\\b'"},
    {ScalarType::kDynamic, "null", "dynamic(null)"},
    {ScalarType::kDynamic, "number", "dynamic(123)"},
    {ScalarType::kDynamic, "text", "dynamic('123')"},
    {ScalarType::kDynamic, "empty", "dynamic('')"},
    {ScalarType::kDynamic, "true", "dynamic(true)"},
    {ScalarType::kDynamic, "array", "dynamic([1,2])"},
    {ScalarType::kDynamic, "array_turned", "dynamic([2,1])"},
    {ScalarType::kDynamic, "nested", R"(dynamic({"a":{"b":[1,null,"x"]}}))"},
    {ScalarType::kDynamic, "nested_other", R"(dynamic({"a":{"b":[1,null,"y"]}}))"},
};

std::string ColumnOf(const Case& one) {
  return std::string(KustoName(one.type)) + "_" + std::string(one.name);
}

}  // namespace

std::string SelfTest() {
  std::string out = HashPrelude() + "print ";
  for (const Case& one : kCases) {
    if (&one != &kCases[0]) out += ",\n  ";
    out += ColumnOf(one) + " = " + HashedText(one.type, std::string(one.literal));
  }
  return out;
}

Status CompareSelfTests(const ValueTable& source, const ValueTable& destination) {
  std::map<std::pair<ScalarType, std::string>, std::string> seen;
  for (const Case& one : kCases) {
    std::string column = ColumnOf(one);
    KC_TRY(Require(source, {column}));
    KC_TRY(Require(destination, {column}));
    if (source.rows.size() != 1 || destination.rows.size() != 1) {
      return Stop("the self-test has not one row", "BadAnswer");
    }
    std::string type(KustoName(one.type));
    std::string here = GetText(source, 0, column);
    std::string there = GetText(destination, 0, column);
    if (here != there) {
      return Stop("the two clusters write values of type " + type + " differently ('" + here +
                      "' and '" + there + "' for the case " + column +
                      "), so that copies of such columns cannot be verified",
                  "SelfTest");
    }
    auto [other, added] = seen.try_emplace({one.type, here}, column);
    if (!added) {
      return Stop("the clusters write two values of type " + type + " alike (" + other->second +
                      " and " + column + "), so that copies of such columns cannot be verified",
                  "SelfTest");
    }
  }
  return {};
}

}  // namespace kc::kusto::commands
