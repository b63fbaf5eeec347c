// Comparing a table of the source with its copy: counts and fingerprints, of the whole table and,
// if they differ, day by day. Blocking; each call uses the clients only, safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "kusto/client.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/schema.h"
#include "kusto/fingerprint.h"

namespace kc::copy {

// What to compare a table at.
struct CompareWindow {
  // Rows of the source up to this cursor (the copy's watermark); "" = all that is there now.
  std::string upto;
  std::optional<int64_t> not_before;  // backfill horizon
  bool undated = false;               // rows without ingestion time belong to the copy
};

struct DayDifference {
  std::optional<int64_t> day;  // ticks; nothing: rows whose day is null
  int64_t source_rows = 0, destination_rows = 0;
};

struct TableComparison {
  std::string table;
  bool same = false;
  std::string why;  // of a table that can't be compared, or isn't there
  int64_t source_rows = 0, destination_rows = 0;
  std::string by;  // the column of `days`
  // Days that differ; empty when there is no datetime column.
  std::vector<DayDifference> days;
  int64_t equal_days = 0;
};

struct CompareSides {
  kusto::Client& source;
  kusto::Client& destination;
  std::string source_database, destination_database;
  world::CancelToken* cancel = nullptr;
};

// `by`: the datetime column whose days are compared; "" = the table's first one.
Result<TableComparison> CompareTable(const CompareSides& sides,
                                     const kusto::commands::TableSchema& schema,
                                     const CompareWindow& window, std::string by);

// One row of a by-day answer per day, and the days that are not the same on both sides.
using Days = std::map<std::optional<int64_t>, kusto::Fingerprint>;
std::vector<DayDifference> DifferingDays(const Days& source, const Days& destination);

}  // namespace kc::copy
