#include "copy/protocol/step.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace kc::copy {
namespace {

using Kind = ActionKind;

Fingerprint Sums(int64_t rows, uint64_t low = 1) {
  Fingerprint sums;
  sums.rows = rows;
  sums.slices.resize(1);
  sums.slices[0].low.low = low;
  return sums;
}

std::vector<Kind> Kinds(const Step& step) {
  std::vector<Kind> kinds;
  for (const auto& action : step.actions) kinds.push_back(action.kind);
  return kinds;
}

Event Of(EventKind kind) {
  Event event;
  event.kind = kind;
  return event;
}
Event ExportSlot(std::string folder) {
  Event event = Of(EventKind::kExportSlot);
  event.folder = std::move(folder);
  event.request_id = "r";
  return event;
}
Event ExportDone(int64_t rows, Fingerprint sums) {
  Event event = Of(EventKind::kExportDone);
  if (rows > 0) event.artifacts = {{"file:///f/1", rows, 100}};
  event.sums = std::move(sums);
  return event;
}
Event IngestSlot() {
  Event event = Of(EventKind::kIngestSlot);
  event.home = {"S1", "id1"};
  event.tokens = {"t1"};
  return event;
}
Event Parts(PartOutcome outcome) {
  Event event = Of(EventKind::kPartsSeen);
  event.parts = {{outcome, "t2", "why"}};
  return event;
}
Event Verified(Fingerprint sums, std::vector<std::string> extents = {"x", "y"}) {
  Event event = Of(EventKind::kVerified);
  event.sums = std::move(sums);
  event.extents = std::move(extents);
  event.destination_id = "D1";
  return event;
}
Event Fingerprinted(Fingerprint sums) {
  Event event = Of(EventKind::kFingerprinted);
  event.sums = std::move(sums);
  return event;
}
Event Moved(int count) {
  Event event = Of(EventKind::kMoveAnswered);
  event.moved = count;
  return event;
}
Event Seen(int in_staging, bool token_in_destination) {
  Event event = Of(EventKind::kMoveSeen);
  event.look.asked = 2;
  event.look.in_staging = in_staging;
  event.look.staging_same = event.look.destination_same = true;
  event.look.token_in_destination = token_in_destination;
  return event;
}

Block Planned(int64_t rows = 10) {
  Block block;
  block.planned_rows = rows;
  block.ranges = {{1, 2}};
  return block;
}
Block After(Block block, const std::vector<Event>& events) {
  for (const auto& event : events) block = Advance(std::move(block), event).block;
  return block;
}
Block Exported() {
  return After(Planned(), {ExportSlot("e1"), ExportDone(10, Sums(10))});
}
Block Ingesting() {
  return After(Exported(), {IngestSlot()});
}
Block Moving() {
  return After(Ingesting(), {Parts(PartOutcome::kComplete), Verified(Sums(10))});
}

TEST(Step, TheWayOfABlock) {
  Step step = Advance(Planned(), Of(EventKind::kStart));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kWaitExportSlot}));
  step = Advance(step.block, ExportSlot("e1"));
  EXPECT_EQ(step.block.stage, Stage::kExporting);
  // The intent is durable before the request goes out.
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kExport}));
  step = Advance(step.block, ExportDone(10, Sums(10)));
  EXPECT_EQ(step.block.stage, Stage::kExported);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kWaitIngestSlot}));
  step = Advance(step.block, IngestSlot());
  EXPECT_EQ(step.block.stage, Stage::kIngesting);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kIngest}));
  step = Advance(step.block, Parts(PartOutcome::kComplete));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kVerify}));
  step = Advance(step.block, Verified(Sums(10)));
  EXPECT_EQ(step.block.stage, Stage::kMoving);
  EXPECT_TRUE(step.block.move_open);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kMove}));
  step = Advance(step.block, Moved(2));
  EXPECT_EQ(step.block.stage, Stage::kMoved);
  EXPECT_FALSE(step.block.move_open);
  EXPECT_EQ(step.block.moved_rows, 10);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kCleanUp}));
  step = Advance(step.block, Of(EventKind::kCleaned));
  EXPECT_EQ(step.block.stage, Stage::kDone);
}

