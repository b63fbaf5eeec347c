// What ingestion does to texts that come in through DuckDB: see engine/ingest_cells.h.
#include "engine/ingest_cells.h"

#include <algorithm>

#include "base/text.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

// What must hold of a column's cells.
struct CellRule {
  char kind;  // s string, y dynamic, x anything that can be read
  size_t limit;
};

// "s1048576 y1048576 x0 "
std::vector<CellRule> ReadRules(std::string_view text, size_t columns) {
  std::vector<CellRule> rules;
  for (const std::string& word : Split(std::string(text), ' ')) {
    if (word.empty()) continue;
    const auto limit = ParseInt64(word.substr(1));
    if (!limit) throw UdfError("kql_cells_fit: a rule has no limit");
    rules.push_back({word[0], static_cast<size_t>(*limit)});
  }
  if (rules.size() != columns) throw UdfError("kql_cells_fit: as many rules as cells are expected");
  return rules;
}

bool Fits(const CellRule& rule, const Input& input, idx_t row) {
  if (rule.kind == 's') return input.Valid(row) && input.Get<Text>(row).size() <= rule.limit;
  return rule.kind != 'y' || !input.Valid(row) || IsDynamicCell(input.Get<Text>(row), rule.limit);
}

// kql_cells_fit(rules, a1, a2 …): are the cells just as ingestion would write them? That all of the
// arguments are read is a part of it. DuckDB has seen to it that texts are valid UTF-8.
void CellsFit(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector vector) {
  try {
    const idx_t rows = duckdb_data_chunk_get_size(chunk);
    if (rows == 0) return;
    const size_t cells = duckdb_data_chunk_get_column_count(chunk) - 1;
    const std::vector<CellRule> rules = ReadRules(InputOf(chunk, 0).Get<Text>(0), cells);
    auto* out = static_cast<bool*>(duckdb_vector_get_data(vector));
    std::fill(out, out + rows, true);
    for (size_t i = 0; i < cells; ++i) {
      if (rules[i].kind == 'x') continue;
      const Input input = InputOf(chunk, i + 1);
      for (idx_t row = 0; row < rows; ++row) out[row] &= Fits(rules[i], input, row);
    }
  } catch (const std::exception& e) {
    duckdb_scalar_function_set_error(info, e.what());
  }
}

}  // namespace

void AddIngest(Registrar& registrar) {
  registrar.Add("kql_ingest_cut", [](StrOut& out, Text text, int64_t limit) {
    std::string scratch;
    out.append(StringCell(text, static_cast<size_t>(limit), scratch));
  });
  registrar.Add("kql_ingest_dynamic", [](DynOut& out, Dyn value, int64_t limit) {
    return DynamicCell(value.text, static_cast<size_t>(limit), out);
  });
  registrar.Register("kql_cells_fit", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_ANY, DUCKDB_TYPE_BOOLEAN,
                     &CellsFit);
}

}  // namespace kc::engine::udf
