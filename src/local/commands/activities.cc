#include "local/commands/activities.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

namespace kc::local {
namespace {

// Finished requests that are remembered: enough for a look back, little enough to cost nothing.
constexpr size_t kMaxFinished = 2000;
// Longer texts (inline data) are cut in the list.
constexpr size_t kMaxText = 64 * 1024;

int64_t Ticks(world::Duration duration) {
  return duration.count() / 100;
}

}  // namespace

Activities::Running::Running(Running&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), id_(other.id_) {}

Activities::Running& Activities::Running::operator=(Running&& other) noexcept {
  if (this != &other) {
    if (owner_ != nullptr) owner_->End(id_);
    owner_ = std::exchange(other.owner_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

Activities::Running::~Running() {
  if (owner_ != nullptr) owner_->End(id_);
}

void Activities::Running::Fail(const Error& error) {
  if (owner_ == nullptr) return;
  std::lock_guard lock(owner_->mutex_);
  Item& item = owner_->running_.at(id_);
  item.activity.state = item.cancel && item.cancel->cancelled() ? "Cancelled" : "Failed";
  item.activity.failure = error.message;
}

void Activities::Running::SetCommandType(const std::string& type) {
  if (owner_ == nullptr) return;
  std::lock_guard lock(owner_->mutex_);
  owner_->running_.at(id_).activity.command_type = type;
}

Result<Activities::Running> Activities::Begin(Activity activity,
                                              std::shared_ptr<world::CancelToken> cancel) {
  if (activity.text.size() > kMaxText) activity.text.resize(kMaxText);
  activity.text = Redact(activity.text);
  activity.started_ticks = clock_.NowTicks();
  activity.updated_ticks = activity.started_ticks;
  std::lock_guard lock(mutex_);
  if (closed_) {
    Error error{ErrorCode::kRetry, "kusto-local is ending"};
    error.http_status = 503;
    return kc::Fail(std::move(error));
  }
  if (!activity.is_command) {
    if (running_queries_ >= query_capacity_) {
      Error error;
      error.code = ErrorCode::kRetry;
      error.http_status = 429;
      error.reason = "QueryThrottledException";
      error.message = fmt::format(
          "The query was aborted due to throttling. Retrying after some backoff might succeed. "
          "Capacity: {}, Origin: 'RequestRateLimitPolicy/WorkloadGroup/default'.",
          query_capacity_);
      return Fail(std::move(error));
    }
    ++running_queries_;
  }
  const int64_t id = next_id_++;
  Item item{std::move(activity), clock_.Monotonic(), std::move(cancel)};
  running_.emplace(id, std::move(item));
  return Running(this, id);
}

void Activities::End(int64_t id) {
  const int64_t now = clock_.NowTicks();
  const world::Duration monotonic = clock_.Monotonic();
  std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  KC_ASSERT(found != running_.end());
  Activity activity = std::move(found->second.activity);
  activity.updated_ticks = now;
  activity.duration_ticks = Ticks(monotonic - found->second.started);
  if (activity.state == "InProgress") activity.state = "Completed";
  running_.erase(found);
  if (!activity.is_command) --running_queries_;
  finished_.push_back(std::move(activity));
  if (finished_.size() > kMaxFinished) finished_.pop_front();
}

std::vector<Activity> Activities::List() const {
  const world::Duration monotonic = clock_.Monotonic();
  std::lock_guard lock(mutex_);
  std::vector<Activity> all(finished_.begin(), finished_.end());
  for (const auto& [id, item] : running_) {
    all.push_back(item.activity);
    all.back().duration_ticks = Ticks(monotonic - item.started);
  }
  return all;
}

int Activities::Cancel(std::string_view client_request_id) {
  std::lock_guard lock(mutex_);
  int cancelled = 0;
  for (auto& [id, item] : running_) {
    if (item.activity.client_request_id != client_request_id || !item.cancel) continue;
    item.cancel->Cancel();
    ++cancelled;
  }
  return cancelled;
}

void Activities::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [id, item] : running_) {
    if (item.cancel) item.cancel->Cancel();
  }
}

int Activities::running_queries() const {
  std::lock_guard lock(mutex_);
  return running_queries_;
}

}  // namespace kc::local
