#include "local/ingest/mapping.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace kc::local {
namespace {

constexpr std::string_view kInvalid = "BadRequest_InvalidMapping";

tl::unexpected<Error> Invalid(const std::string& why) {
  return Stop("Invalid ingestion mapping: " + why, std::string(kInvalid));
}

struct TransformName {
  std::string_view name;
  Transform transform;
};
constexpr TransformName kTransforms[] = {
    {"None", Transform::kNone},
    {"SourceLocation", Transform::kSourceLocation},
    {"SourceLineNumber", Transform::kSourceLineNumber},
    {"PropertyBagArrayToDictionary", Transform::kBagArrayToDictionary},
    {"DateTimeFromUnixSeconds", Transform::kFromUnixSeconds},
    {"DateTimeFromUnixMilliseconds", Transform::kFromUnixMilliseconds},
    {"DateTimeFromUnixMicroseconds", Transform::kFromUnixMicroseconds},
    {"DateTimeFromUnixNanoseconds", Transform::kFromUnixNanoseconds},
    {"DropMappedFields", Transform::kDropMappedFields},
    {"BytesAsBase64", Transform::kBytesAsBase64},
};

// The member of that name, compared without case; null if absent or null.
const Json* Member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (EqualsIgnoreCase(it.key(), name) && !it->is_null()) return &*it;
  }
  return nullptr;
}

// A member as text: numbers are common where texts are expected ("Ordinal": "1" and 1).
std::string TextOf(const Json& object, std::string_view name) {
  const Json* member = Member(object, name);
  if (member == nullptr) return "";
  return member->is_string() ? member->get<std::string>() : member->dump();
}

Status ReadTransform(const Json& properties, CellSource* source) {
  std::string name = TextOf(properties, "Transform");
  if (name.empty()) return {};
  for (const TransformName& known : kTransforms) {
    if (EqualsIgnoreCase(known.name, name)) {
      source->transform = known.transform;
      return {};
    }
  }
  return Invalid("unknown transform '" + name + "'");
}

Status ReadSource(const Json& properties, DataFormat format, CellSource* source) {
  KC_TRY(ReadTransform(properties, source));
  std::string ordinal = TextOf(properties, "Ordinal");
  std::string path = TextOf(properties, "Path");
  std::string field = TextOf(properties, "Field");
  const Json* constant = Member(properties, "ConstValue");
  if (constant != nullptr) {
    source->kind = CellSource::Kind::kConstant;
    source->constant = TextOf(properties, "ConstValue");
    return {};
  }
  if (!ordinal.empty() && IsDelimited(format)) {
    auto number = ParseInt64(ordinal);
    if (!number || *number < 0 || *number > 10'000) return Invalid("ordinal '" + ordinal + "'");
    source->kind = CellSource::Kind::kOrdinal;
    source->ordinal = static_cast<int>(*number);
    return {};
  }
  if (!field.empty() && !path.empty()) return Invalid("Field and Path exclude each other");
  if (!field.empty()) {
    source->kind = CellSource::Kind::kPath;
    source->path = {PathStep{field, std::nullopt}};
  } else if (!path.empty() && path.front() != '$') {
    source->kind = CellSource::Kind::kConstant;
    source->constant = path;
  } else if (!path.empty()) {
    auto steps = ParseJsonPath(path);
    if (!steps) return Invalid("path '" + path + "'");
    source->kind = CellSource::Kind::kPath;
    source->path = *std::move(steps);
  }
  return {};
}

Result<MappedColumn> ReadElement(const Json& element, DataFormat format) {
  if (!element.is_object()) return Invalid("its elements must be objects");
  MappedColumn mapped;
  mapped.column = TextOf(element, "Column");
  if (mapped.column.empty()) mapped.column = TextOf(element, "Name");
  if (mapped.column.empty()) return Invalid("an element names no column");
  std::string type = TextOf(element, "DataType");
  if (!type.empty()) {
    mapped.type = ParseScalarType(type);
    if (!mapped.type) return Invalid("unknown type '" + type + "'");
  }
  const Json* properties = Member(element, "Properties");
  KC_TRY(ReadSource(properties != nullptr ? *properties : element, format, &mapped.source));
  return mapped;
}

// One step of a path, from text[i]; false if it is malformed.
bool ReadStep(std::string_view path, size_t* i, std::vector<PathStep>* steps) {
  if (path[*i] == '.') {
    size_t end = std::min(path.find_first_of(".[", *i + 1), path.size());
    if (end == *i + 1) {  // "$.['a b']"
      if (end < path.size() && path[end] == '[') return ++*i, true;
      return false;
    }
    steps->push_back({std::string(path.substr(*i + 1, end - *i - 1)), std::nullopt});
    *i = end;
    return steps->back().name != "*";
  }
  if (path[*i] != '[' || *i + 1 >= path.size()) return false;
  char quote = path[*i + 1];
  if (quote != '\'' && quote != '"') {
    size_t end = path.find(']', *i);
    if (end == std::string_view::npos) return false;
    auto index = ParseInt64(path.substr(*i + 1, end - *i - 1));
    if (!index) return false;
    steps->push_back({"", index});
    *i = end + 1;
    return true;
  }
  std::string name;
  for (size_t p = *i + 2; p + 1 < path.size(); ++p) {
    if (path[p] == quote && path[p + 1] == ']') {
      steps->push_back({name, std::nullopt});
      *i = p + 2;
      return true;
    }
    if (path[p] == '\\') ++p;
    name += path[p];
  }
  return false;
}

}  // namespace

