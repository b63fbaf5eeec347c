#include "copy/protocol/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/seeded_bugs.h"

namespace kc::copy {
namespace {

using Kind = ActionKind;

// Attempts in a row whose rows are too many or too few, until the format is doubted.
constexpr int kMaxSpoiledAttempts = 4;

// Pauses before something is sent again, growing: 100 ms … 30 s.
int Backoff(int times) {
  return std::min(30'000, 100 << std::min(times, 9));
}

constexpr const char* kReplaced =
    "the destination table was dropped or replaced by another one; start kusto-copy again: into an "
    "empty table it is copied from the beginning";
constexpr const char* kUndecidable =
    "undecidable: the block's extents left staging and nothing tells whether they were published; "
    "drop the table at the destination and start kusto-copy again: it is then copied from the "
    "beginning";

Step Then(Block block, std::vector<Action> actions) {
  return {std::move(block), std::move(actions)};
}

Step StopBlock(Block block, std::string reason) {
  block.stage = Stage::kStopped;
  block.reason = std::move(reason);
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kStopTable}});
}

// Gives up the export's outcome; its folder is swept later, the next send has another.
void DropExport(Block& block) {
  if (!block.folder.empty() && !SeededBug(Bug::kForgetFolders)) {
    block.folders.push_back(std::move(block.folder));
  }
  block.folder.clear();
  block.operation.clear();
  block.artifacts.clear();
  block.exported_rows = 0;
  block.sums = {};
  block.stage = Stage::kPlanned;
}

void DropAttempt(Block& block) {
  KC_ASSERT(!block.move_open);
  block.parts.clear();
  block.extents.clear();
  block.staging = {};
  block.homes.clear();
  block.moves = 0;
}

Step ExportAgain(Block block, int pause_ms) {
  DropExport(block);
  std::vector<Action> actions;
  if (pause_ms > 0) actions.push_back({Kind::kPause, pause_ms});
  actions.push_back({Kind::kWaitExportSlot});
  return Then(std::move(block), std::move(actions));
}

// From the artifacts, with new tokens.
Step IngestAgain(Block block) {
  block.move_open = false;
  DropAttempt(block);
  block.stage = Stage::kExported;
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kWaitIngestSlot}});
}

Step Published(Block block, std::string remark) {
  block.stage = Stage::kMoved;
  block.move_open = false;
  block.moved_rows = block.exported_rows;
  if (!remark.empty()) block.remark = std::move(remark);
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kCleanUp}});
}

Step Start(Block block) {
  KC_ASSERT(!block.move_open);
  switch (block.stage) {
    case Stage::kPlanned:
      return Then(std::move(block), {{Kind::kWaitExportSlot}});
    case Stage::kExporting:  // nobody knows what it wrote: a new folder for a new send
      return ExportAgain(std::move(block), 0);
    case Stage::kExported:
      if (SeededBug(Bug::kExportAgain)) return ExportAgain(std::move(block), 0);
      return Then(std::move(block), {{Kind::kWaitIngestSlot}});
    case Stage::kIngesting:  // into a table that is given up: new tokens, new table
      DropAttempt(block);
      block.stage = Stage::kExported;
      return Then(std::move(block), {{Kind::kWaitIngestSlot}});
    case Stage::kMoved:
      return Then(std::move(block), {{Kind::kCleanUp}});
    case Stage::kStopped: {  // a new run tries again, with the exact format if it came to that
      block.reason.clear();
      block.failures = block.rounds = 0;
      block.hashed = false;
      DropAttempt(block);
      DropExport(block);
      return Then(std::move(block), {{Kind::kWaitExportSlot}});
    }
    case Stage::kRevoking:  // the move was taken back, what it left wasn't verified yet
      DropAttempt(block);
      block.stage = Stage::kExported;
      return Then(std::move(block), {{Kind::kWaitIngestSlot}});
    case Stage::kMoving:
    case Stage::kDone:
      break;
  }
  KC_ASSERT(false && "only a take-over starts a block with an open move");
  return {};
}

