#include "engine/canonical_text.h"

#include "engine/udf/decimal128.h"
#include "engine/udf/json_text.h"

namespace kc::engine {

std::string CanonicalText(ScalarType type, std::string_view text) {
  if (type == ScalarType::kDecimal) {
    if (auto number = udf::ParseDecimal(text)) return udf::FormatDecimal(*number);
  } else if (type == ScalarType::kDynamic) {
    std::string out;
    if (udf::NormalizeJson(text, out)) return out;
    out.clear();
    udf::AppendJsonQuoted(out, text);
    return out;
  }
  return std::string(text);
}

}  // namespace kc::engine
