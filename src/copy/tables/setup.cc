#include "copy/tables/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "copy/tables/policies.h"
#include "copy/tables/tables_now.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/transfer.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Io;
using world::Task;

namespace {

// What is read of one cluster.
struct Side {
  Status status;
  bool database_missing = false;
  std::string database_id;
  std::vector<commands::TableSchema> schemas;  // sorted by name
  std::string schema_text;
  TablesNow details;
  TablePolicies hidden;     // row level security and restricted view
  TablePolicies updates;    // destination
  TablePolicies retention;  // destination
  std::string database_retention;
  Encodings encodings;             // source
  std::vector<std::string> views;  // destination: sources of materialized views
};

// Policies are looked at for what they mean; one that can't be read is told, not taken for absent.
Task<void> ReadPolicies(Session& session, kusto::Client& client, std::string text,
                        TablePolicies& into) {
  auto show = session.Show(client, text);
  const Result<Answer> answer = co_await show;
  auto read = answer ? commands::ReadTablePolicies(answer->table())
                     : Result<TablePolicies>(Fail(answer.error()));
  if (read) {
    into.insert(read->begin(), read->end());
  } else {
    session.Notify("", "can't be read: " + text + " (" + read.error().message + ")");
  }
}

Task<void> ReadSourceScript(Session& session, Side& side) {
  auto show =
      session.Show(session.environment.source, commands::ShowSchemaScript(session.names.source));
  const Result<Answer> answer = co_await show;
  if (!answer) {
    session.Notify("", "encoding policies can't be read: " + answer.error().message);
    co_return;
  }
  std::vector<std::string> lines;
  for (const auto& row : answer->table().rows) {
    if (row.empty()) continue;
    if (const auto* line = std::get_if<std::string>(&row.front())) lines.push_back(*line);
  }
  side.encodings = ReadEncodings(lines);
}

Task<void> ReadViews(Session& session, Side& side) {
  auto show = session.Show(session.environment.destination, commands::ShowMaterializedViews());
  const Result<Answer> answer = co_await show;
  if (!answer || !answer->table().Find("SourceTable")) co_return;
  for (size_t row = 0; row < answer->table().rows.size(); ++row) {
    side.views.push_back(kusto::GetText(answer->table(), row, "SourceTable"));
  }
}

Task<void> ReadDatabaseRetention(Session& session, Side& side) {
  auto show = session.Show(session.environment.destination,
                           commands::ShowDatabasePolicy(session.names.destination, "retention"));
  const Result<Answer> answer = co_await show;
  if (!answer) co_return;
  if (const auto json = commands::ReadPolicy(answer->table())) side.database_retention = *json;
}

Task<void> ReadSourcePolicies(Session& session, Side& side) {
  auto& client = session.environment.source;
  world::TaskGroup group;
  for (const char* policy : {"row_level_security", "restricted_view_access"}) {
    group.Start(ReadPolicies(session, client, commands::ShowAllTablesPolicy(policy), side.hidden));
  }
  group.Start(ReadSourceScript(session, side));
  auto join = group.Join();
  co_await join;
}

Task<void> ReadDestinationPolicies(Session& session, Side& side) {
  auto& client = session.environment.destination;
  world::TaskGroup group;
  group.Start(ReadPolicies(session, client, commands::ShowAllTablesPolicy("update"), side.updates));
  group.Start(
      ReadPolicies(session, client, commands::ShowAllTablesPolicy("retention"), side.retention));
  group.Start(ReadDatabaseRetention(session, side));
  group.Start(ReadViews(session, side));
  auto join = group.Join();
  co_await join;
}

Task<Status> ReadSide(Session& session, kusto::Client& client, std::string database, Side& side) {
  auto* cancel = &session.environment.cancel;
  Io<Result<std::string>> probe(session.environment.executor, "probe",
                                [&client, cancel] { return kusto::Probe(client, cancel); });
  const Result<std::string> version = co_await probe;
  if (!version) co_return Fail(version.error());
  Io<Result<std::string>> require(session.environment.executor, "probe",
                                  [&] { return kusto::RequireDatabase(client, database, cancel); });
  const Result<std::string> found = co_await require;
  if (!found) {
    side.database_missing = found.error().reason == "DatabaseNotFound";
    co_return Fail(found.error());
  }
  KC_CO_ASSIGN(const Answer databases, session.Show(client, commands::ShowDatabases()));
  KC_CO_TAKE(const auto infos, commands::ReadDatabases(databases.table()));
  for (const auto& info : infos) {
    if (info.name == *found) side.database_id = info.id;
  }
  KC_CO_ASSIGN(const Answer schema, session.Show(client, commands::ShowDatabaseSchema(database)));
  KC_CO_TAKE(side.schemas, commands::ReadDatabaseSchema(schema.table()));
  SortByName(side.schemas);
  side.schema_text = kusto::GetText(schema.table(), 0, "DatabaseSchema");
  KC_CO_ASSIGN(side.details, ReadTables(session, client));
  const bool is_source = &client == &session.environment.source;
  auto policies =
      is_source ? ReadSourcePolicies(session, side) : ReadDestinationPolicies(session, side);
  co_await policies;
  co_return Status();
}

Task<void> ReadSideInto(Session& session, kusto::Client& client, std::string database, Side& side) {
  auto read = ReadSide(session, client, database, side);
  side.status = co_await read;
}

Task<void> ProbeLake(Session& session, Status& status) {
  Io<Status> io(session.environment.executor, "lake.probe", [&session] {
    return azure::ProbeStore(session.environment.lake, session.environment.random);
  });
  status = co_await io;
}

void TellPolicies(Session& session, const Side& source, const Side& destination) {
  std::vector<std::string> copied;
  for (const auto& [name, pair] : session.tables) copied.push_back(name);
  const auto notices = JudgeUpdatePolicies(ReadUpdatePolicies(destination.updates), copied,
                                           std::string(kStagingPrefix));
  for (const auto& notice : notices) {
    if (!notice.conflict) {
      session.Notify(notice.table, notice.text);
      continue;
    }
    std::string& conflict = session.tables.at(notice.table).conflict;
    if (conflict.empty()) conflict = notice.text;
  }
  for (const auto& name : EnabledTables(source.hidden)) {
    if (!session.tables.contains(name)) continue;
    session.Notify(name,
                   "row level security or restricted view is on at the source: only the rows "
                   "that this principal sees are copied");
  }
  for (const auto& name : destination.views) {
    if (!session.tables.contains(name)) continue;
    session.Notify(name, "a materialized view at the destination takes up what is copied");
  }
}

TablePair PairOf(const Side& source, const Side& destination, const std::string& name) {
  TablePair pair;
  pair.source = pair.destination = name;
  pair.source_schema = *FindByName(source.schemas, name);
  pair.source_id = IdOf(source.details, name);
  pair.destination_id = IdOf(destination.details, name);
  if (const auto* schema = FindByName(destination.schemas, name)) {
    auto missing = MissingColumns(pair.source_schema, *schema);
    if (missing) {
      pair.missing_columns = std::move(*missing);
    } else {
      pair.conflict = missing.error().message;
    }
  }
  if (const auto found = source.encodings.find(name); found != source.encodings.end()) {
    pair.encodings = found->second;
  }
  const auto retention = destination.retention.find(name);
  pair.retention =
      SoftDeletePeriod(retention == destination.retention.end() ? destination.database_retention
                                                                : retention->second);
  pair.first_format = commands::FirstFormat(pair.source_schema.columns);
  return pair;
}

Status FillTables(Session& session, const Side& source, const Side& destination) {
  std::vector<std::string> all;
  for (const auto& schema : source.schemas) all.push_back(schema.name);
  const Options& options = session.environment.options;
  session.missing_names.clear();
  KC_ASSIGN(const auto names, SelectTables(all, options.tables_include, options.tables_exclude,
                                           session.first_start ? nullptr : &session.missing_names));
  std::map<std::string, TablePair> fresh;
  for (const auto& name : names) {
    TablePair pair = PairOf(source, destination, name);
    if (pair.source_schema.columns.empty()) {
      session.Notify(name, "has no columns and is not copied");
      continue;
    }
    // A number stays with its table: folders are named by it.
    session.table_numbers.try_emplace(name, static_cast<int>(session.table_numbers.size()) + 1);
    fresh[name] = std::move(pair);
  }
  session.tables = std::move(fresh);
  session.source_schema_text = source.schema_text;
  TellPolicies(session, source, destination);
  return {};
}

// Two addresses may lead to one cluster. The database's id alone doesn't show it, an image of an
// emulator may always have the same one: a table's must agree, too.
bool OneDatabase(const Side& source, const Side& destination) {
  if (source.database_id.empty() || source.database_id != destination.database_id) return false;
  return std::any_of(
      source.details.begin(), source.details.end(), [&destination](const auto& table) {
        return !table.table_id.empty() && IdOf(destination.details, table.name) == table.table_id;
      });
}

tl::unexpected<Error> SameDatabase(const Session& session, const std::string& where) {
  const std::string& name = session.names.source;
  return Stop(fmt::format("source and destination are the same database '{}' of {}; give the copy "
                          "another name with --db {}=NAME",
                          name, where, name),
              "SameDatabase");
}

}  // namespace

