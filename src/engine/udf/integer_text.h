// Integers as decimal text. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kc::engine::udf {

// What WriteInteger may write to. The longest text has 20 characters; eight are written at a time,
// so that some beyond the text's end are overwritten too.
inline constexpr size_t kIntegerRoom = 25;

// Returns how many characters the text has.
size_t WriteInteger(int64_t value, char* out);

}  // namespace kc::engine::udf
