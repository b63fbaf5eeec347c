// Randomness. SystemRandom() is cryptographically strong; the simulation gives a seeded one. Safe
// from any thread.
#pragma once

#include <cstdint>
#include <string>

namespace kc::world {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
  // 0 … bound-1; bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // 0 ≤ x < 1
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // A version-4 GUID, lower case with hyphens.
  std::string Guid();
  // `length` characters of [0-9a-z].
  std::string Word(int length);
};

Random& SystemRandom();

}  // namespace kc::world
