#include "clients.h"

#include "azure/memory_store.h"
#include "azure/object_names.h"
#include "world.h"

namespace kc::sim {
namespace {

using kusto::Answer;
using kusto::Request;

// A connection that breaks is seen at once or after a while.
constexpr auto kSeenSoon = std::chrono::milliseconds(20);
constexpr auto kSeenLate = std::chrono::seconds(20);
// What a request may take when nothing is said (kusto/client.cc).
constexpr auto kTimeout = std::chrono::minutes(10);
constexpr auto kTimeoutMargin = std::chrono::seconds(30);
// A request that was handed to the system when its process died or stopped: mostly on its way.
constexpr double kOnItsWay = 0.7;

Error Cancelled() {
  return {ErrorCode::kStop, "cancelled", "Cancelled"};
}
Error Lost(bool mutates) {
  if (mutates) return {ErrorCode::kUnknownOutcome, "the connection was lost", "NoAnswer"};
  return {ErrorCode::kRetry, "the connection was lost", "NoAnswer"};
}

// The wait of a process that was stopped or killed: it goes on when it is continued, or unwound.
void Halt(Process& process) {
  process.WaitUntil(process.world().timeline.now());
}

void PauseNow(Process& process) {
  World& world = process.world();
  process.Pause();
  if (world.on_pause) {
    world.timeline.After(world::Duration::zero(), [&world, &process] { world.on_pause(process); });
  } else {
    world.timeline.After(std::chrono::minutes(2), [&process] {
      if (process.life() == Life::kPaused) process.Continue();
    });
  }
}

// ---- requests to a cluster

// One request under way: its end comes once, whatever comes first.
struct Exchange {
  Process* process = nullptr;
  Fiber* fiber = nullptr;
  bool over = false;
  Result<Answer> answer = Answer();
  Timeline::Handle timeout;

  void Finish(Result<Answer> outcome) {
    if (over) return;
    over = true;
    answer = std::move(outcome);
    if (timeout) {
      timeout->cancelled = true;
      timeout->run = nullptr;
    }
    process->Wake(fiber);
  }
};
using ExchangePtr = std::shared_ptr<Exchange>;

class SimClient final : public kusto::Client {
 public:
  SimClient(Process& process, Party party)
      : process_(process),
        world_(process.world()),
        party_(party),
        cluster_(party == Party::kSource ? world_.source : world_.destination) {
    connection_.cluster = cluster_.address;
  }

  Result<Answer> Query(const Request& request) override {
    return Repeat(ServerRequest::Kind::kQuery, "Query", request);
  }
  Result<Answer> Show(const Request& request) override {
    return Repeat(ServerRequest::Kind::kShow, "Show", request);
  }
  Result<Answer> Command(const Request& request) override {
    return Send(ServerRequest::Kind::kCommand, "Command", request);
  }
  const std::string& cluster() const override { return cluster_.address; }
  const kusto::ConnectionString& connection() const override { return connection_; }

 private:
  using Kind = ServerRequest::Kind;

  // As kusto/client.cc does.
  Result<Answer> Repeat(Kind kind, std::string_view name, const Request& request) {
    for (int attempt = 1;; ++attempt) {
      auto answer = Send(kind, name, request);
      if (answer || answer.error().code != ErrorCode::kRetry || attempt >= request.attempts) {
        return answer;
      }
      if (!process_.Sleep(azure::PauseBefore(attempt, answer.error()), request.cancel)) {
        return Fail(Cancelled());
      }
    }
  }

  Result<Answer> Send(Kind kind, std::string_view name, const Request& request) {
    if (process_.ghost()) return Fail(Cancelled());
    if (request.cancel != nullptr && request.cancel->cancelled()) return Fail(Cancelled());
    const bool mutates = kind == Kind::kCommand;
    const Call call{world_.NextCall(), &process_, party_, name, request.text, mutates};
    const Fault fault = world_.faults ? world_.faults(call) : Fault::kNone;
    if (fault == Fault::kKillBeforeSend) process_.Kill();
    if (fault == Fault::kPauseBeforeSend) PauseNow(process_);
    if (!process_.running()) Halt(process_);
    if (process_.ghost()) return Fail(Cancelled());
    const auto began = world_.timeline.now();
    auto answer = Deliver(call, fault, Message(kind, request), request);
    if (world_.on_call && !process_.ghost()) {
      world_.on_call(call, fault, world_.timeline.now() - began);
    }
    if (fault == Fault::kKillBeforeRecord) process_.KillAtNextRecord();
    return answer;
  }

  ServerRequest Message(Kind kind, const Request& request) const {
    return {kind, request.database, request.text, request.client_request_id};
  }

