// Sets (arrays without regard to order and repetition) and property bags.
#include <unordered_set>

#include "engine/udf/families.h"
#include "engine/udf/json_path.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

using Elements = std::vector<std::string_view>;
using Set = std::unordered_set<std::string_view>;

// The arguments' arrays; false if one is null or no array.
bool Arrays(const Call& call, idx_t row, std::vector<Elements>& arrays) {
  for (const Input& input : call.inputs) {
    if (!input.Valid(row)) return false;
    const std::string_view json = input.Get<Dyn>(row).text;
    if (KindOf(json) != JsonKind::kArray) return false;
    arrays.push_back(JsonElements(json));
  }
  return true;
}

enum class SetOperation { kUnion, kIntersection, kDifference };

template <SetOperation kOperation>
void ComputeSets(const Call& call, Output& output) {
  std::string buffer;
  for (idx_t row = 0; row < call.rows; ++row) {
    std::vector<Elements> arrays;
    if (!Arrays(call, row, arrays)) {
      output.SetNull(row);
      continue;
    }
    std::vector<Set> others;
    for (size_t i = 1; i < arrays.size(); ++i) {
      others.emplace_back(arrays[i].begin(), arrays[i].end());
      if (kOperation == SetOperation::kUnion) {
        arrays[0].insert(arrays[0].end(), arrays[i].begin(), arrays[i].end());
      }
    }
    buffer.clear();
    JsonArrayWriter result(buffer);
    Set seen;
    for (const std::string_view element : arrays[0]) {
      bool keep = true;
      for (const Set& other : others) {
        if (kOperation == SetOperation::kIntersection) keep &= other.contains(element);
        if (kOperation == SetOperation::kDifference) keep &= !other.contains(element);
      }
      if (keep && seen.insert(element).second) result.Raw(element);
    }
    result.Close();
    output.SetText(row, buffer);
  }
}

std::optional<double> Jaccard(std::string_view a, std::string_view b) {
  if (KindOf(a) != JsonKind::kArray || KindOf(b) != JsonKind::kArray) return std::nullopt;
  const Elements x = JsonElements(a), y = JsonElements(b);
  const Set first(x.begin(), x.end()), second(y.begin(), y.end());
  size_t common = 0;
  for (const std::string_view element : first) common += second.contains(element) ? 1 : 0;
  const size_t all = first.size() + second.size() - common;
  return static_cast<double>(common) / static_cast<double>(all);
}

// Appends the entries of an object whose keys are not in `seen`.
void MergeInto(std::string& out, std::string_view json, bool& first, Set& seen) {
  JsonItems items(json);
  while (items.Next()) {
    if (!seen.insert(items.key()).second) continue;
    if (!first) out.push_back(',');
    first = false;
    out.append(items.key()).append(":").append(items.value());
  }
}

void MergeBags(const Call& call, Output& output) {
  std::string buffer;
  for (idx_t row = 0; row < call.rows; ++row) {
    buffer.assign("{");
    bool first = true, any = false;
    Set seen;
    for (const Input& input : call.inputs) {
      if (!input.Valid(row)) continue;
      const std::string_view json = input.Get<Dyn>(row).text;
      if (KindOf(json) != JsonKind::kObject) continue;
      any = true;
      MergeInto(buffer, json, first, seen);
    }
    buffer.push_back('}');
    any ? output.SetText(row, buffer) : output.SetNull(row);
  }
}

// bag_pack(key, value, …): keys that are no strings become their texts; the first of equal keys
// stays.
void PackBag(const Call& call, Output& output) {
  std::string buffer;
  for (idx_t row = 0; row < call.rows; ++row) {
    buffer.assign("{");
    bool first = true;
    std::unordered_set<std::string> seen;
    for (size_t i = 0; i + 1 < call.inputs.size(); i += 2) {
      const std::string_view key =
          call.inputs[i].Valid(row) ? call.inputs[i].Get<Dyn>(row).text : "\"\"";
      std::string quoted(key);
      if (KindOf(key) != JsonKind::kString) {
        quoted.clear();
        AppendJsonQuoted(quoted, key);
      }
      if (!seen.insert(quoted).second) continue;
      if (!first) buffer.push_back(',');
      first = false;
      buffer.append(quoted).push_back(':');
      const Input& value = call.inputs[i + 1];
      buffer.append(value.Valid(row) ? value.Get<Dyn>(row).text : "null");
    }
    buffer.push_back('}');
    output.SetText(row, buffer);
  }
}

