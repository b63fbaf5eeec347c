#include "local/catalog/model.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include "base/hash.h"

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::local {

std::string FileColumnName(int column_id) {
  return "c" + std::to_string(column_id);
}

const Column* TableMeta::FindColumn(std::string_view column_name) const {
  for (const Column& column : columns) {
    if (column.name == column_name) return &column;
  }
  return nullptr;
}

const Column* TableMeta::FindColumn(int column_id) const {
  for (const Column& column : columns) {
    if (column.id == column_id) return &column;
  }
  return nullptr;
}

const IngestionMapping* TableMeta::FindMapping(std::string_view kind,
                                               std::string_view mapping_name) const {
  for (const IngestionMapping& mapping : mappings) {
    if (mapping.kind == kind && mapping.name == mapping_name) return &mapping;
  }
  return nullptr;
}

Column& TableMeta::AddColumn(std::string column_name, ScalarType type) {
  Column column;
  column.id = next_column_id++;
  column.name = std::move(column_name);
  column.type = type;
  return columns.emplace_back(std::move(column));
}

TableMeta NewTable(std::string id, std::string name, const std::vector<ColumnSchema>& columns) {
  TableMeta table;
  table.id = std::move(id);
  table.name = std::move(name);
  for (const ColumnSchema& column : columns) table.AddColumn(column.name, column.type);
  table.policies["ingestiontime"] = R"({"IsEnabled":true})";
  return table;
}

std::optional<int> Extent::FileColumn(int table_column_id) const {
  int file_column = table_column_id;
  if (column_map != nullptr) {
    auto it = std::lower_bound(column_map->begin(), column_map->end(),
                               std::pair<int, int>(table_column_id, INT32_MIN));
    if (it == column_map->end() || it->first != table_column_id) return std::nullopt;
    file_column = it->second;
  }
  const auto& present = file->column_ids;
  if (!std::binary_search(present.begin(), present.end(), file_column)) return std::nullopt;
  return file_column;
}

ExtentPtr Table::FindExtent(std::string_view extent_id) const {
  const uint64_t* ordinal = extent_ordinals.Find(extent_id);
  if (ordinal == nullptr) return nullptr;
  return *extents.Find(*ordinal);
}

TablePtr DatabaseState::FindTable(std::string_view table_name) const {
  const TablePtr* table = tables.Find(table_name);
  return table == nullptr ? nullptr : *table;
}

TablePtr DatabaseState::FindTableById(std::string_view table_id) const {
  const std::string* table_name = table_names.Find(table_id);
  return table_name == nullptr ? nullptr : FindTable(*table_name);
}

FunctionPtr DatabaseState::FindFunction(std::string_view function_name) const {
  const FunctionPtr* function = functions.Find(function_name);
  return function == nullptr ? nullptr : *function;
}

std::string DatabaseState::VersionText() const {
  return "v1." + std::to_string(version);
}

namespace {

// Up to a minute, a constant of the database.
int64_t CursorSkew(const DatabaseMeta& database) {
  return static_cast<int64_t>(XxHash64(database.id) % (60 * kTicksPerSecond)) + 1;
}

}  // namespace

std::string CursorText(const DatabaseMeta& database, int64_t position) {
  return std::to_string(position + CursorSkew(database));
}

std::optional<int64_t> CursorPosition(const DatabaseMeta& database, std::string_view text) {
  if (text.empty()) return 0;
  auto value = ParseInt64(text);
  if (!value || *value < 0 || *value > kMaxDateTimeTicks) return std::nullopt;
  return *value - CursorSkew(database);
}

std::optional<std::string> EffectivePolicy(const DatabaseState& state, const TableMeta& table,
                                           std::string_view policy) {
  for (const PolicyMap* policies : {&table.policies, &state.meta->policies}) {
    auto it = policies->find(policy);
    if (it != policies->end() && it->second != "null") return it->second;
  }
  return std::nullopt;
}

bool IngestionTimeEnabled(const TableMeta& table) {
  auto it = table.policies.find("ingestiontime");
  if (it == table.policies.end()) return false;
  auto json = ParseJson(it->second);
  if (!json) return false;
  if (json->is_boolean()) return json->get<bool>();
  return json->is_object() && json->contains("IsEnabled") && (*json)["IsEnabled"] == true;
}

}  // namespace kc::local
