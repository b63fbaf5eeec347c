// Rows in memory, and rows made out of arrays.
#include "base/text.h"
#include "engine/emit.h"

namespace kc::engine {

using kql::Node;

Result<std::string> Emitter::Values(const Node& node) {
  const ValueTable& table = *node.values;
  std::vector<std::string> items;
  for (size_t i = 0; i < node.columns.size(); ++i) {
    items.push_back("CAST(v" + std::to_string(i) + " AS " +
                    std::string(SqlType(node.columns[i].type)) + ") AS " +
                    ColumnSql(node.columns[i].id));
  }
  if (table.rows.empty() || node.columns.empty()) {
    std::vector<std::string> nulls;
    for (const kql::Column& column : node.columns) {
      nulls.push_back(LiteralSql(column.type, {}) + " AS " + ColumnSql(column.id));
    }
    if (table.rows.empty()) return "SELECT " + SelectList(nulls) + " WHERE FALSE";
    return "SELECT 0 AS k FROM range(" + std::to_string(table.rows.size()) + ")";
  }
  if (table.rows.size() * node.columns.size() > kMaxInlineCells) {
    std::vector<DuckType> types;
    std::vector<std::string> columns;
    for (size_t i = 0; i < node.columns.size(); ++i) {
      types.push_back(PhysicalType(node.columns[i].type));
      columns.push_back("v" + std::to_string(i) + " " + std::string(SqlType(node.columns[i].type)));
    }
    // Named after the first column's id, which is unique in the query; several statements of a
    // query may read the same rows.
    const std::string name = "t" + std::to_string(node.columns[0].id);
    KC_TRY(connection_.Execute("CREATE OR REPLACE TEMP TABLE " + name + " (" +
                               kc::Join(columns, ", ") + ")"));
    KC_ASSIGN(Appender appender, Appender::Open(connection_, name));
    ChunkBuilder chunk(types);
    size_t filled = 0;
    for (const std::vector<Value>& row : table.rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        const bool empty_text = IsNull(row[i]) && node.columns[i].type == ScalarType::kString;
        chunk.SetValue(i, filled, empty_text ? Value(std::string()) : row[i]);
      }
      if (++filled == ChunkBuilder::Capacity()) {
        KC_TRY(appender.Append(chunk, filled));
        chunk.Reset();
        filled = 0;
      }
    }
    if (filled > 0) KC_TRY(appender.Append(chunk, filled));
    KC_TRY(appender.Close());
    return "SELECT " + SelectList(items) + " FROM " + name;
  }
  std::string rows;
  for (const std::vector<Value>& row : table.rows) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(LiteralSql(node.columns[i].type, row[i]));
    }
    rows += (rows.empty() ? "(" : ", (") + kc::Join(cells, ", ") + ")";
  }
  std::string names;
  for (size_t i = 0; i < node.columns.size(); ++i) {
    names += (i > 0 ? ", v" : "v") + std::to_string(i);
  }
  return "SELECT " + SelectList(items) + " FROM (VALUES " + rows + ") t(" + names + ")";
}

// Several arrays are expanded side by side, the shorter ones padded with null. A null or a value
// that is no array or bag gives one row; an empty array none.
Result<std::string> Emitter::Expand(const Node& node) {
  KC_ASSIGN(std::string child, Relation(node.children[0], {}));
  std::string lists, outputs, lengths;
  for (const kql::ExpandItem& item : node.expand) {
    KC_ASSIGN(const std::string value, Scalar(item.array));
    const std::string name = "l" + std::to_string(item.id);
    std::string list = "CAST(from_json(kql_expand_items(" + value + ", " +
                       (item.bag_as_array ? "TRUE" : "FALSE") + "), '[\"JSON\"]') AS VARCHAR[])";
    if (node.limit >= 0) list = "list_slice(" + list + ", 1, " + std::to_string(node.limit) + ")";
    lists += ", " + list + " AS " + name;
    outputs += ", nullif(unnest(" + name + "), 'null') AS " + ColumnSql(item.id);
    lengths += (lengths.empty() ? "len(" : ", len(") + name + ")";
  }
  if (node.item_index != kql::kNoColumn) {
    outputs += ", unnest(range(greatest(" + lengths + "))) AS " + ColumnSql(node.item_index);
  }
  return "SELECT *" + outputs + From("SELECT *" + lists + From(child));
}

}  // namespace kc::engine
