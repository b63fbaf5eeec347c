#include "kusto/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/text.h"
#include "kusto/answers.h"

namespace kc::kusto {

Sum128& Sum128::operator+=(uint64_t value) {
  low += value;
  if (low < value) ++high;
  return *this;
}

Sum128& Sum128::operator+=(const Sum128& other) {
  *this += other.low;
  high += other.high;
  return *this;
}

std::string Sum128::Hex() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

Result<Sum128> Sum128::FromHex(std::string_view text) {
  constexpr size_t kHalf = 16;
  Sum128 out;
  auto parse = [](std::string_view half, uint64_t& value) {
    auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), value, 16);
    return error == std::errc() && end == half.data() + half.size();
  };
  if (text.size() != 2 * kHalf || !parse(text.substr(0, kHalf), out.high) ||
      !parse(text.substr(kHalf), out.low)) {
    return Stop("'" + std::string(text.substr(0, 40)) + "' is no sum of a fingerprint");
  }
  return out;
}

Fingerprint& Fingerprint::operator+=(const Fingerprint& other) {
  rows += other.rows;
  KC_ASSERT(slices.empty() || other.slices.empty() || slices.size() == other.slices.size());
  if (slices.empty()) slices.resize(other.slices.size());
  for (size_t i = 0; i < other.slices.size(); ++i) {
    slices[i].low += other.slices[i].low;
    slices[i].high += other.slices[i].high;
  }
  return *this;
}

bool Fingerprint::operator==(const Fingerprint& other) const {
  // Without rows all sums are 0, whether they were asked for or not.
  if (rows == 0 && other.rows == 0) return true;
  return rows == other.rows && slices == other.slices;
}

std::string Fingerprint::Text() const {
  std::string out = std::to_string(rows);
  for (const Slice& slice : slices) out += ":" + slice.low.Hex() + ":" + slice.high.Hex();
  return out;
}

Result<Fingerprint> Fingerprint::FromText(std::string_view text) {
  std::vector<std::string> parts = Split(text, ':');
  Fingerprint out;
  auto rows = ParseInt64(parts[0]);
  if (!rows || *rows < 0 || parts.size() % 2 == 0) {
    return Stop("'" + std::string(text.substr(0, 80)) + "' is no fingerprint");
  }
  out.rows = *rows;
  for (size_t i = 1; i < parts.size(); i += 2) {
    Slice slice;
    KC_ASSIGN(slice.low, Sum128::FromHex(parts[i]));
    KC_ASSIGN(slice.high, Sum128::FromHex(parts[i + 1]));
    out.slices.push_back(slice);
  }
  return out;
}

std::vector<std::vector<int>> FingerprintSlices(int column_count) {
  std::vector<std::vector<int>> out;
  if (column_count <= kMaxFingerprintColumns) {
    out.emplace_back(static_cast<size_t>(column_count));
    std::iota(out[0].begin(), out[0].end(), 0);
    return out;
  }
  for (int first = kSpineColumns; first < column_count; first += kSliceColumns - kSpineColumns) {
    std::vector<int> slice(kSpineColumns);
    std::iota(slice.begin(), slice.end(), 0);
    int end = std::min(column_count, first + kSliceColumns - kSpineColumns);
    for (int i = first; i < end; ++i) slice.push_back(i);
    out.push_back(std::move(slice));
  }
  return out;
}

Status AddFingerprintRow(const ValueTable& table, size_t row, int slice, int slices,
                         Fingerprint& into) {
  KC_TRY(Require(table, {"N", "L", "H"}));
  KC_ASSERT(slice >= 0 && slice < slices);
  int64_t rows = GetInt(table, row, "N");
  int64_t low = GetInt(table, row, "L");
  int64_t high = GetInt(table, row, "H");
  if (rows < 0 || low < 0 || high < 0) {
    return Stop("a fingerprint's sum is negative: more rows than it can add", "BadAnswer");
  }
  into.slices.resize(static_cast<size_t>(slices));
  if (slice == 0) into.rows += rows;
  into.slices[static_cast<size_t>(slice)].low += static_cast<uint64_t>(low);
  into.slices[static_cast<size_t>(slice)].high += static_cast<uint64_t>(high);
  return {};
}

}  // namespace kc::kusto
