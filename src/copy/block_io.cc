#include "copy/block_io.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/text.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// Cluster commands get addresses that are good for two hours: an hour of waiting in the cluster and
// an hour of work; short, because orphans may appear until then (protocol F28).
constexpr std::chrono::hours kGrantTime{2};

Event Make(EventKind kind) {
  Event event;
  event.kind = kind;
  return event;
}

Result<std::string> LakeName(azure::ObjectStore& lake, const std::string& path) {
  return lake.NameOf(path);
}

// No credentials, no rights: the next send would be answered the same.
bool IsRefusal(const Error& error) {
  constexpr int kUnauthorized = 401;
  constexpr int kForbidden = 403;
  return error.code == ErrorCode::kStop &&
         (error.http_status == kUnauthorized || error.http_status == kForbidden);
}

// The command's own text or names are wrong; what an operation says later isn't meant.
bool IsBadRequest(const Error& error) {
  constexpr int kBadRequest = 400;
  constexpr int kNotFound = 404;
  return error.code == ErrorCode::kStop &&
         (error.http_status == kBadRequest || error.http_status == kNotFound);
}

bool MeansGone(const std::string& text) {
  return text.find("Download_") != std::string::npos ||
         text.find("BlobNotFound") != std::string::npos ||
         text.find("NotFound") != std::string::npos || text.find("403") != std::string::npos;
}

}  // namespace

commands::Rows RowsOf(const TableRun& run, const Block& block) {
  commands::Rows rows;
  rows.table = run.name;
  rows.undated = block.undated;
  if (!block.undated) {
    rows.after = run.start_cursor;
    rows.upto = run.end_cursor;
    for (const auto& range : block.ranges) rows.ranges.emplace_back(range.first, range.last);
  }
  rows.residue = block.residue;
  return rows;
}

Task<Result<Event>> BlockIo::Do(Action action, const Block& block) {
  using Kind = ActionKind;
  std::optional<Task<Result<Event>>> task;
  switch (action.kind) {
    case Kind::kExport:
      task.emplace(Export(block));
      break;
    case Kind::kFingerprint:
      task.emplace(FingerprintAgain(block));
      break;
    case Kind::kIngest:
      task.emplace(Ingest(block));
      break;
    case Kind::kVerify:
      task.emplace(Verify(block));
      break;
    case Kind::kMove:
      task.emplace(Move(block));
      break;
    case Kind::kLook:
    case Kind::kLookWithHistory:
      task.emplace(Look(block, action.kind == Kind::kLookWithHistory));
      break;
    case Kind::kTakeFromStaging:
      task.emplace(Take(block, block.staging, false));
      break;
    case Kind::kTakeFromHome:
      task.emplace(Take(block, block.homes.at(static_cast<size_t>(action.number)), true));
      break;
    case Kind::kExplain:
      task.emplace(Explain(block));
      break;
    default:
      KC_ASSERT(false && "not a request");
  }
  auto& request = *task;
  co_return co_await request;
}

Task<Result<Fingerprint>> FingerprintSource(Session& session, commands::Rows rows,
                                            std::vector<ColumnSchema> columns) {
  const auto slices =
      static_cast<int>(kusto::FingerprintSlices(static_cast<int>(columns.size())).size());
  Fingerprint sums;
  for (int slice = 0; slice < slices; ++slice) {
    KC_CO_ASSIGN(const Answer answer,
                 session.StrongQuery(session.environment.source,
                                     commands::SourceFingerprint(rows, columns, slice)));
    if (answer.table().rows.size() != 1) co_return Stop("a fingerprint has not one row");
    KC_CO_CHECK(kusto::AddFingerprintRow(answer.table(), 0, slice, slices, sums));
  }
  co_return sums;
}

Task<void> BlockIo::SourceSums(const Block& block, Result<Fingerprint>& sums) {
  auto fingerprint = FingerprintSource(session_, RowsOf(run_, block), run_.columns);
  sums = co_await fingerprint;
}

Task<Result<Event>> BlockIo::FingerprintAgain(const Block& block) {
  Event event = Make(EventKind::kFingerprinted);
  KC_CO_ASSIGN(event.sums, FingerprintSource(session_, RowsOf(run_, block), run_.columns));
  co_return event;
}

