// The readers of the capture types.
#include <cctype>
#include <unordered_map>

#include "base/text.h"
#include "base/ticks.h"
#include "local/commands/pattern.h"

namespace kc::local {
namespace {

struct Reading {
  Scanner& scanner;
  Captured& captured;
  MatchProgress& progress;
  Command& command;
};

bool ReadName(Reading r) {
  auto name = r.scanner.Name();
  if (!name) return false;
  r.captured.text = std::move(*name);
  return true;
}

// db.T, database("db").T or T.
bool ReadQualified(Scanner& scanner, std::string& database, std::string& name) {
  Scanner look = scanner;
  if (look.Keyword("database")) {
    if (auto inner = look.Balanced('(', ')')) {
      Scanner nested(inner->substr(1, inner->size() - 2));
      auto found = nested.Name();
      if (!found || !nested.AtEnd() || !look.Mark(".")) return false;
      auto entity = look.Name();
      if (!entity) return false;
      database = std::move(*found);
      name = std::move(*entity);
      scanner = look;
      return true;
    }
  }
  auto first = scanner.Name();
  if (!first) return false;
  name = std::move(*first);
  Scanner after = scanner;
  if (after.Mark(".")) {
    if (auto second = after.Name()) {
      database = std::move(name);
      name = std::move(*second);
      scanner = after;
    }
  }
  return true;
}

bool ReadTable(Reading r) {
  return ReadQualified(r.scanner, r.captured.database, r.captured.text);
}

// One or more of what `one` reads, separated by commas; stays before a comma that nothing follows.
template <typename One>
bool ReadList(Scanner& scanner, One one) {
  if (!one(scanner)) return false;
  while (true) {
    Scanner after = scanner;
    if (!after.Mark(",") || !one(after)) return true;
    scanner = after;
  }
}

bool ReadNames(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    auto name = scanner.Name();
    if (name) r.captured.list.push_back(std::move(*name));
    return name.has_value();
  });
}

bool ReadTables(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    std::string database;
    std::string name;
    if (!ReadQualified(scanner, database, name)) return false;
    r.captured.list.push_back(std::move(name));
    r.captured.databases.push_back(std::move(database));
    return true;
  });
}

bool ReadWildcards(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    if (auto name = scanner.Name()) {
      // "Log*": the star stands right behind the word.
      while (scanner.position() < scanner.text().size() &&
             (scanner.text()[scanner.position()] == '*' ||
              IsWordCharacter(scanner.text()[scanner.position()]))) {
        *name += scanner.text()[scanner.position()];
        scanner.set_position(scanner.position() + 1);
      }
      r.captured.list.push_back(std::move(*name));
      return true;
    }
    if (!scanner.Mark("*")) return false;
    std::string name = "*";
    while (scanner.position() < scanner.text().size() &&
           (scanner.text()[scanner.position()] == '*' ||
            IsWordCharacter(scanner.text()[scanner.position()]))) {
      name += scanner.text()[scanner.position()];
      scanner.set_position(scanner.position() + 1);
    }
    r.captured.list.push_back(std::move(name));
    return true;
  });
}

// a or a.b: joined with '\x1f' so that names with dots stay whole.
std::optional<std::string> ReadPath(Scanner& scanner) {
  auto name = scanner.Name();
  if (!name) return std::nullopt;
  Scanner after = scanner;
  while (after.Mark(".")) {
    auto part = after.Name();
    if (!part) break;
    *name += kPathSeparator + *part;
    scanner = after;
  }
  return name;
}

bool ReadPairs(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    auto left = ReadPath(scanner);
    if (!left || !scanner.Mark("=")) return false;
    auto right = ReadPath(scanner);
    if (!right) return false;
    r.captured.list.push_back(std::move(*left));
    r.captured.list.push_back(std::move(*right));
    return true;
  });
}

bool ReadPathCapture(Reading r) {
  auto path = ReadPath(r.scanner);
  if (!path) return false;
  r.captured.list = Split(*path, kPathSeparator);
  r.captured.text = r.captured.list.back();
  return true;
}

