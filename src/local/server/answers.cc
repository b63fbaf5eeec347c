#include "local/server/answers.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/ticks.h"

namespace kc::local {

std::string ResourceConsumption(const std::vector<TableSize>& tables, world::Duration elapsed) {
  OrderedJson cpu = {{"user", "00:00:00"}, {"kernel", "00:00:00"}, {"total cpu", "00:00:00"}};
  OrderedJson statistics = OrderedJson::array();
  for (const TableSize& table : tables) {
    statistics.push_back({{"table_row_count", table.rows}, {"table_size", table.bytes}});
  }
  OrderedJson payload;
  payload["ExecutionTime"] = static_cast<double>(elapsed.count()) / 1e9;
  payload["resource_usage"] = {{"cpu", std::move(cpu)}, {"memory", {{"peak_per_node", 0}}}};
  payload["dataset_statistics"] = std::move(statistics);
  return DumpJson(payload);
}

Result<FirstRows> ReadFirst(RowSources& tables) {
  FirstRows first;
  if (!tables.empty()) {
    auto rows = tables.front()->Next(first.text);
    // A limit is told inside the answer, even when not one row keeps to it.
    if (!rows && rows.error().reason == "E_QUERY_RESULT_SET_TOO_LARGE") {
      first.text.clear();
      first.failure = std::move(rows).error();
      return first;
    }
    KC_ASSIGN(first.rows, std::move(rows));
  }
  return first;
}

}  // namespace kc::local
