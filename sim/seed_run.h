// One seed of the random simulation: a world drawn from it, faults until it heals, and the
// judgement.
#pragma once

#include <cstdint>
#include <string>

#include "timeline.h"

namespace kc::sim {

struct SeedOutcome {
  std::string wrong;  // "" if all is well
  int calls = 0, faults = 0, starts = 0, kills = 0, pauses = 0, takeovers = 0;
  int64_t rows = 0, blocks = 0;
  world::Duration free{};    // virtual time of the same world without faults
  world::Duration healed{};  // from healing to the end of a complete copy
};

// `log`: prints every call, effect and process of the faulty run to standard output.
SeedOutcome RunSeed(uint64_t seed, bool log = false);

// A copy must be complete within so many times the time that the same world takes without faults,
// from the moment when nothing bad happens any more and somebody runs it again. Besides that it
// gets what is left of a dead owner's lease then, with the time of taking over, and one operation
// of each kind: the worlds are small, some are copied within seconds.
inline constexpr int kHealFactor = 3;
inline constexpr auto kTakeOver = std::chrono::seconds(5);

}  // namespace kc::sim
