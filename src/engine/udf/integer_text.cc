#include "engine/udf/integer_text.h"

#include <bit>
#include <cstring>

namespace kc::engine::udf {
namespace {

constexpr uint64_t kEightDigits = 100'000'000;
static_assert(std::endian::native == std::endian::little, "digits are written as whole words");

// The eight digits of a value below 10^8, each in a byte, the first in the lowest: all of them at
// once, by dividing pairs of halves that lie side by side in one word.
uint64_t EightBytes(uint64_t value) {
  const uint64_t fours = value / 10'000 | value % 10'000 << 32;
  const uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000007F'0000007F;
  const uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
  const uint64_t tens = (twos * 103 >> 10) & 0x000F'000F'000F'000F;
  return tens | (twos - tens * 10) << 8;
}

char* PutEight(uint64_t value, char* out) {
  const uint64_t text = EightBytes(value) | 0x30303030'30303030;
  std::memcpy(out, &text, sizeof(text));
  return out + sizeof(text);
}

// Without zeros in front; at least one digit.
char* PutFirst(uint64_t value, char* out) {
  const uint64_t digits = EightBytes(value);
  const int zeros = digits == 0 ? 7 : std::countr_zero(digits) / 8;
  const uint64_t text = (digits | 0x30303030'30303030) >> zeros * 8;
  std::memcpy(out, &text, sizeof(text));
  return out + (8 - zeros);
}

}  // namespace

size_t WriteInteger(int64_t value, char* out) {
  char* const start = out;
  auto left = static_cast<uint64_t>(value);
  if (value < 0) {
    *out++ = '-';
    left = 0 - left;
  }
  if (left < kEightDigits) return static_cast<size_t>(PutFirst(left, out) - start);
  const uint64_t low = left % kEightDigits;
  left /= kEightDigits;
  if (left < kEightDigits) {
    out = PutFirst(left, out);
  } else {
    out = PutFirst(left / kEightDigits, out);
    out = PutEight(left % kEightDigits, out);
  }
  return static_cast<size_t>(PutEight(low, out) - start);
}

}  // namespace kc::engine::udf