Task<Status> JudgePoliciesAgain(Session& session) {
  TablePolicies updates;
  auto read = ReadPolicies(session, session.environment.destination,
                           commands::ShowAllTablesPolicy("update"), updates);
  co_await read;
  std::vector<std::string> copied;
  for (const auto& [name, pair] : session.tables) copied.push_back(name);
  for (const auto& notice :
       JudgeUpdatePolicies(ReadUpdatePolicies(updates), copied, std::string(kStagingPrefix))) {
    if (!notice.conflict || session.blocked.contains(notice.table)) continue;
    session.blocked[notice.table] =
        notice.text + " (it was set while the copy ran: derived rows may have come twice)";
  }
  co_return session.ending() ? Status(Stop("the copy is ending", "Cancelled")) : Status();
}

Task<Status> ReadClusters(Session& session) {
  auto& env = session.environment;
  Side source;
  Side destination;
  world::TaskGroup group;
  group.Start(ReadSideInto(session, env.source, session.names.source, source));
  group.Start(ReadSideInto(session, env.destination, session.names.destination, destination));
  auto join = group.Join();
  co_await join;
  if (!source.status) co_return source.status;
  session.create_database = destination.database_missing;
  if (!destination.status && !destination.database_missing) co_return destination.status;
  if (OneDatabase(source, destination)) {
    co_return SameDatabase(session, fmt::format("one cluster, {} and {}", env.source.cluster(),
                                                env.destination.cluster()));
  }
  session.source_database_id = source.database_id;
  session.destination_database_id = destination.database_id;
  co_return FillTables(session, source, destination);
}

