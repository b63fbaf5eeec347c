// tostring(), toint() … of every type, and the way into and out of dynamic.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "base/ticks.h"
#include "engine/ticks_text.h"
#include "engine/udf/decimal128.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

std::optional<int64_t> InDateTimeRange(std::optional<int64_t> ticks) {
  if (ticks && (*ticks < 0 || *ticks > kMaxDateTimeTicks)) return std::nullopt;
  return ticks;
}

std::optional<DuckHuge> TextToGuid(std::string_view text) {
  const std::optional<std::string> canonical = NormalizeGuid(text);
  return canonical ? ParseUuid(*canonical) : std::nullopt;
}

// The leaf of a dynamic value: a number as it is, a string's content, 1 or 0 for a bool.
template <typename T, typename FromText, typename FromNumber>
std::optional<T> Leaf(std::string_view json, FromText from_text, FromNumber from_number) {
  switch (KindOf(json)) {
    case JsonKind::kString:
      return from_text(JsonUnquote(json));
    case JsonKind::kNumber:
    case JsonKind::kBool:
      return from_number(
          KindOf(json) == JsonKind::kNumber ? json : std::string_view(json[0] == 't' ? "1" : "0"));
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> NumberToLong(std::string_view number) {
  if (const auto integer = JsonToInteger(number)) return integer;
  return RealToLong(JsonToDouble(number));
}

std::optional<int64_t> DynamicToLong(std::string_view json) {
  return Leaf<int64_t>(json, TextToLong, NumberToLong);
}

std::optional<int32_t> DynamicToInt(std::string_view json) {
  return Leaf<int32_t>(json, TextToInt, [](std::string_view number) -> std::optional<int32_t> {
    if (const auto integer = JsonToInteger(number)) return static_cast<int32_t>(*integer);
    return RealToInt(JsonToDouble(number));
  });
}

void AddToString(Registrar& r) {
  r.Add("kql_tostring_bool", [](std::optional<bool> v) -> Text {
    return !v ? "" : *v ? "True" : "False";
  });
  r.Add("kql_tostring_int", [](StrOut& out, int32_t v) { AppendJsonInteger(out, v); });
  r.Add("kql_tostring_long", [](StrOut& out, int64_t v) { AppendJsonInteger(out, v); });
  r.Add("kql_tostring_real", [](StrOut& out, double v) { AppendRealText(out, v); });
  r.Add("kql_tostring_datetime", [](StrOut& out, int64_t v) {
    char buffer[kMaxTicksText];
    out.append(buffer, WriteDateTime(v, false, buffer));
  });
  r.Add("kql_tostring_timespan", [](StrOut& out, int64_t v) {
    char buffer[kMaxTicksText];
    out.append(buffer, WriteTimeSpan(v, buffer));
  });
  r.Add("kql_tostring_guid", [](StrOut& out, DuckHuge v) {
    out.resize(36);
    FormatUuid(v, out.data());
  });
  r.Add("kql_tostring_dynamic", [](StrOut& out, Dyn v) {
    switch (KindOf(v.text)) {
      case JsonKind::kString:
        AppendJsonUnquoted(out, v.text);
        break;
      case JsonKind::kNull:
        break;
      default:
        out.append(v.text);
    }
  });
}

void AddToNumbers(Registrar& r) {
  r.Add("kql_toint_string", [](Text v) { return TextToInt(v); });
  r.Add("kql_toint_real", [](double v) { return RealToInt(v); });
  r.Add("kql_toint_long", [](int64_t v) { return static_cast<int32_t>(v); });
  r.Add("kql_toint_dynamic", [](Dyn v) { return DynamicToInt(v.text); });
  r.Add("kql_tolong_string", [](Text v) { return TextToLong(v); });
  r.Add("kql_tolong_real", [](double v) { return RealToLong(v); });
  r.Add("kql_tolong_dynamic", [](Dyn v) { return DynamicToLong(v.text); });
  r.Add("kql_todouble_string", [](Text v) { return TextToReal(v); });
  r.Add("kql_todouble_dynamic", [](Dyn v) {
    return Leaf<double>(v.text, TextToReal,
                        [](std::string_view n) { return std::optional(JsonToDouble(n)); });
  });
  r.Add("kql_tobool_string", [](Text v) { return TextToBool(v); });
  r.Add("kql_tobool_dynamic", [](Dyn v) {
    // Of strings, numbers may be hexadecimal here.
    const auto from_text = [](std::string_view text) {
      if (const auto number = TextToLong(text)) return std::optional(*number != 0);
      return TextToBool(text);
    };
    return Leaf<bool>(v.text, from_text,
                      [](std::string_view n) { return std::optional(JsonToDouble(n) != 0); });
  });
}

void AddToOthers(Registrar& r) {
  r.Add("kql_todatetime_string", [](Text v) { return ParseDateTime(Trim(v)); });
  r.Add("kql_todatetime_long", [](int64_t v) { return InDateTimeRange(v); });
  r.Add("kql_todatetime_dynamic", [](Dyn v) {
    return InDateTimeRange(Leaf<int64_t>(
        v.text, [](std::string_view t) { return ParseDateTime(Trim(t)); }, NumberToLong));
  });
  r.Add("kql_totimespan_string", [](Text v) { return ParseTimeSpan(Trim(v)); });
  r.Add("kql_totimespan_dynamic", [](Dyn v) {
    return Leaf<int64_t>(
        v.text, [](std::string_view t) { return ParseTimeSpan(Trim(t)); }, NumberToLong);
  });
  r.Add("kql_toguid_string", [](Text v) { return TextToGuid(v); });
  r.Add("kql_toguid_dynamic", [](Dyn v) -> std::optional<DuckHuge> {
    if (KindOf(v.text) != JsonKind::kString) return std::nullopt;
    return TextToGuid(JsonUnquote(v.text));
  });
}

void AddToDynamic(Registrar& r) {
  r.Add("kql_todynamic_bool", [](std::optional<bool> v) -> std::optional<Text> {
    if (!v) return std::nullopt;
    return *v ? "true" : "false";
  });
  r.Add("kql_todynamic_int", [](DynOut& out, int32_t v) {
    AppendJsonInteger(out, v);
    return true;
  });
  r.Add("kql_todynamic_long", [](DynOut& out, int64_t v) {
    AppendJsonInteger(out, v);
    return true;
  });
  r.Add("kql_todynamic_real", [](DynOut& out, double v) {
    AppendJsonReal(out, v);
    return true;
  });
  r.Add("kql_todynamic_datetime", [](DynOut& out, int64_t v) {
    AppendJsonQuoted(out, FormatDateTime(v));
    return true;
  });
  r.Add("kql_todynamic_timespan", [](DynOut& out, int64_t v) {
    AppendJsonQuoted(out, FormatTimeSpan(v));
    return true;
  });
  r.Add("kql_todynamic_guid", [](DynOut& out, DuckHuge v) {
    AppendJsonQuoted(out, FormatUuid(v));
    return true;
  });
  r.Add("kql_todynamic_decimal", [](DynOut& out, Dec v) {
    AppendJsonQuoted(out, v.text);
    return true;
  });
  r.Add("kql_todynamic_string", [](DynOut& out, Text v) {
    AppendJsonQuoted(out, v);
    return true;
  });
}

void AddReadDynamic(Registrar& r) {
  // parse_json(): what isn't JSON is a string.
  r.Add("kql_parse_json", [](DynOut& out, Text v) {
    if (v.empty()) return false;
    if (!NormalizeJson(v, out)) {
      out.clear();
      AppendJsonQuoted(out, v);
    }
    return !IsJsonNull(out);
  });
  r.Add("kql_parse_json_dynamic", [](DynOut& out, Dyn v) {
    if (KindOf(v.text) != JsonKind::kString) {
      out.append(v.text);
      return true;
    }
    const std::string content = JsonUnquote(v.text);
    if (content.empty()) return false;
    if (!NormalizeJson(content, out)) {
      out.clear();
      out.append(v.text);
    }
    return !IsJsonNull(out);
  });
  r.Add("kql_gettype_dynamic", [](std::optional<Dyn> v) -> Text {
    if (!v) return "null";
    switch (KindOf(v->text)) {
      case JsonKind::kBool:
        return "bool";
      case JsonKind::kNumber:
        return JsonIsInteger(v->text) ? "long" : "double";
      case JsonKind::kString:
        return "string";
      case JsonKind::kArray:
        return "array";
      case JsonKind::kObject:
        return "dictionary";
      default:
        return "null";
    }
  });
  r.Add("kql_dynamic_to_json", [](StrOut& out, Dyn v) { AppendSortedJson(out, v.text); });
  r.Add("kql_member",
        [](Dyn v, Text key) -> std::optional<Text> { return JsonMember(v.text, key); });
  r.Add("kql_index",
        [](Dyn v, int64_t index) -> std::optional<Text> { return JsonIndex(v.text, index); });
}

}  // namespace

void AddConversions(Registrar& r) {
  AddToString(r);
  AddToNumbers(r);
  AddToOthers(r);
  AddToDynamic(r);
  AddReadDynamic(r);
}

}  // namespace kc::engine::udf
