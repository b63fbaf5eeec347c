#include "copy/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "copy/session.h"
#include "copy/tables/tables_now.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {
constexpr const char* kDocstring = "Staging of kusto-copy, dropped when its copy is done";

Task<void> ReadId(Session& session, std::string name, Result<std::string>& id);
}  // namespace

std::string StagingTables::Prefix() const {
  return fmt::format("{}{}_", kStagingPrefix, session_.journal.copy_id());
}

Task<Result<Home>> StagingTables::Acquire(const TableRun& run) {
  Shared& shared = shared_[run.name];
  while (shared.creating) {
    auto wait = shared.created.Wait();
    co_await wait;
  }
  if (!shared.home.table.empty()) co_return shared.home;
  shared.creating = true;
  auto create = Create(run.name, run.columns);
  Result<Home> home = co_await create;
  shared.creating = false;
  if (home) shared.home = *home;
  shared.created.NotifyAll();
  co_return home;
}

Task<Result<Home>> StagingTables::CreateOwn(const TableRun& run) {
  auto create = Create(run.name, run.columns);
  co_return co_await create;
}

// Protocol F16, F37: the name was never used before, its intent is durable before the request, and
// a lost answer is settled by looking.
Task<Result<Home>> StagingTables::Create(std::string table, std::vector<ColumnSchema> columns) {
  StagingTable staging;
  staging.name = fmt::format("{}{}_{}_{}", Prefix(), session_.journal.generation(), ++counter_,
                             session_.environment.random.Word(6));
  staging.table = table;
  staging.generation = session_.journal.generation();
  staging.created = session_.Now();
  session_.ledger.staging[staging.name] = staging;
  KC_CO_TRY(session_.WriteOne(Ledger::RecordOf(staging, session_.Now())));
  KC_CO_TRY(SendScript(staging.name, table, columns));
  KC_CO_TRY(SendCreate(staging.name, columns));
  Result<std::string> id = std::string();
  Status policies;
  world::TaskGroup group;
  group.Start(ReadId(session_, staging.name, id));
  policies = Status();
  auto set = SetPolicies(staging.name, table);
  policies = co_await set;
  auto join = group.Join();
  co_await join;
  if (!id) co_return Fail(id.error());
  if (!policies) co_return Fail(policies.error());
  staging.id = *id;
  staging.state = StagingState::kCreated;
  session_.ledger.staging[staging.name] = staging;
  // Not waited for: the blocks that use the table record its name and id themselves.
  KC_CO_TRY(session_.WriteOne(Ledger::RecordOf(staging, session_.Now())));
  co_return Home{staging.name, staging.id};
}

// The table with all its policies in one request. Whether it did what it should is looked at after;
// where it isn't allowed or its answer is lost, the same is done step by step.
Task<Status> StagingTables::SendScript(std::string name, std::string table,
                                       std::vector<ColumnSchema> columns) {
  std::vector<std::string> lines;
  commands::TableSchema schema;
  schema.name = name;
  schema.columns = columns;
  schema.docstring = kDocstring;
  lines.push_back(commands::CreateTable(schema));
  const auto pair = session_.tables.find(table);
  if (pair != session_.tables.end()) {
    for (const auto& [column, type] : pair->second.encodings) {
      lines.push_back(commands::AlterColumnEncoding(name, column, type));
    }
  }
  for (const auto& policy : commands::StagingPolicies(name)) lines.push_back(policy.set);
  auto send = session_.Command(session_.environment.destination, commands::ExecuteScript(lines));
  const Result<Answer> sent = co_await send;
  if (!sent) LogDebug("staging table {}: {}", name, sent.error().message);
  co_return session_.ending() ? Status(Stop("the copy is ending", "Cancelled")) : Status();
}

Task<Status> StagingTables::SendCreate(std::string name, std::vector<ColumnSchema> columns) {
  auto& client = session_.environment.destination;
  commands::TableSchema schema;
  schema.name = name;
  schema.columns = columns;
  schema.docstring = kDocstring;
  Result<Answer> created = Fail(ErrorCode::kUnknownOutcome, "not created");
  while (true) {
    auto show = session_.Show(client, commands::ShowTableSchema(name));
    const Result<Answer> shown = co_await show;
    if (shown) {
      KC_CO_TAKE(const auto found, commands::ReadTableSchema(shown->table()));
      if (found.columns != columns) {
        co_return Stop("staging table " + name + " has other columns than asked for");
      }
      co_return Status();
    }
    if (created || session_.ending()) co_return Fail(shown.error());
    if (created.error().code == ErrorCode::kStop) co_return Fail(created.error());
    // The same name and the same intent: whichever send acts first makes it (protocol F37).
    auto create = session_.Command(client, commands::CreateTable(schema));
    created = co_await create;
    auto pause = session_.sleeper.Wait(std::chrono::milliseconds(50));
    co_await pause;
  }
}

