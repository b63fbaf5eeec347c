#include "engine/table_provider.h"

#include <algorithm>

#include "base/text.h"

namespace kc::engine {
namespace {

bool Overlaps(const ExtentFacts::Range& range, int64_t minimum, int64_t maximum) {
  return !range || (range->first <= maximum && range->second >= minimum);
}

bool AnyTagContains(const std::vector<std::string>& tags, std::string_view text) {
  std::string needle = ToLowerAscii(text);
  return std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    return ToLowerAscii(tag).find(needle) != std::string::npos;
  });
}

bool AnyText(const ScanFilter& filter, auto&& holds) {
  return std::any_of(filter.texts.begin(), filter.texts.end(), holds);
}

}  // namespace

bool MayMatch(const ScanFilter& filter, const ExtentFacts& extent) {
  using Kind = ScanFilter::Kind;
  auto child = [&](const ScanFilter& inner) { return MayMatch(inner, extent); };
  const std::vector<std::string>& tags = extent.Tags();
  switch (filter.kind) {
    case Kind::kAll:
      return std::all_of(filter.children.begin(), filter.children.end(), child);
    case Kind::kAny:
      return std::any_of(filter.children.begin(), filter.children.end(), child);
    case Kind::kCursor: {
      ExtentFacts::Range range = extent.Cursor();
      return !range || (range->second > filter.minimum && range->first <= filter.maximum);
    }
    case Kind::kIngestion:
      return Overlaps(extent.Ingestion(), filter.minimum, filter.maximum);
    case Kind::kExtentId:
      return AnyText(filter, [&](const std::string& id) { return id == extent.ExtentId(); });
    case Kind::kTagEquals:
      return AnyText(filter, [&](const std::string& tag) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
      });
    case Kind::kTagContains:
      return AnyText(filter, [&](const std::string& text) { return AnyTagContains(tags, text); });
    case Kind::kColumnRange:
      return Overlaps(extent.Column(filter.column), filter.minimum, filter.maximum);
  }
  return true;
}

}  // namespace kc::engine
