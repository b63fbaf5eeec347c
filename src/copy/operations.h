// Waits for asynchronous operations of one cluster: one request asks for all of them, soon at
// first, less and less often for slow ones. Loop's thread only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kusto/client.h"
#include "kusto/commands/transfer.h"
#include "world/executor.h"

namespace kc::copy {

// How long to wait before an operation is asked for again, `elapsed` after it was begun and `last`
// after it was asked for before: a fast one is seen within a quarter of its time, one of up to five
// seconds within a fifth of a second; an hour's one costs a poll in five seconds, about 750 in all.
world::Duration NextPoll(world::Duration elapsed, world::Duration last);

class OperationPoller {
 public:
  using Show = std::function<world::Task<Result<kusto::Answer>>(std::string text)>;
  OperationPoller(world::Clock& clock, world::Sleeper& sleeper, Show show)
      : clock_(clock), sleeper_(sleeper), show_(std::move(show)) {}

  // The operation when it no longer runs. kUnknownOutcome "OperationForgotten" when the cluster
  // doesn't know it (any more); other errors when asking itself fails for good or is cancelled.
  world::Task<Result<kusto::commands::Operation>> Await(std::string id);

 private:
  struct Waiting {
    world::Duration began{}, due{}, delay{};
    int missed = 0;
    bool done = false;
    Result<kusto::commands::Operation> outcome = kusto::commands::Operation();
  };
  world::Task<void> Run();
  world::Task<void> Ask(std::vector<std::string> ids);
  void Settle(const std::vector<std::string>& ids, const Result<kusto::Answer>& answer);

  world::Clock& clock_;
  world::Sleeper& sleeper_;
  Show show_;
  std::map<std::string, Waiting> waiting_;
  world::WaitList changed_;
  world::TaskGroup runner_;
};

}  // namespace kc::copy
