// The exit codes of kusto-copy: part of its interface (README, --help).
#pragma once

#include "base/error.h"

namespace kc::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,     // something went wrong on the way; run the same command again to go on
  kExitUsage = 2,      // the command line is wrong
  kExitRefused = 3,    // what was asked can't be done; nothing was changed
  kExitLeaseHeld = 4,  // another kusto-copy owns the copy and is running
  kExitLeaseLost = 5,  // another kusto-copy took the copy over; this one had no effect since then
  kExitDifferent = 6,  // verify found differences
  kExitTableStopped = 7,  // some tables can't go on; the others are complete
  kExitInterrupted = 130,
};

inline constexpr const char* kExitCodeHelp =
    "Exit codes:\n"
    "  0    done\n"
    "  1    failed on the way; run the same command again to go on\n"
    "  2    wrong command line\n"
    "  3    refused, nothing was changed\n"
    "  4    another kusto-copy owns this copy and is running\n"
    "  5    another kusto-copy took this copy over\n"
    "  6    verify found differences\n"
    "  7    some tables stopped, the others are complete\n"
    "  130  interrupted; run the same command again to go on";

ExitCode ExitCodeOf(const Error& error, bool refused);

}  // namespace kc::cli
