// A lake in memory, stricter than the real ones: for the simulation and for tests. Several stores
// may share one MemoryLake, as several programs share a container.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "azure/object_store.h"

namespace kc::azure {

struct MemoryObject {
  std::string bytes;
  bool append = false;
  int appends = 0;
  int64_t version = 0;
  int64_t modified_ticks = 0;
  std::string lease_id;
  int lease_seconds = 0;
  world::Duration lease_until{};
};

// What happens to one call, decided before it acts.
enum class StoreFault {
  kNone,
  kNotSent,       // kRetry, nothing happened
  kLostRequest,   // kUnknownOutcome, nothing happened
  kLostResponse,  // kUnknownOutcome, and it took effect
  kTwice,         // delivered twice; the second answer comes
  kCancelled,     // kStop "Cancelled", nothing happened
};

// The service: outlives its stores. Safe from any thread.
struct MemoryLake {
  std::mutex mutex;
  std::map<std::string, MemoryObject> objects;
  int64_t next_version = 1;
  // Blob storage takes 50,000 appends per object; tests set less.
  int max_appends = 50'000;
  // Asked before every call with its name ("Append", "PutIfAbsent" …) and the object's. For calls
  // that only read, lost requests and responses become kRetry. May be empty.
  std::function<StoreFault(std::string_view call, const std::string& name)> fault;
  // Called after every call that acted, before its answer goes back. May be empty.
  std::function<void()> acted;
};

// `clock`: the service's, that times the leases. `client`: the caller's, for pauses between
// attempts to read; null: the same.
std::unique_ptr<ObjectStore> MakeMemoryStore(MemoryLake& lake, world::Clock& clock,
                                             std::string folder = "lake",
                                             world::Clock* client = nullptr);

}  // namespace kc::azure
