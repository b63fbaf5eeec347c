#include "local/ingest/parquet_loader.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "engine/duck.h"
#include "engine/query_rows.h"

namespace kc::local {
namespace {

using engine::QueryRows;
using engine::SqlString;

struct FileColumn {
  std::string name;  // as the file spells it
  std::string type;  // DuckDB's
  bool decimal_in_bytes = false;
};

struct FileShape {
  std::vector<FileColumn> columns;
  int64_t rows = 0;
  int64_t bytes = 0;
};

std::string Text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : "";
}

int64_t Number(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number != nullptr ? *number : 0;
}

// The file's own names and types: DuckDB renames columns that differ only by case.
Result<FileShape> ReadShape(engine::Connection& connection, const std::string& path) {
  const std::string file = SqlString(path);
  constexpr auto kS = ScalarType::kString;
  constexpr auto kL = ScalarType::kLong;
  auto schema = QueryRows(connection,
                          "SELECT name, coalesce(type, ''), coalesce(num_children, 0)::BIGINT FROM "
                          "parquet_schema(" +
                              file + ")",
                          {kS, kS, kL});
  if (!schema || schema->empty()) {
    return Stop(
        "'" + path + "' is not a Parquet file" + (schema ? "" : ": " + schema.error().message),
        "BadRequest_InvalidBlob");
  }
  KC_ASSIGN(auto types,
            QueryRows(connection,
                      "SELECT column_type FROM (DESCRIBE SELECT * FROM read_parquet(" + file + "))",
                      {kS}));
  FileShape shape;
  size_t at = 1;
  while (at < schema->size() && shape.columns.size() < types.size()) {
    const auto& element = (*schema)[at];
    FileColumn column{Text(element[0]), Text(types[shape.columns.size()][0]), false};
    column.decimal_in_bytes = Text(element[1]).ends_with("BYTE_ARRAY");
    shape.columns.push_back(std::move(column));
    // Skip what is inside the column.
    int64_t open = 1;
    while (open > 0 && at < schema->size()) open += Number((*schema)[at++][2]) - 1;
  }
  KC_ASSIGN(
      auto totals,
      QueryRows(connection,
                "SELECT (SELECT coalesce(sum(num_rows), 0)::BIGINT FROM parquet_file_metadata(" +
                    file +
                    ")), coalesce(sum(total_uncompressed_size), 0)::BIGINT FROM "
                    "parquet_metadata(" +
                    file + ")",
                {kL, kL}));
  shape.rows = Number(totals[0][0]);
  shape.bytes = Number(totals[0][1]);
  return shape;
}

// The DuckDB type of an expression over the file; nothing if it makes no sense there.
std::optional<std::string> TypeOf(engine::Connection& connection, const std::string& from,
                                  const std::string& expression) {
  auto type = QueryRows(
      connection,
      "SELECT column_type FROM (DESCRIBE SELECT " + expression + " AS x FROM " + from + ")",
      {ScalarType::kString});
  if (!type || type->empty()) return std::nullopt;
  return Text((*type)[0][0]);
}

class SelectBuilder {
 public:
  SelectBuilder(engine::Connection& connection, const std::string& path, const FileShape& shape)
      : connection_(connection), shape_(shape) {
    from_ = "read_parquet(" + SqlString(path) + ") AS k(";
    for (size_t i = 0; i < shape.columns.size(); ++i) from_ += (i ? ",k" : "k") + std::to_string(i);
    from_ += ")";
  }
  const std::string& from() const { return from_; }

  Result<ParquetCell> Cell(const TargetColumn& target, const CellSource& source) const {
    ParquetCell cell;
    KC_ASSIGN(cell.sql, Expression(target, source));
    if (source.kind != CellSource::Kind::kPath || source.path.size() != 1 || source.path[0].index ||
        source.transform != Transform::kNone) {
      return cell;
    }
    const size_t index = Find(source.path[0].name);
    if (index == shape_.columns.size()) return cell;
    cell.rule = KeptParquet(shape_.columns[index].type, target);
    if (!cell.rule.empty()) cell.same_as = static_cast<int>(index);
    return cell;
  }

 private:
  Result<std::string> Expression(const TargetColumn& target, const CellSource& source) const {
    std::string sql;
    if (source.transform == Transform::kSourceLocation ||
        source.transform == Transform::kSourceLineNumber ||
        source.transform == Transform::kDropMappedFields ||
        source.transform == Transform::kBagArrayToDictionary) {
      return Stop("This mapping transformation is not supported for Parquet",
                  "BadRequest_InvalidMapping");
    }
    if (source.kind == CellSource::Kind::kConstant) {
      sql = ParquetConversion(SqlString(source.constant), "VARCHAR", false, target);
      // Constants are texts of any type, not values of a Parquet string column.
      if (sql.empty()) sql = Constant(source.constant, target.schema.type);
    } else if (source.kind == CellSource::Kind::kPath) {
      sql = Path(target, source);
    }
    return Typed(std::move(sql), target.schema.type);
  }

