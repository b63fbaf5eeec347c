#include <utility>

#include "base/text.h"
#include "local/commands/command.h"
#include "local/commands/pattern.h"
#include "local/commands/scanner.h"

namespace kc::local {
namespace {

// How much of the text an error message shows from the place where it went wrong.
constexpr size_t kShownText = 60;

std::string Shown(std::string_view text, size_t position) {
  std::string_view rest = Trim(text.substr(std::min(position, text.size())));
  if (rest.empty()) return "the end of the text";
  std::string shown(rest.substr(0, kShownText));
  if (rest.size() > kShownText) shown += "…";
  return "'" + SanitizeUtf8(std::move(shown)) + "'";
}

template <typename T>
const T& Nothing() {
  static const T* nothing = new T();
  return *nothing;
}

}  // namespace

bool Command::Has(std::string_view capture) const {
  return captures_.find(capture) != captures_.end();
}
const std::string& Command::Text(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::string>() : found->second.text;
}
const std::string& Command::Database(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::string>() : found->second.database;
}
const std::vector<std::string>& Command::List(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::vector<std::string>>() : found->second.list;
}
const std::vector<std::string>& Command::Databases(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::vector<std::string>>() : found->second.databases;
}
const std::vector<ColumnSchema>& Command::Columns(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::vector<ColumnSchema>>() : found->second.columns;
}
const std::vector<std::vector<ColumnSchema>>& Command::Groups(std::string_view capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? Nothing<std::vector<std::vector<ColumnSchema>>>()
                                  : found->second.groups;
}
int64_t Command::Integer(std::string_view capture) const {
  return ParseInt64(Text(capture)).value_or(0);
}

const CommandProperty* Command::FindProperty(std::string_view name) const {
  for (const CommandProperty& property : properties_) {
    if (EqualsIgnoreCase(property.name, name)) return &property;
  }
  return nullptr;
}

std::string Command::Property(std::string_view name, std::string_view otherwise) const {
  const CommandProperty* property = FindProperty(name);
  return property != nullptr ? property->value : std::string(otherwise);
}

Result<bool> Command::BoolProperty(std::string_view name, bool otherwise) const {
  const CommandProperty* property = FindProperty(name);
  if (property == nullptr) return otherwise;
  if (EqualsIgnoreCase(property->value, "true") || property->value == "1") return true;
  if (EqualsIgnoreCase(property->value, "false") || property->value == "0") return false;
  return Stop(
      "Property '" + property->name + "' must be true or false, not '" + property->value + "'",
      "BadRequest_MalformedIngestionProperty");
}

Status Command::RefuseOtherProperties(const std::vector<std::string_view>& known) const {
  for (const CommandProperty& property : properties_) {
    bool found = false;
    for (const std::string_view name : known) found |= EqualsIgnoreCase(property.name, name);
    if (!found) {
      return Stop("The command does not support the property '" + property.name + "'",
                  "General_BadRequest");
    }
  }
  return {};
}

struct CommandRegistry::Impl {
  struct Item {
    CommandEntry entry;
    Pattern pattern;
  };
  std::vector<std::unique_ptr<Item>> items;
};

CommandRegistry::CommandRegistry() : impl_(std::make_unique<Impl>()) {}
CommandRegistry::~CommandRegistry() = default;

void CommandRegistry::Add(CommandEntry entry) {
  KC_ASSERT(entry.handler != nullptr);
  Pattern pattern = CompilePattern(entry.pattern);
  KC_ASSERT(pattern.size() > 1 && pattern[0].text == ".");
  impl_->items.push_back(
      std::make_unique<Impl::Item>(Impl::Item{std::move(entry), std::move(pattern)}));
}

Result<FoundCommand> CommandRegistry::Find(std::string_view text) const {
  MatchProgress progress;
  FoundCommand found;
  for (const auto& item : impl_->items) {
    Command command;
    if (!MatchPattern(item->pattern, text, command, progress)) continue;
    command.kind = item->entry.kind;
    command.text = std::string(text);
    found.command = std::move(command);
    found.entry = &item->entry;
    return found;
  }
  // Nothing even began like this: the verb is unknown.
  Scanner verb(text);
  verb.Mark(".");
  if (progress.position <= verb.position()) {
    return Stop("Syntax error: the command " + Shown(text, 0) + " is not known or not supported",
                "BadRequest_CommandNotSupported");
  }
  return Stop("Syntax error: the command is not known or not supported: expected " +
                  progress.expected + " before " + Shown(text, progress.position) + " (position " +
                  std::to_string(progress.position) + ")",
              "BadRequest_SyntaxError");
}

SplitCommand SplitPipedCommand(std::string_view text) {
  Scanner scanner(text);
  while (!scanner.AtEnd()) {
    if (scanner.Mark("<|")) break;
    if (scanner.String() || scanner.Balanced('(', ')') || scanner.Balanced('{', '}') ||
        scanner.Balanced('[', ']')) {
      continue;
    }
    if (scanner.Word(true)) continue;
    const size_t here = scanner.position();
    if (text[here] == '|') return {Trim(text.substr(0, here)), Trim(text.substr(here + 1))};
    scanner.set_position(here + 1);
  }
  return {Trim(text), {}};
}

bool IsCommandText(std::string_view text) {
  return Scanner(text).Mark(".");
}

CommandResult OneTable(std::vector<ColumnSchema> columns, std::vector<std::vector<Value>> rows) {
  ValueTable table;
  table.name = "Table_0";
  table.columns = std::move(columns);
  table.rows = std::move(rows);
  CommandResult result;
  result.tables.push_back(std::move(table));
  return result;
}

}  // namespace kc::local
