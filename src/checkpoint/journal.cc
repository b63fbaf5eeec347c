#include "checkpoint/journal.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/seeded_bugs.h"

namespace kc::checkpoint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Writes of the manifest whose answers were lost, before the caller has to decide.
constexpr int kManifestAttempts = 3;
// How often it is looked, at that distance, why a lease is gone.
constexpr int kLooksForReason = 6;
constexpr milliseconds kLookAgain{250};  // in all below the two seconds of a permanent error
// How often a lease that had ended is taken up again without a successful append between.
constexpr int kMostRegained = 5;

Error Removed(const std::string& what) {
  return {ErrorCode::kStop,
          fmt::format("the checkpoint was removed from the lake while the copy ran ({} is missing)",
                      what),
          "Damaged"};
}

}  // namespace

Journal::Journal(azure::ObjectStore& store, world::Clock& clock, world::Random& random,
                 std::string folder)
    : store_(store), clock_(clock), random_(random), folder_(std::move(folder)) {}

// What a lease's time is measured with: it never jumps.
int64_t Journal::LeaseNow() const {
  if (SeededBug(Bug::kWallClock)) {
    constexpr int64_t kIn2025 = 638'800'000'000'000'000;
    return (clock_.NowTicks() - kIn2025) * 100;
  }
  return clock_.Monotonic().count();
}

Error Journal::TakenOver() {
  return {ErrorCode::kStop, "another kusto-copy has taken the checkpoint over", "LeaseLost"};
}

// Tells others that this process is alive, and how much of the checkpoint was durable then.
void Journal::WriteBeat() {
  std::string text;
  {
    std::lock_guard lock(mutex_);
    text = fmt::format(R"({{"holder":{},"at":{},"segment":{},"bytes":{}}})", JsonString(holder_),
                       clock_.NowTicks(), JsonString(segment_), named_ ? size_.load() : 0);
  }
  (void)store_.Put(BeatName(), text);
}

Status Journal::WriteManifest(const std::string& segment, int64_t bytes) {
  Manifest m;
  m.copy_id = copy_id_;
  m.generation = generation_;
  m.segment = segment;
  m.bytes = bytes;
  m.holder = holder_;
  m.identity = identity_;
  const std::string text = ManifestText(m);
  for (int attempt = 1;; ++attempt) {
    auto put = store_.Put(ManifestName(), text, {manifest_etag_, lease_id_});
    if (put) {
      manifest_etag_ = *put;
      return {};
    }
    const bool changed = put.error().reason == "ConditionNotMet";
    if (!changed && put.error().code != ErrorCode::kUnknownOutcome) {
      return Fail(std::move(put).error());
    }
    // An own write whose answer was lost may be there, now or a little later; a generation above
    // the one that was read belongs to this process alone.
    KC_ASSIGN(const auto content, store_.Get(ManifestName()));
    if (content.bytes == text) {
      manifest_etag_ = content.etag;
      return {};
    }
    KC_ASSIGN(const Manifest there, ReadManifest(content.bytes));
    const bool own = there.generation == generation_ && there.copy_id == copy_id_;
    if (content.etag != manifest_etag_ && !own) {
      return Fail(TakenOver());
    }
    if (attempt >= kManifestAttempts) return Fail(std::move(put).error());
    manifest_etag_ = content.etag;
  }
}

std::string Journal::Number(std::vector<Record>& records) {
  ++group_;
  std::string text;
  int index = 0;
  for (auto& record : records) {
    record.generation = generation_;
    record.sequence = ++sequence_;
    record.group = group_;
    record.index = ++index;
    record.count = static_cast<int>(records.size());
    text += RecordLine(record);
  }
  return text;
}

Journal::Pieces Journal::OnePiece(std::vector<Record> snapshot) {
  return [all = std::move(snapshot)]() mutable { return std::exchange(all, {}); };
}

