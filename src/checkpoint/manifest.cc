#include "checkpoint/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"

namespace kc::checkpoint {
namespace {

std::string CheckOf(const Json& json) {
  return fmt::format("{:016x}", XxHash64(DumpJson(json)));
}

tl::unexpected<Error> DamagedManifest(const char* how) {
  return Stop(fmt::format("the checkpoint's manifest.json is damaged: {}", how), "Damaged");
}

bool IsWhole(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_number_integer() && json[name].get<int64_t>() >= 0;
}

}  // namespace

std::string ManifestText(const Manifest& m) {
  Json json;
  json["format"] = "kusto-copy checkpoint";
  json["version"] = m.version;
  json["copy"] = m.copy_id;
  json["generation"] = m.generation;
  json["segment"] = m.segment;
  json["bytes"] = m.bytes;
  json["holder"] = m.holder;
  json["source"] = m.identity.source;
  json["sourceDatabase"] = m.identity.source_database;
  json["destination"] = m.identity.destination;
  json["destinationDatabase"] = m.identity.destination_database;
  json["check"] = CheckOf(json);
  return DumpJson(json, 1) + "\n";
}

Result<Manifest> ReadManifest(std::string_view text) {
  auto parsed = ParseJson(text);
  if (!parsed) return DamagedManifest("it is no JSON");
  const Json& json = *parsed;
  if (!json.is_object() || !IsWhole(json, "generation") || !IsWhole(json, "version") ||
      json["version"].get<int64_t>() < 1) {
    return DamagedManifest("it lacks its version or its generation");
  }
  Manifest m;
  m.version = static_cast<int>(std::min<int64_t>(json["version"].get<int64_t>(), INT32_MAX));
  if (m.version > kFormatVersion) {
    return Stop(fmt::format("the checkpoint has format version {}, this program reads up to {}: "
                            "use the newer kusto-copy that wrote it",
                            m.version, kFormatVersion),
                "NewerVersion");
  }
  m.bytes = IsWhole(json, "bytes") ? json["bytes"].get<int64_t>() : 0;
  const auto text_of = [&json](const char* name) {
    return json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                         : std::string();
  };
  m.copy_id = text_of("copy");
  m.generation = json["generation"].get<int64_t>();
  m.segment = text_of("segment");
  m.holder = text_of("holder");
  m.identity = {text_of("source"), text_of("sourceDatabase"), text_of("destination"),
                text_of("destinationDatabase")};
  // Only this program writes it, so that its bytes are known to the last one, the checksum's too.
  if (m.version > 1 && ManifestText(m) != text) return DamagedManifest("it has a wrong checksum");
  return m;
}

}  // namespace kc::checkpoint
