#include "copy/block_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "copy/block_io.h"

namespace kc::copy {

using world::Task;

namespace {

using Kind = ActionKind;

// One block on its way: holds the slots and the staging table that it uses.
class Runner {
 public:
  Runner(Session& session, TableRun& run, int64_t id)
      : session_(session),
        run_(run),
        id_(id),
        io_(session, run, [this] { GiveBack(export_slot_); }) {}

  Task<void> Run();

 private:
  Block& block() { return run_.blocks.at(id_); }
  Task<Status> Perform(Action action, std::optional<Event>& event);
  Task<Status> Record();
  Task<Result<Event>> WaitExportSlot();
  Task<Result<Event>> WaitIngestSlot();
  Task<Result<Event>> TakeOver();
  void StopTable();
  static void GiveBack(world::Slots*& slot) {
    if (auto* slots = std::exchange(slot, nullptr)) slots->Release();
  }
  void GiveSlotsBack();

  Session& session_;
  TableRun& run_;
  const int64_t id_;
  BlockIo io_;
  world::Slots* export_slot_ = nullptr;
  world::Slots* ingest_slot_ = nullptr;
};

Task<void> Runner::Run() {
  Event first;
  first.kind = EventKind::kStart;
  std::optional<Event> event = first;
  if (block().move_open) {
    auto take = TakeOver();
    Result<Event> taken = co_await take;
    if (taken) {
      event = *taken;
    } else {
      if (session_.ending()) co_return;
      event->kind = EventKind::kFailed;
      event->text = taken.error().message;
    }
  }
  while (event && !session_.ending()) {
    Step step = Advance(block(), *event);
    block() = std::move(step.block);
    run_.format = std::max(run_.format, block().format);
    event.reset();
    if (SeededBug(Bug::kDeleteBlobsEarly) && block().stage == Stage::kMoving) {
      (void)session_.environment.lake.DeletePrefix(block().folder + "/");
    }
    if (SeededBug(Bug::kActBeforeIntent) && step.actions.size() == 2 &&
        step.actions[0].kind == Kind::kRecord) {
      std::swap(step.actions[0], step.actions[1]);
    }
    for (const Action action : step.actions) {
      auto perform = Perform(action, event);
      const Status status = co_await perform;
      if (status) continue;
      // Only what ends the whole session comes here: a lost lease, storage that refuses, the user.
      if (!session_.ending()) session_.Abort(status.error());
      GiveSlotsBack();
      co_return;
    }
  }
  GiveSlotsBack();
  session_.progress.NotifyAll();
}

void Runner::GiveSlotsBack() {
  GiveBack(export_slot_);
  GiveBack(ingest_slot_);
}

Task<Status> Runner::Record() {
  std::vector<checkpoint::Record> group;
  group.push_back(Ledger::RecordOf(run_, block(), session_.Now()));
  if (block().stage == Stage::kMoved && block().remark == kRowsNotVisible) {
    session_.Notify(run_.name,
                    fmt::format("block {} ({} rows): {}", id_, block().moved_rows, block().remark));
  }
  auto write = session_.Write(std::move(group));
  const Status status = co_await write;
  session_.progress.NotifyAll();
  co_return status;
}

Task<Result<Event>> Runner::WaitExportSlot() {
  auto acquire = session_.slots.exports.Acquire();
  co_await acquire;
  export_slot_ = &session_.slots.exports;
  Event event;
  event.kind = EventKind::kExportSlot;
  event.format = run_.format;
  event.folder = session_.NewFolder(run_, block());
  event.request_id = session_.RequestId("export");
  co_return event;
}

Task<Result<Event>> Runner::WaitIngestSlot() {
  auto acquire = session_.slots.ingestions.Acquire();
  co_await acquire;
  ingest_slot_ = &session_.slots.ingestions;
  Event event;
  event.kind = EventKind::kIngestSlot;
  auto stage = session_.staging.Acquire(run_);
  Result<Home> home = co_await stage;
  if (!home) {
    if (session_.ending()) co_return Fail(home.error());
    event.kind = EventKind::kFailed;
    event.text = home.error().message;
    co_return event;
  }
  event.home = *home;
  for (size_t i = 0; i < PlanParts(block().artifacts).size(); ++i) {
    const bool shared = SeededBug(Bug::kOneToken) && i > 0;
    event.tokens.push_back(shared ? event.tokens.front() : session_.NewToken());
  }
  co_return event;
}

Task<Result<Event>> Runner::TakeOver() {
  Event event;
  event.kind = EventKind::kTakeOver;
  KC_CO_ASSIGN(event.home, session_.staging.CreateOwn(run_));
  co_return event;
}

// The first reason counts: what follows is often only its consequence.
void Runner::StopTable() {
  const std::string reason = fmt::format("block {}: {}", id_, block().reason);
  if (run_.state != TableState::kStopped || run_.reason.empty()) run_.reason = reason;
  run_.state = TableState::kStopped;
  LogError("table {} stopped: {}", run_.name, reason);
}

// Performs one action. An error ends the session; what went wrong with the block itself is an
// event.
Task<Status> Runner::Perform(Action action, std::optional<Event>& event) {
  std::optional<Task<Result<Event>>> asked;
  switch (action.kind) {
    case Kind::kRecord: {
      auto record = Record();
      co_return co_await record;
    }
    case Kind::kPause: {
      auto pause = session_.sleeper.Wait(std::chrono::milliseconds(action.number));
      co_await pause;
      co_return Status();
    }
    case Kind::kCleanUp:  // done for the whole table at once, CleanMoved
      co_return Status();
    case Kind::kStopTable: {
      StopTable();
      auto write = session_.WriteOne(Ledger::RecordOf(run_, session_.Now()));
      co_return co_await write;
    }
    case Kind::kWaitExportSlot:
      // A table that stopped starts no other block.
      if (run_.state == TableState::kStopped) co_return Status();
      asked.emplace(WaitExportSlot());
      break;
    case Kind::kWaitIngestSlot:
      if (run_.state == TableState::kStopped) co_return Status();
      asked.emplace(WaitIngestSlot());
      break;
    default:
      asked.emplace(io_.Do(action, block()));
      break;
  }
  auto& request = *asked;
  Result<Event> result = co_await request;
  if (action.kind == Kind::kExport || action.kind == Kind::kIngest) GiveSlotsBack();
  if (result) {
    event = std::move(*result);
    co_return Status();
  }
  if (session_.ending()) co_return Fail(result.error());
  Event failed;
  failed.kind = EventKind::kFailed;
  failed.text = result.error().message;
  event = std::move(failed);
  co_return Status();
}

}  // namespace

Task<void> RunBlock(Session& session, TableRun& run, int64_t block_id) {
  auto acquire = session.slots.in_flight.Acquire();
  co_await acquire;
  world::SlotLease slot(&session.slots.in_flight);
  if (session.ending() ||
      (run.state == TableState::kStopped && !run.blocks.at(block_id).move_open)) {
    co_return;
  }
  Runner runner(session, run, block_id);
  auto go = runner.Run();
  co_await go;
}

}  // namespace kc::copy
