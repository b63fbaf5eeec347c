// This process and its children.
#pragma once

#include <cstdint>
#include <string>

#include "world/cancel.h"

namespace kc::world {

// Cancels the token on the first SIGTERM or SIGINT; a second one ends the program at once. Call it
// once, early, from the main thread before others start (signals are blocked and taken by a thread
// of its own). SIGPIPE is ignored from then on.
void OnTermination(CancelToken& token);

std::string HostName();
int ProcessId();
// Resident memory of this process in bytes.
int64_t ResidentBytes();
int CpuCount();
// Environment variable, or "".
std::string Environment(const std::string& name);
// Is standard output / error a terminal?
bool StdoutIsTerminal();
bool StderrIsTerminal();
int TerminalWidth();

}  // namespace kc::world
