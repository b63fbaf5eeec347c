// The content fingerprint of a set of rows (docs/design/kusto-client.md): rows hashed as a whole
// from documented text forms, sums of the hashes' halves. Equal multisets of rows have equal
// fingerprints on any two clusters. The KQL is made by kusto/commands/fingerprint.h. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::kusto {

// Sums are 128 bits wide: a summand is below 2^63, there are at most 2^63 of them.
struct Sum128 {
  uint64_t high = 0;
  uint64_t low = 0;
  Sum128& operator+=(uint64_t value);
  Sum128& operator+=(const Sum128& other);
  bool operator==(const Sum128&) const = default;
  // 32 hexadecimal digits, and back.
  std::string Hex() const;
  static Result<Sum128> FromHex(std::string_view text);
};

// N rows and, per slice of the columns (one, but for tables of more than 1,000 columns), the sums
// of the hashes' low and high 32 bits.
struct Fingerprint {
  int64_t rows = 0;
  struct Slice {
    Sum128 low, high;
    bool operator==(const Slice&) const = default;
  };
  std::vector<Slice> slices;

  // Of the same number of slices, or one of them empty.
  Fingerprint& operator+=(const Fingerprint& other);
  bool operator==(const Fingerprint& other) const;
  // "rows:low:high[:low:high…]", and back.
  std::string Text() const;
  static Result<Fingerprint> FromText(std::string_view text);
};

// The columns of the slices, as indices into the table's columns: one slice of all, unless there
// are more than kMaxFingerprintColumns; then slices that all repeat the first kSpineColumns.
inline constexpr int kMaxFingerprintColumns = 1000;
inline constexpr int kSliceColumns = 300;
inline constexpr int kSpineColumns = 8;
std::vector<std::vector<int>> FingerprintSlices(int column_count);

// A row of a fingerprint's answer for slice `slice` of `slices`: N, L, H. Null sums are 0. Adds it.
Status AddFingerprintRow(const ValueTable& table, size_t row, int slice, int slices,
                         Fingerprint& into);

}  // namespace kc::kusto
