// .show tables, .show table T …
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "local/commands/handlers.h"
#include "local/commands/policies.h"
#include "local/commands/principals.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

// The tables of a database that the command's list of names (may hold '*') leaves; all without one.
std::vector<TablePtr> Selected(const DatabaseState& state, const std::vector<std::string>& names) {
  std::vector<TablePtr> tables;
  for (const auto& entry : state.tables) {
    const std::string& name = entry.first;
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& pattern) {
          return pattern == name || MatchesWildcard(name, pattern);
        });
    if (wanted) tables.push_back(entry.second);
  }
  return tables;
}

Result<CommandResult> ShowTables(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const StatePtr state = database->state();
  std::vector<std::string> names;
  for (const TablePtr& table : Selected(*state, command.List("names"))) {
    names.push_back(table->name());
  }
  return TablesAnswer(*state, names);
}

std::vector<ColumnSchema> DetailsColumns() {
  return ParseColumns(
      "TableName:string DatabaseName:string Folder:string DocString:string TotalExtents:long "
      "TotalExtentSize:real TotalOriginalSize:real TotalRowCount:long HotExtents:long "
      "HotExtentSize:real HotOriginalSize:real HotRowCount:long AuthorizedPrincipals:string "
      "RetentionPolicy:string CachingPolicy:string ShardingPolicy:string MergePolicy:string "
      "StreamingIngestionPolicy:string IngestionBatchingPolicy:string "
      "MinExtentsCreationTime:datetime MaxExtentsCreationTime:datetime RowOrderPolicy:string "
      "TableId:guid");
}

// All data counts as hot: it is on this machine's disk.
std::vector<Value> DetailsRow(const DatabaseState& state, const Table& table) {
  const TableMeta& meta = *table.meta;
  const auto extents = static_cast<int64_t>(table.extents.size());
  const auto size = static_cast<double>(table.bytes);
  const auto original = static_cast<double>(table.original_bytes);
  Value oldest;
  Value newest;
  for (const auto& [ordinal, extent] : table.extents) {
    if (IsNull(oldest) || extent->min_created_ticks < std::get<int64_t>(oldest)) {
      oldest = extent->min_created_ticks;
    }
    if (IsNull(newest) || extent->max_created_ticks > std::get<int64_t>(newest)) {
      newest = extent->max_created_ticks;
    }
  }
  const auto policy = [&](const char* keyword) {
    return Text(EffectivePolicyJson(state, meta, keyword));
  };
  return {meta.name,
          state.name(),
          meta.folder,
          meta.docstring,
          extents,
          size,
          original,
          table.rows,
          extents,
          size,
          original,
          table.rows,
          PrincipalsJson(meta.principals),
          policy("retention"),
          policy("caching"),
          policy("sharding"),
          policy("merge"),
          policy("streamingingestion"),
          policy("ingestionbatching"),
          oldest,
          newest,
          policy("roworder"),
          meta.id};
}

Result<CommandResult> ShowTablesDetails(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context));
  const StatePtr state = database->state();
  std::vector<std::vector<Value>> rows;
  for (const TablePtr& table : Selected(*state, command.List("names"))) {
    rows.push_back(DetailsRow(*state, *table));
  }
  return OneTable(DetailsColumns(), std::move(rows));
}

Result<CommandResult> ShowTableDetails(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  return OneTable(DetailsColumns(), {DetailsRow(*target.state, *target.table)});
}

Result<CommandResult> ShowTableCslSchema(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  const TableMeta& meta = *target.table->meta;
  return OneTable(
      ParseColumns("TableName:string Schema:string DatabaseName:string Folder:string "
                   "DocString:string"),
      {{meta.name, CslSchema(meta), target.state->name(), meta.folder, meta.docstring}});
}

Result<CommandResult> ShowTableSchemaJson(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  return TableAnswer(*target.table->meta, target.state->name());
}

// One row a column. A column's share of a file isn't kept, so sizes are 0.
Result<CommandResult> ShowTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(const TableTarget target, TargetTable(command, context));
  std::vector<std::vector<Value>> rows;
  for (const Column& column : target.table->meta->columns) {
    // A column has no GUID of its own: made of the table's and the column's number.
    const std::string id = target.table->id().substr(0, 24) + fmt::format("{:012x}", column.id);
    rows.push_back({column.name, DotNetType(column.type), int64_t{0}, 1.0, int64_t{0}, 0.0,
                    int64_t{0}, id, int64_t{0}, Text("9")});
  }
  return OneTable(ParseColumns("AttributeName:string AttributeType:string ExtentSize:long "
                               "CompressionRatio:real IndexSize:long IndexSizePercent:real "
                               "OriginalSize:long AttributeId:guid SharedIndexSize:long "
                               "StorageEngineVersion:string"),
                  std::move(rows));
}

}  // namespace

void RegisterShowTableCommands(CommandRegistry& registry) {
  const auto add = [&](const char* kind, const char* pattern, CommandHandler handler) {
    registry.Add({kind, pattern, CommandEffect::kReads, std::move(handler)});
  };
  add("TablesShow", ".show tables [(<names:wildcards>)]", ShowTables);
  add("TablesDetailsShow", ".show tables [(<names:wildcards>)] details", ShowTablesDetails);
  add("TableDetailsShow", ".show table <T:table> details", ShowTableDetails);
  add("TableCslSchemaShow", ".show table <T:table> cslschema", ShowTableCslSchema);
  add("TableSchemaShow", ".show table <T:table> schema as json", ShowTableSchemaJson);
  add("TableShow", ".show table <T:table>", ShowTable);
}

}  // namespace kc::local
