#include "cli/exit_codes.h"
#include "cli/run.h"

namespace kc::cli {

int RunVerifyCommand(const Arguments& arguments, world::CancelToken& cancel) {
  (void)arguments;
  (void)cancel;
  Error error;
  error.message = "verify isn't part of this version yet";
  return Say(error, kExitRefused);
}

int RunPlanCommand(const Arguments& arguments, world::CancelToken& cancel) {
  (void)arguments;
  (void)cancel;
  Error error;
  error.message = "plan isn't part of this version yet";
  return Say(error, kExitRefused);
}

}  // namespace kc::cli
