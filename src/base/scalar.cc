#include "base/scalar.h"

#include <array>

#include "base/text.h"

namespace kc {
namespace {

struct TypeNames {
  ScalarType type;
  std::string_view kusto;
  std::string_view dot_net;
};
constexpr std::array<TypeNames, kScalarTypeCount> kNames = {{
    {ScalarType::kBool, "bool", "SByte"},
    {ScalarType::kInt, "int", "Int32"},
    {ScalarType::kLong, "long", "Int64"},
    {ScalarType::kReal, "real", "Double"},
    {ScalarType::kDecimal, "decimal", "SqlDecimal"},
    {ScalarType::kDateTime, "datetime", "DateTime"},
    {ScalarType::kTimeSpan, "timespan", "TimeSpan"},
    {ScalarType::kGuid, "guid", "Guid"},
    {ScalarType::kString, "string", "String"},
    {ScalarType::kDynamic, "dynamic", "Object"},
}};

struct Alias {
  std::string_view name;
  ScalarType type;
};
// KQL's aliases as Microsoft's documentation lists them.
constexpr Alias kAliases[] = {
    {"boolean", ScalarType::kBool},
    {"int32", ScalarType::kInt},
    {"int64", ScalarType::kLong},
    {"double", ScalarType::kReal},
    {"date", ScalarType::kDateTime},
    {"time", ScalarType::kTimeSpan},
    {"uuid", ScalarType::kGuid},
    {"uniqueid", ScalarType::kGuid},
    {"object", ScalarType::kDynamic},
    {"sqldecimal", ScalarType::kDecimal},
    {"data.sqltypes.sqldecimal", ScalarType::kDecimal},
};

}  // namespace

std::string_view KustoName(ScalarType type) {
  return kNames[static_cast<size_t>(type)].kusto;
}

std::string_view DotNetName(ScalarType type) {
  return kNames[static_cast<size_t>(type)].dot_net;
}

std::optional<ScalarType> ParseScalarType(std::string_view name) {
  std::string lower = ToLowerAscii(name);
  if (lower.rfind("system.", 0) == 0) lower.erase(0, 7);
  for (const TypeNames& names : kNames) {
    if (lower == names.kusto || lower == ToLowerAscii(names.dot_net)) return names.type;
  }
  for (const Alias& alias : kAliases) {
    if (lower == alias.name) return alias.type;
  }
  return std::nullopt;
}

std::optional<size_t> ValueTable::Find(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  return std::nullopt;
}

}  // namespace kc
