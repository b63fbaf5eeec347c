#include "local/export/parquet_footer.h"

#include "local/storage/parquet_file.h"

namespace kc::local {
namespace {

using Names = std::map<std::string, std::string>;

void RenameText(ThriftValue* value, const Names& names) {
  if (value == nullptr || value->type != ThriftType::kBinary) return;
  if (auto found = names.find(value->bytes); found != names.end()) value->bytes = found->second;
}

}  // namespace

Result<std::string> RenameInFooter(std::string_view footer, const Names& names) {
  KC_ASSIGN(ThriftValue file, ParseThrift(footer));
  if (ThriftValue* schema = file.Find(parquet::kSchema)) {
    for (ThriftValue& element : schema->items) RenameText(element.Find(parquet::kName), names);
  }
  if (ThriftValue* groups = file.Find(parquet::kRowGroups)) {
    for (ThriftValue& group : groups->items) {
      ThriftValue* chunks = group.Find(parquet::kChunks);
      if (chunks == nullptr) continue;
      for (ThriftValue& chunk : chunks->items) {
        ThriftValue* meta = chunk.Find(parquet::kChunkMeta);
        ThriftValue* path = meta != nullptr ? meta->Find(parquet::kPath) : nullptr;
        if (path == nullptr) continue;
        for (ThriftValue& name : path->items) RenameText(&name, names);
      }
    }
  }
  return WriteThrift(file);
}

Status RenameParquetColumns(world::Files& files, const std::string& path, const Names& names) {
  KC_ASSIGN(std::string footer, ReadParquetFooter(files, path));
  KC_ASSIGN(std::string renamed, RenameInFooter(footer, names));
  KC_ASSIGN(auto file, files.OpenAppend(path));
  return AppendParquetFooter(*file, renamed);
}

}  // namespace kc::local
