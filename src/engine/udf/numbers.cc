// Arithmetic where DuckDB's own throws, saturates or rounds otherwise than Kusto.
#include <cmath>
#include <limits>

#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

int64_t Wrap(uint64_t bits) {
  return static_cast<int64_t>(bits);
}

}  // namespace

void AddNumbers(Registrar& r) {
  r.Add("kql_add", [](int64_t a, int64_t b) {
    return Wrap(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  });
  r.Add("kql_sub", [](int64_t a, int64_t b) {
    return Wrap(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  });
  r.Add("kql_mul", [](int64_t a, int64_t b) {
    return Wrap(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  });
}

}  // namespace kc::engine::udf
