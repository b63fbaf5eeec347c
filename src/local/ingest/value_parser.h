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

// Kusto's limit of one value, and what the encoding policies BigObject and BigObject32 raise it to:
// longer strings are cut, larger dynamics become null.
inline constexpr size_t kMaxValueBytes = size_t{1} << 20;
inline constexpr size_t kMaxBigValueBytes = size_t{32} << 20;

// Decimal or 0x-hexadecimal digits with an optional sign.
std::optional<int64_t> ParseLongText(std::string_view text);
std::optional<int32_t> ParseIntText(std::string_view text);
// Also "NaN", "Inf", "Infinity" with an optional sign.
std::optional<double> ParseRealText(std::string_view text);
// true, false in any case, or a whole number.
std::optional<bool> ParseBoolText(std::string_view text);
std::optional<int64_t> ParseDateTimeText(std::string_view text);
std::optional<int64_t> ParseTimeSpanText(std::string_view text);
// Canonical text: an optional '-', digits without leading zeros, and a fraction.
std::optional<std::string> ParseDecimalText(std::string_view text);

// The text as ingestion keeps it in a string column: valid UTF-8 of at most `limit` bytes, cut
// between code points. `scratch` holds the result when it isn't a piece of `text`.
std::string_view StringCell(std::string_view text, size_t limit, std::string& scratch);

// A dynamic from text: JSON without blanks if the text is JSON, else the text as a JSON string.
// Nothing (null) for "", "null", and what is larger than `limit`.
std::optional<std::string_view> DynamicCell(std::string_view text, size_t limit,
                                            std::string& scratch);

}  // namespace kc::local