TEST(Step, EverySendOfAnExportHasItsOwnFolder) {
  Block block = After(Planned(), {ExportSlot("e1"), Of(EventKind::kExportFailed)});
  EXPECT_EQ(block.stage, Stage::kPlanned);
  EXPECT_EQ(block.folders, (std::vector<std::string>{"e1"}));
  block = After(block, {ExportSlot("e2")});
  EXPECT_EQ(block.send, 2);
  EXPECT_EQ(block.folder, "e2");
}

TEST(Step, ARestartExportsAgainOnlyWithoutARecordedOutcome) {
  Block exporting = After(Planned(), {ExportSlot("e1")});
  Step step = Advance(exporting, Of(EventKind::kStart));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kWaitExportSlot}));
  EXPECT_EQ(step.block.folders.size(), 1u);
  step = Advance(Exported(), Of(EventKind::kStart));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kWaitIngestSlot}));
  step = Advance(Ingesting(), Of(EventKind::kStart));
  EXPECT_EQ(step.block.stage, Stage::kExported);
  EXPECT_TRUE(step.block.parts.empty());
  EXPECT_EQ(step.block.artifacts.size(), 1u);
}

TEST(Step, NothingExportedCountsOnlyWhenTheSourceHasNothing) {
  Step step = Advance(After(Planned(), {ExportSlot("e")}), ExportDone(0, Sums(0)));
  EXPECT_EQ(step.block.stage, Stage::kMoved);
  EXPECT_NE(step.block.remark, "");
  step = Advance(After(Planned(), {ExportSlot("e")}), ExportDone(0, Sums(10)));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kFingerprint}));
}

TEST(Step, AChangingSourceIsLookedAtAgainThenExportedAgainThenStopped) {
  Step step = Advance(After(Planned(), {ExportSlot("e")}), ExportDone(10, Sums(9)));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kFingerprint}));
  EXPECT_EQ(Advance(step.block, Fingerprinted(Sums(10))).block.stage, Stage::kExported);
  step = Advance(step.block, Fingerprinted(Sums(9)));
  EXPECT_EQ(step.block.stage, Stage::kPlanned);
  int exports = 1;
  int hashed = 0;
  while (step.block.stage != Stage::kStopped) {
    ASSERT_LT(++exports, 10);
    step = Advance(step.block, ExportSlot("e" + std::to_string(exports)));
    hashed += step.block.hashed;
    step = Advance(step.block, ExportDone(10, Sums(9)));
    if (Kinds(step).back() == Kind::kFingerprint) {
      ASSERT_FALSE(step.block.hashed);  // the source says nothing about an export's own sums
      step = Advance(step.block, Fingerprinted(Sums(9)));
    }
  }
  EXPECT_EQ(Kinds(step).back(), Kind::kStopTable);
  EXPECT_EQ(exports - hashed, 3);
  EXPECT_EQ(hashed, 3);
}

// A block whose source never stands still, at the moment of its fourth export.
Block KeepsChanging() {
  Block block = Planned();
  for (int i = 0; !block.hashed; ++i) {
    Step step = Advance(block, ExportSlot("e" + std::to_string(i)));
    step = Advance(step.block, ExportDone(10, Sums(9)));
    if (Kinds(step).back() == Kind::kFingerprint)
      step = Advance(step.block, Fingerprinted(Sums(9)));
    block = step.block;
  }
  return block;
}

TEST(Step, ASourceThatKeepsChangingIsExportedWithItsOwnHashes) {
  // F20, the last rung: the sums are of the exported files themselves, and nothing else is
  // compared.
  Step step = Advance(KeepsChanging(), ExportSlot("h"));
  EXPECT_TRUE(step.block.hashed);
  EXPECT_EQ(step.block.format, ExportFormat::kCsv);
  EXPECT_TRUE(ReadBlockDetails(BlockDetails(step.block))->hashed);
  step = Advance(step.block, ExportDone(8, Sums(8)));
  EXPECT_EQ(step.block.stage, Stage::kExported);
  step = Advance(step.block, IngestSlot());
  step = Advance(step.block, Parts(PartOutcome::kComplete));
  const Step good = Advance(step.block, Verified(Sums(8)));
  EXPECT_EQ(good.block.stage, Stage::kMoving);
  // Other contents: never compared with the source, exported again, then stopped.
  const Step bad = Advance(step.block, Verified(Sums(7)));
  EXPECT_EQ(Kinds(bad).back(), Kind::kWaitExportSlot);
  // Of very wide tables there are several hashes a row: not exported that way.
  Fingerprint wide = Sums(9);
  wide.slices.resize(2);
  Block block = Advance(Planned(), ExportSlot("e")).block;
  block.rounds = kMaxRounds - 1;
  EXPECT_EQ(Advance(block, ExportDone(10, wide)).block.stage, Stage::kStopped);
}

