#include "copy/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/text.h"

namespace kc::copy {
namespace {

using kusto::Answer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using world::Io;
using world::Task;

// A cluster that is away is asked again for as long as it takes, ever less often.
constexpr milliseconds kFirstAgain{200};
constexpr seconds kLongestAgain{30};
// The server may work on a fingerprint of a big block for an hour, its longest.
constexpr seconds kServerTimeout{3600};
constexpr milliseconds kLeaseLook{50};

bool Repeatable(const Error& error) {
  return error.code == ErrorCode::kRetry || error.code == ErrorCode::kUnknownOutcome;
}

// What the server asked to wait, within what a copy can afford.
world::Duration AskedFor(const Error& error) {
  const double asked = error.retry_after_s.value_or(0);
  if (!(asked > 0)) return world::Duration::zero();
  const double most = std::chrono::duration<double>(kLongestAgain).count();
  return std::chrono::duration_cast<world::Duration>(
      std::chrono::duration<double>(std::min(asked, most)));
}

checkpoint::Journal::Pieces SnapshotOf(Ledger& ledger, bool in_use) {
  if (!in_use) return ledger.SnapshotInPieces();
  return checkpoint::Journal::OnePiece(ledger.Snapshot());
}

}  // namespace

bool IsBeingProcessed(const Error& error) {
  return error.message.find("currently processing") != std::string::npos;
}

std::string SafeFolder(std::string_view name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-';
    if (plain) {
      safe += c;
    } else {
      safe += fmt::format("~{:02x}", static_cast<unsigned char>(c));
    }
  }
  return safe;
}

Session::Session(Environment& env, SlotPools& pools, DatabasePair pair)
    : environment(env),
      slots(pools),
      names(std::move(pair)),
      folder(SafeFolder(names.destination) + "/"),
      sleeper(env.executor),
      journal(env.lake, env.clock, env.random, folder + "checkpoint/"),
      recorder(
          env.executor, sleeper, journal,
          [this](bool in_use) { return SnapshotOf(ledger, in_use); },
          [this] { status_function_stale = true; }),
      source_operations(env.clock, sleeper,
                        [this](std::string text) { return Show(environment.source, text); }),
      destination_operations(
          env.clock, sleeper,
          [this](std::string text) { return Show(environment.destination, text); }),
      staging(*this),
      started(env.clock.NowTicks()) {
  if (env.options.segment_appends > 0) journal.RollAfter(env.options.segment_appends);
  environment.observer.OnSession(this, true);
}

Session::~Session() {
  environment.observer.OnSession(this, false);
}

Task<Result<Answer>> Session::Read(kusto::Client& client, std::string text, bool query) {
  kusto::Request request;
  request.database = &client == &environment.source ? names.source : names.destination;
  request.text = std::move(text);
  request.cancel = &environment.cancel;
  request.no_truncation = true;
  if (query) request.server_timeout = kServerTimeout;
  world::Duration pause = kFirstAgain;
  while (true) {
    if (ending()) co_return Stop("the copy is ending", "Cancelled");
    Io<Result<Answer>> io(environment.executor, query ? "query" : "show",
                          [&client, &request, query] {
                            return query ? client.Query(request) : client.Show(request);
                          });
    Result<Answer> answer = co_await io;
    if (answer || !Repeatable(answer.error())) co_return answer;
    LogWarn("{} can't answer, asking again: {}", client.cluster(), answer.error().message);
    auto wait = sleeper.Wait(std::max(pause, AskedFor(answer.error())));
    co_await wait;
    pause = std::min<world::Duration>(pause * 2, kLongestAgain);
  }
}

Task<Result<Answer>> Session::Query(kusto::Client& client, std::string text) {
  auto& pool = &client == &environment.source ? slots.source_queries : slots.destination_queries;
  auto acquire = pool.Acquire();
  co_await acquire;
  world::SlotLease lease(&pool);
  auto read = Read(client, std::move(text), true);
  co_return co_await read;
}

Task<Result<Answer>> Session::StrongQuery(kusto::Client& client, std::string text) {
  auto query = Query(client, std::move(text));
  Result<Answer> answer = co_await query;
  if (answer) {
    Status strong = kusto::RequireStrong(*answer);
    if (!strong && !SeededBug(Bug::kWeakReads)) {
      co_return Fail(std::move(strong).error());
    }
  }
  co_return answer;
}

Task<Result<Answer>> Session::Show(kusto::Client& client, std::string text) {
  auto read = Read(client, std::move(text), false);
  co_return co_await read;
}

Task<void> Session::WaitAsAsked(Error error) {
  auto wait = sleeper.Wait(AskedFor(error));
  co_await wait;
}

