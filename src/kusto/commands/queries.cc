#include "kusto/commands/queries.h"

#include "base/ticks.h"
#include "kusto/commands/names.h"
#include "kusto/commands/row_hash.h"
#include "kusto/commands/transfer.h"

namespace kc::kusto::commands {
namespace {

std::vector<ColumnSchema> SliceOf(const std::vector<ColumnSchema>& columns, int slice) {
  auto slices = FingerprintSlices(static_cast<int>(columns.size()));
  KC_ASSERT(slice >= 0 && static_cast<size_t>(slice) < slices.size());
  std::vector<ColumnSchema> out;
  for (int index : slices[static_cast<size_t>(slice)]) {
    out.push_back(columns[static_cast<size_t>(index)]);
  }
  return out;
}

// `key`: "" or "name = expression", which the sums are grouped by.
std::string Fingerprinted(const std::string& rows, const std::vector<ColumnSchema>& columns,
                          int slice, const std::string& key_name, const std::string& key) {
  int groups = 0;
  std::string out = HashPrelude() + rows + "\n| project ";
  out += GroupHashes(SliceOf(columns, slice), groups);
  if (!key.empty()) out += ",\n    kc_x = " + key;
  out += "\n| extend kc_h = " + RowHash(groups);
  out += "\n| summarize " + std::string(kFingerprintSums);
  return key.empty() ? out : out + " by " + key_name + " = kc_x";
}

std::string ColumnSums(const std::string& rows, const std::vector<ColumnSchema>& columns, int first,
                       int count) {
  std::string projected;
  std::string sums = "N = count()";
  for (int i = 0; i < count; ++i) {
    const ColumnSchema& column = columns[static_cast<size_t>(first + i)];
    std::string name = "kc_" + std::to_string(i);
    projected += (i == 0 ? "" : ",\n    ") + name + " = hash_xxhash64(strcat('c', " +
                 HashedText(column.type, Name(column.name)) + "))";
    sums += ", C" + std::to_string(i) + " = sum(binary_and(" + name + ", 0xFFFFFFFF))";
  }
  return HashPrelude() + rows + "\n| project " + projected + "\n| summarize " + sums;
}

std::string StagedRows(const std::string& table, const std::vector<std::string>& tags) {
  std::string out = TableRows(table) + "\n| where ";
  for (size_t i = 0; i < tags.size(); ++i) {
    std::string tag = Text(tags[i]);
    out += (i == 0 ? "" : " or ") + ("(extent_tags() has_cs " + tag) +
           " and set_has_element(extent_tags(), " + tag + "))";
  }
  return out;
}

std::string Between(const std::pair<int64_t, int64_t>& range) {
  return "ingestion_time() between (" + DateTime(range.first) + " .. " + DateTime(range.second) +
         ")";
}

}  // namespace

std::string CursorQuery() {
  return "print Cursor = cursor_current(), Now = now()";
}

std::string RowsText(const Rows& rows, const std::vector<ColumnSchema>& columns) {
  std::string out = TableRows(rows.table);
  if (rows.undated) {
    out += "\n| where isnull(ingestion_time())";
  } else {
    out += "\n| where cursor_after(" + Text(rows.after) + ") and cursor_before_or_at(" +
           Text(rows.upto) + ")";
    if (rows.not_before) out += "\n| where ingestion_time() >= " + DateTime(*rows.not_before);
    for (size_t i = 0; i < rows.ranges.size(); ++i) {
      out += (i == 0 ? "\n| where " : " or ") + Between(rows.ranges[i]);
    }
  }
  if (rows.residue) {
    int groups = 0;
    out += "\n| extend " + GroupHashes(columns, groups);
    out += "\n| where " + RowHash(groups) + " % " + std::to_string(rows.residue->modulus) +
           " == " + std::to_string(rows.residue->remainder);
  }
  return out;
}

std::string CountRows(const Rows& rows) {
  return RowsText(rows) + "\n| summarize N = count()";
}

std::string KindsOfTimes(const Rows& rows, const std::vector<ColumnSchema>& columns) {
  std::string fine, far;
  for (const ColumnSchema& column : columns) {
    if (column.type != ScalarType::kDateTime) continue;
    const std::string name = Name(column.name);
    fine += (fine.empty() ? "" : " or ") + ("bin(" + name + ", 1microsecond) != " + name);
    far += (far.empty() ? "" : " or ") +
           (name + " !between (datetime(1677-09-22) .. datetime(2262-04-11))");
  }
  if (fine.empty()) return "";
  return RowsText(rows) + "\n| summarize N = iff(countif(" + fine + ") > 0, " +
         std::to_string(kFineTimes) + ", 0) + iff(countif(" + far + ") > 0, " +
         std::to_string(kFarTimes) + ", 0)";
}

std::string CountUndated(const std::string& table) {
  return TableRows(table) +
         "\n| summarize Undated = countif(isnull(ingestion_time())), Total = count()";
}

std::string CountTables(const std::vector<Rows>& tables) {
  std::string out;
  for (const Rows& rows : tables) {
    out += (out.empty() ? "union\n  (" : ",\n  (") + CountRows(rows) +
           " | project Table = " + Text(rows.table) + ", N)";
  }
  return out + "\n| where N > 0";
}

std::string PlanInstants(const Rows& rows, std::optional<int64_t> beyond, int limit) {
  std::string out = RowsText(rows);
  if (beyond) out += "\n| where ingestion_time() > " + DateTime(*beyond);
  return out + "\n| summarize N = count() by Instant = ingestion_time(), ExtentId = extent_id()" +
         "\n| sort by Instant asc\n| take " + std::to_string(limit);
}

std::string SourceFingerprint(const Rows& rows, const std::vector<ColumnSchema>& columns,
                              int slice) {
  return Fingerprinted(RowsText(rows, columns), columns, slice, "", "");
}

std::string StagedFingerprint(const std::string& table, const std::vector<std::string>& tags,
                              const std::vector<ColumnSchema>& columns, int slice) {
  return Fingerprinted(StagedRows(table, tags), columns, slice, "ExtentId", "extent_id()");
}

std::string ColumnFingerprints(const Rows& rows, const std::vector<ColumnSchema>& columns,
                               int first, int count) {
  return ColumnSums(RowsText(rows, columns), columns, first, count);
}

std::string StagedColumnFingerprints(const std::string& table, const std::vector<std::string>& tags,
                                     const std::vector<ColumnSchema>& columns, int first,
                                     int count) {
  return ColumnSums(StagedRows(table, tags), columns, first, count);
}

std::string VerifyByDay(const std::string& table, const std::vector<ColumnSchema>& columns,
                        const std::string& by, int slice) {
  std::string key = by.empty() ? "" : "bin(" + Name(by) + ", 1d)";
  return Fingerprinted(TableRows(table), columns, slice, "Day", key);
}

}  // namespace kc::kusto::commands