  Result<Answer> Deliver(const Call& call, Fault fault, ServerRequest message,
                         const Request& request) {
    auto exchange = std::make_shared<Exchange>();
    exchange->process = &process_;
    exchange->fiber = Fiber::Current();
    int subscription = 0;
    if (request.cancel != nullptr) {
      subscription = request.cancel->Subscribe([exchange] { exchange->Finish(Fail(Cancelled())); });
    }
    world::Duration timeout = request.timeout;
    if (timeout.count() == 0) {
      timeout = request.server_timeout.count() == 0 ? kTimeout : request.server_timeout;
      timeout += kTimeoutMargin;
    }
    const bool mutates = call.mutates;
    if (!exchange->over) {
      exchange->timeout = world_.timeline.After(
          timeout, [exchange, mutates] { exchange->Finish(Fail(Lost(mutates))); }, &process_);
    }
    Act(fault, std::move(message), mutates, exchange);
    process_.Block();
    if (subscription != 0 && request.cancel != nullptr) request.cancel->Unsubscribe(subscription);
    if (process_.ghost()) return Fail(Cancelled());
    return std::move(exchange->answer);
  }

  world::Duration Transit() {
    return Draw(world_.network.least_transit, world_.network.most_transit);
  }
  world::Duration Draw(world::Duration least, world::Duration most) {
    return world_.random.Between(least, most);
  }

  void FinishAfter(world::Duration delay, const ExchangePtr& exchange, Error error) {
    world_.timeline.After(
        delay, [exchange, error] { exchange->Finish(Fail(error)); }, &process_);
  }

  void Act(Fault fault, ServerRequest message, bool mutates, const ExchangePtr& exchange) {
    switch (fault) {
      case Fault::kNotSent:
        FinishAfter(Transit(), exchange,
                    {ErrorCode::kRetry, "the cluster was not reached", "NotSent"});
        return;
      case Fault::kNotActed:
        FinishAfter(Draw(kSeenSoon, kSeenLate), exchange, Lost(mutates));
        return;
      case Fault::kThrottled:
        FinishAfter(Transit(), exchange,
                    {ErrorCode::kRetry, "too many requests", "TooManyRequests", 429});
        return;
      case Fault::kUnavailable:
        FinishAfter(Transit(), exchange,
                    {mutates ? ErrorCode::kUnknownOutcome : ErrorCode::kRetry,
                     "the service is unavailable", "Http503", 503});
        return;
      case Fault::kLateAct:
        FinishAfter(Draw(kSeenSoon, kSeenLate), exchange, Lost(mutates));
        Arrive(Draw(world_.network.late / 20, world_.network.late), message, nullptr, true);
        return;
      case Fault::kAnswerLost:
      case Fault::kFalseError:
        Arrive(Transit(), message, Spoil(fault, mutates, exchange), true);
        return;
      case Fault::kTwice:
        Arrive(Transit(), message, Answering(fault, exchange), true);
        Arrive(Draw(kSeenSoon, kSeenLate), message, nullptr, true);
        return;
      case Fault::kKillInFlight:
        process_.Kill();
        Arrive(Transit(), message, nullptr, world_.random.Chance(0.5));
        return;
      default:
        Arrive(Transit(), message, Answering(fault, exchange), world_.random.Chance(kOnItsWay));
        return;
    }
  }

  Reply Answering(Fault fault, const ExchangePtr& exchange) {
    return [this, fault, exchange](Result<Answer> answer) {
      if (exchange->over || process_.ghost()) return;
      if (fault == Fault::kKillBeforeAnswer) process_.Kill();
      if (fault == Fault::kPauseBeforeAnswer && process_.running()) PauseNow(process_);
      auto shared = std::make_shared<Result<Answer>>(std::move(answer));
      world_.timeline.After(
          Transit(), [exchange, shared] { exchange->Finish(std::move(*shared)); }, &process_);
    };
  }

  Reply Spoil(Fault fault, bool mutates, const ExchangePtr& exchange) {
    return [this, fault, mutates, exchange](const Result<Answer>& answer) {
      (void)answer;
      if (process_.ghost()) return;
      Error error = Lost(mutates);
      if (fault == Fault::kFalseError) {
        error = {ErrorCode::kStop, "an internal error that says it is permanent",
                 "General_InternalServerError", 400};
      }
      FinishAfter(Draw(kSeenSoon, kSeenSoon * 5), exchange, std::move(error));
    };
  }

  void Arrive(world::Duration delay, ServerRequest message, Reply reply, bool on_its_way) {
    auto shared = std::make_shared<ServerRequest>(std::move(message));
    world_.timeline.After(
        delay,
        [this, shared, reply] {
          if (process_.ghost()) return;
          cluster_.Serve(
              *shared, reply ? reply : [](const Result<Answer>&) {});
        },
        &process_, on_its_way);
  }

