#include "local/extents/selection.h"

#include <set>
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "local/catalog/cluster.h"
#include "local/commands/scanner.h"

namespace kc::local {
namespace {

bool ContainsIgnoreCase(std::string_view text, std::string_view part) {
  return ToLowerAscii(text).find(ToLowerAscii(part)) != std::string::npos;
}

bool HasTag(const Extent& extent, const std::string& text, bool whole) {
  for (const std::string& tag : extent.tags) {
    if (whole ? tag == text : ContainsIgnoreCase(tag, text)) return true;
  }
  return false;
}

Result<std::optional<int64_t>> DateProperty(const Command& command, std::string_view name) {
  const CommandProperty* property = command.FindProperty(name);
  if (property == nullptr) return std::optional<int64_t>();
  std::string_view text = Trim(property->value);
  if (text.starts_with("datetime(") && text.ends_with(")")) text = text.substr(9, text.size() - 10);
  auto ticks = ParseDateTime(text);
  if (!ticks) {
    return Stop("Property '" + std::string(name) + "' is no datetime: '" + property->value + "'",
                "BadRequest_InvalidProperty");
  }
  return ticks;
}

}  // namespace

Result<TablePtr> RequireTable(const DatabaseState& state, std::string_view name) {
  TablePtr table = state.FindTable(name);
  if (table == nullptr) {
    return Stop("Entity ID '" + std::string(name) + "' of kind 'Table' was not found.",
                "BadRequest_EntityNotFound");
  }
  return table;
}

Result<NamedTable> FindNamedTable(const Command& command, std::string_view capture,
                                  CommandContext& context) {
  const std::string& written = command.Database(capture);
  NamedTable named;
  KC_ASSIGN(named.database,
            context.cluster.FindDatabase(written.empty() ? context.database : written));
  named.state = named.database->state();
  KC_ASSIGN(named.table, RequireTable(*named.state, command.Text(capture)));
  return named;
}

Result<TagFilter> ParseTagFilter(std::string_view text) {
  struct Term {
    std::string text;
    bool whole;
    bool wanted;
  };
  std::vector<Term> terms;
  Scanner scanner(text);
  do {
    if (!scanner.Keyword("tags")) {
      return Stop("The filter of extents must be: tags (has|!has|contains|!contains) 'text'",
                  "BadRequest_SyntaxError");
    }
    Term term;
    scanner.SkipBlank();
    term.wanted = !scanner.Mark("!");
    term.whole = scanner.Keyword("has");
    if (!term.whole && !scanner.Keyword("contains")) {
      return Stop("Expected has or contains after 'tags'", "BadRequest_SyntaxError");
    }
    auto value = scanner.String();
    if (!value) return Stop("Expected a string after has or contains", "BadRequest_SyntaxError");
    term.text = *std::move(value);
    terms.push_back(std::move(term));
  } while (scanner.Keyword("and"));
  if (!scanner.AtEnd()) {
    return Stop("Unexpected text in the filter of extents: " + std::string(scanner.rest()),
                "BadRequest_SyntaxError");
  }
  return TagFilter([terms = std::move(terms)](const Extent& extent) {
    for (const Term& term : terms) {
      if (HasTag(extent, term.text, term.whole) != term.wanted) return false;
    }
    return true;
  });
}

bool CreatedRange::Holds(const Extent& extent) const {
  return (!from || extent.max_created_ticks >= *from) && (!to || extent.max_created_ticks <= *to);
}

Result<CreatedRange> ReadCreatedRange(const Command& command) {
  CreatedRange range;
  KC_ASSIGN(range.from, DateProperty(command, "extentCreatedOnFrom"));
  KC_ASSIGN(range.to, DateProperty(command, "extentCreatedOnTo"));
  return range;
}

std::string GuidCell(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return "";
  return NormalizeGuid(*text).value_or("");
}

Result<std::vector<QueriedExtent>> QueryExtents(std::string_view query, CommandContext& context) {
  KC_ASSIGN(ValueTable table, context.run(query));
  auto id = table.Find("ExtentId");
  if (!id) {
    return Stop("The query must give a column named ExtentId", "BadRequest_QuerySchema");
  }
  auto name = table.Find("TableName");
  std::vector<QueriedExtent> extents;
  std::set<std::string> seen;
  for (const auto& row : table.rows) {
    QueriedExtent extent;
    extent.id = GuidCell(row[*id]);
    if (extent.id.empty()) return Stop("The query gives an ExtentId that is no GUID");
    if (name) {
      const auto* text = std::get_if<std::string>(&row[*name]);
      if (text != nullptr) extent.table = *text;
    }
    if (seen.insert(extent.id).second) extents.push_back(std::move(extent));
  }
  return extents;
}

std::string TagsText(const Extent& extent) {
  return Join(extent.tags, "\r\n");
}

}  // namespace kc::local
