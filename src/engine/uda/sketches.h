// The states of hll() and tdigest() as dynamic values.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kc::engine::uda {

// Counts distinct 64-bit hashes: exactly up to kExact of them, then by 2^14 registers (standard
// error 0.8 %).
class HyperLogLog {
 public:
  void Add(uint64_t hash);
  void Merge(const HyperLogLog& other);
  int64_t Count() const;
  // {"hll":[…hashes…]} or {"hll":"<base64 of the registers>"}.
  std::string ToJson() const;
  // Adds what ToJson() wrote; false for other texts.
  bool MergeJson(std::string_view json);

 private:
  static constexpr size_t kExact = 1024;
  static constexpr int kBits = 14;
  void Spread();
  void AddToRegisters(uint64_t hash);
  std::set<uint64_t> exact_;
  std::string registers_;  // empty while exact
};

// Ted Dunning's t-digest by merging: centroids sorted by their means, small at both ends.
class TDigest {
 public:
  void Add(double value, int64_t weight);
  void Merge(const TDigest& other);
  bool empty() const { return total_ == 0; }
  // The nearest rank's value. Percentile in 0 … 100; the digest must not be empty.
  double Percentile(double percentile) const;
  // How many values are at or below.
  double Rank(double value) const;
  double total() const { return total_; }
  // [[mean,weight],…] in order.
  std::string ToJson() const;
  bool MergeJson(std::string_view json);

 private:
  struct Centroid {
    double mean;
    double weight;
  };
  void Compress() const;
  mutable std::vector<Centroid> centroids_;
  mutable bool sorted_ = true;
  double total_ = 0;
};

}  // namespace kc::engine::uda
