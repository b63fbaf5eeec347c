// The lexer's literals with an inner life: strings and timespans. Internal to src/kql; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::kql {

struct StringLiteral {
  std::string value;  // decoded
  size_t end = 0;     // the offset after the closing quote
};
// The literal whose opening quote (or the '@' before it) is at `i`.
Result<StringLiteral> ReadStringLiteral(std::string_view text, size_t i);

// Ticks of ("1.5", "h"), fractions of a tick cut; nothing if there is no such suffix or it is too
// much.
std::optional<int64_t> TimeSpanLiteral(std::string_view digits, std::string_view suffix);

}  // namespace kc::kql