bool ReadString(Reading r) {
  auto text = r.scanner.String();
  if (text) r.captured.text = std::move(*text);
  return text.has_value();
}

bool ReadOneString(Reading r) {
  auto text = r.scanner.OneString();
  if (text) r.captured.text = std::move(*text);
  return text.has_value();
}

bool ReadStrings(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    auto text = scanner.String();
    if (text) r.captured.list.push_back(std::move(*text));
    return text.has_value();
  });
}

bool ReadGuid(Reading r) {
  auto guid = r.scanner.Guid();
  if (guid) r.captured.text = std::move(*guid);
  return guid.has_value();
}

bool ReadGuids(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    auto guid = scanner.Guid();
    if (guid) r.captured.list.push_back(std::move(*guid));
    return guid.has_value();
  });
}

std::optional<bool> ParseBool(std::string_view text) {
  if (EqualsIgnoreCase(text, "true") || text == "1") return true;
  if (EqualsIgnoreCase(text, "false") || text == "0") return false;
  return std::nullopt;
}

bool ReadBool(Reading r) {
  auto text = r.scanner.Literal();
  auto value = text ? ParseBool(*text) : std::nullopt;
  if (!value) return false;
  r.captured.text = *value ? "true" : "false";
  return true;
}

bool ReadNumber(Reading r) {
  auto text = r.scanner.Literal();
  auto value = text ? ParseInt64(*text) : std::nullopt;
  if (!value) return false;
  r.captured.text = std::to_string(*value);
  return true;
}

bool ReadTicks(Reading r, std::optional<int64_t> (*parse)(std::string_view)) {
  auto text = r.scanner.Literal();
  auto value = text ? parse(*text) : std::nullopt;
  if (!value) return false;
  r.captured.text = std::to_string(*value);
  return true;
}

bool ReadTimeSpan(Reading r) {
  return ReadTicks(r, ParseTimeSpan);
}
bool ReadDateTime(Reading r) {
  return ReadTicks(r, ParseDateTime);
}

bool ReadLiteral(Reading r) {
  auto text = r.scanner.Literal();
  if (text) r.captured.text = std::move(*text);
  return text.has_value();
}

bool ReadColumnList(Scanner& scanner, MatchProgress& progress, std::vector<ColumnSchema>& columns) {
  if (!scanner.Mark("(")) return false;
  if (scanner.Mark(")")) return true;
  do {
    auto name = scanner.Name();
    if (!name) {
      progress.Note(scanner.position(), "a column name");
      return false;
    }
    if (!scanner.Mark(":")) {
      progress.Note(scanner.position(), "':' and the column's type");
      return false;
    }
    auto type_name = scanner.Word();
    if (type_name == "System" && scanner.Mark(".")) type_name = scanner.Word();
    auto type = type_name ? ParseScalarType(*type_name) : std::nullopt;
    if (!type) {
      progress.Note(scanner.position(), "a scalar type, not '" + type_name.value_or("") + "'");
      return false;
    }
    columns.push_back({std::move(*name), *type});
  } while (scanner.Mark(","));
  if (scanner.Mark(")")) return true;
  progress.Note(scanner.position(), "',' or ')'");
  return false;
}

bool ReadColumns(Reading r) {
  return ReadColumnList(r.scanner, r.progress, r.captured.columns);
}

bool ReadTableDefinitions(Reading r) {
  return ReadList(r.scanner, [&](Scanner& scanner) {
    auto name = scanner.Name();
    std::vector<ColumnSchema> columns;
    if (!name || !ReadColumnList(scanner, r.progress, columns)) return false;
    r.captured.list.push_back(std::move(*name));
    r.captured.groups.push_back(std::move(columns));
    return true;
  });
}

