// Bugs that can be switched on, to prove that the checker of the simulation sees them
// (sim/mutants_main.cc). In every normal build SeededBug() is constexpr false and nothing of them
// is compiled; only the mutant program, which compiles the sources of copy/ and checkpoint/ once
// more with KC_SEEDED_BUGS, can choose one. For .cc files of those two parts only.
#pragma once

namespace kc {

enum class Bug {
  kNone,
  // Records.
  kActBeforeDurable,       // a record counts as durable as soon as it is on its way
  kActBeforeIntent,        // the request goes out first, then its intent is recorded
  kAppendWithoutPosition,  // an append goes to the end, wherever that is
  kRollUnnamed,            // F31: a new segment is not named in the manifest
  kIgnoreLostLease,        // the work goes on though the lease is lost
  kWallClock,              // F41: the lease's time is measured with the wall clock
  // Moves.
  kSettleByTag,          // F1: a tag in staging means not moved
  kAbsentMeansNotMoved,  // F2: no trace anywhere means not moved
  kDestinationFirst,     // F4: the destination is looked at before staging
  kMoveByToken,          // F7, F8: what has the token now is moved, not what was verified
  kIgnoreFailedMove,     // F8: an answer that carries failures is taken for success
  kUnknownMeansMoved,    // no answer is taken for success
  kResend,               // F11: the client sends again when no answer comes
  kDropOldStagingFirst,  // F42: staging is dropped before its open moves are settled
  kRevokeByDrop,         // 2.4: extents are dropped to take them away from a move
  kFenceByRename,        // F36: the staging table is renamed to take it away from a move
  kDeleteBlobsEarly,     // F42: files are deleted before Moved is durable
  kDropTagsEarly,        // tags are dropped before Moved is durable
  // Ingestion and verification.
  kOneToken,        // F12: one tag for all parts and all sends
  kCountsOnly,      // staging is verified by the number of rows
  kColumnSumsOnly,  // and by sums of columns: values swapped between rows stay unseen
  kTrustCompleted,  // F17: what the operation says is believed, staging isn't looked at
  kTokenPrefix,     // F13: tokens of no fixed width, one a part of the other
  // The source.
  kWeakReads,         // F5: answers of weak consistency are accepted
  kUndatedAtOnce,     // F22: rows without ingestion time are copied without waiting
  kBandEndAlone,      // F26: the band's end is durable before its blocks
  kOneWatermark,      // F24: one watermark for all tables
  kCursorPerTable,    // each table of an iteration gets a cursor of its own
  kHorizonFromNow,    // F25: the horizon moves with the clock
  kTrustExportCount,  // F20, F30: what was exported isn't compared with the source
  // Around.
  kForgetFolders,  // F28: files of failed exports stay
  kForgetStaging,  // staging tables stay
  kStopInSilence,  // a table that stopped isn't told
  kExportAgain,    // a recorded export is repeated after a restart
};

#ifdef KC_SEEDED_BUGS
inline namespace seeded {
inline Bug seeded_bug = Bug::kNone;
inline bool SeededBug(Bug bug) {
  return seeded_bug == bug;
}
}  // namespace seeded
#else
inline namespace whole {
constexpr bool SeededBug(Bug) {
  return false;
}
}  // namespace whole
#endif

}  // namespace kc
