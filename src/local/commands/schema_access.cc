#include "local/commands/schema_access.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/text.h"
#include "local/commands/schema_script.h"

namespace kc::local {
namespace {
// learn.microsoft.com, "Entity names".
constexpr size_t kMaxNameLength = 1024;
}  // namespace

std::vector<ColumnSchema> ParseColumns(std::string_view text) {
  std::vector<ColumnSchema> columns;
  for (const std::string& part : Split(text, ' ')) {
    if (part.empty()) continue;
    const size_t colon = part.find(':');
    KC_ASSERT(colon != std::string::npos);
    const auto type = ParseScalarType(part.substr(colon + 1));
    KC_ASSERT(type);
    columns.push_back({part.substr(0, colon), *type});
  }
  return columns;
}

tl::unexpected<Error> NotFound(std::string_view kind, std::string_view name) {
  return Stop(
      "Entity ID '" + std::string(name) + "' of kind '" + std::string(kind) + "' was not found.",
      "BadRequest_EntityNotFound");
}

tl::unexpected<Error> AlreadyExists(std::string_view kind, std::string_view name) {
  return Stop(
      "Entity ID '" + std::string(name) + "' of kind '" + std::string(kind) + "' already exists.",
      "BadRequest_EntityAlreadyExists");
}

tl::unexpected<Error> BadRequest(std::string message) {
  return Stop(std::move(message), "General_BadRequest");
}

Result<DatabasePtr> TargetDatabase(const CommandContext& context, const std::string& named) {
  return context.cluster.FindDatabase(named.empty() ? context.database : named);
}

Result<TableTarget> TargetTable(const Command& command, const CommandContext& context,
                                std::string_view capture) {
  TableTarget target;
  KC_ASSIGN(target.database, TargetDatabase(context, command.Database(capture)));
  target.state = target.database->state();
  target.table = target.state->FindTable(command.Text(capture));
  if (!target.table) return NotFound("Table", command.Text(capture));
  return target;
}

Status CheckEntityName(std::string_view kind, std::string_view name) {
  bool valid = !name.empty() && name.size() <= kMaxNameLength * 4 && IsValidUtf8(name) &&
               CountCodePoints(name) <= kMaxNameLength;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) valid = false;
  }
  if (Trim(name) != name) valid = false;
  if (valid) return {};
  return Stop(std::string(kind) + " name '" + SanitizeUtf8(std::string(name.substr(0, 100))) +
                  "' is not valid: names have 1 to 1024 characters, no control characters and no "
                  "blanks at either end",
              "BadRequest_EntityNameIsNotValid");
}

Status CheckColumns(const std::vector<ColumnSchema>& columns) {
  if (columns.empty()) return BadRequest("A table needs at least one column");
  std::set<std::string_view> seen;
  for (const ColumnSchema& column : columns) {
    KC_TRY(CheckEntityName("Column", column.name));
    if (!seen.insert(column.name).second) {
      return BadRequest("The column '" + column.name + "' is named twice");
    }
  }
  return {};
}

std::string DotNetType(ScalarType type) {
  if (type == ScalarType::kDecimal) return "System.Data.SqlTypes.SqlDecimal";
  return "System." + std::string(DotNetName(type));
}

OrderedJson TableSchemaJson(const TableMeta& table) {
  OrderedJson columns = OrderedJson::array();
  for (const Column& column : table.columns) {
    OrderedJson json;
    json["Name"] = column.name;
    json["Type"] = DotNetType(column.type);
    json["CslType"] = KustoName(column.type);
    if (!column.docstring.empty()) json["DocString"] = column.docstring;
    columns.push_back(std::move(json));
  }
  OrderedJson schema;
  schema["Name"] = table.name;
  schema["Folder"] = table.folder;
  schema["DocString"] = table.docstring;
  schema["OrderedColumns"] = std::move(columns);
  return schema;
}

std::string CslSchema(const TableMeta& table) {
  std::string text;
  for (const Column& column : table.columns) {
    if (!text.empty()) text += ", ";
    text += PlainName(column.name) + ":" + std::string(KustoName(column.type));
  }
  return text;
}

Result<TableMeta> ChangeTable(const TableTarget& target, const char* event,
                              const std::function<Status(TableMeta&)>& change) {
  const std::string id = target.table->id();
  KC_ASSIGN(const CommitInfo commit,
            target.database->Commit(
                [&](const DatabaseState& state, TransactionBuilder& builder) -> Status {
                  const TablePtr table = state.FindTableById(id);
                  if (!table) return NotFound("Table", target.table->name());
                  TableMeta meta = *table->meta;
                  KC_TRY(change(meta));
                  if (meta == *table->meta) return {};
                  builder.SetEvent(event, meta.name);
                  return builder.PutTable(std::move(meta));
                }));
  const TablePtr changed = commit.state->FindTableById(id);
  if (!changed) return NotFound("Table", target.table->name());
  return *changed->meta;
}

CommandResult TableAnswer(const TableMeta& table, const std::string& database) {
  return OneTable(
      ParseColumns("TableName:string Schema:string DatabaseName:string Folder:string "
                   "DocString:string"),
      {{table.name, DumpJson(TableSchemaJson(table)), database, table.folder, table.docstring}});
}

CommandResult TablesAnswer(const DatabaseState& state, const std::vector<std::string>& names) {
  std::vector<std::vector<Value>> rows;
  for (const std::string& name : names) {
    const TablePtr table = state.FindTable(name);
    if (!table) continue;
    rows.push_back({name, state.name(), table->meta->folder, table->meta->docstring});
  }
  return OneTable(
      ParseColumns("TableName:string DatabaseName:string Folder:string DocString:string"),
      std::move(rows));
}

}  // namespace kc::local
