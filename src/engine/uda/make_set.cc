// make_set: the different values, in the order in which they came first.
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/uda/uda.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"

namespace kc::engine::uda {
namespace {

using udf::Dyn;

// Values are JSON texts; an array gives its elements. Nulls are left out.
struct MakeSet {
  using Arguments = std::tuple<Dyn, int64_t>;
  using Result = Dyn;
  std::vector<std::string> order;
  std::unordered_set<std::string> seen;
  int64_t limit = 0;

  void Add(std::string_view value) {
    if (udf::IsJsonNull(value) || static_cast<int64_t>(order.size()) >= limit) return;
    const auto [at, fresh] = seen.emplace(value);
    if (fresh) order.push_back(*at);
  }
  void Update(Dyn value, int64_t max) {
    limit = max;
    if (udf::KindOf(value.text) != udf::JsonKind::kArray) return Add(value.text);
    udf::JsonItems items(value.text);
    while (items.Next()) Add(items.value());
  }
  void Merge(const MakeSet& other) {
    limit = std::max(limit, other.limit);
    for (const std::string& value : other.order) Add(value);
  }
  void Finish(udf::Output& output, idx_t row) const {
    std::string text;
    udf::JsonArrayWriter array(text);
    for (const std::string& value : order) array.Raw(value);
    array.Close();
    output.SetText(row, text);
  }
};

}  // namespace
}  // namespace kc::engine::uda

namespace kc::engine::udf {

void AddMakeSet(Registrar& r) {
  uda::Register<uda::MakeSet>(r, "kql_make_set");
}

}  // namespace kc::engine::udf
