#include "local/export/parquet_columns.h"

#include <fmt/format.h>

#include "engine/duck.h"

namespace kc::local {
namespace {

// DuckDB's own size, which extents have too.
constexpr int64_t kRowGroupRows = 122'880;
// sizeLimit counts bytes before compression, DuckDB the written ones: typical data shrinks so much.
constexpr int64_t kTypicalRatio = 4;
// The fastest level; the files are read once and then deleted.
constexpr int kZstdLevel = 1;
// Files of this machine are read by this program: Parquet's second version is written with half the
// work and a quarter less bytes. Dictionaries are tried for few values only. Blobs may be read by
// anybody, by readers of the first version too.
constexpr std::string_view kLocalReaders = ", PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000";
// Precision and scale of decimals: the scale of most currencies and measures, 20 digits before it.
constexpr std::string_view kDecimal = "DECIMAL(38,18)";

}  // namespace

// learn.microsoft.com, "Export data to cloud storage": Parquet data types. Datetimes are cut.
std::string ParquetValue(const std::string& value, ScalarType type, bool microseconds) {
  switch (type) {
    case ScalarType::kDateTime:
      if (microseconds) return fmt::format("make_timestamp({} // 10 - 62135596800000000)", value);
      return fmt::format(
          "CAST(make_timestamp(({} // 10000 - 62135596800000) * 1000) AS TIMESTAMP_MS)", value);
    case ScalarType::kGuid:
      return fmt::format("CAST({} AS VARCHAR)", value);
    case ScalarType::kDecimal:
      return fmt::format("TRY_CAST({} AS {})", value, kDecimal);
    default:
      return value;
  }
}

bool ForLocalReaders(const ExportTask& task) {
  return task.roots.front().kind == azure::StorageKind::kFile;
}

std::string ParquetOptions(const ExportTask& task) {
  const ExportProperties& p = *task.properties;
  return fmt::format("FORMAT parquet, COMPRESSION {}{}, ROW_GROUP_SIZE {}{}", p.codec,
                     p.codec == "zstd" ? fmt::format(", COMPRESSION_LEVEL {}", kZstdLevel) : "",
                     p.row_group_rows > 0 ? p.row_group_rows : kRowGroupRows,
                     ForLocalReaders(task) ? kLocalReaders : "");
}

int64_t FileLimit(const ExportProperties& properties) {
  const bool plain = properties.codec == "uncompressed";
  return plain ? properties.size_limit : properties.size_limit / kTypicalRatio;
}

Result<WrittenFiles> CopyTo(engine::Connection& connection, const std::string& select,
                            const std::string& target, const std::string& options) {
  // Columns: filename VARCHAR, count UBIGINT, …
  KC_ASSIGN(auto result, connection.Query(fmt::format("COPY ({}) TO {} ({}, RETURN_STATS true)",
                                                      select, engine::SqlString(target), options)));
  WrittenFiles files;
  while (true) {
    KC_ASSIGN(auto chunk, result.Next());
    if (!chunk) return files;
    for (size_t r = 0; r < chunk->rows(); ++r) {
      files.emplace_back(std::string(chunk->column(0).Text(r)), chunk->column(1).Long(r));
    }
  }
}

}  // namespace kc::local