Task<Result<Event>> BlockIo::Export(const Block& block) {
  Event event = Make(EventKind::kExportDone);
  Result<Fingerprint> sums = Fingerprint();
  world::TaskGroup group;
  group.Start(SendExport(block, event));
  if (!block.hashed) group.Start(SourceSums(block, sums));
  auto join = group.Join();
  co_await join;
  if (block.hashed && event.kind == EventKind::kExportDone) {
    // Without files there is nothing to read: then the source itself must hold no row (F30).
    auto own = event.artifacts.empty() ? SourceSums(block, sums) : ExportedSums(event, sums);
    co_await own;
  }
  if (!sums) co_return Fail(sums.error());
  event.sums = std::move(*sums);
  co_return event;
}

// Sums of the hashes that the exported files hold.
Task<void> BlockIo::ExportedSums(const Event& exported, Result<Fingerprint>& sums) {
  std::vector<std::string> paths;
  for (const auto& artifact : exported.artifacts) {
    if (artifact.rows > 0) paths.push_back(artifact.path);
  }
  auto& lake = session_.environment.lake;
  for (size_t from = 0; from < paths.size(); from += kMaxIngestFiles) {
    std::vector<std::string> files(
        paths.begin() + static_cast<long>(from),
        paths.begin() + static_cast<long>(std::min(paths.size(), from + kMaxIngestFiles)));
    world::Io<Status> grant(session_.environment.executor, "lake.grant", [&]() -> Status {
      for (auto& file : files) {
        KC_ASSIGN(const std::string name, LakeName(lake, file));
        KC_ASSIGN(file, lake.Grant(name, azure::Access::kRead, kGrantTime));
      }
      return {};
    });
    const Status granted = co_await grant;
    if (!granted) {
      sums = Fail(granted.error());
      co_return;
    }
    auto query = session_.Query(session_.environment.source,
                                commands::SumExportedHashes(files, run_.columns));
    const Result<Answer> answer = co_await query;
    Status read = answer ? Status() : Status(Fail(answer.error()));
    if (read && answer->table().rows.size() != 1) read = Stop("a fingerprint has not one row");
    if (read) read = kusto::AddFingerprintRow(answer->table(), 0, 0, 1, *sums);
    if (!read) {
      sums = Fail(read.error());
      co_return;
    }
  }
}

Task<void> BlockIo::SendExport(const Block& block, Event& event) {
  const auto failed = [&event](const Error& error) {
    event.kind = EventKind::kExportFailed;
    event.text = error.message;
    event.permanent = error.code == ErrorCode::kStop;
    event.refused = IsRefusal(error);
  };
  world::Io<Result<std::string>> grant(session_.environment.executor, "lake.grant", [this, &block] {
    return session_.environment.lake.Grant(block.folder, azure::Access::kWrite, kGrantTime);
  });
  const Result<std::string> folder = co_await grant;
  if (!folder) co_return failed(folder.error());
  commands::Export command;
  command.folders = {*folder};
  command.name_prefix = "part";
  command.format = block.format;
  const bool hashes = block.residue || block.hashed;
  command.query = (hashes ? commands::HashPrelude() : std::string()) +
                  commands::RowsText(RowsOf(run_, block), run_.columns) +
                  (block.hashed ? commands::HashedExportProjection(run_.columns)
                                : commands::ExportProjection(run_.columns, block.format));
  auto send = session_.Command(session_.environment.source, commands::ExportAsync(command),
                               block.request_id);
  const Result<Answer> sent = co_await send;
  if (!sent) {
    auto wait = session_.WaitAsAsked(sent.error());
    co_await wait;
    failed(sent.error());
    event.refused |= IsBadRequest(sent.error());
    co_return;
  }
  const auto id = commands::ReadOperationId(sent->table());
  if (!id) co_return failed(id.error());
  event.operation = *id;
  auto await = session_.source_operations.Await(*id);
  const Result<commands::Operation> operation = co_await await;
  if (!operation) co_return failed(operation.error());
  exported_();
  if (operation->state != commands::OperationState::kCompleted) {
    Error error;
    error.message = fmt::format("{}: {}", operation->state_text, operation->status);
    if (operation->should_retry || operation->state == commands::OperationState::kThrottled) {
      error.code = ErrorCode::kRetry;
    }
    co_return failed(error);
  }
  auto show = session_.Show(session_.environment.source, commands::ShowOperationDetails(*id));
  const Result<Answer> details = co_await show;
  if (!details) co_return failed(details.error());
  auto artifacts = commands::ReadArtifacts(details->table());
  if (!artifacts) co_return failed(artifacts.error());
  event.artifacts = std::move(*artifacts);
}

