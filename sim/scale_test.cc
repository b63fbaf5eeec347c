// Going on with a copy of 10,000 tables and 1,000,000 blocks: how long reading its checkpoint
// takes, and how much memory what is read takes. As many blocks are open as the copy ever has: 64
// tables side by side, 1,000 planned blocks each; of the others only their numbers are kept.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "checkpoint/journal.h"
#include "copy/protocol/ledger.h"
#include "parallel.h"
#include "world.h"
#include "world/clock.h"

namespace kc::sim {
namespace {

// The unit tests take a tenth, ctest sim.every_io all of it.
int Tables() {
  return static_cast<int>(10'000 / Setting("KC_SIM_SCALE", 10));
}
int OpenTables() {
  return static_cast<int>(64 / Setting("KC_SIM_SCALE", 10));
}
constexpr int kOpenBlocks = 1'000;
constexpr int kBlocksPerTable = 100;

copy::Block ExportedBlock(int64_t id, SeededRandom& random) {
  copy::Block block;
  block.id = id;
  block.stage = copy::Stage::kExported;
  block.ranges = {{kEpochTicks + id * 1000, kEpochTicks + id * 1000 + 999}};
  block.planned_rows = block.exported_rows = 1'000'000;
  block.planned_bytes = 100'000'000;
  block.creation_time = kEpochTicks;
  block.folder = "Db/data/g1/i1-t1-b1-e1-" + random.Word(8);
  block.request_id = "KustoCopy.export;" + random.Guid();
  block.operation = random.Guid();
  block.sums.rows = block.exported_rows;
  block.sums.slices.resize(1);
  for (int file = 0; file < 4; ++file) {
    block.artifacts.push_back({"https://acct.blob.core.windows.net/copy/run1/" + block.folder +
                                   "/part_" + std::to_string(file) + "_" + random.Word(32),
                               250'000, 30'000'000});
  }
  return block;
}

void FillLedger(copy::Ledger& ledger) {
  SeededRandom random(1);
  copy::Iteration& iteration = ledger.iterations[1];
  iteration.id = 1;
  iteration.end_cursor = "638000000000000000";
  ledger.facts = copy::CopyFacts();
  for (int t = 0; t < Tables(); ++t) {
    const std::string name = "Table" + std::to_string(t);
    copy::TableRun& run = ledger.tables[{1, name}];
    run.iteration = 1;
    run.name = run.destination = name;
    run.source_id = random.Guid();
    run.destination_id = random.Guid();
    run.end_cursor = iteration.end_cursor;
    for (int c = 0; c < 20; ++c) {
      run.columns.push_back({"column_" + std::to_string(c), ScalarType::kString});
    }
    run.planned_blocks = run.done_blocks = kBlocksPerTable;
    run.next_block = kBlocksPerTable + 1;
    run.done_rows = run.planned_rows = kBlocksPerTable * int64_t{1'000'000};
    run.planned = t >= OpenTables();
    run.state = run.planned ? copy::TableState::kComplete : copy::TableState::kPlanning;
    iteration.tables.insert(name);
    if (run.planned) continue;
    run.next_block = run.planned_blocks = kBlocksPerTable + kOpenBlocks;
    for (int64_t b = kBlocksPerTable + 1; b <= kBlocksPerTable + kOpenBlocks; ++b) {
      run.blocks[b] = ExportedBlock(b, random);
    }
  }
}

int64_t InUse() {
  const auto info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

// Looks at the memory in use every few milliseconds: the most beyond what there was.
class Watch {
 public:
  explicit Watch(int64_t before) : before_(before), thread_([this] { Look(); }) {}
  int64_t End() {
    over_ = true;
    thread_.join();
    return most_ - before_;
  }

 private:
  void Look() {
    while (!over_) {
      most_ = std::max(most_, InUse());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  const int64_t before_;
  int64_t most_ = 0;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

TEST(Scale, AMillionBlocksAreResumedSoon) {
  SetLogLevel(LogLevel::kOff);
  World world(1);
  SeededRandom random(2);
  const checkpoint::Identity identity{"http://a", "Db", "http://b", "Db"};
  {
    copy::Ledger ledger;
    FillLedger(ledger);
    checkpoint::Journal journal(*world.lake, *world.server_clock, random, "Db/checkpoint/");
    ASSERT_TRUE(journal.Open(identity, "first", nullptr));
    ASSERT_TRUE(journal.Begin(ledger.SnapshotInPieces()));
    ASSERT_TRUE(journal.Close());
  }
  int64_t bytes = 0;
  for (const auto& [name, object] : world.objects.objects) {
    bytes += static_cast<int64_t>(object.bytes.size());
  }
  malloc_trim(0);
  const auto before = static_cast<int64_t>(mallinfo2().uordblks + mallinfo2().hblkhd);
  const auto began = world::SystemClock().Monotonic();
  checkpoint::Journal journal(*world.lake, *world.server_clock, random, "Db/checkpoint/");
  copy::Ledger ledger;
  Watch watch(before);
  {
    auto opened = journal.Open(identity, "second", nullptr);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(ledger.Replay(std::move(opened->records)));
  }
  // Written anew in pieces: that takes no memory to speak of, but for the lake, which is in here.
  const int64_t most = watch.End();
  ASSERT_TRUE(journal.Begin(ledger.SnapshotInPieces()));
  const auto took = world::SystemClock().Monotonic() - began;
  const auto kept =
      static_cast<int64_t>(mallinfo2().uordblks + mallinfo2().hblkhd) - before - bytes;
  ASSERT_EQ(ledger.tables.size(), static_cast<size_t>(Tables()));
  int64_t blocks = 0;
  for (const auto& [key, run] : ledger.tables) {
    blocks += run.done_blocks + static_cast<int64_t>(run.blocks.size());
  }
  EXPECT_GE(blocks, kBlocksPerTable * Tables());
  EXPECT_LT(most, 200'000'000);
  EXPECT_LT(kept, 200'000'000);
  std::printf(
      "%ld blocks in %d tables, %d of them open; checkpoint %ld MiB: resumed in %.2f s, %ld MiB at "
      "most, %ld MiB kept\n",
      blocks, Tables(), OpenTables() * kOpenBlocks, bytes >> 20,
      static_cast<double>(took.count()) * 1e-9, most >> 20, kept >> 20);
}

}  // namespace
}  // namespace kc::sim
