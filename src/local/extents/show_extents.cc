// .show (table | tables | database | cluster) extents.
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/catalog/cluster.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"

namespace kc::local {
namespace {

struct Selection {
  std::set<std::string> ids;  // empty: all
  TagFilter tags;
  bool hot = false;
  int64_t now = 0;
};

Result<Selection> ReadSelection(const Command& command, CommandContext& context) {
  Selection selection;
  for (const std::string& id : command.List("ids")) selection.ids.insert(id);
  selection.hot = command.Has("hot");
  selection.now = context.cluster.world().clock->NowTicks();
  if (command.Has("filter")) {
    KC_ASSIGN(selection.tags, ParseTagFilter(command.Text("filter")));
  }
  return selection;
}

// Rows created before it are not hot; 0 if everything is.
int64_t HotSince(const DatabaseState& state, const TableMeta& table, int64_t now) {
  auto policy = EffectivePolicy(state, table, "caching");
  if (!policy) return 0;
  auto json = ParseJson(*policy);
  if (!json || !json->is_object()) return 0;
  auto span = json->find("DataHotSpan");
  if (span == json->end()) return 0;
  if (span->is_object()) span = span->find("Value");
  if (!span->is_string()) return 0;
  auto ticks = ParseTimeSpan(span->get<std::string>());
  return ticks && *ticks < now ? now - *ticks : 0;
}

void AddRow(const DatabaseState& state, const Table& table, const Extent& extent,
            std::vector<std::vector<Value>>* rows) {
  const ExtentFile& file = *extent.file;
  auto real = [](int64_t number) { return static_cast<double>(number); };
  rows->push_back({extent.id, state.name(), table.name(), extent.max_created_ticks,
                   real(file.original_bytes), real(file.bytes), real(file.bytes - file.index_bytes),
                   real(file.index_bytes), int64_t{1}, int64_t{1}, state.meta->id, file.rows,
                   extent.min_created_ticks, TagsText(extent), std::string("V3"), int64_t{0}});
}

void AddTable(const DatabaseState& state, const Table& table, const Selection& selection,
              std::vector<std::vector<Value>>* rows) {
  auto passes = [&](const Extent& extent, int64_t hot_since) {
    return extent.max_created_ticks >= hot_since && (!selection.tags || selection.tags(extent));
  };
  int64_t hot_since = selection.hot ? HotSince(state, *table.meta, selection.now) : 0;
  if (!selection.ids.empty()) {
    for (const std::string& id : selection.ids) {
      ExtentPtr extent = table.FindExtent(id);
      if (extent != nullptr && passes(*extent, hot_since)) AddRow(state, table, *extent, rows);
    }
    return;
  }
  for (const auto& [ordinal, extent] : table.extents) {
    if (passes(*extent, hot_since)) AddRow(state, table, *extent, rows);
  }
}

CommandResult ExtentsResult(std::vector<std::vector<Value>> rows) {
  return OneTable({{"ExtentId", ScalarType::kGuid},
                   {"DatabaseName", ScalarType::kString},
                   {"TableName", ScalarType::kString},
                   {"MaxCreatedOn", ScalarType::kDateTime},
                   {"OriginalSize", ScalarType::kReal},
                   {"ExtentSize", ScalarType::kReal},
                   {"CompressedSize", ScalarType::kReal},
                   {"IndexSize", ScalarType::kReal},
                   {"Blocks", ScalarType::kLong},
                   {"Segments", ScalarType::kLong},
                   {"ExtentContainerId", ScalarType::kString},
                   {"RowCount", ScalarType::kLong},
                   {"MinCreatedOn", ScalarType::kDateTime},
                   {"Tags", ScalarType::kString},
                   {"Kind", ScalarType::kString},
                   {"DeletedRowCount", ScalarType::kLong}},
                  std::move(rows));
}

Result<CommandResult> ShowTableExtents(const Command& command, CommandContext& context) {
  KC_ASSIGN(NamedTable named, FindNamedTable(command, "table", context));
  KC_ASSIGN(Selection selection, ReadSelection(command, context));
  std::vector<std::vector<Value>> rows;
  AddTable(*named.state, *named.table, selection, &rows);
  return ExtentsResult(std::move(rows));
}

Result<CommandResult> ShowTablesExtents(const Command& command, CommandContext& context) {
  KC_ASSIGN(Selection selection, ReadSelection(command, context));
  KC_ASSIGN(DatabasePtr database, context.cluster.FindDatabase(context.database));
  StatePtr state = database->state();
  std::vector<std::vector<Value>> rows;
  for (const std::string& name : command.List("tables")) {
    KC_ASSIGN(TablePtr table, RequireTable(*state, name));
    AddTable(*state, *table, selection, &rows);
  }
  return ExtentsResult(std::move(rows));
}

Result<CommandResult> ShowDatabaseExtents(const Command& command, CommandContext& context) {
  KC_ASSIGN(Selection selection, ReadSelection(command, context));
  std::vector<DatabasePtr> databases;
  if (command.kind == "ShowClusterExtents") {
    databases = context.cluster.databases();
  } else {
    const std::string& name = command.Text("database");
    KC_ASSIGN(auto database, context.cluster.FindDatabase(name.empty() ? context.database : name));
    databases.push_back(std::move(database));
  }
  std::vector<std::vector<Value>> rows;
  for (const DatabasePtr& database : databases) {
    StatePtr state = database->state();
    for (const auto& [name, table] : state->tables) AddTable(*state, *table, selection, &rows);
  }
  return ExtentsResult(std::move(rows));
}

}  // namespace

void RegisterShowExtentsCommands(CommandRegistry& registry) {
  const std::string tail = " extents [( <ids:guids> )] [hot] [where <filter:rest>]";
  const auto effect = CommandEffect::kReads;
  registry.Add({"ShowTableExtents", ".show table <table:table>" + tail, effect, ShowTableExtents});
  registry.Add(
      {"ShowTablesExtents", ".show tables ( <tables:names> )" + tail, effect, ShowTablesExtents});
  registry.Add({"ShowDatabaseExtents", ".show database" + tail, effect, ShowDatabaseExtents});
  registry.Add({"ShowDatabaseExtents", ".show database <database:name>" + tail, effect,
                ShowDatabaseExtents});
  registry.Add({"ShowClusterExtents", ".show cluster" + tail, effect, ShowDatabaseExtents});
}

}  // namespace kc::local
