#include "local/operations/operation_history.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

constexpr std::string_view kHeader = R"({"format":"kusto-local operations","version":1})";
constexpr std::string_view kSuffix = ".jsonl";
constexpr size_t kNumberDigits = 20;
// A new file is begun after this many bytes; a run keeps so many files of its own.
constexpr int64_t kSegmentBytes = 32 << 20;
constexpr uint64_t kOwnSegments = 4;
// Of what earlier runs left the newest lines are kept: reading more would only slow down.
constexpr size_t kMaxPastBytes = 64 << 20;

constexpr std::string_view kAbandoned = "The service was restarted while the operation was running";

std::string RowLine(const OperationRow& row) {
  return DumpJson(Json{{"op", "operation"},
                       {"id", row.id},
                       {"kind", row.kind},
                       {"started", row.started_ticks},
                       {"at", row.updated_ticks},
                       {"state", StateName(row.state)},
                       {"status", row.status},
                       {"activity", row.root_activity_id},
                       {"retry", row.should_retry},
                       {"database", row.database},
                       {"principal", row.principal},
                       {"user", row.user}});
}

Json CellOf(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

Value CellOf(const Json& cell, ScalarType type) {
  if (cell.is_boolean()) return cell.get<bool>();
  if (cell.is_number() && type == ScalarType::kReal) return cell.get<double>();
  if (cell.is_number_integer()) return cell.get<int64_t>();
  if (cell.is_string()) return cell.get<std::string>();
  return {};
}

std::string DetailsLine(const std::string& operation, const ValueTable& details, int64_t now) {
  Json columns = Json::array();
  for (const ColumnSchema& column : details.columns) {
    columns.push_back({column.name, KustoName(column.type)});
  }
  Json rows = Json::array();
  for (const auto& row : details.rows) {
    Json cells = Json::array();
    for (const Value& value : row) cells.push_back(CellOf(value));
    rows.push_back(std::move(cells));
  }
  return DumpJson(Json{{"op", "details"},
                       {"id", operation},
                       {"at", now},
                       {"columns", std::move(columns)},
                       {"rows", std::move(rows)}});
}

std::string FailureLine(const IngestionFailure& f) {
  return DumpJson(Json{{"op", "failure"},
                       {"id", f.operation_id},
                       {"at", f.failed_ticks},
                       {"database", f.database},
                       {"table", f.table},
                       {"source", f.source_path},
                       {"details", f.details},
                       {"permanent", f.permanent},
                       {"activity", f.root_activity_id},
                       {"kind", f.operation_kind},
                       {"updatePolicy", f.from_update_policy},
                       {"code", f.error_code},
                       {"principal", f.principal},
                       {"user", f.user},
                       {"properties", f.properties}});
}

std::string Text(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}
int64_t Number(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}
bool Flag(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_boolean() && it->get<bool>();
}

std::optional<OperationState> StateOf(std::string_view name) {
  for (uint8_t i = 0; i <= static_cast<uint8_t>(OperationState::kSkipped); ++i) {
    if (StateName(static_cast<OperationState>(i)) == name) return static_cast<OperationState>(i);
  }
  return std::nullopt;
}

std::optional<OperationRow> RowOf(const Json& json) {
  const auto state = StateOf(Text(json, "state"));
  if (!state) return std::nullopt;
  OperationRow row;
  row.id = Text(json, "id");
  row.kind = Text(json, "kind");
  row.started_ticks = Number(json, "started");
  row.updated_ticks = Number(json, "at");
  row.state = *state;
  row.status = Text(json, "status");
  row.root_activity_id = Text(json, "activity");
  row.should_retry = Flag(json, "retry");
  row.database = Text(json, "database");
  row.principal = Text(json, "principal");
  row.user = Text(json, "user");
  return row;
}

IngestionFailure FailureOf(const Json& json) {
  IngestionFailure f;
  f.operation_id = Text(json, "id");
  f.failed_ticks = Number(json, "at");
  f.database = Text(json, "database");
  f.table = Text(json, "table");
  f.source_path = Text(json, "source");
  f.details = Text(json, "details");
  f.permanent = Flag(json, "permanent");
  f.root_activity_id = Text(json, "activity");
  f.operation_kind = Text(json, "kind");
  f.from_update_policy = Flag(json, "updatePolicy");
  f.error_code = Text(json, "code");
  f.principal = Text(json, "principal");
  f.user = Text(json, "user");
  f.properties = Text(json, "properties");
  return f;
}

std::optional<ValueTable> DetailsOf(const Json& json) {
  const auto columns = json.find("columns");
  const auto rows = json.find("rows");
  if (columns == json.end() || rows == json.end() || !rows->is_array()) return std::nullopt;
  ValueTable table;
  for (const Json& column : *columns) {
    if (!column.is_array() || column.size() != 2 || !column[1].is_string()) return std::nullopt;
    const auto type = ParseScalarType(column[1].get<std::string>());
    if (!type || !column[0].is_string()) return std::nullopt;
    table.columns.push_back({column[0].get<std::string>(), *type});
  }
  for (const Json& row : *rows) {
    if (!row.is_array() || row.size() != table.columns.size()) return std::nullopt;
    std::vector<Value> cells;
    for (size_t i = 0; i < row.size(); ++i) cells.push_back(CellOf(row[i], table.columns[i].type));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

void AddRow(OperationHistory::Past& past, OperationRow row) {
  past.newest[row.id] = past.rows.size();
  past.rows.push_back(std::move(row));
}

// False: the line says nothing that is still wanted.
bool AddLine(const std::string& line, int64_t horizon, OperationHistory::Past& past) {
  auto json = ParseJson(line);
  if (!json || !json->is_object() || Number(*json, "at") < horizon) return false;
  const std::string op = Text(*json, "op");
  if (op == "operation") {
    auto row = RowOf(*json);
    if (!row) return false;
    AddRow(past, *std::move(row));
  } else if (op == "failure") {
    past.failures.push_back(FailureOf(*json));
  } else if (op == "details") {
    auto details = DetailsOf(*json);
    if (!details) return false;
    past.details[Text(*json, "id")] = *std::move(details);
  } else {
    return false;
  }
  return true;
}

}  // namespace

OperationHistory::OperationHistory(world::Files& files, world::Clock& clock, std::string folder)
    : files_(files), clock_(clock), folder_(std::move(folder)) {
  auto found = files_.List(folder_);
  if (!found) return;
  for (const world::FileInfo& file : *found) {
    if (file.name.find(".tmp-") != std::string::npos) {
      (void)files_.Remove(folder_ + "/" + file.name);
      continue;
    }
    if (!file.name.ends_with(kSuffix)) continue;
    const auto number = ParseInt64(file.name.substr(0, file.name.size() - kSuffix.size()));
    if (number && *number > 0) earlier_.push_back(static_cast<uint64_t>(*number));
  }
  std::sort(earlier_.begin(), earlier_.end());
  if (!earlier_.empty()) first_ = earlier_.back() + 1;
}

std::string OperationHistory::SegmentPath(uint64_t number) const {
  std::string digits = std::to_string(number);
  digits.insert(0, kNumberDigits - digits.size(), '0');
  return folder_ + "/" + digits + std::string(kSuffix);
}

Status OperationHistory::OpenSegment(uint64_t number) {
  if (current_ == 0) KC_TRY(files_.MakeFolders(folder_));
  KC_ASSIGN(file_, files_.OpenAppend(SegmentPath(number)));
  current_ = number;
  whole_ = true;
  KC_TRY(file_->Append(std::string(kHeader) + "\n"));
  if (number >= first_ + kOwnSegments) KC_TRY(files_.Remove(SegmentPath(number - kOwnSegments)));
  return {};
}

void OperationHistory::WriteLine(std::string line) {
  line += '\n';
  std::lock_guard lock(mutex_);
  Status status;
  if (file_ == nullptr) {
    status = OpenSegment(first_);
  } else if (file_->size() > kSegmentBytes) {
    status = OpenSegment(current_ + 1);
  }
  if (status) {
    if (!whole_) line.insert(0, 1, '\n');
    status = file_->Append(line);
    whole_ = status.has_value();
  }
  if (status || complained_) return;
  complained_ = true;
  LogWarn("the log of operations can't be written: {}", status.error().message);
}

void OperationHistory::Write(const OperationRow& row) {
  WriteLine(RowLine(row));
}

void OperationHistory::WriteDetails(const std::string& operation, const ValueTable& details) {
  WriteLine(DetailsLine(operation, details, clock_.NowTicks()));
}

void OperationHistory::Write(const IngestionFailure& failure) {
  WriteLine(FailureLine(failure));
}

std::vector<std::string> OperationHistory::ReadLines(const std::vector<uint64_t>& segments,
                                                     size_t& bytes) {
  std::vector<std::string> lines;
  for (const uint64_t number : segments) {
    auto text = files_.Read(SegmentPath(number));
    if (!text) {
      LogWarn("the log of operations can't be read: {}", text.error().message);
      continue;
    }
    if (!text->starts_with(kHeader)) {
      LogWarn("{} was written by another version, or is damaged: it is ignored",
              SegmentPath(number));
      continue;
    }
    size_t begin = text->find('\n');
    while (begin != std::string::npos && ++begin < text->size()) {
      const size_t end = text->find('\n', begin);
      if (end == std::string::npos) break;  // half a line: the process was killed
      bytes += end - begin;
      lines.push_back(text->substr(begin, end - begin));
      begin = end;
    }
  }
  return lines;
}

OperationHistory::Past OperationHistory::Load() {
  Past past;
  if (earlier_.empty()) return past;
  size_t bytes = 0;
  std::vector<std::string> lines = ReadLines(earlier_, bytes);
  size_t skipped = 0;
  while (skipped < lines.size() &&
         (bytes > kMaxPastBytes || lines.size() - skipped > kMaxOperationRows)) {
    bytes -= lines[skipped++].size();
  }
  const int64_t now = clock_.NowTicks();
  const int64_t horizon = now - kOperationsKeptDays * kTicksPerDay;
  // A kill between the writing of the joined file and the removal of the others leaves lines twice.
  std::unordered_set<std::string_view> seen;
  std::string joined = std::string(kHeader) + "\n";
  for (size_t i = skipped; i < lines.size(); ++i) {
    if (!seen.insert(lines[i]).second || !AddLine(lines[i], horizon, past)) continue;
    joined += lines[i] + "\n";
  }
  std::vector<OperationRow> abandoned;
  for (const auto& [id, index] : past.newest) {
    const OperationRow& row = past.rows[index];
    if (row.state != OperationState::kInProgress && row.state != OperationState::kScheduled) {
      continue;
    }
    abandoned.push_back(row);
    abandoned.back().state = OperationState::kAbandoned;
    abandoned.back().status = kAbandoned;
    abandoned.back().should_retry = true;
    abandoned.back().updated_ticks = now;
  }
  std::sort(abandoned.begin(), abandoned.end(), [](const auto& a, const auto& b) {
    return std::tie(a.started_ticks, a.id) < std::tie(b.started_ticks, b.id);
  });
  for (OperationRow& row : abandoned) {
    joined += RowLine(row) + "\n";
    AddRow(past, std::move(row));
  }
  if (earlier_.size() == 1 && abandoned.empty()) return past;
  if (!files_.WriteAtomic(SegmentPath(earlier_.back()), joined)) return past;
  for (size_t i = 0; i + 1 < earlier_.size(); ++i) (void)files_.Remove(SegmentPath(earlier_[i]));
  return past;
}

}  // namespace kc::local
