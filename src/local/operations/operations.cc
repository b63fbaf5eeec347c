#include "local/operations/operations.h"

#include <utility>

#include "base/log.h"
#include "base/ticks.h"
#include "engine/duck.h"

namespace kc::local {
namespace {

constexpr int64_t kLogTicks = kOperationsKeptDays * kTicksPerDay;
constexpr int64_t kLatestTicks = 6 * kTicksPerHour;
// Asynchronous commands without a capacity of their own (moves, tags …) wait beyond this.
constexpr size_t kMaxWorkers = 64;

}  // namespace

std::string_view StateName(OperationState state) {
  constexpr std::string_view kNames[] = {
      "InProgress", "Completed", "Failed",    "PartiallySucceeded", "Abandoned",
      "BadInput",   "Scheduled", "Throttled", "Canceled",           "Skipped"};
  return kNames[static_cast<size_t>(state)];
}

OperationRequest MakeOperation(std::string kind, Resource resource, const CommandContext& context) {
  OperationRequest request;
  request.kind = std::move(kind);
  request.resource = resource;
  request.database = context.database;
  request.principal = context.request.principal;
  request.user = context.request.user;
  request.activity_id = context.request.activity_id;
  return request;
}

IngestionFailure FailureOf(const OperationRequest& request, const std::string& operation_id,
                           const Error& error) {
  IngestionFailure failure;
  failure.operation_id = operation_id;
  failure.database = request.database;
  failure.details = error.message;
  failure.error_code = error.reason;
  failure.permanent = error.code == ErrorCode::kStop;
  failure.root_activity_id = request.activity_id;
  failure.principal = request.principal;
  failure.user = request.user;
  return failure;
}

struct Operations::Running {
  OperationRequest request;
  OperationRow row;
  world::CancelToken cancel;
  std::string cancel_reason;
};

struct Operations::Job {
  std::shared_ptr<Running> running;
  OperationWork work;
  Capacity::Slot slot;
};

Operations::Operations(world::Clock& clock, world::Random& random, const CapacityOptions& options)
    : clock_(clock), random_(random), capacity_(options) {}

Operations::~Operations() {
  Shutdown();
}

void Operations::Shutdown() {
  std::vector<std::thread> workers;
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    for (auto& [id, running] : running_) running->cancel.Cancel();
    workers.swap(workers_);
  }
  wake_.notify_all();
  for (std::thread& worker : workers) worker.join();
  if (loader_.joinable()) loader_.join();
}

void Operations::Remember(std::unique_ptr<OperationHistory> history) {
  history_ = std::move(history);
  auto promise = std::make_shared<std::promise<OperationHistory::Past>>();
  past_ = promise->get_future().share();
  loader_ = std::thread([this, promise] { promise->set_value(history_->Load()); });
}

const OperationHistory::Past& Operations::Past() const {
  static const OperationHistory::Past kNothing;
  return past_.valid() ? past_.get() : kNothing;
}

void Operations::Append(OperationRow row) {
  if (history_ != nullptr) history_->Write(row);
  newest_[row.id] = dropped_ + log_.size();
  log_.push_back(std::move(row));
  int64_t horizon = log_.back().updated_ticks - kLogTicks;
  while (log_.size() > kMaxOperationRows || log_.front().updated_ticks < horizon) {
    auto it = newest_.find(log_.front().id);
    if (it != newest_.end() && it->second == dropped_) newest_.erase(it);
    log_.pop_front();
    ++dropped_;
  }
}

OperationRow Operations::MakeRow(const OperationRequest& request, OperationState state) {
  OperationRow row;
  row.id = random_.Guid();
  row.kind = request.kind;
  row.started_ticks = row.updated_ticks = clock_.NowTicks();
  row.state = state;
  row.root_activity_id = request.activity_id.empty() ? row.id : request.activity_id;
  row.database = request.database;
  row.principal = request.principal;
  row.user = request.user;
  return row;
}

std::shared_ptr<Operations::Running> Operations::Begin(const OperationRequest& request,
                                                       OperationState state) {
  auto running = std::make_shared<Running>();
  running->request = request;
  running->row = MakeRow(request, state);
  std::lock_guard lock(mutex_);
  running_[running->row.id] = running;
  if (ending_) running->cancel.Cancel();
  Append(running->row);
  return running;
}

