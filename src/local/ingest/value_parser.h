// Text to typed values, by the rules of Kusto's ingestion. Pure; safe from any thread.
//
// Whatever does not parse as its type is null, silently. Blanks around values of types other than
// string are ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc::local {

// Decimal or 0x-hexadecimal digits with an optional sign.
std::optional<int64_t> ParseLongText(std::string_view text);
// Also "NaN", "Inf", "Infinity" with an optional sign.
std::optional<double> ParseRealText(std::string_view text);
// true, false in any case, or a whole number.
std::optional<bool> ParseBoolText(std::string_view text);
std::optional<int64_t> ParseDateTimeText(std::string_view text);
std::optional<int64_t> ParseTimeSpanText(std::string_view text);
// Canonical text: an optional '-', digits without leading zeros, and a fraction.
std::optional<std::string> ParseDecimalText(std::string_view text);

}  // namespace kc::local
