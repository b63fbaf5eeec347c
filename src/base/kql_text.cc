// How a text or a name is written in KQL: the last two functions of base/text.h.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/escape.h"
#include "base/text.h"

namespace kc {
namespace {

bool IsPlainIdentifier(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 128 && (std::isalnum(byte) || c == '_');
  });
}

}  // namespace

std::string KqlStringLiteral(std::string_view text) {
  std::string out;
  AppendQuoted(out, text, '"', true);
  return out;
}

// All names are bracketed, as the list of words that may stand bare differs between query and
// command grammars and grows with the service; only names that begin with '_' are surely no
// keyword.
std::string KqlName(std::string_view name) {
  if (IsPlainIdentifier(name) && name[0] == '_') return std::string(name);
  std::string out = "[";
  AppendQuoted(out, name, '\'', true);
  out += ']';
  return out;
}

}  // namespace kc
