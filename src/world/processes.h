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
// Resident memory of this process in bytes.
int64_t ResidentBytes();
int CpuCount();
// Environment variable, or "".
std::string Environment(const std::string& name);
// Runs a program found on PATH, without a shell, with nothing to read; returns its standard output
// (the first MiB). kStop when it can't be started, fails (with what it says on standard error) or
// takes longer than `timeout`: it is then killed.
Result<std::string> RunProgram(const std::vector<std::string>& arguments,
                               std::chrono::milliseconds timeout);
// Is standard output / error a terminal?
bool StdoutIsTerminal();
bool StderrIsTerminal();
int TerminalWidth();

}  // namespace kc::world
