#include "local/commands/policy_texts.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/commands/scanner.h"

namespace kc::local {
namespace {

tl::unexpected<Error> Unreadable(const PolicySpec& spec, std::string_view text) {
  return Stop("Syntax error: the policy " + std::string(spec.keyword) + " can't be read from '" +
                  std::string(text.substr(0, 200)) + "'",
              "BadRequest_SyntaxError");
}

// softdelete = 7d recoverability = disabled, in any order.
std::optional<std::string> Retention(Scanner scanner) {
  OrderedJson json = OrderedJson::object();
  while (!scanner.AtEnd()) {
    if (scanner.Keyword("softdelete") && scanner.Mark("=")) {
      const auto value = scanner.Literal();
      const auto ticks = value ? ParseTimeSpan(*value) : std::nullopt;
      if (!ticks) return std::nullopt;
      json["SoftDeletePeriod"] = FormatTimeSpan(*ticks);
    } else if (scanner.Keyword("recoverability") && scanner.Mark("=")) {
      const auto value = scanner.Literal();
      if (!value) return std::nullopt;
      json["Recoverability"] = *value;
    } else {
      return std::nullopt;
    }
    scanner.Mark(",");
  }
  if (json.empty()) return std::nullopt;
  return DumpJson(json);
}

std::optional<OrderedJson> HotWindow(Scanner& scanner) {
  if (!scanner.Mark("=")) return std::nullopt;
  const auto from = scanner.Literal();
  const auto begin = from ? ParseDateTime(*from) : std::nullopt;
  if (!begin || !scanner.Mark("..")) return std::nullopt;
  const auto to = scanner.Literal();
  const auto end = to ? ParseDateTime(*to) : std::nullopt;
  if (!end) return std::nullopt;
  return OrderedJson{{"MinValue", FormatDateTime(*begin)}, {"MaxValue", FormatDateTime(*end)}};
}

// hot = 7d | hotdata = 7d hotindex = 7d, then hot_window = datetime(a) .. datetime(b), …
std::optional<std::string> Caching(Scanner scanner) {
  std::optional<int64_t> data;
  std::optional<int64_t> index;
  OrderedJson windows = OrderedJson::array();
  while (!scanner.AtEnd()) {
    if (scanner.Keyword("hot_window")) {
      auto window = HotWindow(scanner);
      if (!window) return std::nullopt;
      windows.push_back(std::move(*window));
    } else {
      const bool both = scanner.Keyword("hot");
      const bool only_data = !both && scanner.Keyword("hotdata");
      if (!both && !only_data && !scanner.Keyword("hotindex")) return std::nullopt;
      if (!scanner.Mark("=")) return std::nullopt;
      const auto value = scanner.Literal();
      const auto ticks = value ? ParseTimeSpan(*value) : std::nullopt;
      if (!ticks) return std::nullopt;
      if (both || only_data) data = ticks;
      if (!only_data) index = ticks;
    }
    scanner.Mark(",");
  }
  if (!data && !index) return std::nullopt;
  if (!data) data = index;
  if (!index) index = data;
  OrderedJson json = *ParseOrderedJson(CachingPolicyJson(*data, *index));
  if (!windows.empty()) json["HotWindows"] = std::move(windows);
  return DumpJson(json);
}

// enable | disable ["query"]
std::optional<std::string> RowLevelSecurity(Scanner scanner) {
  const bool enable = scanner.Keyword("enable");
  if (!enable && !scanner.Keyword("disable")) return std::nullopt;
  OrderedJson json = {{"IsEnabled", enable}};
  auto query = scanner.String();
  if (!query || !scanner.AtEnd()) return std::nullopt;
  json["Query"] = *query;
  return DumpJson(json);
}

std::optional<std::string> EnableDisable(Scanner scanner) {
  const bool enable = scanner.Keyword("enable");
  if ((!enable && !scanner.Keyword("disable")) || !scanner.AtEnd()) return std::nullopt;
  return DumpJson(OrderedJson{{"IsEnabled", enable}});
}

// (A asc, ['b c'] desc)
std::optional<std::string> RowOrder(Scanner scanner) {
  if (!scanner.Mark("(")) return std::nullopt;
  OrderedJson keys = OrderedJson::array();
  do {
    const auto name = scanner.Name();
    if (!name) return std::nullopt;
    const bool descending = scanner.Keyword("desc");
    if (!descending) scanner.Keyword("asc");
    keys.push_back({{"ColumnName", *name}, {"Direction", descending ? "desc" : "asc"}});
  } while (scanner.Mark(","));
  if (!scanner.Mark(")") || !scanner.AtEnd()) return std::nullopt;
  return DumpJson(keys);
}

std::optional<std::string> TrueFalse(Scanner scanner) {
  const bool yes = scanner.Keyword("true");
  if ((!yes && !scanner.Keyword("false")) || !scanner.AtEnd()) return std::nullopt;
  return yes ? "true" : "false";
}

}  // namespace

Result<std::string> ParsePolicyText(const PolicySpec& spec, std::string_view text) {
  Scanner scanner(text);
  if (auto literal = scanner.String(); literal && scanner.AtEnd()) return *literal;
  scanner = Scanner(text);
  // JSON without quotes is accepted as the service accepts it.
  if (text.starts_with('{') || text.starts_with('[')) return std::string(text);
  std::optional<std::string> json;
  if (spec.keyword == "retention") json = Retention(scanner);
  if (spec.keyword == "caching") json = Caching(scanner);
  if (spec.keyword == "row_level_security") json = RowLevelSecurity(scanner);
  if (spec.keyword == "streamingingestion") json = EnableDisable(scanner);
  if (spec.keyword == "roworder") json = RowOrder(scanner);
  if (spec.keyword == "ingestiontime" || spec.keyword == "restricted_view_access") {
    json = TrueFalse(scanner);
  }
  if (!json) return Unreadable(spec, text);
  return *json;
}

Result<std::string> EncodingPolicyJson(std::string_view type) {
  // Types of learn.microsoft.com, "Encoding policy", with the largest value of a cell in bytes.
  static constexpr std::pair<std::string_view, int64_t> kTypes[] = {{"BigObject", 2 << 20},
                                                                    {"BigObject32", 32 << 20},
                                                                    {"Identifier", 1 << 20},
                                                                    {"Vector16", 1 << 20}};
  if (EqualsIgnoreCase(type, "Null")) return std::string();
  for (const auto& [name, size] : kTypes) {
    if (!EqualsIgnoreCase(name, type)) continue;
    return DumpJson(OrderedJson{{"EncodingPolicyType", name}, {"MaxValueSize", size}});
  }
  return Stop("There is no encoding policy type '" + std::string(type) + "'", "General_BadRequest");
}

}  // namespace kc::local
