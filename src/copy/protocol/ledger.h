// What the checkpoint's records say, in memory: iterations, tables, blocks, staging tables,
// watermarks. Replays records, makes new ones, makes the compacted snapshot. Pure; bounded by what
// is open: a finished block is only counted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "checkpoint/record.h"
#include "copy/protocol/state.h"

namespace kc::copy {

// kAbandoned: the table was replaced by another one and is copied from the beginning, in a later
// iteration.
enum class TableState { kPlanning, kPlanned, kComplete, kStopped, kAbandoned };
std::string_view Name(TableState state);

// One table in one iteration.
struct TableRun {
  int64_t iteration = 0;
  std::string name;  // at the source
  std::string destination;
  TableState state = TableState::kPlanning;
  int64_t created = 0, updated = 0;
  std::string source_id, destination_id;  // TableIds
  std::string start_cursor, end_cursor;   // the window (start, end]
  std::vector<ColumnSchema> columns;      // that are copied
  std::optional<int64_t> band_end;        // planned up to this instant of ingestion time, inclusive
  bool planned = false;                   // the whole window
  ExportFormat format = ExportFormat::kParquet;  // the first that carries the table's values
  int64_t next_block = 1;
  int64_t window_rows = -1;  // counted before planning, -1: not counted yet
  int64_t closed_rows = -1;  // at the source up to the end cursor, when it was planned
  int64_t planned_rows = 0, planned_blocks = 0;
  int64_t undated_rows = 0;  // found; copied only when asked
  bool undated_copied = false;
  int64_t done_rows = 0, done_blocks = 0;  // of blocks that are no longer in `blocks`
  std::string reason;                      // of kStopped
  std::vector<std::string> remarks;
  std::map<int64_t, Block> blocks;  // not done yet

  bool open() const { return state != TableState::kComplete && state != TableState::kAbandoned; }
  int64_t moved_rows() const;  // published, done or not
};

// How far a table is, from what is recorded about its blocks: what is published is staged and
// exported too. Rows of blocks that aren't exported yet count as planned.
struct RunCounts {
  int64_t planned_rows = 0, exported_rows = 0, staged_rows = 0, moved_rows = 0;
  int64_t planned_blocks = 0, moved_blocks = 0, stopped_blocks = 0;
};
RunCounts CountsOf(const TableRun& run);

enum class IterationState { kStarted, kComplete };
struct Iteration {
  int64_t id = 0;
  std::string end_cursor;
  IterationState state = IterationState::kStarted;
  int64_t created = 0, updated = 0;
  std::set<std::string> tables;
  int64_t rows = 0;  // of a complete one
  // Tables that couldn't go on when it was looked at last, with the reason. Kept by the newest.
  std::map<std::string, std::string> stopped;
};

enum class StagingState { kIntent, kCreated, kDropped };
struct StagingTable {
  std::string name, id, table;  // `table`: whose blocks it holds
  int64_t generation = 0;
  StagingState state = StagingState::kIntent;
  int64_t created = 0;
};

// How far a table was copied, for one pair of tables.
struct Watermark {
  std::string table, source_id, destination_id;
  std::string cursor;
  int64_t closed_rows = -1;  // rows of the window ("" , cursor] when it was set; -1: not counted
  int64_t undated_rows = 0;  // copied once
  int64_t copied_rows = 0;   // by all iterations
  int64_t updated = 0;
};

// Facts of the whole copy, recorded once.
struct CopyFacts {
  std::string source_database_id, destination_database_id;
  std::optional<int64_t> horizon;  // absolute ticks
  bool undated = false;            // --include-undated was given
  int64_t created = 0;
};

// Complete iterations whose rows stay in the snapshot, for KC_Status().
inline constexpr size_t kKeptIterations = 20;

class Ledger {
 public:
  // In the order of the segment. kStop "Damaged" names what doesn't read.
  // Records are given back one by one as they are read: they are as large as what is made of them.
  Status Replay(std::vector<checkpoint::Record> records);
  std::vector<checkpoint::Record> Snapshot();
  // The same in pieces, the last one empty: all of it is as large as the ledger. Nothing else may
  // use the ledger until then.
  std::function<std::vector<checkpoint::Record>()> SnapshotInPieces();

  std::optional<CopyFacts> facts;
  std::map<int64_t, Iteration> iterations;
  std::map<std::pair<int64_t, std::string>, TableRun> tables;  // by (iteration, name)
  std::map<std::string, StagingTable> staging;                 // not dropped
  std::map<std::string, Watermark> watermarks;

  // The oldest iteration's run of a table that isn't complete; null if there is none.
  TableRun* OpenRun(const std::string& table);
  int64_t next_iteration() const { return iterations.empty() ? 1 : iterations.rbegin()->first + 1; }
  // Complete iterations beyond the kept ones are forgotten, with their tables.
  void Forget();

  static checkpoint::Record RecordOf(const CopyFacts& facts, int64_t now);
  static checkpoint::Record RecordOf(Iteration& iteration, int64_t now);
  static checkpoint::Record RecordOf(TableRun& run, int64_t now);
  static checkpoint::Record RecordOf(const TableRun& run, const Block& block, int64_t now);
  static checkpoint::Record RecordOf(const StagingTable& staging, int64_t now);
  static checkpoint::Record RecordOf(Watermark& watermark, int64_t now);

 private:
  std::vector<checkpoint::Record> SnapshotOfAllButTables();
  Status Apply(const checkpoint::Record& record);
  Status ApplyTable(const checkpoint::Record& record, const Json& details);
  Status ApplyBlock(const checkpoint::Record& record);
};

// Counts a block that is done and forgets it.
void FinishBlock(TableRun& run, int64_t id);

}  // namespace kc::copy
