#include "local/catalog/database.h"

#include <algorithm>
#include <optional>

#include "base/log.h"

namespace kc::local {
namespace {

// Transactions in one journal object: bounds its size and how long the first one waits.
constexpr size_t kMaxBatch = 128;
// Small journal objects may pile up to so many times the interval: reading them at start stays
// quick.
constexpr uint64_t kMaxIntervals = 4;

// An exception must not reach the thread of another transaction, nor stop those that wait.
Status RunChange(const Database::Change& change, const DatabaseState& state,
                 TransactionBuilder& builder) {
  try {
    return change(state, builder);
  } catch (const std::exception& exception) {
    return Stop(std::string("the change failed: ") + exception.what(), "InternalError");
  }
}

}  // namespace

struct Database::Waiting {
  const Change* change;
  bool done = false;
  std::optional<Result<CommitInfo>> result;
};

Database::Database(world::Files& files, world::Clock& clock, world::Random& random,
                   std::string folder, DatabaseOptions options)
    : files_(files),
      clock_(clock),
      random_(random),
      folder_(std::move(folder)),
      options_(options),
      store_(std::make_shared<ExtentStore>(files, random, folder_ + "/extents")),
      journal_(files, folder_),
      state_(std::make_shared<const DatabaseState>()) {}

Database::~Database() {
  store_->StopCollecting();
}

Result<std::shared_ptr<Database>> Database::Create(world::Files& files, world::Clock& clock,
                                                   world::Random& random, std::string folder,
                                                   DatabaseMeta meta, DatabaseOptions options) {
  std::shared_ptr<Database> database(
      new Database(files, clock, random, std::move(folder), options));
  database->id_ = meta.id;
  KC_TRY(files.MakeFolders(database->store_->folder()));
  KC_TRY(database->journal_.Create());
  KC_TRY(database->store_->RemoveOrphans());
  KC_TRY(database->Commit([&](const DatabaseState&, TransactionBuilder& transaction) -> Status {
    transaction.SetEvent("CREATE-DATABASE", meta.name);
    transaction.PutDatabase(meta);
    return {};
  }));
  return database;
}

Result<std::shared_ptr<Database>> Database::Open(world::Files& files, world::Clock& clock,
                                                 world::Random& random, std::string folder,
                                                 DatabaseOptions options) {
  std::shared_ptr<Database> database(
      new Database(files, clock, random, std::move(folder), options));
  KC_TRY(database->Recover());
  if (database->state_->meta == nullptr || database->state_->dropped) return nullptr;
  database->id_ = database->state_->meta->id;
  KC_TRY(database->store_->RemoveOrphans());
  return database;
}

Status Database::Recover() {
  KC_ASSIGN(Journal::Contents contents, journal_.Load());
  auto state = std::make_shared<DatabaseState>();
  auto register_file = [&](ExtentFile file) { return store_->Register(std::move(file)); };
  auto remember = [&](TransactionHeader header) {
    events_.push_back(std::move(header));
    if (events_.size() > kMaxEvents) events_.pop_front();
  };
  if (contents.snapshot) {
    snapshot_bytes_ = static_cast<int64_t>(contents.snapshot->size());
    Status applied = ApplyOperations(*contents.snapshot, *state, register_file, remember);
    if (!applied) {
      return Fail(
          std::move(applied).error().Within(journal_.SnapshotPath(journal_.last_snapshot())));
    }
  }
  uint64_t object = journal_.last_snapshot();
  for (const std::string& lines : contents.objects) {
    ++object;
    uint64_t expected = state->sequence;
    bool in_order = true;
    Status applied = ApplyOperations(lines, *state, register_file, [&](TransactionHeader header) {
      in_order = in_order && header.sequence == ++expected;
      remember(std::move(header));
    });
    if (applied && !in_order) {
      applied = Stop("its transactions don't follow the one before", "DamagedStorage");
    }
    if (!applied) return Fail(std::move(applied).error().Within(journal_.ObjectPath(object)));
  }
  bytes_since_snapshot_ = contents.object_bytes;
  state_object_ = journal_.last_object();
  state_ = std::move(state);
  return {};
}

StatePtr Database::state() const {
  std::lock_guard lock(state_mutex_);
  return state_;
}

std::vector<TransactionHeader> Database::RecentEvents() const {
  std::lock_guard lock(state_mutex_);
  return {events_.begin(), events_.end()};
}

Result<CommitInfo> Database::Commit(const Change& change) {
  Waiting mine;
  mine.change = &change;
  std::unique_lock lock(commit_mutex_);
  queue_.push_back(&mine);
  while (!mine.done) {
    if (leading_) {
      commit_done_.wait(lock);
      continue;
    }
    // Nobody is writing: take what waits, one's own transaction (the first or a later one) with it.
    leading_ = true;
    std::vector<Waiting*> batch(
        queue_.begin(),
        queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxBatch)));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(batch.size()));
    lock.unlock();
    CommitBatch(batch);
    lock.lock();
    for (Waiting* waiting : batch) waiting->done = true;
    leading_ = false;
    commit_done_.notify_all();
  }
  return std::move(*mine.result);
}

