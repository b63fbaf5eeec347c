// Aggregates with a state of their own.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "engine/uda/uda.h"
#include "engine/udf/decimal128.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"

namespace kc::engine::uda {
namespace {

using udf::Decimal;
using udf::Dyn;
using udf::JsonItems;
using udf::JsonKind;
using udf::KindOf;
using udf::Output;

// A group's texts are kept in memory: what one may hold at most, so that one query cannot take all.
constexpr size_t kMaxBagBytes = 512u << 20;

// sum(decimal): null without values.
struct DecimalSum {
  using Arguments = std::tuple<udf::Dec>;
  using Result = udf::Dec;
  Decimal sum{};
  bool any = false;

  void Update(udf::Dec value) {
    const auto number = udf::ParseDecimal(value.text);
    if (!number) return;
    sum = any ? sum + *number : *number;
    any = true;
  }
  void Merge(const DecimalSum& other) {
    if (!other.any) return;
    sum = any ? sum + other.sum : other.sum;
    any = true;
  }
  void Finish(Output& output, idx_t row) const {
    any&& udf::IsFinite(sum) ? output.SetText(row, udf::FormatDecimal(sum)) : output.SetNull(row);
  }
};

// make_bag(): entries of all bags; the first of equal keys stays.
struct MakeBag {
  using Arguments = std::tuple<Dyn>;
  using Result = Dyn;
  std::vector<std::pair<std::string, std::string>> entries;
  std::set<std::string, std::less<>> keys;
  size_t bytes = 0;

  void Add(std::string_view key, std::string_view value) {
    if (keys.contains(key)) return;
    bytes += key.size() + value.size();
    if (bytes > kMaxBagBytes) throw udf::UdfError("make_bag(): the bag is larger than 512 MB");
    keys.emplace(key);
    entries.emplace_back(key, value);
  }
  void Update(Dyn bag) {
    if (KindOf(bag.text) != JsonKind::kObject) return;
    JsonItems items(bag.text);
    while (items.Next()) Add(items.key(), items.value());
  }
  void Merge(const MakeBag& other) {
    for (const auto& [key, value] : other.entries) Add(key, value);
  }
  void Finish(Output& output, idx_t row) const {
    std::string text = "{";
    for (const auto& [key, value] : entries) {
      if (text.size() > 1) text.push_back(',');
      text.append(key).append(":").append(value);
    }
    output.SetText(row, text.append("}"));
  }
};

// percentilew(value, weight, percentile): the smallest value whose share of the weights reaches the
// percentile.
template <typename T>
struct WeightedPercentile {
  using Arguments = std::tuple<T, int64_t, double>;
  using Result = T;
  std::map<T, int64_t> weights;
  double percentile = 0;

  void Update(T value, int64_t weight, double p) {
    percentile = p;
    if (weight > 0) weights[value] += weight;
  }
  void Merge(const WeightedPercentile& other) {
    percentile = other.percentile;
    for (const auto& [value, weight] : other.weights) weights[value] += weight;
  }
  void Finish(Output& output, idx_t row) const {
    if (weights.empty()) return output.SetNull(row);
    double total = 0;
    for (const auto& [value, weight] : weights) total += static_cast<double>(weight);
    const double target = percentile / 100 * total;
    double seen = 0;
    for (const auto& [value, weight] : weights) {
      seen += static_cast<double>(weight);
      if (seen >= target) return output.Set(row, value);
    }
    output.Set(row, weights.rbegin()->first);
  }
};

// The types that occurred at one place of the documents of buildschema().
struct SchemaNode {
  std::set<std::string> scalars;
  std::map<std::string, SchemaNode, std::less<>> fields;  // by quoted key
  std::unique_ptr<SchemaNode> element;

  SchemaNode() = default;
  SchemaNode(const SchemaNode& other) { Merge(other); }
  SchemaNode& operator=(const SchemaNode&) = delete;

  void Add(std::string_view json) {
    switch (KindOf(json)) {
      case JsonKind::kNull:
        break;
      case JsonKind::kBool:
        scalars.insert("bool");
        break;
      case JsonKind::kNumber:
        scalars.insert(udf::JsonIsInteger(json) ? "long" : "double");
        break;
      case JsonKind::kString:
        scalars.insert("string");
        break;
      case JsonKind::kObject: {
        JsonItems items(json);
        while (items.Next()) fields[std::string(items.key())].Add(items.value());
        break;
      }
      case JsonKind::kArray: {
        if (!element) element = std::make_unique<SchemaNode>();
        JsonItems items(json);
        while (items.Next()) element->Add(items.value());
        break;
      }
    }
  }
  void Merge(const SchemaNode& other) {
    scalars.insert(other.scalars.begin(), other.scalars.end());
    for (const auto& [key, node] : other.fields) fields[key].Merge(node);
    if (other.element) {
      if (!element) element = std::make_unique<SchemaNode>();
      element->Merge(*other.element);
    }
  }
  std::string Bag() const {
    std::string out = "{";
    const auto add = [&](std::string_view key, const SchemaNode& node) {
      const std::string text = node.Text();
      if (text.empty()) return;
      if (out.size() > 1) out.push_back(',');
      out.append(key).append(":").append(text);
    };
    if (element) add("\"`indexer`\"", *element);
    for (const auto& [key, node] : fields) add(key, node);
    return out.append("}");
  }
  // One alternative as it is, several in an array; "" if nothing was seen.
  std::string Text() const {
    std::vector<std::string> alternatives;
    for (const std::string& scalar : scalars) alternatives.push_back("\"" + scalar + "\"");
    if (!fields.empty() || element) alternatives.push_back(Bag());
    if (alternatives.empty()) return "";
    if (alternatives.size() == 1) return alternatives[0];
    std::string out = "[";
    for (const std::string& alternative : alternatives) {
      if (out.size() > 1) out.push_back(',');
      out.append(alternative);
    }
    return out.append("]");
  }
};

struct BuildSchema {
  using Arguments = std::tuple<Dyn>;
  using Result = Dyn;
  SchemaNode root;

  void Update(Dyn value) { root.Add(value.text); }
  void Merge(const BuildSchema& other) { root.Merge(other.root); }
  void Finish(Output& output, idx_t row) const {
    const std::string text = root.Text();
    text.empty() ? output.SetNull(row) : output.SetText(row, text);
  }
};

}  // namespace
}  // namespace kc::engine::uda

namespace kc::engine::udf {

void AddAggregates(Registrar& r) {
  uda::Register<uda::DecimalSum>(r, "kql_dec_sum");
  uda::Register<uda::MakeBag>(r, "kql_make_bag");
  uda::Register<uda::BuildSchema>(r, "kql_buildschema");
  uda::Register<uda::WeightedPercentile<int64_t>>(r, "kql_percentilew");
  uda::Register<uda::WeightedPercentile<double>>(r, "kql_percentilew_real");
}

}  // namespace kc::engine::udf
