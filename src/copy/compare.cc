#include "copy/compare.h"

#include <algorithm>

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Fingerprint;

namespace {

constexpr std::chrono::seconds kServerTimeout{3600};

Result<kusto::Answer> Ask(kusto::Client& client, const std::string& database, std::string text,
                          world::CancelToken* cancel) {
  kusto::Request request;
  request.text = std::move(text);
  request.database = database;
  request.server_timeout = kServerTimeout;
  request.no_truncation = true;
  request.cancel = cancel;
  KC_ASSIGN(auto answer, client.Query(request));
  KC_TRY(kusto::RequireStrong(answer));
  return answer;
}

int SliceCount(const std::vector<ColumnSchema>& columns) {
  return static_cast<int>(kusto::FingerprintSlices(static_cast<int>(columns.size())).size());
}

Result<Fingerprint> Whole(kusto::Client& client, const std::string& database,
                          const commands::Rows& rows, const std::vector<ColumnSchema>& columns,
                          world::CancelToken* cancel) {
  Fingerprint sums;
  const int slices = SliceCount(columns);
  for (int slice = 0; slice < slices; ++slice) {
    KC_ASSIGN(const auto answer,
              Ask(client, database, commands::SourceFingerprint(rows, columns, slice), cancel));
    for (size_t row = 0; row < answer.table().rows.size(); ++row) {
      KC_TRY(kusto::AddFingerprintRow(answer.table(), row, slice, slices, sums));
    }
  }
  return sums;
}

// All rows, dated or not.
Result<Fingerprint> Everything(kusto::Client& client, const std::string& database,
                               const std::string& table, const std::vector<ColumnSchema>& columns,
                               world::CancelToken* cancel) {
  Fingerprint sums;
  const int slices = SliceCount(columns);
  for (int slice = 0; slice < slices; ++slice) {
    KC_ASSIGN(const auto answer,
              Ask(client, database, commands::VerifyByDay(table, columns, "", slice), cancel));
    for (size_t row = 0; row < answer.table().rows.size(); ++row) {
      KC_TRY(kusto::AddFingerprintRow(answer.table(), row, slice, slices, sums));
    }
  }
  return sums;
}

Result<Days> ByDay(kusto::Client& client, const std::string& database, const std::string& table,
                   const std::vector<ColumnSchema>& columns, const std::string& by,
                   world::CancelToken* cancel) {
  Days days;
  const int slices = SliceCount(columns);
  for (int slice = 0; slice < slices; ++slice) {
    KC_ASSIGN(const auto answer,
              Ask(client, database, commands::VerifyByDay(table, columns, by, slice), cancel));
    KC_TRY(kusto::Require(answer.table(), {"Day"}));
    const size_t column = *answer.table().Find("Day");
    for (size_t row = 0; row < answer.table().rows.size(); ++row) {
      std::optional<int64_t> day;
      if (const auto* ticks = std::get_if<int64_t>(&answer.table().rows[row][column])) day = *ticks;
      KC_TRY(kusto::AddFingerprintRow(answer.table(), row, slice, slices, days[day]));
    }
  }
  return days;
}

std::string FirstDatetime(const std::vector<ColumnSchema>& columns) {
  for (const auto& column : columns) {
    if (column.type == ScalarType::kDateTime) return column.name;
  }
  return "";
}

}  // namespace

std::vector<DayDifference> DifferingDays(const Days& source, const Days& destination) {
  std::vector<DayDifference> differing;
  for (const auto& [day, sums] : source) {
    const auto other = destination.find(day);
    if (other != destination.end() && other->second == sums) continue;
    differing.push_back({day, sums.rows, other == destination.end() ? 0 : other->second.rows});
  }
  for (const auto& [day, sums] : destination) {
    if (!source.contains(day)) differing.push_back({day, 0, sums.rows});
  }
  std::sort(differing.begin(), differing.end(),
            [](const DayDifference& a, const DayDifference& b) { return a.day < b.day; });
  return differing;
}

Result<TableComparison> CompareTable(const CompareSides& sides, const commands::TableSchema& schema,
                                     const CompareWindow& window, std::string by) {
  TableComparison result;
  result.table = schema.name;
  Fingerprint source;
  if (window.upto.empty()) {
    KC_ASSIGN(source, Everything(sides.source, sides.source_database, schema.name, schema.columns,
                                 sides.cancel));
  } else {
    commands::Rows rows;
    rows.table = schema.name;
    rows.upto = window.upto;
    rows.not_before = window.not_before;
    KC_ASSIGN(source,
              Whole(sides.source, sides.source_database, rows, schema.columns, sides.cancel));
    if (window.undated) {
      commands::Rows undated;
      undated.table = schema.name;
      undated.undated = true;
      KC_ASSIGN(const Fingerprint more,
                Whole(sides.source, sides.source_database, undated, schema.columns, sides.cancel));
      source += more;
    }
  }
  KC_ASSIGN(const Fingerprint destination, Everything(sides.destination, sides.destination_database,
                                                      schema.name, schema.columns, sides.cancel));
  result.source_rows = source.rows;
  result.destination_rows = destination.rows;
  result.same = source == destination;
  if (result.same) return result;
  result.by = by.empty() ? FirstDatetime(schema.columns) : std::move(by);
  if (result.by.empty()) return result;
  KC_ASSIGN(const Days there, ByDay(sides.source, sides.source_database, schema.name,
                                    schema.columns, result.by, sides.cancel));
  KC_ASSIGN(const Days here, ByDay(sides.destination, sides.destination_database, schema.name,
                                   schema.columns, result.by, sides.cancel));
  result.days = DifferingDays(there, here);
  result.equal_days = static_cast<int64_t>(there.size());
  for (const auto& day : result.days) result.equal_days -= there.contains(day.day) ? 1 : 0;
  return result;
}

}  // namespace kc::copy
