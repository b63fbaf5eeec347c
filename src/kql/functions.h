// The registry of scalar functions that map straight onto a piece of SQL. One row per overload; the
// binder picks the first overload whose arguments fit (exactly, else by Kusto's implicit
// conversions int→long→real→decimal, dynamic→any by its typed leaf). Functions that need more than
// that (iff, case, bin, column_ifexists, prev, toscalar, ago, ingestion_time …) are the binder's
// own.
#pragma once

#include <span>
#include <string_view>

namespace kc::kql {

struct ScalarFunction {
  std::string_view name;  // as in KQL
  // Comma-separated: a Kusto type name; "num" (int, long, real); "any"; "T" (any type, the same for
  // all T); "packed" (any type, converted to dynamic); "text" (any type, converted to string);
  // "[x]" an optional argument; "x..." one or more of the last.
  std::string_view arguments;
  // A Kusto type name, or "T", or "1" (the type of the first argument).
  std::string_view result;
  // SQL with $1, $2 … for the arguments' SQL, $* for all of them separated by commas. Omitted
  // optional arguments make the row not match unless the template is `…$*…`; write a row per arity
  // else. DuckDB types: bool BOOLEAN, int INTEGER, long/datetime/timespan BIGINT (ticks), real
  // DOUBLE, guid UUID, decimal VARCHAR (canonical text), string VARCHAR (never NULL), dynamic
  // VARCHAR (JSON text).
  std::string_view sql;
  // False for new_guid, rand …: evaluated per row, never folded.
  bool deterministic = true;
};

// All rows, sorted by name; built from the tables in functions_*.cc.
std::span<const ScalarFunction> ScalarFunctions();

}  // namespace kc::kql
