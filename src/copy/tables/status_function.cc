#include "copy/tables/status_function.h"

#include "base/log.h"
#include "base/ticks.h"
#include "kusto/commands/schema.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Io;
using world::Task;

namespace {
// A status that is seconds old is good enough; looking costs nothing.
constexpr std::chrono::seconds kLookPeriod{10};
}  // namespace

Task<Status> PointStatusFunction(Session& session, bool create_only) {
  session.status_function_stale = false;
  session.status_function_from = session.Uptime();
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

Task<void> KeepStatusFunction(Session& session) {
  while (!session.ending()) {
    auto pause = session.sleeper.Wait(kLookPeriod);
    co_await pause;
    if (session.ending()) co_return;
    const world::Duration renew = session.status_function_from + kStatusRenewal;
    if (!session.status_function_stale && session.Uptime() < renew) continue;
    auto point = PointStatusFunction(session, false);
    const Status pointed = co_await point;
    if (pointed || session.ending()) continue;
    session.status_function_stale = true;
    session.Notify("", "KC_Status() can't be renewed at present: " + pointed.error().message);
  }
}

}  // namespace kc::copy
