// How the files of this folder define functions: a plain lambda over C++ values becomes a
// vectorised DuckDB function, its SQL signature read off the lambda's own. Included by udf/*.cc and
// uda/*.cc only.
//
// Arguments: bool, int32_t, int64_t (long, datetime, timespan), double, DuckHuge (guid), Text (a
// KQL string; NULL reads as ""), Dyn (dynamic), Dec (decimal). A NULL in any of them but Text makes
// the result null ("" for a KQL string) without calling the lambda, unless the type is
// std::optional<…>. Results: the same types and std::optional<…> of them (Text of an input's bytes
// only); or the lambda's first parameter is StrOut& (a KQL string, never NULL; returns void) or
// DynOut& (VARCHAR that can be NULL; returns bool, false = NULL).
#pragma once

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "duckdb.h"
#include "engine/duck.h"

namespace kc::engine::udf {

using Text = std::string_view;
struct Dyn {
  std::string_view text;
};
struct Dec {
  std::string_view text;
};
struct StrOut : std::string {};
struct DynOut : std::string {};

template <typename T>
struct TypeOf;
#define KC_UDF_TYPE(T, D)                   \
  template <>                               \
  struct TypeOf<T> {                        \
    static constexpr duckdb_type kType = D; \
  }
KC_UDF_TYPE(bool, DUCKDB_TYPE_BOOLEAN);
KC_UDF_TYPE(int32_t, DUCKDB_TYPE_INTEGER);
KC_UDF_TYPE(int64_t, DUCKDB_TYPE_BIGINT);
KC_UDF_TYPE(double, DUCKDB_TYPE_DOUBLE);
KC_UDF_TYPE(DuckHuge, DUCKDB_TYPE_UUID);
KC_UDF_TYPE(Text, DUCKDB_TYPE_VARCHAR);
KC_UDF_TYPE(Dyn, DUCKDB_TYPE_VARCHAR);
KC_UDF_TYPE(Dec, DUCKDB_TYPE_VARCHAR);
KC_UDF_TYPE(StrOut, DUCKDB_TYPE_VARCHAR);
KC_UDF_TYPE(DynOut, DUCKDB_TYPE_VARCHAR);
#undef KC_UDF_TYPE
template <typename T>
struct TypeOf<std::optional<T>> : TypeOf<T> {};

// One input column.
struct Input {
  const void* data = nullptr;
  const uint64_t* validity = nullptr;

  bool Valid(idx_t row) const {
    return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
  }
  template <typename T>
  T Get(idx_t row) const {
    if constexpr (std::is_same_v<T, Text>) {
      return Valid(row) ? static_cast<const DuckString*>(data)[row].view() : Text();
    } else if constexpr (std::is_same_v<T, Dyn> || std::is_same_v<T, Dec>) {
      return T{static_cast<const DuckString*>(data)[row].view()};
    } else {
      return static_cast<const T*>(data)[row];
    }
  }
};

inline Input InputOf(duckdb_data_chunk chunk, idx_t column) {
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
  return {duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)};
}

template <typename T>
struct Reader {
  static constexpr bool kStrict = !std::is_same_v<T, Text>;
  static T Read(const Input& input, idx_t row) { return input.Get<T>(row); }
};
template <typename T>
struct Reader<std::optional<T>> {
  static constexpr bool kStrict = false;
  static std::optional<T> Read(const Input& input, idx_t row) {
    if (!input.Valid(row)) return std::nullopt;
    return input.Get<T>(row);
  }
};

// The output column.
class Output {
 public:
  explicit Output(duckdb_vector vector) : vector_(vector), data_(duckdb_vector_get_data(vector)) {}

  void SetNull(idx_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    validity_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  void SetText(idx_t row, std::string_view text) {
    if (text.size() <= DuckString::kInlineLength) {
      duckdb_string_t& cell = static_cast<duckdb_string_t*>(data_)[row];
      std::memset(&cell, 0, sizeof(cell));
      cell.value.inlined.length = static_cast<uint32_t>(text.size());
      // An empty view may point nowhere, which memcpy does not allow.
      if (!text.empty()) std::memcpy(cell.value.inlined.inlined, text.data(), text.size());
    } else {
      duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
    }
  }
  template <typename T>
  void Set(idx_t row, const T& value) {
    if constexpr (std::is_same_v<T, Text>) {
      SetText(row, value);
    } else if constexpr (std::is_same_v<T, Dyn> || std::is_same_v<T, Dec>) {
      SetText(row, value.text);
    } else {
      static_cast<T*>(data_)[row] = value;
    }
  }
  template <typename T>
  void Set(idx_t row, const std::optional<T>& value) {
    value ? Set(row, *value) : SetNull(row);
  }
  template <typename T>
  T* Data() const {
    return static_cast<T*>(data_);
  }

 private:
  duckdb_vector vector_;
  void* data_;
  uint64_t* validity_ = nullptr;
};

// Throw it to end the query with a message; nothing else leaves a function.
struct UdfError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
struct IsTextBuffer : std::false_type {};
template <>
struct IsTextBuffer<StrOut&> : std::true_type {};
template <>
struct IsTextBuffer<DynOut&> : std::true_type {};

template <typename Signature>
struct Runner;

// Lambdas that return their result.
template <typename F, typename R, typename... Args>
struct Runner<R (F::*)(Args...) const> {
  using Result = R;
  using Arguments = std::tuple<std::decay_t<Args>...>;
  static constexpr bool kEmptyForNull = std::is_same_v<R, Text>;

