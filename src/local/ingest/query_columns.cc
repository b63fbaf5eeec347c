#include "local/ingest/query_columns.h"

#include <fmt/format.h>

namespace kc::local {

std::string SelectForTable(const std::string& sql, const std::vector<Column>& columns,
                           const std::vector<TargetColumn>& target) {
  std::string out = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string value = "o" + std::to_string(i);
    if (columns[i].type == ScalarType::kString) {
      value = fmt::format(
          "CASE WHEN strlen({0}) <= {1} THEN {0} WHEN {0} IS NULL THEN '' ELSE "
          "kql_ingest_cut({0}, {1}) END",
          value, target[i].max_value_bytes);
    } else if (columns[i].type == ScalarType::kDynamic) {
      value = fmt::format("CASE WHEN strlen({0}) <= {1} THEN {0} END", value,
                          target[i].max_value_bytes);
    }
    out += (i > 0 ? ", " : "") + value + " AS " + FileColumnName(columns[i].id);
  }
  return out + " FROM (" + sql + ")";
}

}  // namespace kc::local
