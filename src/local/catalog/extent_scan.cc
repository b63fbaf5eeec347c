#include "local/catalog/extent_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "engine/duck.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

using engine::SqlString;

// A field id that no file has: lets DuckDB count rows of files without reading a column.
constexpr int kNoFieldId = 1'999'999'999;

class Facts final : public engine::ExtentFacts {
 public:
  Facts(const TableMeta& table, const Extent& extent) : table_(table), extent_(extent) {}
  std::string_view ExtentId() const override { return extent_.id; }
  const std::vector<std::string>& Tags() const override { return extent_.tags; }
  // Rows without a time never pass a filter on it: an empty range.
  Range Cursor() const override {
    if (extent_.undated()) {
      return std::pair(std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min());
    }
    return std::pair(extent_.min_ingested, extent_.max_ingested);
  }
  Range Ingestion() const override { return Cursor(); }
  Range Column(size_t index) const override {
    auto file_column = extent_.FileColumn(table_.columns[index].id);
    if (!file_column) return std::nullopt;
    for (const ColumnRange& range : extent_.file->ranges) {
      if (range.column_id == *file_column) return std::pair(range.min, range.max);
    }
    return std::nullopt;
  }

 private:
  const TableMeta& table_;
  const Extent& extent_;
};

// What a relation needs of the table: (name in the relation, table column).
using NamedColumns = std::vector<std::pair<std::string, const Column*>>;

std::string SchemaEntry(int field_id, std::string_view name, std::string_view type,
                        bool empty_text) {
  return fmt::format("{}:{{name:'{}',type:'{}',default_value:{}}}", field_id, name, type,
                     empty_text ? "''" : "NULL");
}

// The one file's columns by their own names; "" if it lacks some. A schema that is given keeps
// DuckDB from counting a single file's row groups, and then one thread reads them all.
std::string ReadOneParquet(const NamedColumns& columns, const Extent& extent, bool row_times,
                           const ExtentStore& store) {
  std::string items = row_times ? std::string(kRowTimeColumn) : "1 AS none";
  for (const auto& [name, column] : columns) {
    const auto id = extent.FileColumn(column->id);
    if (!id) return "";
    items += ", " + FileColumnName(*id) + " AS " + name;
  }
  return "(SELECT " + items + " FROM read_parquet(" + SqlString(store.PathOf(extent.file->key)) +
         "))";
}

// read_parquet over the files, with columns found by field id; what a file lacks is null or ''.
std::string ReadParquet(const NamedColumns& columns, const std::vector<ExtentPtr>& extents,
                        bool row_times, const ExtentStore& store) {
  if (extents.size() == 1) {
    std::string one = ReadOneParquet(columns, *extents[0], row_times, store);
    if (!one.empty()) return one;
  }
  const ColumnIdMap* map = extents[0]->column_map.get();
  std::string schema;
  int missing = kNoFieldId;
  for (const auto& [name, column] : columns) {
    int field = column->id;
    if (map != nullptr) {
      auto it = std::lower_bound(map->begin(), map->end(),
                                 std::pair(column->id, std::numeric_limits<int>::min()));
      field = it != map->end() && it->first == column->id ? it->second : --missing;
    }
    if (!schema.empty()) schema += ',';
    schema += SchemaEntry(field, name, engine::SqlType(column->type),
                          column->type == ScalarType::kString);
  }
  if (row_times) {
    if (!schema.empty()) schema += ',';
    schema += SchemaEntry(kRowTimeFieldId, kRowTimeColumn, "BIGINT", false);
  }
  if (schema.empty()) schema = SchemaEntry(kNoFieldId, "none", "INTEGER", false);
  std::string out = "read_parquet([";
  for (size_t i = 0; i < extents.size(); ++i) {
    if (i > 0) out += ',';
    out += SqlString(store.PathOf(extents[i]->file->key));
  }
  out += "], schema=MAP{" + schema + "})";
  return out;
}

// A value per extent, chosen by the file that a row is from; a plain constant if they are all
// equal.
template <typename F>
std::string PerExtent(const std::vector<ExtentPtr>& extents, std::string_view type, F&& text) {
  std::string list;
  std::string first = text(*extents[0]);
  bool same = true;
  for (const ExtentPtr& extent : extents) {
    std::string value = text(*extent);
    same = same && value == first;
    if (!list.empty()) list += ',';
    list += value;
  }
  if (same) return fmt::format("{}::{}", first, type);
  // Virtual column: the index of the row's file in the list.
  return fmt::format("([{}]::{}[])[file_index::BIGINT + 1]", list, type);
}

std::string TimeSql(const std::vector<ExtentPtr>& extents) {
  if (extents[0]->row_times) return std::string(kRowTimeColumn);
  return PerExtent(extents, "BIGINT", [](const Extent& extent) {
    return extent.undated() ? std::string("NULL") : std::to_string(extent.max_ingested);
  });
}

std::string TagsText(const Extent& extent) {
  std::string out = "[";
  for (const std::string& tag : extent.tags) {
    if (out.size() > 1) out += ',';
    AppendJsonString(out, tag);
  }
  out += ']';
  return SqlString(out);
}

