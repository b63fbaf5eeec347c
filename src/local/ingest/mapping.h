// Ingestion mappings: which part of a record becomes which column. Values; safe from any thread.
// Source: learn.microsoft.com, "Ingestion mappings" and the pages of csv, json and parquet mapping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "local/ingest/formats.h"

namespace kc::local {

enum class Transform : uint8_t {
  kNone,
  kSourceLocation,
  kSourceLineNumber,
  kBagArrayToDictionary,  // PropertyBagArrayToDictionary
  kFromUnixSeconds,
  kFromUnixMilliseconds,
  kFromUnixMicroseconds,
  kFromUnixNanoseconds,
  kDropMappedFields,
  kBytesAsBase64,
};

// One step of a path: a property's name, or an index into an array.
struct PathStep {
  std::string name;
  std::optional<int64_t> index;
  bool operator==(const PathStep&) const = default;
};

// Where a column's value comes from.
struct CellSource {
  enum class Kind : uint8_t { kNothing, kOrdinal, kPath, kConstant };
  Kind kind = Kind::kNothing;
  int ordinal = 0;             // kOrdinal: of the record's fields, from 0
  std::vector<PathStep> path;  // kPath: no steps = the whole record
  std::string constant;        // kConstant
  Transform transform = Transform::kNone;
};

struct MappedColumn {
  std::string column;
  std::optional<ScalarType> type;  // "Datatype", if given
  CellSource source;
};

// The name of mappings for a format: "csv" for all delimited ones, "json" for json and multijson.
std::string_view MappingKind(DataFormat format);

// Today's shape ({"Column","Datatype","Properties":{…}}) and the legacy ones of csv ({"Name",
// "DataType","CsvDataType","Ordinal","ConstValue"}) and json ({"column","path","datatype",
// "transform"}); names of properties are compared without case. kStop, reason
// "BadRequest_InvalidMapping".
Result<std::vector<MappedColumn>> ParseMapping(std::string_view json, DataFormat format);

// "$.a.b[0]['c d']" → steps; "$" → none. Nothing if it is malformed or has wildcards.
std::optional<std::vector<PathStep>> ParseJsonPath(std::string_view path);

// One source per column of the table, in its order. Without a mapping: by position for delimited
// formats, by name for others. kStop, reason "BadRequest_InvalidMapping", if the mapping names a
// column that isn't there, twice, or with another type.
Result<std::vector<CellSource>> BindMapping(const std::vector<ColumnSchema>& columns,
                                            const std::vector<MappedColumn>& mapping);
std::vector<CellSource> IdentityMapping(const std::vector<ColumnSchema>& columns,
                                        DataFormat format);

}  // namespace kc::local
