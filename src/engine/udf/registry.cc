#include "engine/udf/registry.h"

#include "engine/duck.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {

void Registrar::Register(const char* name, const std::vector<duckdb_type>& types, duckdb_type rest,
                         duckdb_type result, duckdb_scalar_function_t function) {
  duckdb_scalar_function udf = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(udf, name);
  for (const duckdb_type type : types) {
    duckdb_logical_type logical = duckdb_create_logical_type(type);
    duckdb_scalar_function_add_parameter(udf, logical);
    duckdb_destroy_logical_type(&logical);
  }
  if (rest != DUCKDB_TYPE_INVALID) {
    duckdb_logical_type logical = duckdb_create_logical_type(rest);
    duckdb_scalar_function_set_varargs(udf, logical);
    duckdb_destroy_logical_type(&logical);
  }
  duckdb_logical_type logical = duckdb_create_logical_type(result);
  duckdb_scalar_function_set_return_type(udf, logical);
  duckdb_destroy_logical_type(&logical);
  // Without it DuckDB answers NULL for any constant NULL argument, where Kusto may not.
  duckdb_scalar_function_set_special_handling(udf);
  duckdb_scalar_function_set_function(udf, function);
  if (duckdb_register_scalar_function(connection_, udf) != DuckDBSuccess) Failed(name);
  duckdb_destroy_scalar_function(&udf);
}

Status RegisterAll(Connection& connection) {
  Registrar registrar(connection.raw());
  for (const auto family : kFamilies) family(registrar);
  if (!registrar.failures().empty()) {
    return Stop("DuckDB refused to register " + registrar.failures());
  }
  return {};
}

}  // namespace kc::engine::udf
