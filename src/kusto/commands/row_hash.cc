#include "kusto/commands/row_hash.h"

#include "kusto/commands/names.h"
#include "kusto/commands/queries.h"

namespace kc::kusto::commands {
namespace {

// strcat_delim takes 64 arguments.
constexpr size_t kColumnsPerGroup = 30;

}  // namespace

// Only strings are hashed, made from text forms that are documented; nulls never get into a hash
// function. -0.0 is told from 0.0 by its reciprocal, the last bits of a real by what its text
// leaves.
std::string HashPrelude() {
  return R"(let kc_real = (x:real) {
  case(isnull(x), '', isnan(x), 'nan', isinf(x), iff(x > 0, '+inf', '-inf'),
    x == 0, iff(1.0 / x < 0, '-0', '+0'),
    strcat(tostring(x), '~', tostring(x - toreal(tostring(x))))) };
let kc_dec = (d:decimal) { let s = tostring(d);
  case(isnull(d), '', d == decimal(0), '0', s matches regex @'^-?[0-9]+([.][0-9]+)?$',
    replace_regex(replace_regex(s, @'([.][0-9]*[1-9])0+$', @'\1'), @'[.]0*$', ''),
    strcat('?', s)) };
let kc_dyn = (d:dynamic) { let g = gettype(d);
  iff(isnull(d), '', strcat(case(g in ('array', 'dictionary', 'bool'), g,
      g in ('int', 'long', 'real', 'double', 'decimal'), 'num', 'txt'), ':',
    tostring(hash_xxhash64(strcat('j', dynamic_to_json(d)))))) };
)";
}

std::string HashedText(ScalarType type, const std::string& column) {
  switch (type) {
    case ScalarType::kBool:
      return "iff(isnull(" + column + "), '', iff(" + column + ", 't', 'f'))";
    case ScalarType::kInt:
    case ScalarType::kLong:
    case ScalarType::kGuid:
    case ScalarType::kTimeSpan:
      return "tostring(" + column + ")";
    case ScalarType::kDateTime:
      return "iff(isnull(" + column + "), '', format_datetime(" + column +
             ", 'yyyy-MM-dd HH:mm:ss.fffffff'))";
    case ScalarType::kReal:
      return "kc_real(" + column + ")";
    case ScalarType::kDecimal:
      return "kc_dec(" + column + ")";
    case ScalarType::kDynamic:
      return "kc_dyn(" + column + ")";
    case ScalarType::kString:
      return "iff(isempty(" + column + "), '', tostring(hash_xxhash64(" + column + ")))";
  }
  return "''";
}

std::string GroupHashes(const std::vector<ColumnSchema>& columns, int& groups) {
  std::string out;
  groups = 0;
  for (size_t first = 0; first == 0 || first < columns.size(); first += kColumnsPerGroup) {
    std::string number = std::to_string(groups++);
    out += (out.empty() ? "" : ",\n    ") + ("kc_g" + number) +
           " = hash_xxhash64(strcat_delim('|', '" + number + "'";
    for (size_t i = first; i < columns.size() && i < first + kColumnsPerGroup; ++i) {
      out += ", " + HashedText(columns[i].type, Name(columns[i].name));
    }
    out += "))";
  }
  return out;
}

std::string RowHash(int groups) {
  std::string out = "hash_xxhash64(strcat_delim('|', 'r'";
  for (int i = 0; i < groups; ++i) out += ", kc_g" + std::to_string(i);
  return out + "))";
}

}  // namespace kc::kusto::commands
