// The readers of transfer.h.
#include <algorithm>

#include "base/text.h"
#include "kusto/answers.h"
#include "kusto/commands/transfer.h"

namespace kc::kusto::commands {
namespace {

std::string TextOrEmpty(const ValueTable& table, size_t row, std::string_view column) {
  return table.Find(column) ? GetText(table, row, column) : "";
}

int64_t IntOrZero(const ValueTable& table, size_t row, std::string_view column) {
  return table.Find(column) ? GetInt(table, row, column) : 0;
}

OperationState ParseState(const std::string& state) {
  if (state == "InProgress" || state == "Scheduled") return OperationState::kRunning;
  if (state == "Completed") return OperationState::kCompleted;
  if (state == "Failed" || state == "BadInput" || state == "Abandoned" || state == "Canceled") {
    return OperationState::kFailed;
  }
  if (state == "Throttled") return OperationState::kThrottled;
  return OperationState::kOther;
}

// Ids are compared with those of other answers: one spelling.
std::string IdOf(const ValueTable& table, size_t row, std::string_view column) {
  std::string text = GetText(table, row, column);
  return NormalizeGuid(text).value_or(text);
}

// Tags come in one text, separated by line ends.
std::vector<std::string> SplitTags(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& line : Split(ReplaceAll(text, "\r\n", "\n"), '\n')) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

}  // namespace

Result<std::vector<Operation>> ReadOperations(const ValueTable& table) {
  KC_TRY(Require(table, {"OperationId", "State"}));
  std::vector<Operation> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    Operation operation;
    operation.id = IdOf(table, row, "OperationId");
    operation.kind = TextOrEmpty(table, row, "Operation");
    operation.state_text = GetText(table, row, "State");
    operation.status = TextOrEmpty(table, row, "Status");
    operation.state = ParseState(operation.state_text);
    operation.should_retry = IntOrZero(table, row, "ShouldRetry") != 0;
    operation.started_ticks = IntOrZero(table, row, "StartedOn");
    operation.updated_ticks = IntOrZero(table, row, "LastUpdatedOn");
    out.push_back(std::move(operation));
  }
  return out;
}

Result<CommandStates> ReadCommandStates(const ValueTable& table) {
  KC_TRY(Require(table, {"State"}));
  CommandStates states;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string state = GetText(table, row, "State");
    if (state == "Completed") {
      ++states.completed;
    } else if (state == "Failed") {
      ++states.failed;
    } else {
      ++states.running;
    }
  }
  return states;
}

Result<std::string> ReadOperationId(const ValueTable& table) {
  KC_TRY(Require(table, {"OperationId"}));
  if (table.rows.empty()) return Stop("an async command gave no operation id", "BadAnswer");
  auto id = NormalizeGuid(GetText(table, 0, "OperationId"));
  if (!id || *id == kZeroGuid) return Stop("an async command gave no operation id", "BadAnswer");
  return *id;
}

Result<std::vector<Artifact>> ReadArtifacts(const ValueTable& table) {
  KC_TRY(Require(table, {"Path", "NumRecords"}));
  std::vector<Artifact> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out.push_back({GetText(table, row, "Path"), GetInt(table, row, "NumRecords"),
                   IntOrZero(table, row, "SizeInBytes")});
  }
  return out;
}

Result<std::vector<ExtentInfo>> ReadExtents(const ValueTable& table) {
  KC_TRY(Require(table, {"ExtentId", "TableName", "RowCount", "MaxCreatedOn"}));
  std::vector<ExtentInfo> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    ExtentInfo extent;
    extent.id = IdOf(table, row, "ExtentId");
    extent.table = GetText(table, row, "TableName");
    extent.tags = SplitTags(TextOrEmpty(table, row, "Tags"));
    extent.rows = GetInt(table, row, "RowCount");
    extent.deleted_rows = IntOrZero(table, row, "DeletedRowCount");
    if (table.Find("OriginalSize")) extent.original_bytes = GetReal(table, row, "OriginalSize");
    extent.min_created = IntOrZero(table, row, "MinCreatedOn");
    extent.max_created = GetInt(table, row, "MaxCreatedOn");
    out.push_back(std::move(extent));
  }
  return out;
}

Result<std::vector<MovedExtent>> ReadMoved(const ValueTable& table) {
  KC_TRY(Require(table, {"OriginalExtentId", "ResultExtentId"}));
  std::vector<MovedExtent> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    MovedExtent moved{GetText(table, row, "OriginalExtentId"),
                      GetText(table, row, "ResultExtentId"), TextOrEmpty(table, row, "Details")};
    if (EqualsIgnoreCase(moved.result, "Failed")) {
      return Stop("extent " + moved.original + " was not moved: " + moved.details, "MoveFailed");
    }
    out.push_back(std::move(moved));
  }
  return out;
}

}  // namespace kc::kusto::commands
