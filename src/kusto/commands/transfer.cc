#include "kusto/commands/transfer.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/commands/names.h"
#include "kusto/commands/row_hash.h"

namespace kc::kusto::commands {
namespace {

std::string SecretList(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + Secret(text);
  return out;
}

// The name of a column in an exported file: the table's own may hold what a file's schema or a path
// in a mapping can't.
std::string FileColumn(size_t index) {
  return "c" + std::to_string(index);
}

// The type table of exports to Parquet knows only datetimes that are cut; a long is carried whole,
// and DateTimeFromUnixNanoseconds is a documented transformation of Parquet mappings.
std::string UnixNanoseconds(const std::string& column) {
  return "tolong(" + column + " - datetime(1970-01-01)) * 100";
}

// Exactly the JSON of a dynamic, scalars with their quotes (protocol F19): what CSV shows of a
// dynamic text is not told apart from a number by ingestion.
std::string ExactJson(const std::string& column) {
  std::string packed = "dynamic_to_json(pack_array(" + column + "))";
  return "iff(isnull(" + column + "), '', substring(" + packed + ", 1, strlen(" + packed +
         ") - 2))";
}

}  // namespace

ExportFormat FirstFormat(const std::vector<ColumnSchema>& columns) {
  for (const ColumnSchema& column : columns) {
    if (column.type == ScalarType::kGuid || column.type == ScalarType::kTimeSpan) {
      return ExportFormat::kCsv;
    }
  }
  return ExportFormat::kParquet;
}

ExportFormat FormatForTimes(ExportFormat format, int64_t kinds) {
  if (format == ExportFormat::kCsv || (kinds & kFineTimes) == 0) return format;
  return (kinds & kFarTimes) == 0 ? ExportFormat::kParquetNanos : ExportFormat::kCsv;
}

std::string ExportAsync(const Export& e) {
  const bool parquet = e.format != ExportFormat::kCsv;
  std::string out = ".export async compressed to ";
  out += parquet ? "parquet" : "csv";
  out += " (" + SecretList(e.folders) + ") with (namePrefix=" + Text(e.name_prefix);
  if (parquet) {
    out += ", compressionType=\"zstd\", parquetDatetimePrecision=\"microsecond\"";
  } else {
    out += ", compressionType=\"gzip\", includeHeaders=\"none\", encoding=\"UTF8NoBOM\"";
  }
  if (e.size_limit_bytes > 0) out += ", sizeLimit=" + std::to_string(e.size_limit_bytes);
  if (!e.distribution.empty()) out += ", distribution=" + Text(e.distribution);
  return out + ") <|\n" + e.query;
}

std::string ExportProjection(const std::vector<ColumnSchema>& columns, ExportFormat format) {
  std::string out;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string column = Name(columns[i].name);
    if (format == ExportFormat::kCsv && columns[i].type == ScalarType::kDynamic) {
      column = ExactJson(column);
    } else if (format == ExportFormat::kParquetNanos && columns[i].type == ScalarType::kDateTime) {
      column = UnixNanoseconds(column);
    }
    out += (out.empty() ? "" : ", ") + FileColumn(i) + " = " + column;
  }
  // A line that is empty but for its end may be taken for none.
  if (columns.empty() || (columns.size() == 1 && format == ExportFormat::kCsv)) {
    out += std::string(out.empty() ? "" : ", ") + "kc_end = 1";
  }
  return "\n| project " + out;
}

std::string HashedExportProjection(const std::vector<ColumnSchema>& columns) {
  int groups = 0;
  std::string out = "\n| extend " + GroupHashes(columns, groups);
  out += "\n| extend kc_h = " + RowHash(groups);
  return out + ExportProjection(columns, ExportFormat::kCsv) + ", kc_h";
}

