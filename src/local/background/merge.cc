#include "local/background/merge.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/duck.h"
#include "local/catalog/extent_scan.h"
#include "local/storage/extent_writer.h"

namespace kc::local {
namespace {

// Fewer aren't worth rewriting their rows.
constexpr size_t kMinSources = 8;
// Each class is so many times as large as the one before: what is merged moves up a class.
constexpr int64_t kSizeClassFactor = 8;
// Kusto doesn't merge extents whose tags together are longer.
constexpr size_t kMaxTagCharacters = 1'000'000;
// Beyond so many rows a file gains nothing by becoming larger.
constexpr int64_t kLargeRows = 250'000;  // two row groups
constexpr std::string_view kDropBy = "drop-by:";

int SizeClass(int64_t rows) {
  int out = 0;
  for (int64_t bound = kSizeClassFactor * kSizeClassFactor; rows >= bound;
       bound *= kSizeClassFactor) {
    ++out;
  }
  return out;
}

std::set<std::string> DropByTags(const Extent& extent) {
  std::set<std::string> out;
  for (const std::string& tag : extent.tags) {
    if (tag.starts_with(kDropBy)) out.insert(tag);
  }
  return out;
}

// Collects extents while the policy's limits hold.
class Batch {
 public:
  explicit Batch(const MergePolicy& policy) : policy_(policy) {}

  bool Fits(const Extent& extent) const {
    return extents_.empty() ||
           (static_cast<int64_t>(extents_.size()) < policy_.max_extents &&
            rows_ + extent.file->rows <= policy_.max_rows &&
            bytes_ + extent.file->original_bytes <= policy_.max_original_bytes &&
            std::max(newest_, extent.max_created_ticks) -
                    std::min(oldest_, extent.min_created_ticks) <=
                policy_.max_range &&
            tag_characters_ + Characters(extent) <= kMaxTagCharacters);
  }
  void Add(const ExtentPtr& extent) {
    oldest_ =
        extents_.empty() ? extent->min_created_ticks : std::min(oldest_, extent->min_created_ticks);
    newest_ = std::max(newest_, extent->max_created_ticks);
    rows_ += extent->file->rows;
    bytes_ += extent->file->original_bytes;
    tag_characters_ += Characters(*extent);
    extents_.push_back(extent);
  }
  std::vector<ExtentPtr> Take() {
    std::vector<ExtentPtr> out = std::move(extents_);
    *this = Batch(policy_);
    return out;
  }
  Batch& operator=(Batch&& other) noexcept {
    extents_ = std::move(other.extents_);
    rows_ = other.rows_;
    bytes_ = other.bytes_;
    oldest_ = other.oldest_;
    newest_ = other.newest_;
    tag_characters_ = other.tag_characters_;
    return *this;
  }
  Batch(Batch&&) = default;

 private:
  static size_t Characters(const Extent& extent) {
    size_t out = 0;
    for (const std::string& tag : extent.tags) out += tag.size();
    return out;
  }
  const MergePolicy& policy_;
  std::vector<ExtentPtr> extents_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  int64_t oldest_ = 0;
  int64_t newest_ = 0;
  size_t tag_characters_ = 0;
};

Result<std::vector<ExtentPtr>> FindAll(const Table& table, const std::vector<std::string>& ids) {
  std::vector<ExtentPtr> out;
  for (const std::string& id : ids) {
    ExtentPtr extent = table.FindExtent(id);
    if (extent == nullptr) {
      return Fail(ErrorCode::kRedo,
                  "extent '" + id + "' was not found in table '" + table.name() + "'",
                  "ExtentNotFound");
    }
    out.push_back(std::move(extent));
  }
  return out;
}

// All but the file: what the sources have in common, united.
NewExtent Unite(const std::vector<ExtentPtr>& sources) {
  NewExtent out;
  out.keep_times = true;
  out.min_created_ticks = sources[0]->min_created_ticks;
  std::set<std::string> seen;
  for (const ExtentPtr& source : sources) {
    out.min_created_ticks = std::min(out.min_created_ticks, source->min_created_ticks);
    out.created_ticks = std::max(out.created_ticks, source->max_created_ticks);
    for (const std::string& tag : source->tags) {
      if (seen.insert(tag).second) out.tags.push_back(tag);
    }
    out.row_times =
        out.row_times || source->row_times || source->max_ingested != sources[0]->max_ingested;
    if (source->undated()) continue;
    out.min_ingested = out.min_ingested == 0 ? source->min_ingested
                                             : std::min(out.min_ingested, source->min_ingested);
    out.max_ingested = std::max(out.max_ingested, source->max_ingested);
  }
  return out;
}

// Interrupts a connection when the token is cancelled.
class Interrupter {
 public:
  Interrupter(world::CancelToken* cancel, engine::Connection& connection) : cancel_(cancel) {
    if (cancel_ != nullptr) {
      subscription_ = cancel_->Subscribe([&connection] { connection.Interrupt(); });
    }
  }
  ~Interrupter() {
    if (cancel_ != nullptr) cancel_->Unsubscribe(subscription_);
  }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;

