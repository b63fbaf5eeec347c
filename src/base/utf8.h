// Code points as bytes.
#pragma once

#include <string>

namespace kc {

// What is no code point, half of a surrogate pair too, becomes U+FFFD.
void AppendUtf8(std::string& out, char32_t code_point);

}  // namespace kc
