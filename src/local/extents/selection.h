// Which extents a command means.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/catalog/database.h"
#include "local/commands/command.h"

namespace kc::local {

// The table that a capture of kind `table` names, in its database or the request's.
struct NamedTable {
  DatabasePtr database;
  StatePtr state;
  TablePtr table;
};
Result<NamedTable> FindNamedTable(const Command& command, std::string_view capture,
                                  CommandContext& context);
// The table of that name in a state; kStop, "BadRequest_EntityNotFound".
Result<TablePtr> RequireTable(const DatabaseState& state, std::string_view name);

// "tags has 'a' and tags !contains 'b'": has = a whole tag, contains = a part of one, ignoring
// case.
using TagFilter = std::function<bool(const Extent&)>;
Result<TagFilter> ParseTagFilter(std::string_view text);

// The properties extentCreatedOnFrom and extentCreatedOnTo: an extent's MaxCreatedOn must lie
// between.
struct CreatedRange {
  std::optional<int64_t> from;
  std::optional<int64_t> to;
  bool Holds(const Extent& extent) const;
};
Result<CreatedRange> ReadCreatedRange(const Command& command);

// Ids out of a query's result: its column ExtentId (and TableName, "" if there is none).
struct QueriedExtent {
  std::string id;
  std::string table;
};
Result<std::vector<QueriedExtent>> QueryExtents(std::string_view query, CommandContext& context);

// The reading part of a query's result: a guid or its text.
std::string GuidCell(const Value& value);
// Kusto shows an extent's tags as one text.
std::string TagsText(const Extent& extent);

}  // namespace kc::local
