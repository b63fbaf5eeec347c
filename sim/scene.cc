#include "scene.h"

#include <fmt/format.h>

#include "base/log.h"
#include "checkpoint/journal.h"
#include "cluster_answers.h"
#include "cluster_text.h"
#include "copy/protocol/ledger.h"

namespace kc::sim {
namespace {

using std::chrono::hours;

constexpr const char* kManifest = "lake/Db/checkpoint/manifest.json";

// The rows that an export's text selects, as they are now.
RowSet SelectedRows(const Cluster& cluster, const Effect& effect) {
  RowSet rows;
  Scan scan(effect.text);
  if (!scan.SkipPast(" <|\n")) return rows;
  const auto selection = ReadSelection(scan.rest());
  const Table* table = selection ? cluster.Find(selection->table) : nullptr;
  if (table == nullptr) return rows;
  for (const auto& [id, extent] : table->extents) {
    for (const auto& row : extent.rows) {
      if (!Takes(*selection, *table, extent, row)) continue;
      std::string text;
      for (size_t i = 0; i < table->columns.size(); ++i) {
        text += (i == 0 ? "" : "|") + CellText(table->columns[i].type, row.values[i], false);
      }
      ++rows[text];
    }
  }
  return rows;
}

}  // namespace

RowSet RowsOf(const std::vector<std::string>& rows) {
  RowSet set;
  for (const auto& row : rows) ++set[row];
  return set;
}

Told ToldBy(const Process& process) {
  Told told;
  told.ended = process.life() == Life::kEnded && process.outcomes().has_value();
  if (!told.ended) return told;
  told.ok = true;
  told.rows = 0;
  for (const auto& outcome : *process.outcomes()) {
    told.ok &= outcome.status.has_value() && outcome.stopped.empty();
    told.rows += outcome.rows;
    if (!outcome.status) told.line = outcome.status.error().message;
    told.stopped.insert(told.stopped.end(), outcome.stopped.begin(), outcome.stopped.end());
  }
  return told;
}

Scene::Scene(uint64_t seed) : world(seed) {
  SetLogLevel(LogLevel::kOff);
  world.faults = [this](const Call& call) { return Decide(call); };
  world.on_lake_act = [this](Process& process) { SeeLease(process); };
  world.source.on_effect = [this](const Effect& effect) { OnEffect(world.source, effect); };
  world.destination.on_effect = [this](const Effect& effect) {
    OnEffect(world.destination, effect);
  };
}

void Scene::Fill() {
  for (const char* name : {"A", "B", "C"}) world.AddTable(SimpleShape(name));
  for (int i = 0; i < 5; ++i) world.AddRows("A", 8, hours(24 - i), hours(24 * 30 * (i + 1)));
  world.AddRows("B", 25, hours(24), hours(24));
  world.AddRows("C", 3, hours(24), hours(24));
}

// ---- processes

Process& Scene::Start(ProcessOptions options) {
  std::set<std::string> folders;
  for (const auto& block : RecordedBlocks()) {
    const bool exported = block.stage != copy::Stage::kPlanned &&
                          block.stage != copy::Stage::kExporting &&
                          block.stage != copy::Stage::kStopped;
    if (exported && !block.folder.empty()) folders.insert(block.folder);
  }
  checker.Recorded(folders);
  allowed_repeats +=
      world.processes().empty() ? 0 : Defaults().export_slots + 2 * Defaults().ingestion_slots + 2;
  return world.Start(std::move(options));
}

Process& Scene::Run(ProcessOptions options) {
  Process& process = Start(std::move(options));
  (void)world.Run(process);
  return process;
}

Process& Scene::Run() {
  return Run(Defaults());
}

// ---- faults

void Scene::Inject(Match matches, Fault fault, int nth) {
  injected_.push_back({std::move(matches), fault, nth});
}

void Scene::Inject(std::string_view command, Fault fault, int nth) {
  Inject(
      [text = std::string(command)](const Call& call) {
        return call.party == Party::kDestination && call.mutates && call.text.starts_with(text);
      },
      fault, nth);
}

Fault Scene::Decide(const Call& call) {
  Watch(call);
  if (on_request) on_request(call);
  for (auto& one : injected_) {
    if (one.left <= 0 || !one.matches(call) || --one.left > 0) continue;
    ++happened_;
    return one.fault;
  }
  return weather ? weather(call) : Fault::kNone;
}

// Whose request gave the manifest's lease its id?
void Scene::SeeLease(const Process& process) {
  const auto manifest = world.objects.objects.find(kManifest);
  if (manifest == world.objects.objects.end() || manifest->second.lease_id == lease_id_) return;
  lease_id_ = manifest->second.lease_id;
  lease_owner_ = &process;
}

world::Duration Scene::DeadLease() const {
  const auto manifest = world.objects.objects.find(kManifest);
  const bool held = manifest != world.objects.objects.end() && !manifest->second.lease_id.empty();
  if (!held || lease_owner_ == nullptr || lease_owner_->running()) return {};
  return std::max(world::Duration::zero(), manifest->second.lease_until - world.timeline.now());
}

// A change that is sent when its sender's lease has ended, or is another's, is late.
void Scene::Watch(const Call& call) {
  if (!call.mutates || call.party == Party::kLake || call.text.starts_with(".create database")) {
    return;
  }
  const auto manifest = world.objects.objects.find(kManifest);
  if (manifest == world.objects.objects.end()) return;
  const auto now = world.timeline.now();
  const auto until = manifest->second.lease_until;
  if (lease_owner_ == call.process && now < until) return;
  const auto late = lease_owner_ == call.process ? now - until : world::Duration(1'000'000);
  checker.Sent(std::string(call.text), 1 + late / std::chrono::milliseconds(1));
}

void Scene::OnEffect(Cluster& cluster, const Effect& effect) {
  effects.push_back(effect);
  if (effect.kind == EffectKind::kExport) {
    checker.Exported(effect.table, effect.folder, SelectedRows(cluster, effect));
  }
  if (&cluster == &world.destination && effect.kind == EffectKind::kMove) {
    checker.Look(Destination());
  }
}

// ---- what is there

Tables Scene::Source() const {
  return SourceUpTo(INT64_MAX);
}

Tables Scene::SourceUpTo(int64_t cursor) const {
  Tables tables;
  for (const auto& shape : world.shapes) {
    tables[shape.name] = sim::RowsOf(world.source.ContentsUpTo(shape.name, cursor));
  }
  return tables;
}

Tables Scene::Destination() const {
  Tables tables;
  for (const auto& shape : world.shapes) {
    tables[shape.name] = sim::RowsOf(world.destination.Contents(shape.name));
  }
  return tables;
}

std::vector<copy::Block> Scene::RecordedBlocks() const {
  std::vector<copy::Block> blocks;
  const auto seen = checkpoint::Journal::Look(*world.lake, "Db/checkpoint/");
  copy::Ledger ledger;
  if (!seen || !ledger.Replay(seen->records)) return blocks;
  for (const auto& [key, run] : ledger.tables) {
    for (const auto& [id, block] : run.blocks) blocks.push_back(block);
  }
  return blocks;
}

int64_t Scene::Count(EffectKind kind, const std::string& to_table) const {
  int64_t count = 0;
  for (const auto& effect : effects) {
    if (effect.kind != kind) continue;
    count += to_table.empty() || effect.to == to_table || effect.table == to_table;
  }
  return count;
}

bool Scene::Noticed(const Process& process, std::string_view text) const {
  for (const auto& notice : process.notices()) {
    if (notice.find(text) != std::string::npos) return true;
  }
  return false;
}

// ---- judgement

int64_t Scene::PublishedBy(const Process& process) const {
  int64_t rows = 0;
  for (const auto& effect : effects) {
    if (effect.kind != EffectKind::kMove || world.source.Find(effect.to) == nullptr) continue;
    if (effect.when >= process.began() && effect.when <= process.ended_at()) rows += effect.rows;
  }
  return rows;
}

int64_t Scene::PublishedUntold(const Process& last) const {
  int64_t rows = 0;
  for (const auto& effect : effects) {
    const bool published =
        effect.kind == EffectKind::kMove && world.source.Find(effect.to) != nullptr;
    rows += published ? effect.rows : 0;
  }
  rows -= PublishedBy(last);
  for (const auto& process : world.processes()) {
    if (process.get() != &last) rows -= std::max<int64_t>(0, ToldBy(*process).rows);
  }
  return std::max<int64_t>(0, rows);
}

Report Scene::Judge(const Process& last) {
  return Judge(last, Source());
}

Report Scene::Judge(const Process& last, const Tables& expected) {
  const Report truth = CompareTables(expected, Destination());
  Report report = truth;
  report.Add(checker.Judge(allowed_repeats));
  report.Add(CompareTold(ToldBy(last), truth, PublishedBy(last), PublishedUntold(last)));
  if (!Done(last)) report.Add(Flaw::kUnfinished, Describe(last));
  Leftovers left;
  std::set<std::string> own;
  for (const auto& shape : world.shapes) own.insert(shape.name);
  for (const auto& [name, table] : world.destination.tables) {
    left.destination_tables.push_back(name);
    for (const auto& [id, extent] : table.extents) {
      for (const auto& tag : extent.tags) left.tags.push_back(name + ": " + tag);
    }
  }
  for (const auto& [name, docstring] : world.destination.functions) left.functions.push_back(name);
  for (const auto& [name, object] : world.objects.objects) {
    left.objects.push_back(name);
    if (!object.lease_id.empty() && world.timeline.now() < object.lease_until) {
      left.leases.push_back(name);
    }
  }
  report.Add(FindGarbage(left, own));
  return report;
}

}  // namespace kc::sim
