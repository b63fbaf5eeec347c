// Texts of the queries that a copy asks: cursor, counts, planning, fingerprints. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "kusto/fingerprint.h"

namespace kc::kusto::commands {

// One row: Cursor:string, Now:datetime.
std::string CursorQuery();

// Rows of a table with a cursor in (after, upto]; after "" = from the beginning. Ranges of
// ingestion time [first, last] in ticks, none = all; `residue`: only rows whose hash gives that
// remainder (protocol F27), needs the columns.
struct Residue {
  int64_t modulus = 1, remainder = 0;
};
struct Rows {
  std::string table;
  std::string after, upto;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  std::optional<int64_t> not_before;  // backfill horizon, ticks of ingestion time
  std::optional<Residue> residue;
  bool undated = false;  // instead of all that: rows with no ingestion time
};
// The tabular expression, without columns projected. `columns` are used by `residue` only.
std::string RowsText(const Rows& rows, const std::vector<ColumnSchema>& columns = {});
// The let statements that RowsText with a residue, and every fingerprint, need before it.
std::string HashPrelude();

// N:long
std::string CountRows(const Rows& rows);
// Rows that no cursor window holds: Undated:long, Total:long.
std::string CountUndated(const std::string& table);
// Counts in one statement for several tables: Table:string, N:long (only those with N > 0).
std::string CountTables(const std::vector<Rows>& tables);

// N: what the datetimes ask of a format, for FormatForTimes (transfer.h). "" if no column is one.
std::string KindsOfTimes(const Rows& rows, const std::vector<ColumnSchema>& columns);

// Planning, ascending: per instant of ingestion time and extent Instant:datetime, ExtentId:guid,
// N:long; the first `limit` rows after `beyond` (ticks, exclusive). When `limit` rows come, the
// last instant may be incomplete.
std::string PlanInstants(const Rows& rows, std::optional<int64_t> beyond, int limit);

// Protocol §3.2. One row N, L, H per slice; the statement holds `slice` only.
std::string SourceFingerprint(const Rows& rows, const std::vector<ColumnSchema>& columns,
                              int slice = 0);
// One row per extent: ExtentId, N, L, H, of the rows whose extents have one of the tags.
std::string StagedFingerprint(const std::string& table, const std::vector<std::string>& tags,
                              const std::vector<ColumnSchema>& columns, int slice = 0);
// Per column sums of the same rows, to name the columns that differ (F18): N, C0, C1 … of
// columns[first … first + count).
std::string ColumnFingerprints(const Rows& rows, const std::vector<ColumnSchema>& columns,
                               int first, int count);
std::string StagedColumnFingerprints(const std::string& table, const std::vector<std::string>& tags,
                                     const std::vector<ColumnSchema>& columns, int first,
                                     int count);

// Protocol §3.3: hard literals of all types through the texts of the fingerprint. One row, a string
// column per case, named <type>_<case>.
std::string SelfTest();
// kStop "SelfTest" naming the type whose texts differ between the two clusters, or are equal for
// two values that must differ.
Status CompareSelfTests(const ValueTable& source, const ValueTable& destination);

// For `verify`: per day of `by` (a datetime column, or "" for the whole table in one row) Day, N,
// L, H.
std::string VerifyByDay(const std::string& table, const std::vector<ColumnSchema>& columns,
                        const std::string& by, int slice = 0);

}  // namespace kc::kusto::commands
