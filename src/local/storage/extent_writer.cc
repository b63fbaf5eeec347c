#include "local/storage/extent_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/duck.h"
#include "engine/query_rows.h"

namespace kc::local {
namespace {

using engine::Connection;
using engine::QueryRows;
using engine::SqlString;

// 122,880 rows: DuckDB's own size, the best for writing and pruning alike; level 1 writes a third
// faster than level 3 for a tenth more bytes (reference measurements).
constexpr int64_t kRowGroupRows = 122'880;
constexpr int kZstdLevel = 1;
// Parquet's second version costs less to write and to read and is smaller; so are columns of many
// values without the attempt at a dictionary (measured: 0.74 s of CPU instead of 1.28 s for a
// million rows of seven columns, 24 MB instead of 32).
constexpr int kDictionaryValues = 1000;
// Rows looked at to estimate the size of a file's texts.
constexpr int64_t kSampleRows = 20'000;

int64_t FixedWidth(ScalarType type) {
  switch (type) {
    case ScalarType::kBool:
      return 1;
    case ScalarType::kInt:
      return 4;
    case ScalarType::kGuid:
      return 16;
    case ScalarType::kDecimal:
    case ScalarType::kString:
    case ScalarType::kDynamic:
      return 0;
    default:
      return 8;
  }
}

bool HasRange(ScalarType type) {
  return type == ScalarType::kInt || type == ScalarType::kLong || type == ScalarType::kDateTime ||
         type == ScalarType::kTimeSpan;
}

std::string CopyStatement(const ExtentWriteRequest& request, const std::string& target,
                          const std::string& more) {
  std::string field_ids;
  for (const Column& column : request.columns) {
    if (!field_ids.empty()) field_ids += ',';
    field_ids += FileColumnName(column.id) + ":" + std::to_string(column.id);
  }
  if (request.has_row_times) {
    field_ids +=
        fmt::format("{}{}:{}", field_ids.empty() ? "" : ",", kRowTimeColumn, kRowTimeFieldId);
  }
  return fmt::format(
      "COPY ({}) TO {} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {}, "
      "ROW_GROUP_SIZE {}, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT {}, FIELD_IDS {{{}}}{})",
      request.select, SqlString(target), kZstdLevel, kRowGroupRows, kDictionaryValues, field_ids,
      more);
}

int64_t AsLong(const Value& value) {
  const int64_t* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

// Smallest and largest values, out of the file's own statistics.
Result<std::vector<ColumnRange>> ReadRanges(Connection& connection, const std::string& path,
                                            const std::vector<Column>& columns) {
  std::string names;
  for (const Column& column : columns) {
    if (!HasRange(column.type)) continue;
    names += (names.empty() ? "" : ",") + SqlString(FileColumnName(column.id));
  }
  std::vector<ColumnRange> ranges;
  if (names.empty()) return ranges;
  KC_ASSIGN(
      auto rows,
      QueryRows(connection,
                fmt::format("SELECT path_in_schema, min(try_cast(stats_min_value AS BIGINT)), "
                            "max(try_cast(stats_max_value AS BIGINT)), "
                            "bool_and(stats_null_count = num_values OR "
                            "(try_cast(stats_min_value AS BIGINT) IS NOT NULL AND "
                            "try_cast(stats_max_value AS BIGINT) IS NOT NULL)) "
                            "FROM parquet_metadata({}) WHERE path_in_schema IN ({}) GROUP BY 1",
                            SqlString(path), names),
                {ScalarType::kString, ScalarType::kLong, ScalarType::kLong, ScalarType::kBool}));
  for (const std::vector<Value>& row : rows) {
    const bool* complete = std::get_if<bool>(&row[3]);
    if (IsNull(row[1]) || IsNull(row[2]) || complete == nullptr || !*complete) continue;
    const std::string& name = std::get<std::string>(row[0]);
    int id = 0;
    std::from_chars(name.data() + 1, name.data() + name.size(), id);
    ranges.push_back({id, AsLong(row[1]), AsLong(row[2])});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const ColumnRange& a, const ColumnRange& b) { return a.column_id < b.column_id; });
  return ranges;
}

// What the rows would take uncompressed, roughly: exact for fixed widths, sampled for texts.
Result<int64_t> EstimateBytes(Connection& connection, const std::string& path,
                              const std::vector<Column>& columns, int64_t rows) {
  int64_t fixed = 0;
  std::string lengths;
  for (const Column& column : columns) {
    fixed += FixedWidth(column.type);
    if (FixedWidth(column.type) > 0) continue;
    lengths += (lengths.empty() ? "" : "+") +
               fmt::format("coalesce(strlen({}),0)", FileColumnName(column.id));
  }
  if (lengths.empty()) return fixed * rows;
  KC_ASSIGN(Value sampled,
            connection.QueryValue(fmt::format(
                "SELECT (sum({}::BIGINT))::BIGINT FROM (SELECT * FROM read_parquet({}) LIMIT {})",
                "(" + lengths + ")", SqlString(path), kSampleRows)));
  int64_t sample = std::min(rows, kSampleRows);
  double texts = sample == 0 ? 0
                             : static_cast<double>(AsLong(sampled)) / static_cast<double>(sample) *
                                   static_cast<double>(rows);
  return fixed * rows + static_cast<int64_t>(texts);
}

// What is to be known of a file.
Result<ExtentFile> ReadFacts(Connection& connection, const ExtentStore& store,
                             const ExtentWriteRequest& request, const std::string& key) {
  ExtentFile file;
  file.key = key;
  std::string path = store.PathOf(key);
  KC_ASSIGN(auto facts,
            QueryRows(connection,
                      fmt::format("SELECT num_rows::BIGINT, footer_size::BIGINT, "
                                  "file_size_bytes::BIGINT FROM parquet_file_metadata({})",
                                  SqlString(path)),
                      {ScalarType::kLong, ScalarType::kLong, ScalarType::kLong}));
  KC_ASSERT(facts.size() == 1);
  file.rows = AsLong(facts[0][0]);
  file.index_bytes = AsLong(facts[0][1]);
  file.bytes = AsLong(facts[0][2]);
  for (const Column& column : request.columns) file.column_ids.push_back(column.id);
  std::sort(file.column_ids.begin(), file.column_ids.end());
  file.has_row_times = request.has_row_times;
  KC_ASSIGN(file.ranges, ReadRanges(connection, path, request.columns));
  if (request.original_bytes == 0) {
    KC_ASSIGN(file.original_bytes, EstimateBytes(connection, path, request.columns, file.rows));
  }
  return file;
}

// Gives each file its part of the size that is known for all of them.
void ShareOriginalBytes(std::vector<ExtentFile>& files, int64_t original_bytes) {
  int64_t rows = 0;
  for (const ExtentFile& file : files) rows += file.rows;
  for (ExtentFile& file : files) {
    double part = static_cast<double>(file.rows) / static_cast<double>(rows);
    file.original_bytes = static_cast<int64_t>(static_cast<double>(original_bytes) * part);
  }
}

}  // namespace

Result<std::vector<ExtentFilePtr>> WriteExtents(Connection& connection, ExtentStore& store,
                                                const ExtentWriteRequest& request) {
  KC_ASSERT(!request.columns.empty());
  ExtentStore::Draft draft = store.NewDraft();
  std::string statement;
  if (request.max_rows_per_file > 0) {
    // Into the folder itself, beside the other files, whose names it can't hit.
    int64_t groups = (request.max_rows_per_file + kRowGroupRows - 1) / kRowGroupRows;
    statement = CopyStatement(request, store.folder(),
                              fmt::format(", ROW_GROUPS_PER_FILE {}, FILENAME_PATTERN '{}-{{i}}', "
                                          "OVERWRITE_OR_IGNORE true",
                                          groups, draft.stem()));
  } else {
    statement = CopyStatement(request, draft.first_path(), "");
  }
  KC_ASSIGN(Value rows, connection.QueryValue(statement));
  if (AsLong(rows) == 0) return std::vector<ExtentFilePtr>();
  return KeepExtents(connection, store, request, draft);
}

Status WriteExtentColumns(Connection& connection, const ExtentWriteRequest& request,
                          const std::string& path) {
  return connection.Execute(CopyStatement(request, path, ""));
}

Result<std::vector<ExtentFilePtr>> KeepExtents(Connection& connection, ExtentStore& store,
                                               const ExtentWriteRequest& request,
                                               ExtentStore::Draft& draft) {
  std::vector<ExtentFilePtr> registered;
  std::vector<ExtentFile> files;
  for (const std::string& key : draft.Keys()) {
    KC_ASSIGN(ExtentFile file, ReadFacts(connection, store, request, key));
    files.push_back(std::move(file));
  }
  if (request.original_bytes > 0) ShareOriginalBytes(files, request.original_bytes);
  KC_TRY(draft.Keep());
  for (ExtentFile& file : files) registered.push_back(store.Register(std::move(file)));
  return registered;
}

}  // namespace kc::local
