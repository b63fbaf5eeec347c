// Parquet files as bytes: footers, and new files put together from columns of others without
// decoding them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/storage/thrift.h"
#include "world/files.h"

namespace kc::local {

// Ids of fields, by parquet.thrift.
namespace parquet {
// FileMetaData
inline constexpr int kVersion = 1;
inline constexpr int kSchema = 2;
inline constexpr int kRows = 3;
inline constexpr int kRowGroups = 4;
inline constexpr int kCreatedBy = 6;
// SchemaElement
inline constexpr int kName = 4;
inline constexpr int kChildren = 5;
inline constexpr int kFieldId = 9;
// RowGroup
inline constexpr int kChunks = 1;
inline constexpr int kGroupBytes = 2;
inline constexpr int kGroupRows = 3;
inline constexpr int kGroupOffset = 5;
inline constexpr int kGroupCompressed = 6;
// ColumnChunk
inline constexpr int kOtherFile = 1;
inline constexpr int kChunkOffset = 2;
inline constexpr int kChunkMeta = 3;
// ColumnMetaData
inline constexpr int kPath = 3;
inline constexpr int kCodec = 4;
inline constexpr int kUncompressed = 6;
inline constexpr int kCompressed = 7;
inline constexpr int kDataOffset = 9;
inline constexpr int kIndexOffset = 10;
inline constexpr int kDictionaryOffset = 11;
inline constexpr int kBloomOffset = 14;
inline constexpr int kBloomLength = 15;

inline constexpr int64_t kZstd = 6;  // CompressionCodec
}  // namespace parquet

// The file's footer as it stands there (Thrift: FileMetaData). kStop if the file isn't Parquet.
Result<std::string> ReadParquetFooter(world::Files& files, const std::string& path);
// Readers look at the last footer of a file.
Status AppendParquetFooter(world::AppendFile& file, const std::string& footer);

// A file whose columns are plain, not nested.
struct ParquetFile {
  std::string path;
  ThriftValue footer;

  // kStop if it isn't Parquet; "NotFlat" as reason if its footer is too large or has columns within
  // columns, other files' columns or pieces that are encrypted.
  static Result<ParquetFile> Open(world::Files& files, const std::string& path);
  // Its position among the columns; -1: there is none of that name, field id.
  int FindName(std::string_view name) const;
  int FindField(int field_id) const;
  int64_t rows() const { return footer.Number(parquet::kRows); }
  std::string_view created_by() const { return footer.Bytes(parquet::kCreatedBy); }
  // Of the row groups, in order.
  std::vector<int64_t> GroupRows() const;
  // Every piece of the column is compressed with Zstandard.
  bool IsZstd(int column) const;
};

// A column of a new file: that of a file, under another name and field id (-1: none).
struct SplicedColumn {
  const ParquetFile* file;
  int column;
  std::string name;
  int field_id = -1;
};

// Writes a new file out of columns of others. Bloom filters and indexes of pages are left behind:
// few columns have the first, none of ours the second.
class ParquetSplicer {
 public:
  ParquetSplicer(world::Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  // Appends all row groups of files that have the same numbers of rows. The columns must be of the
  // same names and types at every call. False: these can't be spliced; nothing was written.
  Result<bool> Add(const std::vector<SplicedColumn>& columns);
  // The file is complete, but not yet synced.
  Status Finish();
  int64_t rows() const { return rows_; }

 private:
  Result<bool> SameSchema(const std::vector<SplicedColumn>& columns);
  Result<ThriftValue> CopyChunk(const SplicedColumn& column, size_t group);
  Status CopyBytes(const std::string& from, int64_t offset, int64_t length);

  world::Files& files_;
  std::string path_;
  std::unique_ptr<world::AppendFile> out_;
  ThriftValue footer_;
  std::vector<ThriftValue> groups_;
  int64_t rows_ = 0;
};

}  // namespace kc::local
