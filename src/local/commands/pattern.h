// The notation of command patterns (command.h), compiled, and matched against a text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "local/commands/command.h"
#include "local/commands/scanner.h"

namespace kc::local {

struct PatternNode {
  enum class Kind { kKeyword, kMark, kCapture, kOptional, kChoice };
  Kind kind = Kind::kKeyword;
  std::string text;                // the keyword or mark; the name of a capture or choice
  std::string type;                // of a capture
  std::vector<PatternNode> inner;  // of an optional part
  std::vector<std::vector<std::string>> alternatives;  // of a choice: phrases of keywords
};
using Pattern = std::vector<PatternNode>;

// Aborts on a malformed pattern: patterns are constants of the program.
Pattern CompilePattern(std::string_view notation);

// How far the best attempt came, for the error message.
struct MatchProgress {
  size_t position = 0;
  std::string expected;
  void Note(size_t at, std::string what);
};

// Fills `command` (captures and properties) when the pattern matches the whole text.
bool MatchPattern(const Pattern& pattern, std::string_view text, Command& command,
                  MatchProgress& progress);

// Reads one capture; false when it isn't there. Exposed for the parser's tests.
bool ReadCapture(const PatternNode& node, Scanner& scanner, Command& command,
                 MatchProgress& progress);

}  // namespace kc::local