Status Journal::Begin(const Pieces& next) {
  // Every name is used once: a late write of an earlier owner can't meet it.
  const std::string name =
      fmt::format("g{:08}-{:04}-{}.csv", generation_, ++rolls_, random_.Word(6));
  KC_TRY(store_.CreateAppend(folder_ + name));
  // A new owner may have come between, and deleted what is older than its own segment.
  const Status leased = store_.AcquireLease(folder_ + name, lease_id_, kLeaseSeconds);
  if (!leased) return Fail(WhyGone(leased.error()));
  std::string old;
  {
    std::lock_guard lock(mutex_);
    old = std::exchange(segment_, name);
    size_ = 0;
  }
  named_ = false;
  appends_ = 0;
  unsent_.clear();  // the snapshot holds it
  Record header;
  header.level = kLevelHeader;
  header.state = "Version";
  header.created = header.updated = clock_.NowTicks();
  header.details =
      fmt::format("{{\"version\":{},\"copy\":{}}}", kFormatVersion, JsonString(copy_id_));
  std::vector<Record> one = {header};
  std::string text = HeaderLine() + Number(one);
  // Each record a group of its own: the segment counts only when the manifest names it.
  for (auto piece = next(); !piece.empty(); piece = next()) {
    for (auto& record : piece) {
      one = {std::move(record)};
      text += Number(one);
      if (text.size() > azure::kMaxAppendBytes / 2) KC_TRY(Send(text));
    }
  }
  KC_TRY(Send(text));
  base_size_ = size_;
  if (!SeededBug(Bug::kRollUnnamed) || rolls_ == 1) {
    const Status written = WriteManifest(name, size_);
    if (!written) return Fail(WhyGone(written.error()));
  }
  named_ = true;
  if (!old.empty()) {
    std::lock_guard lock(mutex_);
    old_segment_ = old;
  }
  return {};
}

Status Journal::Send(std::string& text) {
  while (!text.empty()) {
    // A group larger than one append would tear: kMaxAppendBytes bounds what callers put into one.
    const std::string_view next = std::string_view(text).substr(0, azure::kMaxAppendBytes);
    const int64_t position = SeededBug(Bug::kAppendWithoutPosition) ? -1 : size_.load();
    Status sent = store_.Append(folder_ + segment_, next, position, lease_id_);
    if (SeededBug(Bug::kIgnoreLostLease)) sent = {};
    if (!sent) {
      Error why = WhyGone(sent.error());
      // With another one's bytes at the position the lease is of no use.
      const auto there = store_.GetRange(segment(), position, static_cast<int64_t>(next.size()));
      const bool others = there && !there->empty() && *there != next;
      return Fail(why.reason == "LeaseEnded" && others ? sent.error() : std::move(why));
    }
    regained_ = 0;
    ++appends_;
    size_ += static_cast<int64_t>(next.size());
    text.erase(0, next.size());
  }
  return {};
}

// A lease that ended while the storage couldn't be reached can be renewed as long as nobody else
// took it: whoever takes over leases the manifest first, under an id of its own.
bool Journal::Regained() {
  if (regained_ >= kMostRegained) return false;
  const int64_t before = LeaseNow();
  const std::string name = segment();
  if (!store_.RenewLease(ManifestName(), lease_id_)) return false;
  if (!name.empty() && !store_.RenewLease(name, lease_id_)) return false;
  renewed_ns_ = before;
  ++regained_;
  return true;
}

