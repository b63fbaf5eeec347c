#include "copy/tables/policies.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::copy {
namespace {

bool Flag(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_boolean() && json[name].get<bool>();
}

std::string TextOf(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

// A name, bare or ['…'] or ["…"] with backslash escapes, at `at`; moves behind it.
std::optional<std::string> TakeName(std::string_view text, size_t& at) {
  std::string name;
  if (at + 1 < text.size() && text[at] == '[' && (text[at + 1] == '\'' || text[at + 1] == '"')) {
    const char quote = text[at + 1];
    at += 2;
    while (at < text.size() && text[at] != quote) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at++];
    }
    if (at + 1 >= text.size() || text[at + 1] != ']') return std::nullopt;
    at += 2;
    return name;
  }
  while (at < text.size() && text[at] != '.' && text[at] != ' ') name += text[at++];
  if (name.empty()) return std::nullopt;
  return name;
}

void TakeEncoding(std::string_view line, Encodings& encodings) {
  constexpr std::string_view kBegin = ".alter column ";
  if (!line.starts_with(kBegin)) return;
  size_t at = kBegin.size();
  const auto table = TakeName(line, at);
  if (!table || at >= line.size() || line[at] != '.') return;
  ++at;
  const auto column = TakeName(line, at);
  const size_t type = line.find("type=", at);
  if (!column || type == std::string_view::npos || type + 6 >= line.size()) return;
  const char quote = line[type + 5];
  const size_t end = line.find(quote, type + 6);
  if (end == std::string_view::npos) return;
  encodings[*table][*column] = line.substr(type + 6, end - type - 6);
}

}  // namespace

std::vector<UpdatePolicy> ReadUpdatePolicies(const TablePolicies& policies) {
  std::vector<UpdatePolicy> all;
  for (const auto& [table, text] : policies) {
    const auto json = ParseJson(text);
    if (!json || !json->is_array()) continue;
    for (const auto& entry : *json) {
      if (!entry.is_object() || !Flag(entry, "IsEnabled")) continue;
      all.push_back({table, TextOf(entry, "Source"), Flag(entry, "SourceIsWildCard"),
                     Flag(entry, "IsTransactional")});
    }
  }
  return all;
}

std::vector<std::string> EnabledTables(const TablePolicies& policies) {
  std::vector<std::string> tables;
  for (const auto& [table, text] : policies) {
    const auto json = ParseJson(text);
    if (!json) continue;
    const bool on =
        json->is_boolean() ? json->get<bool>() : json->is_object() && Flag(*json, "IsEnabled");
    if (on) tables.push_back(table);
  }
  return tables;
}

std::optional<int64_t> SoftDeletePeriod(const std::string& text) {
  const auto json = ParseJson(text);
  if (!json || !json->is_object()) return std::nullopt;
  return ParseTimeSpan(TextOf(*json, "SoftDeletePeriod"));
}

Encodings ReadEncodings(const std::vector<std::string>& script) {
  Encodings encodings;
  for (const auto& text : script) {
    for (const auto& line : Split(text, '\n')) TakeEncoding(Trim(line), encodings);
  }
  return encodings;
}

std::vector<PolicyNotice> JudgeUpdatePolicies(const std::vector<UpdatePolicy>& policies,
                                              const std::vector<std::string>& copied,
                                              const std::string& staging_prefix) {
  std::vector<PolicyNotice> notices;
  const auto is_copied = [&copied](const std::string& name) {
    return std::find(copied.begin(), copied.end(), name) != copied.end();
  };
  for (const auto& policy : policies) {
    if (policy.wildcard && MatchesWildcard(staging_prefix, policy.source)) {
      for (const auto& table : copied) {
        notices.push_back({table,
                           "the update policy of '" + policy.target +
                               "' at the destination takes rows of all tables named '" +
                               policy.source +
                               "', also of staging tables, before they are verified: disable it "
                               "for the time of the copy",
                           true});
      }
      continue;
    }
    for (const auto& table : copied) {
      const bool feeds =
          policy.wildcard ? MatchesWildcard(table, policy.source) : policy.source == table;
      if (!feeds) continue;
      if (is_copied(policy.target)) {
        const std::string text =
            "table '" + policy.target + "' is copied and also derived from '" + table +
            "' by an update policy at the destination, so that its rows would come twice: "
            "disable the policy or exclude the table (--tables-exclude)";
        notices.push_back({policy.target, text, true});
        if (policy.target != table) notices.push_back({table, text, true});
        continue;
      }
      notices.push_back(
          {table, "an update policy at the destination derives rows of '" + policy.target +
                      "' from what is copied" +
                      (policy.transactional
                           ? ""
                           : "; it is not transactional: if it fails, they are missing")});
    }
  }
  return notices;
}

}  // namespace kc::copy
