#include "local/commands/policies.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

tl::unexpected<Error> Invalid(const std::string& what) {
  return Stop("The policy is not valid: " + what, "General_BadRequest");
}

Result<OrderedJson> ParseObject(std::string_view text) {
  KC_ASSIGN(OrderedJson json, ParseOrderedJson(text));
  if (!json.is_object()) return Invalid("it must be a JSON object");
  return json;
}

enum class Kind { kBool, kWhole, kText, kTimeSpan, kDateTime, kAny };

// One property of a policy. `standard`: its JSON when it isn't given; empty: it stays absent.
struct Property {
  std::string_view name;
  Kind kind;
  std::string_view standard;
};

bool Fits(const OrderedJson& value, Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return value.is_boolean();
    case Kind::kWhole:
      return value.is_number_integer();
    case Kind::kText:
      return value.is_string();
    case Kind::kTimeSpan:
      return value.is_string() && ParseTimeSpan(value.get<std::string>());
    case Kind::kDateTime:
      return value.is_string() && ParseDateTime(value.get<std::string>());
    case Kind::kAny:
      return true;
  }
  return false;
}

// Takes the known properties in their order, with their defaults; refuses others and wrong types.
Result<OrderedJson> TakeProperties(const OrderedJson& given, std::span<const Property> properties) {
  if (!given.is_object()) return Invalid("it must be a JSON object");
  OrderedJson result = OrderedJson::object();
  for (const Property& property : properties) {
    const OrderedJson* found = nullptr;
    for (const auto& item : given.items()) {
      if (EqualsIgnoreCase(item.key(), property.name)) found = &item.value();
    }
    const std::string name(property.name);
    if (found != nullptr && !found->is_null()) {
      if (!Fits(*found, property.kind)) {
        return Invalid("'" + name + "' can't be " + DumpJson(*found));
      }
      result[name] = *found;
      if (property.kind == Kind::kTimeSpan) {
        result[name] = FormatTimeSpan(*ParseTimeSpan(found->get<std::string>()));
      }
    } else if (!property.standard.empty()) {
      result[name] = *ParseOrderedJson(property.standard);
    }
  }
  for (const auto& item : given.items()) {
    bool known = false;
    for (const Property& property : properties)
      known |= EqualsIgnoreCase(item.key(), property.name);
    if (!known) return Invalid("there is no property '" + item.key() + "'");
  }
  return result;
}

Result<std::string> FromProperties(std::string_view text, std::span<const Property> properties) {
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  KC_ASSIGN(const OrderedJson result, TakeProperties(given, properties));
  return DumpJson(result);
}

Result<std::string> Retention(std::string_view text) {
  static constexpr Property kProperties[] = {
      {"SoftDeletePeriod", Kind::kTimeSpan, "\"365000.00:00:00\""},
      {"Recoverability", Kind::kText, "\"Enabled\""}};
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  KC_ASSIGN(OrderedJson result, TakeProperties(given, kProperties));
  const std::string recoverability = result["Recoverability"].get<std::string>();
  if (EqualsIgnoreCase(recoverability, "enabled")) {
    result["Recoverability"] = "Enabled";
  } else if (EqualsIgnoreCase(recoverability, "disabled")) {
    result["Recoverability"] = "Disabled";
  } else {
    return Invalid("'Recoverability' is Enabled or Disabled");
  }
  if (*ParseTimeSpan(result["SoftDeletePeriod"].get<std::string>()) < 0) {
    return Invalid("'SoftDeletePeriod' can't be negative");
  }
  return DumpJson(result);
}

// Accepts a plain timespan and the form {"Value": …} that Kusto shows.
Result<OrderedJson> Span(const OrderedJson& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return Invalid(std::string("'") + name + "' is missing");
  const OrderedJson* value = &*found;
  if (value->is_object() && value->contains("Value")) value = &(*value)["Value"];
  const auto ticks =
      value->is_string() ? ParseTimeSpan(value->get<std::string>()) : std::optional<int64_t>();
  if (!ticks) return Invalid(std::string("'") + name + "' must be a timespan");
  return OrderedJson{{"Value", FormatTimeSpan(*ticks)}};
}

Result<std::string> Caching(std::string_view text) {
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  OrderedJson result;
  KC_ASSIGN(result["DataHotSpan"], Span(given, "DataHotSpan"));
  KC_ASSIGN(result["IndexHotSpan"],
            Span(given, given.contains("IndexHotSpan") ? "IndexHotSpan" : "DataHotSpan"));
  const auto windows = given.find("HotWindows");
  if (windows != given.end() && !windows->is_null()) {
    if (!windows->is_array()) return Invalid("'HotWindows' must be an array");
    result["HotWindows"] = *windows;
  }
  return DumpJson(result);
}

