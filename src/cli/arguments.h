// The command line of kusto-copy.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "copy/environment.h"

namespace kc::cli {

enum class Command { kCopy, kStatus, kVerify, kPlan, kFollow };

struct Arguments {
  Command command = Command::kCopy;
  std::string lake, source, destination;
  copy::Options options;
  bool json = false;
  bool verbose = false;
  std::string by;  // verify: a datetime column
};

// The arguments, or the code to end with: help and version were written to standard output, errors
// as one line to standard error.
std::variant<Arguments, int> ParseArguments(int argc, const char* const* argv);

// "5m", "00:05:00", "5 minutes", "1d": ticks; nothing if it is no positive time.
std::optional<int64_t> ParsePeriod(std::string_view text);

}  // namespace kc::cli
