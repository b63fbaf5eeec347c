// How much of the clusters' capacity a copy leaves unused though blocks wait for it: looked at from
// the clusters' side, where an operation that has ended is idle time until the next one is sent.
#include <gtest/gtest.h>

#include "scene.h"

namespace kc::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kBlocks = 60;

struct Idle {
  int64_t looks = 0, unused = 0;  // samples × slots
  double share() const { return static_cast<double>(unused) / static_cast<double>(looks); }
};

struct Measured {
  Idle exports, ingestions;
};

// A table of `blocks` blocks; commands and operations take that long.
Measured Measure(world::Duration latency, world::Duration export_time, world::Duration ingest_time,
                 int blocks) {
  Scene scene(11);
  World& world = scene.world;
  world.AddTable(SimpleShape("A"));
  for (int i = 0; i < blocks / 10; ++i) world.AddRows("A", 100, hours(2000 - i), hours(2000 - i));
  for (Cluster* cluster : {&world.source, &world.destination}) {
    cluster->pace.export_time = export_time;
    cluster->pace.ingest_time = ingest_time;
    cluster->pace.command = latency;
    cluster->pace.query = latency;
    cluster->pace.show = latency / 2;
  }
  world.network.least_transit = latency / 4;
  world.network.most_transit = latency / 2;
  world.network.store = latency / 4;
  ProcessOptions options = scene.Defaults();
  options.copy.block_rows = 10;
  options.query_slots = options.export_slots = options.ingestion_slots = 4;
  Measured measured;
  int exports_sent = 0;
  int ingests_sent = 0;
  scene.on_request = [&](const Call& call) {
    exports_sent += call.text.starts_with(".export ");
    ingests_sent += call.text.starts_with(".ingest ");
  };
  Process& process = scene.Start(options);
  const auto count = [&](Idle& idle, const world::Slots& slots, int sent, int begun, int running) {
    if (slots.waiting() == 0) return;
    // On their way, accepted, running.
    const int busy = sent - begun + running;
    idle.looks += slots.total();
    idle.unused += std::max(0, slots.total() - busy);
  };
  const world::Duration step = export_time / 500;
  std::function<void()> look = [&] {
    if (process.life() != Life::kRunning) return;
    count(measured.exports, process.slots().exports, exports_sent, world.source.exports,
          world.source.exports_running);
    count(measured.ingestions, process.slots().ingestions, ingests_sent, world.destination.ingests,
          world.destination.ingests_running);
    world.timeline.After(step, look);
  };
  world.timeline.After(milliseconds(1), look);
  (void)world.RunUntil([&] { return process.life() == Life::kEnded; });
  EXPECT_TRUE(Done(process)) << Describe(process);
  return measured;
}

double Percent(const Idle& idle) {
  return 100 * idle.share();
}

// Latencies of 100 ms a request, operations as they are on real clusters. Of the stage that the
// copy waits for; the other one has nothing to do most of the time.
TEST(Idle, TheClustersSlotsAreInUseWhileBlocksWait) {
  const auto latency = milliseconds(100);
  const Measured exports = Measure(latency, seconds(30), seconds(20), kBlocks);
  const Measured ingestions = Measure(latency, seconds(20), seconds(40), kBlocks);
  const Measured quick = Measure(latency, milliseconds(800), milliseconds(600), kBlocks);
  std::printf(
      "idle while blocks wait: %.1f %% of the slots with exports of 30 s, %.1f %% with ingestions "
      "of "
      "40 s, %.1f %% with exports of 0.8 s\n",
      Percent(exports.exports), Percent(ingestions.ingestions), Percent(quick.exports));
  EXPECT_LE(Percent(exports.exports), 3.0);
  EXPECT_LE(Percent(ingestions.ingestions), 3.0);
  // Here three requests one after the other (a look, a record, the next command) are a fifth of the
  // operation itself.
  EXPECT_LE(Percent(quick.exports), 25.0);
}

}  // namespace
}  // namespace kc::sim
