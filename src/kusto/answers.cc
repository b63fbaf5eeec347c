#include "kusto/answers.h"

#include <simdjson.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/error_model.h"

namespace kc::kusto {
namespace {

namespace od = simdjson::ondemand;

constexpr int kLevelError = 2;

tl::unexpected<Error> BadAnswer(const std::string& what) {
  return Stop("the cluster's answer cannot be read: " + what, "BadAnswer");
}

tl::unexpected<Error> BadJson(simdjson::error_code code, const std::string& where) {
  return BadAnswer(where + ": " + simdjson::error_message(code));
}

#define KC_JSON(expression, where)                                      \
  do {                                                                  \
    simdjson::error_code kc_code = (expression);                        \
    if (kc_code != simdjson::SUCCESS) return BadJson(kc_code, (where)); \
  } while (false)

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

// ---- one cell

Result<Value> FromText(ScalarType type, std::string text) {
  switch (type) {
    case ScalarType::kString:
    case ScalarType::kDecimal:
      return Value(std::move(text));
    case ScalarType::kDynamic:
      return Value(JsonString(text));
    case ScalarType::kDateTime:
      if (auto ticks = ParseDateTime(text)) return Value(*ticks);
      break;
    case ScalarType::kTimeSpan:
      if (auto ticks = ParseTimeSpan(text)) return Value(*ticks);
      break;
    case ScalarType::kGuid:
      if (auto guid = NormalizeGuid(text)) return Value(*guid);
      break;
    case ScalarType::kReal:
      if (text == "NaN") return Value(std::numeric_limits<double>::quiet_NaN());
      if (text == "Infinity") return Value(std::numeric_limits<double>::infinity());
      if (text == "-Infinity") return Value(-std::numeric_limits<double>::infinity());
      if (auto real = ParseDouble(text)) return Value(*real);
      break;
    case ScalarType::kInt:
    case ScalarType::kLong:
      if (auto number = ParseInt64(text)) return Value(*number);
      break;
    case ScalarType::kBool:
      if (EqualsIgnoreCase(text, "true") || text == "1") return Value(true);
      if (EqualsIgnoreCase(text, "false") || text == "0") return Value(false);
      break;
  }
  if (text.empty()) return Value();
  return BadAnswer("'" + text.substr(0, 60) + "' is no " + std::string(KustoName(type)));
}

// `token`: the number as it stands in the answer.
Result<Value> FromNumber(ScalarType type, std::string_view token) {
  switch (type) {
    case ScalarType::kInt:
    case ScalarType::kLong:
      if (auto number = ParseInt64(token)) return Value(*number);
      break;
    case ScalarType::kReal:
      if (auto real = ParseDouble(token)) return Value(*real);
      break;
    case ScalarType::kBool:
      return Value(token != "0");
    case ScalarType::kDecimal:
    case ScalarType::kDynamic:
    case ScalarType::kString:
      return Value(std::string(token));
    case ScalarType::kDateTime:
    case ScalarType::kTimeSpan:
      if (auto ticks = ParseInt64(token)) return Value(*ticks);
      break;
    case ScalarType::kGuid:
      break;
  }
  return BadAnswer(std::string(token.substr(0, 60)) + " is no " + std::string(KustoName(type)));
}

Result<Value> DecodeCell(od::value cell, ScalarType type) {
  od::json_type kind{};
  KC_JSON(cell.type().get(kind), "a value");
  switch (kind) {
    case od::json_type::null: {
      bool null = false;
      KC_JSON(cell.is_null().get(null), "a null");
      if (type == ScalarType::kString) return Value(std::string());
      return Value();
    }
    case od::json_type::boolean: {
      bool flag = false;
      KC_JSON(cell.get_bool().get(flag), "a bool");
      if (type == ScalarType::kBool) return Value(flag);
      if (type == ScalarType::kInt || type == ScalarType::kLong) return Value(int64_t{flag});
      return Value(std::string(flag ? "true" : "false"));
    }
    case od::json_type::number: {
      std::string_view token = Trim(cell.raw_json_token());
      return FromNumber(type, token);
    }
    case od::json_type::string: {
      std::string_view text;
      KC_JSON(cell.get_string().get(text), "a string");
      return FromText(type, std::string(text));
    }
    default: {
      std::string_view raw;
      KC_JSON(simdjson::to_json_string(cell).get(raw), "a dynamic");
      if (type == ScalarType::kDynamic || type == ScalarType::kString) {
        return Value(std::string(Trim(raw)));
      }
      return BadAnswer("an object where a " + std::string(KustoName(type)) + " is expected");
    }
  }
}

// ---- rows: [[…], …], with error objects among them

// The text lies inside a buffer with room after it.
Status DecodeRows(std::string_view rows, size_t room, ValueTable& table) {
  if (rows.empty()) return {};
  od::parser parser;
  od::document document;
  KC_JSON(parser.iterate(simdjson::padded_string_view(rows, rows.size() + room)).get(document),
          "rows");
  od::array array;
  KC_JSON(document.get_array().get(array), "rows");
  for (auto element : array) {
    od::value row;
    KC_JSON(element.get(row), "a row");
    od::json_type kind{};
    KC_JSON(row.type().get(kind), "a row");
    if (kind == od::json_type::object) {
      std::string_view raw;
      KC_JSON(simdjson::to_json_string(row).get(raw), "an error");
      return Fail(ReadErrorBody(raw));
    }
    od::array cells;
    KC_JSON(row.get_array().get(cells), "a row");
    std::vector<Value> values;
    values.reserve(table.columns.size());
    for (auto item : cells) {
      od::value cell;
      KC_JSON(item.get(cell), "a value");
      if (values.size() == table.columns.size()) return BadAnswer("a row is too long");
      KC_ASSIGN(Value value, DecodeCell(cell, table.columns[values.size()].type));
      values.push_back(std::move(value));
    }
    if (values.size() != table.columns.size()) return BadAnswer("a row is too short");
    table.rows.push_back(std::move(values));
  }
  if (document.current_location().error() == simdjson::SUCCESS)
    return BadAnswer("text after the rows");
  return {};
}

Status DecodeColumns(std::string_view text, std::vector<ColumnSchema>& out) {
  KC_ASSIGN(Json json, ParseJson(text));
  if (!json.is_array()) return BadAnswer("columns are no array");
  for (const Json& column : json) {
    if (!column.is_object()) return BadAnswer("a column is no object");
    std::string name = column.value("ColumnName", "");
    std::string type = column.contains("ColumnType") && column["ColumnType"].is_string()
                           ? column["ColumnType"].get<std::string>()
                           : "";
    if (type.empty() && column.contains("DataType") && column["DataType"].is_string()) {
      type = column["DataType"].get<std::string>();
    }
    auto parsed = ParseScalarType(type);
    if (!parsed) return BadAnswer("column '" + name + "' has the unknown type '" + type + "'");
    out.push_back({std::move(name), *parsed});
  }
  return {};
}

// The members of one frame or table; views point into the answer.
struct Frame {
  std::string type, kind, name, fragment_type;
  std::string_view columns, rows, errors, exceptions;
  int64_t table_id = -1;
  bool has_errors = false;
  bool cancelled = false;
};

Status ReadMember(std::string_view key, od::value value, Frame& frame) {
  auto text = [&](std::string& out) -> Status {
    bool null = false;
    if (value.is_null().get(null) == simdjson::SUCCESS && null) return {};
    std::string_view view;
    KC_JSON(value.get_string().get(view), "a frame");
    out = view;
    return {};
  };
  auto raw = [&](std::string_view& out) -> Status {
    KC_JSON(simdjson::to_json_string(value).get(out), "a frame");
    return {};
  };
  if (key == "FrameType") return text(frame.type);
  if (key == "TableKind") return text(frame.kind);
  if (key == "TableName") return text(frame.name);
  if (key == "TableFragmentType") return text(frame.fragment_type);
  if (key == "Columns") return raw(frame.columns);
  if (key == "Rows") return raw(frame.rows);
  if (key == "OneApiErrors") return raw(frame.errors);
  if (key == "Exceptions") return raw(frame.exceptions);
  if (key == "TableId") KC_JSON(value.get_int64().get(frame.table_id), "TableId");
  if (key == "HasErrors") KC_JSON(value.get_bool().get(frame.has_errors), "HasErrors");
  if (key == "Cancelled") KC_JSON(value.get_bool().get(frame.cancelled), "Cancelled");
  return {};
}

Result<Frame> ReadFrame(od::object object) {
  Frame frame;
  for (auto member : object) {
    od::field field;
    KC_JSON(std::move(member).get(field), "a frame");
    std::string_view key;
    KC_JSON(field.unescaped_key().get(key), "a frame");
    std::string name(key);  // the buffer of unescaped text is used again
    KC_TRY(ReadMember(name, field.value(), frame));
  }
  return frame;
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

Error ReadExceptions(std::string_view raw) {
  auto json = ParseJson(raw);
  std::string text(raw);
  if (json && json->is_array() && !json->empty() && json->front().is_string()) {
    text = json->front().get<std::string>();
  }
  return {ErrorCode::kStop, ShortMessage(text), "Exceptions"};
}

bool IsEmptyArray(std::string_view raw) {
  return raw.empty() || Trim(raw) == "[]" || Trim(raw) == "null";
}

}  // namespace

Result<Answer> DecodeV2(std::string_view body) {
  std::string_view trimmed = Trim(body);
  // A text instead of frames is an error's text.
  if (trimmed.empty()) return BadAnswer("it is empty");
  if (trimmed.front() != '[') return Fail(ReadErrorBody(body));
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
  if (trimmed.front() != '{') return Fail(ReadErrorBody(body));
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
      if (!IsEmptyArray(raw)) failed = ReadExceptions(raw);
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
      if (!IsEmptyArray(frame.exceptions)) failed = ReadExceptions(frame.exceptions);
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
