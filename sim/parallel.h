// Many worlds at once: each runs in one thread, worlds share nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kc::sim {

// Calls `run` for 0 … count-1 on all processors; each returns "" or what went wrong. Returns the
// first `most` of these, and stops early when there are so many.
std::vector<std::string> RunMany(int count, const std::function<std::string(int)>& run,
                                 size_t most = 5);
// A number from the environment, or the default.
int64_t Setting(const char* name, int64_t otherwise);

}  // namespace kc::sim
