// The commands of kusto-copy.
#pragma once

#include <memory>
#include <string>

#include "azure/object_store.h"
#include "azure/token_provider.h"
#include "cli/arguments.h"
#include "kusto/client.h"
#include "world/executor.h"
#include "world/transport.h"

namespace kc::cli {

// The real world and the connections that a command line asks for.
struct Connections {
  std::unique_ptr<world::Transport> transport;
  std::unique_ptr<azure::TokenProvider> tokens;
  std::unique_ptr<azure::ObjectStore> lake;
  std::unique_ptr<kusto::Client> source, destination;
};
// Parses, touches nothing. Errors are one line for the user.
Result<Connections> Connect(const Arguments& arguments, world::CancelToken& cancel);

int RunCopyCommand(Arguments arguments, world::CancelToken& cancel);
int RunStatusCommand(const Arguments& arguments, world::CancelToken& cancel);
int RunVerifyCommand(const Arguments& arguments, world::CancelToken& cancel);
int RunPlanCommand(const Arguments& arguments, world::CancelToken& cancel);

// Writes one line to standard error and gives the code back.
int Say(const Error& error, int code);

}  // namespace kc::cli
