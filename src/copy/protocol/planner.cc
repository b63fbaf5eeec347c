#include "copy/protocol/planner.h"

#include <algorithm>
#include <list>

#include "base/ticks.h"
#include "kusto/answers.h"

namespace kc::copy {
namespace {

constexpr int64_t kOneHour = 36'000'000'000;
// How many blocks with different creation times are filled side by side; beyond that the one that
// was filled least lately is closed.
constexpr size_t kMaxOpenBlocks = 64;

struct OpenBlock {
  PlannedBlock block;
  size_t last_index = 0;  // of the instant that was added last
};

bool Near(const PlannedBlock& block, const Instant& instant, int64_t now) {
  const int64_t newest = std::max(block.created, instant.created);
  const int64_t distance = newest - std::min(block.created, instant.created);
  return distance <= CreationTolerance(newest, now);
}

bool Fits(const OpenBlock& open, const Instant& instant, size_t index, const PlanLimits& limits) {
  const PlannedBlock& block = open.block;
  if (block.rows + instant.rows > limits.max_rows) return false;
  if (block.bytes + instant.bytes > limits.max_bytes) return false;
  const bool adjacent = open.last_index + 1 == index;
  if (!adjacent && static_cast<int>(block.ranges.size()) >= limits.max_ranges) return false;
  return true;
}

void Add(OpenBlock& open, const Instant& instant, size_t index) {
  PlannedBlock& block = open.block;
  if (!block.ranges.empty() && open.last_index + 1 == index) {
    block.ranges.back().last = instant.last;
  } else {
    block.ranges.push_back({instant.first, instant.last});
  }
  // The oldest stays the reference for nearness, the newest is what the block gets: as instants
  // ascend, a chain of small steps must not stretch the block beyond the tolerance.
  block.rows += instant.rows;
  block.bytes += instant.bytes;
  open.last_index = index;
}

int64_t PartsNeeded(const Instant& instant, const PlanLimits& limits) {
  const auto parts = [](int64_t amount, int64_t limit) { return (amount + limit - 1) / limit; };
  return std::max(
      {int64_t{1}, parts(instant.rows, limits.max_rows), parts(instant.bytes, limits.max_bytes)});
}

void SplitByHash(const Instant& instant, int64_t count, std::vector<PlannedBlock>& blocks) {
  for (int64_t j = 0; j < count; ++j) {
    PlannedBlock block;
    block.ranges = {{instant.first, instant.last}};
    block.residue = Residue{count, j};
    // An estimate: only the export tells how the hashes fall.
    block.rows = instant.rows / count + (j < instant.rows % count ? 1 : 0);
    block.bytes = instant.bytes / count;
    block.created = instant.created;
    blocks.push_back(std::move(block));
  }
}

}  // namespace

int64_t CreationTolerance(int64_t created, int64_t now) {
  return std::max(kOneHour, (now - created) / 2000);
}

std::vector<PlannedBlock> PlanBand(const std::vector<Instant>& instants, const PlanLimits& limits) {
  std::vector<PlannedBlock> blocks;
  struct Filling {
    OpenBlock open;
    int64_t oldest = 0;
  };
  std::list<Filling> filling;  // most lately used first
  for (size_t index = 0; index < instants.size(); ++index) {
    const Instant& instant = instants[index];
    if (instant.rows <= 0) continue;
    if (const int64_t count = PartsNeeded(instant, limits); count > 1) {
      SplitByHash(instant, count, blocks);
      continue;
    }
    auto found = std::find_if(filling.begin(), filling.end(), [&](const Filling& f) {
      PlannedBlock oldest_edge;
      oldest_edge.created = f.oldest;
      return Near(f.open.block, instant, limits.now) && Near(oldest_edge, instant, limits.now);
    });
    if (found != filling.end() && !Fits(found->open, instant, index, limits)) {
      blocks.push_back(std::move(found->open.block));
      filling.erase(found);
      found = filling.end();
    }
    if (found == filling.end()) {
      if (filling.size() >= kMaxOpenBlocks) {
        blocks.push_back(std::move(filling.back().open.block));
        filling.pop_back();
      }
      filling.emplace_front();
      found = filling.begin();
      found->open.block.created = found->oldest = instant.created;
    }
    Add(found->open, instant, index);
    found->open.block.created = std::max(found->open.block.created, instant.created);
    found->oldest = std::min(found->oldest, instant.created);
    filling.splice(filling.begin(), filling, found);
  }
  for (auto& f : filling) blocks.push_back(std::move(f.open.block));
  std::sort(blocks.begin(), blocks.end(), [](const PlannedBlock& a, const PlannedBlock& b) {
    if (a.ranges.front().first != b.ranges.front().first) {
      return a.ranges.front().first < b.ranges.front().first;
    }
    return (a.residue ? a.residue->remainder : 0) < (b.residue ? b.residue->remainder : 0);
  });
  return blocks;
}

Histogram ReadHistogram(const ValueTable& table, int limit,
                        const std::map<std::string, ExtentFacts>& extents) {
  Histogram histogram;
  double known_bytes = 0;
  for (const auto& [id, facts] : extents) known_bytes += facts.bytes_per_row;
  const double average = extents.empty() ? 0 : known_bytes / static_cast<double>(extents.size());
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const int64_t instant = kusto::GetInt(table, row, "Instant");
    const int64_t rows = kusto::GetInt(table, row, "N");
    ExtentFacts facts{instant, average};
    const auto found = extents.find(kusto::GetText(table, row, "ExtentId"));
    if (found != extents.end()) facts = found->second;
    if (histogram.instants.empty() || histogram.instants.back().last != instant) {
      histogram.instants.push_back({instant, instant, 0, 0, facts.created});
    }
    Instant& last = histogram.instants.back();
    last.rows += rows;
    last.bytes += static_cast<int64_t>(facts.bytes_per_row * static_cast<double>(rows));
    last.created = std::max(last.created, facts.created);
  }
  histogram.truncated = static_cast<int>(table.rows.size()) >= limit;
  if (histogram.truncated) histogram.instants.pop_back();
  return histogram;
}

}  // namespace kc::copy
