#include "engine/ingest_cells.h"

#include "base/text.h"
#include "engine/udf/json_text.h"

namespace kc::engine {
namespace {

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

std::string_view StringCell(std::string_view text, size_t limit, std::string& scratch) {
  if (!IsAscii(text) && !IsValidUtf8(text)) {
    scratch = SanitizeUtf8(std::string(text));
    text = scratch;
  }
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool DynamicCell(std::string_view text, size_t limit, std::string& scratch) {
  std::string_view inner = Trim(text);
  // Longer text might shrink below the limit without its blanks, but not by more than half.
  if (inner.empty() || inner.size() > 2 * kMaxBigValueBytes) return false;
  scratch.clear();
  std::string clean;
  if (!IsAscii(text) && !IsValidUtf8(text)) {
    clean = SanitizeUtf8(std::string(text));
    text = clean;
    inner = Trim(text);
  }
  if (!udf::NormalizeJson(inner, scratch)) {
    scratch.clear();
    udf::AppendJsonQuoted(scratch, text);
  }
  return scratch != "null" && scratch.size() <= limit;
}

bool IsDynamicCell(std::string_view text, size_t limit) {
  return text.size() <= limit && text != "null" && udf::IsNormalJson(text);
}

}  // namespace kc::engine