std::string_view MappingKind(DataFormat format) {
  if (format == DataFormat::kParquet) return "parquet";
  return IsDelimited(format) ? "csv" : "json";
}

std::optional<std::vector<PathStep>> ParseJsonPath(std::string_view path) {
  if (path.empty() || path[0] != '$') return std::nullopt;
  std::vector<PathStep> steps;
  size_t i = 1;
  while (i < path.size()) {
    if (!ReadStep(path, &i, &steps)) return std::nullopt;
  }
  return steps;
}

Result<std::vector<MappedColumn>> ParseMapping(std::string_view json, DataFormat format) {
  auto parsed = ParseJson(json);
  if (!parsed) return Invalid(parsed.error().message);
  if (!parsed->is_array()) return Invalid("it must be a JSON array");
  std::vector<MappedColumn> mapping;
  for (const Json& element : *parsed) {
    KC_ASSIGN(MappedColumn mapped, ReadElement(element, format));
    mapping.push_back(std::move(mapped));
  }
  if (mapping.empty()) return Invalid("it maps no column");
  return mapping;
}

Result<std::vector<CellSource>> BindMapping(const std::vector<ColumnSchema>& columns,
                                            const std::vector<MappedColumn>& mapping) {
  std::vector<CellSource> sources(columns.size());
  std::set<std::string> seen;
  for (const MappedColumn& mapped : mapping) {
    if (!seen.insert(mapped.column).second) {
      return Invalid("column '" + mapped.column + "' is mapped twice");
    }
    auto it = std::find_if(columns.begin(), columns.end(),
                           [&](const ColumnSchema& c) { return c.name == mapped.column; });
    if (it == columns.end()) {
      return Invalid("the table has no column '" + mapped.column + "'");
    }
    if (mapped.type && *mapped.type != it->type) {
      return Invalid("column '" + mapped.column + "' is of type " +
                     std::string(KustoName(it->type)) + ", the mapping says " +
                     std::string(KustoName(*mapped.type)));
    }
    sources[static_cast<size_t>(it - columns.begin())] = mapped.source;
  }
  return sources;
}

std::vector<CellSource> IdentityMapping(const std::vector<ColumnSchema>& columns,
                                        DataFormat format) {
  std::vector<CellSource> sources(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (IsDelimited(format)) {
      sources[i].kind = CellSource::Kind::kOrdinal;
      sources[i].ordinal = static_cast<int>(i);
    } else {
      sources[i].kind = CellSource::Kind::kPath;
      sources[i].path = {PathStep{columns[i].name, std::nullopt}};
    }
  }
  return sources;
}

}  // namespace kc::local
