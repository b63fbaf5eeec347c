// How many commands of a kind may run at once. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::local {

enum class Resource : uint8_t { kIngestions, kDataExport, kExtentsMerge, kQueries, kOther };
inline constexpr size_t kResourceCount = 5;

struct CapacityOptions {
  int ingestion = 0;  // 0: Kusto's formula for this machine's cores
  int data_export = 0;
  int merge = 0;
  int queries = 0;
};

class Capacity {
 public:
  explicit Capacity(const CapacityOptions& options);

  // Held while the command runs; gives the slot back when destroyed. Movable.
  class Slot {
   public:
    Slot() = default;
    Slot(Capacity* owner, Resource resource) : owner_(owner), resource_(resource) {}
    Slot(Slot&& other) noexcept : owner_(other.owner_), resource_(other.resource_) {
      other.owner_ = nullptr;
    }
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(resource_, other.resource_);
      return *this;
    }
    ~Slot() {
      if (owner_ != nullptr) owner_->Release(resource_);
    }

   private:
    Capacity* owner_ = nullptr;
    Resource resource_ = Resource::kOther;
  };
  // Never waits. Over capacity: kRetry with HTTP status 429, reason
  // "ControlCommandThrottledException" and Kusto's text; `command` is the kind that it names.
  // kOther has no limit.
  Result<Slot> Take(Resource resource, std::string_view command);

  struct Usage {
    std::string_view name;  // as `.show capacity` spells it: "Ingestions", "DataExport" …
    int64_t total = 0;
    int64_t used = 0;
    std::string_view origin;
  };
  Usage usage(Resource resource) const;

 private:
  void Release(Resource resource);

  mutable std::mutex mutex_;
  std::array<int64_t, kResourceCount> total_{};
  std::array<int64_t, kResourceCount> used_{};
};

}  // namespace kc::local
