#include "copy/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "copy/policies.h"
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
  std::vector<commands::TableSchema> schemas;
  std::string schema_text;
  std::vector<commands::TableDetails> details;
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
  side.schema_text = kusto::GetText(schema.table(), 0, "DatabaseSchema");
  KC_CO_ASSIGN(const Answer details, session.Show(client, commands::ShowTablesDetails()));
  KC_CO_TAKE(side.details, commands::ReadTableDetails(details.table()));
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

template <typename T>
const T* Named(const std::vector<T>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&name](const T& t) { return t.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Status TellPolicies(Session& session, const Side& source, const Side& destination) {
  std::vector<std::string> copied;
  for (const auto& [name, pair] : session.tables) copied.push_back(name);
  KC_ASSIGN(const auto notices,
            JudgeUpdatePolicies(ReadUpdatePolicies(destination.updates), copied, "KcStaging_"));
  for (const auto& notice : notices) session.Notify(notice.table, notice.text);
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
  return {};
}

Status FillTables(Session& session, const Side& source, const Side& destination) {
  std::vector<std::string> all;
  for (const auto& schema : source.schemas) all.push_back(schema.name);
  const Options& options = session.environment.options;
  KC_ASSIGN(const auto names, SelectTables(all, options.tables_include, options.tables_exclude));
  std::map<std::string, TablePair> fresh;
  int number = 0;
  for (const auto& name : names) {
    TablePair pair;
    pair.source = pair.destination = name;
    pair.source_schema = *Named(source.schemas, name);
    if (pair.source_schema.columns.empty()) {
      session.Notify(name, "has no columns and is not copied");
      continue;
    }
    if (const auto* details = Named(source.details, name)) pair.source_id = details->table_id;
    if (const auto* details = Named(destination.details, name)) {
      pair.destination_id = details->table_id;
    }
    if (const auto* schema = Named(destination.schemas, name)) {
      KC_ASSIGN(pair.missing_columns, MissingColumns(pair.source_schema, *schema));
    }
    if (const auto found = source.encodings.find(name); found != source.encodings.end()) {
      pair.encodings = found->second;
    }
    const auto retention = destination.retention.find(name);
    pair.retention =
        SoftDeletePeriod(retention == destination.retention.end() ? destination.database_retention
                                                                  : retention->second);
    pair.first_format = commands::FirstFormat(pair.source_schema.columns);
    session.table_numbers[name] = ++number;
    fresh[name] = std::move(pair);
  }
  session.tables = std::move(fresh);
  session.source_schema_text = source.schema_text;
  return TellPolicies(session, source, destination);
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
  session.source_database_id = source.database_id;
  session.destination_database_id = destination.database_id;
  co_return FillTables(session, source, destination);
}

}  // namespace

Task<Status> LookAround(Session& session) {
  auto& env = session.environment;
  if (env.source.cluster() == env.destination.cluster() &&
      EqualsIgnoreCase(session.names.source, session.names.destination)) {
    co_return Stop(fmt::format("source and destination are the same database '{}' of {}; give the "
                               "copy another name with --db {}=NAME",
                               session.names.source, env.source.cluster(), session.names.source),
                   "SameDatabase");
  }
  Status lake;
  Status clusters;
  world::TaskGroup group;
  group.Start(ProbeLake(session, lake));
  auto read = ReadClusters(session);
  clusters = co_await read;
  auto join = group.Join();
  co_await join;
  if (!clusters) co_return clusters;
  co_return lake;
}

