// What the stores share: the rules of names, errors, the settling of lost answers, repetitions.
// Pure but for the calls that it makes on the store it is given, and the pauses.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "azure/object_store.h"
#include "base/error.h"

namespace kc::azure {

inline constexpr int kShortestLeaseSeconds = 15;
inline constexpr int kLongestLeaseSeconds = 60;
inline constexpr int kLongestPage = 5000;

// kStop "BadName" for names that no store takes.
Status CheckName(std::string_view name);
// A prefix may be empty or end in '/'.
Status CheckPrefix(std::string_view prefix);

Error NotFound(const StorageUrl& url, std::string_view name);
Error Exists(const StorageUrl& url, std::string_view name);
Error LeaseLost(const StorageUrl& url, std::string_view name);
Error LeasePresent(const StorageUrl& url, std::string_view name);
Error ConditionNotMet(const StorageUrl& url, std::string_view name);
Error PastAppendLimit(std::string_view name, size_t bytes);

// Protocol F33, after a refused position (`refused`) or a lost answer: the same bytes at the
// position mean that they arrived, success; after a lost answer nothing there means that they
// didn't (yet), kUnknownOutcome; anything else is LeaseLost. Fails with the read's error.
Status SettleAppend(ObjectStore& store, const std::string& name, std::string_view bytes,
                    int64_t position, bool refused);
// After a lost answer of PutIfAbsent: success, "Exists", or kUnknownOutcome while there is nothing.
Status SettlePutIfAbsent(ObjectStore& store, const std::string& name, std::string_view bytes);

// Waits before attempt `attempt` + 1; false: don't make it, somebody wants to end.
bool PauseForNext(const StoreWorld& world, int attempt, const Error& error);
// Calls `read` until it doesn't fail with kRetry, at most kReadAttempts times, with growing pauses
// (Retry-After is honoured up to kLongestPause). A lease of another is an answer, no failure.
template <typename T>
Result<T> RetryRead(const StoreWorld& world, const std::function<Result<T>()>& read);

// The pause before attempt `attempt` (1 = the first repetition): 100 ms doubled each time, up to 30
// s, never less than what the server asked for within that limit.
world::Duration PauseBefore(int attempt, const Error& error);

template <typename T>
Result<T> RetryRead(const StoreWorld& world, const std::function<Result<T>()>& read) {
  for (int attempt = 1;; ++attempt) {
    Result<T> result = read();
    if (result || result.error().code != ErrorCode::kRetry || attempt >= kReadAttempts ||
        result.error().reason == "LeaseAlreadyPresent") {
      return result;
    }
    if (!PauseForNext(world, attempt, result.error())) return result;
  }
}

}  // namespace kc::azure