Result<Capacity::Slot> Operations::TakeSlot(const OperationRequest& request) {
  auto slot = capacity_.Take(request.resource, request.kind);
  if (slot) return slot;
  OperationRow row = MakeRow(request, OperationState::kThrottled);
  row.status = slot.error().message;
  row.should_retry = true;
  std::lock_guard lock(mutex_);
  Append(std::move(row));
  return slot;
}

void Operations::Change(Running& running, OperationState state, std::string status,
                        bool should_retry) {
  std::lock_guard lock(mutex_);
  if (state == OperationState::kCanceled && ending_ && running.cancel_reason.empty()) {
    state = OperationState::kAbandoned;
    should_retry = true;
  }
  running.row.state = state;
  running.row.status = std::move(status);
  running.row.should_retry = should_retry;
  running.row.updated_ticks = clock_.NowTicks();
  if (state != OperationState::kInProgress) running_.erase(running.row.id);
  Append(running.row);
}

Result<CommandResult> Operations::Perform(Running& running, const OperationWork& work) {
  OperationContext context{running.row.id, running.cancel};
  auto outcome = work(context);
  if (outcome) {
    if (running.request.persist_details && !outcome->result.tables.empty()) {
      std::lock_guard lock(mutex_);
      if (history_) history_->WriteDetails(running.row.id, outcome->result.tables.front());
      details_[running.row.id] = outcome->result.tables.front();
      details_order_.push_back(running.row.id);
      while (details_order_.size() > kMaxOperationDetails) {
        details_.erase(details_order_.front());
        details_order_.pop_front();
      }
    }
    Change(running, outcome->state, std::move(outcome->status), false);
    return std::move(outcome->result);
  }
  Error error = std::move(outcome).error();
  if (error.reason == engine::kInterrupted && running.cancel.cancelled()) {
    error.message = "The operation was cancelled";
    error.reason = "Cancelled";
  }
  OperationState state = OperationState::kFailed;
  if (running.cancel.cancelled()) state = OperationState::kCanceled;
  if (state == OperationState::kFailed && error.code == ErrorCode::kStop &&
      error.reason.starts_with("BadRequest_")) {
    state = OperationState::kBadInput;
  }
  std::string status = error.reason.empty() ? error.message : error.reason + ": " + error.message;
  Change(running, state, std::move(status), error.code == ErrorCode::kRetry);
  return Fail(std::move(error));
}

Result<CommandResult> Operations::Run(const OperationRequest& request, const OperationWork& work,
                                      world::CancelToken* cancel) {
  KC_ASSIGN(Capacity::Slot slot, TakeSlot(request));
  auto running = Begin(request, OperationState::kInProgress);
  int subscription = 0;
  if (cancel != nullptr) {
    subscription = cancel->Subscribe([running] { running->cancel.Cancel(); });
  }
  auto result = Perform(*running, work);
  if (cancel != nullptr) cancel->Unsubscribe(subscription);
  return result;
}

Result<CommandResult> Operations::Start(const OperationRequest& request, OperationWork work) {
  KC_ASSIGN(Capacity::Slot slot, TakeSlot(request));
  auto running = Begin(request, OperationState::kInProgress);
  auto job = std::make_unique<Job>();
  job->running = running;
  job->work = std::move(work);
  job->slot = std::move(slot);
  {
    std::lock_guard lock(mutex_);
    if (ending_) return Fail(ErrorCode::kRetry, "The service is shutting down");
    queue_.push_back(std::move(job));
    if (idle_ < queue_.size() && workers_.size() < kMaxWorkers) {
      workers_.emplace_back([this] { Worker(); });
    }
  }
  wake_.notify_one();
  return OneTable({{"OperationId", ScalarType::kGuid}}, {{running->row.id}});
}

void Operations::Worker() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    if (job->running->cancel.cancelled()) {
      Change(*job->running, OperationState::kCanceled, "Cancelled before it began", false);
    } else {
      auto result = Perform(*job->running, job->work);
      if (!result) {
        LogDebug("operation {} {}: {}", job->running->row.kind, job->running->row.id,
                 Redact(result.error().message));
      }
    }
    job.reset();
    lock.lock();
  }
}

