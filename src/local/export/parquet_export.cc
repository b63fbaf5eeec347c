// .export to parquet: one COPY of DuckDB from the query to files, which are then put in their
// places.
#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "local/export/exporter.h"
#include "local/export/parquet_footer.h"
#include "local/ingest/storage.h"

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

// The names that columns are written under → the ones they are to have, where these differ: DuckDB
// ignores case, so columns that differ only by it need other names until they are written.
std::map<std::string, std::string> Renames(const std::vector<ColumnSchema>& columns) {
  std::set<std::string> lower;
  for (const ColumnSchema& column : columns) lower.insert(ToLowerAscii(column.name));
  std::map<std::string, std::string> names;
  if (lower.size() == columns.size()) return names;
  for (size_t i = 0; i < columns.size(); ++i) names["o" + std::to_string(i)] = columns[i].name;
  return names;
}

std::string SelectFor(const ExportTask& task, bool own_names) {
  const std::vector<ColumnSchema>& columns = task.query->select.columns;
  std::string sql = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string value = "o" + std::to_string(i);
    sql += (i > 0 ? ", " : "") + Converted(value, columns[i].type, task.properties->microseconds) +
           " AS " + (own_names ? value : engine::SqlName(columns[i].name));
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
      "PER_THREAD_OUTPUT {}, RETURN_STATS true{})",
      select, engine::SqlString(folder), p.codec,
      p.codec == "zstd" ? fmt::format(", COMPRESSION_LEVEL {}", kZstdLevel) : "",
      p.row_group_rows > 0 ? p.row_group_rows : kRowGroupRows, file_bytes, !p.one_writer,
      task.roots.front().kind == azure::StorageKind::kFile ? kLocalReaders : "");
}

Result<std::vector<Artifact>> CopyAndPlace(const ExportTask& task, const std::string& folder) {
  const auto renames = Renames(task.query->select.columns);
  const std::string select = SelectFor(task, !renames.empty());
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
    if (!renames.empty()) {
      KC_TRY(RenameParquetColumns(*task.cluster->world().files, file, renames));
    }
    KC_TRY(placer.Place(file, rows));
  }
  return placer.Take();
}

}  // namespace

Result<std::vector<Artifact>> ExportParquet(const ExportTask& task) {
  world::Files& files = *task.cluster->world().files;
  ArtifactPlacer placer(task);
  KC_ASSIGN(std::string folder, placer.NextTemporary());
  KC_TRY(files.MakeFolders(folder));
  auto artifacts = CopyAndPlace(task, folder);
  (void)files.RemoveAll(folder);
  return artifacts;
}

}  // namespace kc::local
