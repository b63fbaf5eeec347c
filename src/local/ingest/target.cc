#include "local/ingest/target.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "engine/ingest_cells.h"

namespace kc::local {
namespace {

using engine::kMaxBigValueBytes;
using engine::kMaxValueBytes;

size_t MaxValueBytes(const std::string& encoding_policy) {
  if (encoding_policy.empty()) return kMaxValueBytes;
  auto policy = ParseJson(encoding_policy);
  if (!policy || !policy->is_object()) return kMaxValueBytes;
  auto limit = policy->find("MaxValueSize");
  if (limit != policy->end() && limit->is_number_integer() && limit->get<int64_t>() > 0) {
    return std::min(limit->get<size_t>(), kMaxBigValueBytes);
  }
  for (const char* key : {"EncodingPolicyType", "Encoding", "Type"}) {
    auto type = policy->find(key);
    if (type == policy->end() || !type->is_string()) continue;
    auto name = type->get<std::string>();
    if (name == "BigObject32") return kMaxBigValueBytes;
    if (name == "BigObject") return 2 * kMaxValueBytes;
  }
  return kMaxValueBytes;
}

}  // namespace

std::vector<ColumnSchema> IngestTarget::Schema() const {
  std::vector<ColumnSchema> schema;
  for (const Column& column : meta().columns) schema.push_back({column.name, column.type});
  return schema;
}

std::vector<TargetColumn> IngestTarget::Columns() const {
  std::vector<TargetColumn> columns;
  for (const Column& column : meta().columns) {
    columns.push_back({{column.name, column.type}, MaxValueBytes(column.encoding_policy)});
  }
  return columns;
}

Result<IngestTarget> FindTarget(Cluster& cluster, const std::string& database,
                                const std::string& table) {
  IngestTarget target;
  KC_ASSIGN(target.database, cluster.FindDatabase(database));
  target.state = target.database->state();
  target.table = target.state->FindTable(table);
  if (target.table == nullptr) {
    return Stop("Entity ID '" + table + "' of kind 'Table' was not found.",
                "BadRequest_EntityNotFound");
  }
  return target;
}

Result<std::vector<CellSource>> FindMapping(const IngestTarget& target,
                                            const IngestProperties& properties, DataFormat format) {
  if (properties.mapping.empty() && properties.mapping_reference.empty()) {
    return IdentityMapping(target.Schema(), format);
  }
  std::string json = properties.mapping;
  if (json.empty()) {
    const std::string& name = properties.mapping_reference;
    const IngestionMapping* found = target.meta().FindMapping(MappingKind(format), name);
    for (const IngestionMapping& mapping : target.state->meta->mappings) {
      if (found != nullptr) break;
      if (mapping.kind == MappingKind(format) && mapping.name == name) found = &mapping;
    }
    if (found == nullptr) {
      return Stop("Mapping reference '" + name + "' of kind '" + std::string(MappingKind(format)) +
                      "' was not found",
                  "BadRequest_MappingReferenceWasNotFound");
    }
    json = found->json;
  }
  KC_ASSIGN(auto mapping, ParseMapping(json, format));
  return BindMapping(target.Schema(), mapping);
}

}  // namespace kc::local
