// A world with the checker in it: every scenario of docs/design/copy-protocol.md is one of these.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checker.h"
#include "world.h"

namespace kc::sim {

class Scene {
 public:
  explicit Scene(uint64_t seed = 1);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  World world;
  Checker checker;
  // Every change in either cluster, in order.
  std::vector<Effect> effects;

  // A: 5 instants of 8 rows; B: 25 rows of one instant (three blocks); C: 3 rows. 68 rows.
  void Fill();
  ProcessOptions Defaults() const { return world.Defaults(); }

  // ---- processes, one after the other; each runs to its end
  Process& Run();
  Process& Run(ProcessOptions options);
  // As Start, without running: for processes side by side.
  Process& Start(ProcessOptions options);

  // ---- faults
  // The `nth` request (from 1) that `matches` gets the fault. Several may be asked for.
  using Match = std::function<bool(const Call&)>;
  void Inject(Match matches, Fault fault, int nth = 1);
  // The same for a destination's command that begins so.
  void Inject(std::string_view command, Fault fault, int nth = 1);
  // How many of the injected faults happened.
  int happened() const { return happened_; }
  // What every request meets besides; may be empty.
  FaultHook weather;
  // Called before every request, injected or not.
  std::function<void(const Call&)> on_request;

  // ---- what is there
  Tables Source() const;
  Tables Destination() const;
  // Rows of the source up to a cursor.
  Tables SourceUpTo(int64_t cursor) const;
  // What the checkpoint says of the blocks that aren't done.
  std::vector<copy::Block> RecordedBlocks() const;
  int64_t Count(EffectKind kind, const std::string& to_table = {}) const;
  bool Noticed(const Process& process, std::string_view text) const;

  // How long the copy's lease lasts yet though nobody runs who holds it; 0 if it is free or its
  // owner is alive.
  world::Duration DeadLease() const;

  // ---- judgement
  // All of it: rows, leftovers, what was seen meanwhile, what the last process told. `expected`:
  // what the destination should hold; the source's rows if it isn't given.
  Report Judge(const Process& last);
  Report Judge(const Process& last, const Tables& expected);
  // Rows that became visible while the process lived.
  int64_t PublishedBy(const Process& process) const;
  // And those that no other process told of: those that did were killed.
  int64_t PublishedUntold(const Process& last) const;
  // Exports that may be repeated: each process that died had at most so many blocks in flight.
  int64_t allowed_repeats = 0;

 private:
  Fault Decide(const Call& call);
  void SeeLease(const Process& process);
  void Watch(const Call& call);
  void OnEffect(Cluster& cluster, const Effect& effect);
  struct Injected {
    Match matches;
    Fault fault = Fault::kNone;
    int left = 1;
  };
  std::vector<Injected> injected_;
  int happened_ = 0;
  std::string lease_id_;
  const Process* lease_owner_ = nullptr;
};

// The rows of a table as the checker counts them.
RowSet RowsOf(const std::vector<std::string>& rows);
// Has the copy of every database ended well, and did it say so? For EXPECT_TRUE with a message.
Told ToldBy(const Process& process);

}  // namespace kc::sim
