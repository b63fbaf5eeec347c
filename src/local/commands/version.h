// What `.show version` and --version say.
#pragma once

#include <string_view>

namespace kc::local {

inline constexpr std::string_view kProductVersion = "kusto-local 0.1.0";
// Microsoft's form: year.month.day.number. Clients only show it.
inline constexpr std::string_view kBuildVersion = "0.1.0.0";
inline constexpr std::string_view kBuildTime = "2026-11-22T00:00:00Z";

}  // namespace kc::local
