// Faults in plans: one at a given call, in one of the four phases of a request, once, for a while
// or as the process's death; and faults at random.
#pragma once

#include <string>

#include "timeline.h"
#include "wire.h"

namespace kc::sim {

enum class Phase {
  kNotSent,     // surely nothing happened
  kNotActed,    // sent, the other side did not act
  kAnswerLost,  // the other side acted, the answer is lost
  kAnswered,    // answered; what comes next to the checkpoint fails
};
enum class Mode {
  kTransient,   // this call
  kPersistent,  // all of its kind for five minutes
  kCrash,       // the process dies
};
std::string_view Name(Phase phase);
std::string_view Name(Mode mode);

class World;

// A fault at the call with the number `at`. Kept by a world's hook; one world's only.
class OneFault {
 public:
  OneFault(const World& world, int at, Phase phase, Mode mode)
      : world_(world), at_(at), phase_(phase), mode_(mode) {}
  Fault operator()(const Call& call);
  bool fired() const { return fired_; }
  // What it hit, for messages.
  const std::string& where() const { return where_; }
  void Heal() { healed_ = true; }

 private:
  Fault First();
  bool SameKind(const Call& call) const;

  const World& world_;
  const int at_;
  const Phase phase_;
  const Mode mode_;
  bool fired_ = false;
  bool healed_ = false;
  bool next_record_ = false;  // the next append gets it
  std::string where_, kind_;
  Party party_ = Party::kLake;
  world::Duration until_{};
};

// Chances per call.
struct Rates {
  double not_sent = 0, not_acted = 0, answer_lost = 0, late_act = 0, twice = 0;
  double throttled = 0, unavailable = 0, false_error = 0;
  double kill = 0, pause = 0;

  static Rates Draw(SeededRandom& random);
  std::string Text() const;
};
// Draws a fault for the call: only such as can happen to it.
Fault Draw(const Rates& rates, const Call& call, SeededRandom& random);

// "export", "ingest", "move", "Append" …: what a call is for.
std::string KindOf(const Call& call);

}  // namespace kc::sim