TEST(Step, AnIngestionThatWasDeliveredTwiceIsDoneAgainInTheSameFormat) {
  for (const int rows : {20, 5}) {
    const Block block = After(Ingesting(), {Parts(PartOutcome::kComplete)});
    const Step step = Advance(block, Verified(Sums(rows)));
    EXPECT_EQ(step.block.stage, Stage::kExported);
    EXPECT_EQ(step.block.format, block.format);
    EXPECT_EQ(step.block.folder, block.folder);
    EXPECT_TRUE(step.block.parts.empty());
    EXPECT_EQ(step.actions.back().kind, ActionKind::kWaitIngestSlot);
  }
}

TEST(Step, EverySendOfAPartHasItsOwnToken) {
  Step step = Advance(Ingesting(), Parts(PartOutcome::kMissing));
  EXPECT_EQ(step.block.parts[0].token, "t2");
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kPause, Kind::kRecord, Kind::kIngest}));
  step = Advance(step.block, Parts(PartOutcome::kMissing));
  step = Advance(step.block, Parts(PartOutcome::kMissing));
  EXPECT_EQ(step.block.stage, Stage::kStopped);
}

TEST(Step, ABusyClusterIsAskedForAsLongAsItTakes) {
  Step step{Ingesting(), {}};
  int longest = 0;
  for (int i = 0; i < 50; ++i) {
    step = Advance(step.block, Parts(PartOutcome::kBusy));
    ASSERT_EQ(Kinds(step), (std::vector{Kind::kPause, Kind::kRecord, Kind::kIngest})) << i;
    EXPECT_GE(step.actions[0].number, longest);
    longest = step.actions[0].number;
  }
  EXPECT_EQ(longest, 30'000);
  // Failures are still counted, and the pause is short again.
  step = Advance(step.block, Parts(PartOutcome::kMissing));
  EXPECT_LT(step.actions[0].number, 1'000);
  step = Advance(step.block, Parts(PartOutcome::kMissing));
  step = Advance(step.block, Parts(PartOutcome::kMissing));
  EXPECT_EQ(step.block.stage, Stage::kStopped);
}

TEST(Step, WhatIsRefusedForGoodIsNotRepeated) {
  Step step = Advance(Ingesting(), Parts(PartOutcome::kRefused));
  EXPECT_EQ(step.block.stage, Stage::kStopped);
  EXPECT_NE(step.block.reason.find("why"), std::string::npos);
  Event failed = Of(EventKind::kExportFailed);
  failed.permanent = failed.refused = true;
  step = Advance(Advance(Planned(), ExportSlot("f")).block, failed);
  EXPECT_EQ(step.block.stage, Stage::kStopped);
  Event move = Of(EventKind::kMoveUnknown);
  move.permanent = move.refused = true;
  step = Advance(Moving(), move);
  EXPECT_EQ(Kinds(step), std::vector{Kind::kLook}) << "it may have been published all the same";
  EXPECT_EQ(Advance(step.block, Seen(2, false)).block.stage, Stage::kStopped);
  EXPECT_EQ(Advance(step.block, Seen(0, true)).block.stage, Stage::kMoved);
}

TEST(Step, AMissingFileMeansANewExport) {
  const Step step = Advance(Ingesting(), Parts(PartOutcome::kArtifactGone));
  EXPECT_EQ(step.block.stage, Stage::kPlanned);
  EXPECT_EQ(Kinds(step).back(), Kind::kWaitExportSlot);
}

TEST(Step, OtherContentsGiveWayToTheExactFormatThenStop) {
  Step step = Advance(After(Ingesting(), {Parts(PartOutcome::kComplete)}), Verified(Sums(10, 2)));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kFingerprint}));
  step = Advance(step.block, Fingerprinted(Sums(10)));
  EXPECT_EQ(step.block.stage, Stage::kPlanned);
  EXPECT_EQ(step.block.format, ExportFormat::kCsv);
  Block again = After(step.block, {ExportSlot("e2"), ExportDone(10, Sums(10)), IngestSlot(),
                                   Parts(PartOutcome::kComplete), Verified(Sums(10, 2))});
  step = Advance(again, Fingerprinted(Sums(10)));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kExplain}));
  Event explained = Of(EventKind::kExplained);
  explained.text = "column x";
  step = Advance(step.block, explained);
  EXPECT_EQ(step.block.stage, Stage::kStopped);
  EXPECT_EQ(step.block.reason, "column x");
}

