#include "kusto/answers.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/answer_parts.h"
#include "kusto/error_model.h"

namespace kc::kusto {
namespace {

namespace od = simdjson::ondemand;

constexpr int kLevelError = 2;

std::string TextOf(const Value& value) {
  if (auto text = std::get_if<std::string>(&value)) return *text;
  if (auto number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  return "";
}

int64_t NumberOf(const Value& value) {
  if (auto number = std::get_if<int64_t>(&value)) return *number;
  if (auto real = std::get_if<double>(&value)) return static_cast<int64_t>(*real);
  if (auto flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  return 0;
}

// ---- v2

struct KindedTable {
  ValueTable table;
  std::string kind;
};

void ReadCompletionPayload(const std::string& event, const std::string& payload, Answer& answer) {
  if (event != "EffectiveRequestOptions") return;
  auto json = ParseJson(payload);
  if (!json || !json->is_object()) return;
  // {"Count":1,"Text":"{\"QueryConsistency\":…}"}, or the options themselves.
  if (json->contains("Text") && (*json)["Text"].is_string()) {
    json = ParseJson((*json)["Text"].get<std::string>());
    if (!json || !json->is_object()) return;
  }
  if (json->contains("QueryConsistency") && (*json)["QueryConsistency"].is_string()) {
    answer.consistency = ToLowerAscii((*json)["QueryConsistency"].get<std::string>());
  }
}

// The text of {"Count":1,"Text":"…"}, or the whole.
std::string PayloadText(const std::string& payload) {
  auto json = ParseJson(payload);
  if (json && json->is_object() && json->contains("Text") && (*json)["Text"].is_string()) {
    return (*json)["Text"].get<std::string>();
  }
  return payload;
}

Value CellOf(const ValueTable& table, size_t row, std::string_view column) {
  auto index = table.Find(column);
  return index ? table.rows[row][*index] : Value();
}

Status ReadCompletion(const ValueTable& table, Answer& answer) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::string payload = TextOf(CellOf(table, row, "Payload"));
    Value level = CellOf(table, row, "Level");
    if (!IsNull(level) && NumberOf(level) <= kLevelError) {
      std::string message = ShortMessage(PayloadText(payload));
      std::string name = TextOf(CellOf(table, row, "StatusCodeName"));
      return Stop("the query failed in part: " + (message.empty() ? name : message),
                  TextOf(CellOf(table, row, "EventTypeName")));
    }
    ReadCompletionPayload(TextOf(CellOf(table, row, "EventTypeName")), payload, answer);
    answer.client_request_id = TextOf(CellOf(table, row, "ClientRequestId"));
    answer.activity_id = TextOf(CellOf(table, row, "ActivityId"));
  }
  return {};
}

void ReadProperties(const ValueTable& table, Answer& answer) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::string key = TextOf(CellOf(table, row, "Key"));
    std::string value = TextOf(CellOf(table, row, "Value"));
    if (key.empty()) continue;
    // A dynamic that is a text: what is inside the quotes.
    auto json = ParseJson(value);
    if (json && json->is_string()) value = json->get<std::string>();
    answer.properties[key] = value;
  }
}

class V2Decoder {
 public:
  explicit V2Decoder(std::string_view body) : end_(body.data() + body.size()) {}

  Status Take(const Frame& frame) {
    if (frame.type == "DataTable" || frame.type == "TableHeader") {
      KindedTable& table = tables_[frame.table_id];
      if (!table.kind.empty()) return BadAnswer("two tables of one id");
      order_.push_back(frame.table_id);
      table.kind = frame.kind.empty() ? "PrimaryResult" : frame.kind;
      table.table.name = frame.name;
      KC_TRY(DecodeColumns(frame.columns, table.table.columns));
      return Rows(frame, table.table);
    }
    if (frame.type == "TableFragment") {
      auto table = tables_.find(frame.table_id);
      if (table == tables_.end()) return BadAnswer("rows of a table that was not begun");
      if (frame.fragment_type == "DataReplace") table->second.table.rows.clear();
      return Rows(frame, table->second.table);
    }
    if (frame.type == "TableCompletion" && HasErrors(frame.errors)) {
      return Fail(ReadOneApiErrors(frame.errors));
    }
    if (frame.type == "DataSetCompletion") {
      completed_ = true;
      if (HasErrors(frame.errors)) return Fail(ReadOneApiErrors(frame.errors));
      if (frame.has_errors) return Stop("the query failed without saying why", "HasErrors");
      if (frame.cancelled) return Stop("the query was cancelled", "QueryCancelled");
    }
    return {};
  }

