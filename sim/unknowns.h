// What is not documented about the service (protocol §5), and how it may behave within what is:
// drawn at random per world, so that nothing may rest on it.
#pragma once

#include <string>

#include "timeline.h"

namespace kc::sim {

struct Unknowns {
  // A command under way finds its tables by id (as they were when it was accepted), else by name
  // (as they are when it commits).
  bool bound_to_id = false;
  // Extents keep their ids when they are moved between staging tables / get new ones.
  bool ids_kept_on_move = false;
  bool tags_kept_between_staging = true;
  bool tags_kept_on_publish = true;
  // One `.ingest` of several files commits as one; else file by file, and may stop half way.
  bool ingest_atomic = true;
  bool one_extent_per_file = false;  // of an atomic one; else one per ingestion
  // What errors about extents that aren't there say.
  bool missing_extents_permanent = true;
  std::string missing_extents_text = "Extents were not found";
  // Rows are queryable before they have an ingestion time and a cursor.
  world::Duration dated_after{};
  // cursor_current() tells the cursor of so long ago.
  world::Duration cursor_lag{};
  // A new operation isn't in `.show operations` yet.
  world::Duration operations_lag{};
  // Artifacts of an export are told for so long.
  world::Duration details_kept = std::chrono::hours(6);
  // Empty lists of policies read back as null.
  bool empty_policy_is_null = false;
  bool guid_upper_case = false;  // of operations' and extents' ids, in answers

  static Unknowns Draw(SeededRandom& random);
  // One line, for the log of a seed.
  std::string Text() const;
};

// How long things take.
struct Pace {
  world::Duration least_transit = std::chrono::microseconds(300);
  world::Duration most_transit = std::chrono::milliseconds(10);
  world::Duration query = std::chrono::milliseconds(20);    // mean
  world::Duration show = std::chrono::milliseconds(5);      // mean
  world::Duration command = std::chrono::milliseconds(30);  // mean, from acceptance to commit
  world::Duration store = std::chrono::milliseconds(5);
  world::Duration export_time = std::chrono::milliseconds(800);  // mean, of an operation
  world::Duration ingest_time = std::chrono::milliseconds(600);
  double spread = 0.9;  // of each around its mean
  // A command that is slow, without end for the client: commits so late.
  double slow_command = 0;
  world::Duration late = std::chrono::minutes(2);
};

// What goes wrong inside a cluster by itself, with its chances per operation.
struct Weather {
  double operation_fails = 0;      // Failed, nothing done
  double operation_throttled = 0;  // Throttled, nothing done
  double operation_partial = 0;    // PartiallySucceeded: a part was done
  double operation_abandoned = 0;  // Abandoned: done or not, and maybe done later
  double operation_lies = 0;       // Failed, but it was done
  double merges = 0;               // of two extents of a table that allows it, per request
  int export_capacity = 1000, ingest_capacity = 1000;
};

}  // namespace kc::sim
