// kql_hash_row(delimiter, kinds, a1, a2 …): XXH64 of the texts of the arguments, joined by the
// delimiter. Each character of `kinds` says what an argument is and how its text is made; the texts
// are those of the KQL that kusto/commands/row_hash.cc writes:
//   s string: as it is                       h string: '' or the hash in decimal
//   b bool: '', t, f                         i l int, long: tostring()
//   r real: '', nan, ±inf, ±0, or its text, '~' and what the text leaves (nothing: texts read back)
//   d decimal: '', 0, digits without zeros at the end, or '?' and the text
//   t datetime: '' or 2020-01-31 01:02:03.0000000      p timespan, g guid: tostring()
//   y dynamic: '' or its kind, ':' and the hash of its JSON with sorted keys
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/ticks_text.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

int64_t Hash(std::string_view text) {
  return static_cast<int64_t>(XXH64(text.data(), text.size(), 0));
}

void AppendHash(std::string& out, std::string_view text) {
  if (!text.empty()) AppendJsonInteger(out, Hash(text));
}

void AppendRealKind(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("nan");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+inf" : "-inf");
  } else if (value == 0) {
    out.append(std::signbit(value) ? "-0" : "+0");
  } else {
    AppendReal(out, value);
    out.append("~0.0");
  }
}

bool IsPlainDecimal(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > start;
  };
  if (!digits()) return false;
  if (at == text.size()) return true;
  return text[at++] == '.' && digits() && at == text.size();
}

void AppendDecimalKind(std::string& out, std::string_view text) {
  if (!IsPlainDecimal(text)) {
    out.append("?").append(text);
    return;
  }
  if (text.find('.') != std::string_view::npos) {
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  out.append(text);
}

void AppendDateKind(std::string& out, int64_t ticks) {
  char buffer[kMaxTicksText];
  const size_t length = WriteDateTime(ticks, false, buffer);
  buffer[10] = ' ';                // for the T
  out.append(buffer, length - 1);  // without the Z
}

void AppendDynamicKind(std::string& out, std::string_view json, std::string& scratch) {
  switch (KindOf(json)) {
    case JsonKind::kArray:
      out.append("array:");
      break;
    case JsonKind::kObject:
      out.append("dictionary:");
      break;
    case JsonKind::kBool:
      out.append("bool:");
      break;
    case JsonKind::kNumber:
      out.append("num:");
      break;
    default:
      out.append("txt:");
  }
  scratch.assign("j");
  AppendSortedJson(scratch, json);
  AppendJsonInteger(out, Hash(scratch));
}

void AppendKind(std::string& out, char kind, const Input& input, idx_t row, std::string& scratch) {
  if (!input.Valid(row)) return;
  char buffer[kMaxTicksText];
  switch (kind) {
    case 's':
      out.append(input.Get<Text>(row));
      return;
    case 'h':
      return AppendHash(out, input.Get<Text>(row));
    case 'b':
      out.push_back(input.Get<bool>(row) ? 't' : 'f');
      return;
    case 'i':
      return AppendJsonInteger(out, input.Get<int32_t>(row));
    case 'l':
      return AppendJsonInteger(out, input.Get<int64_t>(row));
    case 'r':
      return AppendRealKind(out, input.Get<double>(row));
    case 'd':
      return AppendDecimalKind(out, input.Get<Text>(row));
    case 't':
      return AppendDateKind(out, input.Get<int64_t>(row));
    case 'p':
      out.append(buffer, WriteTimeSpan(input.Get<int64_t>(row), buffer));
      return;
    case 'g':
      scratch.resize(36);
      FormatUuid(input.Get<DuckHuge>(row), scratch.data());
      out.append(scratch);
      return;
    case 'y':
      return AppendDynamicKind(out, input.Get<Text>(row), scratch);
    default:
      throw UdfError("kql_hash_row: an unknown kind");
  }
}

duckdb_type TypeOfKind(char kind) {
  switch (kind) {
    case 'b':
      return DUCKDB_TYPE_BOOLEAN;
    case 'i':
      return DUCKDB_TYPE_INTEGER;
    case 'l':
    case 't':
    case 'p':
      return DUCKDB_TYPE_BIGINT;
    case 'r':
      return DUCKDB_TYPE_DOUBLE;
    case 'g':
      return DUCKDB_TYPE_UUID;
    default:
      return DUCKDB_TYPE_VARCHAR;
  }
}

void CheckTypes(duckdb_data_chunk chunk, std::string_view kinds) {
  if (kinds.size() + 2 != duckdb_data_chunk_get_column_count(chunk)) {
    throw UdfError("kql_hash_row: as many kinds as arguments are expected");
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    duckdb_logical_type type =
        duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i + 2));
    const duckdb_type id = duckdb_get_type_id(type);
    duckdb_destroy_logical_type(&type);
    if (id != TypeOfKind(kinds[i])) throw UdfError("kql_hash_row: an argument has another type");
  }
}

void HashRows(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector vector) {
  try {
    const idx_t rows = duckdb_data_chunk_get_size(chunk);
    if (rows == 0) return;
    std::vector<Input> inputs;
    for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk); ++i) {
      inputs.push_back(InputOf(chunk, i));
    }
    const std::string delimiter(inputs[0].Get<Text>(0));
    const std::string kinds(inputs[1].Get<Text>(0));
    CheckTypes(chunk, kinds);
    auto* out = static_cast<int64_t*>(duckdb_vector_get_data(vector));
    std::string text, scratch;
    for (idx_t row = 0; row < rows; ++row) {
      text.clear();
      for (size_t i = 0; i < kinds.size(); ++i) {
        if (i > 0) text.append(delimiter);
        AppendKind(text, kinds[i], inputs[i + 2], row, scratch);
      }
      out[row] = Hash(text);
    }
  } catch (const std::exception& e) {
    duckdb_scalar_function_set_error(info, e.what());
  }
}

}  // namespace

void AddRowHash(Registrar& r) {
  r.Register("kql_hash_row", {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_ANY,
             DUCKDB_TYPE_BIGINT, &HashRows);
}

}  // namespace kc::engine::udf
