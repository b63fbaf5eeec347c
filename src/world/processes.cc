#include "world/processes.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

namespace kc::world {

void OnTermination(CancelToken& token) {
  static bool called = false;
  if (called) return;
  called = true;
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Detached: it waits for signals as long as the process lives. The token must live as long.
  std::thread([set, &token] {
    int signal_number = 0;
    sigwait(&set, &signal_number);
    token.Cancel();
    sigwait(&set, &signal_number);
    _exit(128 + signal_number);
  }).detach();
}

std::string HostName() {
  char buffer[256] = {};
  gethostname(buffer, sizeof buffer - 1);
  return buffer;
}

std::string CurrentFolder() {
  std::error_code error;
  std::string folder = std::filesystem::current_path(error).string();
  return error ? "." : folder;
}

int ProcessId() {
  return getpid();
}

int UserId() {
  return static_cast<int>(geteuid());
}

int CpuCount() {
  unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

bool StdoutIsTerminal() {
  return isatty(STDOUT_FILENO) == 1;
}

int TerminalWidth() {
  constexpr int kUsual = 80;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace kc::world
