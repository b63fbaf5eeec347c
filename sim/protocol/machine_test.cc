// Protocol scenarios that are decided by pure functions: the block's state machine, the planner and
// the texts that are sent. What they do in a whole world is in the other files of this folder.
#include <gtest/gtest.h>

#include <set>

#include "base/ticks.h"
#include "copy/protocol/planner.h"
#include "copy/protocol/step.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/transfer.h"

namespace kc::sim {
namespace {

using namespace copy;  // NOLINT(google-build-using-namespace): its names are what is tested
namespace commands = kusto::commands;
using Kind = ActionKind;

Event Of(EventKind kind) {
  Event event;
  event.kind = kind;
  return event;
}
Fingerprint Sums(int64_t rows, uint64_t low = 1) {
  Fingerprint sums;
  sums.rows = rows;
  sums.slices.resize(1);
  sums.slices[0].low.low = low;
  return sums;
}
bool Does(const Step& step, Kind kind) {
  for (const auto& action : step.actions) {
    if (action.kind == kind) return true;
  }
  return false;
}
Event Slot(const std::string& folder) {
  Event event = Of(EventKind::kExportSlot);
  event.folder = folder;
  event.request_id = folder;
  return event;
}
Event Exported(int64_t rows, Fingerprint sums, int files = 1) {
  Event event = Of(EventKind::kExportDone);
  for (int i = 0; i < files && rows > 0; ++i) {
    const int64_t some = rows / files + (i == 0 ? rows % files : 0);
    event.artifacts.push_back({"f" + std::to_string(i), some, kMaxIngestBytes / 2 + 1});
  }
  event.sums = std::move(sums);
  return event;
}
Event IngestSlot(const Block& block) {
  Event event = Of(EventKind::kIngestSlot);
  event.home = {"S", "S-id"};
  for (size_t i = 0; i < PlanParts(block.artifacts).size(); ++i) {
    event.tokens.push_back("t" + std::to_string(i));
  }
  return event;
}
Event Verified(Fingerprint sums) {
  Event event = Of(EventKind::kVerified);
  event.sums = std::move(sums);
  event.extents = {"x", "y"};
  event.destination_id = "D-id";
  return event;
}
Block Planned() {
  Block block;
  block.planned_rows = 10;
  block.ranges = {{1, 2}};
  return block;
}
Block Ingesting(int files = 1) {
  Block block = Advance(Planned(), Slot("e1")).block;
  block = Advance(block, Exported(10, Sums(10), files)).block;
  const Event slot = IngestSlot(block);
  return Advance(block, slot).block;
}
Block Staged(Block block) {
  Event seen = Of(EventKind::kPartsSeen);
  seen.parts.assign(block.parts.size(), {PartOutcome::kComplete, "n", ""});
  block = Advance(block, seen).block;
  return Advance(block, Verified(Sums(10))).block;
}

// While an attempt has a move that is neither settled nor revoked, whatever is seen or fails, the
// block starts no other attempt.
TEST(Protocol, F06_NothingElseStartsWhileAMoveMayStillRun) {
  int paths = 0;
  const auto walk = [&paths](const auto& self, const Step& step, int depth) -> void {
    ++paths;
    if (step.block.move_open) {
      for (const Kind kind : {Kind::kWaitExportSlot, Kind::kExport, Kind::kWaitIngestSlot,
                              Kind::kIngest, Kind::kCleanUp}) {
        ASSERT_FALSE(Does(step, kind)) << Name(kind);
      }
    } else if (step.block.stage != Stage::kMoved) {
      ASSERT_FALSE(Does(step, Kind::kMove));
    }
    if (depth == 0 || !step.block.move_open) return;
    std::vector<Event> events = {Of(EventKind::kMoveUnknown), Of(EventKind::kMoveAnswered)};
    for (const int in_staging : {0, 1, 2}) {
      for (const bool in_destination : {false, true}) {
        for (const bool in_staging_too : {false, true}) {
          Event seen = Of(EventKind::kMoveSeen);
          seen.look.asked = 2;
          seen.look.in_staging = in_staging;
          seen.look.staging_same = seen.look.destination_same = true;
          seen.look.token_in_destination = in_destination;
          seen.look.token_in_staging = in_staging_too;
          seen.look.token_in_homes.assign(step.block.homes.size(), false);
          seen.look.history = History::kNone;
          events.push_back(seen);
        }
      }
    }
    Event refused = Of(EventKind::kMoveUnknown);
    refused.permanent = true;
    events.push_back(refused);
    Event taken = Of(EventKind::kTakeOver);
    taken.home = {"S" + std::to_string(depth), "id"};
    events.push_back(taken);
    for (const auto& event : events) {
      const bool looks = Does(step, Kind::kLook) || Does(step, Kind::kLookWithHistory);
      const bool moves = Does(step, Kind::kMove) || Does(step, Kind::kTakeFromStaging);
      if (event.kind == EventKind::kMoveSeen && !looks) continue;
      if ((event.kind == EventKind::kMoveUnknown || event.kind == EventKind::kMoveAnswered) &&
          !moves) {
        continue;
      }
      self(self, Advance(step.block, event), depth - 1);
      if (testing::Test::HasFatalFailure()) return;
    }
  };
  const Block moving = Staged(Ingesting());
  ASSERT_TRUE(moving.move_open);
  walk(walk, {moving, {{Kind::kRecord}, {Kind::kMove}}}, 6);
  EXPECT_GT(paths, 500);
}

TEST(Protocol, F08_ExtentsAreMovedByTheirIdsAndAFailedOneIsNoSuccess) {
  const std::string id = "00000000-0000-0000-0000-00000000000a";
  const std::string text = commands::MoveExtents("S", "D", {id}, true);
  EXPECT_NE(text.find(id), std::string::npos);
  EXPECT_EQ(text.find("extentCreatedOn"), std::string::npos);
  EXPECT_EQ(text.find("<|"), std::string::npos);
  EXPECT_EQ(text.find(" all "), std::string::npos);
  EXPECT_NE(text.find("setNewIngestionTime=true"), std::string::npos);
  ValueTable answer;
  answer.columns = {{"OriginalExtentId", ScalarType::kString},
                    {"ResultExtentId", ScalarType::kString},
                    {"Details", ScalarType::kString}};
  answer.rows = {{id, std::string("Failed"), std::string("no")}};
  EXPECT_FALSE(commands::ReadMoved(answer).has_value());
  // Fewer rows than ids were asked for are no success either.
  Event fewer = Of(EventKind::kMoveAnswered);
  fewer.moved = 1;
  const Step step = Advance(Staged(Ingesting()), fewer);
  EXPECT_TRUE(Does(step, Kind::kLook));
  EXPECT_TRUE(step.block.move_open);
}

TEST(Protocol, F12_EveryPartAndEverySendHasATokenOfItsOwn) {
  Block block = Ingesting(3);
  ASSERT_EQ(block.parts.size(), 3u);  // three commands
  std::set<std::string> tokens;
  for (const auto& part : block.parts) tokens.insert(part.token);
  EXPECT_EQ(tokens.size(), 3u);
  // The second is Unknown: only it is sent again, under another token; its old one is never looked
  // for again, whatever comes under it.
  Event seen = Of(EventKind::kPartsSeen);
  seen.parts = {{PartOutcome::kComplete, "n0", ""},
                {PartOutcome::kMissing, "n1", ""},
                {PartOutcome::kComplete, "n2", ""}};
  const Step step = Advance(block, seen);
  EXPECT_TRUE(Does(step, Kind::kRecord));
  EXPECT_EQ(step.block.Tokens(), (std::vector<std::string>{"t0", "n1", "t2"}));
  EXPECT_TRUE(step.block.parts[0].complete);
  EXPECT_FALSE(step.block.parts[1].complete);
  const std::string verify =
      commands::StagedFingerprint("S", step.block.Tokens(), {{"n", ScalarType::kLong}});
  EXPECT_EQ(verify.find("\"t1\""), std::string::npos);
  EXPECT_NE(verify.find("\"n1\""), std::string::npos);
}

TEST(Protocol, F18_EachFormatIsTriedOnceThenTheTableStopsAndNamesTheColumns) {
  Block block = Ingesting();
  Event seen = Of(EventKind::kPartsSeen);
  seen.parts = {{PartOutcome::kComplete, "n", ""}};
  int exports = 1;
  Step step = Advance(block, seen);
  std::vector<ExportFormat> formats = {block.format};
  while (step.block.stage != Stage::kStopped) {
    ASSERT_LE(exports, 2);
    if (Does(step, Kind::kVerify)) {
      step = Advance(step.block, Verified(Sums(10, 99)));  // other contents, for ever
    } else if (Does(step, Kind::kFingerprint)) {
      Event same = Of(EventKind::kFingerprinted);
      same.sums = Sums(10);
      step = Advance(step.block, same);
    } else if (Does(step, Kind::kWaitExportSlot)) {
      step = Advance(step.block, Slot("e" + std::to_string(++exports)));
      formats.push_back(step.block.format);
    } else if (Does(step, Kind::kExport)) {
      step = Advance(step.block, Exported(10, Sums(10)));
    } else if (Does(step, Kind::kWaitIngestSlot)) {
      const Event slot = IngestSlot(step.block);
      step = Advance(step.block, slot);
    } else if (Does(step, Kind::kIngest)) {
      step = Advance(step.block, seen);
    } else {
      ASSERT_TRUE(Does(step, Kind::kExplain));
      Event explained = Of(EventKind::kExplained);
      explained.text = "columns that differ: x";
      step = Advance(step.block, explained);
    }
  }
  EXPECT_EQ(formats, (std::vector{ExportFormat::kParquet, ExportFormat::kCsv}));
  EXPECT_NE(step.block.reason.find("columns that differ: x"), std::string::npos);
  EXPECT_TRUE(Does(step, Kind::kStopTable));
  EXPECT_FALSE(step.block.move_open);
}

TEST(Protocol, F19_DynamicScalarsGoThroughCsvAsQuotedJson) {
  const std::vector<ColumnSchema> columns = {{"d", ScalarType::kDynamic}, {"n", ScalarType::kLong}};
  const std::string csv = commands::ExportProjection(columns, ExportFormat::kCsv);
  // dynamic("123") keeps its quotes, dynamic("") isn't null.
  EXPECT_NE(csv.find("iff(isnull(['d']), '', substring(dynamic_to_json(pack_array(['d'])), 1, "
                     "strlen(dynamic_to_json(pack_array(['d']))) - 2))"),
            std::string::npos)
      << csv;
  EXPECT_EQ(csv.find("pack_array(['n'])"), std::string::npos);
  const std::string parquet = commands::ExportProjection(columns, ExportFormat::kParquet);
  EXPECT_EQ(parquet.find("pack_array"), std::string::npos);
}

TEST(Protocol, F27_AnInstantLargerThanAnExportIsCutByRowHash) {
  PlanLimits limits;
  limits.max_rows = 100;
  const Instant large{50, 50, 1050, 0, 7};
  const Instant small{60, 60, 10, 0, 7};
  const auto blocks = PlanBand({large, small}, limits);
  int64_t rows = 0;
  std::set<int64_t> remainders;
  for (const auto& block : blocks) {
    rows += block.rows;
    if (!block.residue) {
      EXPECT_EQ(block.ranges.front().first, 60);
      continue;
    }
    EXPECT_EQ(block.residue->modulus, 11);
    remainders.insert(block.residue->remainder);
    EXPECT_EQ(block.ranges, (std::vector<TimeRange>{{50, 50}}));
  }
  EXPECT_EQ(rows, 1060);  // Σ children = parent
  EXPECT_EQ(remainders.size(), 11u);
  EXPECT_EQ(*remainders.begin(), 0);
  EXPECT_EQ(*remainders.rbegin(), 10);
  commands::Rows selection;
  selection.table = "T";
  selection.ranges = {{50, 50}};
  selection.residue = commands::Residue{11, 3};
  const std::string text = commands::RowsText(selection, {{"n", ScalarType::kLong}});
  EXPECT_NE(text.find("% 11 == 3"), std::string::npos);
  EXPECT_EQ(text.find("extent_id"), std::string::npos);  // merges change it
}

TEST(Protocol, F30_NoArtifactsMeanMovedOnlyIfTheSourceHasNoneEither) {
  const Block block = Advance(Planned(), Slot("e1")).block;
  const Step gone = Advance(block, Exported(0, Sums(0)));
  EXPECT_EQ(gone.block.stage, Stage::kMoved);
  EXPECT_EQ(gone.block.moved_rows, 0);
  EXPECT_NE(gone.block.remark, "");  // 10 planned rows: told
  Step there = Advance(block, Exported(0, Sums(10)));
  EXPECT_NE(there.block.stage, Stage::kMoved);
  EXPECT_TRUE(Does(there, Kind::kFingerprint));
  Event again = Of(EventKind::kFingerprinted);
  again.sums = Sums(10);
  there = Advance(there.block, again);
  EXPECT_EQ(there.block.stage, Stage::kPlanned);  // exported again, into another folder
}

}  // namespace
}  // namespace kc::sim
