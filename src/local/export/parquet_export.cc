// .export to parquet: pieces of the extents' own files where these are what is asked for
// (whole_extents.h), else one COPY of DuckDB from the query to files; then the files are put in
// their places.
#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "local/export/exporter.h"
#include "local/export/parquet_columns.h"
#include "local/export/parquet_footer.h"
#include "local/export/whole_extents.h"
#include "local/ingest/storage.h"

namespace kc::local {
namespace {

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
    sql += (i > 0 ? ", " : "") +
           ParquetValue(value, columns[i].type, task.properties->microseconds) + " AS " +
           (own_names ? value : engine::SqlName(columns[i].name));
  }
  return sql + " FROM (" + task.query->select.sql + ")";
}

// Files of a folder and how many rows each has.
Result<WrittenFiles> Copy(const ExportTask& task, const std::string& folder) {
  const auto renames = Renames(task.query->select.columns);
  const std::string select = SelectFor(task, !renames.empty());
  const std::string options =
      fmt::format("{}, FILE_SIZE_BYTES {}, PER_THREAD_OUTPUT {}", ParquetOptions(task),
                  FileLimit(*task.properties), !task.properties->one_writer);
  KC_ASSIGN(WrittenFiles files, CopyTo(*task.query->select.connection, select, folder, options));
  std::erase_if(files, [](const auto& file) { return file.second == 0; });
  if (renames.empty()) return files;
  for (const auto& [file, rows] : files) {
    KC_TRY(RenameParquetColumns(*task.cluster->world().files, file, renames));
  }
  return files;
}

Result<std::vector<Artifact>> WriteAndPlace(const ExportTask& task, const std::string& folder) {
  InterruptOnCancel interrupt(*task.cancel, *task.query->select.connection);
  world::Files& system = *task.cluster->world().files;
  KC_TRY(system.MakeFolders(folder));
  KC_ASSIGN(std::optional<WrittenFiles> files, WriteWholeExtents(task, folder));
  if (!files) {
    // DuckDB wants it empty.
    KC_TRY(system.RemoveAll(folder));
    KC_TRY(system.MakeFolders(folder));
    KC_ASSIGN(files, Copy(task, folder));
  }
  ArtifactPlacer placer(task);
  for (const auto& [file, rows] : *files) {
    if (task.cancel->cancelled()) return Stop("The operation was cancelled", "Cancelled");
    KC_TRY(placer.Place(file, rows));
  }
  return placer.Take();
}

}  // namespace

Result<std::vector<Artifact>> ExportParquet(const ExportTask& task) {
  world::Files& files = *task.cluster->world().files;
  ArtifactPlacer placer(task);
  KC_ASSIGN(std::string folder, placer.NextTemporary());
  auto artifacts = WriteAndPlace(task, folder);
  (void)files.RemoveAll(folder);
  return artifacts;
}

}  // namespace kc::local
