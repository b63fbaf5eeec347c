// Ticks as texts without an allocation: what FormatDateTime() and FormatTimeSpan() of base/ticks.h
// give, for results of millions of rows. Pure, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kc::engine {

// The longest texts: "0001-01-01T00:00:00.0000000Z" and "-10675199.02:48:05.4775808".
inline constexpr size_t kMaxTicksText = 32;

// "2015-01-01T01:01:01.0000001Z"; `trimmed`: without zeros at the end of the fraction. `ticks` must
// be a datetime. Gives the length.
size_t WriteDateTime(int64_t ticks, bool trimmed, char* out);
size_t WriteTimeSpan(int64_t ticks, char* out);

}  // namespace kc::engine
