// The checker is worth what it sees: this program holds copy/ and checkpoint/ with the bugs of
// base/seeded_bugs.h in them. Every bug must be seen by its trial within some seeds; without a bug
// every trial must be clean.
//
//   mutants_test [SEEDS [NAME]]: how many seeds a bug may take to be seen (25); only the bugs whose
//   names hold that text
#include <algorithm>
#include <cstdio>
#include <string>

#include "base/seeded_bugs.h"
#include "base/text.h"
#include "trials.h"

namespace kc::sim {
namespace {

struct Mutant {
  Bug bug;
  const char* name;
  const char* trial;
};
constexpr Mutant kMutants[] = {
    {Bug::kActBeforeDurable, "a record counts as durable when it is on its way", "SlowRecords"},
    {Bug::kActBeforeIntent, "intent and request swapped", "KillsAtMoves"},
    {Bug::kAppendWithoutPosition, "appends without a position", "LateAppends"},
    {Bug::kRollUnnamed, "F31: a segment rolled without the manifest", "KillsInSmallSteps"},
    {Bug::kIgnoreLostLease, "a lost lease is ignored", "APausedOwner"},
    {Bug::kWallClock, "F41: the wall clock is trusted", "ClocksThatStepBack"},
    {Bug::kSettleByTag, "F1: settled by tag instead of ids", "LateDuplicatesAfterTheMove"},
    {Bug::kAbsentMeansNotMoved, "F2: no trace means not moved", "TagsEaten"},
    {Bug::kDestinationFirst, "F4: the destination is read before staging", "MovesBetweenLooks"},
    {Bug::kMoveByToken, "F7, F8: what has the token is moved", "LateDuplicatesBeforeTheMove"},
    {Bug::kIgnoreFailedMove, "a 200 that carries errors is ignored", "FailedMovesWithStatus200"},
    {Bug::kUnknownMeansMoved, "no answer is taken for success", "LostMoves"},
    {Bug::kResend, "F11: the client sends again", "LostExports"},
    {Bug::kDropOldStagingFirst, "F42: staging is dropped before its moves are settled",
     "KillsAtMoves"},
    {Bug::kRevokeByDrop, "2.4: revoked by drop", "LostAnswersInATakeOver"},
    {Bug::kFenceByRename, "F36: fenced by rename", "AnOwnerThatDiesWithALateMove"},
    {Bug::kDeleteBlobsEarly, "F42: files deleted before Moved is durable", "KillsAtRecords"},
    {Bug::kDropTagsEarly, "tags cleaned early", "LateDuplicatesAndTags"},
    {Bug::kOneToken, "F12: one tag for all parts and sends", "PartialIngestions"},
    {Bug::kCountsOnly, "verified by the number of rows", "ChangedValues"},
    {Bug::kColumnSumsOnly, "compared by sums of columns", "SwappedValues"},
    {Bug::kTrustCompleted, "F17: Completed is believed", "IngestionsThatLoseRows"},
    {Bug::kTokenPrefix, "F13: tokens of no fixed width", "LostIngestions"},
    {Bug::kWeakReads, "F5: weak reads accepted", "WeakReads"},
    {Bug::kUndatedAtOnce, "F22: undated rows taken too fresh", "UndatedForAMoment"},
    {Bug::kBandEndAlone, "F26: resumes behind a band that isn't recorded", "KillsAtRecords"},
    {Bug::kOneWatermark, "F24: one watermark for all tables", "TablesThatComeLater"},
    {Bug::kCursorPerTable, "a cursor per table", "WritersAllTheTime"},
    {Bug::kHorizonFromNow, "F25: the horizon moves with the clock", "AHorizon"},
    {Bug::kTrustExportCount, "F20, F30: exports aren't compared with the source",
     "ForgetfulExports"},
    {Bug::kForgetFolders, "files of failed exports stay", "FailingExports"},
    {Bug::kForgetStaging, "staging tables stay", "LostIngestions"},
    {Bug::kStopInSilence, "a table stops in silence", "ATableThatCantBeCopied"},
    {Bug::kExportAgain, "a recorded export is repeated", "KillsBeforeIngestion"},
};

// The seed that showed it, 0 if none did.
uint64_t Catch(const Mutant& mutant, uint64_t seeds) {
  const Trial play = TrialOf(mutant.trial);
  seeded_bug = mutant.bug;
  uint64_t caught = 0;
  std::string what;
  for (uint64_t seed = 1; seed <= seeds && caught == 0; ++seed) {
    const Report report = play(seed);
    if (report.clean()) continue;
    caught = seed;
    what = report.Text();
  }
  seeded_bug = Bug::kNone;
  std::printf("%-52s %-28s %s\n", mutant.name, mutant.trial,
              caught == 0 ? "SURVIVED" : ("seed " + std::to_string(caught) + ": " + what).c_str());
  std::fflush(stdout);
  return caught;
}

int Quiet(uint64_t seeds) {
  int alarms = 0;
  int runs = 0;
  for (const auto& trial : Trials()) {
    for (uint64_t seed = 1; seed <= seeds; ++seed, ++runs) {
      const Report report = trial.play(seed);
      if (report.clean()) continue;
      ++alarms;
      std::printf("FALSE ALARM without a bug: %s, seed %lu: %s\n", trial.name, seed,
                  report.Text().c_str());
    }
  }
  std::printf("without a bug: %d trials, %d alarms\n", runs, alarms);
  return alarms;
}

}  // namespace
}  // namespace kc::sim

int main(int argc, char** argv) {
  using namespace kc::sim;  // NOLINT(google-build-using-namespace)
  const auto given = argc > 1 ? kc::ParseInt64(argv[1]) : std::nullopt;
  const auto seeds = static_cast<uint64_t>(given.value_or(25));
  const std::string only = argc > 2 ? argv[2] : "";
  int survived = 0;
  int caught = 0;
  for (const auto& mutant : kMutants) {
    if (!only.empty() && std::string(mutant.name).find(only) == std::string::npos) continue;
    ++(Catch(mutant, seeds) == 0 ? survived : caught);
  }
  std::printf("seeded bugs: %d caught, %d survived\n", caught, survived);
  const int alarms = only.empty() ? Quiet(std::min<uint64_t>(seeds, 3)) : 0;
  return survived == 0 && alarms == 0 ? 0 : 1;
}