Result<std::string> Merge(std::string_view text) {
  static constexpr Property kProperties[] = {
      {"RowCountUpperBoundForMerge", Kind::kWhole, "16000000"},
      {"OriginalSizeMBUpperBoundForMerge", Kind::kWhole, "30000"},
      {"MaxExtentsToMerge", Kind::kWhole, "100"},
      {"LoopPeriod", Kind::kTimeSpan, "\"01:00:00\""},
      {"MaxRangeInHours", Kind::kWhole, "24"},
      {"AllowRebuild", Kind::kBool, "true"},
      {"AllowMerge", Kind::kBool, "true"},
      {"Lookback", Kind::kAny, R"({"Kind":"Default","CustomPeriod":null})"},
      {"Origin", Kind::kText, ""}};
  return FromProperties(text, kProperties);
}

Result<std::string> Sharding(std::string_view text) {
  static constexpr Property kProperties[] = {
      {"MaxRowCount", Kind::kWhole, "750000"},
      {"MaxExtentSizeInMb", Kind::kWhole, "8192"},
      {"MaxOriginalSizeInMb", Kind::kWhole, "3072"},
      {"UseShardEngine", Kind::kBool, "true"},
      {"ShardEngineMaxRowCount", Kind::kWhole, "1048576"},
      {"ShardEngineMaxExtentSizeInMb", Kind::kWhole, "8192"},
      {"ShardEngineMaxOriginalSizeInMb", Kind::kWhole, "3072"},
      {"MaxPercentageToCompress", Kind::kAny, ""}};
  return FromProperties(text, kProperties);
}

Result<std::string> IngestionBatching(std::string_view text) {
  static constexpr Property kProperties[] = {
      {"MaximumBatchingTimeSpan", Kind::kTimeSpan, "\"00:05:00\""},
      {"MaximumNumberOfItems", Kind::kWhole, "500"},
      {"MaximumRawDataSizeMB", Kind::kWhole, "1024"}};
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  KC_ASSIGN(const OrderedJson result, TakeProperties(given, kProperties));
  const int64_t span = *ParseTimeSpan(result["MaximumBatchingTimeSpan"].get<std::string>());
  if (span < 10 * kTicksPerSecond || span > 30 * kTicksPerMinute) {
    return Invalid("'MaximumBatchingTimeSpan' is between 10 seconds and 30 minutes");
  }
  const int64_t items = result["MaximumNumberOfItems"].get<int64_t>();
  if (items < 1 || items > 25000) {
    return Invalid("'MaximumNumberOfItems' is between 1 and 25000");
  }
  const int64_t size = result["MaximumRawDataSizeMB"].get<int64_t>();
  if (size < 100 || size > 4096) {
    return Invalid("'MaximumRawDataSizeMB' is between 100 and 4096");
  }
  return DumpJson(result);
}

// true, false or {"IsEnabled": …}.
Result<std::string> Switch(std::string_view text) {
  KC_ASSIGN(OrderedJson json, ParseOrderedJson(text));
  if (json.is_boolean()) json = OrderedJson{{"IsEnabled", json}};
  static constexpr Property kProperties[] = {{"IsEnabled", Kind::kBool, "true"}};
  KC_ASSIGN(const OrderedJson result, TakeProperties(json, kProperties));
  return DumpJson(result);
}

Result<std::string> StreamingIngestion(std::string_view text) {
  static constexpr Property kProperties[] = {{"IsEnabled", Kind::kBool, "true"},
                                             {"HintAllocatedRate", Kind::kAny, "null"}};
  return FromProperties(text, kProperties);
}

Result<std::string> Update(std::string_view text) {
  static constexpr Property kProperties[] = {{"IsEnabled", Kind::kBool, "true"},
                                             {"Source", Kind::kText, ""},
                                             {"SourceIsWildCard", Kind::kBool, "false"},
                                             {"Query", Kind::kText, ""},
                                             {"IsTransactional", Kind::kBool, "false"},
                                             {"PropagateIngestionProperties", Kind::kBool, "false"},
                                             {"ManagedIdentity", Kind::kAny, "null"},
                                             {"OwnerPrincipalDetails", Kind::kAny, ""}};
  KC_ASSIGN(OrderedJson json, ParseOrderedJson(text));
  if (json.is_object()) json = OrderedJson::array({json});
  if (!json.is_array()) return Invalid("it must be a JSON array of update policies");
  OrderedJson result = OrderedJson::array();
  for (const OrderedJson& item : json) {
    KC_ASSIGN(OrderedJson policy, TakeProperties(item, kProperties));
    policy.erase("OwnerPrincipalDetails");  // who owns it is the service's to say
    for (const char* name : {"Source", "Query"}) {
      if (!policy.contains(name) || policy[name].get<std::string>().empty()) {
        return Invalid(std::string("'") + name + "' is missing");
      }
    }
    result.push_back(std::move(policy));
  }
  return DumpJson(result);
}

