#include "engine/dynamic_text.h"

#include "engine/udf/json_text.h"

namespace kc::engine {

std::string NormalizeDynamic(std::string_view json) {
  std::string out;
  if (udf::NormalizeJson(json, out)) return out;
  out.clear();
  udf::AppendJsonQuoted(out, json);
  return out;
}

}  // namespace kc::engine
