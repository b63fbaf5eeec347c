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
#include <cmath>
#include <cstring>

#include "engine/ticks_text.h"
#include "engine/udf/families.h"
#include "engine/udf/integer_text.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

int64_t Hash(std::string_view text) {
  return static_cast<int64_t>(XXH64(text.data(), text.size(), 0));
}

constexpr size_t kUuidLength = 36;  // of FormatUuid

// The text of one row, in memory that is kept for the next.
class RowText {
 public:
  void Clear() { size_ = 0; }
  std::string_view view() const { return {memory_.data(), size_}; }
  // Where at least `count` characters may be written; Wrote() says how many were.
  char* Room(size_t count) {
    if (memory_.size() - size_ < count) memory_.resize((size_ + count) * 2);
    return memory_.data() + size_;
  }
  void Wrote(size_t count) { size_ += count; }
  void Append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(Room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void Append(char c) {
    *Room(1) = c;
    ++size_;
  }
  void AppendInteger(int64_t value) { Wrote(WriteInteger(value, Room(kIntegerRoom))); }

 private:
  std::vector<char> memory_ = std::vector<char>(1024);
  size_t size_ = 0;
};

void AppendHash(RowText& out, std::string_view text) {
  if (!text.empty()) out.AppendInteger(Hash(text));
}

void AppendRealKind(RowText& out, double value) {
  if (std::isnan(value)) {
    out.Append("nan");
  } else if (std::isinf(value)) {
    out.Append(value > 0 ? "+inf" : "-inf");
  } else if (value == 0) {
    out.Append(std::signbit(value) ? "-0" : "+0");
  } else {
    out.Wrote(WriteReal(value, out.Room(kMaxRealLength)));
    out.Append("~0.0");
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

void AppendDecimalKind(RowText& out, std::string_view text) {
  if (!IsPlainDecimal(text)) {
    out.Append('?');
    out.Append(text);
    return;
  }
  if (text.find('.') != std::string_view::npos) {
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  out.Append(text);
}

void AppendDateKind(RowText& out, int64_t ticks) {
  char* const text = out.Room(kMaxTicksText);
  const size_t length = WriteDateTime(ticks, false, text);
  text[10] = ' ';         // for the T
  out.Wrote(length - 1);  // without the Z
}

void AppendDynamicKind(RowText& out, std::string_view json, std::string& scratch) {
  switch (KindOf(json)) {
    case JsonKind::kArray:
      out.Append("array:");
      break;
    case JsonKind::kObject:
      out.Append("dictionary:");
      break;
    case JsonKind::kBool:
      out.Append("bool:");
      break;
    case JsonKind::kNumber:
      out.Append("num:");
      break;
    default:
      out.Append("txt:");
  }
  scratch.assign("j");
  AppendSortedJson(scratch, json);
  out.AppendInteger(Hash(scratch));
}

void AppendKind(RowText& out, char kind, const Input& input, idx_t row, std::string& scratch) {
  if (!input.Valid(row)) return;
  switch (kind) {
    case 's':
      out.Append(input.Get<Text>(row));
      return;
    case 'h':
      return AppendHash(out, input.Get<Text>(row));
    case 'b':
      out.Append(input.Get<bool>(row) ? 't' : 'f');
      return;
    case 'i':
      return out.AppendInteger(input.Get<int32_t>(row));
    case 'l':
      return out.AppendInteger(input.Get<int64_t>(row));
    case 'r':
      return AppendRealKind(out, input.Get<double>(row));
    case 'd':
      return AppendDecimalKind(out, input.Get<Text>(row));
    case 't':
      return AppendDateKind(out, input.Get<int64_t>(row));
    case 'p':
      out.Wrote(WriteTimeSpan(input.Get<int64_t>(row), out.Room(kMaxTicksText)));
      return;
    case 'g':
      FormatUuid(input.Get<DuckHuge>(row), out.Room(kUuidLength));
      out.Wrote(kUuidLength);
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
    RowText text;
    std::string scratch;
    for (idx_t row = 0; row < rows; ++row) {
      text.Clear();
      for (size_t i = 0; i < kinds.size(); ++i) {
        if (i > 0) text.Append(delimiter);
        AppendKind(text, kinds[i], inputs[i + 2], row, scratch);
      }
      out[row] = Hash(text.view());
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
