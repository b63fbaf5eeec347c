// The log of operations, the workers of asynchronous commands, and their limits. One per process.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "local/commands/command.h"
#include "local/commands/query_session.h"
#include "local/operations/capacity.h"
#include "local/operations/operation_history.h"
#include "local/operations/operation_row.h"
#include "world/cancel.h"
#include "world/clock.h"
#include "world/random.h"

namespace kc::local {

struct OperationRequest {
  std::string kind;
  Resource resource = Resource::kOther;
  std::string database;
  std::string principal;
  std::string user;
  std::string activity_id;
  bool persist_details = false;
  bool cancellable = false;  // by `.cancel operation`: ingestion from a query only
};
OperationRequest MakeOperation(std::string kind, Resource resource, const CommandContext& context);

// What an ingestion failure takes from the operation and the error; table, source and kind are the
// caller's to fill in.
IngestionFailure FailureOf(const OperationRequest& request, const std::string& operation_id,
                           const Error& error);

// What work gets; lives as long as the work runs.
struct OperationContext {
  std::string id;
  // Cancelled by `.cancel operation`, by the client's leaving (synchronous work) and at the
  // program's end.
  world::CancelToken& cancel;
};
struct OperationOutcome {
  CommandResult result;
  OperationState state = OperationState::kCompleted;
  std::string status;
};
// Async work must hold all that it needs but the cluster and the operations themselves.
using OperationWork = std::function<Result<OperationOutcome>(OperationContext&)>;

class Operations {
 public:
  Operations(world::Clock& clock, world::Random& random, const CapacityOptions& options);
  ~Operations();
  // Cancels what runs and waits for it; nothing starts any more. For the end of the program.
  void Shutdown();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  // How commands open a session for their queries; set once, before the first command.
  using SessionOpener =
      std::function<Result<QuerySession>(const std::string& database, const RequestOptions&)>;
  void SetSessionOpener(SessionOpener opener) { opener_ = std::move(opener); }
  Result<QuerySession> OpenSession(const std::string& database, const RequestOptions& request);

  // From now on the log is kept on disk, and what earlier runs left there is shown. Once, before
  // the first command; reading goes on in the background.
  void Remember(std::unique_ptr<OperationHistory> history);

  // Runs the work in this thread and logs it. Over capacity: 429 (see Capacity::Take), and a row of
  // state Throttled.
  // `cancel` may be null.
  Result<CommandResult> Run(const OperationRequest& request, const OperationWork& work,
                            world::CancelToken* cancel);
  // Starts it on a worker and returns the operation's id, as a command's result with the column
  // OperationId. Over capacity: 429, nothing started.
  Result<CommandResult> Start(const OperationRequest& request, OperationWork work);

  // All rows of the last two weeks, oldest first.
  std::vector<OperationRow> Log() const;
  // The newest row of each that changed within the last six hours; unknown ids are left out.
  std::vector<OperationRow> Latest(const std::vector<std::string>& ids) const;
  // kStop if it isn't known, hasn't succeeded, or kept no details.
  Result<ValueTable> Details(const std::string& id) const;
  // Asks it to stop; kStop if it isn't running or isn't of a kind that can be cancelled.
  Result<OperationRow> Cancel(const std::string& id, const std::string& reason);

  void AddFailure(IngestionFailure failure);
  std::vector<IngestionFailure> Failures() const;  // of the last two weeks

  Capacity& capacity() { return capacity_; }
  world::Clock& clock() { return clock_; }

 private:
  struct Running;
  struct Job;
  std::shared_ptr<Running> Begin(const OperationRequest& request, OperationState state);
  void Change(Running& running, OperationState state, std::string status, bool should_retry);
  Result<CommandResult> Perform(Running& running, const OperationWork& work);
  void Worker();
  void Append(OperationRow row);
  // A slot; over capacity the error, after a row of state Throttled was logged.
  Result<Capacity::Slot> TakeSlot(const OperationRequest& request);
  OperationRow MakeRow(const OperationRequest& request, OperationState state);
  // What earlier runs left; waits until it is read. May be called with the mutex held.
  const OperationHistory::Past& Past() const;
  const OperationRow* FindNewest(const std::string& id) const;

  world::Clock& clock_;
  world::Random& random_;
  Capacity capacity_;
  SessionOpener opener_;
  std::unique_ptr<OperationHistory> history_;  // null: nothing is kept
  std::thread loader_;
  std::shared_future<OperationHistory::Past> past_;  // invalid: there is none

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<OperationRow> log_;
  uint64_t dropped_ = 0;                    // rows that left the front of log_
  std::map<std::string, uint64_t> newest_;  // id → number of its newest row since the start
  std::map<std::string, ValueTable> details_;
  std::deque<std::string> details_order_;  // oldest first
  std::deque<IngestionFailure> failures_;
  std::map<std::string, std::shared_ptr<Running>> running_;
  std::deque<std::unique_ptr<Job>> queue_;
  std::vector<std::thread> workers_;
  size_t idle_ = 0;
  bool ending_ = false;
};

// Runs a command's work: on a worker where the command says "async", else in this thread.
Result<CommandResult> StartOrRun(const Command& command, const CommandContext& context,
                                 const OperationRequest& request, OperationWork work);

void RegisterOperationCommands(CommandRegistry& registry);

}  // namespace kc::local
