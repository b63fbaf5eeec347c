// This process and its children.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "world/cancel.h"

namespace kc::world {

// Cancels the token on the first SIGTERM or SIGINT; a second one ends the program at once. Call it
// once, early, from the main thread before others start (signals are blocked and taken by a thread
// of its own). SIGPIPE is ignored from then on.
void OnTermination(CancelToken& token);

std::string HostName();
// The working folder, absolute, or "." if it was removed.
std::string CurrentFolder();
int ProcessId();
// Of the user whose rights this process has.
int UserId();
int CpuCount();
// Environment variable, or "".
std::string Environment(const std::string& name);
// Runs a program found on PATH, without a shell, with nothing to read; returns its standard output
// (the first MiB). kStop when it can't be started, fails (with what it says on standard error) or
// takes longer than `timeout`: it is then killed.
Result<std::string> RunProgram(const std::vector<std::string>& arguments,
                               std::chrono::milliseconds timeout);
// Is standard output a terminal? Its columns; 80 if it doesn't tell.
bool StdoutIsTerminal();
int TerminalWidth();

}  // namespace kc::world
