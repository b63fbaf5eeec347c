// What a lost answer to a move means, decided from what was read afterwards (protocol §2.3). Pure.
//
// The rules rest on one fact: the verified extents of an attempt are in its staging table, or in a
// later table of ours that took them away, or published; never in two of them. So "not published"
// is proved by their ids in staging, and tags at the destination only confirm.
#pragma once

#include <string>
#include <vector>

namespace kc::copy {

enum class History { kNotAsked, kNone, kCompleted, kFailed };

// Read in this order: staging's id and the ids in it, then tags (staging, homes, destination).
struct MoveLook {
  int asked = 0;              // extents of the attempt
  int in_staging = 0;         // how many of their ids the staging table holds
  bool staging_same = false;  // it exists with the recorded TableId
  bool destination_same = false;
  bool token_in_staging = false;
  bool token_in_destination = false;
  // For revokes: which later tables of ours hold extents with the token, in their order.
  std::vector<bool> token_in_homes;
  History history = History::kNotAsked;
};

enum class MoveVerdict {
  kNotMoved,             // all in staging: the same move may be sent again, or be revoked
  kMoved,                // published, the tag is seen
  kMovedUnseen,          // published, the rows are no longer visible at the destination
  kVerifyAgain,          // somebody changed the extents in staging: find them by token again
  kAskHistory,           // only the operations' history can tell: read it, decide again
  kUndecidable,          // not even that: stop, never redo
  kDestinationReplaced,  // another table has the destination's name now
};
MoveVerdict DecideMove(const MoveLook& look);

enum class RevokeVerdict {
  kTakeFromStaging,  // (send) the move from staging to the last home
  kTakeFromHome,     // an earlier takeover won: move from `home` to the last one
  kWon,              // all is in the last home: the old move can never succeed
  kMoved,
  kMovedUnseen,
  kVerifyAgain,
  kAskHistory,
  kUndecidable,
  kDestinationReplaced,
};
struct RevokeDecision {
  RevokeVerdict verdict = RevokeVerdict::kUndecidable;
  int home = 0;  // kTakeFromHome only
};
RevokeDecision DecideRevoke(const MoveLook& look);

const char* Name(MoveVerdict verdict);
const char* Name(RevokeVerdict verdict);

}  // namespace kc::copy