  Process& process_;
  World& world_;
  const Party party_;
  Cluster& cluster_;
  kusto::ConnectionString connection_;
};

// ---- the lake

using azure::StoreFault;

bool Reads(std::string_view call) {
  return call == "Get" || call == "GetRange" || call == "Stat" || call == "List";
}

}  // namespace

// The side of the network that belongs to the lake: waits around each call on the caller's fiber.
class LakeWire {
 public:
  explicit LakeWire(World& world) : world_(world) {}

  StoreFault Before(std::string_view name, const std::string& object) {
    Process* process = world_.current;
    if (process == nullptr || Fiber::Current() == nullptr) return StoreFault::kNone;
    if (process->ghost()) return StoreFault::kCancelled;
    const Call call{world_.NextCall(), process, Party::kLake, name, object, !Reads(name)};
    Fault fault = process->DiesAtRecord(call) ? Fault::kKillBeforeSend
                  : world_.faults             ? world_.faults(call)
                                              : Fault::kNone;
    if (fault == Fault::kKillBeforeSend) process->Kill();
    if (fault == Fault::kPauseBeforeSend) PauseNow(*process);
    if (!process->running()) Halt(*process);
    if (process->ghost()) return StoreFault::kCancelled;
    if (world_.on_call) world_.on_call(call, fault, {});
    return Send(*process, call, fault);
  }

  // Still within the call that Before let through.
  void After() {
    Process* process = world_.current;
    if (process == nullptr || Fiber::Current() == nullptr) return;
    if (world_.on_lake_act && !process->ghost()) world_.on_lake_act(*process);
    auto found = drawn_.find(Fiber::Current());
    const Fault fault = found == drawn_.end() ? Fault::kNone : found->second;
    if (found != drawn_.end()) drawn_.erase(found);
    if (fault == Fault::kKillBeforeAnswer) process->Kill();
    if (fault == Fault::kPauseBeforeAnswer && process->running()) PauseNow(*process);
    if (fault == Fault::kKillBeforeRecord) process->KillAtNextRecord();
    process->WaitUntil(world_.timeline.now() + Transit());
  }

 private:
  world::Duration Transit() {
    return world_.random.Between(world_.network.least_transit, world_.network.store);
  }

  StoreFault Send(Process& process, const Call& call, Fault fault) {
    StoreFault outcome = StoreFault::kNone;
    switch (fault) {
      case Fault::kNotSent:
      case Fault::kThrottled:
        outcome = StoreFault::kNotSent;
        break;
      case Fault::kUnavailable:
      case Fault::kNotActed:
      case Fault::kLateAct:
        outcome = StoreFault::kLostRequest;
        break;
      case Fault::kAnswerLost:
      case Fault::kFalseError:
        outcome = StoreFault::kLostResponse;
        break;
      case Fault::kTwice:
        outcome = StoreFault::kTwice;
        break;
      default:
        break;
    }
    bool on_its_way = world_.random.Chance(kOnItsWay);
    if (fault == Fault::kKillInFlight) {
      on_its_way = world_.random.Chance(0.5);
      process.Kill();
    }
    const bool acts = outcome != StoreFault::kNotSent && outcome != StoreFault::kLostRequest;
    process.WaitUntil(world_.timeline.now() + Transit(), on_its_way && acts);
    if (process.ghost()) return StoreFault::kCancelled;
    if (acts) drawn_[Fiber::Current()] = fault;
    (void)call;
    return outcome;
  }

  World& world_;
  std::map<Fiber*, Fault> drawn_;
};

std::unique_ptr<kusto::Client> MakeClient(Process& process, Party party) {
  return std::make_unique<SimClient>(process, party);
}

std::unique_ptr<azure::ObjectStore> MakeLake(Process& process) {
  World& world = process.world();
  return azure::MakeMemoryStore(world.objects, *world.server_clock, "lake", &process);
}

void ConnectLake(World& world) {
  auto wire = std::make_shared<LakeWire>(world);
  world.objects.fault = [wire](std::string_view call, const std::string& name) {
    return wire->Before(call, name);
  };
  world.objects.acted = [wire] { wire->After(); };
}

std::string_view Name(Party party) {
  switch (party) {
    case Party::kSource:
      return "source";
    case Party::kDestination:
      return "destination";
    case Party::kLake:
      break;
  }
  return "lake";
}

std::string_view Name(Fault fault) {
  static constexpr std::string_view kNames[] = {"none",
                                                "not-sent",
                                                "not-acted",
                                                "answer-lost",
                                                "late-act",
                                                "twice",
                                                "throttled",
                                                "unavailable",
                                                "false-error",
                                                "kill-before-send",
                                                "kill-in-flight",
                                                "kill-before-answer",
                                                "kill-before-record",
                                                "pause-before-send",
                                                "pause-before-answer"};
  return kNames[static_cast<size_t>(fault)];
}

}  // namespace kc::sim
