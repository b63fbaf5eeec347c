#include "local/storage/parquet_file.h"

#include <algorithm>
#include <cstring>

namespace kc::local {

using namespace parquet;  // NOLINT: the ids of fields only

namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr int64_t kTail = 8;  // the footer's length, four bytes, and the magic
// A footer of this size takes about ten times as much as values.
constexpr size_t kMaxFooterBytes = 8u << 20;
constexpr int64_t kCopyBytes = int64_t{4} << 20;

int64_t ChunkBegin(const ThriftValue& meta) {
  const int64_t data = meta.Number(kDataOffset);
  const int64_t dictionary = meta.Number(kDictionaryOffset);
  return dictionary > 0 ? std::min(data, dictionary) : data;
}

// The column as a schema shows it, without what a new file gives it.
ThriftValue BareElement(const SplicedColumn& column) {
  ThriftValue element = column.file->footer.Items(kSchema)[static_cast<size_t>(column.column) + 1];
  element.Erase(kFieldId);
  element.Set(kName, ThriftText(column.name));
  return element;
}

bool IsFlat(const ThriftValue& footer, int64_t file_bytes) {
  const auto& schema = footer.Items(kSchema);
  if (schema.size() < 2) return false;
  if (std::any_of(schema.begin() + 1, schema.end(),
                  [](const ThriftValue& e) { return e.Number(kChildren) != 0; })) {
    return false;
  }
  for (const ThriftValue& group : footer.Items(kRowGroups)) {
    if (group.Items(kChunks).size() != schema.size() - 1) return false;
    for (const ThriftValue& chunk : group.Items(kChunks)) {
      const ThriftValue* meta = chunk.Find(kChunkMeta);
      if (meta == nullptr || chunk.Find(kOtherFile) != nullptr) return false;
      // Later ids belong to encryption and to indexes of pages.
      if (chunk.fields.back().id > kChunkMeta) return false;
      const int64_t begin = ChunkBegin(*meta);
      const int64_t length = meta->Number(kCompressed);
      if (begin < kTail / 2 || length <= 0 || length > file_bytes - begin) return false;
    }
  }
  return true;
}

}  // namespace

Result<std::string> ReadParquetFooter(world::Files& files, const std::string& path) {
  KC_ASSIGN(world::FileInfo info, files.Stat(path));
  KC_ASSIGN(std::string tail, files.ReadRange(path, info.size - kTail, kTail));
  if (tail.size() != kTail || tail.substr(4) != kMagic) return Stop(path + " is not Parquet");
  uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof length);
  if (length + kTail > info.size) return Stop(path + " is not Parquet");
  return files.ReadRange(path, info.size - kTail - length, length);
}

Status AppendParquetFooter(world::AppendFile& file, const std::string& footer) {
  std::string bytes = footer;
  auto length = static_cast<uint32_t>(footer.size());
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.append(kMagic);
  return file.Append(bytes);
}

Result<ParquetFile> ParquetFile::Open(world::Files& files, const std::string& path) {
  KC_ASSIGN(world::FileInfo info, files.Stat(path));
  KC_ASSIGN(std::string bytes, ReadParquetFooter(files, path));
  if (bytes.size() > kMaxFooterBytes) return Stop("the footer is too large", "NotFlat");
  ParquetFile file{path, {}};
  KC_ASSIGN(file.footer, ParseThrift(bytes));
  if (!IsFlat(file.footer, info.size)) return Stop("not a plain Parquet file", "NotFlat");
  return file;
}

int ParquetFile::FindName(std::string_view name) const {
  const auto& schema = footer.Items(kSchema);
  for (size_t i = 1; i < schema.size(); ++i) {
    if (schema[i].Bytes(kName) == name) return static_cast<int>(i) - 1;
  }
  return -1;
}

int ParquetFile::FindField(int field_id) const {
  const auto& schema = footer.Items(kSchema);
  for (size_t i = 1; i < schema.size(); ++i) {
    const ThriftValue* id = schema[i].Find(kFieldId);
    if (id != nullptr && id->number == field_id) return static_cast<int>(i) - 1;
  }
  return -1;
}

std::vector<int64_t> ParquetFile::GroupRows() const {
  std::vector<int64_t> rows;
  for (const ThriftValue& group : footer.Items(kRowGroups)) {
    rows.push_back(group.Number(kGroupRows));
  }
  return rows;
}

bool ParquetFile::IsZstd(int column) const {
  const auto& groups = footer.Items(kRowGroups);
  return std::all_of(groups.begin(), groups.end(), [&](const ThriftValue& group) {
    const ThriftValue& chunk = group.Items(kChunks)[static_cast<size_t>(column)];
    return chunk.Find(kChunkMeta)->Number(kCodec) == kZstd;
  });
}