bool ReadDocs(Reading r) {
  if (!r.scanner.Mark("(")) return false;
  const bool read = ReadList(r.scanner, [&](Scanner& scanner) {
    auto name = scanner.Name();
    if (!name || !scanner.Mark(":")) return false;
    auto text = scanner.String();
    if (!text) return false;
    r.captured.list.push_back(std::move(*name));
    r.captured.list.push_back(std::move(*text));
    return true;
  });
  return read && r.scanner.Mark(")");
}

bool ReadWith(Reading r) {
  if (!r.scanner.Keyword("with") || !r.scanner.Mark("(")) return false;
  if (r.scanner.Mark(")")) return true;
  do {
    CommandProperty property;
    auto name = r.scanner.Word(true);
    if (!name) name = r.scanner.Name();
    if (!name || !r.scanner.Mark("=")) {
      r.progress.Note(r.scanner.position(), "name=value");
      return false;
    }
    property.name = std::move(*name);
    auto value = r.scanner.Literal(&property.quoted);
    if (!value) {
      r.progress.Note(r.scanner.position(), "the value of '" + property.name + "'");
      return false;
    }
    property.value = std::move(*value);
    r.command.properties_.push_back(std::move(property));
  } while (r.scanner.Mark(","));
  if (r.scanner.Mark(")")) return true;
  r.progress.Note(r.scanner.position(), "',' or ')'");
  return false;
}

bool ReadBalanced(Reading r, char open, char close) {
  auto text = r.scanner.Balanced(open, close);
  if (text) r.captured.text = std::string(*text);
  return text.has_value();
}

bool ReadGroup(Reading r) {
  return ReadBalanced(r, '(', ')');
}
bool ReadBody(Reading r) {
  return ReadBalanced(r, '{', '}');
}

bool ReadRest(Reading r) {
  r.captured.text = std::string(Trim(r.scanner.rest()));
  r.scanner.set_position(r.scanner.text().size());
  return true;
}

struct CaptureType {
  bool (*read)(Reading);
  const char* expected;
};

const std::unordered_map<std::string_view, CaptureType>& CaptureTypes() {
  static const auto* types = new std::unordered_map<std::string_view, CaptureType>{
      {"name", {ReadName, "a name"}},
      {"table", {ReadTable, "a name"}},
      {"names", {ReadNames, "a list of names"}},
      {"tables", {ReadTables, "a list of names"}},
      {"wildcards", {ReadWildcards, "a list of names"}},
      {"path", {ReadPathCapture, "a name"}},
      {"pairs", {ReadPairs, "a list of name=name"}},
      {"string", {ReadString, "a string literal"}},
      {"one_string", {ReadOneString, "a string literal"}},
      {"strings", {ReadStrings, "a list of string literals"}},
      {"guid", {ReadGuid, "a guid"}},
      {"guids", {ReadGuids, "a list of guids"}},
      {"bool", {ReadBool, "true or false"}},
      {"number", {ReadNumber, "a whole number"}},
      {"timespan", {ReadTimeSpan, "a timespan"}},
      {"datetime", {ReadDateTime, "a datetime"}},
      {"literal", {ReadLiteral, "a literal"}},
      {"columns", {ReadColumns, "a list of columns (name:type, …)"}},
      {"tabledefs", {ReadTableDefinitions, "a list of tables with their columns"}},
      {"docs", {ReadDocs, "a list (name:\"text\", …)"}},
      {"with", {ReadWith, "with (name=value, …)"}},
      {"group", {ReadGroup, "'('"}},
      {"body", {ReadBody, "'{'"}},
      {"rest", {ReadRest, "text"}},
  };
  return *types;
}

}  // namespace

bool ReadCapture(const PatternNode& node, Scanner& scanner, Command& command,
                 MatchProgress& progress) {
  const auto type = CaptureTypes().find(node.type);
  KC_ASSERT(type != CaptureTypes().end());
  const size_t start = scanner.position();
  Captured captured;
  if (!type->second.read({scanner, captured, progress, command})) {
    progress.Note(start, type->second.expected);
    return false;
  }
  command.captures_[node.text] = std::move(captured);
  return true;
}

}  // namespace kc::local
