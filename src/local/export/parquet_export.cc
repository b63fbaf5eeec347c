// .export to parquet: one COPY of DuckDB from the query to files, which are then put in their
// places.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "local/export/exporter.h"
#include "local/ingest/storage.h"

namespace kc::local {
namespace {

// DuckDB's own size, which extents have too.
constexpr int64_t kRowGroupRows = 122'880;
// sizeLimit counts bytes before compression, DuckDB the written ones: typical data shrinks so much.
constexpr int64_t kTypicalRatio = 4;
// The fastest level; the files are read once and then deleted.
constexpr int kZstdLevel = 1;
// Precision and scale of decimals: the scale of most currencies and measures, 20 digits before it.
constexpr std::string_view kDecimal = "DECIMAL(38,18)";

// learn.microsoft.com, "Export data to cloud storage": Parquet data types. Datetimes are cut.
std::string Converted(const std::string& value, ScalarType type, bool microseconds) {
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

Result<std::string> SelectFor(const ExportTask& task) {
  const std::vector<ColumnSchema>& columns = task.query->select.columns;
  std::set<std::string> names;
  std::string sql = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!names.insert(ToLowerAscii(columns[i].name)).second) {
      return Stop("Columns whose names differ only by case ('" + columns[i].name +
                      "') cannot be exported to Parquet here",
                  "BadRequest_ExportSchemaNotSupported");
    }
    sql += (i > 0 ? ", " : "") +
           Converted("o" + std::to_string(i), columns[i].type, task.properties->microseconds) +
           " AS " + engine::SqlName(columns[i].name);
  }
  return sql + " FROM (" + task.query->select.sql + ")";
}

std::string CopyStatement(const ExportTask& task, const std::string& select,
                          const std::string& folder) {
  const ExportProperties& p = *task.properties;
  const bool plain = p.codec == "uncompressed";
  int64_t file_bytes = plain ? p.size_limit : p.size_limit / kTypicalRatio;
  return fmt::format(
      "COPY ({}) TO {} (FORMAT parquet, COMPRESSION {}{}, ROW_GROUP_SIZE {}, FILE_SIZE_BYTES {}, "
      "PER_THREAD_OUTPUT {}, RETURN_STATS true)",
      select, engine::SqlString(folder), p.codec,
      p.codec == "zstd" ? fmt::format(", COMPRESSION_LEVEL {}", kZstdLevel) : "",
      p.row_group_rows > 0 ? p.row_group_rows : kRowGroupRows, file_bytes, !p.one_writer);
}

Result<std::vector<Artifact>> CopyAndPlace(const ExportTask& task, const std::string& select,
                                           const std::string& folder) {
  engine::Connection& connection = *task.query->select.connection;
  InterruptOnCancel interrupt(*task.cancel, connection);
  std::vector<std::pair<std::string, int64_t>> files;
  {
    // Columns: filename VARCHAR, count UBIGINT, …
    KC_ASSIGN(auto result, connection.Query(CopyStatement(task, select, folder)));
    while (true) {
      KC_ASSIGN(auto chunk, result.Next());
      if (!chunk) break;
      for (size_t r = 0; r < chunk->rows(); ++r) {
        files.emplace_back(std::string(chunk->column(0).Text(r)), chunk->column(1).Long(r));
      }
    }
  }
  ArtifactPlacer placer(task);
  for (const auto& [file, rows] : files) {
    if (rows == 0) continue;
    if (task.cancel->cancelled()) return Stop("The operation was cancelled", "Cancelled");
    KC_TRY(placer.Place(file, rows));
  }
  return placer.Take();
}

}  // namespace

Result<std::vector<Artifact>> ExportParquet(const ExportTask& task) {
  KC_ASSIGN(std::string select, SelectFor(task));
  world::Files& files = *task.cluster->world().files;
  ArtifactPlacer placer(task);
  KC_ASSIGN(std::string folder, placer.NextTemporary());
  KC_TRY(files.MakeFolders(folder));
  auto artifacts = CopyAndPlace(task, select, folder);
  (void)files.RemoveAll(folder);
  return artifacts;
}

}  // namespace kc::local
