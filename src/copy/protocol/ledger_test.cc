#include "copy/protocol/ledger.h"

#include <gtest/gtest.h>

namespace kc::copy {
namespace {

Block Planned(int64_t id, int64_t rows) {
  Block block;
  block.id = id;
  block.planned_rows = rows;
  block.ranges = {{id, id}};
  block.created = 5;
  return block;
}

Ledger Sample() {
  Ledger ledger;
  ledger.facts = CopyFacts{"src", "dst", 77, true, 5};
  ledger.watermarks["W"] = {"W", "s", "d", "12", 100, 3, 50, 9};
  ledger.staging["S1"] = {"S1", "id", "T", 4, StagingState::kCreated, 8};
  Iteration& iteration = ledger.iterations[3];
  iteration.id = 3;
  iteration.end_cursor = "99";
  iteration.created = 1;
  iteration.tables = {"T"};
  TableRun& run = ledger.tables[{3, "T"}];
  run.iteration = 3;
  run.name = run.destination = "T";
  run.end_cursor = "99";
  run.columns = {{"a b", ScalarType::kLong}, {"c", ScalarType::kDynamic}};
  run.band_end = 40;
  run.next_block = 3;
  run.planned_rows = 30;
  run.planned_blocks = 2;
  run.blocks[1] = Planned(1, 10);
  run.blocks[2] = Planned(2, 20);
  return ledger;
}

TEST(Ledger, ASnapshotReadsBackTheSame) {
  Ledger ledger = Sample();
  const auto records = ledger.Snapshot();
  Ledger read;
  ASSERT_TRUE(read.Replay(records).has_value());
  EXPECT_EQ(read.Snapshot(), records);
  const TableRun& run = read.tables.at({3, "T"});
  EXPECT_EQ(run.columns, ledger.tables.at({3, "T"}).columns);
  EXPECT_EQ(run.band_end, 40);
  EXPECT_EQ(run.blocks.size(), 2u);
  EXPECT_EQ(read.watermarks.at("W").cursor, "12");
  EXPECT_EQ(read.facts->horizon, 77);
}

TEST(Ledger, TheLastRecordOfABlockHoldsAndDoneOnesAreCounted) {
  Ledger ledger = Sample();
  auto records = ledger.Snapshot();
  TableRun& run = ledger.tables.at({3, "T"});
  Block& block = run.blocks.at(1);
  block.stage = Stage::kMoved;
  block.moved_rows = 10;
  records.push_back(Ledger::RecordOf(run, block, 20));
  block.stage = Stage::kDone;
  const auto done = Ledger::RecordOf(run, block, 21);
  records.push_back(done);
  records.push_back(done);  // an append that was repeated counts once
  Ledger read;
  ASSERT_TRUE(read.Replay(records).has_value());
  const TableRun& again = read.tables.at({3, "T"});
  EXPECT_EQ(again.done_blocks, 1);
  EXPECT_EQ(again.done_rows, 10);
  EXPECT_EQ(again.blocks.size(), 1u);
  // And survives the next snapshot.
  Ledger third;
  ASSERT_TRUE(third.Replay(read.Snapshot()).has_value());
  EXPECT_EQ(third.tables.at({3, "T"}).done_rows, 10);
}

TEST(Ledger, StaysBoundedOverManyIterations) {
  Ledger ledger;
  for (int64_t id = 1; id <= 500; ++id) {
    Iteration& iteration = ledger.iterations[id];
    iteration.id = id;
    iteration.state = IterationState::kComplete;
    iteration.tables = {"T"};
    TableRun& run = ledger.tables[{id, "T"}];
    run.iteration = id;
    run.name = "T";
    run.state = TableState::kComplete;
  }
  EXPECT_EQ(ledger.Snapshot().size(), 2 * kKeptIterations);
  EXPECT_EQ(ledger.next_iteration(), 501);
}

TEST(Ledger, AnAbandonedTableIsDoneWithAndItsBlocksAreGone) {
  Ledger ledger = Sample();
  auto records = ledger.Snapshot();
  TableRun& run = ledger.tables.at({3, "T"});
  run.state = TableState::kAbandoned;
  records.push_back(Ledger::RecordOf(run, 9));
  Ledger read;
  ASSERT_TRUE(read.Replay(records).has_value());
  EXPECT_EQ(read.OpenRun("T"), nullptr);
  EXPECT_TRUE(read.tables.at({3, "T"}).blocks.empty());
}

TEST(Ledger, ATableWhoseIterationHasNoRecordKeepsItsNumber) {
  Ledger sample = Sample();
  Ledger read;
  ASSERT_TRUE(read.Replay({Ledger::RecordOf(sample.tables.at({3, "T"}), 9)}).has_value());
  EXPECT_EQ(read.iterations.at(3).id, 3);
  Ledger again;
  ASSERT_TRUE(again.Replay(read.Snapshot()).has_value());
  EXPECT_EQ(again.Snapshot().size(), read.Snapshot().size());
}

TEST(Ledger, DamagedRecordsAreNamed) {
  checkpoint::Record record;
  record.level = checkpoint::kLevelBlock;
  record.table = "Nowhere";
  record.details = "{}";
  Ledger ledger;
  const Status status = ledger.Replay({record});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().reason, "Damaged");
  EXPECT_NE(status.error().message.find("Nowhere"), std::string::npos);
}

TEST(Ledger, NumbersThatAreNotWholeAreDamage) {
  for (const std::string details :
       {R"({"ranges":[[1,6.39e31]]})", R"({"planned":1e300})", R"({"residue":[1.5,2]})"}) {
    const auto block = ReadBlockDetails(details);
    ASSERT_FALSE(block.has_value()) << details;
    EXPECT_EQ(block.error().reason, "Damaged");
  }
  checkpoint::Record record;
  record.level = checkpoint::kLevelIteration;
  record.state = "Started";
  record.details = R"({"rows":1e300})";
  EXPECT_EQ(Ledger().Replay({record}).error().reason, "Damaged");
}

}  // namespace
}  // namespace kc::copy