Step TakeOver(Block block, const Event& event) {
  KC_ASSERT(block.move_open);
  block.stage = Stage::kRevoking;
  block.reason.clear();
  block.failures = 0;
  block.homes.push_back(event.home);
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kLook}});
}

Step SendExport(Block block, const Event& event) {
  if (block.stage == Stage::kExporting) DropExport(block);
  KC_ASSERT(block.stage == Stage::kPlanned);
  block.stage = Stage::kExporting;
  block.format = std::max(block.format, event.format);
  ++block.send;
  block.folder = event.folder;
  block.request_id = event.request_id;
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kExport}});
}

// The last rung of F20: the export carries its rows' hashes, so that what was exported is checked
// though the source is another one a moment later.
Step ExportHashed(Block block) {
  // Of tables with more than a thousand columns there are several hashes a row.
  if (block.rounds >= kMaxHashedRounds || block.sums.slices.size() > 1) {
    return StopBlock(std::move(block),
                     "the source's rows keep changing while they are exported; run the copy again "
                     "when it is quiet");
  }
  block.hashed = true;
  block.format = ExportFormat::kCsv;
  const auto delay = Backoff(block.rounds);
  return ExportAgain(std::move(block), delay);
}

// Export and fingerprint are two looks at the source: they must have seen the same rows (F20).
Step CompareExport(Block block) {
  if (block.sums.rows == block.exported_rows || SeededBug(Bug::kTrustExportCount)) {
    block.failures = 0;
    if (block.exported_rows == 0) {
      std::string remark;
      if (block.planned_rows > 0) {
        remark = fmt::format("{} planned rows are no longer at the source", block.planned_rows);
      }
      return Published(std::move(block), std::move(remark));
    }
    // How the hashes of a split instant fall is only estimated.
    if (block.planned_rows != block.exported_rows && !block.residue) {
      block.remark = fmt::format("planned {} rows, exported {}: the source changed",
                                 block.planned_rows, block.exported_rows);
    }
    block.stage = Stage::kExported;
    return Then(std::move(block), {{Kind::kRecord}, {Kind::kWaitIngestSlot}});
  }
  ++block.rounds;
  if (block.rounds >= kMaxRounds) return ExportHashed(std::move(block));
  if (block.rounds % 2 == 1) return Then(std::move(block), {{Kind::kFingerprint}});
  const auto delay = Backoff(block.rounds);
  return ExportAgain(std::move(block), delay);
}

Step ExportDone(Block block, const Event& event) {
  block.operation = event.operation;
  block.artifacts = event.artifacts;
  block.exported_rows = 0;
  for (const auto& artifact : block.artifacts) block.exported_rows += artifact.rows;
  block.sums = event.sums;
  return CompareExport(std::move(block));
}

Step ExportFailed(Block block, const Event& event) {
  ++block.failures;
  if (event.refused || (event.permanent && block.failures >= kMaxExportFailures)) {
    return StopBlock(std::move(block), "export failed: " + event.text);
  }
  const int pause = Backoff(block.failures);
  return ExportAgain(std::move(block), pause);
}

Step SendIngest(Block block, const Event& event) {
  KC_ASSERT(block.stage == Stage::kExported);
  block.stage = Stage::kIngesting;
  ++block.attempt;
  block.staging = event.home;
  block.parts = PlanParts(block.artifacts);
  KC_ASSERT(event.tokens.size() == block.parts.size());
  for (size_t i = 0; i < block.parts.size(); ++i) {
    block.parts[i].token = event.tokens[i];
    block.parts[i].sends = 1;
  }
  return Then(std::move(block), {{Kind::kRecord}, {Kind::kIngest}});
}

