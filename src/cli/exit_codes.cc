#include "cli/exit_codes.h"

namespace kc::cli {

ExitCode ExitCodeOf(const Error& error, bool refused) {
  if (error.reason == "LeaseHeld") return kExitLeaseHeld;
  if (error.reason == "LeaseLost") return kExitLeaseLost;
  if (error.reason == "Cancelled") return kExitInterrupted;
  return refused ? kExitRefused : kExitFailed;
}

}  // namespace kc::cli
