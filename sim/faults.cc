#include "faults.h"

#include <fmt/format.h>

#include "world.h"

namespace kc::sim {
namespace {
constexpr auto kPersistence = std::chrono::minutes(5);
}  // namespace

std::string_view Name(Phase phase) {
  static constexpr std::string_view kNames[] = {"not sent", "not acted", "answer lost", "answered"};
  return kNames[static_cast<size_t>(phase)];
}

std::string_view Name(Mode mode) {
  static constexpr std::string_view kNames[] = {"once", "for a while", "crash"};
  return kNames[static_cast<size_t>(mode)];
}

std::string KindOf(const Call& call) {
  if (call.party == Party::kLake) return std::string(call.name);
  // The first two words: ".show table", ".export async", "print Cursor".
  size_t end = call.text.find(' ');
  if (end != std::string_view::npos && call.text[0] == '.') end = call.text.find(' ', end + 1);
  std::string kind(call.text.substr(0, std::min<size_t>(end, 24)));
  if (kind.starts_with("table(")) kind = "rows";
  if (kind == "let") kind = "fingerprint";
  return kind;
}

bool OneFault::SameKind(const Call& call) const {
  // Every other one takes all of a service away, the others one kind of request.
  if (at_ % 2 == 0) return call.party == party_;
  return call.party == party_ && KindOf(call) == kind_;
}

Fault OneFault::First() {
  switch (phase_) {
    case Phase::kNotSent:
      return mode_ == Mode::kCrash ? Fault::kKillBeforeSend : Fault::kNotSent;
    case Phase::kNotActed:
      return mode_ == Mode::kCrash ? Fault::kKillInFlight : Fault::kNotActed;
    case Phase::kAnswerLost:
      return mode_ == Mode::kCrash ? Fault::kKillBeforeAnswer : Fault::kAnswerLost;
    case Phase::kAnswered:
      break;
  }
  if (mode_ == Mode::kCrash) return Fault::kKillBeforeRecord;
  next_record_ = true;
  return Fault::kNone;
}

Fault OneFault::operator()(const Call& call) {
  if (healed_) return Fault::kNone;
  if (!fired_) {
    if (call.number < at_) return Fault::kNone;
    fired_ = true;
    party_ = call.party;
    kind_ = KindOf(call);
    where_ = fmt::format("{} {} '{}'", Name(call.party), call.name, call.text.substr(0, 60));
    until_ = world_.timeline.now() + kPersistence;
    return First();
  }
  if (phase_ == Phase::kAnswered && mode_ != Mode::kCrash) {
    if (!next_record_ || call.name != "Append" || world_.timeline.now() > until_) {
      return Fault::kNone;
    }
    next_record_ = mode_ == Mode::kPersistent;
    return at_ % 3 == 0 ? Fault::kNotActed : at_ % 3 == 1 ? Fault::kAnswerLost : Fault::kNotSent;
  }
  if (mode_ != Mode::kPersistent || world_.timeline.now() > until_ || !SameKind(call)) {
    return Fault::kNone;
  }
  return First();
}

Rates Rates::Draw(SeededRandom& random) {
  Rates rates;
  // Some worlds are quiet but for one kind of fault, some are wild.
  const auto rate = [&random] {
    return random.Below(3) == 0 ? 0.002 + random.Unit() * random.Unit() * 0.06 : 0.0;
  };
  rates.not_sent = rate();
  rates.not_acted = rate();
  rates.answer_lost = rate();
  rates.late_act = rate();
  rates.twice = rate();
  rates.throttled = rate();
  rates.unavailable = rate();
  rates.false_error = rate();
  rates.kill = rate() / 6;
  rates.pause = rate() / 12;
  return rates;
}

std::string Rates::Text() const {
  return fmt::format(
      "not sent {:.3f}, not acted {:.3f}, answer lost {:.3f}, late {:.3f}, twice {:.3f}, throttled "
      "{:.3f}, unavailable {:.3f}, false {:.3f}, kill {:.4f}, pause {:.4f}",
      not_sent, not_acted, answer_lost, late_act, twice, throttled, unavailable, false_error, kill,
      pause);
}

Fault Draw(const Rates& rates, const Call& call, SeededRandom& random) {
  double dice = random.Unit();
  const bool command = call.mutates && call.party != Party::kLake;
  if ((dice -= rates.not_sent) < 0) return Fault::kNotSent;
  if ((dice -= rates.not_acted) < 0) return Fault::kNotActed;
  if ((dice -= rates.answer_lost) < 0) return Fault::kAnswerLost;
  if ((dice -= rates.late_act) < 0) return command ? Fault::kLateAct : Fault::kNone;
  if ((dice -= rates.twice) < 0) return call.mutates ? Fault::kTwice : Fault::kNone;
  if ((dice -= rates.throttled) < 0) return Fault::kThrottled;
  if ((dice -= rates.unavailable) < 0) return Fault::kUnavailable;
  if ((dice -= rates.false_error) < 0) {
    // What the state machine settles by looking; of others an error must mean something.
    const bool looked_at = call.text.starts_with(".move ") || call.text.starts_with(".ingest ");
    return command && looked_at ? Fault::kFalseError : Fault::kNone;
  }
  if ((dice -= rates.kill) < 0) {
    static constexpr Fault kKills[] = {Fault::kKillBeforeSend, Fault::kKillInFlight,
                                       Fault::kKillBeforeAnswer, Fault::kKillBeforeRecord};
    return kKills[random.Below(4)];
  }
  if ((dice -= rates.pause) < 0) {
    return random.Below(2) == 0 ? Fault::kPauseBeforeSend : Fault::kPauseBeforeAnswer;
  }
  return Fault::kNone;
}

}  // namespace kc::sim