TEST(Step, WhatOneBlockLearntOfTheFormatServesTheOthers) {
  Event slot = ExportSlot("e");
  slot.format = ExportFormat::kCsv;
  EXPECT_EQ(Advance(Planned(), slot).block.format, ExportFormat::kCsv);
}

TEST(Step, RightSumsOfVoidExtentsAreNotPublished) {
  Event event = Verified(Sums(10));
  event.void_reason = "deleted rows";
  const Step step = Advance(After(Ingesting(), {Parts(PartOutcome::kComplete)}), event);
  EXPECT_EQ(step.block.stage, Stage::kIngesting);
}

TEST(Step, ALostMoveIsLookedAtNeverRepeatedBlindly) {
  Step step = Advance(Moving(), Of(EventKind::kMoveUnknown));
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kLook}));
  EXPECT_EQ(Kinds(Advance(step.block, Seen(2, false))), (std::vector{Kind::kPause, Kind::kMove}));
  EXPECT_EQ(Advance(step.block, Seen(0, true)).block.stage, Stage::kMoved);
  // In neither: published and gone again, or dropped from staging by somebody. The history tells.
  const Step asked = Advance(step.block, Seen(0, false));
  EXPECT_EQ(Kinds(asked), (std::vector{Kind::kLookWithHistory}));
  for (const History history : {History::kNone, History::kCompleted, History::kFailed}) {
    Event seen = Seen(0, false);
    seen.look.history = history;
    const Step unseen = Advance(asked.block, seen);
    if (history == History::kFailed) {
      EXPECT_EQ(Kinds(unseen), (std::vector{Kind::kVerify}));
      EXPECT_EQ(Advance(unseen.block, Verified(Sums(0), {})).block.stage, Stage::kStopped);
    } else {
      EXPECT_EQ(unseen.block.stage, Stage::kMoved);
      EXPECT_NE(unseen.block.remark, "");
    }
  }
  EXPECT_EQ(Kinds(Advance(step.block, Seen(1, false))), (std::vector{Kind::kVerify}));
  // An answer with fewer rows than asked is no proof either.
  EXPECT_EQ(Kinds(Advance(Moving(), Moved(1))), (std::vector{Kind::kLook}));
}

TEST(Step, ATokenInStagingAloneNeverMeansNotMoved) {
  // F1: a late duplicate carries the token into staging after the verified extents were published.
  Event event = Seen(0, true);
  event.look.token_in_staging = true;
  EXPECT_EQ(Advance(Moving(), event).block.stage, Stage::kMoved);
  event.look.token_in_destination = false;  // F3: eaten by a policy
  EXPECT_EQ(Kinds(Advance(Moving(), event)), (std::vector{Kind::kLookWithHistory}));
  event.look.history = History::kNone;
  EXPECT_EQ(Advance(Moving(), event).block.stage, Stage::kStopped);
  event.look.history = History::kCompleted;
  EXPECT_EQ(Advance(Moving(), event).block.stage, Stage::kMoved);
}

TEST(Step, ARefusedMoveStopsOnlyWhileAllIsStillInStaging) {
  Event refused = Of(EventKind::kMoveUnknown);
  refused.permanent = true;
  refused.text = "no such column";
  Block block = Moving();
  for (int i = 0; i < kMaxRefusedMoves; ++i) {
    Step step = Advance(block, refused);
    ASSERT_EQ(Kinds(step), (std::vector{Kind::kLook}));
    block = Advance(step.block, Seen(2, false)).block;
  }
  EXPECT_EQ(block.stage, Stage::kStopped);
  EXPECT_TRUE(block.move_open);  // a new start must take the extents away first
  EXPECT_NE(block.reason.find("no such column"), std::string::npos);
}

Event TakeOver(std::string table) {
  Event event = Of(EventKind::kTakeOver);
  event.home = {std::move(table), "h"};
  return event;
}