  Result<Answer> End() {
    if (!completed_) return BadAnswer("it ends before DataSetCompletion");
    Answer answer;
    for (int64_t id : order_) {
      KindedTable& table = tables_[id];
      if (table.kind == "QueryCompletionInformation") {
        KC_TRY(ReadCompletion(table.table, answer));
      } else if (table.kind == "QueryProperties") {
        ReadProperties(table.table, answer);
      } else if (table.kind == "PrimaryResult") {
        answer.tables.push_back(std::move(table.table));
      }
    }
    if (answer.tables.empty()) return BadAnswer("there is no result");
    return answer;
  }

 private:
  static bool HasErrors(std::string_view errors) {
    return !errors.empty() && Trim(errors) != "[]" && Trim(errors) != "null";
  }

  Status Rows(const Frame& frame, ValueTable& table) {
    auto room = static_cast<size_t>(end_ - (frame.rows.data() + frame.rows.size()));
    if (frame.rows.empty()) return {};
    return DecodeRows(frame.rows, room + simdjson::SIMDJSON_PADDING, table);
  }

  const char* end_;  // of the answer; the padding follows
  std::unordered_map<int64_t, KindedTable> tables_;
  std::vector<int64_t> order_;
  bool completed_ = false;
};

// ---- v1

Status CheckStatus(const ValueTable& table, Answer& answer) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    Value severity = CellOf(table, row, "Severity");
    if (!IsNull(severity) && NumberOf(severity) <= kLevelError) {
      return Stop("the request failed in part: " +
                      ShortMessage(TextOf(CellOf(table, row, "StatusDescription"))),
                  "QueryStatus");
    }
    answer.client_request_id = TextOf(CellOf(table, row, "ClientActivityId"));
    answer.activity_id = TextOf(CellOf(table, row, "ActivityId"));
  }
  return {};
}

void ReadV1Properties(const ValueTable& table, Answer& answer) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    auto json = ParseJson(TextOf(CellOf(table, row, "Value")));
    if (!json || !json->is_object()) continue;
    for (auto& [key, value] : json->items()) {
      answer.properties[key] = value.is_string() ? value.get<std::string>() : DumpJson(value);
    }
  }
}

bool IsStatusTable(const ValueTable& table) {
  return table.Find("Severity") && table.Find("StatusDescription") && table.Find("StatusCode");
}

// ≤ 2 tables: the result and its properties; more: the last one says what each is.
Result<Answer> SortV1Tables(std::vector<ValueTable> tables) {
  Answer answer;
  if (tables.empty()) return BadAnswer("there is no table");
  if (tables.size() <= 2) {
    if (tables.size() == 2) ReadV1Properties(tables[1], answer);
    answer.tables.push_back(std::move(tables[0]));
    return answer;
  }
  ValueTable contents = std::move(tables.back());
  tables.pop_back();
  for (size_t row = 0; row < contents.rows.size(); ++row) {
    std::string kind = TextOf(CellOf(contents, row, "Kind"));
    auto ordinal = static_cast<size_t>(NumberOf(CellOf(contents, row, "Ordinal")));
    if (ordinal >= tables.size()) return BadAnswer("the table of contents is wrong");
    ValueTable& table = tables[ordinal];
    if (kind == "QueryStatus" || IsStatusTable(table)) {
      KC_TRY(CheckStatus(table, answer));
    } else if (kind == "QueryProperties") {
      ReadV1Properties(table, answer);
    } else if (kind == "QueryResult") {
      std::string name = TextOf(CellOf(contents, row, "Name"));
      if (!name.empty()) table.name = name;
      answer.tables.push_back(std::move(table));
    }
  }
  if (answer.tables.empty()) return BadAnswer("there is no result");
  return answer;
}

bool IsEmptyArray(std::string_view raw) {
  return raw.empty() || Trim(raw) == "[]" || Trim(raw) == "null";
}

}  // namespace

namespace {

// Where JSON of another form is expected: an error's text or body.
Error TextInstead(std::string_view body) {
  Error error = ReadErrorBody(body);
  if (error.reason.empty()) error.reason = "BadAnswer";
  return error;
}

}  // namespace