Result<std::string> Partitioning(std::string_view text) {
  static constexpr Property kProperties[] = {
      {"PartitionKeys", Kind::kAny, "[]"},
      {"EffectiveDateTime", Kind::kDateTime, "\"1970-01-01T00:00:00Z\""},
      {"MinRowCountPerOperation", Kind::kWhole, ""},
      {"MaxRowCountPerOperation", Kind::kWhole, ""},
      {"MaxOriginalSizePerOperation", Kind::kWhole, ""}};
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  KC_ASSIGN(const OrderedJson result, TakeProperties(given, kProperties));
  if (!result["PartitionKeys"].is_array() || result["PartitionKeys"].empty()) {
    return Invalid("'PartitionKeys' must be an array with one or two keys");
  }
  for (const OrderedJson& key : result["PartitionKeys"]) {
    const auto kind = key.is_object() ? key.find("Kind") : key.end();
    if (!key.is_object() || !key.contains("ColumnName") || kind == key.end() ||
        (*kind != "Hash" && *kind != "UniformRange")) {
      return Invalid("a partition key has a ColumnName and the Kind Hash or UniformRange");
    }
  }
  return DumpJson(result);
}

Result<std::string> ExtentTagsRetention(std::string_view text) {
  static constexpr Property kProperties[] = {{"TagPrefix", Kind::kText, "\"\""},
                                             {"RetentionPeriod", Kind::kTimeSpan, ""}};
  KC_ASSIGN(const OrderedJson json, ParseOrderedJson(text));
  if (!json.is_array()) return Invalid("it must be a JSON array");
  OrderedJson result = OrderedJson::array();
  for (const OrderedJson& item : json) {
    KC_ASSIGN(OrderedJson rule, TakeProperties(item, kProperties));
    if (!rule.contains("RetentionPeriod")) return Invalid("'RetentionPeriod' is missing");
    result.push_back(std::move(rule));
  }
  return DumpJson(result);
}

Result<std::string> AutoDelete(std::string_view text) {
  static constexpr Property kProperties[] = {{"ExpiryDate", Kind::kDateTime, ""},
                                             {"DeleteIfNotEmpty", Kind::kBool, "false"}};
  KC_ASSIGN(const OrderedJson given, ParseObject(text));
  KC_ASSIGN(const OrderedJson result, TakeProperties(given, kProperties));
  if (!result.contains("ExpiryDate")) return Invalid("'ExpiryDate' is missing");
  return DumpJson(result);
}

Result<std::string> RowLevelSecurity(std::string_view text) {
  static constexpr Property kProperties[] = {{"IsEnabled", Kind::kBool, "true"},
                                             {"Query", Kind::kText, "\"\""}};
  return FromProperties(text, kProperties);
}

Result<std::string> RowOrder(std::string_view text) {
  static constexpr Property kProperties[] = {{"ColumnName", Kind::kText, ""},
                                             {"Direction", Kind::kText, "\"asc\""}};
  KC_ASSIGN(const OrderedJson json, ParseOrderedJson(text));
  if (!json.is_array()) return Invalid("it must be a list of columns");
  OrderedJson result = OrderedJson::array();
  for (const OrderedJson& item : json) {
    KC_ASSIGN(OrderedJson key, TakeProperties(item, kProperties));
    if (!key.contains("ColumnName")) return Invalid("'ColumnName' is missing");
    if (key["Direction"] != "asc" && key["Direction"] != "desc") {
      return Invalid("'Direction' is asc or desc");
    }
    result.push_back(std::move(key));
  }
  return DumpJson(result);
}

// The service's profiles have more members than are known here.
Result<std::string> Encoding(std::string_view text) {
  KC_ASSIGN(const OrderedJson json, ParseObject(text));
  const auto type = json.find("EncodingPolicyType");
  if (type != json.end() && !type->is_string()) return Invalid("'EncodingPolicyType' is a text");
  return DumpJson(json);
}

Result<std::string> AnyJson(std::string_view text) {
  KC_ASSIGN(const OrderedJson json, ParseOrderedJson(text));
  return DumpJson(json);
}

constexpr std::string_view kStandardRetention =
    R"({"SoftDeletePeriod":"365000.00:00:00","Recoverability":"Enabled"})";
