#include "checkpoint/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::checkpoint {
namespace {

constexpr size_t kFields = 13;

void AppendField(std::string& line, std::string_view text) {
  if (!line.empty()) line += ',';
  line += '"';
  for (const char c : text) {
    if (c == '"') {
      line += "\"\"";
    } else {
      line += c == '\n' || c == '\r' ? ' ' : c;
    }
  }
  line += '"';
}

std::string TicksText(int64_t ticks) {
  return ticks == 0 ? "" : FormatDateTime(ticks);
}

// Quoted fields, commas between; nothing if it is anything else.
std::optional<std::vector<std::string>> SplitFields(std::string_view line) {
  std::vector<std::string> fields;
  size_t at = 0;
  while (true) {
    if (at >= line.size() || line[at] != '"') return std::nullopt;
    ++at;
    std::string field;
    while (true) {
      if (at >= line.size()) return std::nullopt;
      const char c = line[at++];
      if (c != '"') {
        field += c;
      } else if (at < line.size() && line[at] == '"') {
        field += '"';
        ++at;
      } else {
        break;
      }
    }
    fields.push_back(std::move(field));
    if (at == line.size()) return fields;
    if (line[at++] != ',') return std::nullopt;
  }
}

std::string CheckOf(std::string_view text) {
  return fmt::format("{:016x}", XxHash64(text));
}

std::optional<int64_t> TicksOf(const std::string& text) {
  if (text.empty()) return 0;
  return ParseDateTime(text);
}

tl::unexpected<Error> Damaged(std::string what) {
  return Stop(std::move(what), "Damaged");
}

// "7:2/3": group 7, record 2 of 3.
bool ParseGroup(const std::string& text, Record& record) {
  const auto colon = Split(text, ':');
  if (colon.size() != 2) return false;
  const auto slash = Split(colon[1], '/');
  if (slash.size() != 2) return false;
  const auto group = ParseInt64(colon[0]);
  const auto index = ParseInt64(slash[0]);
  const auto count = ParseInt64(slash[1]);
  if (!group || !index || !count || *index < 1 || *index > *count) return false;
  record.group = *group;
  record.index = static_cast<int>(*index);
  record.count = static_cast<int>(*count);
  return true;
}

Status CheckVersion(const Record& record) {
  if (record.level != kLevelHeader) return {};
  KC_ASSIGN(const Json details, ParseJson(record.details));
  const int version = details.value("version", 0);
  if (version > kFormatVersion) {
    return Stop(fmt::format("the checkpoint has format version {}, this program reads up to {}: "
                            "use the newer kusto-copy that wrote it",
                            version, kFormatVersion),
                "NewerVersion");
  }
  return {};
}

}  // namespace

std::string Record::Key() const {
  return fmt::format("{}\n{}\n{}\n{}", level, iteration, table, block);
}

std::vector<ColumnSchema> RecordColumns() {
  using enum ScalarType;
  return {{"Level", kString},     {"IterationId", kLong}, {"EndCursor", kString},
          {"TableName", kString}, {"BlockId", kString},   {"State", kString},
          {"Created", kDateTime}, {"Updated", kDateTime}, {"Details", kDynamic},
          {"Generation", kLong},  {"Sequence", kLong},    {"Group", kString},
          {"Check", kString}};
}

std::string HeaderLine() {
  std::string line;
  for (const auto& column : RecordColumns()) {
    if (!line.empty()) line += ',';
    line += column.name;
  }
  return line + "\n";
}

std::string RecordLine(const Record& record) {
  std::string line;
  line.reserve(record.details.size() + 160);
  AppendField(line, record.level);
  AppendField(line, std::to_string(record.iteration));
  AppendField(line, record.end_cursor);
  AppendField(line, record.table);
  AppendField(line, record.block);
  AppendField(line, record.state);
  AppendField(line, TicksText(record.created));
  AppendField(line, TicksText(record.updated));
  AppendField(line, record.details);
  AppendField(line, std::to_string(record.generation));
  AppendField(line, std::to_string(record.sequence));
  AppendField(line, fmt::format("{}:{}/{}", record.group, record.index, record.count));
  AppendField(line, CheckOf(line));
  line += '\n';
  return line;
}

Result<Record> ParseRecordLine(std::string_view line) {
  const auto fields = SplitFields(line);
  if (!fields || fields->size() != kFields) return Damaged("is not a record");
  const auto& f = *fields;
  // The check covers all before its own comma; its field has two quotes and one comma around it.
  const size_t covered = line.size() - f[12].size() - 3;
  if (CheckOf(line.substr(0, covered)) != f[12]) return Damaged("has a wrong checksum");
  Record record;
  const auto iteration = ParseInt64(f[1]);
  const auto created = TicksOf(f[6]);
  const auto updated = TicksOf(f[7]);
  const auto generation = ParseInt64(f[9]);
  const auto sequence = ParseInt64(f[10]);
  if (!iteration || !created || !updated || !generation || !sequence ||
      !ParseGroup(f[11], record)) {
    return Damaged("has a field that doesn't read");
  }
  record.level = f[0];
  record.iteration = *iteration;
  record.end_cursor = f[2];
  record.table = f[3];
  record.block = f[4];
  record.state = f[5];
  record.created = *created;
  record.updated = *updated;
  record.details = f[8];
  record.generation = *generation;
  record.sequence = *sequence;
  return record;
}

Result<Segment> ReadSegment(std::string_view text) {
  Segment segment;
  const std::string header = HeaderLine();
  if (!text.starts_with(header)) {
    // A segment is named by the manifest only after its header and first group are durable.
    return Damaged("the checkpoint does not begin with its columns' names");
  }
  // All at once: growing would hold the records twice for a moment.
  segment.records.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  size_t at = header.size();
  size_t whole = at;           // end of the last complete group
  size_t open_group_from = 0;  // index of the first record of the group being read
  int64_t line_number = 1;
  while (at < text.size()) {
    ++line_number;
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) {
      // Torn, unless only its end of line is not what was written.
      if (ParseRecordLine(text.substr(at, text.size() - at - 1))) {
        return Damaged(fmt::format("checkpoint line {} has no end", line_number));
      }
      break;
    }
    auto record = ParseRecordLine(text.substr(at, end - at));
    if (!record) {
      return Damaged(fmt::format("checkpoint line {} {}", line_number, record.error().message));
    }
    KC_TRY(CheckVersion(*record));
    at = end + 1;
    const bool first = record->index == 1;
    if (first != (open_group_from == segment.records.size()) ||
        (!first && (record->group != segment.records.back().group ||
                    record->index != segment.records.back().index + 1))) {
      return Damaged(fmt::format("checkpoint line {} is out of its group", line_number));
    }
    segment.records.push_back(std::move(*record));
    if (segment.records.back().index == segment.records.back().count) {
      open_group_from = segment.records.size();
      whole = at;
    }
  }
  segment.records.resize(open_group_from);
  segment.torn_bytes = text.size() - whole;
  return segment;
}

}  // namespace kc::checkpoint