std::string SumExportedHashes(const std::vector<std::string>& files,
                              const std::vector<ColumnSchema>& columns) {
  // Behind the columns, and behind the one that ends a line of a single column.
  const size_t ordinal = columns.size() + (columns.size() == 1 ? 1 : 0);
  OrderedJson properties;
  properties["Ordinal"] = std::to_string(ordinal);
  OrderedJson column;
  column["Column"] = "kc_h";
  column["Properties"] = properties;
  return "externaldata (kc_h:long) [" + SecretList(files) +
         "] with (format=\"csv\", ingestionMapping=" +
         Text(DumpJson(OrderedJson::array({column}))) + ")\n| summarize " +
         std::string(kFingerprintSums);
}

std::string IngestionMapping(const std::vector<ColumnSchema>& columns, ExportFormat format) {
  OrderedJson mapping = OrderedJson::array();
  for (size_t i = 0; i < columns.size(); ++i) {
    OrderedJson properties;
    if (format == ExportFormat::kCsv) {
      properties["Ordinal"] = std::to_string(i);
    } else {
      properties["Path"] = "$." + FileColumn(i);
    }
    if (format == ExportFormat::kParquetNanos && columns[i].type == ScalarType::kDateTime) {
      properties["Transform"] = "DateTimeFromUnixNanoseconds";
    }
    OrderedJson column;
    column["Column"] = columns[i].name;
    column["Properties"] = properties;
    mapping.push_back(std::move(column));
  }
  return DumpJson(mapping);
}

std::string IngestAsync(const Ingest& ingest) {
  std::string out = ".ingest async into table " + Name(ingest.table) + " (" +
                    SecretList(ingest.files) + ") with (format=";
  out += ingest.format == ExportFormat::kCsv ? "\"csv\"" : "\"parquet\"";
  out += ", tags=" + Text(DumpJson(Json::array({ingest.token})));
  if (ingest.creation_time) {
    out += ", creationTime=" + Text(FormatDateTime(*ingest.creation_time));
  }
  if (!ingest.mapping.empty()) out += ", ingestionMapping=" + Text(ingest.mapping);
  return out + ")";
}

std::string ShowOperations(const std::vector<std::string>& ids) {
  return ".show operations (" + Guids(ids) + ")";
}

std::string ShowCommandsOf(const std::string& request_id) {
  return ".show commands | where ClientActivityId startswith " + Text(request_id) +
         " | project ClientActivityId, State";
}

std::string ShowOperationDetails(const std::string& id) {
  return ".show operation " + id + " details";
}

std::string ShowExtents(const std::string& table) {
  return ".show table " + Name(table) + " extents";
}

std::string ShowExtentSizes(const std::string& table) {
  return ".show table " + Name(table) +
         " extents | project ExtentId, TableName, RowCount, OriginalSize, MaxCreatedOn";
}

std::string ShowExtentsByIds(const std::string& table, const std::vector<std::string>& ids) {
  return ".show table " + Name(table) + " extents (" + Guids(ids) + ")";
}

std::string ShowExtentsByTag(const std::vector<std::string>& tables, const std::string& tag) {
  std::string names;
  for (const std::string& table : tables) names += (names.empty() ? "" : ", ") + Name(table);
  std::string what = tables.size() == 1 ? "table " + names : "tables (" + names + ")";
  return ".show " + what + " extents where tags has " + Text(tag);
}

std::string MoveExtents(const std::string& from, const std::string& to,
                        const std::vector<std::string>& ids, bool new_ingestion_time, bool async) {
  std::string out = std::string(".move ") + (async ? "async " : "") + "extents from table " +
                    Name(from) + " to table " + Name(to);
  if (new_ingestion_time) out += " with (setNewIngestionTime=true)";
  return out + " (" + Guids(ids) + ")";
}

std::string DropExtentTags(const std::string& table, const std::vector<std::string>& tags) {
  std::string list;
  for (const std::string& tag : tags) list += (list.empty() ? "" : ", ") + Text(tag);
  return ".drop table " + Name(table) + " extent tags (" + list + ")";
}

std::string DropExtents(const std::string& table, const std::vector<std::string>& ids) {
  return ".drop extents (" + Guids(ids) + ") from " + Name(table);
}

}  // namespace kc::kusto::commands
