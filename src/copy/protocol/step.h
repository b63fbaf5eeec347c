// The block's state machine (protocol §2): pure. Whoever drives it performs the actions in their
// order and gives back the event of the last one; it decides nothing itself.
#pragma once

#include <string>
#include <vector>

#include "copy/protocol/state.h"

namespace kc::copy {

enum class ActionKind {
  kRecord,           // make the block's state durable; whatever follows must not start before
  kWaitExportSlot,   // → kExportSlot
  kExport,           // send it and fingerprint the source beside it → kExportDone, kExportFailed
  kFingerprint,      // of the source again → kFingerprinted
  kWaitIngestSlot,   // → kIngestSlot
  kIngest,           // all parts that aren't complete → kPartsSeen
  kVerify,           // rows and sums in staging → kVerified
  kMove,             // → kMoveAnswered, kMoveUnknown
  kLook,             // → kMoveSeen
  kLookWithHistory,  // the same, with the history of operations → kMoveSeen
  kTakeFromStaging,  // move the extents to the last home → kMoveAnswered, kMoveUnknown
  kTakeFromHome,     // from the home `number` to the last → kMoveAnswered, kMoveUnknown
  kPause,            // `number` milliseconds, no event
  kExplain,          // which columns differ → kExplained
  kCleanUp,          // hand over to the table's clean-up → kCleaned, later
  kStopTable,        // no other block of the table starts; end
};
struct Action {
  ActionKind kind = ActionKind::kRecord;
  int number = 0;
  bool operator==(const Action&) const = default;
};
std::string_view Name(ActionKind kind);

enum class EventKind {
  kStart,     // begin or go on from the record; for blocks without an open move
  kTakeOver,  // the same for blocks with one: `home` is the new owner's table
  kExportSlot,
  kExportDone,
  kExportFailed,
  kFingerprinted,
  kIngestSlot,
  kPartsSeen,
  kVerified,
  kMoveAnswered,
  kMoveUnknown,
  kMoveSeen,
  kExplained,
  kCleaned,
  kFailed,  // a step that only reads can't be done at all (`error`)
};

enum class PartOutcome {
  kComplete,
  kMissing,       // ended without its rows, or nobody knows: send again with a new token
  kArtifactGone,  // a blob is missing or refused
  kBusy,          // not taken, or its answer is lost: send again, for as long as it takes
  kRefused,       // permanently: `error` says why
};
struct PartSeen {
  PartOutcome outcome = PartOutcome::kMissing;
  std::string new_token;  // for the next send
  std::string error;
};

struct Event {
  EventKind kind = EventKind::kStart;
  // kExportSlot, kVerified (of the move): a client request id
  // kExportSlot; `format`: the first that carries what is known of the table's values
  std::string folder, request_id;
  ExportFormat format = ExportFormat::kParquet;
  // kExportDone
  std::string operation;
  std::vector<Artifact> artifacts;
  // kExportDone, kFingerprinted, kVerified
  Fingerprint sums;
  // kIngestSlot, kTakeOver
  Home home;
  std::vector<std::string> tokens;
  // kPartsSeen: one per part
  std::vector<PartSeen> parts;
  // kVerified
  std::vector<std::string> extents;
  std::string destination_id;
  std::string void_reason;  // not empty: the extents must not be published, whatever the sums
  // kMoveAnswered
  int moved = 0;
  // kMoveSeen
  MoveLook look;
  // kExplained, kExportFailed, kMoveUnknown, kFailed
  std::string text;
  bool permanent = false;  // kExportFailed, kMoveUnknown: the error says that repeating is no use
  bool refused = false;    // the same two: the request itself was refused, for good
};

struct Step {
  Block block;
  std::vector<Action> actions;
};
// The next state, and what to do. Events that a state can't have are a defect of the driver
// (assertion).
Step Advance(Block block, const Event& event);

// The parts that the block's artifacts are ingested in: at most kMaxIngestBytes and kMaxIngestFiles
// each. Without tokens.
std::vector<Part> PlanParts(const std::vector<Artifact>& artifacts);

// One `.ingest` takes 1 GB of uncompressed data at most; artifacts are compressed, about 1 : 8 at
// best.
inline constexpr int64_t kMaxIngestBytes = int64_t{256} << 20;
// Kusto's batches hold 500 to 1,000 items; command texts stay short.
inline constexpr int kMaxIngestFiles = 100;
inline constexpr int kMaxPartSends = 3;
// Rounds of export and fingerprint, one of them sent again in each, until exports carry their own
// rows' hashes (three exports); and how many of these are sent.
inline constexpr int kMaxRounds = 6;
inline constexpr int kMaxHashedRounds = kMaxRounds + 3;
// Exports that fail for good are tried this often: storage errors are told as permanent too.
inline constexpr int kMaxExportFailures = 3;
inline constexpr int kMaxMoveSends = 20;
inline constexpr int kMaxRefusedMoves = 3;
// The remark of a block that was published and then vanished before anybody looked (protocol F2).
inline constexpr const char* kRowsNotVisible =
    "published, but its rows are no longer visible at the destination";

}  // namespace kc::copy
