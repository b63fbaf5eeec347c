#include "world/random.h"

#include <sys/random.h>

#include "base/error.h"
#include "base/text.h"

namespace kc::world {
namespace {

class KernelRandom final : public Random {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    // Up to 256 bytes never return short once the pool is ready (getrandom(2)).
    ssize_t got = getrandom(&value, sizeof value, 0);
    KC_ASSERT(got == sizeof value);
    return value;
  }
};

}  // namespace

std::string Random::Guid() {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    uint64_t value = Next();
    for (int j = 0; j < 8; ++j) bytes += static_cast<char>(value >> (8 * j));
  }
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);  // RFC 4122's variant
  return *NormalizeGuid(HexEncode(bytes));
}

std::string Random::Word(int length) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string word;
  for (int i = 0; i < length; ++i) word += kLetters[Below(kLetters.size())];
  return word;
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace kc::world
