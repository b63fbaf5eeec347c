#include "kusto/answer_parts.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/error_model.h"

namespace kc::kusto {

namespace od = simdjson::ondemand;

tl::unexpected<Error> BadAnswer(const std::string& what) {
  return Stop("the cluster's answer cannot be read: " + what, "BadAnswer");
}

tl::unexpected<Error> BadJson(simdjson::error_code code, const std::string& where) {
  return BadAnswer(where + ": " + simdjson::error_message(code));
}

namespace {

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

}  // namespace

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
    // A type that we don't know is kept as the JSON that came: nothing is lost.
    out.push_back({std::move(name), ParseScalarType(type).value_or(ScalarType::kDynamic)});
  }
  return {};
}

namespace {

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

}  // namespace

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

}  // namespace kc::kusto
