#include "local/ingest/parquet_adopt.h"

#include <algorithm>
#include <utility>

#include "engine/duck.h"
#include "local/storage/parquet_file.h"

namespace kc::local {
namespace {

// What is smaller is written anew in no time, in row groups of a good size.
constexpr int64_t kMinRows = 20'000;

class Adoption {
 public:
  Adoption(engine::Connection& connection, world::Files& files, const std::string& temporary,
           const ParquetSelect& select, const ExtentWriteRequest& write)
      : connection_(connection),
        files_(files),
        temporary_(temporary),
        select_(select),
        write_(write) {}
  ~Adoption() { (void)files_.Remove(temporary_); }

  // False: the file isn't fit.
  Result<bool> Run(const std::string& path, const std::string& target) {
    if (select_.rows > write_.max_rows_per_file) return false;
    KC_ASSIGN(const world::FileInfo before, files_.Stat(path));
    auto file = ParquetFile::Open(files_, path);
    if (!file || !IsOurs(*file)) return false;
    KC_ASSIGN(const bool same, ValuesFit());
    if (!same) return false;
    std::optional<ParquetFile> converted;
    std::vector<SplicedColumn> columns;
    for (size_t i = 0; i < write_.columns.size(); ++i) {
      const int id = write_.columns[i].id;
      const int same_as = select_.cells[i].same_as;
      if (same_as >= 0) {
        columns.push_back({&*file, same_as, FileColumnName(id), id});
        continue;
      }
      if (!converted) {
        KC_ASSIGN(converted, Convert());
      }
      columns.push_back({&*converted, converted->FindField(id), FileColumnName(id), id});
    }
    ParquetSplicer splicer(files_, target);
    KC_ASSIGN(const bool spliced, splicer.Add(columns));
    if (!spliced) return false;
    KC_TRY(splicer.Finish());
    // What was looked at is what was copied.
    KC_ASSIGN(const world::FileInfo after, files_.Stat(path));
    if (after.size != before.size || after.modified_ticks != before.modified_ticks) {
      return Stop("'" + path + "' changed while it was read", "Download_UnknownError");
    }
    return true;
  }

 private:
  bool IsOurs(const ParquetFile& file) const {
    if (!file.created_by().starts_with(engine::WriterName())) return false;
    const std::vector<int64_t> groups = file.GroupRows();
    if (file.rows() < kMinRows * static_cast<int64_t>(groups.size())) return false;
    bool any = false;
    for (const ParquetCell& cell : select_.cells) {
      if (cell.same_as < 0) continue;
      any = true;
      if (!file.IsZstd(cell.same_as)) return false;
    }
    return any;
  }

  // Reads all that is taken over.
  Result<bool> ValuesFit() {
    std::string rules;
    std::string cells;
    for (const ParquetCell& cell : select_.cells) {
      if (cell.same_as < 0) continue;
      rules += cell.rule + " ";
      cells += ", k" + std::to_string(cell.same_as);
    }
    KC_ASSIGN(const Value fit,
              connection_.QueryValue("SELECT bool_and(kql_cells_fit(" + engine::SqlString(rules) +
                                     cells + ")) FROM " + select_.from));
    const bool* yes = std::get_if<bool>(&fit);
    return yes != nullptr && *yes;
  }

  Result<ParquetFile> Convert() {
    ExtentWriteRequest request;
    for (size_t i = 0; i < write_.columns.size(); ++i) {
      if (select_.cells[i].same_as >= 0) continue;
      request.select += (request.select.empty() ? "SELECT " : ", ") + select_.cells[i].sql +
                        " AS " + FileColumnName(write_.columns[i].id);
      request.columns.push_back(write_.columns[i]);
    }
    request.select += " FROM " + select_.from;
    KC_TRY(WriteExtentColumns(connection_, request, temporary_));
    return ParquetFile::Open(files_, temporary_);
  }

  engine::Connection& connection_;
  world::Files& files_;
  const std::string& temporary_;
  const ParquetSelect& select_;
  const ExtentWriteRequest& write_;
};

}  // namespace

Result<std::optional<std::vector<ExtentFilePtr>>> AdoptParquet(
    engine::Connection& connection, world::Files& files, ExtentStore& store,
    const std::string& path, const std::string& temporary, const ParquetSelect& select,
    const ExtentWriteRequest& write) {
  ExtentStore::Draft draft = store.NewDraft();
  KC_ASSIGN(const bool done,
            Adoption(connection, files, temporary, select, write).Run(path, draft.first_path()));
  if (!done) return std::nullopt;
  KC_ASSIGN(auto extents, KeepExtents(connection, store, write, draft));
  return std::optional(std::move(extents));
}

}  // namespace kc::local
