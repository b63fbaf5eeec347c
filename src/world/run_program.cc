#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"
#include "world/processes.h"

extern char** environ;

namespace kc::world {
namespace {

constexpr size_t kMostOutput = size_t{1} << 20;

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    CloseWriter();
    if (ends[0] >= 0) close(ends[0]);
  }
  void CloseWriter() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

// Reads both until they end; false when the time is up.
bool ReadBoth(Pipe& out, Pipe& err, std::chrono::milliseconds timeout, std::string& out_text,
              std::string& err_text) {
  auto end = std::chrono::steady_clock::now() + timeout;
  std::array<pollfd, 2> fds{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
  std::array<std::string*, 2> texts{&out_text, &err_text};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    int ready = poll(fds.data(), fds.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    for (size_t i = 0; ready > 0 && i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      ssize_t got = read(fds[i].fd, buffer.data(), buffer.size());
      if (got <= 0) {
        fds[i].fd = -1;
      } else if (texts[i]->size() < kMostOutput) {
        texts[i]->append(buffer.data(), static_cast<size_t>(got));
      }
    }
  }
  return true;
}

}  // namespace

Result<std::string> RunProgram(const std::vector<std::string>& arguments,
                               std::chrono::milliseconds timeout) {
  KC_ASSERT(!arguments.empty());
  Pipe out;
  Pipe err;
  if (out.ends[0] < 0 || err.ends[0] < 0) return Stop("no pipe: " + std::string(strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Stop(arguments[0] + ": " + strerror(failed), "NotFound");
  out.CloseWriter();
  err.CloseWriter();
  std::string out_text;
  std::string err_text;
  bool ended = ReadBoth(out, err, timeout, out_text, err_text);
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Stop(arguments[0] + " took too long", "Timeout");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::string line(Trim(err_text));
    return Stop(arguments[0] + " failed: " + line.substr(0, line.find('\n')), "Failed");
  }
  return out_text;
}

}  // namespace kc::world
