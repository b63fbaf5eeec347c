#include "engine/udf/utf8.h"

#include <locale.h>
#include <wctype.h>

#include <memory>
#include <vector>

#include "base/utf8.h"

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
    AppendUtf8(out, FoldCase(point.value));
    at += point.length;
  }
}

}  // namespace kc::engine::udf