Result<Answer> DecodeV2(std::string_view body) {
  std::string_view trimmed = Trim(body);
  // A text instead of frames is an error's text.
  if (trimmed.empty()) return BadAnswer("it is empty");
  if (trimmed.front() != '[') return Fail(TextInstead(body));
  simdjson::padded_string padded(body);
  od::parser parser;
  od::document document;
  KC_JSON(parser.iterate(padded).get(document), "the answer");
  od::array frames;
  KC_JSON(document.get_array().get(frames), "the answer");
  V2Decoder decoder(std::string_view(padded.data(), padded.size()));
  for (auto element : frames) {
    od::object object;
    KC_JSON(element.get_object().get(object), "a frame");
    KC_ASSIGN(Frame frame, ReadFrame(object));
    KC_TRY(decoder.Take(frame));
  }
  if (document.current_location().error() == simdjson::SUCCESS)
    return BadAnswer("text after the frames");
  return decoder.End();
}

Result<Answer> DecodeV1(std::string_view body) {
  std::string_view trimmed = Trim(body);
  if (trimmed.empty()) return BadAnswer("it is empty");
  if (trimmed.front() != '{') return Fail(TextInstead(body));
  simdjson::padded_string padded(body);
  std::string_view whole(padded.data(), padded.size());
  od::parser parser;
  od::document document;
  KC_JSON(parser.iterate(padded).get(document), "the answer");
  od::object root;
  KC_JSON(document.get_object().get(root), "the answer");
  std::vector<ValueTable> tables;
  std::optional<Error> failed;
  bool has_tables = false;
  for (auto member : root) {
    od::field field;
    KC_JSON(std::move(member).get(field), "the answer");
    std::string_view view;
    KC_JSON(field.unescaped_key().get(view), "the answer");
    std::string key(view);
    if (key == "Exceptions") {
      std::string_view raw;
      KC_JSON(simdjson::to_json_string(field.value()).get(raw), "Exceptions");
      if (!IsEmptyArray(raw)) failed = ReadErrorBody("{\"Exceptions\":" + std::string(raw) + "}");
    }
    if (key == "error") return Fail(ReadErrorBody(body));
    if (key != "Tables") continue;
    has_tables = true;
    od::array array;
    KC_JSON(field.value().get_array().get(array), "Tables");
    for (auto element : array) {
      od::object object;
      KC_JSON(element.get_object().get(object), "a table");
      KC_ASSIGN(Frame frame, ReadFrame(object));
      ValueTable table;
      table.name = frame.name;
      KC_TRY(DecodeColumns(frame.columns, table.columns));
      auto room = static_cast<size_t>(whole.data() + whole.size() - frame.rows.data()) -
                  frame.rows.size() + simdjson::SIMDJSON_PADDING;
      if (!frame.rows.empty()) {
        Status rows = DecodeRows(frame.rows, room, table);
        // {"Exceptions": […]} among the rows.
        if (!rows) return Fail(std::move(rows).error());
      }
      if (!IsEmptyArray(frame.exceptions))
        failed = ReadErrorBody("{\"Exceptions\":" + std::string(frame.exceptions) + "}");
      tables.push_back(std::move(table));
    }
  }
  if (failed) return Fail(*failed);
  if (!has_tables) return BadAnswer("it has no Tables");
  return SortV1Tables(std::move(tables));
}

namespace {

const Value& At(const ValueTable& table, size_t row, std::string_view column) {
  auto index = table.Find(column);
  KC_ASSERT(index.has_value());
  KC_ASSERT(row < table.rows.size());
  return table.rows[row][*index];
}

}  // namespace

int64_t GetInt(const ValueTable& table, size_t row, std::string_view column) {
  return NumberOf(At(table, row, column));
}

double GetReal(const ValueTable& table, size_t row, std::string_view column) {
  const Value& value = At(table, row, column);
  if (auto real = std::get_if<double>(&value)) return *real;
  return static_cast<double>(NumberOf(value));
}

std::string GetText(const ValueTable& table, size_t row, std::string_view column) {
  return TextOf(At(table, row, column));
}

Status Require(const ValueTable& table, const std::vector<std::string_view>& columns) {
  for (std::string_view column : columns) {
    if (!table.Find(column)) return BadAnswer("column '" + std::string(column) + "' is missing");
  }
  return {};
}

}  // namespace kc::kusto