namespace {

Task<void> ReadId(Session& session, std::string name, Result<std::string>& id) {
  auto read = ReadTable(session, session.environment.destination, name);
  const Result<TablesNow> details = co_await read;
  if (!details) {
    id = Fail(details.error());
  } else if (details->size() != 1 || details->front().table_id.empty()) {
    id = Stop("the destination doesn't tell the id of staging table " + name);
  } else {
    id = details->front().table_id;
  }
}

Task<Status> CheckOne(Session& session, commands::StagingPolicy policy) {
  KC_CO_ASSIGN(const Answer shown, session.Show(session.environment.destination, policy.show));
  KC_CO_TAKE(const std::string text, commands::ReadPolicy(shown.table()));
  co_return commands::CheckStagingPolicy(policy, text);
}

Task<void> SetOne(Session& session, commands::StagingPolicy policy, Status& outcome) {
  auto first = CheckOne(session, policy);
  outcome = co_await first;
  if (outcome || session.ending()) co_return;
  auto set = session.IdempotentCommand(session.environment.destination, policy.set);
  const Result<Answer> done = co_await set;
  if (!done) {
    outcome = Fail(done.error().Within("policy " + policy.policy));
    co_return;
  }
  auto again = CheckOne(session, policy);
  outcome = co_await again;
}

Task<void> SetEncoding(Session& session, std::string command, Status& outcome) {
  auto set = session.IdempotentCommand(session.environment.destination, command);
  const Result<Answer> done = co_await set;
  if (!done) outcome = Fail(done.error());
}

}  // namespace

// Nothing may be inherited from the database (F15); read back, because a policy that was not taken
// would eat extents or evidence later.
Task<Status> StagingTables::SetPolicies(std::string name, std::string table) {
  const auto policies = commands::StagingPolicies(name);
  const auto pair = session_.tables.find(table);
  const auto encodings =
      pair == session_.tables.end() ? std::map<std::string, std::string>() : pair->second.encodings;
  std::vector<Status> outcomes(policies.size() + encodings.size());
  world::TaskGroup group;
  // Large values would be cut or nulled without these; set again, which is cheaper than reading
  // back.
  size_t next = policies.size();
  for (const auto& [column, type] : encodings) {
    group.Start(
        SetEncoding(session_, commands::AlterColumnEncoding(name, column, type), outcomes[next++]));
  }
  for (size_t i = 0; i < policies.size(); ++i) {
    group.Start(SetOne(session_, policies[i], outcomes[i]));
  }
  auto join = group.Join();
  co_await join;
  for (auto& outcome : outcomes) {
    if (!outcome) co_return Fail(std::move(outcome).error().Within("staging table " + name));
  }
  co_return Status();
}

Task<Status> StagingTables::DropOf(const TableRun& run) {
  if (SeededBug(Bug::kForgetStaging)) co_return Status();
  std::vector<std::string> needed;
  for (const auto& [id, block] : run.blocks) {
    if (!block.move_open) continue;
    needed.push_back(block.staging.table);
    for (const auto& home : block.homes) needed.push_back(home.table);
  }
  std::vector<std::string> names;
  // Those of older owners too: the take-over left only what a block needed.
  for (const auto& [name, staging] : session_.ledger.staging) {
    const bool ours = staging.table == run.name;
    if (ours && std::find(needed.begin(), needed.end(), name) == needed.end()) {
      names.push_back(name);
    }
  }
  shared_.erase(run.name);  // who comes next creates another one
  for (const auto& name : names) {
    auto drop = Drop(name);
    const Status dropped = co_await drop;
    if (dropped) continue;
    if (session_.ending()) co_return dropped;
    // It stays known: the table's next end and the next start try again.
    session_.Notify(run.name, fmt::format("dropping staging table {} is put off: {}", name,
                                          dropped.error().message));
  }
  co_return Status();
}

Task<Status> StagingTables::Drop(std::string name) {
  KC_CO_ASSIGN(const Answer dropped, session_.IdempotentCommand(session_.environment.destination,
                                                                commands::DropTable(name)));
  (void)dropped;
  const auto found = session_.ledger.staging.find(name);
  if (found == session_.ledger.staging.end()) co_return Status();
  StagingTable staging = found->second;
  staging.state = StagingState::kDropped;
  session_.ledger.staging.erase(found);
  KC_CO_TRY(session_.WriteOne(Ledger::RecordOf(staging, session_.Now())));
  co_return Status();
}

Task<Status> StagingTables::DropOld(std::vector<std::string> keep) {
  KC_CO_ASSIGN(const Answer answer,
               session_.Show(session_.environment.destination, commands::ShowTables()));
  const std::string own = fmt::format("{}{}_", Prefix(), session_.journal.generation());
  std::vector<std::string> old;
  const auto kept = [&keep](const std::string& name) {
    return std::find(keep.begin(), keep.end(), name) != keep.end();
  };
  const auto column = answer.table().Find("TableName");
  if (!column) co_return Stop("the answer to .show tables has no TableName");
  for (const auto& row : answer.table().rows) {
    const auto* name = std::get_if<std::string>(&row[*column]);
    if (name == nullptr || !name->starts_with(Prefix()) || name->starts_with(own)) continue;
    if (!kept(*name)) old.push_back(*name);
  }
  for (const auto& [name, staging] : session_.ledger.staging) {
    const bool listed = std::find(old.begin(), old.end(), name) != old.end();
    if (staging.generation < session_.journal.generation() && !listed && !kept(name)) {
      old.push_back(name);
    }
  }
  for (const auto& name : old) KC_CO_TRY(Drop(name));
  co_return Status();
}

}  // namespace kc::copy
