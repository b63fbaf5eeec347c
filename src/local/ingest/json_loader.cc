// JSON documents into rows. Only the places of values are found here; their texts are converted
// like the fields of other formats, so that no number loses digits on the way.
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "engine/udf/json_text.h"
#include "local/ingest/scan.h"
#include "local/ingest/text_buffer.h"
#include "local/ingest/text_loader.h"
#include "local/ingest/value_parser.h"

namespace kc::local {
namespace {

using engine::udf::JsonItems;
using engine::udf::JsonKind;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The end of the JSON value at p, or null if it isn't whole yet. Broken values end somewhere:
// whoever reads them finds out.
const char* ValueEnd(const char* p, const char* end) {
  int depth = 0;
  while (p != end) {
    char c = *p++;
    if (c == '"') {
      while (true) {
        p = FindAny(p, end, '"', '\\', '"');
        if (p == end) return nullptr;
        if (*p++ == '"') break;
        if (p++ == end) return nullptr;
      }
      if (depth == 0) return p;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth <= 0) return p;
    } else if (depth == 0 && (c == ',' || IsBlank(c))) {
      return p - 1;
    }
  }
  return nullptr;
}

// The value at the end of a path inside a normalised document; empty if there is none.
std::string_view Follow(std::string_view json, const std::vector<PathStep>& path, size_t from) {
  for (size_t i = from; i < path.size(); ++i) {
    auto next = path[i].index ? engine::udf::JsonIndex(json, *path[i].index)
                              : engine::udf::JsonMember(json, path[i].name);
    if (!next) return {};
    json = *next;
  }
  return json;
}

class JsonRows {
 public:
  JsonRows(const TextLoadOptions& options, RowBuilder& rows) : options_(options), rows_(rows) {
    for (size_t i = 0; i < options.sources.size(); ++i) {
      const CellSource& source = options.sources[i];
      bool plain = source.kind == CellSource::Kind::kPath && !source.path.empty() &&
                   !source.path[0].index && source.transform == Transform::kNone;
      if (plain) {
        by_name_[source.path[0].name].push_back(i);
      } else {
        others_.push_back(i);
      }
    }
  }

  // Adds the document's row; false, and no row, if it isn't a JSON object.
  Result<bool> Add(std::string_view text, int64_t line) {
    document_.clear();
    if (!engine::udf::NormalizeJson(text, document_)) return false;
    if (engine::udf::KindOf(document_) != JsonKind::kObject) return false;
    JsonItems items(document_);
    while (items.Next()) {
      auto found = by_name_.find(Key(items.key()));
      if (found == by_name_.end()) continue;
      for (size_t column : found->second) {
        SetJson(column, Follow(items.value(), options_.sources[column].path, 1));
      }
    }
    for (size_t column : others_) SetOther(column, line);
    KC_TRY(rows_.EndRow());
    return true;
  }

 private:
  const std::string& Key(std::string_view quoted) {
    key_.clear();
    engine::udf::AppendJsonUnquoted(key_, quoted);
    return key_;
  }

  void SetJson(size_t column, std::string_view json) {
    if (engine::udf::IsJsonNull(json)) return rows_.SetNull(column);
    if (rows_.columns()[column].schema.type == ScalarType::kDynamic) {
      return rows_.SetDynamic(column, json);
    }
    if (json.front() != '"') return rows_.SetText(column, json);
    text_.clear();
    engine::udf::AppendJsonUnquoted(text_, json);
    rows_.SetText(column, text_);
  }

  void SetOther(size_t column, int64_t line) {
    const CellSource& source = options_.sources[column];
    if (source.transform == Transform::kSourceLocation) {
      return rows_.SetText(column, options_.location);
    }
    if (source.transform == Transform::kSourceLineNumber) {
      return rows_.SetText(column, std::to_string(line));
    }
    if (source.kind == CellSource::Kind::kConstant) return rows_.SetText(column, source.constant);
    if (source.kind != CellSource::Kind::kPath) return;
    std::string_view json = Follow(document_, source.path, 0);
    if (engine::udf::IsJsonNull(json)) return;
    switch (source.transform) {
      case Transform::kFromUnixSeconds:
        return SetUnixTime(column, json, static_cast<double>(kTicksPerSecond));
      case Transform::kFromUnixMilliseconds:
        return SetUnixTime(column, json, static_cast<double>(kTicksPerMillisecond));
      case Transform::kFromUnixMicroseconds:
        return SetUnixTime(column, json, static_cast<double>(kTicksPerMicrosecond));
      case Transform::kFromUnixNanoseconds:
        return SetUnixTime(column, json, 0.01);
      case Transform::kBagArrayToDictionary:
        return SetDictionary(column, json);
      case Transform::kDropMappedFields:
        return SetRest(column, json, source.path.size());
      default:
        return SetJson(column, json);
    }
  }

