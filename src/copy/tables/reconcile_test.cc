#include "copy/tables/reconcile.h"

#include <gtest/gtest.h>

namespace kc::copy {
namespace {

TableRun Sample() {
  TableRun run;
  run.columns = {{"a", ScalarType::kLong}, {"b", ScalarType::kString}};
  for (int64_t id = 1; id <= 3; ++id) {
    run.blocks[id].id = id;
    run.blocks[id].ranges = {{id, id}};
  }
  run.blocks[2].stage = Stage::kExported;
  run.blocks[2].folder = "f";
  return run;
}

TEST(ColumnDrift, NamesWhatWasDroppedOrRetypedNotWhatWasAdded) {
  const TableRun run = Sample();
  EXPECT_EQ(
      ColumnDrift(
          run, {{"new", ScalarType::kInt}, {"b", ScalarType::kString}, {"a", ScalarType::kLong}}),
      "");
  const std::string drift = ColumnDrift(run, {{"a", ScalarType::kString}});
  for (const char* word : {"'a' became string", "it was long", "'b' was dropped"}) {
    EXPECT_NE(drift.find(word), std::string::npos) << drift;
  }
}

TEST(TakeColumns, GivesUpWhatWasExportedWithTheOldOnes) {
  TableRun run = Sample();
  ASSERT_TRUE(TakeColumns(run, {{"a", ScalarType::kLong}}));
  EXPECT_EQ(run.columns.size(), 1u);
  EXPECT_EQ(run.blocks[1].stage, Stage::kPlanned);
  EXPECT_EQ(run.blocks[2].stage, Stage::kStopped);  // begins with a new export
}

TEST(TakeColumns, NeverWhileAMoveIsOpen) {
  TableRun run = Sample();
  run.blocks[3].stage = Stage::kMoving;
  run.blocks[3].move_open = true;
  EXPECT_FALSE(TakeColumns(run, {{"a", ScalarType::kLong}}));
  EXPECT_EQ(run.columns.size(), 2u);
}

// Which row belongs to which part of a split instant depends on all columns.
TEST(TakeColumns, NeverForAPartOfASplitInstant) {
  TableRun run = Sample();
  for (int64_t id = 1; id <= 3; ++id) {
    run.blocks[id].ranges = {{7, 7}};
    run.blocks[id].residue = Residue{3, id - 1};
  }
  EXPECT_TRUE(TakeColumns(run, {{"a", ScalarType::kLong}}));
  run.blocks[1].stage = Stage::kMoved;
  EXPECT_FALSE(TakeColumns(run, {{"a", ScalarType::kInt}}));
  run.blocks.erase(1);  // published and forgotten
  EXPECT_FALSE(TakeColumns(run, {{"a", ScalarType::kInt}}));
}

}  // namespace
}  // namespace kc::copy
