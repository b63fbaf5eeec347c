// Code points of valid UTF-8 texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kc::engine::udf {

inline bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// Bytes of the code point that starts with this byte.
inline size_t Utf8Length(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

// The code point at `at` and how many bytes it has; never past the end.
struct CodePoint {
  char32_t value;
  size_t length;
};
inline CodePoint DecodeUtf8(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  size_t length = Utf8Length(text[at]);
  if (at + length > text.size()) length = text.size() - at;
  if (length == 1) return {lead, 1};
  char32_t value = lead & (length == 2 ? 0x1Fu : length == 3 ? 0x0Fu : 0x07u);
  for (size_t i = 1; i < length; ++i) {
    value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  }
  return {value, length};
}

// The byte where the n-th code point starts (the size if there are not so many).
inline size_t Utf8Offset(std::string_view text, size_t n) {
  size_t at = 0;
  while (n > 0 && at < text.size()) {
    at += Utf8Length(text[at]);
    --n;
  }
  return at < text.size() ? at : text.size();
}

// Simple case folding, as good as towlower of the C.UTF-8 tables: enough for comparisons.
char32_t FoldCase(char32_t c);
bool IsAlphanumeric(char32_t c);
// Lower case for comparisons; appends to `out`.
void AppendFolded(std::string& out, std::string_view text);

}  // namespace kc::engine::udf