namespace {

Task<void> CheckEmpty(Session& session, const TablePair& pair, Status& outcome) {
  auto empty = RequireEmpty(session, pair);
  outcome = co_await empty;
}

// The first start of a copy refuses what it would have to stop at later: nothing was changed yet.
Task<Status> RefuseConflicts(Session& session) {
  std::string all;
  for (const auto& [name, pair] : session.tables) {
    if (!pair.conflict.empty()) all += (all.empty() ? "" : "; ") + pair.conflict;
  }
  if (!all.empty()) co_return Stop(all, "SchemaDiffers");
  if (session.create_database) co_return Status();
  KC_CO_ASSIGN(const bool owned, LookAtOwner(session, ""));
  (void)owned;
  std::vector<Status> outcomes(session.tables.size());
  world::TaskGroup group;
  size_t i = 0;
  for (const auto& [name, pair] : session.tables) {
    if (!pair.destination_id.empty()) group.Start(CheckEmpty(session, pair, outcomes[i++]));
  }
  auto join = group.Join();
  co_await join;
  for (auto& outcome : outcomes) {
    if (!outcome) co_return std::move(outcome);
  }
  co_return Status();
}

// Is there a checkpoint? One that can't be read is told when it is opened.
Task<void> LookForCheckpoint(Session& session) {
  Io<bool> io(session.environment.executor, "lake.look", [&session] {
    const auto found = session.environment.lake.Stat(session.folder + "checkpoint/manifest.json");
    return !found && found.error().reason == "NotFound";
  });
  session.first_start = co_await io;
}

}  // namespace

Task<Status> LookAround(Session& session) {
  auto& env = session.environment;
  if (env.source.cluster() == env.destination.cluster() &&
      EqualsIgnoreCase(session.names.source, session.names.destination)) {
    co_return SameDatabase(session, env.source.cluster());
  }
  Status lake;
  world::TaskGroup group;
  group.Start(ProbeLake(session, lake));
  auto look = LookForCheckpoint(session);
  co_await look;
  auto read = ReadClusters(session);
  Status clusters = co_await read;
  if (clusters && session.first_start) {
    auto refuse = RefuseConflicts(session);
    clusters = co_await refuse;
    if (!clusters && !session.ending()) {
      // Another instance may have begun this very copy meanwhile: then what stands there is its.
      auto again = LookForCheckpoint(session);
      co_await again;
      if (!session.first_start) clusters = Status();
    }
  }
  auto join = group.Join();
  co_await join;
  if (!clusters) co_return clusters;
  co_return lake;
}

Task<Result<bool>> SchemaChanged(Session& session) {
  KC_CO_ASSIGN(
      const Answer answer,
      session.Show(session.environment.source, commands::ShowDatabaseSchema(session.names.source)));
  if (answer.table().rows.size() != 1) co_return Stop("the source tells no schema");
  co_return kusto::GetText(answer.table(), 0, "DatabaseSchema") != session.source_schema_text;
}

Task<Result<bool>> DestinationChanged(Session& session) {
  KC_CO_ASSIGN(const auto tables, ReadTables(session, session.environment.destination));
  for (const auto& [name, pair] : session.tables) {
    if (pair.destination_id != IdOf(tables, pair.destination)) co_return true;
  }
  co_return false;
}

}  // namespace kc::copy