// A lease that is gone means another owner, who has raised the generation; or that it ended and
// nobody came; or somebody removed the files, which is another matter for the user.
Error Journal::WhyGone(Error error) {
  if (error.reason != "LeaseLost" && error.reason != "NotFound") return error;
  // Who takes over raises the generation soon; who removes a folder isn't done at once either.
  for (int look = 0; look < kLooksForReason; ++look) {
    const auto content = store_.Get(ManifestName());
    if (!content && content.error().reason != "NotFound") return error;
    if (!content) return Removed(ManifestName());
    const auto manifest = ReadManifest(content->bytes);
    if (manifest && manifest->generation > generation_) {
      // The new owner has begun its own segment and deleted this one.
      return TakenOver();
    }
    if (!manifest || manifest->generation < generation_) return error;
    const auto there = store_.Stat(segment());
    if (!there && there.error().reason == "NotFound") return Removed(segment());
    if (error.reason == "LeaseLost" && Regained()) {
      return {ErrorCode::kRetry, "the lease had ended and was taken up again", "LeaseEnded"};
    }
    if (!clock_.Sleep(kLookAgain, nullptr)) return error;
  }
  return error;
}

Status Journal::Append(std::vector<Record> records) {
  std::vector<std::vector<Record>> groups;
  groups.push_back(std::move(records));
  return AppendGroups(std::move(groups));
}

Status Journal::AppendGroups(std::vector<std::vector<Record>> groups) {
  // A roll that failed half way: nobody would read what is written there (protocol F31).
  if (!named_) return Stop("the checkpoint's new file could not be begun", "LeaseLost");
  for (auto& group : groups) {
    std::string next = Number(group);
    if (unsent_.empty() || unsent_.back().size() + next.size() > azure::kMaxAppendBytes) {
      unsent_.emplace_back();
    }
    unsent_.back() += next;
  }
  return AppendAgain();
}

Status Journal::AppendAgain() {
  while (!unsent_.empty()) {
    KC_TRY(Send(unsent_.front()));
    unsent_.pop_front();
  }
  return {};
}

Status Journal::Renew() {
  const int64_t before = LeaseNow();
  if (SeededBug(Bug::kIgnoreLostLease)) {
    renewed_ns_ = before;
    return {};
  }
  const std::string name = segment();
  Status renewed = store_.RenewLease(ManifestName(), lease_id_);
  if (renewed && !name.empty()) renewed = store_.RenewLease(name, lease_id_);
  if (!renewed) return Fail(WhyGone(renewed.error()));
  renewed_ns_ = before;
  WriteBeat();
  return {};
}

Status Journal::Close() {
  const std::string name = segment();
  if (named_) {
    // How much there is, for the next one to see that nothing is missing.
    const Status noted = WriteManifest(segment_, size_);
    if (!noted) LogDebug("the checkpoint's length isn't noted: {}", noted.error().message);
  }
  if (!name.empty()) KC_TRY(store_.ReleaseLease(name, lease_id_));
  KC_TRY(store_.ReleaseLease(ManifestName(), lease_id_));
  (void)store_.Delete(BeatName());
  return {};
}

bool Journal::MaySend() const {
  const world::Duration age(LeaseNow() - renewed_ns_.load());
  return age < std::chrono::duration_cast<world::Duration>(seconds(kLeaseSeconds)) * 2 / 3;
}

bool Journal::WantsRoll() const {
  return appends_ >= max_appends_ ||
         size_.load() - base_size_ > std::max(kMaxSegmentBytes, 2 * base_size_);
}

std::string Journal::segment() const {
  std::lock_guard lock(mutex_);
  return segment_.empty() ? "" : folder_ + segment_;
}

Status Journal::DeleteOldSegments() {
  KC_ASSIGN(const auto objects, azure::ListAll(store_, folder_ + "g"));
  const std::string current = segment();
  // "g00000002-0001": generation and roll.
  const size_t order = folder_.size() + 14;
  for (const auto& object : objects) {
    // Only what is older: this process may have been stopped for a while, and a later segment is
    // the checkpoint of the owner that took over.
    if (object.name.compare(0, order, current, 0, order) >= 0) continue;
    // Whoever held it is dead or was cut off when the manifest's lease came here.
    (void)store_.BreakLease(object.name);
    KC_TRY(store_.Delete(object.name));
  }
  return {};
}

}  // namespace kc::checkpoint
