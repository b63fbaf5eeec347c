// Kusto's error bodies. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::kusto {

// An error object of Kusto ({"code", "message", "@message", "@permanent", "innererror" …}) as JSON
// text, with or without "error" around it: kRetry if it says that it isn't permanent, else kStop.
// `text` may be anything: what isn't JSON is the message itself.
Error ReadErrorBody(std::string_view text);
// Of {"OneApiErrors": […]} or of the array itself: the first one.
Error ReadOneApiErrors(std::string_view json);
// One line of at most a few hundred characters.
std::string ShortMessage(std::string text);

}  // namespace kc::kusto