namespace {

Task<Status> CreateDatabase(Session& session) {
  kusto::Request request;
  request.text = commands::CreateDatabase(session.names.destination);
  auto& client = session.environment.destination;
  Io<Result<Answer>> io(session.environment.executor, "command",
                        [&] { return client.Command(request); });
  const Result<Answer> created = co_await io;
  if (created) co_return Status();
  co_return Fail(created.error().Within(fmt::format(
      "database '{}' doesn't exist at {} and can't be created; create it and run the copy "
      "again",
      session.names.destination, client.cluster())));
}

// Protocol F40: what is in the table already can't be told from a copy of another checkpoint.
Task<Status> RequireEmpty(Session& session, TablePair& pair) {
  if (session.environment.options.append || session.Started(pair.source)) co_return Status();
  KC_CO_ASSIGN(const Answer answer, session.StrongQuery(session.environment.destination,
                                                        commands::CountUndated(pair.destination)));
  if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
  const int64_t rows = kusto::GetInt(answer.table(), 0, "Total");
  if (rows == 0) co_return Status();
  co_return Stop(
      fmt::format("table '{}' at the destination holds {} rows that this copy didn't "
                  "bring; empty it (.clear table … data), give another database with --db "
                  "SRC=DST, or add to it with --append",
                  pair.destination, rows),
      "NotEmpty");
}

Task<void> MakeTable(Session& session, TablePair& pair, Status& outcome) {
  auto& client = session.environment.destination;
  commands::TableSchema schema = pair.source_schema;
  schema.name = pair.destination;
  const bool is_new = pair.destination_id.empty();
  if (is_new || !pair.missing_columns.empty()) {
    // Merging adds what is missing and changes nothing else, also when somebody was faster.
    auto make = session.IdempotentCommand(
        client, is_new ? commands::CreateTable(schema) : commands::CreateMergeTable(schema));
    const Result<Answer> made = co_await make;
    if (!made) {
      outcome = Fail(made.error().Within("table '" + pair.destination + "'"));
      co_return;
    }
  }
  if (!is_new) {
    auto empty = RequireEmpty(session, pair);
    outcome = co_await empty;
    co_return;
  }
  for (const auto& [column, type] : pair.encodings) {
    auto alter = session.IdempotentCommand(
        client, commands::AlterColumnEncoding(pair.destination, column, type));
    const Result<Answer> altered = co_await alter;
    if (!altered) session.Notify(pair.source, "encoding: " + altered.error().message);
  }
  auto show = session.Show(client, commands::ShowTableDetails(pair.destination));
  const Result<Answer> shown = co_await show;
  auto details = shown ? commands::ReadTableDetails(shown->table())
                       : Result<std::vector<commands::TableDetails>>(Fail(shown.error()));
  if (!details || details->size() != 1) {
    outcome = details
                  ? Status(Stop("table '" + pair.destination + "' isn't there after its creation"))
                  : Status(Fail(details.error()));
    co_return;
  }
  pair.destination_id = details->front().table_id;
}

Task<Status> MakeTables(Session& session) {
  std::vector<Status> outcomes(session.tables.size());
  world::TaskGroup group;
  size_t i = 0;
  for (auto& [name, pair] : session.tables) group.Start(MakeTable(session, pair, outcomes[i++]));
  auto join = group.Join();
  co_await join;
  for (auto& outcome : outcomes) {
    if (!outcome) co_return std::move(outcome);
  }
  co_return Status();
}

Task<void> AskSelfTest(Session& session, kusto::Client& client, Result<Answer>& answer) {
  auto query = session.StrongQuery(client, commands::SelfTest());
  answer = co_await query;
}

Task<void> SelfTest(Session& session, Status& outcome) {
  Result<Answer> source = Answer();
  Result<Answer> destination = Answer();
  world::TaskGroup group;
  group.Start(AskSelfTest(session, session.environment.source, source));
  group.Start(AskSelfTest(session, session.environment.destination, destination));
  auto join = group.Join();
  co_await join;
  if (!source) {
    outcome = Fail(source.error());
  } else if (!destination) {
    outcome = Fail(destination.error());
  } else {
    outcome = commands::CompareSelfTests(source->table(), destination->table());
  }
}

// How long the destination may read the checkpoint's current file by KC_Status().
constexpr std::chrono::hours kStatusGrantTime{24};

}  // namespace

Task<Status> PointStatusFunction(Session& session, bool create_only) {
  session.status_function_stale = false;
  Io<Result<std::string>> grant(session.environment.executor, "lake.grant", [&session] {
    return session.environment.lake.Grant(session.journal.segment(), azure::Access::kRead,
                                          kStatusGrantTime);
  });
  const Result<std::string> address = co_await grant;
  if (!address) co_return Fail(address.error());
  commands::StatusFunction function;
  function.copy_id = session.journal.copy_id();
  function.files = {*address};
  function.create_only = create_only;
  const std::string text = commands::CreateStatusFunction(
      function, checkpoint::RecordColumns(),
      "| where Level !in ('Level', 'Header') | summarize arg_max(Sequence, *) by Level, "
      "IterationId, TableName, BlockId "
      "| project Level, IterationId, EndCursor, TableName, BlockId, State, Created, Updated, "
      "Details");
  KC_CO_ASSIGN(const Answer created,
               session.IdempotentCommand(session.environment.destination, text));
  (void)created;
  Io<Status> sweep(session.environment.executor, "journal.sweep",
                   [&session] { return session.journal.DeleteOldSegments(); });
  const Status swept = co_await sweep;
  if (!swept) LogWarn("old checkpoint files stay: {}", swept.error().message);
  co_return Status();
}

namespace {

// Protocol F40: KC_Status() says whose the destination is.
Task<Status> ClaimDestination(Session& session) {
  KC_CO_ASSIGN(const Answer shown,
               session.Show(session.environment.destination, commands::ShowFunctions()));
  KC_CO_TAKE(const auto functions, commands::ReadFunctions(shown.table()));
  const auto* found = Named(functions, "KC_Status");
  const std::string mine = "kusto-copy " + session.journal.copy_id();
  if (found != nullptr && found->docstring.find(mine) == std::string::npos) {
    co_return Stop(
        fmt::format("database '{}' belongs to another copy ({}): go on with that one's lake "
                    "folder; if its checkpoint is lost, run `.drop function KC_Status` and "
                    "copy into empty tables",
                    session.names.destination, found->docstring),
        "OwnedByOther");
  }
  auto point = PointStatusFunction(session, found == nullptr);
  co_return co_await point;
}

}  // namespace

Task<Status> Prepare(Session& session, bool is_new) {
  (void)is_new;
  if (session.create_database) KC_CO_TRY(CreateDatabase(session));
  KC_CO_TRY(ClaimDestination(session));
  Status self_test;
  world::TaskGroup group;
  group.Start(SelfTest(session, self_test));
  auto make = MakeTables(session);
  const Status made = co_await make;
  auto join = group.Join();
  co_await join;
  if (!made) co_return made;
  co_return self_test;
}

Task<Status> Refresh(Session& session) {
  KC_CO_TRY(ReadClusters(session));
  auto make = MakeTables(session);
  co_return co_await make;
}

Task<Result<bool>> SchemaChanged(Session& session) {
  KC_CO_ASSIGN(
      const Answer answer,
      session.Show(session.environment.source, commands::ShowDatabaseSchema(session.names.source)));
  if (answer.table().rows.size() != 1) co_return Stop("the source tells no schema");
  co_return kusto::GetText(answer.table(), 0, "DatabaseSchema") != session.source_schema_text;
}

}  // namespace kc::copy
