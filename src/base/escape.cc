#include "base/escape.h"

namespace kc {

void AppendQuoted(std::string& out, std::string_view text, char quote, bool escape_delete) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr unsigned char kDelete = 0x7F;
  out += quote;
  size_t plain = 0;  // start of the run that needs no escape
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool escaped =
        c < 0x20 || text[i] == quote || c == '\\' || (c == kDelete && escape_delete);
    if (!escaped) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c >= 0x20 && c != kDelete) {
          out += '\\';
          out += text[i];
        } else {
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        }
    }
  }
  out.append(text, plain, text.size() - plain);
  out += quote;
}

}  // namespace kc
