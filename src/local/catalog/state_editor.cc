#include "local/catalog/state_editor.h"

#include <algorithm>

namespace kc::local {

void StateEditor::PutDatabase(DatabaseMeta meta) {
  // A database without data has a cursor too.
  state_.cursor_position = std::max(state_.cursor_position, meta.created_ticks);
  state_.meta = std::make_shared<const DatabaseMeta>(std::move(meta));
}

void StateEditor::Place(const std::shared_ptr<Table>& table) {
  own_.insert(table.get());
  state_.tables.Set(table->name(), table);
  state_.table_names.Set(table->id(), table->name());
}

void StateEditor::PutTables(std::vector<TableMeta> tables) {
  // Names may be swapped: take all of them out before any goes in.
  std::vector<std::shared_ptr<Table>> edited;
  for (TableMeta& meta : tables) {
    std::shared_ptr<Table> table;
    if (TablePtr old = state_.FindTableById(meta.id)) {
      table = std::make_shared<Table>(*old);
      own_.erase(old.get());
      state_.tables.Erase(old->name());
    } else {
      table = std::make_shared<Table>();
    }
    table->meta = std::make_shared<const TableMeta>(std::move(meta));
    edited.push_back(std::move(table));
  }
  for (const auto& table : edited) Place(table);
}

bool StateEditor::DropTable(std::string_view table_id) {
  TablePtr table = state_.FindTableById(table_id);
  if (table == nullptr) return false;
  state_.extent_count -= table->extents.size();
  own_.erase(table.get());
  state_.tables.Erase(table->name());
  state_.table_names.Erase(table->id());
  return true;
}

void StateEditor::PutFunction(StoredFunction function) {
  auto shared = std::make_shared<const StoredFunction>(std::move(function));
  state_.functions.Set(shared->name, shared);
}

bool StateEditor::DropFunction(std::string_view name) {
  return state_.functions.Erase(name);
}

Table* StateEditor::Edit(std::string_view table_id) {
  TablePtr table = state_.FindTableById(table_id);
  if (table == nullptr) return nullptr;
  // Made here: nobody else has seen it as const.
  if (own_.count(table.get()) > 0) return const_cast<Table*>(table.get());
  auto copy = std::make_shared<Table>(*table);
  own_.insert(copy.get());
  state_.tables.Set(copy->name(), copy);
  return copy.get();
}

bool StateEditor::AddExtent(std::string_view table_id, ExtentPtr extent) {
  Table* table = Edit(table_id);
  if (table == nullptr || table->extent_ordinals.Find(extent->id) != nullptr) return false;
  uint64_t ordinal = state_.next_ordinal++;
  table->rows += extent->file->rows;
  table->bytes += extent->file->bytes;
  table->original_bytes += extent->file->original_bytes;
  table->index_bytes += extent->file->index_bytes;
  state_.cursor_position = std::max(state_.cursor_position, extent->max_ingested);
  ++state_.extent_count;
  table->extent_ordinals.Set(extent->id, ordinal);
  table->extents.Set(ordinal, std::move(extent));
  return true;
}

bool StateEditor::RemoveExtent(std::string_view table_id, std::string_view extent_id) {
  Table* table = Edit(table_id);
  if (table == nullptr) return false;
  const uint64_t* found = table->extent_ordinals.Find(extent_id);
  if (found == nullptr) return false;
  uint64_t ordinal = *found;
  const ExtentFile& file = *(*table->extents.Find(ordinal))->file;
  table->rows -= file.rows;
  table->bytes -= file.bytes;
  table->original_bytes -= file.original_bytes;
  table->index_bytes -= file.index_bytes;
  --state_.extent_count;
  table->extents.Erase(ordinal);
  table->extent_ordinals.Erase(extent_id);
  return true;
}

}  // namespace kc::local