 private:
  world::CancelToken* cancel_;
  int subscription_ = 0;
};

}  // namespace

std::vector<std::vector<ExtentPtr>> PlanMerges(const Table& table, const MergePolicy& policy,
                                               int64_t now_ticks) {
  std::vector<std::vector<ExtentPtr>> out;
  if (!policy.allow_merge && !policy.allow_rebuild) return out;
  std::map<std::pair<int, std::set<std::string>>, Batch> batches;
  auto finish = [&](Batch& batch) {
    std::vector<ExtentPtr> extents = batch.Take();
    if (extents.size() >= kMinSources) out.push_back(std::move(extents));
  };
  for (const auto& [ordinal, extent] : table.extents) {
    bool recent = policy.lookback == std::numeric_limits<int64_t>::max() ||
                  extent->max_created_ticks >= now_ticks - policy.lookback;
    if (!recent || extent->file->rows >= std::min(kLargeRows, policy.max_rows)) continue;
    std::pair key(SizeClass(extent->file->rows), DropByTags(*extent));
    Batch& batch = batches.try_emplace(std::move(key), policy).first->second;
    if (!batch.Fits(*extent)) finish(batch);
    batch.Add(extent);
  }
  for (auto& [key, batch] : batches) finish(batch);
  return out;
}

Result<ExtentPtr> MergeExtents(engine::Database& duck, Database& database,
                               const std::string& table_id,
                               const std::vector<std::string>& extent_ids,
                               world::CancelToken* cancel) {
  TablePtr table = database.state()->FindTableById(table_id);
  if (table == nullptr) return Stop("the table is gone", "BadRequest_TableNotExist");
  if (extent_ids.empty()) return Stop("there are no extents to merge");
  KC_ASSIGN(std::vector<ExtentPtr> sources, FindAll(*table, extent_ids));
  NewExtent merged = Unite(sources);
  ExtentWriteRequest request;
  request.select = MergeSql(*table->meta, sources, database.extents());
  request.columns = table->meta->columns;
  request.has_row_times = true;
  for (const ExtentPtr& source : sources) request.original_bytes += source->file->original_bytes;
  KC_ASSIGN(engine::Connection connection, duck.Connect());
  std::vector<ExtentFilePtr> files;
  {
    Interrupter interrupter(cancel, connection);
    KC_ASSIGN(files, WriteExtents(connection, database.extents(), request));
  }
  KC_ASSERT(files.size() == 1);
  merged.id = database.NewGuid();
  merged.file = files[0];
  std::string id = merged.id;
  KC_ASSIGN(CommitInfo done,
            database.Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
              TablePtr now = state.FindTableById(table_id);
              // A column that came or went meanwhile is not in the merged file as it should be.
              if (now == nullptr || now->meta->columns != table->meta->columns) {
                return Status(Fail(ErrorCode::kRedo, "the table's columns have changed"));
              }
              transaction.SetEvent("MERGE-EXTENTS", table->name());
              Status removed = transaction.RemoveExtents(table_id, extent_ids);
              if (!removed) {
                Error error = std::move(removed).error();
                error.code = ErrorCode::kRedo;
                return Status(Fail(std::move(error)));
              }
              std::vector<NewExtent> added;
              added.push_back(merged);
              return transaction.AddExtents(table_id, std::move(added));
            }));
  return done.state->FindTableById(table_id)->FindExtent(id);
}

}  // namespace kc::local