  static std::string Constant(const std::string& text, ScalarType type) {
    if (type == ScalarType::kBool) return "kql_tobool_string(" + SqlString(text) + ")";
    if (type == ScalarType::kDateTime) return "kql_todatetime_string(" + SqlString(text) + ")";
    if (type == ScalarType::kTimeSpan) return "kql_totimespan_string(" + SqlString(text) + ")";
    return "kql_toguid_string(" + SqlString(text) + ")";
  }

  static std::string Typed(std::string sql, ScalarType type) {
    std::string name(engine::SqlType(type));
    if (sql.empty()) sql = "NULL";
    if (type == ScalarType::kString) return "coalesce(CAST(" + sql + " AS VARCHAR), '')";
    return "CAST(" + sql + " AS " + name + ")";
  }

  // The file's column of that name; their number if there is none.
  size_t Find(const std::string& name) const {
    size_t index = 0;
    while (index < shape_.columns.size() && shape_.columns[index].name != name) ++index;
    return index;
  }

  std::string Path(const TargetColumn& target, const CellSource& source) const {
    if (source.path.empty()) {
      return ParquetConversion(WholeRecord(), "STRUCT", false, target);
    }
    const size_t index = Find(source.path[0].name);
    if (index == shape_.columns.size() || source.path[0].index) return "";
    const FileColumn& column = shape_.columns[index];
    std::string value = "k" + std::to_string(index);
    std::string type = column.type;
    if (source.path.size() > 1) {
      for (size_t i = 1; i < source.path.size(); ++i) value = Step(value, source.path[i]);
      auto inner = TypeOf(connection_, from_, value);
      if (!inner) return "";
      type = *inner;
    }
    return Transformed(value, type, column.decimal_in_bytes, target, source.transform);
  }

  static std::string Step(const std::string& value, const PathStep& step) {
    if (!step.index) return "struct_extract(" + value + ", " + SqlString(step.name) + ")";
    int64_t index = *step.index < 0 ? *step.index : *step.index + 1;
    return "list_extract(" + value + ", " + std::to_string(index) + ")";
  }

  static std::string Transformed(const std::string& value, const std::string& type, bool in_bytes,
                                 const TargetColumn& target, Transform transform) {
    const char* factor = nullptr;
    if (transform == Transform::kFromUnixSeconds) factor = "* 10000000";
    if (transform == Transform::kFromUnixMilliseconds) factor = "* 10000";
    if (transform == Transform::kFromUnixMicroseconds) factor = "* 10";
    if (transform == Transform::kFromUnixNanoseconds) factor = "// 100";
    if (transform == Transform::kFromUnixNanoseconds && type == "BIGINT" &&
        target.schema.type == ScalarType::kDateTime) {
      // All of them lie within the years of a datetime.
      return fmt::format("({} // 100 + 621355968000000000)", value);
    }
    if (factor != nullptr && target.schema.type == ScalarType::kDateTime && type.ends_with("INT")) {
      return fmt::format(
          "kql_todatetime_long(TRY_CAST(CAST({} AS HUGEINT) {} + 621355968000000000 AS BIGINT))",
          value, factor);
    }
    if (transform == Transform::kBytesAsBase64 && type == "BLOB") {
      return ParquetConversion("base64(" + value + ")", "VARCHAR", false, target);
    }
    return ParquetConversion(value, type, in_bytes, target);
  }

  std::string WholeRecord() const {
    std::string sql = "struct_pack(";
    std::set<std::string> seen;
    for (size_t i = 0; i < shape_.columns.size(); ++i) {
      if (!seen.insert(ToLowerAscii(shape_.columns[i].name)).second) continue;
      sql +=
          (i ? ", " : "") + engine::SqlName(shape_.columns[i].name) + " := k" + std::to_string(i);
    }
    return sql + ")";
  }

  engine::Connection& connection_;
  const FileShape& shape_;
  std::string from_;
};

}  // namespace

Result<ParquetSelect> SelectParquet(engine::Engine& engine, const std::string& path,
                                    const std::vector<Column>& columns,
                                    const std::vector<TargetColumn>& target,
                                    const std::vector<CellSource>& sources) {
  KC_ASSIGN(auto connection, engine.database().Connect());
  KC_ASSIGN(FileShape shape, ReadShape(connection, path));
  SelectBuilder builder(connection, path, shape);
  ParquetSelect out;
  out.rows = shape.rows;
  out.original_bytes = shape.bytes;
  out.sql = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    KC_ASSIGN(ParquetCell cell, builder.Cell(target[i], sources[i]));
    out.sql += (i ? ", " : "") + cell.sql + " AS " + FileColumnName(columns[i].id);
    out.cells.push_back(std::move(cell));
  }
  out.from = builder.from();
  out.sql += " FROM " + out.from;
  return out;
}

}  // namespace kc::local
