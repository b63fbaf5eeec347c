#include <string_view>
#include <utility>

#include "base/text.h"
#include "local/ingest/record_reader.h"
#include "local/ingest/text_loader.h"

namespace kc::local {
namespace {

Status CheckFields(const std::vector<std::string_view>& fields, size_t expected, int64_t line,
                   const ValidationPolicy& policy) {
  if (policy.options == 0 || policy.implications == 1) return {};
  bool good = policy.options == 2 ? fields.size() >= expected : fields.size() == expected;
  if (good) return {};
  return Stop("The record on line " + std::to_string(line) + " has " +
                  std::to_string(fields.size()) + " fields where " + std::to_string(expected) +
                  " are expected",
              "Stream_WrongNumberOfFields");
}

void SetCell(const CellSource& source, const std::vector<std::string_view>& fields, size_t column,
             const std::string& location, int64_t line, RowBuilder& rows) {
  if (source.transform == Transform::kSourceLocation) return rows.SetText(column, location);
  if (source.transform == Transform::kSourceLineNumber) {
    return rows.SetText(column, std::to_string(line));
  }
  if (source.kind == CellSource::Kind::kConstant) return rows.SetText(column, source.constant);
  if (source.kind != CellSource::Kind::kOrdinal) return;
  auto ordinal = static_cast<size_t>(source.ordinal);
  if (ordinal >= fields.size()) return;
  rows.SetText(column, fields[ordinal]);
}

}  // namespace

Result<int64_t> LoadDelimited(std::unique_ptr<ByteSource> source, const TextLoadOptions& options,
                              RowBuilder& rows) {
  auto reader = MakeRecordReader(options.format, std::move(source));
  std::vector<std::string_view> fields;
  size_t expected = 0;
  if (options.validation.options == 2) {
    for (const CellSource& cell : options.sources) {
      if (cell.kind != CellSource::Kind::kOrdinal) continue;
      expected = std::max(expected, static_cast<size_t>(cell.ordinal) + 1);
    }
  }
  bool first = true;
  int64_t records = 0;
  while (true) {
    KC_ASSIGN(bool more, reader->Next(&fields));
    if (!more) break;
    if (first && options.validation.options != 2) expected = fields.size();
    if (std::exchange(first, false) && options.ignore_first_record) continue;
    KC_TRY(CheckFields(fields, expected, reader->line(), options.validation));
    for (size_t i = 0; i < options.sources.size(); ++i) {
      SetCell(options.sources[i], fields, i, options.location, reader->line(), rows);
    }
    KC_TRY(rows.EndRow());
    ++records;
  }
  return records;
}

}  // namespace kc::local
