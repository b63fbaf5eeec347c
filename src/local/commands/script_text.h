// Cuts a script into its commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kc::local {

// A command begins with a dot at the beginning of a line, outside of strings and brackets.
std::vector<std::string> SplitScript(std::string_view script);

}  // namespace kc::local
