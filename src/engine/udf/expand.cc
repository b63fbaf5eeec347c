// What mv-expand makes rows of.
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {

// An array as it is; a bag as an array of its entries, each {k:v} or [k,v]; anything else, null
// too, as an array of one.
void AddExpand(Registrar& r) {
  r.Add("kql_expand_items", [](DynOut& out, std::optional<Dyn> value, bool as_array) {
    if (!value || IsJsonNull(value->text)) {
      out += "[null]";
      return true;
    }
    const JsonKind kind = KindOf(value->text);
    if (kind == JsonKind::kArray) {
      out += value->text;
      return true;
    }
    JsonArrayWriter array(out);
    if (kind != JsonKind::kObject) {
      array.Raw(value->text);
      array.Close();
      return true;
    }
    JsonItems items(value->text);
    while (items.Next()) {
      std::string& element = array.Element();
      element += as_array ? '[' : '{';
      element += items.key();
      element += as_array ? ',' : ':';
      element += items.value();
      element += as_array ? ']' : '}';
    }
    array.Close();
    return true;
  });
}

}  // namespace kc::engine::udf
