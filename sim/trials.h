// Worlds in which something certain goes wrong, at moments drawn from a seed. The program must come
// out of each of them clean; a program with a bug (base/seeded_bugs.h) must not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checker.h"

namespace kc::sim {

using Trial = Report (*)(uint64_t seed);
struct NamedTrial {
  const char* name;
  Trial play;
};
const std::vector<NamedTrial>& Trials();
Trial TrialOf(const std::string& name);

}  // namespace kc::sim