std::string Database::BuildBatch(const std::vector<Waiting*>& batch, StatePtr& state,
                                 std::vector<TransactionHeader>& events) {
  std::string payload;
  for (Waiting* waiting : batch) {
    if (state->dropped) {
      waiting->result =
          Stop("the database '" + state->name() + "' was dropped", "BadRequest_DatabaseNotExist");
      continue;
    }
    int64_t ticks = std::max(clock_.NowTicks(), state->last_ticks + 1);
    TransactionBuilder builder(*state, ticks);
    Status changed = RunChange(*waiting->change, *state, builder);
    if (!changed) {
      waiting->result = Fail(std::move(changed).error());
      continue;
    }
    if (!builder.empty()) {
      auto next = std::make_shared<DatabaseState>(builder.TakeState());
      next->sequence = state->sequence + 1;
      next->last_ticks = ticks;
      TransactionHeader header{next->sequence, ticks, next->version, builder.event(),
                               builder.entity()};
      payload += EncodeTransaction(header);
      payload += builder.operations();
      events.push_back(std::move(header));
      state = std::move(next);
    }
    waiting->result = CommitInfo{state->sequence, ticks, state};
  }
  return payload;
}

void Database::CommitBatch(const std::vector<Waiting*>& batch) {
  auto fail_all = [&](const Error& error) {
    for (Waiting* waiting : batch) {
      if (!waiting->result || waiting->result->has_value()) waiting->result = Fail(error);
    }
  };
  if (!broken_) return fail_all(broken_.error());
  StatePtr next = state();
  std::vector<TransactionHeader> events;
  std::string payload = BuildBatch(batch, next, events);
  if (payload.empty()) return;
  Status written = journal_.Append(payload);
  if (!written) {
    Error error = std::move(written).error();
    if (error.code == ErrorCode::kUnknownOutcome || error.code == ErrorCode::kRedo) {
      // What the journal holds can only be learnt by reading it again.
      store_->StopCollecting();
      LogError("database '{}' refuses changes until it is started again: {}", folder_,
               error.message);
      Error later = error;
      later.code = ErrorCode::kStop;
      broken_ = Fail(std::move(later).Within("the journal failed, start kusto-local again"));
    }
    return fail_all(error);
  }
  std::lock_guard lock(state_mutex_);
  state_ = std::move(next);
  state_object_ = journal_.last_object();
  bytes_since_snapshot_ += static_cast<int64_t>(payload.size());
  for (TransactionHeader& event : events) events_.push_back(std::move(event));
  while (events_.size() > kMaxEvents) events_.pop_front();
}

Status Database::SnapshotIfDue(bool force) {
  std::lock_guard one(snapshot_mutex_);
  StatePtr state;
  uint64_t object = 0;
  std::vector<TransactionHeader> events;
  {
    std::lock_guard lock(state_mutex_);
    uint64_t objects = state_object_ - journal_.last_snapshot();
    bool many = objects >= options_.snapshot_interval &&
                (bytes_since_snapshot_ * 4 >= snapshot_bytes_ ||
                 objects >= kMaxIntervals * options_.snapshot_interval);
    if (state_->dropped || objects == 0 || !(many || force)) return {};
    state = state_;
    object = state_object_;
    events.assign(events_.begin(), events_.end());
    bytes_since_snapshot_ = 0;
  }
  std::string payload = EncodeState(*state, events);
  KC_TRY(journal_.WriteSnapshot(object, payload));
  snapshot_bytes_ = static_cast<int64_t>(payload.size());
  return {};
}

}  // namespace kc::local
