// The forms in which commands write policies, other than JSON: "hot = 7d", "true", "disable" …
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "local/commands/policies.h"

namespace kc::local {

// What follows the policy's name in .alter and .alter-merge → its JSON (not yet normalized). A
// string literal holds JSON whatever the policy.
Result<std::string> ParsePolicyText(const PolicySpec& spec, std::string_view text);

// The policy of .alter column … policy encoding type='BigObject'; "" for Null.
Result<std::string> EncodingPolicyJson(std::string_view type);

}  // namespace kc::local
