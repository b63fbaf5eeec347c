// A block of rows and its way through a copy: all that is recorded about it (protocol §2.2). Values
// only; step.h has the transitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "copy/protocol/settle.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/transfer.h"
#include "kusto/fingerprint.h"

namespace kc::copy {

using kusto::Fingerprint;
using kusto::commands::Artifact;
using kusto::commands::ExportFormat;
using kusto::commands::Residue;

enum class Stage {
  kPlanned,    // waits for an export slot
  kExporting,  // export intent recorded
  kExported,   // artifacts and the source's fingerprint recorded
  kIngesting,  // staging table and tokens recorded
  kMoving,     // verified; extents recorded with the intent to move them
  kRevoking,   // a new owner takes the extents away from an old move
  kMoved,      // published; clean-up owed
  kDone,
  kStopped,  // cannot go on until somebody changes something
};
inline constexpr int kStageCount = 9;
std::string_view Name(Stage stage);
std::optional<Stage> ParseStage(std::string_view name);

// Instants of ingestion time in ticks, both ends included.
struct TimeRange {
  int64_t first = 0, last = 0;
  bool operator==(const TimeRange&) const = default;
};

// One `.ingest` command's share of a block. Every send has a token that no other has.
struct Part {
  std::string token;
  std::vector<int> artifacts;  // indices into the block's
  int64_t rows = 0;            // that they hold
  int sends = 0;
  int busy = 0;           // sends in a row that nobody took or answered; not recorded
  bool complete = false;  // its rows were seen in staging
};

struct Home {
  std::string table, id;
};

struct Block {
  int64_t id = 0;
  Stage stage = Stage::kPlanned;
  int64_t created = 0;  // when it was planned, ticks

  // Which rows.
  std::vector<TimeRange> ranges;
  std::optional<Residue> residue;
  bool undated = false;
  int64_t planned_rows = 0, planned_bytes = 0;
  int64_t creation_time = 0;  // newest of its rows' extents, ticks

  // Export.
  ExportFormat format = ExportFormat::kParquet;
  int send = 0;            // number of exports sent
  std::string folder;      // of this send, in the lake
  std::string request_id;  // client request id of the send
  std::string operation;   // advisory
  std::vector<Artifact> artifacts;
  int64_t exported_rows = 0;
  Fingerprint sums;                  // of the source's rows
  std::vector<std::string> folders;  // of earlier sends: to be swept
  int rounds = 0;                    // how often export and fingerprint disagreed
  bool hashed = false;               // exports carry their rows' hashes: the source keeps changing
  int failures = 0;                  // of exports, in a row

  // Staging.
  int attempt = 0;
  Home staging;
  std::vector<Part> parts;
  std::vector<std::string> extents;  // verified, to be moved
  std::string destination_id;        // TableId at the time of the intent
  std::string move_request_id;       // of the first send; later ones append their number
  int moves = 0;                     // sends of the move
  bool move_open = false;            // a move intent that is neither settled nor revoked
  std::vector<Home> homes;           // of revokes, in order

  int64_t moved_rows = 0;
  std::string remark;  // shown to the user
  std::string reason;  // of kStopped

  int64_t bytes() const;
  std::vector<std::string> Tokens() const;
};

// As records name it: "" is the fast one.
std::string_view FormatName(ExportFormat format);
std::optional<ExportFormat> ParseFormat(std::string_view name);

// The Details of any record: JSON whose numbers are all whole (kStop else, "Damaged" where it is
// JSON). One that isn't could not be read as an integer.
Result<Json> ParseDetails(std::string_view details);
// The Details of the block's record, and back (kStop "Damaged").
std::string BlockDetails(const Block& block);
Result<Block> ReadBlockDetails(std::string_view details);

}  // namespace kc::copy
