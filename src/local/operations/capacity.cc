#include "local/operations/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "world/processes.h"

namespace kc::local {
namespace {

constexpr std::string_view kNames[kResourceCount] = {"Ingestions", "DataExport", "ExtentsMerge",
                                                     "Queries", "Other"};
constexpr std::string_view kOrigins[kResourceCount] = {
    "CapacityPolicy/Ingestion", "CapacityPolicy/Export", "CapacityPolicy/ExtentsMerge",
    "RequestRateLimitPolicy/WorkloadGroup/default", ""};

int64_t Share(double cores, double factor, int64_t most) {
  return std::min(most, std::max<int64_t>(1, static_cast<int64_t>(cores * factor)));
}

}  // namespace

Capacity::Capacity(const CapacityOptions& options) {
  // The documentation's formulas for a cluster of one node.
  double cores = std::max(1, world::CpuCount());
  total_ = {options.ingestion > 0 ? options.ingestion : Share(cores, 0.75, 512),
            options.data_export > 0 ? options.data_export : Share(cores, 0.25, 100),
            options.merge > 0 ? options.merge : 1,
            options.queries > 0 ? options.queries : Share(cores, 10, 10'000),
            std::numeric_limits<int64_t>::max()};
}

Result<Capacity::Slot> Capacity::Take(Resource resource, std::string_view command) {
  auto index = static_cast<size_t>(resource);
  std::lock_guard lock(mutex_);
  if (used_[index] >= total_[index]) {
    Error error;
    error.code = ErrorCode::kRetry;
    error.reason = "ControlCommandThrottledException";
    error.http_status = 429;
    error.message = fmt::format(
        "The management command was aborted due to throttling. Retrying after some backoff might "
        "succeed. CommandType: '{}', Capacity: {}, Origin: '{}'.",
        command, total_[index], kOrigins[index]);
    return Fail(std::move(error));
  }
  ++used_[index];
  return Slot(this, resource);
}

void Capacity::Release(Resource resource) {
  std::lock_guard lock(mutex_);
  --used_[static_cast<size_t>(resource)];
}

Capacity::Usage Capacity::usage(Resource resource) const {
  auto index = static_cast<size_t>(resource);
  std::lock_guard lock(mutex_);
  return {kNames[index], total_[index], used_[index], kOrigins[index]};
}

}  // namespace kc::local
