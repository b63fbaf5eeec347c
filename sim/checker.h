// Judges a run of the simulated world from outside: what readers of the destination saw between
// every two events, what is there at the end, what lies around, what was done twice, and whether
// what the program said is true. Knows rows, tables and names, nothing of how a copy works.
//
// Pure: whoever runs the world tells it what happened; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kc::sim {

// The rows of a table, as a multiset: a row's values as one text → how often it is there.
using RowSet = std::map<std::string, int64_t>;
using Tables = std::map<std::string, RowSet>;

enum class Flaw {
  kLost,       // a row of the source isn't there
  kDoubled,    // a row is there more often than at the source
  kChanged,    // a row with other values than any at the source has
  kPartial,    // a reader saw some rows of a block, but not all
  kTorn,       // the tables are not those of one instant
  kGarbage,    // staging tables, tags, files, functions, leases left behind
  kRedo,       // work that was recorded as done was done again
  kLate,       // somebody whose lease had ended sent a change
  kLie,        // exit code or last line say something that isn't so
  kUnfinished  // the copy hangs, or gave up though nothing was in its way
};
const char* Name(Flaw flaw);

struct Finding {
  Flaw flaw = Flaw::kLost;
  std::string what;
  int64_t count = 1;
};

struct Report {
  std::vector<Finding> findings;
  bool clean() const { return findings.empty(); }
  bool Has(Flaw flaw) const;
  int64_t Count(Flaw flaw) const;
  void Add(Flaw flaw, std::string what, int64_t count = 1);
  void Add(Report other);
  // "lost 3 (A: row …); garbage 1 (table …)"; "" if clean.
  std::string Text() const;
};

// Rows lost, doubled and changed. `added`: rows that others wrote into the destination.
Report CompareTables(const Tables& source, const Tables& destination, const Tables& added = {});

// What a world may hold when a copy is done.
struct Leftovers {
  std::vector<std::string> destination_tables;  // all names
  std::vector<std::string> tags;                // "table: tag" of extents of all tables
  std::vector<std::string> functions;           // of the destination
  std::vector<std::string> objects;             // names in the lake
  std::vector<std::string> leases;              // objects that are leased
};
// `own`: the tables that belong there. The checkpoint, one segment of it, and KC_Status() may stay.
Report FindGarbage(const Leftovers& leftovers, const std::set<std::string>& own);

// What a process said when it ended.
struct Told {
  bool ended = false;                // it didn't die
  bool ok = false;                   // exit code 0
  int64_t rows = -1;                 // "copied n rows"; -1: not said
  std::string line;                  // the last one
  std::vector<std::string> stopped;  // tables that it says can't go on
};
// Was it so? `truth`: what CompareTables found; `published`: rows that became visible during the
// process's life, -1 if not known; `found`: rows that earlier processes had published and died
// before they could tell.
Report CompareTold(const Told& told, const Report& truth, int64_t published, int64_t found = 0);

// Is the destination, all its tables, the source as of one cursor? `states`: the source's contents
// as of each cursor that it ever told, in order.
Report FindInstant(const std::map<int64_t, Tables>& states, const Tables& destination);

// Watches a world from its beginning to its end, over many processes.
class Checker {
 public:
  // ---- what the clusters see
  // The source began to export these rows of a table into a folder.
  void Exported(const std::string& table, const std::string& folder, RowSet rows);
  // These rows left the source, or were changed there by others: blocks of them may be smaller.
  void Vanished(const std::string& table, const RowSet& rows);
  // A reader reads the destination; call it whenever the contents may have changed.
  void Look(const Tables& destination);
  // A change was sent by somebody whose lease had ended this long ago (0: in time).
  void Sent(const std::string& text, int64_t late_ms);

  // ---- what the checkpoint says: folders of exports whose outcome is recorded. Sends are counted
  // per block over all owners, so that only a later send is work done again: an earlier one was on
  // its way (of an owner that was stopped, of a slow network) when the other was recorded.
  void Recorded(const std::set<std::string>& folders);

  // Exports of a block whose outcome was recorded, and exports beyond the first of each block.
  int64_t repeated_recorded() const { return repeated_recorded_; }
  int64_t repeated() const { return exports_ - static_cast<int64_t>(sends_.size()); }
  int64_t exports() const { return exports_; }
  int64_t looks() const { return looks_; }
  // What was found while the world ran. `allowed_repeats`: blocks that were in flight when a
  // process died, or whose export failed.
  Report Judge(int64_t allowed_repeats) const;

 private:
  struct Block {
    std::string table;
    RowSet rows;
  };
  std::map<std::string, Block> blocks_;  // by folder
  std::map<std::string, int> sends_;     // by block key
  std::map<std::string, int> recorded_;  // block key → the send whose outcome is recorded
  std::set<std::string> partial_;        // told once each
  Report report_;
  int64_t exports_ = 0, repeated_recorded_ = 0, looks_ = 0;
};

// "Db/data/g2/i1-t3-b4-e2-xyz" → "i1-t3-b4": the block that a folder belongs to.
std::string BlockOfFolder(const std::string& folder);
// … → 2: which send of its export; 0 if the name doesn't say.
int SendOfFolder(const std::string& folder);

}  // namespace kc::sim
