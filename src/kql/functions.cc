#include "kql/functions.h"

#include <algorithm>
#include <vector>

#include "kql/functions_tables.h"

namespace kc::kql {

std::span<const ScalarFunction> ScalarFunctions() {
  static const std::vector<ScalarFunction> kRows = [] {
    std::vector<ScalarFunction> rows;
    for (const auto table : {OperatorRows(), ConversionRows(), StringRows(), DateTimeRows(),
                             MathRows(), DynamicRows(), SeriesRows(), NetworkRows(), GeoRows()}) {
      rows.insert(rows.end(), table.begin(), table.end());
    }
    // Stable: the overloads of a name keep their order, which is the order of preference.
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.name < b.name; });
    return rows;
  }();
  return kRows;
}

}  // namespace kc::kql
