#include "engine/query_rows.h"

namespace kc::engine {

Result<std::vector<std::vector<Value>>> QueryRows(Connection& connection, const std::string& sql,
                                                  const std::vector<ScalarType>& types) {
  KC_ASSIGN(DuckResult result, connection.Query(sql));
  std::vector<std::vector<Value>> rows;
  while (true) {
    KC_ASSIGN(const std::optional<Chunk> chunk, result.Next());
    if (!chunk) return rows;
    for (size_t r = 0; r < chunk->rows(); ++r) {
      std::vector<Value>& row = rows.emplace_back();
      for (size_t c = 0; c < types.size(); ++c) {
        row.push_back(CellValue(chunk->column(c), r, types[c]));
      }
    }
  }
}

}  // namespace kc::engine