Step PartsSeen(Block block, const Event& event) {
  KC_ASSERT(event.parts.size() == block.parts.size());
  bool all = true;
  int most_sends = 0;
  for (size_t i = 0; i < block.parts.size(); ++i) {
    Part& part = block.parts[i];
    const PartSeen& seen = event.parts[i];
    if (part.complete || seen.outcome == PartOutcome::kComplete) {
      part.complete = true;
      continue;
    }
    if (seen.outcome == PartOutcome::kArtifactGone) {
      block.remark = "exported again: " + seen.error;
      DropAttempt(block);
      if (++block.failures >= kMaxExportFailures) {
        return StopBlock(std::move(block), "exported files can't be read: " + seen.error);
      }
      const auto delay = Backoff(block.failures);
      return ExportAgain(std::move(block), delay);
    }
    const bool busy = seen.outcome == PartOutcome::kBusy;
    if (seen.outcome == PartOutcome::kRefused || (!busy && part.sends >= kMaxPartSends)) {
      return StopBlock(std::move(block), "ingestion failed: " + seen.error);
    }
    all = false;
    part.busy = busy ? part.busy + 1 : 0;
    part.sends += busy ? 0 : 1;
    // The old token is given up: its rows, should they come, are never looked for.
    part.token = seen.new_token;
    most_sends = std::max(most_sends, part.sends + part.busy);
  }
  if (all) return Then(std::move(block), {{Kind::kVerify}});
  return Then(std::move(block),
              {{Kind::kPause, Backoff(most_sends)}, {Kind::kRecord}, {Kind::kIngest}});
}

Step Verified(Block block, const Event& event) {
  if (event.void_reason.empty() && event.sums == block.sums && !event.extents.empty()) {
    block.stage = Stage::kMoving;
    if (!block.homes.empty()) {
      // The extents of a revoked attempt are in the last home, under new ids.
      block.staging = block.homes.back();
      block.homes.clear();
    }
    block.extents = event.extents;
    block.move_request_id = event.request_id;
    block.destination_id = event.destination_id;
    block.move_open = true;
    block.moves = 1;
    block.failures = 0;
    return Then(std::move(block), {{Kind::kRecord}, {Kind::kMove}});
  }
  if (block.move_open) {
    return StopBlock(std::move(block),
                     "the verified extents in staging were changed by somebody else" +
                         (event.void_reason.empty() ? "" : ": " + event.void_reason));
  }
  block.remark = fmt::format(
      "attempt {} gave {} rows for {}{}", block.attempt, event.sums.rows, block.exported_rows,
      event.void_reason.empty() ? ", other contents" : ": " + event.void_reason);
  if (block.hashed) {
    // The sums are of exactly these files: the source says nothing about them any more.
    DropAttempt(block);
    ++block.rounds;
    return ExportHashed(std::move(block));
  }
  // Too many or too few rows: the ingestion was delivered twice, or ended half way. That is no
  // matter of the format, and another attempt has other tokens.
  if (event.sums.rows != block.exported_rows && ++block.failures < kMaxSpoiledAttempts) {
    const int pause = Backoff(block.failures);
    Step again = IngestAgain(std::move(block));
    again.actions.insert(again.actions.begin(), {Kind::kPause, pause});
    return again;
  }
  return Then(std::move(block), {{Kind::kFingerprint}});
}

// After an attempt whose contents differ: did the source change, or does the format not carry them?
Step CompareAttempt(Block block, const Event& event) {
  if (!(event.sums == block.sums)) {
    DropAttempt(block);
    if (++block.rounds >= kMaxRounds) return ExportHashed(std::move(block));
    return ExportAgain(std::move(block), 0);
  }
  if (block.format != ExportFormat::kCsv) {
    DropAttempt(block);
    block.format = ExportFormat::kCsv;
    return ExportAgain(std::move(block), 0);
  }
  return Then(std::move(block), {{Kind::kExplain}});
}

Step Fingerprinted(Block block, const Event& event) {
  if (block.stage == Stage::kIngesting) return CompareAttempt(std::move(block), event);
  KC_ASSERT(block.stage == Stage::kExporting);
  block.sums = event.sums;
  return CompareExport(std::move(block));
}

