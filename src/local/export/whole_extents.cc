#include "local/export/whole_extents.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/duck.h"
#include "local/catalog/extent_scan.h"
#include "local/catalog/query_catalog.h"
#include "local/storage/parquet_file.h"

namespace kc::local {
namespace {

// Smaller extents are worth being put together: row groups of the files would be as small.
constexpr int64_t kMinRows = 20'000;
// A file of more rows would become several extents again.
constexpr int64_t kMaxRows = 1'048'576;

// Reads only some of the extents that the query reads; remembers how it is read.
class SomeExtents : public engine::TableProvider {
 public:
  explicit SomeExtents(ExtentPtr only) : only_(std::move(only)) {}
  Result<engine::ScanRelation> Open(const engine::TableScan& scan) override {
    read_ = ExtentsOf(scan);
    if (!read_) return Stop("not a stored table");
    engine::ScanRelation relation;
    if (only_ != nullptr) read_->extents = {only_};
    relation.sql = ScanSql(*read_->table, read_->extents, scan, read_->owner->extents());
    return relation;
  }
  const std::optional<ScannedExtents>& read() const { return read_; }

 private:
  ExtentPtr only_;
  std::optional<ScannedExtents> read_;
};

class WholeExtents {
 public:
  WholeExtents(const ExportTask& task, const std::string& folder)
      : task_(task), folder_(folder), select_(task.query->select) {}

  Result<std::optional<WrittenFiles>> Run() {
    KC_ASSIGN(const bool whole, Find());
    if (!whole) return std::nullopt;
    for (const ExtentPtr& extent : read_.extents) {
      if (task_.cancel->cancelled()) return Stop("The operation was cancelled", "Cancelled");
      KC_ASSIGN(const bool added, Add(extent));
      if (!added) return std::nullopt;
    }
    KC_TRY(EndFile());
    return std::move(written_);
  }

 private:
  // Which extents, and whether all of their rows are wanted.
  Result<bool> Find() {
    if (task_.properties->codec != "zstd" || task_.properties->row_group_rows > 0 ||
        !ForLocalReaders(task_) || !select_.rows_of) {
      return false;
    }
    for (size_t i = 0; i < select_.columns.size(); ++i) {
      if (!Kept(i)) computed_ += (computed_.empty() ? "" : ", ") + Value(i);
    }
    SomeExtents all(nullptr);
    if (!select_.rows_of->select(all) || !all.read()) return false;
    read_ = *all.read();
    int64_t rows = 0;
    for (const ExtentPtr& extent : read_.extents) {
      rows += extent->file->rows;
      if (extent->file->bytes > FileLimit(*task_.properties)) return false;
    }
    if (rows < kMinRows * static_cast<int64_t>(read_.extents.size()) || rows == 0) return false;
    KC_ASSIGN(const ::kc::Value count,
              select_.connection->QueryValue("SELECT count(*) FROM (" + select_.sql + ")"));
    const auto* shown = std::get_if<int64_t>(&count);
    return shown != nullptr && *shown == rows;
  }

  // Does the file show the column as it is stored?
  bool Kept(size_t output) const {
    return select_.rows_of->stored[output] &&
           ParquetValue("", select_.columns[output].type, false).empty();
  }

  std::string Value(size_t output) const {
    const std::string name = "o" + std::to_string(output);
    return ParquetValue(name, select_.columns[output].type, task_.properties->microseconds) +
           " AS " + name;
  }

  // The columns that are not in the extent's file, in a file of their own.
  Result<ParquetFile> Compute(const ExtentPtr& extent) {
    SomeExtents one(extent);
    KC_ASSIGN(const std::string rows, select_.rows_of->select(one));
    const std::string path = folder_ + "/computed.parquet";
    KC_TRY(CopyTo(*select_.connection, "SELECT " + computed_ + " FROM (" + rows + ")", path,
                  ParquetOptions(task_)));
    return ParquetFile::Open(*task_.cluster->world().files, path);
  }

  // False: the extent's file can't be used so.
  Result<bool> Add(const ExtentPtr& extent) {
    world::Files& files = *task_.cluster->world().files;
    KC_ASSIGN(const ParquetFile stored,
              ParquetFile::Open(files, read_.owner->extents().PathOf(extent->file->key)));
    std::optional<ParquetFile> computed;
    std::vector<SplicedColumn> columns;
    for (size_t i = 0; i < select_.columns.size(); ++i) {
      const std::string& name = select_.columns[i].name;
      if (Kept(i)) {
        const int id = read_.table->columns[*select_.rows_of->stored[i]].id;
        const auto field = extent->FileColumn(id);
        const int at = field ? stored.FindField(*field) : -1;
        if (at < 0 || !stored.IsZstd(at)) return false;
        columns.push_back({&stored, at, name});
        continue;
      }
      if (!computed) {
        KC_ASSIGN(computed, Compute(extent));
      }
      columns.push_back({&*computed, computed->FindName("o" + std::to_string(i)), name});
    }
    // Files that each hold one extent's row groups can be taken over at the other end, too.
    if (splicer_ &&
        (!task_.properties->one_writer || splicer_->rows() + extent->file->rows > kMaxRows ||
         file_bytes_ + extent->file->bytes > FileLimit(*task_.properties))) {
      KC_TRY(EndFile());
    }
    if (!splicer_) splicer_.emplace(files, fmt::format("{}/{}", folder_, written_.size()));
    file_bytes_ += extent->file->bytes;
    KC_ASSIGN(const bool added, splicer_->Add(columns));
    if (computed) KC_TRY(files.Remove(computed->path));
    return added;
  }

  Status EndFile() {
    KC_TRY(splicer_->Finish());
    written_.emplace_back(fmt::format("{}/{}", folder_, written_.size()), splicer_->rows());
    splicer_.reset();
    file_bytes_ = 0;
    return {};
  }

  const ExportTask& task_;
  const std::string& folder_;
  const engine::PreparedSelect& select_;
  std::string computed_;  // the list of a SELECT
  ScannedExtents read_;
  std::optional<ParquetSplicer> splicer_;
  int64_t file_bytes_ = 0;
  WrittenFiles written_;
};

}  // namespace

Result<std::optional<WrittenFiles>> WriteWholeExtents(const ExportTask& task,
                                                      const std::string& folder) {
  return WholeExtents(task, folder).Run();
}

}  // namespace kc::local
