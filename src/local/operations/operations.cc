#include "local/operations/operations.h"

#include <utility>

#include "base/log.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

// Kusto keeps two weeks; the other limits only bound memory in a program that runs for months.
constexpr int64_t kLogTicks = 14 * kTicksPerDay;
constexpr int64_t kLatestTicks = 6 * kTicksPerHour;
constexpr size_t kMaxLogRows = 100'000;
constexpr size_t kMaxDetails = 20'000;
constexpr size_t kMaxFailures = 10'000;
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
}

void Operations::Append(OperationRow row) {
  newest_[row.id] = dropped_ + log_.size();
  log_.push_back(std::move(row));
  int64_t horizon = log_.back().updated_ticks - kLogTicks;
  while (log_.size() > kMaxLogRows || log_.front().updated_ticks < horizon) {
    auto it = newest_.find(log_.front().id);
    if (it != newest_.end() && it->second == dropped_) newest_.erase(it);
    log_.pop_front();
    ++dropped_;
  }
}

std::shared_ptr<Operations::Running> Operations::Begin(const OperationRequest& request,
                                                       OperationState state) {
  auto running = std::make_shared<Running>();
  running->request = request;
  OperationRow& row = running->row;
  row.id = random_.Guid();
  row.kind = request.kind;
  row.started_ticks = row.updated_ticks = clock_.NowTicks();
  row.state = state;
  row.root_activity_id = request.activity_id.empty() ? row.id : request.activity_id;
  row.database = request.database;
  row.principal = request.principal;
  row.user = request.user;
  std::lock_guard lock(mutex_);
  running_[row.id] = running;
  if (ending_) running->cancel.Cancel();
  Append(row);
  return running;
}

void Operations::Change(Running& running, OperationState state, std::string status,
                        bool should_retry) {
  std::lock_guard lock(mutex_);
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
      details_[running.row.id] = outcome->result.tables.front();
      details_order_.push_back(running.row.id);
      while (details_order_.size() > kMaxDetails) {
        details_.erase(details_order_.front());
        details_order_.pop_front();
      }
    }
    Change(running, outcome->state, std::move(outcome->status), false);
    return std::move(outcome->result);
  }
  const Error& error = outcome.error();
  OperationState state = OperationState::kFailed;
  if (running.cancel.cancelled()) state = OperationState::kCanceled;
  if (state == OperationState::kFailed && error.code == ErrorCode::kStop &&
      error.reason.starts_with("BadRequest_")) {
    state = OperationState::kBadInput;
  }
  std::string status = error.reason.empty() ? error.message : error.reason + ": " + error.message;
  Change(running, state, std::move(status), error.code == ErrorCode::kRetry);
  return Fail(std::move(outcome).error());
}

Result<CommandResult> Operations::Run(const OperationRequest& request, const OperationWork& work,
                                      world::CancelToken* cancel) {
  KC_ASSIGN(Capacity::Slot slot, capacity_.Take(request.resource, request.kind));
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
  KC_ASSIGN(Capacity::Slot slot, capacity_.Take(request.resource, request.kind));
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
  std::lock_guard lock(mutex_);
  return {log_.begin(), log_.end()};
}

std::vector<OperationRow> Operations::Latest(const std::vector<std::string>& ids) const {
  std::vector<OperationRow> rows;
  int64_t horizon = clock_.NowTicks() - kLatestTicks;
  std::lock_guard lock(mutex_);
  for (const std::string& id : ids) {
    auto it = newest_.find(id);
    if (it == newest_.end()) continue;
    const OperationRow& row = log_[it->second - dropped_];
    if (row.updated_ticks >= horizon) rows.push_back(row);
  }
  return rows;
}

Result<ValueTable> Operations::Details(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto newest = newest_.find(id);
  if (newest == newest_.end()) {
    return Stop("Operation '" + id + "' was not found", "BadRequest_EntityNotFound");
  }
  const OperationRow& row = log_[newest->second - dropped_];
  if (row.state != OperationState::kCompleted) {
    return Stop(
        "Operation '" + id + "' has no details: its state is " + std::string(StateName(row.state)),
        "BadRequest_OperationNotCompleted");
  }
  auto it = details_.find(id);
  if (it == details_.end()) {
    return Stop("Operation '" + id + "' kept no details", "BadRequest_EntityNotFound");
  }
  return it->second;
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
  failures_.push_back(std::move(failure));
  if (failures_.size() > kMaxFailures) failures_.pop_front();
}

std::vector<IngestionFailure> Operations::Failures() const {
  int64_t horizon = clock_.NowTicks() - kLogTicks;
  std::lock_guard lock(mutex_);
  std::vector<IngestionFailure> rows;
  for (const IngestionFailure& failure : failures_) {
    if (failure.failed_ticks >= horizon) rows.push_back(failure);
  }
  return rows;
}

}  // namespace kc::local