Step MoveSeen(Block block, const Event& event) {
  switch (DecideMove(event.look)) {
    case MoveVerdict::kNotMoved:
      if (block.moves >= kMaxMoveSends) {
        std::string reason = "the move keeps failing: " + block.remark;
        return StopBlock(std::move(block), std::move(reason));
      }
      ++block.moves;
      return Then(Block(block), {{Kind::kPause, Backoff(block.moves)}, {Kind::kMove}});
    case MoveVerdict::kMoved:
      return Published(std::move(block), "");
    case MoveVerdict::kMovedUnseen:
      if (SeededBug(Bug::kAbsentMeansNotMoved)) return IngestAgain(std::move(block));
      return Published(std::move(block), kRowsNotVisible);
    case MoveVerdict::kVerifyAgain:
      return Then(std::move(block), {{Kind::kVerify}});
    case MoveVerdict::kAskHistory:
      return Then(std::move(block), {{Kind::kLookWithHistory}});
    case MoveVerdict::kDestinationReplaced:
      return StopBlock(std::move(block), kReplaced);
    case MoveVerdict::kUndecidable:
      break;
  }
  return StopBlock(std::move(block), kUndecidable);
}

Step RevokeSeen(Block block, const Event& event) {
  const RevokeDecision decision = DecideRevoke(event.look);
  switch (decision.verdict) {
    case RevokeVerdict::kTakeFromStaging:
    case RevokeVerdict::kTakeFromHome: {
      if (++block.failures > kMaxMoveSends) {
        std::string reason = "the extents of an old move can't be taken back: " + block.remark;
        return StopBlock(std::move(block), std::move(reason));
      }
      const bool staging = decision.verdict == RevokeVerdict::kTakeFromStaging;
      std::vector<Action> actions;
      if (block.failures > 1) actions.push_back({Kind::kPause, Backoff(block.failures)});
      actions.push_back({staging ? Kind::kTakeFromStaging : Kind::kTakeFromHome, decision.home});
      return Then(std::move(block), std::move(actions));
    }
    case RevokeVerdict::kWon:
      // From here on the old move can never succeed; what it left is ours to publish or give up.
      block.move_open = false;
      return Then(std::move(block), {{Kind::kVerify}});
    case RevokeVerdict::kMoved:
      return Published(std::move(block), "");
    case RevokeVerdict::kMovedUnseen:
      if (SeededBug(Bug::kAbsentMeansNotMoved)) return IngestAgain(std::move(block));
      return Published(std::move(block), kRowsNotVisible);
    case RevokeVerdict::kAskHistory:
      return Then(std::move(block), {{Kind::kLookWithHistory}});
    case RevokeVerdict::kDestinationReplaced:
      return StopBlock(std::move(block), kReplaced);
    case RevokeVerdict::kVerifyAgain:
      // Somebody changed staging. Ids that left it never come back, and a move is all or nothing:
      // the old one can't succeed any more.
      block.move_open = false;
      return Then(std::move(block), {{Kind::kVerify}});
    case RevokeVerdict::kUndecidable:
      break;
  }
  return StopBlock(std::move(block), kUndecidable);
}

// What a revoke saved isn't what was verified before: ingest again from the artifacts.
Step VerifiedRevoked(Block block, const Event& event) {
  const bool good = event.void_reason.empty() && event.sums == block.sums && !event.extents.empty();
  if (good) return Verified(std::move(block), event);
  KC_ASSERT(!block.move_open || SeededBug(Bug::kRevokeByDrop) || SeededBug(Bug::kFenceByRename));
  return IngestAgain(std::move(block));
}

Step MoveAnswered(Block block, const Event& event) {
  if (block.stage == Stage::kRevoking) return Then(std::move(block), {{Kind::kLook}});
  KC_ASSERT(block.stage == Stage::kMoving);
  if (event.moved == static_cast<int>(block.extents.size())) return Published(std::move(block), "");
  return Then(std::move(block), {{Kind::kLook}});
}