Task<Result<Event>> BlockIo::Ingest(const Block& block) {
  Event event = Make(EventKind::kPartsSeen);
  event.parts.resize(block.parts.size());
  world::TaskGroup group;
  for (size_t i = 0; i < block.parts.size(); ++i) {
    event.parts[i].new_token =
        SeededBug(Bug::kOneToken) ? block.parts[i].token : session_.NewToken();
    if (block.parts[i].complete) {
      event.parts[i].outcome = PartOutcome::kComplete;
      continue;
    }
    group.Start(IngestPart(block, block.parts[i], event.parts[i]));
  }
  auto join = group.Join();
  co_await join;
  if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
  co_return event;
}

Task<void> BlockIo::IngestPart(const Block& block, const Part& part, PartSeen& seen) {
  auto& lake = session_.environment.lake;
  commands::Ingest command;
  command.table = block.staging.table;
  for (const int index : part.artifacts) {
    const std::string path = block.artifacts.at(static_cast<size_t>(index)).path;
    world::Io<Result<std::string>> grant(
        session_.environment.executor, "lake.grant", [&lake, &path]() -> Result<std::string> {
          KC_ASSIGN(const std::string name, LakeName(lake, path));
          return lake.Grant(name, azure::Access::kRead, kGrantTime);
        });
    Result<std::string> address = co_await grant;
    if (!address) {
      seen.error = address.error().message;
      seen.outcome = PartOutcome::kArtifactGone;
      co_return;
    }
    command.files.push_back(std::move(*address));
  }
  command.format = block.format;
  command.token = part.token;
  if (block.creation_time > 0) command.creation_time = block.creation_time;
  command.mapping = commands::IngestionMapping(run_.columns, block.format);
  auto send = session_.Command(session_.environment.destination, commands::IngestAsync(command));
  const Result<Answer> sent = co_await send;
  if (sent) {
    const auto id = commands::ReadOperationId(sent->table());
    if (id) {
      auto await = session_.destination_operations.Await(*id);
      const Result<commands::Operation> operation = co_await await;
      if (operation && operation->state == commands::OperationState::kCompleted) {
        // The verification counts; what the operation says is only where to look next.
        seen.outcome = PartOutcome::kComplete;
        co_return;
      }
      seen.error =
          operation ? operation->state_text + ": " + operation->status : operation.error().message;
      if (operation &&
          (operation->should_retry || operation->state == commands::OperationState::kThrottled)) {
        seen.outcome = PartOutcome::kBusy;
      }
      if (!operation && IsRefusal(operation.error())) seen.outcome = PartOutcome::kRefused;
    } else {
      seen.error = id.error().message;
    }
  } else {
    seen.error = sent.error().message;
    const bool refused = IsRefusal(sent.error()) || IsBadRequest(sent.error());
    if (refused) seen.outcome = PartOutcome::kRefused;
    if (sent.error().code != ErrorCode::kStop) seen.outcome = PartOutcome::kBusy;
    auto wait = session_.WaitAsAsked(sent.error());
    co_await wait;
  }
  if (session_.ending()) co_return;
  auto look = LookAtPart(block, part, seen);
  seen = co_await look;
}

// The send's outcome isn't known, or it failed: its rows under its token decide.
Task<PartSeen> BlockIo::LookAtPart(const Block& block, const Part& part, PartSeen seen) {
  auto show = session_.Show(session_.environment.destination,
                            commands::ShowExtentsByTag({block.staging.table}, part.token));
  const Result<Answer> shown = co_await show;
  if (!shown) co_return seen;
  const auto extents = commands::ReadExtents(shown->table());
  if (!extents) co_return seen;
  int64_t rows = 0;
  for (const auto& extent : *extents) rows += extent.rows - extent.deleted_rows;
  if (rows == part.rows) {
    seen.outcome = PartOutcome::kComplete;
  } else if (rows == 0 && MeansGone(seen.error)) {
    seen.outcome = PartOutcome::kArtifactGone;
  }
  co_return seen;
}

