#include "local/background/maintenance.h"

#include "base/log.h"
#include "local/background/merge.h"
#include "local/catalog/policies.h"

namespace kc::local {
namespace {

// Journals grow by thousands of objects a second when many clients commit: a start must not have to
// read more than a few seconds of that.
constexpr world::Duration kTidyInterval = std::chrono::seconds(1);

// True if it was committed and had something to do; failures are told.
bool CommitQuietly(Database& database, std::string_view what, const Database::Change& change) {
  uint64_t before = database.state()->sequence;
  auto done = database.Commit(change);
  if (done) return done->sequence > before;
  if (done.error().code != ErrorCode::kRedo) {
    LogWarn("{} in database '{}': {}", what, database.name(), done.error().message);
  }
  return false;
}

Status Outdated() {
  return Fail(ErrorCode::kRedo, "the extents have changed meanwhile");
}

std::vector<std::string> TagsToKeep(const Extent& extent,
                                    const std::vector<TagRetention>& retention, int64_t now_ticks) {
  std::vector<std::string> out;
  for (const std::string& tag : extent.tags) {
    bool expired = false;
    for (const TagRetention& rule : retention) {
      expired = expired || (tag.starts_with(rule.prefix) &&
                            now_ticks - extent.max_created_ticks > rule.period);
    }
    if (!expired) out.push_back(tag);
  }
  return out;
}

}  // namespace

int ApplyRetention(Database& database, int64_t now_ticks) {
  int done = 0;
  StatePtr state = database.state();
  for (const auto& entry : state->tables) {
    const std::string& name = entry.first;
    const TablePtr& table = entry.second;
    RetentionPolicy policy = RetentionOf(*state, *table->meta);
    if (policy.soft_delete_period > now_ticks) continue;
    std::vector<std::string> old;
    for (const auto& [ordinal, extent] : table->extents) {
      if (extent->max_created_ticks < now_ticks - policy.soft_delete_period) {
        old.push_back(extent->id);
      }
    }
    if (old.empty()) continue;
    done += CommitQuietly(database, "retention",
                          [&](const DatabaseState& now, TransactionBuilder& transaction) {
                            TablePtr current = now.FindTableById(table->id());
                            if (current == nullptr) return Outdated();
                            // The policy may have been changed just now.
                            RetentionPolicy holds = RetentionOf(now, *current->meta);
                            if (holds.soft_delete_period != policy.soft_delete_period)
                              return Outdated();
                            transaction.SetEvent("DROP-EXTENTS", name);
                            return transaction.RemoveExtents(table->id(), old).or_else([](Error) {
                              return Outdated();
                            });
                          });
  }
  return done;
}

int ApplyTagRetention(Database& database, int64_t now_ticks) {
  int done = 0;
  StatePtr state = database.state();
  for (const auto& entry : state->tables) {
    const std::string& name = entry.first;
    const TablePtr& table = entry.second;
    std::vector<TagRetention> retention = TagRetentionOf(*state, *table->meta);
    if (retention.empty()) continue;
    std::vector<std::pair<ExtentMove, std::vector<std::string>>> changes;
    for (const auto& [ordinal, extent] : table->extents) {
      std::vector<std::string> kept = TagsToKeep(*extent, retention, now_ticks);
      if (kept.size() < extent->tags.size()) {
        changes.emplace_back(ExtentMove{extent->id, database.NewGuid()}, std::move(kept));
      }
    }
    if (changes.empty()) continue;
    done += CommitQuietly(database, "extent tags retention",
                          [&](const DatabaseState&, TransactionBuilder& transaction) -> Status {
                            transaction.SetEvent("ALTER-EXTENT-TAGS", name);
                            for (const auto& [extent, tags] : changes) {
                              if (!transaction.RetagExtent(table->id(), extent, tags))
                                return Outdated();
                            }
                            return {};
                          });
  }
  return done;
}

int ApplyAutoDelete(Database& database, int64_t now_ticks) {
  int done = 0;
  StatePtr state = database.state();
  for (const auto& entry : state->tables) {
    const std::string& name = entry.first;
    const TablePtr& table = entry.second;
    auto policy = AutoDeleteOf(*table->meta);
    if (!policy || now_ticks <= policy->expiry_ticks) continue;
    done += CommitQuietly(database, "auto delete",
                          [&](const DatabaseState& now, TransactionBuilder& transaction) -> Status {
                            TablePtr current = now.FindTableById(table->id());
                            if (current == nullptr || current->meta != table->meta)
                              return Outdated();
                            if (!policy->delete_if_not_empty && !current->extents.empty())
                              return {};
                            transaction.SetEvent("DROP-TABLE", name);
                            return transaction.DropTable(table->id());
                          });
  }
  return done;
}

int ApplyMerges(engine::Database& duck, Database& database, int64_t now_ticks,
                world::CancelToken* cancel) {
  int done = 0;
  StatePtr state = database.state();
  for (const auto& entry : state->tables) {
    const std::string& name = entry.first;
    const TablePtr& table = entry.second;
    MergePolicy policy = MergePolicyOf(*state, *table->meta);
    for (const std::vector<ExtentPtr>& sources : PlanMerges(*table, policy, now_ticks)) {
      if (cancel != nullptr && cancel->cancelled()) return done;
      std::vector<std::string> ids;
      for (const ExtentPtr& extent : sources) ids.push_back(extent->id);
      auto merged = MergeExtents(duck, database, table->id(), ids, cancel);
      if (merged) {
        ++done;
        LogDebug("merged {} extents of table '{}'", ids.size(), name);
      } else if (merged.error().code != ErrorCode::kRedo &&
                 !(cancel != nullptr && cancel->cancelled())) {
        LogWarn("merge of table '{}': {}", name, merged.error().message);
      }
    }
  }
  return done;
}

Maintenance::Maintenance(Cluster& cluster, engine::Database* duck, MaintenanceOptions options)
    : cluster_(cluster), duck_(duck), options_(options) {
  thread_ = std::thread([this] { Run(); });
}

Maintenance::~Maintenance() {
  stop_.Cancel();
  thread_.join();
}

void Maintenance::Run() {
  world::Clock& clock = *cluster_.world().clock;
  auto interval = std::chrono::duration_cast<world::Duration>(
      std::chrono::duration<double>(options_.interval_s));
  auto next = clock.Monotonic() + interval;
  while (clock.Sleep(std::min(interval, kTidyInterval), &stop_)) {
    Tidy();
    if (clock.Monotonic() < next) continue;
    RunOnce();
    next = clock.Monotonic() + interval;
  }
}

void Maintenance::Tidy() {
  for (const DatabasePtr& database : cluster_.databases()) {
    if (stop_.cancelled()) return;
    Status snapshot = database->SnapshotIfDue(false);
    if (!snapshot) {
      LogWarn("snapshot of database '{}': {}", database->name(), snapshot.error().message);
    }
  }
  cluster_.CollectGarbage();
}

void Maintenance::RunOnce() {
  for (const DatabasePtr& database : cluster_.databases()) {
    if (stop_.cancelled()) return;
    int64_t now = database->NowTicks();
    ApplyAutoDelete(*database, now);
    ApplyRetention(*database, now);
    ApplyTagRetention(*database, now);
    if (duck_ != nullptr && options_.merge) ApplyMerges(*duck_, *database, now, &stop_);
  }
  Tidy();
}

}  // namespace kc::local
