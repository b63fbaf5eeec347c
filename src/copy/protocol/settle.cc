#include "copy/protocol/settle.h"

namespace kc::copy {

MoveVerdict DecideMove(const MoveLook& look) {
  if (look.staging_same && look.asked > 0 && look.in_staging == look.asked) {
    // Nothing was published; but sending it again would publish into a stranger.
    return look.destination_same ? MoveVerdict::kNotMoved : MoveVerdict::kDestinationReplaced;
  }
  if (look.token_in_destination) return MoveVerdict::kMoved;
  if (!look.destination_same) return MoveVerdict::kDestinationReplaced;
  if (look.staging_same && look.in_staging > 0) return MoveVerdict::kVerifyAgain;
  if (look.staging_same && !look.token_in_staging) {
    // Published and gone again, unless somebody dropped the extents from staging: the history of
    // commands would tell that no move succeeded.
    if (look.history == History::kNotAsked) return MoveVerdict::kAskHistory;
    return look.history == History::kFailed ? MoveVerdict::kVerifyAgain : MoveVerdict::kMovedUnseen;
  }
  // The ids are gone but the token is in staging (somebody changed them there, or late duplicates
  // arrived and the evidence at the destination is gone), or the staging table itself is gone.
  switch (look.history) {
    case History::kNotAsked:
      return MoveVerdict::kAskHistory;
    case History::kCompleted:
      return MoveVerdict::kMovedUnseen;
    case History::kFailed:
      return look.staging_same ? MoveVerdict::kVerifyAgain : MoveVerdict::kUndecidable;
    case History::kNone:
      break;
  }
  return MoveVerdict::kUndecidable;
}

RevokeDecision DecideRevoke(const MoveLook& look) {
  const int last = static_cast<int>(look.token_in_homes.size()) - 1;
  if (look.staging_same && look.asked > 0 && look.in_staging == look.asked) {
    return {RevokeVerdict::kTakeFromStaging};
  }
  if (last >= 0 && look.token_in_homes[static_cast<size_t>(last)]) return {RevokeVerdict::kWon};
  for (int home = 0; home < last; ++home) {
    if (look.token_in_homes[static_cast<size_t>(home)]) {
      return {RevokeVerdict::kTakeFromHome, home};
    }
  }
  switch (DecideMove(look)) {
    case MoveVerdict::kNotMoved:
      return {RevokeVerdict::kTakeFromStaging};
    case MoveVerdict::kMoved:
      return {RevokeVerdict::kMoved};
    case MoveVerdict::kMovedUnseen:
      return {RevokeVerdict::kMovedUnseen};
    case MoveVerdict::kVerifyAgain:
      return {RevokeVerdict::kVerifyAgain};
    case MoveVerdict::kAskHistory:
      return {RevokeVerdict::kAskHistory};
    case MoveVerdict::kDestinationReplaced:
      return {RevokeVerdict::kDestinationReplaced};
    case MoveVerdict::kUndecidable:
      break;
  }
  return {RevokeVerdict::kUndecidable};
}

const char* Name(MoveVerdict verdict) {
  switch (verdict) {
    case MoveVerdict::kNotMoved:
      return "not moved";
    case MoveVerdict::kMoved:
      return "moved";
    case MoveVerdict::kMovedUnseen:
      return "moved, rows no longer visible";
    case MoveVerdict::kVerifyAgain:
      return "verify again";
    case MoveVerdict::kAskHistory:
      return "ask the history";
    case MoveVerdict::kDestinationReplaced:
      return "destination replaced";
    case MoveVerdict::kUndecidable:
      break;
  }
  return "undecidable";
}

const char* Name(RevokeVerdict verdict) {
  switch (verdict) {
    case RevokeVerdict::kTakeFromStaging:
      return "take from staging";
    case RevokeVerdict::kTakeFromHome:
      return "take from an earlier home";
    case RevokeVerdict::kWon:
      return "won";
    case RevokeVerdict::kMoved:
      return "moved";
    case RevokeVerdict::kMovedUnseen:
      return "moved, rows no longer visible";
    case RevokeVerdict::kVerifyAgain:
      return "verify again";
    case RevokeVerdict::kAskHistory:
      return "ask the history";
    case RevokeVerdict::kDestinationReplaced:
      return "destination replaced";
    case RevokeVerdict::kUndecidable:
      break;
  }
  return "undecidable";
}

}  // namespace kc::copy
