#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "copy/tables/setup.h"

namespace kc::copy {
namespace {

bool MatchesAny(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
    return MatchesWildcard(name, pattern);
  });
}

}  // namespace

Result<std::vector<std::string>> SelectTables(const std::vector<std::string>& all,
                                              const std::vector<std::string>& include,
                                              const std::vector<std::string>& exclude,
                                              std::vector<std::string>* missing) {
  for (const auto* patterns : {&include, &exclude}) {
    for (const auto& pattern : *patterns) {
      if (pattern.find('*') != std::string::npos) continue;
      if (patterns == &include && pattern.starts_with(kStagingPrefix)) {
        return Stop(fmt::format("table '{}' can't be copied: names that begin with {} are those of "
                                "kusto-copy's staging tables; rename it",
                                pattern, kStagingPrefix),
                    "StagingName");
      }
      if (std::find(all.begin(), all.end(), pattern) != all.end()) continue;
      if (missing != nullptr) {
        // An excluded table that is gone is excluded all the same.
        if (patterns == &include) missing->push_back(pattern);
        continue;
      }
      std::string like;
      for (const auto& name : all) {
        if (EqualsIgnoreCase(name, pattern)) like = " (did you mean '" + name + "'?)";
      }
      return Stop(fmt::format("table '{}' doesn't exist at the source{}; names are case-sensitive, "
                              "'*' stands for any text",
                              pattern, like),
                  "TableNotFound");
    }
  }
  std::vector<std::string> selected;
  for (const auto& name : all) {
    // Another copy's staging tables are nobody's data.
    if (name.starts_with(kStagingPrefix)) continue;
    if (!include.empty() && !MatchesAny(name, include)) continue;
    if (MatchesAny(name, exclude)) continue;
    selected.push_back(name);
  }
  if (selected.empty() && !include.empty() && missing == nullptr) {
    return Stop("no table of the source matches --tables-include " + Join(include, " "),
                "TableNotFound");
  }
  return selected;
}

Result<std::vector<ColumnSchema>> MissingColumns(const kusto::commands::TableSchema& source,
                                                 const kusto::commands::TableSchema& destination) {
  std::vector<ColumnSchema> missing;
  std::vector<std::string> differences;
  std::vector<std::string> commands;
  const auto find = [](const std::vector<ColumnSchema>& columns, const std::string& name) {
    return std::find_if(columns.begin(), columns.end(),
                        [&name](const ColumnSchema& c) { return c.name == name; });
  };
  for (const auto& column : source.columns) {
    const auto other = find(destination.columns, column.name);
    if (other == destination.columns.end()) {
      missing.push_back(column);
    } else if (other->type != column.type) {
      differences.push_back(fmt::format("column '{}' is {} at the source and {} at the destination",
                                        column.name, KustoName(column.type),
                                        KustoName(other->type)));
      commands.push_back(
          fmt::format("`{}` (which empties the column)",
                      kusto::commands::AlterColumnType(source.name, column.name, column.type)));
    }
  }
  for (const auto& column : destination.columns) {
    if (find(source.columns, column.name) == source.columns.end()) {
      differences.push_back(fmt::format("column '{}' ({}) is at the destination only", column.name,
                                        KustoName(column.type)));
      commands.push_back("`" + kusto::commands::DropColumn(source.name, column.name) + "`");
    }
  }
  if (differences.empty()) return missing;
  return Stop(fmt::format("table '{}' has another schema at the destination: {}; to go on, make it "
                          "equal there: {}; or copy to another database (--db SRC=DST)",
                          source.name, Join(differences, "; "), Join(commands, ", ")),
              "SchemaDiffers");
}

}  // namespace kc::copy
