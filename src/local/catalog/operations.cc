#include "local/catalog/operations.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace kc::local {
namespace {

std::string Line(const OrderedJson& json) {
  return DumpJson(json) + "\n";
}

OrderedJson MappingsJson(const std::vector<IngestionMapping>& mappings) {
  OrderedJson out = OrderedJson::array();
  for (const IngestionMapping& mapping : mappings) {
    out.push_back({{"kind", mapping.kind},
                   {"name", mapping.name},
                   {"json", mapping.json},
                   {"updated", mapping.updated_ticks}});
  }
  return out;
}

OrderedJson PrincipalsJson(const std::vector<Principal>& principals) {
  OrderedJson out = OrderedJson::array();
  for (const Principal& principal : principals) {
    out.push_back({{"role", principal.role},
                   {"fqn", principal.fqn},
                   {"displayName", principal.display_name},
                   {"objectId", principal.object_id},
                   {"type", principal.type},
                   {"notes", principal.notes}});
  }
  return out;
}

OrderedJson PoliciesJson(const PolicyMap& policies) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, text] : policies) out[name] = text;
  return out;
}

OrderedJson TableJson(const TableMeta& table) {
  OrderedJson columns = OrderedJson::array();
  for (const Column& column : table.columns) {
    OrderedJson json = {{"id", column.id}, {"name", column.name}, {"type", KustoName(column.type)}};
    if (!column.docstring.empty()) json["docstring"] = column.docstring;
    if (!column.encoding_policy.empty()) json["encoding"] = column.encoding_policy;
    columns.push_back(std::move(json));
  }
  OrderedJson out = {{"id", table.id},
                     {"name", table.name},
                     {"created", table.created_ticks},
                     {"nextColumn", table.next_column_id},
                     {"columns", std::move(columns)},
                     {"policies", PoliciesJson(table.policies)}};
  if (!table.folder.empty()) out["folder"] = table.folder;
  if (!table.docstring.empty()) out["docstring"] = table.docstring;
  if (!table.mappings.empty()) out["mappings"] = MappingsJson(table.mappings);
  if (!table.principals.empty()) out["principals"] = PrincipalsJson(table.principals);
  return out;
}

void AppendNumbers(std::string& out, std::initializer_list<int64_t> numbers) {
  out += '[';
  for (int64_t number : numbers) {
    if (out.back() != '[') out += ',';
    out += std::to_string(number);
  }
  out += ']';
}

// By hand: a database may have hundreds of thousands of them.
void AppendExtent(std::string& out, const Extent& extent) {
  const ExtentFile& file = *extent.file;
  out += fmt::format(
      "{{\"id\":\"{}\",\"file\":\"{}\",\"rows\":{},\"bytes\":{},\"index\":{},\"original\":{}",
      extent.id, file.key, file.rows, file.bytes, file.index_bytes, file.original_bytes);
  out += ",\"columns\":[";
  for (size_t i = 0; i < file.column_ids.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(file.column_ids[i]);
  }
  out += ']';
  if (file.has_row_times) out += ",\"fileHasTimes\":true";
  if (!file.ranges.empty()) {
    out += ",\"ranges\":[";
    for (const ColumnRange& range : file.ranges) {
      if (out.back() != '[') out += ',';
      AppendNumbers(out, {range.column_id, range.min, range.max});
    }
    out += ']';
  }
  if (extent.column_map != nullptr) {
    out += ",\"columnMap\":[";
    for (const auto& [table_column, file_column] : *extent.column_map) {
      if (out.back() != '[') out += ',';
      AppendNumbers(out, {table_column, file_column});
    }
    out += ']';
  }
  out += ",\"created\":";
  AppendNumbers(out, {extent.min_created_ticks, extent.max_created_ticks});
  if (!extent.tags.empty()) {
    out += ",\"tags\":[";
    for (size_t i = 0; i < extent.tags.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonString(out, extent.tags[i]);
    }
    out += ']';
  }
  if (extent.row_times) out += ",\"rowTimes\":true";
  out += ",\"ingested\":";
  AppendNumbers(out, {extent.min_ingested, extent.max_ingested});
  out += '}';
}

}  // namespace

std::string EncodeTransaction(const TransactionHeader& header) {
  return Line({{"op", "transaction"},
               {"sequence", header.sequence},
               {"time", header.ticks},
               {"version", header.version},
               {"event", header.event},
               {"entity", header.entity}});
}

std::string EncodeDatabase(const DatabaseMeta& meta) {
  return Line({{"op", "database"},
               {"id", meta.id},
               {"name", meta.name},
               {"prettyName", meta.pretty_name},
               {"created", meta.created_ticks},
               {"policies", PoliciesJson(meta.policies)},
               {"mappings", MappingsJson(meta.mappings)},
               {"principals", PrincipalsJson(meta.principals)}});
}

std::string EncodeTables(const std::vector<TableMeta>& tables) {
  OrderedJson list = OrderedJson::array();
  for (const TableMeta& table : tables) list.push_back(TableJson(table));
  return Line({{"op", "tables"}, {"tables", std::move(list)}});
}

std::string EncodeDropTable(std::string_view table_id) {
  return Line({{"op", "drop-table"}, {"id", table_id}});
}

std::string EncodeFunction(const StoredFunction& function) {
  return Line({{"op", "function"},
               {"name", function.name},
               {"parameters", function.parameters},
               {"body", function.body},
               {"folder", function.folder},
               {"docstring", function.docstring},
               {"view", function.view},
               {"skipValidation", function.skip_validation}});
}

std::string EncodeDropFunction(std::string_view name) {
  return Line({{"op", "drop-function"}, {"name", name}});
}

std::string EncodeDropDatabase() {
  return "{\"op\":\"drop-database\"}\n";
}

void AppendAddExtents(std::string& out, std::string_view table_id,
                      const std::vector<ExtentPtr>& extents) {
  out += "{\"op\":\"add-extents\",\"table\":";
  AppendJsonString(out, table_id);
  out += ",\"extents\":[";
  for (size_t i = 0; i < extents.size(); ++i) {
    if (i > 0) out += ',';
    AppendExtent(out, *extents[i]);
  }
  out += "]}\n";
}

std::string EncodeRemoveExtents(std::string_view table_id,
                                const std::vector<std::string>& extent_ids) {
  return Line({{"op", "remove-extents"}, {"table", table_id}, {"ids", extent_ids}});
}

std::string EncodeState(const DatabaseState& state,
                        const std::vector<TransactionHeader>& recent_events) {
  // Extents per line: keeps the lines, and the reader's buffers, small.
  constexpr size_t kExtentsPerLine = 256;
  std::string out;
  for (const TransactionHeader& event : recent_events) out += EncodeTransaction(event);
  out += EncodeDatabase(*state.meta);
  for (const auto& [name, function] : state.functions) out += EncodeFunction(*function);
  for (const auto& [name, table] : state.tables) {
    out += EncodeTables({*table->meta});
    std::vector<ExtentPtr> extents;
    for (const auto& [ordinal, extent] : table->extents) {
      extents.push_back(extent);
      if (extents.size() == kExtentsPerLine) {
        AppendAddExtents(out, table->id(), extents);
        extents.clear();
      }
    }
    if (!extents.empty()) AppendAddExtents(out, table->id(), extents);
  }
  out += Line({{"op", "state"},
               {"sequence", state.sequence},
               {"time", state.last_ticks},
               {"cursor", state.cursor_position},
               {"version", state.version}});
  return out;
}

}  // namespace kc::local
