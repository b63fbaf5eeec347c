#include "copy/protocol/state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/ticks.h"

namespace kc::copy {
namespace {

constexpr std::string_view kStages[] = {"Planned",  "Exporting", "Exported", "Ingesting", "Moving",
                                        "Revoking", "Moved",     "Done",     "Stopped"};
static_assert(std::size(kStages) == kStageCount);
constexpr std::string_view kFormats[] = {"", "nanos", "csv"};

// Only what is there: most blocks have few of these fields most of the time.
void PutText(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}
void PutInt(Json& json, const char* name, int64_t value) {
  if (value != 0) json[name] = value;
}

// As deep as ParseJson lets it nest.
bool AllWhole(const Json& json) {
  if (!json.is_structured()) return !json.is_number_float();
  return std::all_of(json.begin(), json.end(), AllWhole);
}

Json HomeJson(const Home& home) {
  return Json::array({home.table, home.id});
}
Home HomeOf(const Json& json) {
  return {json.at(0).get<std::string>(), json.at(1).get<std::string>()};
}

void PutExport(const Block& b, Json& json) {
  PutText(json, "format", std::string(FormatName(b.format)));
  PutInt(json, "send", b.send);
  PutText(json, "folder", b.folder);
  PutText(json, "request", b.request_id);
  PutText(json, "operation", b.operation);
  if (!b.artifacts.empty()) {
    Json artifacts = Json::array();
    for (const auto& a : b.artifacts) artifacts.push_back(Json::array({a.path, a.rows, a.bytes}));
    json["artifacts"] = std::move(artifacts);
  }
  PutInt(json, "exported", b.exported_rows);
  if (b.sums.rows > 0 || !b.sums.slices.empty()) json["sums"] = b.sums.Text();
  if (!b.folders.empty()) json["sweep"] = b.folders;
  PutInt(json, "rounds", b.rounds);
  if (b.hashed) json["hashed"] = true;
}

void PutAttempt(const Block& b, Json& json) {
  PutInt(json, "attempt", b.attempt);
  if (!b.staging.table.empty()) json["staging"] = HomeJson(b.staging);
  if (!b.parts.empty()) {
    Json parts = Json::array();
    for (const auto& p : b.parts) {
      parts.push_back(
          {{"token", p.token}, {"files", p.artifacts}, {"rows", p.rows}, {"sends", p.sends}});
    }
    json["parts"] = std::move(parts);
  }
  if (!b.extents.empty()) json["extents"] = b.extents;
  PutText(json, "destinationId", b.destination_id);
  PutText(json, "moveRequest", b.move_request_id);
  if (b.move_open) json["moveOpen"] = true;
  if (!b.homes.empty()) {
    Json homes = Json::array();
    for (const auto& home : b.homes) homes.push_back(HomeJson(home));
    json["homes"] = std::move(homes);
  }
}

void TakeExport(const Json& json, Block& b) {
  b.send = json.value("send", 0);
  b.folder = json.value("folder", "");
  b.request_id = json.value("request", "");
  b.operation = json.value("operation", "");
  if (json.contains("artifacts")) {
    for (const auto& a : json.at("artifacts")) {
      b.artifacts.push_back(
          {a.at(0).get<std::string>(), a.at(1).get<int64_t>(), a.at(2).get<int64_t>()});
    }
  }
  b.exported_rows = json.value("exported", int64_t{0});
  if (json.contains("sweep")) b.folders = json.at("sweep").get<std::vector<std::string>>();
  b.rounds = json.value("rounds", 0);
  b.hashed = json.value("hashed", false);
}

void TakeAttempt(const Json& json, Block& b) {
  b.attempt = json.value("attempt", 0);
  if (json.contains("staging")) b.staging = HomeOf(json.at("staging"));
  if (json.contains("parts")) {
    for (const auto& p : json.at("parts")) {
      b.parts.push_back({p.at("token").get<std::string>(), p.at("files").get<std::vector<int>>(),
                         p.at("rows").get<int64_t>(), p.at("sends").get<int>(), false});
    }
  }
  if (json.contains("extents")) b.extents = json.at("extents").get<std::vector<std::string>>();
  b.destination_id = json.value("destinationId", "");
  b.move_request_id = json.value("moveRequest", "");
  b.move_open = json.value("moveOpen", false);
  if (json.contains("homes")) {
    for (const auto& home : json.at("homes")) b.homes.push_back(HomeOf(home));
  }
}

void TakeRows(const Json& json, Block& b) {
  for (const auto& range : json.at("ranges")) {
    b.ranges.push_back({range.at(0).get<int64_t>(), range.at(1).get<int64_t>()});
  }
  if (json.contains("residue")) {
    b.residue =
        Residue{json.at("residue").at(0).get<int64_t>(), json.at("residue").at(1).get<int64_t>()};
  }
  b.undated = json.value("undated", false);
  b.planned_rows = json.value("planned", int64_t{0});
  b.planned_bytes = json.value("plannedBytes", int64_t{0});
  b.creation_time = json.value("creationTime", int64_t{0});
}

Result<Block> Read(const Json& json) {
  Block b;
  try {
    const auto format = ParseFormat(json.value("format", ""));
    if (!format) return Stop("a block's record has an unknown format", "Damaged");
    b.format = *format;
    TakeRows(json, b);
    TakeExport(json, b);
    TakeAttempt(json, b);
    b.moved_rows = json.value("moved", int64_t{0});
    b.remark = json.value("remark", "");
    b.reason = json.value("reason", "");
    if (json.contains("sums")) {
      KC_ASSIGN(b.sums, Fingerprint::FromText(json.at("sums").get<std::string>()));
    }
  } catch (const nlohmann::json::exception& e) {
    return Stop(std::string("a block's record doesn't read: ") + e.what(), "Damaged");
  }
  return b;
}

}  // namespace

std::string_view Name(Stage stage) {
  return kStages[static_cast<size_t>(stage)];
}

std::optional<Stage> ParseStage(std::string_view name) {
  for (int i = 0; i < kStageCount; ++i) {
    if (kStages[i] == name) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

std::string_view FormatName(ExportFormat format) {
  return kFormats[static_cast<size_t>(format)];
}

std::optional<ExportFormat> ParseFormat(std::string_view name) {
  const auto* const found = std::find(std::begin(kFormats), std::end(kFormats), name);
  if (found == std::end(kFormats)) return std::nullopt;
  return static_cast<ExportFormat>(found - std::begin(kFormats));
}

int64_t Block::bytes() const {
  int64_t sum = 0;
  for (const auto& artifact : artifacts) sum += artifact.bytes;
  return sum;
}

std::vector<std::string> Block::Tokens() const {
  std::vector<std::string> tokens;
  tokens.reserve(parts.size());
  for (const auto& part : parts) tokens.push_back(part.token);
  return tokens;
}

std::string BlockDetails(const Block& b) {
  Json json;
  Json ranges = Json::array();
  for (const auto& range : b.ranges) ranges.push_back(Json::array({range.first, range.last}));
  json["ranges"] = std::move(ranges);
  if (b.residue) json["residue"] = Json::array({b.residue->modulus, b.residue->remainder});
  if (b.undated) json["undated"] = true;
  PutInt(json, "planned", b.planned_rows);
  PutInt(json, "plannedBytes", b.planned_bytes);
  PutInt(json, "creationTime", b.creation_time);
  PutExport(b, json);
  PutAttempt(b, json);
  PutInt(json, "moved", b.moved_rows);
  PutText(json, "remark", b.remark);
  PutText(json, "reason", b.reason);
  return DumpJson(json);
}

Result<Json> ParseDetails(std::string_view details) {
  KC_ASSIGN(Json json, ParseJson(details));
  if (!AllWhole(json)) return Stop("a record holds a number that isn't whole", "Damaged");
  return json;
}

Result<Block> ReadBlockDetails(std::string_view details) {
  KC_ASSIGN(const Json json, ParseDetails(details));
  if (!json.is_object()) return Stop("a block's record is no object", "Damaged");
  return Read(json);
}

}  // namespace kc::copy
