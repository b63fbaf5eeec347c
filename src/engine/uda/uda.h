// How the files of this folder define aggregates. An aggregate is a struct A with
//   using Arguments = std::tuple<…>;   types of udf.h; optional<T> where NULL matters: a NULL in
//   any
//                                      other argument leaves the row out
//   using Result = …;                  a type of udf.h
//   void Update(args…);  void Merge(const A& other);  void Finish(Output& output, idx_t row) const;
// One object per group, made when its first row comes. DuckDB moves states about in memory, so it
// only gets a pointer.
#pragma once

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/udf/udf.h"

namespace kc::engine::uda {

template <typename A>
struct Callbacks {
  using Arguments = typename A::Arguments;
  static constexpr size_t kCount = std::tuple_size_v<Arguments>;
  static constexpr auto kIndices = std::make_index_sequence<kCount>();
  struct Slot {
    A* object;
  };
  static Slot& SlotOf(duckdb_aggregate_state state) { return *reinterpret_cast<Slot*>(state); }

  static idx_t Size(duckdb_function_info) { return sizeof(Slot); }
  static void Init(duckdb_function_info, duckdb_aggregate_state state) {
    SlotOf(state).object = nullptr;
  }
  static void Destroy(duckdb_aggregate_state* states, idx_t count) {
    for (idx_t i = 0; i < count; ++i) {
      delete SlotOf(states[i]).object;
      SlotOf(states[i]).object = nullptr;
    }
  }
  template <size_t... I>
  static void UpdateRow(const udf::Input* inputs, idx_t row, duckdb_aggregate_state state,
                        std::index_sequence<I...>) {
    if (((udf::Reader<std::tuple_element_t<I, Arguments>>::kStrict && !inputs[I].Valid(row)) ||
         ... || false)) {
      return;
    }
    Slot& slot = SlotOf(state);
    if (slot.object == nullptr) slot.object = new A();
    slot.object->Update(udf::Reader<std::tuple_element_t<I, Arguments>>::Read(inputs[I], row)...);
  }
  static void Update(duckdb_function_info info, duckdb_data_chunk chunk,
                     duckdb_aggregate_state* states) {
    try {
      udf::Input inputs[kCount + 1];
      for (size_t i = 0; i < kCount; ++i) inputs[i] = udf::InputOf(chunk, i);
      const idx_t rows = duckdb_data_chunk_get_size(chunk);
      for (idx_t row = 0; row < rows; ++row) UpdateRow(inputs, row, states[row], kIndices);
    } catch (const std::exception& e) {
      duckdb_aggregate_function_set_error(info, e.what());
    }
  }
  static void Combine(duckdb_function_info info, duckdb_aggregate_state* sources,
                      duckdb_aggregate_state* targets, idx_t count) {
    try {
      for (idx_t i = 0; i < count; ++i) {
        const A* source = SlotOf(sources[i]).object;
        if (source == nullptr) continue;
        Slot& target = SlotOf(targets[i]);
        if (target.object == nullptr) {
          target.object = new A(*source);
        } else {
          target.object->Merge(*source);
        }
      }
    } catch (const std::exception& e) {
      duckdb_aggregate_function_set_error(info, e.what());
    }
  }
  static void Finalize(duckdb_function_info info, duckdb_aggregate_state* sources,
                       duckdb_vector result, idx_t count, idx_t offset) {
    try {
      udf::Output output(result);
      const A empty{};
      for (idx_t i = 0; i < count; ++i) {
        const A* object = SlotOf(sources[i]).object;
        (object != nullptr ? object : &empty)->Finish(output, offset + i);
      }
    } catch (const std::exception& e) {
      duckdb_aggregate_function_set_error(info, e.what());
    }
  }
};

template <size_t... I, typename... T>
void AddParameters(duckdb_aggregate_function function, std::index_sequence<I...>,
                   std::tuple<T...>*) {
  const auto add = [&](duckdb_type type) {
    duckdb_logical_type logical = duckdb_create_logical_type(type);
    duckdb_aggregate_function_add_parameter(function, logical);
    duckdb_destroy_logical_type(&logical);
  };
  (add(udf::TypeOf<T>::kType), ...);
}

template <typename A>
void Register(udf::Registrar& registrar, const char* name) {
  using C = Callbacks<A>;
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_aggregate_function_set_name(function, name);
  AddParameters(function, C::kIndices, static_cast<typename A::Arguments*>(nullptr));
  duckdb_logical_type result = duckdb_create_logical_type(udf::TypeOf<typename A::Result>::kType);
  duckdb_aggregate_function_set_return_type(function, result);
  duckdb_destroy_logical_type(&result);
  duckdb_aggregate_function_set_functions(function, C::Size, C::Init, C::Update, C::Combine,
                                          C::Finalize);
  duckdb_aggregate_function_set_destructor(function, C::Destroy);
  duckdb_aggregate_function_set_special_handling(function);
  if (duckdb_register_aggregate_function(registrar.connection(), function) != DuckDBSuccess) {
    registrar.Failed(name);
  }
  duckdb_destroy_aggregate_function(&function);
}

}  // namespace kc::engine::uda
