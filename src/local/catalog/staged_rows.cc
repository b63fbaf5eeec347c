#include "local/catalog/staged_rows.h"

#include <atomic>

#include "base/log.h"
#include "engine/canonical_text.h"
#include "engine/duck.h"

namespace kc::local {
namespace {

// Drops the table when the query has ended.
struct StagedTable {
  explicit StagedTable(engine::Connection owned) : connection(std::move(owned)) {}
  engine::Connection connection;
  std::string name;
  ~StagedTable() {
    Status dropped = connection.Execute("DROP TABLE IF EXISTS " + name);
    if (!dropped) LogWarn("a staged table stays: {}", dropped.error().message);
  }
};

Status AppendRows(engine::Connection& connection, const std::string& name,
                  const std::vector<engine::DuckType>& types, const ValueTable& rows) {
  KC_ASSIGN(engine::Appender appender, engine::Appender::Open(connection, name));
  engine::ChunkBuilder chunk(types);
  size_t filled = 0;
  for (const std::vector<Value>& row : rows.rows) {
    for (size_t c = 0; c < types.size(); ++c) {
      const auto* text = std::get_if<std::string>(&row[c]);
      chunk.SetValue(c, filled,
                     text ? Value(engine::CanonicalText(rows.columns[c].type, *text)) : row[c]);
    }
    if (++filled == engine::ChunkBuilder::Capacity()) {
      KC_TRY(appender.Append(chunk, filled));
      chunk.Reset();
      filled = 0;
    }
  }
  if (filled > 0) KC_TRY(appender.Append(chunk, filled));
  return appender.Close();
}

}  // namespace

Result<engine::ScanRelation> StageRows(engine::Database& duck, const kql::TableInfo& table,
                                       const std::vector<size_t>& indexes, const ValueTable& rows) {
  static std::atomic<uint64_t> next{1};
  // Without columns only the number of rows matters.
  if (indexes.empty()) {
    return engine::ScanRelation{
        "SELECT 1 AS none FROM range(" + std::to_string(rows.rows.size()) + ")", nullptr};
  }
  if (rows.columns.size() != indexes.size()) {
    return Stop("the answer for '" + table.name + "' has other columns than its schema");
  }
  std::string columns;
  std::vector<engine::DuckType> types;
  for (size_t i = 0; i < indexes.size(); ++i) {
    ScalarType type = table.columns[indexes[i]].type;
    if (rows.columns[i].type != type) {
      return Stop("the answer for '" + table.name + "' has other columns than its schema");
    }
    columns += fmt::format("{}c{} {}", i > 0 ? ", " : "", indexes[i], engine::SqlType(type));
    types.push_back(engine::PhysicalType(type));
  }
  KC_ASSIGN(engine::Connection connection, duck.Connect());
  auto staged = std::make_shared<StagedTable>(std::move(connection));
  staged->name = "kc_staged_" + std::to_string(next.fetch_add(1));
  KC_TRY(staged->connection.Execute("CREATE TABLE " + staged->name + " (" + columns + ")"));
  KC_TRY(AppendRows(staged->connection, staged->name, types, rows));
  return engine::ScanRelation{"SELECT * FROM " + staged->name, staged};
}

}  // namespace kc::local