  void SetUnixTime(size_t column, std::string_view json, double ticks_per_unit) {
    std::string text = json.front() == '"' ? engine::udf::JsonUnquote(json) : std::string(json);
    auto whole = ParseLongText(text);
    auto real = whole ? std::optional<double>() : ParseRealText(text);
    if (!whole && !real) return;
    double span = (whole ? static_cast<double>(*whole) : *real) * ticks_per_unit;
    if (!(span > -7e17 && span < 3e18)) return;
    int64_t ticks = kUnixEpochTicks;
    if (whole && ticks_per_unit >= 1) {
      ticks += *whole * static_cast<int64_t>(ticks_per_unit);
    } else {
      ticks += whole ? *whole / 100 : static_cast<int64_t>(span);
    }
    if (ticks >= 0 && ticks <= kMaxDateTimeTicks) rows_.SetLong(column, ticks);
  }

  // [{"key":"a","value":1}] → {"a":1}; also {"Name":…,"Value":…} and one-entry objects.
  void SetDictionary(size_t column, std::string_view json) {
    std::string out = "{";
    for (std::string_view element : engine::udf::JsonElements(json)) {
      std::vector<std::pair<std::string_view, std::string_view>> entries;
      JsonItems items(element);
      while (items.Next()) entries.emplace_back(items.key(), items.value());
      std::pair<std::string_view, std::string_view> entry;
      if (entries.size() == 1) entry = entries[0];
      if (entries.size() == 2 && entries[0].second.starts_with('"')) {
        entry = {entries[0].second, entries[1].second};
      }
      if (entry.first.empty()) continue;
      if (out.size() > 1) out += ',';
      out.append(entry.first).append(":").append(entry.second);
    }
    rows_.SetDynamic(column, out + "}");
  }

  // The object without the members that other columns take.
  void SetRest(size_t column, std::string_view json, size_t depth) {
    std::string out = "{";
    JsonItems items(json);
    while (items.Next()) {
      const std::string& key = Key(items.key());
      bool taken = false;
      for (size_t i = 0; i < options_.sources.size() && !taken; ++i) {
        const CellSource& other = options_.sources[i];
        taken = i != column && other.path.size() == depth + 1 && other.path[depth].name == key;
      }
      if (taken) continue;
      if (out.size() > 1) out += ',';
      out.append(items.key()).append(":").append(items.value());
    }
    rows_.SetDynamic(column, out + "}");
  }

  const TextLoadOptions& options_;
  RowBuilder& rows_;
  std::unordered_map<std::string, std::vector<size_t>> by_name_;
  std::vector<size_t> others_;
  std::string document_;
  std::string key_;
  std::string text_;
};

Result<int64_t> LoadLines(TextBuffer& buffer, const TextLoadOptions& options, JsonRows& rows) {
  int64_t records = 0;
  int64_t line = 0;
  bool first = options.ignore_first_record;
  while (true) {
    const char* end = FindAny(buffer.begin(), buffer.end(), '\n', '\n', '\n');
    if (end == buffer.end() && !buffer.at_end()) {
      KC_TRY(buffer.More());
      continue;
    }
    std::string_view text(buffer.begin(), static_cast<size_t>(end - buffer.begin()));
    if (text.empty() && end == buffer.end()) return records;
    ++line;
    if (!Trim(text).empty() && !std::exchange(first, false)) {
      KC_ASSIGN(bool good, rows.Add(Trim(text), line));
      if (good) ++records;
    }
    buffer.Consume(end == buffer.end() ? end : end + 1);
  }
}

// Documents one after the other, with or without commas and line ends between; an array stands for
// its elements.
Result<int64_t> LoadDocuments(TextBuffer& buffer, const TextLoadOptions& options, JsonRows& rows) {
  int64_t records = 0;
  int64_t number = 0;
  bool in_array = false;
  bool first = options.ignore_first_record;
  while (true) {
    const char* p = buffer.begin();
    while (p != buffer.end() && (IsBlank(*p) || *p == ',')) ++p;
    buffer.Consume(p);
    if (p == buffer.end()) {
      KC_ASSIGN(bool more, buffer.More());
      if (more) continue;
      if (!in_array) return records;
      return Stop("The JSON array is not closed", "BadRequest_InvalidBlob");
    }
    if (*p == (in_array ? ']' : '[')) {
      in_array = !in_array;
      buffer.Consume(p + 1);
      continue;
    }
    const char* end = ValueEnd(p, buffer.end());
    if (end == nullptr) {
      KC_ASSIGN(bool more, buffer.More());
      if (more) continue;
      p = buffer.begin();  // asking for more has moved the bytes
      end = buffer.end();
    }
    ++number;
    if (!std::exchange(first, false)) {
      std::string_view text(p, static_cast<size_t>(end - p));
      KC_ASSIGN(bool good, rows.Add(text, number));
      if (!good) {
        return Stop("JSON document " + std::to_string(number) + " is malformed",
                    "BadRequest_InvalidBlob");
      }
      ++records;
    }
    buffer.Consume(end);
  }
}

}  // namespace

Result<int64_t> LoadJson(std::unique_ptr<ByteSource> source, const TextLoadOptions& options,
                         RowBuilder& rows) {
  TextBuffer buffer(std::move(source));
  JsonRows json(options, rows);
  return options.format == DataFormat::kJson ? LoadLines(buffer, options, json)
                                             : LoadDocuments(buffer, options, json);
}

}  // namespace kc::local
