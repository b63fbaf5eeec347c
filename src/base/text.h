// Small text helpers. Pure, safe from any thread; ASCII only unless it says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc {

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string ToLowerAscii(std::string_view text);
std::string_view Trim(std::string_view text);
// "a,b,,c" → {"a","b","","c"}; "" → {""}.
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string ReplaceAll(std::string text, std::string_view from, std::string_view to);
// Shell-like: only '*' is special, it stands for any run of characters.
bool MatchesWildcard(std::string_view text, std::string_view pattern, bool ignore_case = false);

std::string Base64Encode(std::string_view bytes);
std::optional<std::string> Base64Decode(std::string_view text);
std::string HexEncode(std::string_view bytes);
// RFC 3986: all but unreserved characters are escaped; `keep` names further characters to leave.
std::string UrlEncode(std::string_view text, std::string_view keep = "");
std::optional<std::string> UrlDecode(std::string_view text);

bool IsValidUtf8(std::string_view text);
// Invalid sequences become U+FFFD, as Kusto does on ingestion.
std::string SanitizeUtf8(std::string text);
// Number of code points of valid UTF-8.
size_t CountCodePoints(std::string_view text);

// Decimal integer of the whole text, with an optional sign; nothing if it doesn't fit.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);
// The shortest text that reads back as the same double, "1.0" for integers; "NaN", "Infinity",
// "-Infinity".
std::string FormatDouble(double value);
// 1234567 → "1,234,567".
std::string FormatThousands(int64_t value);
// 1536 → "1.5 KiB".
std::string FormatBytes(int64_t bytes);

// 8-4-4-4-12 hexadecimal digits, any case, optionally in braces or without hyphens → lower case
// with hyphens; nothing if it isn't a GUID.
std::optional<std::string> NormalizeGuid(std::string_view text);
inline constexpr std::string_view kZeroGuid = "00000000-0000-0000-0000-000000000000";

// A KQL string literal of any text: "…" with the escapes \\ \" \n \r \t and \uXXXX for other
// controls.
std::string KqlStringLiteral(std::string_view text);
// A KQL name: bare if it is a plain identifier and no keyword, else ['…'] with escapes.
std::string KqlName(std::string_view name);

}  // namespace kc
