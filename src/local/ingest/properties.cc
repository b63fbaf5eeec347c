#include "local/ingest/properties.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

constexpr std::string_view kMalformed = "BadRequest_MalformedIngestionProperty";
// Kusto's own limit of a table's tags is far above; more in one command is a mistake.
constexpr size_t kMaxTags = 1000;

tl::unexpected<Error> Malformed(std::string_view property, const std::string& why) {
  return Stop("Ingestion property '" + std::string(property) + "' " + why, std::string(kMalformed));
}

// A JSON array of strings, or one string.
Result<std::vector<std::string>> TextList(const Command& command, std::string_view name) {
  std::string text = command.Property(name);
  if (Trim(text).empty()) return std::vector<std::string>{};
  auto json = ParseJson(text);
  if (!json || !json->is_array()) return Malformed(name, "must be a JSON array of strings");
  std::vector<std::string> list;
  for (const Json& item : *json) {
    if (!item.is_string()) return Malformed(name, "must be a JSON array of strings");
    list.push_back(item.get<std::string>());
  }
  if (list.size() > kMaxTags) return Malformed(name, "has too many elements");
  return list;
}

Result<int64_t> CreationTime(const Command& command) {
  std::string text = command.Property("creationTime");
  if (text.empty()) return int64_t{0};
  auto ticks = ParseDateTime(Trim(text));
  if (!ticks || *ticks <= 0) return Malformed("creationTime", "is no datetime: '" + text + "'");
  return *ticks;
}

// A number, or one of the names that .NET's serializer writes.
Result<int> EnumValue(const Json& policy, std::string_view name, int otherwise,
                      const std::vector<std::string_view>& names) {
  for (auto it = policy.begin(); it != policy.end(); ++it) {
    if (!EqualsIgnoreCase(it.key(), name)) continue;
    if (it->is_number_integer()) return it->get<int>();
    std::string text = it->is_string() ? it->get<std::string>() : "";
    for (size_t i = 0; i < names.size(); ++i) {
      if (EqualsIgnoreCase(text, names[i])) return static_cast<int>(i);
    }
    if (auto number = ParseInt64(text)) return static_cast<int>(*number);
    return Malformed("validationPolicy", "has a bad " + std::string(name));
  }
  return otherwise;
}

Result<ValidationPolicy> ReadValidation(const Command& command) {
  ValidationPolicy policy;
  std::string text = command.Property("validationPolicy");
  if (text.empty()) return policy;
  auto json = ParseJson(text);
  if (!json || !json->is_object()) return Malformed("validationPolicy", "must be a JSON object");
  KC_ASSIGN(policy.options, EnumValue(*json, "ValidationOptions", 0,
                                      {"DoNotValidate", "ValidateCsvInputConstantColumns",
                                       "ValidateCsvInputColumnLevelOnly"}));
  KC_ASSIGN(policy.implications,
            EnumValue(*json, "ValidationImplications", 0, {"Fail", "BestEffort"}));
  if (policy.options < 0 || policy.options > 2 || policy.implications < 0 ||
      policy.implications > 1) {
    return Malformed("validationPolicy", "has a number that means nothing");
  }
  return policy;
}

std::optional<std::string> OptionalText(const Command& command, std::string_view name) {
  const CommandProperty* property = command.FindProperty(name);
  if (property == nullptr) return std::nullopt;
  return property->value;
}

Status ReadFormat(const Command& command, IngestProperties* out) {
  std::string name = command.Property("format");
  if (name.empty()) return {};
  out->format = ParseDataFormat(name);
  if (!out->format) {
    return Stop("Format '" + name + "' is not supported", "BadRequest_FormatNotSupported");
  }
  return {};
}

Status ReadMappingNames(const Command& command, IngestProperties* out) {
  out->mapping = command.Property("ingestionMapping");
  if (out->mapping.empty()) {
    for (std::string_view old : {"csvMapping", "jsonMapping"}) {
      if (out->mapping.empty()) out->mapping = command.Property(old);
    }
  }
  out->mapping_reference = command.Property("ingestionMappingReference");
  for (std::string_view old : {"csvMappingReference", "jsonMappingReference"}) {
    if (out->mapping_reference.empty()) out->mapping_reference = command.Property(old);
  }
  if (!out->mapping.empty() && !out->mapping_reference.empty()) {
    return Stop("ingestionMapping and ingestionMappingReference exclude each other",
                "BadRequest_DuplicateMapping");
  }
  return {};
}

Status ReadFlags(const Command& command, IngestProperties* out) {
  KC_ASSIGN(out->ignore_first_record, command.BoolProperty("ignoreFirstRecord", false));
  KC_ASSIGN(out->extend_schema, command.BoolProperty("extend_schema", false));
  KC_ASSIGN(out->recreate_schema, command.BoolProperty("recreate_schema", false));
  KC_ASSIGN(out->persist_details, command.BoolProperty("persistDetails", false));
  KC_TRY(command.BoolProperty("distributed", false));
  if (command.FindProperty("policy_ingestiontime") != nullptr) {
    KC_ASSIGN(out->ingestion_time_policy, command.BoolProperty("policy_ingestiontime", true));
  }
  out->folder = OptionalText(command, "folder");
  out->docstring = OptionalText(command, "docstring");
  return {};
}

}  // namespace

Result<IngestProperties> ReadIngestProperties(const Command& command) {
  KC_TRY(command.RefuseOtherProperties({"format",
                                        "ingestionMapping",
                                        "ingestionMappingReference",
                                        "ingestionMappingType",
                                        "csvMapping",
                                        "jsonMapping",
                                        "csvMappingReference",
                                        "jsonMappingReference",
                                        "creationTime",
                                        "tags",
                                        "ingestIfNotExists",
                                        "ignoreFirstRecord",
                                        "validationPolicy",
                                        "zipPattern",
                                        "treatGzAsUncompressed",
                                        "extend_schema",
                                        "recreate_schema",
                                        "folder",
                                        "docstring",
                                        "policy_ingestiontime",
                                        "persistDetails",
                                        "distributed",
                                        "rawDataSize"}));
  IngestProperties out;
  KC_TRY(ReadFormat(command, &out));
  KC_TRY(ReadMappingNames(command, &out));
  KC_ASSIGN(out.creation_ticks, CreationTime(command));
  KC_ASSIGN(out.tags, TextList(command, "tags"));
  KC_ASSIGN(out.ingest_if_not_exists, TextList(command, "ingestIfNotExists"));
  KC_ASSIGN(out.validation, ReadValidation(command));
  KC_TRY(ReadFlags(command, &out));
  return out;
}

std::string IngestByTag(const std::string& name) {
  return "ingest-by:" + name;
}

}  // namespace kc::local