Status ParquetSplicer::CopyBytes(const std::string& from, int64_t offset, int64_t length) {
  while (length > 0) {
    const int64_t some = std::min(length, kCopyBytes);
    KC_ASSIGN(std::string bytes, files_.ReadRange(from, offset, some));
    if (static_cast<int64_t>(bytes.size()) != some) return Stop(from + " became shorter");
    KC_TRY(out_->Append(bytes));
    offset += some;
    length -= some;
  }
  return {};
}

Result<ThriftValue> ParquetSplicer::CopyChunk(const SplicedColumn& column, size_t group) {
  const auto& chunks = column.file->footer.Items(kRowGroups)[group].Items(kChunks);
  ThriftValue chunk = chunks[static_cast<size_t>(column.column)];
  ThriftValue& meta = *chunk.Find(kChunkMeta);
  const int64_t begin = ChunkBegin(meta);
  const int64_t moved = out_->size() - begin;
  KC_TRY(CopyBytes(column.file->path, begin, meta.Number(kCompressed)));
  for (int field : {kDataOffset, kIndexOffset, kDictionaryOffset}) {
    if (ThriftValue* offset = meta.Find(field)) offset->number += moved;
  }
  if (chunk.Number(kChunkOffset) != 0) chunk.Find(kChunkOffset)->number += moved;
  meta.Erase(kBloomOffset);
  meta.Erase(kBloomLength);
  ThriftValue path = ThriftList({ThriftText(column.name)});
  path.element = ThriftType::kBinary;
  meta.Set(kPath, std::move(path));
  return chunk;
}

// Makes the schema at the first call; later ones must have the same.
Result<bool> ParquetSplicer::SameSchema(const std::vector<SplicedColumn>& columns) {
  if (footer_.fields.empty()) {
    footer_ = columns[0].file->footer;
    std::vector<ThriftValue> schema = {footer_.Items(kSchema)[0]};
    schema[0].Set(kChildren, ThriftI32(static_cast<int64_t>(columns.size())));
    for (const SplicedColumn& column : columns) {
      ThriftValue& element = schema.emplace_back(BareElement(column));
      if (column.field_id >= 0) element.Set(kFieldId, ThriftI32(column.field_id));
    }
    ThriftValue fresh;
    fresh.Set(kVersion, *footer_.Find(kVersion));
    fresh.Set(kSchema, ThriftList(std::move(schema)));
    if (const ThriftValue* by = footer_.Find(kCreatedBy)) fresh.Set(kCreatedBy, *by);
    footer_ = std::move(fresh);
    KC_ASSIGN(out_, files_.OpenAppend(path_));
    KC_TRY(out_->Append(kMagic));
    return true;
  }
  const auto& schema = footer_.Items(kSchema);
  for (size_t i = 0; i < columns.size(); ++i) {
    ThriftValue element = schema[i + 1];
    element.Erase(kFieldId);
    if (WriteThrift(element) != WriteThrift(BareElement(columns[i]))) return false;
  }
  return true;
}

Result<bool> ParquetSplicer::Add(const std::vector<SplicedColumn>& columns) {
  KC_ASSERT(!columns.empty());
  const std::vector<int64_t> rows = columns[0].file->GroupRows();
  for (const SplicedColumn& column : columns) {
    if (column.file != columns[0].file && column.file->GroupRows() != rows) return false;
  }
  KC_ASSIGN(const bool same, SameSchema(columns));
  if (!same) return false;
  for (size_t g = 0; g < rows.size(); ++g) {
    ThriftValue group;
    const int64_t begin = out_->size();
    int64_t uncompressed = 0;
    std::vector<ThriftValue> chunks;
    for (const SplicedColumn& column : columns) {
      KC_ASSIGN(ThriftValue chunk, CopyChunk(column, g));
      uncompressed += chunk.Find(kChunkMeta)->Number(kUncompressed);
      chunks.push_back(std::move(chunk));
    }
    group.Set(kChunks, ThriftList(std::move(chunks)));
    group.Set(kGroupBytes, ThriftI64(uncompressed));
    group.Set(kGroupRows, ThriftI64(rows[g]));
    group.Set(kGroupOffset, ThriftI64(begin));
    group.Set(kGroupCompressed, ThriftI64(out_->size() - begin));
    groups_.push_back(std::move(group));
    rows_ += rows[g];
  }
  return true;
}

Status ParquetSplicer::Finish() {
  KC_ASSERT(out_ != nullptr);
  footer_.Set(kRows, ThriftI64(rows_));
  footer_.Set(kRowGroups, ThriftList(std::move(groups_)));
  KC_TRY(AppendParquetFooter(*out_, WriteThrift(footer_)));
  out_.reset();
  return {};
}

}  // namespace kc::local
