// The tables that make up ScalarFunctions(), one per file functions_*.cc.
#pragma once

#include <span>

#include "kql/functions.h"

namespace kc::kql {

std::span<const ScalarFunction> OperatorRows();
std::span<const ScalarFunction> ConversionRows();
std::span<const ScalarFunction> StringRows();
std::span<const ScalarFunction> DateTimeRows();
std::span<const ScalarFunction> MathRows();
std::span<const ScalarFunction> DynamicRows();
std::span<const ScalarFunction> GeoRows();
std::span<const ScalarFunction> NetworkRows();
std::span<const ScalarFunction> SeriesRows();
std::span<const ScalarFunction> GeoRows();

}  // namespace kc::kql
