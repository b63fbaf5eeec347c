// .drop extents, .drop-pretend extents, .clear table data.
#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "local/catalog/cluster.h"
#include "local/extents/commands.h"
#include "local/extents/selection.h"

namespace kc::local {
namespace {

struct Victim {
  std::string table_id;
  std::string table;
  ExtentPtr extent;
};

CommandResult DroppedResult(const std::vector<Victim>& victims) {
  std::vector<std::vector<Value>> rows;
  for (const Victim& victim : victims) {
    rows.push_back({victim.extent->id, victim.table, victim.extent->max_created_ticks});
  }
  return OneTable({{"ExtentId", ScalarType::kGuid},
                   {"TableName", ScalarType::kString},
                   {"CreatedOn", ScalarType::kDateTime}},
                  std::move(rows));
}

// Drops them all or none; fails if one of them has gone meanwhile.
Result<CommandResult> Drop(Database& database, const std::vector<Victim>& victims, bool pretend) {
  if (pretend || victims.empty()) return DroppedResult(victims);
  std::map<std::string, std::vector<std::string>> by_table;
  for (const Victim& victim : victims) by_table[victim.table_id].push_back(victim.extent->id);
  auto change = [&](const DatabaseState&, TransactionBuilder& transaction) -> Status {
    for (const auto& [table_id, ids] : by_table) {
      KC_TRY(transaction.RemoveExtents(table_id, ids));
    }
    transaction.SetEvent("DROP-EXTENTS", victims.front().table);
    return {};
  };
  KC_TRY(database.Commit(change));
  return DroppedResult(victims);
}

struct Scope {
  DatabasePtr database;
  StatePtr state;
  std::vector<TablePtr> tables;
};

// The captured table, else all of the database.
Result<Scope> ReadScope(const Command& command, CommandContext& context) {
  Scope scope;
  if (command.Has("table")) {
    KC_ASSIGN(NamedTable named, FindNamedTable(command, "table", context));
    return Scope{named.database, named.state, {named.table}};
  }
  KC_ASSIGN(scope.database, context.cluster.FindDatabase(context.database));
  scope.state = scope.database->state();
  for (const auto& [name, table] : scope.state->tables) scope.tables.push_back(table);
  return scope;
}

bool IsPretend(const Command& command) {
  return command.Has("whatif") || command.kind == "DropPretendExtents";
}

Result<CommandResult> DropByIds(const Command& command, CommandContext& context) {
  KC_ASSIGN(Scope scope, ReadScope(command, context));
  std::vector<std::string> ids = command.List("ids");
  if (command.Has("id")) ids.push_back(command.Text("id"));
  std::vector<Victim> victims;
  for (const std::string& id : ids) {
    bool found = false;
    for (const TablePtr& table : scope.tables) {
      ExtentPtr extent = table->FindExtent(id);
      if (extent == nullptr) continue;
      found = true;
      victims.push_back({table->id(), table->name(), std::move(extent)});
    }
    if (!found) {
      return Stop("Extent '" + id + "' was not found", "BadRequest_EntityNotFound");
    }
  }
  return Drop(*scope.database, victims, IsPretend(command));
}

Result<CommandResult> DropByQuery(const Command& command, CommandContext& context) {
  KC_ASSIGN(Scope scope, ReadScope(command, context));
  KC_ASSIGN(auto queried, QueryExtents(command.Text("query"), context));
  std::vector<Victim> victims;
  for (const QueriedExtent& wanted : queried) {
    for (const TablePtr& table : scope.tables) {
      if (!wanted.table.empty() && wanted.table != table->name()) continue;
      ExtentPtr extent = table->FindExtent(wanted.id);
      if (extent != nullptr) victims.push_back({table->id(), table->name(), std::move(extent)});
    }
  }
  return Drop(*scope.database, victims, IsPretend(command));
}

// Oldest extents first, until the tables together are no larger than `bytes`.
void TrimTo(int64_t bytes, bool data_size, std::vector<Victim>* victims) {
  auto size = [&](const Victim& v) {
    return data_size ? v.extent->file->original_bytes : v.extent->file->bytes;
  };
  int64_t total = 0;
  for (const Victim& victim : *victims) total += size(victim);
  size_t kept_from = 0;
  while (kept_from < victims->size() && total > bytes) total -= size((*victims)[kept_from++]);
  victims->resize(kept_from);
}

Result<CommandResult> DropByProperties(const Command& command, CommandContext& context) {
  KC_ASSIGN(Scope scope, ReadScope(command, context));
  int64_t before = kMaxDateTimeTicks;
  if (command.Has("age")) {
    int64_t unit = EqualsIgnoreCase(command.Text("unit"), "hours") ? kTicksPerHour : kTicksPerDay;
    before = context.cluster.world().clock->NowTicks() - command.Integer("age") * unit;
  }
  std::vector<Victim> victims;
  for (const TablePtr& table : scope.tables) {
    for (const auto& [ordinal, extent] : table->extents) {
      if (extent->max_created_ticks < before) {
        victims.push_back({table->id(), table->name(), extent});
      }
    }
  }
  std::stable_sort(victims.begin(), victims.end(), [](const Victim& a, const Victim& b) {
    return a.extent->max_created_ticks < b.extent->max_created_ticks;
  });
  if (command.Has("size")) {
    int64_t factor = 1;
    if (EqualsIgnoreCase(command.Text("measure"), "MB")) factor = int64_t{1} << 20;
    if (EqualsIgnoreCase(command.Text("measure"), "GB")) factor = int64_t{1} << 30;
    TrimTo(command.Integer("size") * factor, EqualsIgnoreCase(command.Text("what"), "datasize"),
           &victims);
  }
  auto limit = static_cast<size_t>(std::max<int64_t>(0, command.Integer("limit")));
  if (command.Has("limit") && victims.size() > limit) victims.resize(limit);
  return Drop(*scope.database, victims, IsPretend(command));
}

Result<CommandResult> ClearTable(const Command& command, CommandContext& context) {
  KC_ASSIGN(NamedTable named, FindNamedTable(command, "table", context));
  std::string id = named.table->id();
  auto change = [&](const DatabaseState& state, TransactionBuilder& transaction) -> Status {
    TablePtr table = state.FindTableById(id);
    if (table == nullptr || table->extents.empty()) return {};
    std::vector<std::string> ids;
    for (const auto& [ordinal, extent] : table->extents) ids.push_back(extent->id);
    transaction.SetEvent("CLEAR-TABLE-DATA", table->name());
    return transaction.RemoveExtents(id, ids);
  };
  KC_TRY(named.database->Commit(change));
  return OneTable({{"Status", ScalarType::kString}}, {{std::string("Table data cleared")}});
}

}  // namespace

void RegisterDropExtentsCommands(CommandRegistry& registry) {
  const auto writes = CommandEffect::kWritesDatabase;
  const std::string trim =
      " [trim by {what=extentsize|datasize} <size:number> {measure=MB|GB|bytes}] "
      "[limit <limit:number>]";
  const std::string older = " older <age:number> {unit=days|hours} from ";
  registry.Add(
      {"DropExtents", ".drop extents ( <ids:guids> ) [from <table:table>]", writes, DropByIds});
  registry.Add({"DropExtents", ".drop extents [whatif] <| <query:rest>", writes, DropByQuery});
  registry.Add({"DropExtent", ".drop extent <id:guid> [from <table:table>]", writes, DropByIds});
  for (const auto& [kind, verb, effect] :
       {std::tuple{"DropExtents", ".drop extents", writes},
        std::tuple{"DropPretendExtents", ".drop-pretend extents", CommandEffect::kReads}}) {
    registry.Add({kind, verb + older + "all tables" + trim, effect, DropByProperties});
    registry.Add({kind, verb + older + "<table:table>" + trim, effect, DropByProperties});
    registry.Add({kind, verb + (" from all tables" + trim), effect, DropByProperties});
    registry.Add({kind, verb + (" from <table:table>" + trim), effect, DropByProperties});
  }
  registry.Add({"ClearTableData", ".clear [async] table <table:table> data", writes, ClearTable});
}

}  // namespace kc::local