// One statement gives the ids and what is in them (F7): exactly those ids are published.
Task<Result<Event>> BlockIo::Verify(const Block& block) {
  Event event = Make(EventKind::kVerified);
  const auto pair = session_.tables.find(run_.name);
  if (pair != session_.tables.end() && !pair->second.destination_id.empty() &&
      pair->second.destination_id != run_.destination_id) {
    // Published into a stranger, the block would be missed where the others are.
    co_return Stop("the destination table was replaced by another one: start kusto-copy again",
                   "DestinationReplaced");
  }
  const std::string table = block.homes.empty() ? block.staging.table : block.homes.back().table;
  const auto slices =
      static_cast<int>(kusto::FingerprintSlices(static_cast<int>(run_.columns.size())).size());
  for (int slice = 0; slice < slices; ++slice) {
    KC_CO_ASSIGN(const Answer answer,
                 session_.StrongQuery(
                     session_.environment.destination,
                     commands::StagedFingerprint(table, block.Tokens(), run_.columns, slice)));
    std::vector<std::string> extents;
    Fingerprint sums;
    for (size_t row = 0; row < answer.table().rows.size(); ++row) {
      KC_CO_CHECK(kusto::AddFingerprintRow(answer.table(), row, slice, slices, sums));
      extents.push_back(kusto::GetText(answer.table(), row, "ExtentId"));
      if (extents.back() == std::string(kc::kZeroGuid)) event.void_reason = "rows outside extents";
    }
    std::sort(extents.begin(), extents.end());
    if (slice > 0 && extents != event.extents) event.void_reason = "extents changed meanwhile";
    event.extents = std::move(extents);
    event.sums += sums;
    if (slice > 0) event.sums.rows = sums.rows;
  }
  KC_CO_TRY(LookForDeletedRows(table, event));
  event.destination_id = run_.destination_id;
  event.request_id = session_.RequestId("move");
  if (SeededBug(Bug::kTrustCompleted) ||
      (SeededBug(Bug::kCountsOnly) && event.sums.rows == block.sums.rows)) {
    event.sums = block.sums;
  }
  if (SeededBug(Bug::kColumnSumsOnly) && event.sums.rows == block.sums.rows) {
    KC_CO_ASSIGN(const auto differing, DifferingColumns(block));
    if (differing.empty()) event.sums = block.sums;
  }
  co_return event;
}

// Rows that somebody deleted in staging would be published as deleted ones (protocol F17).
Task<Status> BlockIo::LookForDeletedRows(std::string table, Event& event) {
  if (event.extents.empty()) co_return Status();
  KC_CO_ASSIGN(const Answer shown, session_.Show(session_.environment.destination,
                                                 commands::ShowExtentsByIds(table, event.extents)));
  KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
  for (const auto& extent : extents) {
    if (extent.deleted_rows != 0) event.void_reason = "rows were deleted in staging";
  }
  co_return Status();
}

Task<Result<Event>> BlockIo::SendMove(std::string from, std::string to,
                                      std::vector<std::string> ids, bool publish,
                                      std::string request_id) {
  Event event = Make(EventKind::kMoveAnswered);
  auto send = session_.Command(session_.environment.destination,
                               commands::MoveExtents(from, to, ids, publish), request_id);
  const Result<Answer> sent = co_await send;
  if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
  Result<std::vector<commands::MovedExtent>> moved = std::vector<commands::MovedExtent>();
  if (sent) moved = commands::ReadMoved(sent->table());
  if (SeededBug(Bug::kUnknownMeansMoved) || (sent && SeededBug(Bug::kIgnoreFailedMove))) {
    event.moved = static_cast<int>(ids.size());
    co_return event;
  }
  if (!sent || !moved) {
    // Whatever the error says: the extents' ids tell what happened.
    const Error& error = sent ? moved.error() : sent.error();
    event.kind = EventKind::kMoveUnknown;
    event.text = error.message;
    event.permanent = error.code == ErrorCode::kStop && !IsBeingProcessed(error);
    event.refused = event.permanent && IsRefusal(error);
    auto wait = session_.WaitAsAsked(error);
    co_await wait;
    co_return event;
  }
  event.moved = static_cast<int>(moved->size());
  co_return event;
}

