#include "local/commands/script_text.h"

#include "base/text.h"
#include "local/commands/scanner.h"

namespace kc::local {
namespace {

// Does only blank stand between the beginning of the line and the position?
bool AtLineStart(std::string_view text, size_t position) {
  while (position > 0) {
    const char c = text[position - 1];
    if (c == '\n') return true;
    if (c != ' ' && c != '\t' && c != '\r' && c != ';') return false;
    --position;
  }
  return true;
}

}  // namespace

std::vector<std::string> SplitScript(std::string_view script) {
  std::vector<std::string> commands;
  size_t begin = 0;
  const auto take = [&](size_t end) {
    std::string_view text = Trim(script.substr(begin, end - begin));
    while (text.ends_with(';')) text = Trim(text.substr(0, text.size() - 1));
    if (!Scanner(text).AtEnd()) commands.emplace_back(text);
    begin = end;
  };
  Scanner scanner(script);
  while (!scanner.AtEnd()) {
    const size_t here = scanner.position();
    if (script[here] == '.' && AtLineStart(script, here)) take(here);
    if (scanner.String() || scanner.Balanced('(', ')') || scanner.Balanced('{', '}') ||
        scanner.Balanced('[', ']') || scanner.Word(true)) {
      continue;
    }
    scanner.set_position(here + 1);
  }
  take(script.size());
  return commands;
}

}  // namespace kc::local