Result<QuerySession> Operations::OpenSession(const std::string& database,
                                             const RequestOptions& request) {
  if (!opener_) return Stop("Queries are not available here");
  return opener_(database, request);
}

std::vector<OperationRow> Operations::Log() const {
  const int64_t horizon = clock_.NowTicks() - kLogTicks;
  std::vector<OperationRow> rows;
  for (const OperationRow& row : Past().rows) {
    if (row.updated_ticks >= horizon) rows.push_back(row);
  }
  std::lock_guard lock(mutex_);
  rows.insert(rows.end(), log_.begin(), log_.end());
  return rows;
}

const OperationRow* Operations::FindNewest(const std::string& id) const {
  const auto it = newest_.find(id);
  if (it != newest_.end()) return &log_[it->second - dropped_];
  const OperationHistory::Past& past = Past();
  const auto old = past.newest.find(id);
  return old == past.newest.end() ? nullptr : &past.rows[old->second];
}

std::vector<OperationRow> Operations::Latest(const std::vector<std::string>& ids) const {
  std::vector<OperationRow> rows;
  int64_t horizon = clock_.NowTicks() - kLatestTicks;
  std::lock_guard lock(mutex_);
  for (const std::string& id : ids) {
    const OperationRow* row = FindNewest(id);
    if (row != nullptr && row->updated_ticks >= horizon) rows.push_back(*row);
  }
  return rows;
}

Result<ValueTable> Operations::Details(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const OperationRow* row = FindNewest(id);
  if (row == nullptr) {
    return Stop("Operation '" + id + "' was not found", "BadRequest_EntityNotFound");
  }
  if (row->state != OperationState::kCompleted) {
    return Stop(
        "Operation '" + id + "' has no details: its state is " + std::string(StateName(row->state)),
        "BadRequest_OperationNotCompleted");
  }
  if (auto it = details_.find(id); it != details_.end()) return it->second;
  const auto& past = Past().details;
  if (auto it = past.find(id); it != past.end()) return it->second;
  return Stop("Operation '" + id + "' kept no details", "BadRequest_EntityNotFound");
}

Result<OperationRow> Operations::Cancel(const std::string& id, const std::string& reason) {
  std::shared_ptr<Running> running;
  {
    std::lock_guard lock(mutex_);
    auto it = running_.find(id);
    if (it == running_.end()) {
      return Stop("Operation '" + id + "' is not running", "BadRequest_EntityNotFound");
    }
    running = it->second;
    if (!running->request.cancellable) {
      return Stop("Operation '" + id + "' of kind " + running->request.kind +
                      " cannot be cancelled: only ingestion from a query can",
                  "BadRequest_OperationCannotBeCancelled");
    }
    running->cancel_reason = reason;
  }
  running->cancel.Cancel();
  std::lock_guard lock(mutex_);
  return running->row;
}

void Operations::AddFailure(IngestionFailure failure) {
  failure.failed_ticks = clock_.NowTicks();
  std::lock_guard lock(mutex_);
  if (history_) history_->Write(failure);
  failures_.push_back(std::move(failure));
  if (failures_.size() > kMaxIngestionFailures) failures_.pop_front();
}

std::vector<IngestionFailure> Operations::Failures() const {
  int64_t horizon = clock_.NowTicks() - kLogTicks;
  std::vector<IngestionFailure> rows;
  const auto add = [&](const auto& failures) {
    for (const IngestionFailure& failure : failures) {
      if (failure.failed_ticks >= horizon) rows.push_back(failure);
    }
  };
  add(Past().failures);
  std::lock_guard lock(mutex_);
  add(failures_);
  return rows;
}

Result<CommandResult> StartOrRun(const Command& command, const CommandContext& context,
                                 const OperationRequest& request, OperationWork work) {
  if (command.Has("async")) return context.operations->Start(request, std::move(work));
  return context.operations->Run(request, work, context.cancel.get());
}

}  // namespace kc::local