  template <size_t... I>
  static void Rows(const Input* inputs, Output& output, idx_t rows, std::index_sequence<I...>) {
    constexpr bool kStrict = (Reader<std::decay_t<Args>>::kStrict || ... || false);
    const F function{};
    bool nulls = false;
    if constexpr (kStrict) {
      nulls = ((Reader<std::decay_t<Args>>::kStrict && inputs[I].validity != nullptr) || ...);
    }
    for (idx_t row = 0; row < rows; ++row) {
      if (nulls &&
          ((Reader<std::decay_t<Args>>::kStrict && !inputs[I].Valid(row)) || ... || false)) {
        kEmptyForNull ? output.SetText(row, {}) : output.SetNull(row);
        continue;
      }
      output.Set(row, function(Reader<std::decay_t<Args>>::Read(inputs[I], row)...));
    }
  }
  static void Run(const Input* inputs, Output& output, idx_t rows) {
    Rows(inputs, output, rows, std::index_sequence_for<Args...>());
  }
};

// Lambdas that write a text.
template <typename F, typename R, typename Buffer, typename... Args>
requires(IsTextBuffer<Buffer>::value) struct Runner<R (F::*)(Buffer, Args...) const> {
  using Result = std::decay_t<Buffer>;
  using Arguments = std::tuple<std::decay_t<Args>...>;
  static constexpr bool kEmptyForNull = std::is_same_v<Result, StrOut>;

  template <size_t... I>
  static void Rows(const Input* inputs, Output& output, idx_t rows, std::index_sequence<I...>) {
    const F function{};
    Result buffer;
    for (idx_t row = 0; row < rows; ++row) {
      if (((Reader<std::decay_t<Args>>::kStrict && !inputs[I].Valid(row)) || ... || false)) {
        kEmptyForNull ? output.SetText(row, {}) : output.SetNull(row);
        continue;
      }
      buffer.clear();
      if constexpr (std::is_void_v<R>) {
        function(buffer, Reader<std::decay_t<Args>>::Read(inputs[I], row)...);
        output.SetText(row, buffer);
      } else {
        static_assert(!kEmptyForNull, "a KQL string is never null");
        if (function(buffer, Reader<std::decay_t<Args>>::Read(inputs[I], row)...)) {
          output.SetText(row, buffer);
        } else {
          output.SetNull(row);
        }
      }
    }
  }
  static void Run(const Input* inputs, Output& output, idx_t rows) {
    Rows(inputs, output, rows, std::index_sequence_for<Args...>());
  }
};

template <typename F>
void Trampoline(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector vector) {
  using R = Runner<decltype(&F::operator())>;
  constexpr size_t kCount = std::tuple_size_v<typename R::Arguments>;
  try {
    Input inputs[kCount + 1];
    for (size_t i = 0; i < kCount; ++i) inputs[i] = InputOf(chunk, i);
    Output output(vector);
    R::Run(inputs, output, duckdb_data_chunk_get_size(chunk));
  } catch (const std::exception& e) {
    duckdb_scalar_function_set_error(info, e.what());
  }
}

// All columns of a call with a variable number of arguments.
struct Call {
  std::vector<Input> inputs;
  idx_t rows;
};

template <typename F>
void VariadicTrampoline(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector vector) {
  try {
    Call call;
    call.rows = duckdb_data_chunk_get_size(chunk);
    for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk); ++i) {
      call.inputs.push_back(InputOf(chunk, i));
    }
    Output output(vector);
    F{}(call, output);
  } catch (const std::exception& e) {
    duckdb_scalar_function_set_error(info, e.what());
  }
}

class Registrar {
 public:
  explicit Registrar(duckdb_connection connection) : connection_(connection) {}

  template <typename F>
  void Add(const char* name, F) {
    using R = Runner<decltype(&F::operator())>;
    std::vector<duckdb_type> types;
    AddTypes<typename R::Arguments>(
        types, std::make_index_sequence<std::tuple_size_v<typename R::Arguments>>());
    Register(name, types, DUCKDB_TYPE_INVALID, TypeOf<typename R::Result>::kType, &Trampoline<F>);
  }
  // `rest`: the type of any number of further arguments. The lambda is (const Call&, Output&).
  template <typename F>
  void AddVariadic(const char* name, std::vector<duckdb_type> types, duckdb_type rest,
                   duckdb_type result, F) {
    Register(name, types, rest, result, &VariadicTrampoline<F>);
  }
  void Register(const char* name, const std::vector<duckdb_type>& types, duckdb_type rest,
                duckdb_type result, duckdb_scalar_function_t function);
  duckdb_connection connection() const { return connection_; }
  // The names that DuckDB refused.
  const std::string& failures() const { return failures_; }
  void Failed(const char* name) { failures_.append(failures_.empty() ? "" : ", ").append(name); }

 private:
  template <typename Tuple, size_t... I>
  static void AddTypes(std::vector<duckdb_type>& types, std::index_sequence<I...>) {
    (types.push_back(TypeOf<std::tuple_element_t<I, Tuple>>::kType), ...);
  }
  duckdb_connection connection_;
  std::string failures_;
};

}  // namespace kc::engine::udf
