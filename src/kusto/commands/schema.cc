#include "kusto/commands/schema.h"

#include <algorithm>

#include "kusto/commands/names.h"

namespace kc::kusto::commands {

std::string ShowVersion() {
  return ".show version";
}
std::string ShowDatabases() {
  return ".show databases";
}
std::string ShowDatabase(const std::string& database) {
  return ".show databases | where DatabaseName == " + Text(database);
}
std::string ShowTablesDetails() {
  return ".show tables details | project TableName, Folder, DocString, TableId";
}
std::string ShowTableDetails(const std::string& table) {
  return ".show table " + Name(table) + " details";
}
std::string ShowTables() {
  return ".show tables";
}
std::string ShowDatabaseSchema(const std::string& database) {
  return ".show database " + Name(database) + " schema as json";
}
std::string ShowTableSchema(const std::string& table) {
  return ".show table " + Name(table) + " schema as json";
}
std::string ShowCapacity() {
  return ".show capacity";
}
std::string ShowFunctions() {
  return ".show functions";
}
std::string ShowMaterializedViews() {
  return ".show materialized-views";
}
std::string ShowTablePolicy(const std::string& table, const std::string& policy) {
  return ".show table " + Name(table) + " policy " + policy;
}
std::string ShowAllTablesPolicy(const std::string& policy) {
  return ".show table * policy " + policy;
}
std::string ShowDatabasePolicy(const std::string& database, const std::string& policy) {
  return ".show database " + Name(database) + " policy " + policy;
}
std::string ShowSchemaScript(const std::string& database) {
  return ".show database " + Name(database) +
         " schema as csl script with (IncludeEncodingPolicies=true)";
}
std::string ShowIngestionFailures(const std::string& operation_id) {
  return ".show ingestion failures with (OperationId=\"" + operation_id + "\")";
}

std::string CreateDatabase(const std::string& database) {
  return ".create database " + Name(database) + " ifnotexists";
}

namespace {

std::string WithDocumentation(const TableSchema& table) {
  if (table.docstring.empty() && table.folder.empty()) return "";
  return " with (docstring=" + Text(table.docstring) + ", folder=" + Text(table.folder) + ")";
}

std::string NameList(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + Name(name);
  return out;
}

}  // namespace

std::string CreateTable(const TableSchema& table) {
  return ".create table " + Name(table.name) + " (" + Columns(table.columns) + ")" +
         WithDocumentation(table);
}
std::string CreateMergeTable(const TableSchema& table) {
  return ".create-merge table " + Name(table.name) + " (" + Columns(table.columns) + ")" +
         WithDocumentation(table);
}
std::string CreateTableBasedOn(const std::string& table, const std::string& other) {
  return ".create table " + Name(table) + " based-on " + Name(other);
}
std::string ExecuteScript(const std::vector<std::string>& lines) {
  std::string out = ".execute database script <|";
  for (const std::string& line : lines) out += "\n" + line;
  return out;
}
std::string DropTable(const std::string& table) {
  return ".drop table " + Name(table) + " ifexists";
}
std::string DropTables(const std::vector<std::string>& tables) {
  return ".drop tables (" + NameList(tables) + ") ifexists";
}
std::string AlterColumnType(const std::string& table, const std::string& column, ScalarType type) {
  return ".alter column " + Name(table) + "." + Name(column) +
         " type=" + std::string(KustoName(type));
}
std::string DropColumn(const std::string& table, const std::string& column) {
  return ".drop column " + Name(table) + "." + Name(column);
}
std::string AlterColumnEncoding(const std::string& table, const std::string& column,
                                const std::string& type) {
  return ".alter column " + Name(table) + "." + Name(column) +
         " policy encoding type=" + Text(type);
}

std::vector<StagingPolicy> StagingPolicies(const std::string& table) {
  std::string alter = ".alter table " + Name(table) + " policy ";
  std::vector<StagingPolicy> out;
  auto add = [&](std::string policy, std::string set, std::string json) {
    out.push_back({policy, std::move(set), ShowTablePolicy(table, policy), std::move(json)});
  };
  const std::string retention =
      R"({"SoftDeletePeriod":"365000.00:00:00","Recoverability":"Disabled"})";
  add("retention", alter + "retention " + Text(retention), retention);
  const std::string merge = R"({"AllowRebuild":false,"AllowMerge":false})";
  add("merge", ".alter-merge table " + Name(table) + " policy merge " + Text(merge), merge);
  add("extent_tags_retention", alter + "extent_tags_retention " + Text("[]"), "[]");
  add("caching", alter + "caching hot = 0d", "{}");
  add("ingestiontime", alter + "ingestiontime true", R"({"IsEnabled":true})");
  add("streamingingestion", alter + "streamingingestion disable", R"({"IsEnabled":false})");
  return out;
}

std::string CreateStatusFunction(const StatusFunction& function,
                                 const std::vector<ColumnSchema>& columns,
                                 const std::string& body_tail) {
  std::string files;
  for (const std::string& file : function.files) {
    files += (files.empty() ? "" : ",\n    ") + Secret(file);
  }
  return std::string(function.create_only ? ".create" : ".create-or-alter") +
         " function with (docstring=" + Text("kusto-copy " + function.copy_id) +
         ", folder=\"kusto-copy\", skipvalidation=\"true\") " + Name(function.name) + "() {\n" +
         "  externaldata(" + Columns(columns) + ")\n  [\n    " + files +
         "\n  ]\n  with (format=\"csv\")" + (body_tail.empty() ? "" : "\n  " + body_tail) + "\n}";
}

std::string DropFunction(const std::string& name) {
  return ".drop function " + Name(name) + " ifexists";
}

}  // namespace kc::kusto::commands