Task<Result<Event>> BlockIo::Move(const Block& block) {
  std::vector<std::string> ids = block.extents;
  if (SeededBug(Bug::kMoveByToken)) {
    KC_CO_ASSIGN(const Answer shown,
                 session_.Show(
                     session_.environment.destination,
                     commands::ShowExtentsByTag({block.staging.table}, block.parts.front().token)));
    KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
    ids.clear();
    for (const auto& extent : extents) ids.push_back(extent.id);
  }
  // Recorded with the intent, so that the history of commands tells how it ended.
  std::string request_id = block.move_request_id;
  if (block.moves > 1) request_id += fmt::format("-{}", block.moves);
  auto send = SendMove(block.staging.table, run_.destination, std::move(ids), true, request_id);
  Result<Event> event = co_await send;
  if (SeededBug(Bug::kDropTagsEarly) && event) {
    KC_CO_ASSIGN(const Answer dropped,
                 session_.Command(session_.environment.destination,
                                  commands::DropExtentTags(run_.destination, block.Tokens())));
    (void)dropped;
  }
  co_return event;
}

Task<Result<Event>> BlockIo::Take(const Block& block, const Home& from, bool from_home) {
  if (SeededBug(Bug::kRevokeByDrop) || SeededBug(Bug::kFenceByRename)) {
    auto drop = GiveUpStaging(block);
    co_return co_await drop;
  }
  std::vector<std::string> ids = block.extents;
  if (from_home) {
    ids.clear();
    KC_CO_ASSIGN(const Answer shown, session_.Show(session_.environment.destination,
                                                   commands::ShowExtents(from.table)));
    KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
    for (const auto& extent : extents) ids.push_back(extent.id);
  }
  auto send = SendMove(from.table, block.homes.back().table, std::move(ids), false,
                       session_.RequestId("rehome"));
  co_return co_await send;
}

// Two ways to take extents away from a move that don't work: seeded bugs.
Task<Result<Event>> BlockIo::GiveUpStaging(const Block& block) {
  const std::string& table = block.staging.table;
  auto send =
      session_.Command(session_.environment.destination,
                       SeededBug(Bug::kRevokeByDrop)
                           ? commands::DropExtents(table, block.extents)
                           : fmt::format(".rename table ['{}'] to ['Fenced_{}']", table, table));
  const Result<Answer> sent = co_await send;
  Event event = Make(sent ? EventKind::kVerified : EventKind::kMoveUnknown);
  event.void_reason = "given up";
  co_return event;
}

Task<Result<Event>> BlockIo::Explain(const Block& block) {
  Event event = Make(EventKind::kExplained);
  auto ask = DifferingColumns(block);
  const Result<std::vector<std::string>> columns = co_await ask;
  event.text = "no format carries the block's values exactly";
  if (columns && !columns->empty()) {
    std::string names;
    for (const auto& name : *columns) names += (names.empty() ? "" : ", ") + name;
    event.text += "; columns that differ: " + names;
  }
  co_return event;
}

Task<Result<std::vector<std::string>>> BlockIo::DifferingColumns(const Block& block) {
  constexpr int kAtOnce = 100;
  std::vector<std::string> differing;
  const auto count = static_cast<int>(run_.columns.size());
  for (int first = 0; first < count; first += kAtOnce) {
    const int some = std::min(kAtOnce, count - first);
    KC_CO_ASSIGN(const Answer source,
                 session_.Query(
                     session_.environment.source,
                     commands::ColumnFingerprints(RowsOf(run_, block), run_.columns, first, some)));
    KC_CO_ASSIGN(const Answer staged, session_.Query(session_.environment.destination,
                                                     commands::StagedColumnFingerprints(
                                                         block.staging.table, block.Tokens(),
                                                         run_.columns, first, some)));
    if (source.table().rows.size() != 1 || staged.table().rows.size() != 1) continue;
    for (int i = 0; i < some; ++i) {
      const auto name = fmt::format("C{}", i);
      const auto a = source.table().Find(name);
      const auto b = staged.table().Find(name);
      if (a && b && source.table().rows[0][*a] != staged.table().rows[0][*b]) {
        differing.push_back(run_.columns[static_cast<size_t>(first + i)].name);
      }
    }
  }
  co_return differing;
}

}  // namespace kc::copy
