// The virtual network between a process and the three services. Every request is a call with a
// number; a hook decides what happens to it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kc::sim {

class Process;

enum class Party { kSource, kDestination, kLake };
std::string_view Name(Party party);

struct Call {
  int number = 0;  // of all calls of a world, from 0
  Process* process = nullptr;
  Party party = Party::kLake;
  // "Query", "Show", "Command"; of the lake the members of ObjectStore ("Append", "Put" …).
  std::string_view name;
  // The request's text; of the lake the object's name.
  std::string_view text;
  bool mutates = false;
};

// What happens to one call.
enum class Fault {
  kNone,
  kNotSent,      // refused at once: surely nothing happened
  kNotActed,     // sent, the server never acts, no answer
  kAnswerLost,   // the server acts, no answer
  kLateAct,      // no answer, and the server acts later (Network::late): a command only
  kTwice,        // delivered twice: the server acts twice, the first answer comes
  kThrottled,    // 429
  kUnavailable,  // 503 without acting
  kFalseError,   // the server acts and answers with an error that says the opposite
  kKillBeforeSend,
  kKillInFlight,       // killed after sending; whether the server gets it is drawn
  kKillBeforeAnswer,   // killed when the server has acted
  kKillBeforeRecord,   // answered; killed when it is about to write its next record
  kPauseBeforeSend,    // stopped before sending: World::on_pause
  kPauseBeforeAnswer,  // stopped when the server has acted
};
std::string_view Name(Fault fault);

// Asked for every call before it is sent, also for repeated ones.
using FaultHook = std::function<Fault(const Call&)>;

}  // namespace kc::sim