Task<Result<Answer>> Session::Command(kusto::Client& client, std::string text,
                                      std::string request_id) {
  kusto::Request request;
  request.database = &client == &environment.source ? names.source : names.destination;
  request.text = std::move(text);
  request.client_request_id = std::move(request_id);
  auto send = Send(client, std::move(request));
  co_return co_await send;
}

Task<Result<Answer>> Session::Send(kusto::Client& client, kusto::Request request) {
  request.server_timeout = kServerTimeout;
  request.cancel = &environment.cancel;
  while (true) {
    while (!journal.MaySend() && !ending()) {
      auto wait = sleeper.Wait(kLeaseLook);
      co_await wait;
    }
    if (ending()) co_return Stop("the copy is ending", "Cancelled");
    // Asked again where it is sent: the process may have been stopped for longer than its lease
    // while the request waited for a thread.
    Io<std::optional<Result<Answer>>> io(
        environment.executor, "command",
        [this, &client, &request]() -> std::optional<Result<Answer>> {
          if (!journal.MaySend()) return std::nullopt;
          auto answer = client.Command(request);
          if (!SeededBug(Bug::kResend) || answer) return answer;
          const bool unknown = answer.error().code == ErrorCode::kUnknownOutcome;
          return unknown ? client.Command(request) : answer;
        });
    auto answer = co_await io;
    if (answer) co_return std::move(*answer);
  }
}

Task<Result<Answer>> Session::IdempotentCommand(kusto::Client& client, std::string text,
                                                std::string database) {
  kusto::Request request;
  request.database = &client == &environment.source ? names.source : names.destination;
  if (!database.empty()) request.database = std::move(database);
  request.text = std::move(text);
  world::Duration pause = kFirstAgain;
  while (true) {
    auto send = Send(client, request);
    Result<Answer> answer = co_await send;
    if (answer) co_return answer;
    if (!Repeatable(answer.error()) && !IsBeingProcessed(answer.error())) co_return answer;
    LogWarn("{} can't act, sending again: {}", client.cluster(), answer.error().message);
    auto wait = sleeper.Wait(std::max(pause, AskedFor(answer.error())));
    co_await wait;
    pause = std::min<world::Duration>(pause * 2, kLongestAgain);
  }
}

Task<Status> Session::Write(std::vector<checkpoint::Record> group) {
  auto write = recorder.Write(std::move(group));
  Status status = co_await write;
  if (!status) Abort(status.error());
  co_return status;
}

Task<Status> Session::WriteOne(checkpoint::Record record) {
  std::vector<checkpoint::Record> group;
  group.push_back(std::move(record));
  auto write = Write(std::move(group));
  co_return co_await write;
}

void Session::Abort(Error error) {
  if (!error_) error_ = std::move(error);
  environment.cancel.Cancel();
  sleeper.Stop();
  progress.NotifyAll();
}

void Session::Interrupt() {
  Error error;
  error.message = "interrupted";
  error.reason = "Cancelled";
  Abort(std::move(error));
}

void Session::Notify(std::string table, std::string text) {
  if (!told_.insert(table + "\n" + text).second) return;
  environment.observer.OnNotice({names.destination, std::move(table), std::move(text)});
}

Task<void> Session::KeepLease() {
  while (!ending()) {
    auto wait = sleeper.Wait(seconds(checkpoint::kLeaseSeconds) / 4);
    co_await wait;
    if (ending()) co_return;
    Io<Status> io(environment.executor, "lease.renew", [this] { return journal.Renew(); });
    const Status renewed = co_await io;
    if (renewed) continue;
    if (renewed.error().reason == "LeaseLost") {
      Abort(renewed.error());
    } else {
      LogWarn("the lease can't be renewed, trying again: {}", renewed.error().message);
    }
  }
}

bool Session::Started(const std::string& table) const {
  if (ledger.watermarks.contains(table)) return true;
  for (const auto& [key, run] : ledger.tables) {
    if (run.name == table && run.planned_blocks > 0) return true;
  }
  return false;
}

std::string Session::NewToken() const {
  // One word of fixed width without a colon: no tag policy can name it, no other token contains it.
  if (SeededBug(Bug::kTokenPrefix)) {
    static int counter = 0;
    return "kc-" + journal.copy_id() + (++counter % 2 == 1 ? "" : "-1");
  }
  return "kc" + journal.copy_id() + environment.random.Word(16);
}

std::string Session::NewFolder(const TableRun& run, const Block& block) const {
  const auto number = table_numbers.find(run.name);
  return fmt::format("{}data/g{}/i{}-t{}-b{}-e{}-{}", folder, journal.generation(), run.iteration,
                     number == table_numbers.end() ? 0 : number->second, block.id, block.send + 1,
                     environment.random.Word(8));
}

std::string Session::RequestId(const char* what) const {
  return fmt::format("KustoCopy.{};{}", what, environment.random.Guid());
}

}  // namespace kc::copy
