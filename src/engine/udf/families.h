// One entry per file of functions.
#pragma once

namespace kc::engine::udf {

class Registrar;

void AddNumbers(Registrar& registrar);

inline constexpr void (*kFamilies[])(Registrar&) = {AddNumbers};

}  // namespace kc::engine::udf
