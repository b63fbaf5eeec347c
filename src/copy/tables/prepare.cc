// What a copy changes at the destination before its first block: database, tables, owner.
#include <fmt/format.h>

#include "base/log.h"
#include "copy/tables/owner.h"
#include "copy/tables/setup.h"
#include "copy/tables/status_function.h"
#include "copy/tables/tables_now.h"
#include "kusto/commands/queries.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

Task<Status> CreateDatabase(Session& session) {
  auto& client = session.environment.destination;
  // "If not exists": it doesn't matter how often it arrives. Its own database can't be asked yet.
  auto create = session.IdempotentCommand(
      client, commands::CreateDatabase(session.names.destination), "NetDefaultDB");
  const Result<Answer> created = co_await create;
  if (created) co_return Status();
  co_return Fail(created.error().Within(fmt::format(
      "database '{}' doesn't exist at {} and can't be created; create it and run the copy "
      "again",
      session.names.destination, client.cluster())));
}

}  // namespace

Task<Result<int64_t>> CountDestination(Session& session, const TablePair& pair) {
  KC_CO_ASSIGN(const Answer answer, session.StrongQuery(session.environment.destination,
                                                        commands::CountUndated(pair.destination)));
  if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
  co_return kusto::GetInt(answer.table(), 0, "Total");
}

// Protocol F40: what is in the table already can't be told from a copy of another checkpoint.
Task<Status> RequireEmpty(Session& session, const TablePair& pair) {
  if (session.environment.options.append || session.Started(pair.source)) co_return Status();
  KC_CO_ASSIGN(const int64_t rows, CountDestination(session, pair));
  if (rows == 0) co_return Status();
  co_return Stop(NotEmptyText(pair.destination, rows), "NotEmpty");
}

namespace {

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
  auto read = ReadTable(session, client, pair.destination);
  const Result<TablesNow> details = co_await read;
  if (!details || details->size() != 1) {
    outcome = details
                  ? Status(Stop("table '" + pair.destination + "' isn't there after its creation"))
                  : Status(Fail(details.error()));
    co_return;
  }
  pair.destination_id = details->front().table_id;
}

// A column that the destination lacks although rows were copied with it was dropped there: added
// again, it would be empty where the source has values.
std::string LostColumns(const Session& session, const TablePair& pair) {
  const TableRun* newest = nullptr;
  for (const auto& [key, run] : session.ledger.tables) {
    if (run.name == pair.source && run.moved_rows() > 0) newest = &run;
  }
  if (newest == nullptr || newest->destination_id != pair.destination_id) return "";
  std::string names;
  for (const auto& column : pair.missing_columns) {
    for (const auto& copied : newest->columns) {
      if (copied.name == column.name) names += (names.empty() ? "'" : ", '") + column.name + "'";
    }
  }
  if (names.empty()) return "";
  return fmt::format(
      "column {} was dropped at the destination, with what was copied into it; to "
      "copy the table from the beginning, run `{}` there and start kusto-copy again",
      names, commands::DropTable(pair.destination));
}

Task<void> MakeUnlessConflict(Session& session, TablePair& pair) {
  if (pair.conflict.empty()) pair.conflict = LostColumns(session, pair);
  if (!pair.conflict.empty()) co_return;
  Status outcome;
  auto make = MakeTable(session, pair, outcome);
  co_await make;
  if (!outcome && !session.ending()) pair.conflict = outcome.error().message;
}

// What can't be made stops its table, not the others; at the first start, everything.
Task<Status> MakeTables(Session& session) {
  world::TaskGroup group;
  for (auto& [name, pair] : session.tables) group.Start(MakeUnlessConflict(session, pair));
  auto join = group.Join();
  co_await join;
  if (session.ending()) co_return Stop("the copy is ending", "Cancelled");
  for (const auto& [name, pair] : session.tables) {
    if (session.first_start && !pair.conflict.empty()) co_return Stop(pair.conflict);
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

}  // namespace

Task<Result<bool>> LookAtOwner(Session& session, std::string copy_id) {
  KC_CO_ASSIGN(const Answer shown,
               session.Show(session.environment.destination, commands::ShowFunctions()));
  KC_CO_TAKE(const auto functions, commands::ReadFunctions(shown.table()));
  co_return JudgeOwner(functions, session.names.destination, copy_id);
}

namespace {

// Protocol F40: KC_Status() says whose the destination is.
Task<Status> ClaimDestination(Session& session) {
  KC_CO_ASSIGN(const bool owned, LookAtOwner(session, session.journal.copy_id()));
  auto point = PointStatusFunction(session, !owned);
  const Status pointed = co_await point;
  if (pointed || owned || session.ending()) co_return pointed;
  // "Exists already" may be the answer to an own request whose first answer was lost: look.
  KC_CO_ASSIGN(const bool ours, LookAtOwner(session, session.journal.copy_id()));
  if (!ours) co_return pointed;
  auto again = PointStatusFunction(session, false);
  co_return co_await again;
}

}  // namespace

Task<Status> Prepare(Session& session) {
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
  session.first_start = false;
  KC_CO_TRY(ReadClusters(session));
  if (session.create_database) {
    co_return Stop(fmt::format("database '{}' isn't at {} any more", session.names.destination,
                               session.environment.destination.cluster()),
                   "DatabaseNotFound");
  }
  auto make = MakeTables(session);
  co_return co_await make;
}

}  // namespace kc::copy
