// What the log of operations holds. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kc::local {

// Kusto's names of states.
enum class OperationState : uint8_t {
  kInProgress,
  kCompleted,
  kFailed,
  kPartiallySucceeded,
  kAbandoned,
  kBadInput,
  kScheduled,
  kThrottled,
  kCanceled,
  kSkipped,
};
std::string_view StateName(OperationState state);

// One row of `.show operations`: an operation at one of its changes of state.
struct OperationRow {
  std::string id;
  std::string kind;  // "DataIngestPull", "DataExport" …
  int64_t started_ticks = 0;
  int64_t updated_ticks = 0;
  OperationState state = OperationState::kInProgress;
  std::string status;
  std::string root_activity_id;
  bool should_retry = false;
  std::string database;
  std::string principal;
  std::string user;
};

// One row of `.show ingestion failures`.
struct IngestionFailure {
  std::string operation_id;
  std::string database;
  std::string table;
  int64_t failed_ticks = 0;
  std::string source_path;
  std::string details;
  bool permanent = true;
  std::string root_activity_id;
  std::string operation_kind;
  bool from_update_policy = false;
  std::string error_code;
  std::string principal;
  std::string user;
  std::string properties;
};

// Kusto keeps two weeks; the other limits only bound memory in a program that runs for months.
inline constexpr int64_t kOperationsKeptDays = 14;
inline constexpr size_t kMaxOperationRows = 100'000;
inline constexpr size_t kMaxOperationDetails = 20'000;
inline constexpr size_t kMaxIngestionFailures = 10'000;

}  // namespace kc::local
