#include "local/catalog/policies.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

// The text as an object or array; nothing if the policy is not set or senseless.
std::optional<Json> PolicyJson(const DatabaseState& state, const TableMeta& table,
                               std::string_view name) {
  auto text = EffectivePolicy(state, table, name);
  if (!text) return std::nullopt;
  auto json = ParseJson(*text);
  if (!json) return std::nullopt;
  return *std::move(json);
}

std::optional<int64_t> TimeSpanMember(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) return std::nullopt;
  return ParseTimeSpan(json[name].get<std::string>());
}

void ReadNumber(const Json& json, const char* name, int64_t& out) {
  if (json.is_object() && json.contains(name) && json[name].is_number()) {
    double value = json[name].get<double>();
    if (value >= 0 && value < 1e15) out = static_cast<int64_t>(value);
  }
}

void ReadFlag(const Json& json, const char* name, bool& out) {
  if (json.is_object() && json.contains(name) && json[name].is_boolean()) {
    out = json[name].get<bool>();
  }
}

}  // namespace

MergePolicy::MergePolicy() : max_range(24 * kTicksPerHour), lookback(14 * kTicksPerDay) {}

RetentionPolicy RetentionOf(const DatabaseState& state, const TableMeta& table) {
  RetentionPolicy out;
  auto json = PolicyJson(state, table, "retention");
  if (!json) return out;
  if (auto period = TimeSpanMember(*json, "SoftDeletePeriod"); period && *period >= 0) {
    out.soft_delete_period = *period;
  }
  return out;
}

MergePolicy MergePolicyOf(const DatabaseState& state, const TableMeta& table) {
  MergePolicy out;
  auto json = PolicyJson(state, table, "merge");
  if (!json) return out;
  int64_t megabytes = out.max_original_bytes >> 20;
  int64_t hours = out.max_range / kTicksPerHour;
  ReadNumber(*json, "RowCountUpperBoundForMerge", out.max_rows);
  ReadNumber(*json, "OriginalSizeMBUpperBoundForMerge", megabytes);
  ReadNumber(*json, "MaxExtentsToMerge", out.max_extents);
  ReadNumber(*json, "MaxRangeInHours", hours);
  ReadFlag(*json, "AllowRebuild", out.allow_rebuild);
  ReadFlag(*json, "AllowMerge", out.allow_merge);
  // 0 means no limit in Kusto's policy.
  if (out.max_rows == 0) out.max_rows = std::numeric_limits<int64_t>::max();
  out.max_original_bytes =
      megabytes == 0 ? std::numeric_limits<int64_t>::max() : megabytes * (int64_t{1} << 20);
  constexpr int64_t kManyHours = 24 * 365 * 1000;
  out.max_range = std::min(hours, kManyHours) * kTicksPerHour;
  if (json->is_object() && json->contains("Lookback") && (*json)["Lookback"].is_object()) {
    const Json& lookback = (*json)["Lookback"];
    std::string kind = lookback.value("Kind", "Default");
    if (kind == "All") out.lookback = std::numeric_limits<int64_t>::max();
    auto custom = TimeSpanMember(lookback, "CustomPeriod");
    if (kind == "Custom" && custom) out.lookback = *custom;
  }
  return out;
}

std::vector<TagRetention> TagRetentionOf(const DatabaseState& state, const TableMeta& table) {
  std::vector<TagRetention> out;
  auto json = PolicyJson(state, table, "extent_tags_retention");
  if (!json || !json->is_array()) return out;
  for (const Json& item : *json) {
    auto period = TimeSpanMember(item, "RetentionPeriod");
    if (!period || !item.contains("TagPrefix") || !item["TagPrefix"].is_string()) continue;
    out.push_back({item["TagPrefix"].get<std::string>(), *period});
  }
  return out;
}

std::optional<AutoDeletePolicy> AutoDeleteOf(const TableMeta& table) {
  auto it = table.policies.find("auto_delete");
  if (it == table.policies.end()) return std::nullopt;
  auto json = ParseJson(it->second);
  if (!json || !json->is_object() || !json->contains("ExpiryDate")) return std::nullopt;
  const Json& expiry = (*json)["ExpiryDate"];
  auto ticks = expiry.is_string() ? ParseDateTime(expiry.get<std::string>()) : std::nullopt;
  if (!ticks) return std::nullopt;
  AutoDeletePolicy out;
  out.expiry_ticks = *ticks;
  ReadFlag(*json, "DeleteIfNotEmpty", out.delete_if_not_empty);
  return out;
}

}  // namespace kc::local
