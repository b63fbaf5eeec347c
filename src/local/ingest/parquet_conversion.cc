#include <fmt/format.h>

#include "engine/duck.h"
#include "local/ingest/parquet_loader.h"

namespace kc::local {
namespace {

// What a DuckDB type is to Kusto's table of conversions.
enum class Family {
  kInteger,
  kUint64,
  kFloat,
  kBool,
  kDecimal,
  kTime,
  kString,
  kUuid,
  kJson,
  kNested,
  kOther
};

Family FamilyOf(const std::string& type) {
  if (type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP")) {
    return Family::kNested;
  }
  if (type == "UBIGINT") return Family::kUint64;
  if (type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER") return Family::kInteger;
  if (type == "FLOAT" || type == "DOUBLE") return Family::kFloat;
  if (type == "BOOLEAN") return Family::kBool;
  if (type.starts_with("DECIMAL")) return Family::kDecimal;
  if (type.starts_with("TIMESTAMP") || type == "DATE") return Family::kTime;
  if (type == "VARCHAR" || type == "BLOB" || type.starts_with("ENUM")) return Family::kString;
  if (type == "UUID") return Family::kUuid;
  if (type == "JSON") return Family::kJson;
  return Family::kOther;
}

std::string FromInteger(const std::string& v, Family family, ScalarType to) {
  switch (to) {
    case ScalarType::kBool:
      return fmt::format("({} <> 0)", v);
    case ScalarType::kInt:
      return fmt::format("TRY_CAST({} AS INTEGER)", v);
    case ScalarType::kLong:
      return fmt::format("TRY_CAST({} AS BIGINT)", v);
    case ScalarType::kReal:
      return family == Family::kUint64 ? "" : fmt::format("CAST({} AS DOUBLE)", v);
    case ScalarType::kDecimal:
      return fmt::format("CAST({} AS VARCHAR)", v);
    case ScalarType::kString:
      return fmt::format("CAST({} AS VARCHAR)", v);
    default:
      return "";
  }
}

std::string FromFloat(const std::string& v, ScalarType to) {
  switch (to) {
    case ScalarType::kBool:
      return fmt::format("({} <> 0)", v);
    case ScalarType::kInt:
      return fmt::format("TRY_CAST(trunc({}) AS INTEGER)", v);
    case ScalarType::kLong:
      return fmt::format("TRY_CAST(trunc({}) AS BIGINT)", v);
    case ScalarType::kReal:
      return fmt::format("CAST({} AS DOUBLE)", v);
    case ScalarType::kDecimal:
      return fmt::format("kql_todecimal_real(CAST({} AS DOUBLE))", v);
    case ScalarType::kString:
      return fmt::format("kql_tostring_real(CAST({} AS DOUBLE))", v);
    default:
      return "";
  }
}

std::string FromDecimal(const std::string& v, bool in_bytes, ScalarType to) {
  switch (to) {
    case ScalarType::kBool:
      return in_bytes ? "" : fmt::format("({} <> 0)", v);
    case ScalarType::kInt:
      return in_bytes ? "" : fmt::format("TRY_CAST(trunc({}) AS INTEGER)", v);
    case ScalarType::kLong:
      return fmt::format("TRY_CAST(trunc({}) AS BIGINT)", v);
    case ScalarType::kReal:
      return fmt::format("CAST({} AS DOUBLE)", v);
    case ScalarType::kDecimal:
    case ScalarType::kString:
      return fmt::format("kql_todecimal_string(CAST({} AS VARCHAR))", v);
    default:
      return "";
  }
}

// Values beyond the years 1 … 9999 are null.
std::string FromTime(const std::string& v, const std::string& type, ScalarType to) {
  std::string ticks;
  if (type == "TIMESTAMP_NS") {
    ticks = fmt::format("(epoch_ns({}) // 100 + 621355968000000000)", v);
  } else {
    ticks = fmt::format(
        "(CASE WHEN {0} >= '0001-01-01' AND {0} < '10000-01-01' THEN "
        "epoch_us({0}) * 10 + 621355968000000000 END)",
        type == "DATE" || type == "TIMESTAMP" ? v : "CAST(" + v + " AS TIMESTAMP)");
  }
  if (to == ScalarType::kDateTime) return ticks;
  if (to == ScalarType::kString) return fmt::format("kql_tostring_datetime({})", ticks);
  return "";
}

std::string FromString(const std::string& value, const std::string& type,
                       const TargetColumn& target) {
  std::string v = value;
  if (type == "BLOB") {
    // Text of writers that don't say so; what isn't text is shown escaped.
    v = fmt::format("coalesce(TRY(decode({0})), CAST({0} AS VARCHAR))", value);
  } else if (type != "VARCHAR") {
    v = fmt::format("CAST({} AS VARCHAR)", value);
  }
  switch (target.schema.type) {
    case ScalarType::kInt:
      return fmt::format("kql_toint_string({})", v);
    case ScalarType::kLong:
      return fmt::format("kql_tolong_string({})", v);
    case ScalarType::kReal:
      return fmt::format("kql_todouble_string({})", v);
    case ScalarType::kDecimal:
      return fmt::format("kql_todecimal_string({})", v);
    case ScalarType::kString:
      return fmt::format(
          "(CASE WHEN strlen({0}) <= {1} THEN {0} ELSE kql_ingest_cut({0}, {1}) END)", v,
          target.max_value_bytes);
    case ScalarType::kDynamic:
      return fmt::format("kql_ingest_dynamic({}, {})", v, target.max_value_bytes);
    default:
      return "";
  }
}

std::string ToText(const std::string& text, const TargetColumn& target, bool to_string) {
  if (target.schema.type == ScalarType::kDynamic) {
    return fmt::format("kql_ingest_dynamic(CAST({} AS VARCHAR), {})", text, target.max_value_bytes);
  }
  if (to_string && target.schema.type == ScalarType::kString) {
    return fmt::format("CAST({} AS VARCHAR)", text);
  }
  return "";
}

}  // namespace

std::string ParquetConversion(const std::string& value, const std::string& type,
                              bool decimal_in_bytes, const TargetColumn& target) {
  ScalarType to = target.schema.type;
  Family family = FamilyOf(type);
  switch (family) {
    case Family::kInteger:
    case Family::kUint64:
      return FromInteger(value, family, to);
    case Family::kFloat:
      return FromFloat(value, to);
    case Family::kBool:
      if (to == ScalarType::kBool) return value;
      if (to == ScalarType::kString) return fmt::format("CAST({} AS VARCHAR)", value);
      if (to == ScalarType::kDecimal) {
        return fmt::format("CAST(CAST({} AS INTEGER) AS VARCHAR)", value);
      }
      return "";
    case Family::kDecimal:
      return FromDecimal(value, decimal_in_bytes, to);
    case Family::kTime:
      return FromTime(value, type, to);
    case Family::kString:
      return FromString(value, type, target);
    case Family::kUuid:
      if (to == ScalarType::kGuid) return value;
      return to == ScalarType::kString ? fmt::format("CAST({} AS VARCHAR)", value) : "";
    case Family::kJson:
      return ToText(value, target, true);
    case Family::kNested:
      return ToText(fmt::format("to_json({})", value), target, false);
    case Family::kOther:
      return "";
  }
  return "";
}

std::string KeptParquet(const std::string& type, const TargetColumn& target) {
  switch (target.schema.type) {
    case ScalarType::kString:
    case ScalarType::kDynamic:
      if (type != "VARCHAR") return "";
      return fmt::format("{}{}", target.schema.type == ScalarType::kString ? 's' : 'y',
                         target.max_value_bytes);
    case ScalarType::kBool:
    case ScalarType::kInt:
    case ScalarType::kLong:
    case ScalarType::kReal:
    case ScalarType::kGuid:
      return type == engine::SqlType(target.schema.type) ? "x0" : "";
    default:
      // Times and decimals have forms of their own.
      return "";
  }
}

}  // namespace kc::local