// Extents whose files are read the same way.
std::vector<std::vector<ExtentPtr>> Group(const std::vector<ExtentPtr>& extents,
                                          bool separate_row_times) {
  std::map<std::pair<bool, ColumnIdMap>, size_t> index;
  std::vector<std::vector<ExtentPtr>> groups;
  // The usual case without building keys.
  size_t plain = SIZE_MAX;
  for (const ExtentPtr& extent : extents) {
    bool times = separate_row_times && extent->row_times;
    size_t group = plain;
    if (times || extent->column_map != nullptr) {
      std::pair key(times, extent->column_map ? *extent->column_map : ColumnIdMap{{-1, -1}});
      group = index.emplace(std::move(key), groups.size()).first->second;
    } else if (plain == SIZE_MAX) {
      group = plain = groups.size();
    }
    if (group == groups.size()) groups.emplace_back();
    groups[group].push_back(extent);
  }
  return groups;
}

std::string EmptySql(const TableMeta& table, const engine::TableScan& scan) {
  std::string out = "SELECT NULL::INTEGER AS none";
  for (size_t i : scan.columns) {
    out += fmt::format(", NULL::{} AS c{}", engine::SqlType(table.columns[i].type), i);
  }
  out += fmt::format(", NULL::BIGINT AS {}, NULL::BIGINT AS {}", engine::kScanIngestionTime,
                     engine::kScanCursor);
  out += fmt::format(", NULL::UUID AS {}, NULL::VARCHAR AS {}", engine::kScanExtentId,
                     engine::kScanExtentTags);
  return out + " WHERE false";
}

std::string GroupSql(const TableMeta& table, const std::vector<ExtentPtr>& extents,
                     const engine::TableScan& scan, const ExtentStore& store) {
  bool need_times = scan.need_ingestion_time || scan.need_cursor;
  NamedColumns columns;
  std::string out = "SELECT ";
  auto add = [&](const std::string& sql, std::string_view name) {
    if (out.size() > 7) out += ", ";
    out += sql;
    if (sql != name) out += " AS " + std::string(name);
  };
  for (size_t i : scan.columns) {
    std::string name = "c" + std::to_string(i);
    columns.emplace_back(name, &table.columns[i]);
    add(name, name);
  }
  if (scan.need_ingestion_time) add(TimeSql(extents), engine::kScanIngestionTime);
  if (scan.need_cursor) add(TimeSql(extents), engine::kScanCursor);
  if (scan.need_extent_id) {
    add(PerExtent(extents, "UUID", [](const Extent& extent) { return SqlString(extent.id); }),
        engine::kScanExtentId);
  }
  if (scan.need_extent_tags) add(PerExtent(extents, "VARCHAR", TagsText), engine::kScanExtentTags);
  if (out.size() == 7) out += "1 AS none";
  return out + " FROM " + ReadParquet(columns, extents, need_times && extents[0]->row_times, store);
}

}  // namespace

std::vector<ExtentPtr> PruneExtents(const Table& table, const std::vector<ExtentPtr>& extents,
                                    const engine::ScanFilter& filter) {
  if (filter.kind == engine::ScanFilter::Kind::kAll && filter.children.empty()) return extents;
  std::vector<ExtentPtr> out;
  for (const ExtentPtr& extent : extents) {
    if (engine::MayMatch(filter, Facts(*table.meta, *extent))) out.push_back(extent);
  }
  return out;
}

std::string ScanSql(const TableMeta& table, const std::vector<ExtentPtr>& extents,
                    const engine::TableScan& scan, const ExtentStore& store) {
  if (extents.empty()) return EmptySql(table, scan);
  bool need_times = scan.need_ingestion_time || scan.need_cursor;
  if (scan.columns.empty() && !need_times && !scan.need_extent_id && !scan.need_extent_tags) {
    // Only the number of rows matters, and the catalog knows that.
    int64_t rows = 0;
    for (const ExtentPtr& extent : extents) rows += extent->file->rows;
    return fmt::format("SELECT 1 AS none FROM range({})", rows);
  }
  std::string out;
  for (const std::vector<ExtentPtr>& group : Group(extents, need_times)) {
    if (!out.empty()) out += " UNION ALL ";
    out += GroupSql(table, group, scan, store);
  }
  return out;
}

std::string MergeSql(const TableMeta& table, const std::vector<ExtentPtr>& extents,
                     const ExtentStore& store) {
  std::string out;
  for (const std::vector<ExtentPtr>& group : Group(extents, true)) {
    NamedColumns columns;
    std::string names;
    for (const Column& column : table.columns) {
      columns.emplace_back(FileColumnName(column.id), &column);
      names += FileColumnName(column.id) + ", ";
    }
    if (!out.empty()) out += " UNION ALL ";
    out += fmt::format("SELECT {}{} AS {} FROM {}", names, TimeSql(group), kRowTimeColumn,
                       ReadParquet(columns, group, group[0]->row_times, store));
  }
  return out;
}

}  // namespace kc::local
