// How JSON and KQL write a text between quotes. For base/ alone: others take AppendJsonString
// (json.h), KqlStringLiteral and KqlName (text.h).
#pragma once

#include <string>
#include <string_view>

namespace kc {

// Appends `text` between two `quote`s: the quote, backslashes and control characters escaped, and
// with `escape_delete` U+007F, too. Other bytes stay as they are, valid UTF-8 or not.
void AppendQuoted(std::string& out, std::string_view text, char quote, bool escape_delete);

}  // namespace kc
