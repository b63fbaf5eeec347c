// Which rows make a block: pure planning from a histogram of ingestion instants (protocol F26,
// F27).
//
// Blocks are sets of whole instants, so that rows of equal ingestion time never straddle two
// blocks; bounded in rows, bytes and ranges; and their extents' creation times are close, because a
// block is ingested with one creation time (its newest): retention and caching stay right within
// CreationTolerance.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/scalar.h"
#include "copy/protocol/state.h"

namespace kc::copy {

// Rows whose ingestion time is within [first, last] (an instant: first == last).
struct Instant {
  int64_t first = 0, last = 0;
  int64_t rows = 0;
  int64_t bytes = 0;    // estimated, uncompressed
  int64_t created = 0;  // newest creation time of their extents, ticks
  bool operator==(const Instant&) const = default;
};

struct PlanLimits {
  int64_t max_rows = int64_t{1} << 20;   // an extent's usual size: one block is about one extent
  int64_t max_bytes = int64_t{1} << 30;  // one `.ingest` takes 1 GB
  int max_ranges = 64;                   // longer `or` chains exceed the query plan's limit
  int64_t now = 0;                       // when the iteration began, ticks
};

// How far apart creation times within a block may lie: 0.05 % of the extent's age, one hour at
// least: so much later may retention and caching take it at the destination.
int64_t CreationTolerance(int64_t created, int64_t now);

struct PlannedBlock {
  std::vector<TimeRange> ranges;
  std::optional<Residue> residue;
  int64_t rows = 0, bytes = 0, created = 0;
};
// The blocks of one band, in the order in which they should be copied. `instants` ascend and don't
// overlap. An instant too big for one block is split by row hash.
std::vector<PlannedBlock> PlanBand(const std::vector<Instant>& instants, const PlanLimits& limits);

struct ExtentFacts {
  int64_t created = 0;
  double bytes_per_row = 0;
};
// The answer of commands::PlanInstants as instants. `limit` rows asked for: if so many came, the
// last instant may be incomplete and is left out (`truncated`). Rows whose extent isn't known any
// more (merged meanwhile) take the table's averages, and their ingestion time as creation time.
struct Histogram {
  std::vector<Instant> instants;
  bool truncated = false;
};
Histogram ReadHistogram(const ValueTable& table, int limit,
                        const std::map<std::string, ExtentFacts>& extents);

}  // namespace kc::copy
