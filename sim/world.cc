#include "world.h"

#include <fmt/format.h>

#include "base/ticks.h"
#include "clients.h"

namespace kc::sim {

using enum ScalarType;

TableShape SimpleShape(std::string name) {
  return {std::move(name), {{"n", kLong}, {"text", kString}}};
}

TableShape DrawShape(std::string name, SeededRandom& random) {
  TableShape shape = SimpleShape(std::move(name));
  static const ColumnSchema kMore[] = {
      {"when", kDateTime}, {"span", kTimeSpan}, {"id", kGuid},   {"flag", kBool},
      {"x", kReal},        {"bag", kDynamic},   {"small", kInt}, {"odd 'name'", kString}};
  for (const auto& column : kMore) {
    if (random.Below(4) == 0) shape.columns.push_back(column);
  }
  return shape;
}

namespace {

Value DrawValue(ScalarType type, SeededRandom& random, bool hard) {
  if (type != kString && random.Below(8) == 0) return {};
  switch (type) {
    case kBool:
      return random.Below(2) == 0;
    case kInt:
      return static_cast<int64_t>(random.Below(100));
    case kLong:
      return static_cast<int64_t>(random.Next());
    case kReal:
      return random.Unit();
    case kDateTime: {
      // Mostly whole microseconds, which the fast format carries.
      const auto ticks = static_cast<int64_t>(random.Below(uint64_t{1} << 50));
      return kEpochTicks - (random.Below(20) == 0 ? ticks : ticks - ticks % kTicksPerMicrosecond);
    }
    case kTimeSpan:
      return static_cast<int64_t>(random.Below(uint64_t{1} << 40));
    case kGuid:
      return random.Guid();
    case kDynamic:
      return std::string(hard && random.Below(4) == 0 ? "\"123\"" : "{\"a\":[1,2]}");
    default:
      break;
  }
  return random.Word(static_cast<int>(random.Below(6)));
}

}  // namespace

std::vector<std::vector<Value>> MakeRows(const TableShape& shape, int64_t first, int64_t count,
                                         SeededRandom& random, bool hard) {
  std::vector<std::vector<Value>> rows;
  for (int64_t n = first; n < first + count; ++n) {
    std::vector<Value> row = {n};
    for (size_t i = 1; i < shape.columns.size(); ++i) {
      row.push_back(DrawValue(shape.columns[i].type, random, hard));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

World::World(uint64_t world_seed)
    : seed(world_seed),
      random(world_seed),
      rows(world_seed ^ 0xDA7A),
      server_clock(std::make_unique<ServerClock>(timeline)),
      lake(azure::MakeMemoryStore(objects, *server_clock)),
      source("http://source", timeline, *lake, world_seed * 3 + 1),
      destination("http://destination", timeline, *lake, world_seed * 3 + 2) {
  ConnectLake(*this);
}

World::~World() = default;

Process& World::Start(ProcessOptions options) {
  processes_.push_back(std::make_unique<Process>(*this, std::move(options)));
  return *processes_.back();
}

bool World::RunUntil(const std::function<bool()>& done) {
  const uint64_t until = timeline.events() + kMostEvents;
  while (!done()) {
    if (timeline.events() > until || !timeline.RunOne()) return false;
  }
  return true;
}

bool World::Run(Process& process) {
  return RunUntil(
      [&process] { return process.life() == Life::kEnded || process.life() == Life::kKilled; });
}

void World::Settle(world::Duration time) {
  const auto until = timeline.now() + time;
  while (!timeline.empty() && timeline.next() <= until) {
    if (!timeline.RunOne()) break;
  }
  timeline.Skip(until);
}

Process& World::RunCopy(ProcessOptions options) {
  Process& process = Start(std::move(options));
  (void)Run(process);
  return process;
}

ProcessOptions World::Defaults() const {
  ProcessOptions options;
  options.copy.databases = {{source.database, destination.database}};
  options.copy.block_rows = 10;
  options.copy.holder = fmt::format("process {}", processes_.size() + 1);
  options.seed = processes_.size() + 1;
  return options;
}

void World::AddTable(const TableShape& shape) {
  shapes.push_back(shape);
  source.CreateTable(shape.name, shape.columns);
  next_row_[shape.name] = 0;
}

void World::AddRows(const std::string& table, int64_t count, world::Duration ingested_ago,
                    world::Duration created_ago) {
  for (const auto& shape : shapes) {
    if (shape.name != table) continue;
    const int64_t now = timeline.NowTicks();
    std::optional<int64_t> ingested;
    if (ingested_ago.count() > 0) ingested = now - ingested_ago.count() / 100;
    source.Append(table, MakeRows(shape, next_row_[table], count, rows, hard_values), ingested,
                  now - created_ago.count() / 100);
    next_row_[table] += count;
  }
}

std::string World::Difference() const {
  for (const auto& shape : shapes) {
    const auto there = source.Contents(shape.name);
    const auto here = destination.Contents(shape.name);
    if (there == here) continue;
    std::vector<std::string> missing;
    std::vector<std::string> surplus;
    std::set_difference(there.begin(), there.end(), here.begin(), here.end(),
                        std::back_inserter(missing));
    std::set_difference(here.begin(), here.end(), there.begin(), there.end(),
                        std::back_inserter(surplus));
    return fmt::format(
        "table {}: {} rows at the source, {} at the destination; missing {} ({}), "
        "surplus {} ({})",
        shape.name, there.size(), here.size(), missing.size(),
        missing.empty() ? "" : missing.front(), surplus.size(),
        surplus.empty() ? "" : surplus.front());
  }
  return "";
}

std::string World::LeftBehind() const {
  for (const auto& [name, table] : destination.tables) {
    if (source.Find(name) == nullptr) return "table " + name;
    for (const auto& [id, extent] : table.extents) {
      if (!extent.tags.empty()) return "tag " + extent.tags.front() + " in " + name;
    }
  }
  for (const auto& [name, object] : objects.objects) {
    if (name.find("/data/") != std::string::npos) return "file " + name;
  }
  return "";
}

bool Done(const Process& process) {
  if (process.life() != Life::kEnded || !process.outcomes()) return false;
  for (const auto& outcome : *process.outcomes()) {
    if (!outcome.status || !outcome.stopped.empty()) return false;
  }
  return true;
}

std::string Describe(const Process& process) {
  if (!process.outcomes() || process.outcomes()->empty()) {
    return process.life() == Life::kKilled ? "killed" : "no outcome";
  }
  const auto& outcome = process.outcomes()->front();
  std::string text = outcome.status ? "ok"
                                    : fmt::format("{} [{}]", outcome.status.error().message,
                                                  outcome.status.error().reason);
  for (const auto& stopped : outcome.stopped) text += "; stopped " + stopped;
  return text;
}

}  // namespace kc::sim
