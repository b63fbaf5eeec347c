#include "engine/udf/utf8.h"

#include <locale.h>
#include <wctype.h>

#include <memory>
#include <vector>

namespace kc::engine::udf {
namespace {

// One entry per code point of the basic plane, made once from the C library's Unicode tables.
struct Tables {
  std::vector<char16_t> fold;
  std::vector<bool> alphanumeric;

  Tables() : fold(0x10000), alphanumeric(0x10000) {
    const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    for (uint32_t c = 0; c < 0x10000; ++c) {
      if (locale != nullptr) {
        fold[c] = static_cast<char16_t>(towlower_l(c, locale));
        alphanumeric[c] = iswalnum_l(c, locale) != 0;
      } else {
        fold[c] = static_cast<char16_t>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        alphanumeric[c] =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
      }
    }
    if (locale != nullptr) freelocale(locale);
  }
};

const Tables& GetTables() {
  static const Tables kTables;
  return kTables;
}

}  // namespace

void EncodeUtf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
    return;
  }
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | (c >> shift & 0x3F)));
  };
  if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    tail(6);
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    tail(12);
    tail(6);
  }
  tail(0);
}

char32_t FoldCase(char32_t c) {
  if (c >= 0x10000) return c;
  return GetTables().fold[c];
}

bool IsAlphanumeric(char32_t c) {
  // Beyond the basic plane: letters of historic scripts, ideographs and mathematical alphabets
  // below the emoji.
  if (c >= 0x10000) return c < 0x1F000 || c >= 0x20000;
  return GetTables().alphanumeric[c];
}

void AppendFolded(std::string& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeUtf8(text, at);
    EncodeUtf8(out, FoldCase(point.value));
    at += point.length;
  }
}

}  // namespace kc::engine::udf
