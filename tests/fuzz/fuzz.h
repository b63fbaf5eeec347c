// What fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: it must neither crash
// nor break a promise that it states by Demand, whatever the bytes are.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kc::fuzz {

inline void Demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kc::fuzz