TEST(Step, ATakeOverTakesTheExtentsAwayBeforeAnythingElse) {
  Step step = Advance(Moving(), TakeOver("S2"));
  EXPECT_EQ(step.block.stage, Stage::kRevoking);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kLook}));
  Event seen = Seen(2, false);
  seen.look.token_in_homes = {false};
  Step take = Advance(step.block, seen);
  EXPECT_EQ(Kinds(take), (std::vector{Kind::kTakeFromStaging}));
  take = Advance(take.block, Moved(2));
  EXPECT_EQ(Kinds(take), (std::vector{Kind::kLook}));
  seen = Seen(0, false);
  seen.look.token_in_homes = {true};
  Step won = Advance(take.block, seen);
  EXPECT_EQ(Kinds(won), (std::vector{Kind::kVerify}));
  EXPECT_FALSE(won.block.move_open);
  won = Advance(won.block, Verified(Sums(10), {"n1"}));
  EXPECT_EQ(won.block.stage, Stage::kMoving);
  EXPECT_EQ(won.block.staging.table, "S2");
  EXPECT_EQ(won.block.extents, (std::vector<std::string>{"n1"}));
  EXPECT_TRUE(won.block.homes.empty());
}

TEST(Step, ATakeOverFindsWhatWasPublished) {
  Step step = Advance(Moving(), TakeOver("S2"));
  Event seen = Seen(0, true);
  seen.look.token_in_homes = {false};
  EXPECT_EQ(Advance(step.block, seen).block.stage, Stage::kMoved);
}

TEST(Step, AThirdOwnerTakesFromTheSecondOnesHome) {
  Block block = Advance(Moving(), TakeOver("S2")).block;
  block = Advance(block, TakeOver("S3")).block;
  Event seen = Seen(0, false);
  seen.look.token_in_homes = {true, false};
  const Step step = Advance(block, seen);
  ASSERT_EQ(Kinds(step), (std::vector{Kind::kTakeFromHome}));
  EXPECT_EQ(step.actions[0].number, 0);
}

TEST(Step, WhatARevokeSavedIsIngestedAgainIfItIsNotWhatWasVerified) {
  Step step = Advance(Moving(), TakeOver("S2"));
  Event seen = Seen(0, false);
  seen.look.token_in_homes = {true};
  step = Advance(step.block, seen);
  step = Advance(step.block, Verified(Sums(9), {"n1"}));
  EXPECT_EQ(step.block.stage, Stage::kExported);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kRecord, Kind::kWaitIngestSlot}));
}

// Somebody deleted rows in staging: an id is gone for ever, so that the old move can't succeed.
TEST(Step, WhatIsIncompleteAtATakeOverIsIngestedAgain) {
  Step step = Advance(Moving(), TakeOver("S2"));
  Event seen = Seen(1, false);
  seen.look.token_in_homes = {false};
  step = Advance(step.block, seen);
  EXPECT_EQ(Kinds(step), (std::vector{Kind::kVerify}));
  EXPECT_FALSE(step.block.move_open);
  step = Advance(step.block, Verified(Sums(0), {}));
  EXPECT_EQ(step.block.stage, Stage::kExported);
}

TEST(Step, AStoppedBlockStartsFromItsExportAgain) {
  Event failed = Of(EventKind::kFailed);
  failed.text = "no rights";
  Block block = After(Exported(), {failed});
  EXPECT_EQ(block.stage, Stage::kStopped);
  EXPECT_EQ(Kinds(Advance(block, Of(EventKind::kStart))), (std::vector{Kind::kWaitExportSlot}));
}

