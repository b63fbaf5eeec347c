// What a copy shows while it runs: a live view on a terminal, else a line every few seconds, with
// --json one object per line. Loop's thread only.
#pragma once

#include <chrono>
#include <deque>
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
  copy::RunCounts counts;
  bool open = false;
  bool planned = false;  // the whole window
  std::string reason;
};
// Of a ledger: the tables of each database's newest iterations.
std::vector<TableProgress> ProgressOf(const std::string& database, const copy::Ledger& ledger);
std::string ProgressJson(const TableProgress& table);
// Lines of a table with a head, none longer than `width` signs; 0: as long as they are.
std::string ProgressTable(const std::vector<TableProgress>& tables, size_t most, int width);
// "45 s", "12 min", "3 h 5 min", "2 d 4 h".
std::string FormatDuration(double seconds);

// Rows per second over the last minute; starts anew when the sum falls (another iteration).
class RateMeter {
 public:
  void Add(world::Duration now, int64_t rows);
  double rate() const;

 private:
  struct Sample {
    world::Duration at;
    int64_t rows;
  };
  std::deque<Sample> samples_;
};

// What is left to do in all tables that are shown.
struct ProgressSum {
  copy::RunCounts counts;
  size_t tables = 0, complete = 0;
};
ProgressSum SumOf(const std::vector<TableProgress>& tables);

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
  void ShowJson(const std::vector<TableProgress>& tables, const ProgressSum& sum);
  void ShowLive(const std::vector<TableProgress>& tables, const ProgressSum& sum);
  void ShowLine(const ProgressSum& sum);
  std::string Left(const ProgressSum& sum) const;

  world::Sleeper sleeper_;
  world::Clock& clock_;
  const bool json_;
  const bool terminal_;
  const bool iterations_;
  std::set<copy::Session*> sessions_;
  int notices_ = 0;
  int lines_shown_ = 0;
  RateMeter meter_;
  std::string last_line_;
};

}  // namespace kc::cli
