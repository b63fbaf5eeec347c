// .create database, .show databases and their kin.
#include <utility>

#include "base/text.h"
#include "local/catalog/operations.h"
#include "local/commands/handlers.h"
#include "local/commands/policies.h"
#include "local/commands/principals.h"
#include "local/commands/schema_access.h"

namespace kc::local {
namespace {

std::string StorageOf(const CommandContext& context, const DatabaseState& state) {
  return context.cluster.options().storage + "/" + state.meta->id;
}

Result<CommandResult> CreateDatabase(const Command& command, CommandContext& context) {
  const std::string& name = command.Text("D");
  KC_TRY(CheckEntityName("Database", name));
  const bool if_not_exists = command.Has("ifnotexists");
  auto database = context.cluster.CreateDatabase(name);
  const bool created = database.has_value();
  if (!database && if_not_exists && database.error().reason == "BadRequest_EntityAlreadyExists") {
    database = context.cluster.FindDatabase(name);
  }
  KC_TRY(database);
  const StatePtr state = (*database)->state();
  // The storage is the program's own: paths given with `persist` are not used.
  return OneTable(ParseColumns("DatabaseName:string PersistentPath:string Created:string "
                               "StoresMetadata:bool StoresData:bool"),
                  {{state->name(), StorageOf(context, *state),
                    created ? Text("True") : Text("False"), true, true}});
}

Result<CommandResult> DropDatabase(const Command& command, CommandContext& context) {
  const std::string& name = command.Text("D");
  const Status dropped = context.cluster.DropDatabase(name);
  if (!dropped &&
      !(command.Has("ifexists") && dropped.error().reason == "BadRequest_DatabaseNotExist")) {
    return Fail(dropped.error());
  }
  return OneTable(ParseColumns("DatabaseName:string"), {{name}});
}

Result<CommandResult> SetPrettyName(const Command& command, CommandContext& context) {
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
  KC_ASSIGN(const CommitInfo commit,
            database->Commit([&](const DatabaseState& state, TransactionBuilder& builder) {
              DatabaseMeta meta = *state.meta;
              meta.pretty_name = command.Text("text");
              builder.SetEvent("ALTER-DATABASE-PRETTY-NAME", meta.name);
              if (!(meta == *state.meta)) builder.PutDatabase(std::move(meta));
              return Status();
            }));
  return OneTable(ParseColumns("DatabaseName:string PrettyName:string"),
                  {{commit.state->name(), commit.state->meta->pretty_name}});
}

// The databases that a command shows: the named or current one, or all of them.
Result<std::vector<StatePtr>> Shown(const Command& command, const CommandContext& context) {
  std::vector<StatePtr> states;
  if (command.Text("which") == "databases") {
    for (const DatabasePtr& database : context.cluster.databases()) {
      const std::vector<std::string>& names = command.List("names");
      bool wanted = names.empty();
      for (const std::string& name : names) wanted |= EqualsIgnoreCase(name, database->name());
      if (wanted) states.push_back(database->state());
    }
    return states;
  }
  KC_ASSIGN(const DatabasePtr database, TargetDatabase(context, command.Text("D")));
  states.push_back(database->state());
  return states;
}

// DatabaseName, PersistentStorage, Version, IsCurrent, DatabaseAccessMode, PrettyName
std::vector<Value> CommonRow(const CommandContext& context, const DatabaseState& state) {
  return {state.name(),        StorageOf(context, state),
          state.VersionText(), EqualsIgnoreCase(state.name(), context.database),
          Text("ReadWrite"),   state.meta->pretty_name};
}
constexpr std::string_view kCommonColumns =
    "DatabaseName:string PersistentStorage:string Version:string IsCurrent:bool "
    "DatabaseAccessMode:string PrettyName:string ";

using RowMaker = void (*)(const DatabaseState& state, std::vector<Value>& row);

Result<CommandResult> Show(const Command& command, const CommandContext& context,
                           std::string_view columns, RowMaker more) {
  KC_ASSIGN(const std::vector<StatePtr> states, Shown(command, context));
  std::vector<std::vector<Value>> rows;
  for (const StatePtr& state : states) {
    rows.push_back(CommonRow(context, *state));
    more(*state, rows.back());
  }
  return OneTable(ParseColumns(std::string(kCommonColumns) + std::string(columns)),
                  std::move(rows));
}

Result<CommandResult> ShowPlain(const Command& command, CommandContext& context) {
  return Show(command, context, "ReservedSlot1:bool DatabaseId:guid InTransitionTo:string",
              [](const DatabaseState& state, std::vector<Value>& row) {
                row.insert(row.end(), {Value(), state.meta->id, Text("")});
              });
}

struct Sizes {
  double original = 0;
  double bytes = 0;
  double index = 0;
  int64_t rows = 0;
  int64_t tables = 0;
};
Sizes SizesOf(const DatabaseState& state) {
  Sizes sizes;
  for (const auto& [name, table] : state.tables) {
    sizes.original += static_cast<double>(table->original_bytes);
    sizes.bytes += static_cast<double>(table->bytes);
    sizes.index += static_cast<double>(table->index_bytes);
    sizes.rows += table->rows;
    ++sizes.tables;
  }
  return sizes;
}

Result<CommandResult> ShowDetails(const Command& command, CommandContext& context) {
  return Show(
      command, context,
      "AuthorizedPrincipals:string RetentionPolicy:string MergePolicy:string "
      "ReservedSlot1:string CachingPolicy:string ShardingPolicy:string "
      "StreamingIngestionPolicy:string IngestionBatchingPolicy:string TotalSize:real "
      "DatabaseId:guid InTransitionTo:string",
      [](const DatabaseState& state, std::vector<Value>& row) {
        row.insert(row.end(),
                   {PrincipalsJson(state.meta->principals), EffectivePolicyJson(state, "retention"),
                    EffectivePolicyJson(state, "merge"), Text(""),
                    EffectivePolicyJson(state, "caching"), EffectivePolicyJson(state, "sharding"),
                    EffectivePolicyJson(state, "streamingingestion"),
                    EffectivePolicyJson(state, "ingestionbatching"), SizesOf(state).bytes,
                    state.meta->id, Text("")});
      });
}

Result<CommandResult> ShowIdentity(const Command& command, CommandContext& context) {
  return Show(command, context,
              "CurrentUserIsUnrestrictedViewer:bool DatabaseId:guid InTransitionTo:string",
              [](const DatabaseState& state, std::vector<Value>& row) {
                row.insert(row.end(), {Value(true), state.meta->id, Text("")});
              });
}

Result<CommandResult> ShowPolicies(const Command& command, CommandContext& context) {
  return Show(command, context,
              "DatabaseId:guid AuthorizedPrincipals:string RetentionPolicy:string "
              "MergePolicy:string CachingPolicy:string ShardingPolicy:string "
              "StreamingIngestionPolicy:string IngestionBatchingPolicy:string",
              [](const DatabaseState& state, std::vector<Value>& row) {
                row.insert(
                    row.end(),
                    {state.meta->id, PrincipalsJson(state.meta->principals),
                     EffectivePolicyJson(state, "retention"), EffectivePolicyJson(state, "merge"),
                     EffectivePolicyJson(state, "caching"), EffectivePolicyJson(state, "sharding"),
                     EffectivePolicyJson(state, "streamingingestion"),
                     EffectivePolicyJson(state, "ingestionbatching")});
              });
}

void StatsRow(const DatabaseState& state, std::vector<Value>& row) {
  const Sizes sizes = SizesOf(state);
  for (int hot = 0; hot < 2; ++hot) {
    row.insert(row.end(),
               {sizes.original, sizes.bytes, sizes.bytes - sizes.index, sizes.index, sizes.rows});
  }
}
constexpr std::string_view kStatsColumns =
    "OriginalSize:real ExtentSize:real CompressedSize:real IndexSize:real RowCount:long "
    "HotOriginalSize:real HotExtentSize:real HotCompressedSize:real HotIndexSize:real "
    "HotRowCount:long";

// Microsoft's two forms differ by a column (and its spelling).
Result<CommandResult> ShowDataStats(const Command& command, CommandContext& context) {
  if (command.Text("which") == "databases") {
    return Show(command, context, "DatabaseId:guid " + std::string(kStatsColumns),
                [](const DatabaseState& state, std::vector<Value>& row) {
                  row.push_back(state.meta->id);
                  StatsRow(state, row);
                });
  }
  return Show(command, context,
              "CurrentUseIsUnrestrictedViewer:bool DatabaseId:guid " + std::string(kStatsColumns),
              [](const DatabaseState& state, std::vector<Value>& row) {
                row.insert(row.end(), {Value(true), state.meta->id});
                StatsRow(state, row);
              });
}

Result<CommandResult> ShowMetadata(const Command& command, CommandContext& context) {
  KC_ASSIGN(const std::vector<StatePtr> states, Shown(command, context));
  std::vector<std::vector<Value>> rows;
  for (const StatePtr& state : states) {
    rows.push_back({state->name(), state->VersionText(), StorageOf(context, *state),
                    StorageOf(context, *state), Text("ReadWrite")});
  }
  return OneTable(ParseColumns("DatabaseName:string Version:string PersistentStorage:string "
                               "MetadataPersistentStorage:string DatabaseAccessMode:string"),
                  std::move(rows));
}

constexpr std::string_view kJournalColumns =
    "Event:string EventTimestamp:datetime Database:string EntityName:string "
    "UpdatedEntityName:string EntityVersion:string EntityContainerName:string "
    "OriginalEntityState:string UpdatedEntityState:string ChangeCommand:string Principal:string "
    "RootActivityId:guid ClientRequestId:string User:string OriginalEntityVersion:string";

Result<CommandResult> ShowJournal(const Command& command, CommandContext& context) {
  std::vector<DatabasePtr> databases;
  if (command.Has("database")) {
    KC_ASSIGN(DatabasePtr database, TargetDatabase(context, command.Text("D")));
    databases.push_back(std::move(database));
  } else {
    databases = context.cluster.databases();
  }
  std::vector<std::vector<Value>> rows;
  for (const DatabasePtr& database : databases) {
    for (const TransactionHeader& event : database->RecentEvents()) {
      if (event.event.empty()) continue;
      const std::string version = "v1." + std::to_string(event.version);
      rows.push_back({event.event, event.ticks, database->name(), event.entity, event.entity,
                      version, Text(""), Text(""), Text(""), Text(""), Text(""), Value(), Text(""),
                      Text(""), version});
    }
  }
  return OneTable(ParseColumns(kJournalColumns), std::move(rows));
}

}  // namespace

void RegisterDatabaseCommands(CommandRegistry& registry) {
  const auto write = [&](const char* kind, const char* pattern, CommandEffect effect,
                         CommandHandler handler) {
    registry.Add({kind, pattern, effect, std::move(handler)});
  };
  write("DatabaseCreate",
        ".create database <D:name> [persist (<paths:strings>)] [volatile] [ifnotexists]",
        CommandEffect::kWritesCluster, CreateDatabase);
  write("DatabasePrettyNameDrop", ".drop database <D:name> prettyname",
        CommandEffect::kWritesDatabase, SetPrettyName);
  write("DatabaseDrop", ".drop database <D:name> [ifexists]", CommandEffect::kWritesCluster,
        DropDatabase);
  write("DatabasePrettyNameAlter", ".alter database <D:name> prettyname <text:string>",
        CommandEffect::kWritesDatabase, SetPrettyName);
}

void RegisterShowDatabaseCommands(CommandRegistry& registry) {
  const auto both = [&](const std::string& kind, const std::string& words, CommandHandler handler) {
    const std::string tail = words.empty() ? "" : " " + words;
    registry.Add(
        {"Database" + kind, ".show {which=database}" + tail, CommandEffect::kReads, handler});
    registry.Add({"Databases" + kind, ".show [cluster] {which=databases} [(<names:names>)]" + tail,
                  CommandEffect::kReads, handler});
    registry.Add({"Database" + kind, ".show {which=database} <D:name>" + tail,
                  CommandEffect::kReads, std::move(handler)});
  };
  both("DetailsShow", "details", ShowDetails);
  both("IdentityShow", "identity", ShowIdentity);
  both("PoliciesShow", "policies", ShowPolicies);
  both("DataStatsShow", "datastats", ShowDataStats);
  both("MetadataShow", "metadata", ShowMetadata);
  registry.Add({"DatabasesShow", ".show [cluster] {which=databases} [(<names:names>)]",
                CommandEffect::kReads, ShowPlain});
  registry.Add({"JournalShow", ".show [cluster] journal", CommandEffect::kReads, ShowJournal});
  registry.Add({"DatabaseJournalShow", ".show database [<D:name>] journal", CommandEffect::kReads,
                ShowJournal});
}

// Must come after everything that begins with .show database: the name is the last resort.
void RegisterShowPlainDatabase(CommandRegistry& registry) {
  registry.Add(
      {"DatabaseShow", ".show {which=database} [<D:name>]", CommandEffect::kReads, ShowPlain});
}

}  // namespace kc::local
