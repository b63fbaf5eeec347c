#include "local/catalog/transaction.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "local/catalog/operations.h"

namespace kc::local {
namespace {

tl::unexpected<Error> NoTable(std::string_view table_id) {
  return Stop("there is no table with the id '" + std::string(table_id) + "'", "TableNotFound");
}

// Source column id → destination column id, by name.
Result<std::vector<std::pair<int, int>>> MatchColumns(const TableMeta& from, const TableMeta& to) {
  std::unordered_map<std::string_view, const Column*> by_name;
  for (const Column& column : to.columns) by_name[column.name] = &column;
  std::vector<std::pair<int, int>> out;
  for (const Column& column : from.columns) {
    auto it = by_name.find(column.name);
    if (it == by_name.end()) {
      return Stop("column '" + column.name + "' of table '" + from.name + "' is not in table '" +
                      to.name + "'",
                  "SchemaMismatch");
    }
    if (it->second->type != column.type) {
      return Stop("column '" + column.name + "' is " + std::string(KustoName(column.type)) +
                      " in table '" + from.name + "' but " +
                      std::string(KustoName(it->second->type)) + " in table '" + to.name + "'",
                  "SchemaMismatch");
    }
    out.emplace_back(column.id, it->second->id);
  }
  return out;
}

// How an extent is seen from the destination; null if the ids are simply the file's.
std::shared_ptr<const ColumnIdMap> MapColumns(const Extent& extent,
                                              const std::vector<std::pair<int, int>>& matched,
                                              const TableMeta& to) {
  auto map = std::make_shared<ColumnIdMap>();
  for (const auto& [source, destination] : matched) {
    if (auto file_column = extent.FileColumn(source)) map->emplace_back(destination, *file_column);
  }
  std::sort(map->begin(), map->end());
  Extent mapped;
  mapped.file = extent.file;
  Extent plain = mapped;
  mapped.column_map = map;
  bool same = std::all_of(to.columns.begin(), to.columns.end(), [&](const Column& column) {
    return mapped.FileColumn(column.id) == plain.FileColumn(column.id);
  });
  // Columns that the destination gets later must not find a stranger under their number.
  for (int file_column : extent.file->column_ids) same = same && file_column < to.next_column_id;
  return same ? nullptr : map;
}

// A column of another type is another column: what files have under the old number reads as null,
// as in Kusto.
void RenumberRetyped(const TableMeta& old, TableMeta& table) {
  table.next_column_id = std::max(table.next_column_id, old.next_column_id);
  for (Column& column : table.columns) {
    const Column* before = old.FindColumn(column.id);
    if (before != nullptr && before->type != column.type) column.id = table.next_column_id++;
  }
}

}  // namespace

TransactionBuilder::TransactionBuilder(const DatabaseState& base, int64_t ticks)
    : ticks_(ticks), state_(base), editor_(state_) {}

void TransactionBuilder::Record(const std::string& line) {
  operations_ += line;
}

Status TransactionBuilder::PutTable(TableMeta table) {
  std::vector<TableMeta> tables;
  tables.push_back(std::move(table));
  return PutTables(std::move(tables));
}

Status TransactionBuilder::PutTables(std::vector<TableMeta> tables) {
  std::set<std::string_view> ids;
  std::set<std::string_view> names;
  for (const TableMeta& table : tables) {
    KC_ASSERT(!table.id.empty() && !table.name.empty());
    if (!ids.insert(table.id).second || !names.insert(table.name).second) {
      return Stop("table '" + table.name + "' is named twice", "BadRequest_DuplicateEntity");
    }
  }
  for (TableMeta& table : tables) {
    if (TablePtr old = state_.FindTableById(table.id)) RenumberRetyped(*old->meta, table);
    TablePtr holder = state_.FindTable(table.name);
    if (holder != nullptr && ids.count(holder->id()) == 0) {
      return Stop("table '" + table.name + "' exists already", "BadRequest_EntityAlreadyExists");
    }
    if (table.created_ticks == 0) table.created_ticks = ticks_;
  }
  Record(EncodeTables(tables));
  ++state_.version;
  editor_.PutTables(std::move(tables));
  return {};
}

Status TransactionBuilder::DropTable(std::string_view table_id) {
  std::string id(table_id);  // may live in the table that goes
  if (!editor_.DropTable(id)) return NoTable(id);
  Record(EncodeDropTable(id));
  ++state_.version;
  return {};
}

void TransactionBuilder::PutFunction(StoredFunction function) {
  Record(EncodeFunction(function));
  ++state_.version;
  editor_.PutFunction(std::move(function));
}

bool TransactionBuilder::DropFunction(std::string_view name) {
  std::string copy(name);
  if (!editor_.DropFunction(copy)) return false;
  Record(EncodeDropFunction(copy));
  ++state_.version;
  return true;
}

void TransactionBuilder::PutDatabase(DatabaseMeta database) {
  KC_ASSERT(state_.meta == nullptr || state_.meta->id == database.id);
  if (database.created_ticks == 0) database.created_ticks = ticks_;
  Record(EncodeDatabase(database));
  ++state_.version;
  editor_.PutDatabase(std::move(database));
}

void TransactionBuilder::DropDatabase() {
  Record(EncodeDropDatabase());
  state_.dropped = true;
  // Lets go of the files.
  state_.tables = {};
  state_.table_names = {};
  state_.extent_count = 0;
}

Status TransactionBuilder::AddAll(std::string_view table_id,
                                  const std::vector<ExtentPtr>& extents) {
  for (const ExtentPtr& extent : extents) {
    // Ids are fresh GUIDs: one that is there already is a mistake of the caller.
    KC_ASSERT(editor_.AddExtent(table_id, extent));
  }
  AppendAddExtents(operations_, table_id, extents);
  return {};
}

Status TransactionBuilder::AddExtents(std::string_view table_id, std::vector<NewExtent> extents) {
  TablePtr table = state_.FindTableById(table_id);
  if (table == nullptr) return NoTable(table_id);
  if (extents.empty()) return {};
  int64_t ingested = IngestionTimeEnabled(*table->meta) ? ticks_ : 0;
  std::vector<ExtentPtr> made;
  for (NewExtent& extent : extents) {
    auto out = std::make_shared<Extent>();
    out->id = std::move(extent.id);
    out->file = std::move(extent.file);
    out->column_map = std::move(extent.column_map);
    out->max_created_ticks = extent.created_ticks != 0 ? extent.created_ticks : ticks_;
    out->min_created_ticks =
        extent.min_created_ticks != 0 ? extent.min_created_ticks : out->max_created_ticks;
    out->tags = std::move(extent.tags);
    out->row_times = extent.keep_times && extent.row_times;
    out->min_ingested = extent.keep_times ? extent.min_ingested : ingested;
    out->max_ingested = extent.keep_times ? extent.max_ingested : ingested;
    made.push_back(std::move(out));
  }
  return AddAll(table->id(), made);
}

Status TransactionBuilder::RemoveExtents(std::string_view table_id,
                                         const std::vector<std::string>& extent_ids) {
  TablePtr table = state_.FindTableById(table_id);
  if (table == nullptr) return NoTable(table_id);
  std::set<std::string_view> seen;
  for (const std::string& id : extent_ids) {
    if (table->FindExtent(id) == nullptr || !seen.insert(id).second) {
      return Stop("extent '" + id + "' was not found in table '" + table->name() + "'",
                  "ExtentNotFound");
    }
  }
  if (extent_ids.empty()) return {};
  for (const std::string& id : extent_ids) editor_.RemoveExtent(table->id(), id);
  Record(EncodeRemoveExtents(table->id(), extent_ids));
  return {};
}

Status TransactionBuilder::MoveExtents(std::string_view from_table_id, std::string_view to_table_id,
                                       const std::vector<ExtentMove>& moves,
                                       bool new_ingestion_time) {
  TablePtr from = state_.FindTableById(from_table_id);
  if (from == nullptr) return NoTable(from_table_id);
  TablePtr to = state_.FindTableById(to_table_id);
  if (to == nullptr) return NoTable(to_table_id);
  KC_ASSIGN(auto matched, MatchColumns(*from->meta, *to->meta));
  int64_t ingested = IngestionTimeEnabled(*to->meta) ? ticks_ : 0;
  std::vector<std::string> old_ids;
  std::vector<ExtentPtr> made;
  for (const ExtentMove& move : moves) {
    old_ids.push_back(move.old_id);
    ExtentPtr old = from->FindExtent(move.old_id);
    if (old == nullptr) continue;  // RemoveExtents says so, before anything changes
    auto extent = std::make_shared<Extent>(*old);
    extent->id = move.new_id;
    extent->column_map = MapColumns(*old, matched, *to->meta);
    if (new_ingestion_time) {
      extent->row_times = false;
      extent->min_ingested = extent->max_ingested = ingested;
    }
    made.push_back(std::move(extent));
  }
  KC_TRY(RemoveExtents(from->id(), old_ids));
  if (made.empty()) return {};
  return AddAll(to->id(), made);
}

Status TransactionBuilder::RetagExtent(std::string_view table_id, const ExtentMove& extent,
                                       std::vector<std::string> tags) {
  TablePtr table = state_.FindTableById(table_id);
  if (table == nullptr) return NoTable(table_id);
  ExtentPtr old = table->FindExtent(extent.old_id);
  KC_TRY(RemoveExtents(table->id(), {extent.old_id}));
  auto made = std::make_shared<Extent>(*old);
  made->id = extent.new_id;
  made->tags = std::move(tags);
  return AddAll(table->id(), {made});
}

void TransactionBuilder::SetEvent(std::string event, std::string entity) {
  event_ = std::move(event);
  entity_ = std::move(entity);
}

}  // namespace kc::local
