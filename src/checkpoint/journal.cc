#include "checkpoint/journal.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/seeded_bugs.h"

namespace kc::checkpoint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How often a waiting start asks for the lease.
constexpr milliseconds kAskAgain{500};
// Writes of the manifest whose answers were lost, before the caller has to decide.
constexpr int kManifestAttempts = 3;
// How often it is looked, at that distance, why a lease is gone.
constexpr int kLooksForReason = 6;
constexpr milliseconds kLookAgain{250};  // in all below the two seconds of a permanent error
// How often a lease that had ended is taken up again without a successful append between.
constexpr int kMostRegained = 5;
// Beyond the lease itself: the server's timing is coarse.
constexpr seconds kLeaseSlack{5};

// What a lease's time is measured with: it never jumps.
world::Duration LeaseTime(const world::Clock& clock) {
  if (SeededBug(Bug::kWallClock)) {
    constexpr int64_t kIn2025 = 638'800'000'000'000'000;
    return world::Duration((clock.NowTicks() - kIn2025) * 100);
  }
  return clock.Monotonic();
}

constexpr const char* kStartOver =
    "; bring it back from a backup, or copy again from the beginning: run `.drop function "
    "KC_Status` at the destination, empty its tables and give another lake folder with -l";

Error Removed(const std::string& what) {
  return {ErrorCode::kStop,
          fmt::format("the checkpoint was removed from the lake while the copy ran ({} is missing)",
                      what),
          "Damaged"};
}

// What reading the checkpoint found: if it can't be used, what to do.
Error WithWayOut(Error error) {
  if (error.reason == "Damaged") error.message += kStartOver;
  return error;
}

// How long the segment was when the manifest or the last beat was written: what was acknowledged
// can't have become less.
int64_t LeastBytes(azure::ObjectStore& store, const std::string& beat_name,
                   const Manifest& manifest) {
  int64_t least = manifest.bytes;
  const auto beat = store.Get(beat_name);
  if (!beat) return least;
  const auto json = ParseJson(beat->bytes);
  const bool own = json && json->is_object() && json->contains("bytes") &&
                   (*json)["bytes"].is_number_integer() &&
                   json->value("segment", Json()) == Json(manifest.segment);
  return own ? std::max(least, (*json)["bytes"].get<int64_t>()) : least;
}

// `name` is for the message.
Result<std::vector<Record>> RecordsOf(const std::string& bytes, int64_t least,
                                      const std::string& name) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (size < least) {
    return Stop(
        fmt::format("the checkpoint's file {} was cut: it had {} bytes, now {}", name, least, size),
        "Damaged");
  }
  auto read = ReadSegment(bytes);
  if (!read) return Fail(std::move(read).error().Within("the checkpoint's file " + name));
  return std::move(read->records);
}

Status CheckIdentity(const Identity& found, const Identity& asked) {
  if (found == asked) return {};
  return Stop(fmt::format("this lake folder holds the checkpoint of another copy: {} / {} to {} / "
                          "{}; give another folder with -l",
                          found.source, found.source_database, found.destination,
                          found.destination_database),
              "OtherCopy");
}

}  // namespace

Journal::Journal(azure::ObjectStore& store, world::Clock& clock, world::Random& random,
                 std::string folder)
    : store_(store), clock_(clock), random_(random), folder_(std::move(folder)) {}