bool ZipBag(std::string& out, std::string_view keys, std::string_view values) {
  if (KindOf(keys) != JsonKind::kArray) return false;
  const Elements value_elements = JsonElements(values);
  out.push_back('{');
  bool first = true;
  size_t i = 0;
  Set seen;
  for (JsonItems items(keys); items.Next(); ++i) {
    if (KindOf(items.value()) != JsonKind::kString || !seen.insert(items.value()).second) continue;
    if (!first) out.push_back(',');
    first = false;
    out.append(items.value()).push_back(':');
    out.append(i < value_elements.size() ? value_elements[i] : "null");
  }
  out.push_back('}');
  return true;
}

bool RemoveKeys(std::string& out, std::string_view bag, std::string_view keys) {
  if (KindOf(bag) != JsonKind::kObject) return false;
  std::string current(bag);
  for (const std::string_view key : JsonElements(keys)) {
    if (KindOf(key) != JsonKind::kString) continue;
    std::string next;
    RemoveAtPath(next, current, KeyOrPath(JsonUnquote(key)));
    current = std::move(next);
  }
  out.append(current);
  return true;
}

void AddBags(Registrar& r) {
  r.AddVariadic("kql_bag_merge", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { MergeBags(call, output); });
  r.AddVariadic("kql_bag_pack", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& call, Output& output) { PackBag(call, output); });
  r.Add("kql_bag_keys", [](DynOut& out, Dyn bag) {
    if (KindOf(bag.text) != JsonKind::kObject) return false;
    JsonArrayWriter array(out);
    JsonItems items(bag.text);
    while (items.Next()) array.Raw(items.key());
    array.Close();
    return true;
  });
  r.Add("kql_bag_has_key", [](Dyn bag, Text key) -> std::optional<bool> {
    if (KindOf(bag.text) != JsonKind::kObject) return std::nullopt;
    const JsonPath path = KeyOrPath(key);
    if (path.size() > 1) return JsonAtPath(bag.text, path).has_value();
    JsonItems items(bag.text);
    const auto* name = std::get_if<std::string>(&path[0]);
    while (name != nullptr && items.Next()) {
      if (JsonKeyIs(items.key(), *name)) return true;
    }
    return false;
  });
  r.Add("kql_bag_remove_keys",
        [](DynOut& out, Dyn bag, Dyn keys) { return RemoveKeys(out, bag.text, keys.text); });
  r.Add("kql_bag_set_key", [](DynOut& out, Dyn bag, Text key, std::optional<Dyn> value) {
    return SetAtPath(out, bag.text, KeyOrPath(key), value ? value->text : "null");
  });
  r.Add("kql_bag_zip", [](DynOut& out, Dyn keys, std::optional<Dyn> values) {
    return ZipBag(out, keys.text, values ? values->text : "");
  });
}

}  // namespace

void AddSets(Registrar& r) {
  r.AddVariadic("kql_set_union", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& c, Output& o) { ComputeSets<SetOperation::kUnion>(c, o); });
  r.AddVariadic("kql_set_intersect", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& c, Output& o) { ComputeSets<SetOperation::kIntersection>(c, o); });
  r.AddVariadic("kql_set_difference", {}, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
                [](const Call& c, Output& o) { ComputeSets<SetOperation::kDifference>(c, o); });
  r.Add("kql_set_has_element", [](Dyn array, Dyn element) -> std::optional<bool> {
    if (KindOf(array.text) != JsonKind::kArray) return std::nullopt;
    JsonItems items(array.text);
    while (items.Next()) {
      if (items.value() == element.text) return true;
    }
    return false;
  });
  r.Add("kql_jaccard", [](Dyn a, Dyn b) { return Jaccard(a.text, b.text); });
  AddBags(r);
}

}  // namespace kc::engine::udf
