// Texts of export, ingestion, operations and extents, and readers of their answers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kusto::commands {

// ---- export
enum class ExportFormat {  // in the order in which they are tried
  kParquet,                // the fast form: zstd, datetimes in microseconds
  kParquetNanos,           // the same, datetimes as nanoseconds since 1970 (1677 … 2262)
  kCsv,                    // the exact form: gzipped, dynamic as quoted JSON
};
struct Export {
  std::vector<std::string> folders;  // storage texts with credentials; secrets
  std::string name_prefix;
  ExportFormat format = ExportFormat::kParquet;
  std::string query;             // of ExportQuery
  int64_t size_limit_bytes = 0;  // 0: the server's default
  std::string distribution;      // "", "single", "per_node", "per_shard"
};
// `.export async … <| query`
std::string ExportAsync(const Export& e);

// kCsv where Microsoft's documentation says that Parquet isn't read back (guid, timespan).
ExportFormat FirstFormat(const std::vector<ColumnSchema>& columns);
// What CountTimes (queries.h) found, as bits.
inline constexpr int64_t kFineTimes = 1;  // not whole microseconds
inline constexpr int64_t kFarTimes = 2;   // beyond 64 bits of nanoseconds since 1970
// The first format, not before `format`, that carries such datetimes.
ExportFormat FormatForTimes(ExportFormat format, int64_t kinds);
// The rows projected so that the format carries every value; reads as `rows | project …`.
std::string ExportProjection(const std::vector<ColumnSchema>& columns, ExportFormat format);
// The same as kCsv with each row's hash behind the columns, from the same snapshot (protocol F20):
// the ingestion's mapping leaves it out. HashPrelude() must stand before the rows.
std::string HashedExportProjection(const std::vector<ColumnSchema>& columns);
// The sums of these hashes over such files: N, L, H. `files` with credentials.
std::string SumExportedHashes(const std::vector<std::string>& files,
                              const std::vector<ColumnSchema>& columns);
// What `.ingest` must be told to read them back into the recorded columns.
std::string IngestionMapping(const std::vector<ColumnSchema>& columns, ExportFormat format);

// ---- ingestion
struct Ingest {
  std::string table;
  std::vector<std::string> files;  // storage texts with credentials; secrets
  ExportFormat format = ExportFormat::kParquet;
  std::string token;                     // the one tag
  std::optional<int64_t> creation_time;  // ticks
  std::string mapping;                   // of IngestionMapping
};
std::string IngestAsync(const Ingest& ingest);

// ---- operations
std::string ShowOperations(const std::vector<std::string>& ids);  // ≤ 6 h, the latest row of each
std::string ShowOperationDetails(const std::string& id);

enum class OperationState { kRunning, kCompleted, kFailed, kThrottled, kOther };
struct Operation {
  std::string id, kind, state_text, status;
  OperationState state = OperationState::kOther;
  bool should_retry = false;
  int64_t started_ticks = 0, updated_ticks = 0;
};
Result<std::vector<Operation>> ReadOperations(const ValueTable& table);
// How the commands ended that were sent with this client request id or one that begins with it: a
// row per command, newest state, of 30 days. Only the own principal's, unless it is an admin.
std::string ShowCommandsOf(const std::string& request_id);
struct CommandStates {
  int completed = 0, failed = 0, running = 0;
};
Result<CommandStates> ReadCommandStates(const ValueTable& table);
// The id of an answer to an async command.
Result<std::string> ReadOperationId(const ValueTable& table);
struct Artifact {
  std::string path;  // without credentials
  int64_t rows = 0;
  int64_t bytes = 0;  // 0: not told
};
Result<std::vector<Artifact>> ReadArtifacts(const ValueTable& table);

// ---- extents
std::string ShowExtents(const std::string& table);
// Sizes and creation times only, without the tags: a table may have 100,000 extents.
std::string ShowExtentSizes(const std::string& table);
std::string ShowExtentsByIds(const std::string& table, const std::vector<std::string>& ids);
// Exactly tagged; one command for several tables, so that they are seen at one instant.
std::string ShowExtentsByTag(const std::vector<std::string>& tables, const std::string& tag);
struct ExtentInfo {
  std::string id, table;
  std::vector<std::string> tags;
  int64_t rows = 0, deleted_rows = 0;
  double original_bytes = 0;
  int64_t min_created = 0, max_created = 0;  // ticks
};
Result<std::vector<ExtentInfo>> ReadExtents(const ValueTable& table);

// By ids only; `new_ingestion_time`: for publishing, not for moves between staging tables.
std::string MoveExtents(const std::string& from, const std::string& to,
                        const std::vector<std::string>& ids, bool new_ingestion_time,
                        bool async = false);
struct MovedExtent {
  std::string original, result, details;
};
// kStop "MoveFailed" if any ResultExtentId is "Failed" (its Details in the message).
Result<std::vector<MovedExtent>> ReadMoved(const ValueTable& table);
std::string DropExtentTags(const std::string& table, const std::vector<std::string>& tags);
std::string DropExtents(const std::string& table, const std::vector<std::string>& ids);

}  // namespace kc::kusto::commands
