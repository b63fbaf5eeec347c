#include "local/commands/pattern.h"

#include <cctype>
#include <utility>

#include "base/text.h"

namespace kc::local {
namespace {

// Keywords may hold inner hyphens: create-merge.
bool IsKeywordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

std::vector<std::string> Words(std::string_view phrase) {
  std::vector<std::string> words;
  for (std::string& word : Split(phrase, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

PatternNode CompileChoice(std::string_view content) {
  PatternNode node;
  node.kind = PatternNode::Kind::kChoice;
  const size_t equals = content.find('=');
  if (equals != std::string_view::npos) {
    node.text = std::string(Trim(content.substr(0, equals)));
    content.remove_prefix(equals + 1);
  }
  for (const std::string& phrase : Split(content, '|')) {
    node.alternatives.push_back(Words(phrase));
    KC_ASSERT(!node.alternatives.back().empty());
  }
  return node;
}

PatternNode CompileCapture(std::string_view content) {
  const size_t colon = content.find(':');
  KC_ASSERT(colon != std::string_view::npos);
  PatternNode node;
  node.kind = PatternNode::Kind::kCapture;
  node.text = std::string(content.substr(0, colon));
  node.type = std::string(content.substr(colon + 1));
  return node;
}

size_t MatchingBracket(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '[') {
      ++depth;
    } else if (text[i] == ']' && --depth == 0) {
      return i;
    }
  }
  KC_ASSERT(!"unbalanced [ in a command pattern");
  return text.size();
}

PatternNode CompileMark(std::string_view text, size_t& i) {
  PatternNode node;
  node.kind = PatternNode::Kind::kMark;
  if (text[i] == '\\') ++i;
  node.text = text.substr(i, 2) == "<|" ? "<|" : std::string(1, text[i]);
  i += node.text.size();
  return node;
}

PatternNode CompileNode(std::string_view text, size_t& i) {
  if (text[i] == '[') {
    const size_t end = MatchingBracket(text, i);
    PatternNode node;
    node.kind = PatternNode::Kind::kOptional;
    node.inner = CompilePattern(text.substr(i + 1, end - i - 1));
    if (node.inner.size() == 1 && node.inner[0].kind == PatternNode::Kind::kKeyword) {
      node.text = node.inner[0].text;  // Has("async")
    }
    i = end + 1;
    return node;
  }
  if (text[i] == '{' || (text[i] == '<' && text.substr(i, 2) != "<|")) {
    const size_t end = text.find(text[i] == '{' ? '}' : '>', i);
    KC_ASSERT(end != std::string_view::npos);
    const std::string_view content = text.substr(i + 1, end - i - 1);
    PatternNode node = text[i] == '{' ? CompileChoice(content) : CompileCapture(content);
    i = end + 1;
    return node;
  }
  if (!IsKeywordCharacter(text[i])) return CompileMark(text, i);
  const size_t start = i;
  while (i < text.size() && IsKeywordCharacter(text[i])) ++i;
  PatternNode node;
  node.text = std::string(text.substr(start, i - start));
  return node;
}

using Next = std::function<bool(const Scanner&, const Command&)>;

class Matcher {
 public:
  explicit Matcher(MatchProgress& progress) : progress_(progress) {}

  bool Match(const Pattern& pattern, size_t i, const Scanner& scanner, const Command& command,
             const Next& next) {
    if (i == pattern.size()) return next(scanner, command);
    const PatternNode& node = pattern[i];
    if (node.kind == PatternNode::Kind::kOptional) {
      return MatchOptional(pattern, i, scanner, command, next);
    }
    if (node.kind == PatternNode::Kind::kChoice) {
      return MatchChoice(pattern, i, scanner, command, next);
    }
    Scanner after = scanner;
    if (node.kind == PatternNode::Kind::kCapture) {
      Command captured = command;
      if (!ReadCapture(node, after, captured, progress_)) return false;
      return Match(pattern, i + 1, after, captured, next);
    }
    const bool found =
        node.kind == PatternNode::Kind::kKeyword ? after.Keyword(node.text) : after.Mark(node.text);
    if (!found) {
      progress_.Note(scanner.position(), "'" + node.text + "'");
      return false;
    }
    return Match(pattern, i + 1, after, command, next);
  }

 private:
  bool MatchOptional(const Pattern& pattern, size_t i, const Scanner& scanner,
                     const Command& command, const Next& next) {
    const PatternNode& node = pattern[i];
    const Next rest = [&](const Scanner& after, const Command& found) {
      if (node.text.empty()) return Match(pattern, i + 1, after, found, next);
      Command marked = found;
      marked.captures_[node.text].text = node.text;
      return Match(pattern, i + 1, after, marked, next);
    };
    if (Match(node.inner, 0, scanner, command, rest)) return true;
    return Match(pattern, i + 1, scanner, command, next);
  }

  bool MatchChoice(const Pattern& pattern, size_t i, const Scanner& scanner, const Command& command,
                   const Next& next) {
    const PatternNode& node = pattern[i];
    for (const std::vector<std::string>& phrase : node.alternatives) {
      Scanner after = scanner;
      bool found = true;
      for (const std::string& word : phrase) found = found && after.Keyword(word);
      if (!found) {
        progress_.Note(scanner.position(), "'" + phrase[0] + "'");
        continue;
      }
      Command captured = command;
      if (!node.text.empty()) captured.captures_[node.text].text = Join(phrase, " ");
      if (Match(pattern, i + 1, after, captured, next)) return true;
    }
    return false;
  }

  MatchProgress& progress_;
};

}  // namespace

Pattern CompilePattern(std::string_view notation) {
  Pattern pattern;
  size_t i = 0;
  while (i < notation.size()) {
    if (notation[i] == ' ') {
      ++i;
    } else {
      pattern.push_back(CompileNode(notation, i));
    }
  }
  return pattern;
}

void MatchProgress::Note(size_t at, std::string what) {
  if (at < position) return;
  if (at > position) {
    position = at;
    expected.clear();
  }
  if (expected.find(what) != std::string::npos) return;
  // A handful of alternatives helps, all of them do not.
  static constexpr size_t kMaxExpectedText = 200;
  if (expected.size() > kMaxExpectedText) return;
  if (!expected.empty()) expected += ", ";
  expected += what;
}

bool MatchPattern(const Pattern& pattern, std::string_view text, Command& command,
                  MatchProgress& progress) {
  Matcher matcher(progress);
  bool matched = false;
  matcher.Match(pattern, 0, Scanner(text), command,
                [&](const Scanner& after, const Command& found) {
                  Scanner end = after;
                  end.Mark(";");  // a closing semicolon is tolerated, as the real service does
                  if (!end.AtEnd()) {
                    progress.Note(after.position(), "the end of the command");
                    return false;
                  }
                  command.captures_ = found.captures_;
                  command.properties_ = found.properties_;
                  matched = true;
                  return true;
                });
  return matched;
}

}  // namespace kc::local
