#include "process.h"

#include "clients.h"
#include "world.h"

namespace kc::sim {
namespace {

// Handing work to another thread.
constexpr auto kLeastStart = std::chrono::microseconds(10);
constexpr auto kMostStart = std::chrono::microseconds(200);
// An unwound process ends within so many steps, or hangs.
constexpr int kMostSteps = 1'000'000;

world::internal::Detached StartCopy(copy::Environment& environment, copy::SlotPools& slots,
                                    std::function<void(std::vector<copy::DatabaseOutcome>)> ended) {
  auto task = copy::RunCopy(environment, slots);
  auto outcomes = co_await task;
  ended(std::move(outcomes));
}

}  // namespace

Process::Process(World& world, ProcessOptions options)
    : world_(world),
      options_(std::move(options)),
      random_(options_.seed * 7919 + world.seed),
      began_(world.timeline.now()),
      slots_(options_.query_slots, options_.export_slots, options_.ingestion_slots) {
  lake_ = MakeLake(*this);
  source_ = MakeClient(*this, Party::kSource);
  destination_ = MakeClient(*this, Party::kDestination);
  if (options_.wrap_lake) lake_ = options_.wrap_lake(std::move(lake_));
  if (options_.wrap_source) source_ = options_.wrap_source(std::move(source_));
  if (options_.wrap_destination) destination_ = options_.wrap_destination(std::move(destination_));
  environment_.emplace(copy::Environment{*this, *this, random_, *source_, *destination_, *lake_,
                                         cancel_, *this, options_.copy});
  Schedule(
      world_.timeline.now(),
      [this] {
        StartCopy(*environment_, slots_, [this](std::vector<copy::DatabaseOutcome> outcomes) {
          // A dead process has no outcome.
          ended_at_ = world_.timeline.now();
          if (!ghost_) life_ = Life::kEnded;
          outcomes_ = std::move(outcomes);
        });
      },
      false);
}

Process::~Process() {
  if (!outcomes_) Unwind();
}

// ---- its life

void Process::Kill() {
  if (life_ == Life::kKilled || life_ == Life::kEnded) return;
  life_ = Life::kKilled;
  ended_at_ = world_.timeline.now();
}

void Process::Pause() {
  KC_ASSERT(life_ == Life::kRunning);
  life_ = Life::kPaused;
}

void Process::Continue() {
  KC_ASSERT(life_ == Life::kPaused);
  life_ = Life::kRunning;
  for (auto& event : held_) {
    world_.timeline.At(
        world_.timeline.now(),
        [event] {
          if (event->cancelled) return;
          event->cancelled = true;
          event->run();
        },
        this, event->in_flight);
  }
  held_.clear();
}

bool Process::Admit(const Timeline::Handle& event) {
  if (life_ == Life::kRunning || life_ == Life::kEnded || event->in_flight) return true;
  held_.push_back(event);
  return false;
}

bool Process::DiesAtRecord(const Call& call) {
  if (!kill_at_record_ || call.name != "Append") return false;
  Kill();
  return true;
}

// Lets the code of a dead process end: every request it makes is refused without being sent, so
// that its memory is given back.
void Process::Unwind() {
  life_ = Life::kKilled;
  ghost_ = true;
  std::vector<Timeline::Handle> events = std::move(held_);
  for (auto& event : world_.timeline.Extract(this)) events.push_back(std::move(event));
  held_.clear();
  cancel_.Cancel();
  int steps = 0;
  while (!events.empty() || !held_.empty()) {
    for (auto& event : held_) events.push_back(std::move(event));
    held_.clear();
    std::vector<Timeline::Handle> now;
    now.swap(events);
    for (auto& event : now) {
      KC_ASSERT(++steps < kMostSteps);
      if (event->cancelled) continue;
      event->cancelled = true;
      event->run();
    }
  }
  KC_ASSERT(outcomes_.has_value());
}

// ---- fibers

Timeline::Handle Process::Schedule(world::Duration when, std::function<void()> run,
                                   bool in_flight) {
  if (ghost_) {  // in the order asked for; nothing waits
    auto event = std::make_shared<Timeline::Event>();
    event->run = std::move(run);
    held_.push_back(event);
    return event;
  }
  return world_.timeline.At(when, std::move(run), this, in_flight);
}

void Process::Step(Fiber* fiber) {
  Process* const before = world_.current;
  world_.current = this;
  const bool ended = fiber->Resume();
  world_.current = before;
  if (!ended) return;
  auto found = fibers_.find(fiber);
  Completion done = std::move(found->second);
  fibers_.erase(found);
  if (life_ == Life::kRunning || ghost_) {
    done();
  } else {
    Schedule(world_.timeline.now(), std::move(done), false);
  }
}

void Process::WaitUntil(world::Duration when, bool in_flight) {
  Fiber* const fiber = Fiber::Current();
  Schedule(
      when, [this, fiber] { Step(fiber); }, in_flight);
  Fiber::Suspend();
}

void Process::Wake(Fiber* fiber) {
  Schedule(
      world_.timeline.now(), [this, fiber] { Step(fiber); }, false);
}

// ---- world::Executor

void Process::Submit(std::string name, std::function<void()> work, Completion done) {
  (void)name;
  auto job = std::make_shared<Job>(Job{std::move(work), std::move(done)});
  const auto start = world_.timeline.now() + random_.Between(kLeastStart, kMostStart);
  Schedule(
      start,
      [this, job] {
        Fiber* const fiber = Fiber::Start(std::move(job->work));
        fibers_[fiber] = std::move(job->done);
        Step(fiber);
      },
      false);
}

uint64_t Process::After(world::Duration delay, Completion done) {
  const uint64_t id = ++next_timer_;
  const auto real =
      std::chrono::duration_cast<world::Duration>(std::chrono::duration<double, std::nano>(
          static_cast<double>(delay.count()) / options_.clock_rate));
  const auto fire = [this, id] {
    auto found = timers_.find(id);
    if (found == timers_.end()) return;
    Completion now = std::move(found->second.second);
    timers_.erase(found);
    now();
  };
  auto& entry = timers_[id];
  entry.second = std::move(done);
  entry.first = Schedule(world_.timeline.now() + real, fire, false);
  return id;
}

void Process::Hurry(uint64_t timer) {
  auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  auto run = found->second.first->run;
  found->second.first->cancelled = true;
  found->second.first = Schedule(world_.timeline.now(), std::move(run), false);
}

void Process::Post(Completion done) {
  Schedule(world_.timeline.now(), std::move(done), false);
}

bool Process::RunOne() {
  return world_.timeline.RunOne();
}

// ---- world::Clock

int64_t Process::NowTicks() const {
  return world_.timeline.NowTicks() + (options_.wall_offset + wall_step_).count() / 100;
}

world::Duration Process::Monotonic() const {
  const auto now = world_.timeline.now();
  if (options_.clock_rate == 1.0) return now;
  return world::Duration(
      static_cast<int64_t>(static_cast<double>(now.count()) * options_.clock_rate));
}

bool Process::Sleep(world::Duration duration, world::CancelToken* cancel) {
  if (ghost_ || (cancel != nullptr && cancel->cancelled())) return false;
  const auto real =
      std::chrono::duration_cast<world::Duration>(std::chrono::duration<double, std::nano>(
          static_cast<double>(duration.count()) / options_.clock_rate));
  WaitUntil(world_.timeline.now() + real);
  return !ghost_ && (cancel == nullptr || !cancel->cancelled());
}

// ---- copy::Observer

void Process::OnNotice(const copy::Notice& notice) {
  notices_.push_back(notice.table.empty() ? notice.text : notice.table + ": " + notice.text);
}

void Process::OnSession(copy::Session* session, bool begins) {
  if (begins && session_ == nullptr) {
    session_ = session;
  } else if (!begins && session_ == session) {
    session_ = nullptr;
  }
}

}  // namespace kc::sim