// Walks all sequences of events that a driver can give, a few steps deep, and checks what must hold
// in every state (protocol §2.1).
struct Walker {
  int visited = 0;
  void Check(const Step& step) {
    const Block& block = step.block;
    ASSERT_FALSE(step.actions.empty() && block.stage != Stage::kDone);
    bool recorded = false;
    for (size_t i = 0; i < step.actions.size(); ++i) {
      const Kind kind = step.actions[i].kind;
      recorded |= kind == Kind::kRecord;
      // I1: what changes a server follows its record.
      if (kind == Kind::kExport || kind == Kind::kIngest) {
        ASSERT_TRUE(recorded);
      }
      if (kind == Kind::kMove || kind == Kind::kTakeFromStaging || kind == Kind::kTakeFromHome) {
        ASSERT_TRUE(block.move_open);
      }
      // I3: an attempt with an open move gives up nothing.
      if (kind == Kind::kWaitExportSlot || kind == Kind::kWaitIngestSlot) {
        ASSERT_FALSE(block.move_open);
      }
      // Only the last action may give an event.
      if (i + 1 < step.actions.size()) {
        ASSERT_TRUE(kind == Kind::kRecord || kind == Kind::kPause);
      }
    }
    ASSERT_EQ(block.stage == Stage::kMoving || block.stage == Stage::kRevoking ||
                  block.stage == Stage::kStopped || !block.move_open,
              true);
    const auto details = BlockDetails(block);
    const auto read = ReadBlockDetails(details);
    ASSERT_TRUE(read.has_value()) << details;
    ASSERT_EQ(BlockDetails(*read), details);
  }
  std::vector<Event> Answers(const Step& step) {
    switch (step.actions.empty() ? Kind::kStopTable : step.actions.back().kind) {
      case Kind::kWaitExportSlot:
        return {ExportSlot("e" + std::to_string(step.block.send + 1))};
      case Kind::kExport:
        return {ExportDone(10, Sums(10)), ExportDone(0, Sums(0)), ExportDone(10, Sums(9)),
                Of(EventKind::kExportFailed)};
      case Kind::kFingerprint:
        return {Fingerprinted(Sums(10)), Fingerprinted(Sums(9)), Of(EventKind::kFailed)};
      case Kind::kWaitIngestSlot:
        return {IngestSlot()};
      case Kind::kIngest:
        return {Parts(PartOutcome::kComplete), Parts(PartOutcome::kMissing),
                Parts(PartOutcome::kArtifactGone)};
      case Kind::kVerify:
        return {Verified(Sums(10)), Verified(Sums(9)), Verified(Sums(0), {})};
      case Kind::kMove:
      case Kind::kTakeFromStaging:
      case Kind::kTakeFromHome:
        return {Moved(2), Moved(1), Of(EventKind::kMoveUnknown)};
      case Kind::kLook:
      case Kind::kLookWithHistory:
        return Looks(step);
      case Kind::kExplain:
        return {Of(EventKind::kExplained)};
      case Kind::kCleanUp:
        return {Of(EventKind::kCleaned)};
      default:
        return {};
    }
  }
  std::vector<Event> Looks(const Step& step) {
    std::vector<Event> events;
    for (const int in_staging : {0, 1, 2}) {
      for (const bool token : {false, true}) {
        Event event = Seen(in_staging, token);
        event.look.token_in_homes.assign(step.block.homes.size(), false);
        if (step.actions.back().kind == Kind::kLookWithHistory) event.look.history = History::kNone;
        events.push_back(event);
        if (event.look.token_in_homes.empty()) continue;
        event.look.token_in_homes.back() = true;
        events.push_back(event);
      }
    }
    return events;
  }
  void Walk(const Step& step, int depth) {
    ++visited;
    Check(step);
    if (testing::Test::HasFatalFailure()) return;
    // A crash at any point: the next owner starts from the record.
    if (depth % 3 == 0 && step.block.stage != Stage::kDone) {
      Check(step.block.move_open ? Advance(step.block, TakeOver("S9"))
                                 : Advance(step.block, Of(EventKind::kStart)));
    }
    if (depth == 0) return;
    for (const auto& event : Answers(step)) Walk(Advance(step.block, event), depth - 1);
  }
};

TEST(Step, InvariantsHoldOnEveryPath) {
  Walker walker;
  walker.Walk(Advance(Planned(), Of(EventKind::kStart)), 7);
  walker.Walk(Advance(Moving(), TakeOver("S2")), 6);
  EXPECT_GT(walker.visited, 2000);
}

TEST(PlanParts, BoundsFilesAndBytesAndLeavesEmptyFilesOut) {
  std::vector<Artifact> artifacts(kMaxIngestFiles + 2, Artifact{"p", 5, 10});
  artifacts[0].rows = 0;
  auto parts = PlanParts(artifacts);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].artifacts.size(), static_cast<size_t>(kMaxIngestFiles));
  EXPECT_EQ(parts[0].rows, 5 * kMaxIngestFiles);
  EXPECT_EQ(PlanParts({{"a", 1, kMaxIngestBytes}, {"b", 1, 1}}).size(), 2u);
}

}  // namespace
}  // namespace kc::copy
