#include "engine/uda/sketches.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "engine/uda/uda.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"

namespace kc::engine::uda {
namespace {

// Centroids are merged when there are more than this; so many distinct values are kept exactly.
constexpr size_t kMaxCentroids = 4096;
constexpr double kCompression = 1000;

}  // namespace

void HyperLogLog::AddToRegisters(uint64_t hash) {
  const size_t index = hash >> (64 - kBits);
  const uint64_t rest = hash << kBits | (uint64_t{1} << (kBits - 1));
  const auto rank = static_cast<char>(__builtin_clzll(rest) + 1);
  registers_[index] = std::max(registers_[index], rank);
}

void HyperLogLog::Spread() {
  registers_.assign(size_t{1} << kBits, '\0');
  for (const uint64_t hash : exact_) AddToRegisters(hash);
  exact_.clear();
}

void HyperLogLog::Add(uint64_t hash) {
  if (!registers_.empty()) return AddToRegisters(hash);
  exact_.insert(hash);
  if (exact_.size() > kExact) Spread();
}

void HyperLogLog::Merge(const HyperLogLog& other) {
  if (other.registers_.empty()) {
    for (const uint64_t hash : other.exact_) Add(hash);
    return;
  }
  if (registers_.empty()) Spread();
  for (size_t i = 0; i < registers_.size(); ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

int64_t HyperLogLog::Count() const {
  if (registers_.empty()) return static_cast<int64_t>(exact_.size());
  const auto m = static_cast<double>(registers_.size());
  double sum = 0, zeros = 0;
  for (const char rank : registers_) {
    sum += std::ldexp(1.0, -rank);
    zeros += rank == 0 ? 1 : 0;
  }
  double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  if (estimate <= 2.5 * m && zeros > 0) estimate = m * std::log(m / zeros);
  return std::llround(estimate);
}

std::string HyperLogLog::ToJson() const {
  std::string out = "{\"hll\":";
  if (!registers_.empty()) {
    return out.append("\"").append(Base64Encode(registers_)).append("\"}");
  }
  udf::JsonArrayWriter array(out);
  for (const uint64_t hash : exact_) {
    udf::AppendJsonInteger(array.Element(), static_cast<int64_t>(hash));
  }
  array.Close();
  return out.append("}");
}

bool HyperLogLog::MergeJson(std::string_view json) {
  const auto state = udf::JsonMember(json, "hll");
  if (!state) return false;
  HyperLogLog other;
  if (udf::KindOf(*state) == udf::JsonKind::kArray) {
    for (const std::string_view element : udf::JsonElements(*state)) {
      const auto hash = udf::JsonToInteger(element);
      if (!hash) return false;
      other.Add(static_cast<uint64_t>(*hash));
    }
  } else {
    const auto registers = Base64Decode(udf::JsonUnquote(*state));
    if (!registers || registers->size() != size_t{1} << kBits) return false;
    other.registers_ = *registers;
  }
  Merge(other);
  return true;
}

void TDigest::Add(double value, int64_t weight) {
  if (std::isnan(value) || weight <= 0) return;
  centroids_.push_back({value, static_cast<double>(weight)});
  sorted_ = false;
  total_ += static_cast<double>(weight);
  if (centroids_.size() > 4 * kMaxCentroids) Compress();
}

void TDigest::Merge(const TDigest& other) {
  centroids_.insert(centroids_.end(), other.centroids_.begin(), other.centroids_.end());
  sorted_ = false;
  total_ += other.total_;
  if (centroids_.size() > 4 * kMaxCentroids) Compress();
}

// Sorts, joins equal values and, if there are too many, neighbours.
void TDigest::Compress() const {
  if (sorted_) return;
  sorted_ = true;
  std::sort(centroids_.begin(), centroids_.end(),
            [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; });
  std::vector<Centroid> merged;
  for (const Centroid& c : centroids_) {
    if (!merged.empty() && merged.back().mean == c.mean) {
      merged.back().weight += c.weight;
    } else {
      merged.push_back(c);
    }
  }
  centroids_ = std::move(merged);
  if (centroids_.size() <= kMaxCentroids) return;
  merged = {centroids_[0]};
  double before = 0;
  for (size_t i = 1; i < centroids_.size(); ++i) {
    const Centroid& c = centroids_[i];
    Centroid& last = merged.back();
    const double q = (before + (last.weight + c.weight) / 2) / total_;
    const double limit = 4 * total_ * q * (1 - q) / kCompression;
    if (last.weight + c.weight <= limit) {
      last.mean = (last.mean * last.weight + c.mean * c.weight) / (last.weight + c.weight);
      last.weight += c.weight;
    } else {
      before += last.weight;
      merged.push_back(c);
    }
  }
  centroids_ = std::move(merged);
}

double TDigest::Percentile(double percentile) const {
  Compress();
  const double target = std::clamp(percentile, 0.0, 100.0) / 100 * total_;
  double seen = 0;
  for (const Centroid& c : centroids_) {
    seen += c.weight;
    if (seen >= target) return c.mean;
  }
  return centroids_.back().mean;
}

double TDigest::Rank(double value) const {
  Compress();
  double rank = 0;
  for (const Centroid& c : centroids_) {
    if (c.mean <= value) rank += c.weight;
  }
  return rank;
}

std::string TDigest::ToJson() const {
  Compress();
  std::string out;
  udf::JsonArrayWriter array(out);
  for (const Centroid& c : centroids_) {
    std::string& element = array.Element();
    element.push_back('[');
    udf::AppendJsonReal(element, c.mean);
    element.push_back(',');
    udf::AppendJsonReal(element, c.weight);
    element.push_back(']');
  }
  array.Close();
  return out;
}

bool TDigest::MergeJson(std::string_view json) {
  if (udf::KindOf(json) != udf::JsonKind::kArray) return false;
  for (const std::string_view element : udf::JsonElements(json)) {
    const auto pair = udf::JsonElements(element);
    if (pair.size() != 2) return false;
    const double weight = udf::JsonToDouble(pair[1]);
    if (!(weight > 0)) return false;
    centroids_.push_back({udf::JsonToDouble(pair[0]), weight});
    total_ += weight;
  }
  sorted_ = false;
  Compress();
  return true;
}

namespace {

using udf::Dyn;
using udf::Output;

// What every aggregate over a sketch has: its state, joined with others', told as JSON.
template <typename Sketch>
struct SketchAggregate {
  using Result = Dyn;
  Sketch state;
  void Merge(const SketchAggregate& other) { state.Merge(other.state); }
  void Finish(Output& output, idx_t row) const { output.SetText(row, state.ToJson()); }
};

// Of sketches told as JSON; what isn't one is passed over.
template <typename Sketch>
struct MergeOf : SketchAggregate<Sketch> {
  using Arguments = std::tuple<Dyn>;
  void Update(Dyn json) { this->state.MergeJson(json.text); }
};

// hll(): of hashes.
struct Hll : SketchAggregate<HyperLogLog> {
  using Arguments = std::tuple<int64_t>;
  void Update(int64_t hash) { state.Add(static_cast<uint64_t>(hash)); }
};

// tdigest(): of values and their weights.
struct Digest : SketchAggregate<TDigest> {
  using Arguments = std::tuple<double, int64_t>;
  void Update(double value, int64_t weight) { state.Add(value, weight); }
};

template <typename Sketch>
void MergeRows(const udf::Call& call, Output& output) {
  for (idx_t row = 0; row < call.rows; ++row) {
    Sketch sketch;
    bool any = false;
    for (const udf::Input& input : call.inputs) {
      any |= input.Valid(row) && sketch.MergeJson(input.Get<Dyn>(row).text);
    }
    any ? output.SetText(row, sketch.ToJson()) : output.SetNull(row);
  }
}

}  // namespace
}  // namespace kc::engine::uda

namespace kc::engine::udf {

void AddSketches(Registrar& r) {
  uda::Register<uda::Hll>(r, "kql_hll");
  uda::Register<uda::MergeOf<uda::HyperLogLog>>(r, "kql_hll_merge");
  uda::Register<uda::Digest>(r, "kql_tdigest");
  uda::Register<uda::MergeOf<uda::TDigest>>(r, "kql_tdigest_merge");
  r.AddVariadic("kql_hll_merge_of", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& c, Output& o) { uda::MergeRows<uda::HyperLogLog>(c, o); });
  r.AddVariadic("kql_tdigest_merge_of", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& c, Output& o) { uda::MergeRows<uda::TDigest>(c, o); });
  r.Add("kql_dcount_hll", [](Dyn json) -> std::optional<int64_t> {
    uda::HyperLogLog sketch;
    if (!sketch.MergeJson(json.text)) return std::nullopt;
    return sketch.Count();
  });
  r.Add("kql_percentile_tdigest", [](Dyn json, double percentile) -> std::optional<double> {
    uda::TDigest sketch;
    if (!sketch.MergeJson(json.text) || sketch.empty()) return std::nullopt;
    return sketch.Percentile(percentile);
  });
  r.Add("kql_rank_tdigest", [](Dyn json, double value) -> std::optional<double> {
    uda::TDigest sketch;
    if (!sketch.MergeJson(json.text)) return std::nullopt;
    return sketch.Rank(value);
  });
  r.Add("kql_percentrank_tdigest", [](Dyn json, double value) -> std::optional<double> {
    uda::TDigest sketch;
    if (!sketch.MergeJson(json.text) || sketch.empty()) return std::nullopt;
    return sketch.Rank(value) / sketch.total() * 100;
  });
}

}  // namespace kc::engine::udf
