// Kusto's ten scalar types and a value of any of them.
// Source: learn.microsoft.com, "Scalar data types"; names on the wire as recorded in real answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kc {

enum class ScalarType : uint8_t {
  kBool,
  kInt,
  kLong,
  kReal,
  kDecimal,
  kDateTime,
  kTimeSpan,
  kGuid,
  kString,
  kDynamic,
};
inline constexpr int kScalarTypeCount = 10;

// "bool", "int", … as in KQL and in ColumnType.
std::string_view KustoName(ScalarType type);
// ".NET short names" of v1's DataType: "SByte", "Int32", "Int64", "Double", "SqlDecimal",
// "DateTime", "TimeSpan", "Guid", "String", "Object".
std::string_view DotNetName(ScalarType type);
// Accepts KQL's names and aliases (boolean, int64, double, date, time, uuid, uniqueid …), the .NET
// names above with and without "System.", case-insensitively for the .NET ones.
std::optional<ScalarType> ParseScalarType(std::string_view name);

// A value without its type (the column has that); which alternative holds which type:
//   monostate  null (strings have no null in Kusto: use "")
//   bool       bool
//   int64_t    int, long, datetime and timespan (both in ticks)
//   double     real
//   string     string, guid (lower case with hyphens), decimal (canonical text),
//              dynamic (JSON text; null is monostate)
using Value = std::variant<std::monostate, bool, int64_t, double, std::string>;

inline bool IsNull(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

struct ColumnSchema {
  std::string name;
  ScalarType type = ScalarType::kString;
  bool operator==(const ColumnSchema&) const = default;
};

// A small result held in memory whole: the answers of management commands, for instance.
struct ValueTable {
  std::string name;
  std::vector<ColumnSchema> columns;
  std::vector<std::vector<Value>> rows;
  // The index of a column, matched case-sensitively; nothing if it isn't there.
  std::optional<size_t> Find(std::string_view column) const;
};

}  // namespace kc
