#include "world/processes.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdio>

namespace kc::world {
namespace {

// What is shown goes to standard output; where standard error goes doesn't matter.
TEST(Processes, TheWidthIsThatOfStandardOutput) {
  winsize size{};
  size.ws_col = 57;
  int leader = -1;
  int terminal = -1;
  ASSERT_EQ(openpty(&leader, &terminal, nullptr, nullptr, &size), 0);
  std::fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  dup2(terminal, STDOUT_FILENO);
  const bool is_terminal = StdoutIsTerminal();
  const int width = TerminalWidth();
  dup2(kept, STDOUT_FILENO);
  for (const int descriptor : {kept, leader, terminal}) close(descriptor);
  EXPECT_TRUE(is_terminal);
  EXPECT_EQ(width, 57);
}

}  // namespace
}  // namespace kc::world