Status Journal::AcquireManifest(const std::string& holder, world::CancelToken* cancel) {
  lease_id_ = random_.Guid();
  const auto began = clock_.Monotonic();
  std::string first_beat;
  bool told = false;
  while (true) {
    renewed_ns_ = LeaseTime(clock_).count();
    const Status got = store_.AcquireLease(ManifestName(), lease_id_, kLeaseSeconds);
    if (got) break;
    if (got.error().reason != "LeaseAlreadyPresent") return got;
    std::string who = "another kusto-copy";
    if (const auto content = store_.Get(ManifestName())) {
      const auto manifest = ReadManifest(content->bytes);
      if (manifest && !manifest->holder.empty()) who = manifest->holder;  // else not yet written
    }
    // A holder that is alive writes its beat: then there is nothing to wait for.
    const auto beat = store_.Stat(BeatName());
    const std::string etag = beat ? beat->etag : "";
    if (first_beat.empty()) first_beat = etag.empty() ? "none" : etag;
    const bool alive = etag != first_beat && !etag.empty();
    if (alive || clock_.Monotonic() - began > seconds(kLeaseSeconds) + kLeaseSlack) {
      return Stop(fmt::format("the copy is owned by {}, which is running", who), "LeaseHeld");
    }
    if (!told) LogInfo("waiting up to {} s for the lease of {}", kLeaseSeconds + 5, who);
    told = true;
    if (!clock_.Sleep(kAskAgain, cancel)) return Stop("interrupted", "Cancelled");
  }
  holder_ = holder;
  return {};
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

Result<Opened> Journal::Open(const Identity& identity, const std::string& holder,
                             world::CancelToken* cancel) {
  identity_ = identity;
  Opened opened;
  auto found = store_.Get(ManifestName());
  if (!found) {
    if (found.error().reason != "NotFound") return Fail(std::move(found).error());
    Manifest fresh;
    fresh.copy_id = random_.Word(10);
    fresh.identity = identity;
    const auto put = store_.PutIfAbsent(ManifestName(), ManifestText(fresh));
    if (!put && put.error().reason != "Exists") return Fail(put.error());
  } else {
    const auto manifest = ReadManifest(found->bytes);
    if (!manifest) return Fail(WithWayOut(manifest.error()));
    KC_TRY(CheckIdentity(manifest->identity, identity));
  }
  KC_TRY(AcquireManifest(holder, cancel));
  KC_ASSIGN(const auto content, store_.Get(ManifestName()));
  KC_ASSIGN(const Manifest manifest, ReadManifest(content.bytes));
  KC_TRY(CheckIdentity(manifest.identity, identity));
  manifest_etag_ = content.etag;
  copy_id_ = manifest.copy_id;
  generation_ = manifest.generation + 1;
  // The generation goes up before anything else is read or done.
  KC_TRY(WriteManifest(manifest.segment, manifest.bytes));
  opened.copy_id = copy_id_;
  opened.generation = generation_;
  opened.is_new = manifest.segment.empty();
  if (!manifest.segment.empty()) {
    auto records = ReadSegmentOf(manifest);
    if (!records) return Fail(WithWayOut(records.error()));
    opened.records = std::move(*records);
  }
  WriteBeat();
  for (const auto& record : opened.records) {
    sequence_ = std::max(sequence_, record.sequence);
    group_ = std::max(group_, record.group);
  }
  return opened;
}

// Takes the segment and reads it. A shorter one lost records, maybe intents, and nobody knows
// which.
Result<std::vector<Record>> Journal::ReadSegmentOf(const Manifest& manifest) {
  const Status taken = TakeSegment(manifest.segment);
  if (!taken && taken.error().reason == "NotFound") {
    return Stop(fmt::format("the checkpoint's file {} is missing", folder_ + manifest.segment),
                "Damaged");
  }
  if (!taken) return Fail(taken.error());
  {
    std::lock_guard lock(mutex_);
    segment_ = manifest.segment;  // given back by Close, whatever is found in it
  }
  const int64_t least = LeastBytes(store_, BeatName(), manifest);
  KC_ASSIGN(const auto content, store_.Get(folder_ + manifest.segment));
  return RecordsOf(content.bytes, least, folder_ + manifest.segment);
}

// The old holder's lease on the manifest has ended, so it is dead, stopped or cut off: end its
// lease on the segment too. From here on its appends are refused.
Status Journal::TakeSegment(const std::string& name) {
  const Status first = store_.AcquireLease(folder_ + name, lease_id_, kLeaseSeconds);
  if (first || first.error().reason != "LeaseAlreadyPresent") return first;
  KC_TRY(store_.BreakLease(folder_ + name));
  return store_.AcquireLease(folder_ + name, lease_id_, kLeaseSeconds);
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
      return Stop("another kusto-copy has taken the checkpoint over", "LeaseLost");
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
  const int64_t before = LeaseTime(clock_).count();
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
      return Stop("another kusto-copy has taken the checkpoint over", "LeaseLost").value();
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
  const int64_t before = LeaseTime(clock_).count();
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
  const auto age = LeaseTime(clock_) - world::Duration(renewed_ns_.load());
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

Result<Journal::Seen> Journal::Look(azure::ObjectStore& store, const std::string& folder) {
  // The owner may roll between the two reads: then the manifest names another segment.
  for (int attempt = 0;; ++attempt) {
    KC_ASSIGN(const auto content, store.Get(folder + "manifest.json"));
    const auto found = ReadManifest(content.bytes);
    if (!found) return Fail(WithWayOut(found.error()));
    const Manifest& manifest = *found;
    Seen seen{manifest.identity, manifest.copy_id, manifest.holder, manifest.generation, {}};
    if (manifest.segment.empty()) return seen;
    const int64_t least = LeastBytes(store, folder + "beat.json", manifest);
    const auto segment = store.Get(folder + manifest.segment);
    if (!segment) {
      if (segment.error().reason == "NotFound" && attempt < 3) continue;
      return Fail(segment.error());
    }
    auto records = RecordsOf(segment->bytes, least, folder + manifest.segment);
    if (!records) return Fail(WithWayOut(records.error()));
    seen.records = std::move(*records);
    return seen;
  }
}

}  // namespace kc::checkpoint
