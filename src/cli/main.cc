#include <cstdio>

#include "base/log.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"
#include "cli/run.h"
#include "world/processes.h"

namespace {

// Of a command that only tells something: half an answer must not look like a whole one.
int Told(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  kc::Error error;
  error.message = "the answer could not be written to standard output; what is there isn't all";
  return kc::cli::Say(error, code == kc::cli::kExitOk ? kc::cli::kExitFailed : code);
}

}  // namespace

int main(int argc, char** argv) {
  // Lives as long as the thread that takes signals.
  static kc::world::CancelToken cancel;
  kc::SetLogLevel(kc::LogLevel::kWarn);
  auto parsed = kc::cli::ParseArguments(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  auto& arguments = std::get<kc::cli::Arguments>(parsed);
  if (arguments.verbose) kc::SetLogLevel(kc::LogLevel::kDebug);
  kc::world::OnTermination(cancel);
  switch (arguments.command) {
    case kc::cli::Command::kCopy:
      return kc::cli::RunCopyCommand(std::move(arguments), cancel);
    case kc::cli::Command::kStatus:
      return Told(kc::cli::RunStatusCommand(arguments, cancel));
    case kc::cli::Command::kVerify:
      return Told(kc::cli::RunVerifyCommand(arguments, cancel));
    case kc::cli::Command::kPlan:
      return Told(kc::cli::RunPlanCommand(arguments, cancel));
    case kc::cli::Command::kFollow:
      break;
  }
  return kc::cli::kExitUsage;
}
