// How a text or a name is written in KQL: the last two functions of base/text.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace kc {
namespace {

// Escapes what may not stand in a literal between two `quote`s.
std::string Escape(std::string_view text, char quote) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
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
        if (c == quote) {
          out += '\\';
          out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

bool IsPlainIdentifier(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 128 && (std::isalnum(byte) || c == '_');
  });
}

}  // namespace

std::string KqlStringLiteral(std::string_view text) {
  return "\"" + Escape(text, '"') + "\"";
}

// All names are bracketed, as the list of words that may stand bare differs between query and
// command grammars and grows with the service; only names that begin with '_' are surely no
// keyword.
std::string KqlName(std::string_view name) {
  if (IsPlainIdentifier(name) && name[0] == '_') return std::string(name);
  return "['" + Escape(name, '\'') + "']";
}

}  // namespace kc
