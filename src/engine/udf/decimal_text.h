// Decimals as texts, for those that need no arithmetic (decimal128.h takes g++).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kc::engine::udf {

// The canonical text of a number that decimal128.h can read; nothing for other texts.
std::optional<std::string> CanonicalDecimal(std::string_view text);

}  // namespace kc::engine::udf
