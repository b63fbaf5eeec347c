// The readers of schema.h.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "kusto/answers.h"
#include "kusto/commands/schema.h"

namespace kc::kusto::commands {
namespace {

tl::unexpected<Error> BadSchema(const std::string& what) {
  return Stop("a schema cannot be read: " + what, "BadAnswer");
}

std::string TextOf(const OrderedJson& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<std::vector<ColumnSchema>> ReadColumns(const OrderedJson& table, const std::string& name) {
  auto found = table.find("OrderedColumns");
  if (found == table.end() || !found->is_array()) return BadSchema("'" + name + "' has no columns");
  std::vector<ColumnSchema> out;
  for (const OrderedJson& column : *found) {
    if (!column.is_object()) return BadSchema("a column of '" + name + "' is no object");
    std::string type = TextOf(column, "CslType");
    if (type.empty()) type = TextOf(column, "Type");
    auto parsed = ParseScalarType(type);
    if (!parsed) return BadSchema("'" + name + "' has a column of the unknown type '" + type + "'");
    out.push_back({TextOf(column, "Name"), *parsed});
  }
  return out;
}

// "[db].[table]", "db.table" or "table": the part after the database.
std::string TableOfEntity(std::string entity) {
  size_t bracket = entity.find("].[");
  if (!entity.empty() && entity.front() == '[' && bracket != std::string::npos) {
    return entity.substr(bracket + 3, entity.size() - bracket - 4);
  }
  return entity;
}

int64_t IntOrZero(const ValueTable& table, size_t row, std::string_view column) {
  return table.Find(column) ? GetInt(table, row, column) : 0;
}

std::string TextOrEmpty(const ValueTable& table, size_t row, std::string_view column) {
  return table.Find(column) ? GetText(table, row, column) : "";
}

}  // namespace

Result<std::vector<TableDetails>> ReadTableDetails(const ValueTable& table) {
  KC_TRY(Require(table, {"TableName", "TableId"}));
  std::vector<TableDetails> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    TableDetails details;
    details.name = GetText(table, row, "TableName");
    details.folder = TextOrEmpty(table, row, "Folder");
    details.docstring = TextOrEmpty(table, row, "DocString");
    details.table_id = GetText(table, row, "TableId");
    details.rows = IntOrZero(table, row, "TotalRowCount");
    details.extents = IntOrZero(table, row, "TotalExtents");
    if (table.Find("TotalOriginalSize")) {
      details.original_bytes = GetReal(table, row, "TotalOriginalSize");
    }
    out.push_back(std::move(details));
  }
  return out;
}

Result<std::vector<TableSchema>> ReadDatabaseSchema(const ValueTable& table) {
  if (table.rows.size() != 1 || table.columns.empty()) return BadSchema("it has not one row");
  KC_TRY(Require(table, {"DatabaseSchema"}));
  KC_ASSIGN(OrderedJson json, ParseOrderedJson(GetText(table, 0, "DatabaseSchema")));
  if (!json.is_object() || !json.contains("Databases") || json["Databases"].size() != 1) {
    return BadSchema("it has not one database");
  }
  const OrderedJson& database = *json["Databases"].begin();
  std::vector<TableSchema> out;
  if (!database.contains("Tables")) return out;
  for (const OrderedJson& entry : database["Tables"]) {
    TableSchema schema;
    schema.name = TextOf(entry, "Name");
    schema.folder = TextOf(entry, "Folder");
    schema.docstring = TextOf(entry, "DocString");
    KC_ASSIGN(schema.columns, ReadColumns(entry, schema.name));
    out.push_back(std::move(schema));
  }
  std::sort(out.begin(), out.end(),
            [](const TableSchema& a, const TableSchema& b) { return a.name < b.name; });
  return out;
}

Result<TableSchema> ReadTableSchema(const ValueTable& table) {
  if (table.rows.size() != 1) return BadSchema("it has not one row");
  KC_TRY(Require(table, {"TableName", "Schema"}));
  TableSchema out;
  out.name = GetText(table, 0, "TableName");
  out.folder = TextOrEmpty(table, 0, "Folder");
  out.docstring = TextOrEmpty(table, 0, "DocString");
  KC_ASSIGN(OrderedJson json, ParseOrderedJson(GetText(table, 0, "Schema")));
  KC_ASSIGN(out.columns, ReadColumns(json, out.name));
  return out;
}

Result<std::vector<DatabaseInfo>> ReadDatabases(const ValueTable& table) {
  KC_TRY(Require(table, {"DatabaseName"}));
  std::vector<DatabaseInfo> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out.push_back({GetText(table, row, "DatabaseName"), TextOrEmpty(table, row, "PrettyName"),
                   TextOrEmpty(table, row, "DatabaseId")});
  }
  return out;
}

