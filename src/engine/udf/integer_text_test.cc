#include "engine/udf/integer_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace kc::engine::udf {
namespace {

std::string Written(int64_t value) {
  char buffer[kIntegerRoom];
  return {buffer, WriteInteger(value, buffer)};
}

TEST(IntegerText, AllLengthsAndBothSigns) {
  uint64_t power = 1;
  for (int digits = 1; digits <= 19; ++digits, power *= 10) {
    for (const uint64_t value : {power - 1, power, power + 1, power * 9, power * 9 / 7}) {
      const auto number = static_cast<int64_t>(value);
      EXPECT_EQ(Written(number), std::to_string(number));
      EXPECT_EQ(Written(-number), std::to_string(-number));
    }
  }
  for (const int64_t value :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{0}}) {
    EXPECT_EQ(Written(value), std::to_string(value));
  }
}

TEST(IntegerText, EveryGroupOfEightDigits) {
  for (int64_t four = 0; four < 10'000; ++four) {
    EXPECT_EQ(Written(four), std::to_string(four));
    const int64_t both = (10'000 + four) * 100'000'000 + four * 10'000 + (9'999 - four);
    EXPECT_EQ(Written(both), std::to_string(both));
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = static_cast<int64_t>(random() >> (i % 64));
    ASSERT_EQ(Written(value), std::to_string(value));
  }
}

}  // namespace
}  // namespace kc::engine::udf
