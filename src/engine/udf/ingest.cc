// What ingestion does to texts that come in through DuckDB: see engine/ingest_cells.h.
#include "engine/ingest_cells.h"

#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {

void AddIngest(Registrar& registrar) {
  registrar.Add("kql_ingest_cut", [](StrOut& out, Text text, int64_t limit) {
    std::string scratch;
    out.append(StringCell(text, static_cast<size_t>(limit), scratch));
  });
  registrar.Add("kql_ingest_dynamic", [](DynOut& out, Dyn value, int64_t limit) {
    return DynamicCell(value.text, static_cast<size_t>(limit), out);
  });
}

}  // namespace kc::engine::udf
