// What a copy shows while it runs: a live view on a terminal, else a line every few seconds, with
// --json one object per line. Loop's thread only.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "copy/copy.h"
#include "world/executor.h"

namespace kc::cli {

// Rows and blocks of one table in its newest open (or last) iteration.
struct TableProgress {
  std::string database, table, state;
  int64_t iteration = 0;
  int64_t planned_rows = 0, exported_rows = 0, staged_rows = 0, moved_rows = 0;
  int64_t planned_blocks = 0, moved_blocks = 0, stopped_blocks = 0;
  bool planned = false;  // the whole window
  std::string reason;
};
// Of a ledger: the tables of each database's newest iterations.
std::vector<TableProgress> ProgressOf(const std::string& database, const copy::Ledger& ledger);
std::string ProgressJson(const TableProgress& table);
// Lines of a table with a head.
std::string ProgressTable(const std::vector<TableProgress>& tables, size_t most);

class Reporter : public copy::Observer {
 public:
  struct Style {
    bool json = false;
    bool terminal = false;
    bool iterations = false;  // a line for each that copied something or has stopped tables
  };
  Reporter(world::Executor& executor, world::Clock& clock, Style style);
  void OnNotice(const copy::Notice& notice) override;
  void OnIteration(const copy::IterationReport& report) override;
  void OnSession(copy::Session* session, bool begins) override;
  // Shows progress until Stop().
  world::Task<void> Run();
  void Stop();
  int notices() const { return notices_; }

 private:
  void Clear();
  void Show();
  void ShowLive(const std::vector<TableProgress>& tables);
  void ShowLine(const std::vector<TableProgress>& tables);

  world::Sleeper sleeper_;
  world::Clock& clock_;
  const bool json_;
  const bool terminal_;
  const bool iterations_;
  std::set<copy::Session*> sessions_;
  int notices_ = 0;
  int lines_shown_ = 0;
  world::Duration began_;
  std::string last_line_;
};

}  // namespace kc::cli