constexpr std::string_view kStandardMerge =
    R"({"RowCountUpperBoundForMerge":16000000,"OriginalSizeMBUpperBoundForMerge":30000,)"
    R"("MaxExtentsToMerge":100,"LoopPeriod":"01:00:00","MaxRangeInHours":24,"AllowRebuild":true,)"
    R"("AllowMerge":true,"Lookback":{"Kind":"Default","CustomPeriod":null}})";
constexpr std::string_view kStandardSharding =
    R"({"MaxRowCount":750000,"MaxExtentSizeInMb":8192,"MaxOriginalSizeInMb":3072,)"
    R"("UseShardEngine":true,"ShardEngineMaxRowCount":1048576,)"
    R"("ShardEngineMaxExtentSizeInMb":8192,"ShardEngineMaxOriginalSizeInMb":3072})";
constexpr std::string_view kStandardBatching =
    R"({"MaximumBatchingTimeSpan":"00:05:00","MaximumNumberOfItems":500,)"
    R"("MaximumRawDataSizeMB":1024})";

constexpr PolicySpec kSpecs[] = {
    {"auto_delete", "AutoDeletePolicy", false, true, "null", false, AutoDelete},
    {"caching", "CachingPolicy", true, true, "null", false, Caching},
    {"encoding", "EncodingPolicy", true, true, "null", true, Encoding},
    {"extent_tags_retention", "ExtentTagsRetentionPolicy", true, true, "null", false,
     ExtentTagsRetention},
    {"ingestionbatching", "IngestionBatchingPolicy", true, true, kStandardBatching, true,
     IngestionBatching},
    {"ingestiontime", "IngestionTimePolicy", false, true, "null", false, Switch},
    {"managed_identity", "ManagedIdentityPolicy", true, false, "null", true, AnyJson},
    {"merge", "ExtentsMergePolicy", true, true, kStandardMerge, true, Merge},
    {"partitioning", "PartitioningPolicy", false, true, "null", true, Partitioning},
    {"restricted_view_access", "RestrictedViewAccessPolicy", false, true, "null", false, Switch},
    {"retention", "RetentionPolicy", true, true, kStandardRetention, true, Retention},
    {"row_level_security", "RowLevelSecurityPolicy", false, true, "null", false, RowLevelSecurity},
    {"roworder", "RowOrderPolicy", false, true, "null", false, RowOrder},
    {"sharding", "ShardingPolicy", true, true, kStandardSharding, true, Sharding},
    {"streamingingestion", "StreamingIngestionPolicy", true, true, "null", true,
     StreamingIngestion},
    {"update", "UpdatePolicy", false, true, "null", true, Update},
};

}  // namespace

std::span<const PolicySpec> PolicySpecs() {
  return kSpecs;
}

const PolicySpec* FindPolicy(std::string_view keyword) {
  for (const PolicySpec& spec : kSpecs) {
    if (EqualsIgnoreCase(spec.keyword, keyword)) return &spec;
  }
  return nullptr;
}

Result<std::string> MergePolicyJson(std::string_view base, std::string_view change) {
  KC_ASSIGN(OrderedJson merged, ParseOrderedJson(base));
  KC_ASSIGN(const OrderedJson added, ParseOrderedJson(change));
  if (merged.is_null()) return DumpJson(added);
  if (merged.is_array()) {
    if (added.is_array()) {
      for (const OrderedJson& item : added) merged.push_back(item);
    } else {
      merged.push_back(added);
    }
    return DumpJson(merged);
  }
  if (!merged.is_object() || !added.is_object()) return Invalid("it must be a JSON object");
  for (const auto& item : added.items()) {
    for (const auto& old : merged.items()) {
      if (EqualsIgnoreCase(old.key(), item.key()) && old.key() != item.key()) {
        merged.erase(old.key());
        break;
      }
    }
    merged[item.key()] = item.value();
  }
  return DumpJson(merged);
}

std::string EffectivePolicyJson(const DatabaseState& state, const TableMeta& table,
                                std::string_view keyword) {
  if (auto policy = EffectivePolicy(state, table, keyword)) return *policy;
  const PolicySpec* spec = FindPolicy(keyword);
  return spec == nullptr ? "null" : std::string(spec->standard);
}

std::string EffectivePolicyJson(const DatabaseState& state, std::string_view keyword) {
  const auto found = state.meta->policies.find(keyword);
  if (found != state.meta->policies.end()) return found->second;
  const PolicySpec* spec = FindPolicy(keyword);
  return spec == nullptr ? "null" : std::string(spec->standard);
}

std::string CachingPolicyJson(int64_t data_ticks, int64_t index_ticks) {
  OrderedJson json;
  json["DataHotSpan"] = {{"Value", FormatTimeSpan(data_ticks)}};
  json["IndexHotSpan"] = {{"Value", FormatTimeSpan(index_ticks)}};
  return DumpJson(json);
}

}  // namespace kc::local