Result<std::string> ReadPolicy(const ValueTable& table) {
  KC_TRY(Require(table, {"Policy"}));
  if (table.rows.empty()) return "";
  std::string policy = GetText(table, 0, "Policy");
  return Trim(policy) == "null" ? "" : policy;
}

Result<std::map<std::string, std::string>> ReadTablePolicies(const ValueTable& table) {
  KC_TRY(Require(table, {"EntityName", "Policy"}));
  std::map<std::string, std::string> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::string policy = GetText(table, row, "Policy");
    if (policy.empty() || Trim(policy) == "null") continue;
    out[TableOfEntity(GetText(table, row, "EntityName"))] = std::move(policy);
  }
  return out;
}

Result<Capacity> ReadCapacity(const ValueTable& table) {
  KC_TRY(Require(table, {"Resource", "Total"}));
  Capacity out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    // The name's spelling differs between the documentation and what clusters answer.
    std::string name = ToLowerAscii(ReplaceAll(GetText(table, row, "Resource"), "-", ""));
    int64_t total = GetInt(table, row, "Total");
    if (name == "ingestions" || name == "ingestion") out.ingestions = total;
    if (name == "dataexport" || name == "dataexports") out.exports = total;
    if (name == "queries" || name == "query") out.queries = total;
  }
  return out;
}

Result<std::vector<FunctionInfo>> ReadFunctions(const ValueTable& table) {
  KC_TRY(Require(table, {"Name", "DocString"}));
  std::vector<FunctionInfo> out;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out.push_back({GetText(table, row, "Name"), TextOrEmpty(table, row, "Parameters"),
                   TextOrEmpty(table, row, "Body"), TextOrEmpty(table, row, "Folder"),
                   GetText(table, row, "DocString")});
  }
  return out;
}

namespace {

bool SameMember(const Json& wanted, const Json& shown) {
  if (wanted == shown) return true;
  if (!wanted.is_string() || !shown.is_string()) return false;
  auto a = ParseTimeSpan(wanted.get<std::string>());
  auto b = ParseTimeSpan(shown.get<std::string>());
  if (a && b) return *a == *b;
  return EqualsIgnoreCase(wanted.get<std::string>(), shown.get<std::string>());
}

}  // namespace

Status CheckStagingPolicy(const StagingPolicy& policy, const std::string& shown) {
  KC_ASSIGN(Json wanted, ParseJson(policy.json));
  auto bad = [&](const std::string& why) {
    return Stop("policy " + policy.policy + " of a staging table was set and reads back as " +
                    (shown.empty() ? "not set" : shown) + ": " + why,
                "StagingPolicy");
  };
  if (shown.empty() || Trim(shown) == "null") {
    // An empty list may be shown as none.
    if (wanted.is_array() && wanted.empty()) return {};
    return bad("it was not kept");
  }
  auto json = ParseJson(shown);
  if (!json) return bad("it is no JSON");
  if (wanted.is_array()) {
    if (json->is_array() && json->size() == wanted.size()) return {};
    return bad("another list was expected");
  }
  for (auto& [key, value] : wanted.items()) {
    if (!json->is_object() || !json->contains(key)) return bad(key + " is missing");
    if (!SameMember(value, (*json)[key])) return bad(key + " is another one");
  }
  return {};
}

}  // namespace kc::kusto::commands