Step MoveUnknown(Block block, const Event& event) {
  block.remark = event.text;
  const bool moving = block.stage == Stage::kMoving;
  if (event.permanent && moving && (++block.failures >= kMaxRefusedMoves || event.refused)) {
    // Looking comes first even now; if all is still in staging the refusal is believed.
    block.moves = kMaxMoveSends;
  }
  return Then(std::move(block), {{Kind::kLook}});
}

}  // namespace

std::vector<Part> PlanParts(const std::vector<Artifact>& artifacts) {
  std::vector<Part> parts;
  int64_t bytes = 0;
  for (size_t i = 0; i < artifacts.size(); ++i) {
    if (artifacts[i].rows == 0) continue;  // a file without rows can't be ingested
    const bool full = !parts.empty() && (bytes + artifacts[i].bytes > kMaxIngestBytes ||
                                         parts.back().artifacts.size() >= kMaxIngestFiles);
    if (parts.empty() || full) {
      parts.emplace_back();
      bytes = 0;
    }
    bytes += artifacts[i].bytes;
    parts.back().artifacts.push_back(static_cast<int>(i));
    parts.back().rows += artifacts[i].rows;
  }
  return parts;
}

Step Advance(Block block, const Event& event) {
  switch (event.kind) {
    case EventKind::kStart:
      return Start(std::move(block));
    case EventKind::kTakeOver:
      return TakeOver(std::move(block), event);
    case EventKind::kExportSlot:
      return SendExport(std::move(block), event);
    case EventKind::kExportDone:
      KC_ASSERT(block.stage == Stage::kExporting);
      return ExportDone(std::move(block), event);
    case EventKind::kExportFailed:
      KC_ASSERT(block.stage == Stage::kExporting);
      return ExportFailed(std::move(block), event);
    case EventKind::kFingerprinted:
      return Fingerprinted(std::move(block), event);
    case EventKind::kIngestSlot:
      return SendIngest(std::move(block), event);
    case EventKind::kPartsSeen:
      KC_ASSERT(block.stage == Stage::kIngesting);
      return PartsSeen(std::move(block), event);
    case EventKind::kVerified:
      if (block.stage == Stage::kRevoking) return VerifiedRevoked(std::move(block), event);
      KC_ASSERT(block.stage == Stage::kIngesting || block.stage == Stage::kMoving);
      return Verified(std::move(block), event);
    case EventKind::kMoveAnswered:
      return MoveAnswered(std::move(block), event);
    case EventKind::kMoveUnknown:
      KC_ASSERT(block.stage == Stage::kMoving || block.stage == Stage::kRevoking);
      return MoveUnknown(std::move(block), event);
    case EventKind::kMoveSeen:
      if (block.stage == Stage::kRevoking) return RevokeSeen(std::move(block), event);
      KC_ASSERT(block.stage == Stage::kMoving);
      return MoveSeen(std::move(block), event);
    case EventKind::kExplained:
      KC_ASSERT(block.stage == Stage::kIngesting && !block.move_open);
      return StopBlock(std::move(block), event.text);
    case EventKind::kCleaned:
      KC_ASSERT(block.stage == Stage::kMoved);
      block.stage = Stage::kDone;
      return Then(std::move(block), {{Kind::kRecord}});
    case EventKind::kFailed:
      return StopBlock(std::move(block), event.text);
  }
  KC_ASSERT(false);
  return {};
}

std::string_view Name(ActionKind kind) {
  static constexpr std::string_view kNames[] = {"record",
                                                "wait-export-slot",
                                                "export",
                                                "fingerprint",
                                                "wait-ingest-slot",
                                                "ingest",
                                                "verify",
                                                "move",
                                                "look",
                                                "look-with-history",
                                                "take-from-staging",
                                                "take-from-home",
                                                "pause",
                                                "explain",
                                                "clean-up",
                                                "stop-table"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace kc::copy
